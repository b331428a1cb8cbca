#include "test/unit/lib/base/test_unit.h"

#include <stdlib.h>

#include "base/time.h"
#include "sim/plan.h"

#define S(n) ((n)*RV_US_PER_SEC)

enum { N = 20000 };

static struct sim_scenario scenario;

static void read_well(const char *text)
{
	struct rv_diag diag = { 0 };

	if (sim_scenario_parse(rv_str(text), "t", &scenario, &diag) != RV_OK)
		fail_msg("%s", diag.text);
}

static struct sim_plan plan_of(uint32_t number)
{
	return (struct sim_plan){ .scenario = &scenario, .seed = 1, .number = number };
}

static void nothing_is_planned_for_nobody(void **state)
{
	struct sim_plan plan = plan_of(1);
	struct sim_plan_event event;

	(void)state;
	read_well("");
	assert_false(sim_plan_next(&plan, SIM_FIRMWARE_NONE, -1, &event));
	assert_int_equal(sim_plan_count(&plan, INT64_MAX), 0);
	assert_int_equal(sim_plan_firmware(&plan), SIM_FIRMWARE_NONE);
	assert_string_equal(sim_plan_version(&scenario, SIM_FIRMWARE_NONE), "1.0");
	assert_int_equal(sim_plan_apply_us(&plan, 0), 0);
	assert_int_equal(sim_plan_clock_days(&plan), 0);
	assert_int_equal(sim_plan_loss(&plan, 0, 0, true), -1);
	assert_false(sim_plan_refuses(&plan, SIM_FIRMWARE_NONE, 0));
}

static void a_power_cut_takes_its_share_within_its_time(void **state)
{
	unsigned cut = 0, early = 0, quick = 0;

	(void)state;
	read_well("power_cut a { at = 10s share = 30 within = 4s off = 2s back_within = 6s }");
	for (uint32_t i = 0; i < N; i++) {
		struct sim_plan plan = plan_of(i);
		struct sim_plan_event event;

		if (!sim_plan_next(&plan, SIM_FIRMWARE_NONE, -1, &event))
			continue;
		cut++;
		assert_in_range(event.at_us, S(10), S(14) - 1);
		assert_in_range(event.off_us, S(2), S(8) - 1);
		early += event.at_us < S(12);
		quick += event.off_us < S(5);
		assert_false(sim_plan_next(&plan, SIM_FIRMWARE_NONE, event.at_us, &event));
	}
	assert_in_range(cut, N * 3 / 10 - 400, N * 3 / 10 + 400);
	assert_in_range(early, cut / 2 - 300, cut / 2 + 300);
	assert_in_range(quick, cut / 2 - 300, cut / 2 + 300);
}

static void cuts_that_come_again_come_in_order_and_are_counted(void **state)
{
	(void)state;
	read_well("power_cut a { at = 10s every = 3s times = 5 within = 3s off = 0s }\n"
		  "power_cut b { at = 12s off = 1s keeps_state = on }");
	for (uint32_t i = 0; i < 200; i++) {
		struct sim_plan plan = plan_of(i);
		struct sim_plan_event event = { .at_us = -1 };
		int64_t last_us = -1;
		unsigned seen[2] = { 0 };

		while (sim_plan_next(&plan, SIM_FIRMWARE_NONE, event.at_us, &event)) {
			assert_true(event.at_us > last_us);
			assert_int_equal(event.keeps_state, event.index == 1);
			last_us = event.at_us;
			seen[event.index]++;
		}
		assert_int_equal(seen[0], 5);
		assert_int_equal(seen[1], 1);
		assert_int_equal(sim_plan_count(&plan, INT64_MAX), 6);
		assert_false(sim_plan_next(&plan, SIM_FIRMWARE_NONE, INT64_MAX - 1, &event));
		assert_int_equal(sim_plan_count(&plan, S(9)), 0);
	}
}

static void firmwares_share_the_fleet_and_are_upgraded_once(void **state)
{
	unsigned of[3] = { 0 };

	(void)state;
	read_well("firmware A { version = 1.4 share = 50 upgrade_to = B upgrade_at = 5s "
		  "upgrade_within = 2s\n"
		  "  upgrade_takes = 3s refuse = 10 }\n"
		  "firmware B { version = 2.0 share = 20 tls = 1.3 }");
	for (uint32_t i = 0; i < N; i++) {
		struct sim_plan plan = plan_of(i);
		unsigned firmware = sim_plan_firmware(&plan);
		struct sim_plan_event event;
		bool has = sim_plan_next(&plan, firmware, -1, &event);

		of[firmware == SIM_FIRMWARE_NONE ? 2 : firmware]++;
		assert_int_equal(has, firmware == 0);
		if (!has)
			continue;
		assert_int_equal(event.kind, SIM_PLAN_UPGRADE);
		assert_int_equal(event.index, 1);
		assert_int_equal(event.off_us, S(3));
		assert_in_range(event.at_us, S(5), S(7) - 1);
		assert_false(sim_plan_next(&plan, event.index, event.at_us, &event));
	}
	assert_in_range(of[0], N / 2 - 400, N / 2 + 400);
	assert_in_range(of[1], N / 5 - 400, N / 5 + 400);
	assert_string_equal(sim_plan_version(&scenario, 0), "1.4");
	assert_int_equal(sim_plan_tls(&scenario, 1), SIM_TLS_13);
	assert_int_equal(sim_plan_tls(&scenario, SIM_FIRMWARE_NONE), SIM_TLS_ANY);
}

static void draws_have_their_rates(void **state)
{
	unsigned refused = 0, lost = 0, wrong = 0;
	int64_t sum_us = 0;

	(void)state;
	read_well("firmware A { version = 1 share = 100 refuse = 10 }\nflash f { apply = 1s "
		  "apply_max = 3s }\n"
		  "clock c { share = 25 days = -9 }\nloss l { share = 40 to = rs from = 5s until = "
		  "6s }");
	for (uint32_t i = 0; i < N; i++) {
		struct sim_plan plan = plan_of(i);
		int64_t apply_us = sim_plan_apply_us(&plan, i % 7);

		assert_in_range(apply_us, S(1), S(3));
		sum_us += apply_us;
		refused += sim_plan_refuses(&plan, 0, i % 5);
		wrong += sim_plan_clock_days(&plan) == -9;
		lost += sim_plan_loss(&plan, i % 3, S(5), false) == 0;
		assert_int_equal(sim_plan_loss(&plan, i % 3, S(5), true), -1);
		assert_int_equal(sim_plan_loss(&plan, i % 3, S(6), false), -1);
		assert_int_equal(sim_plan_loss(&plan, i % 3, S(5) - 1, false), -1);
	}
	assert_in_range(refused, N / 10 - 300, N / 10 + 300);
	assert_in_range(wrong, N / 4 - 400, N / 4 + 400);
	assert_in_range(lost, N * 4 / 10 - 400, N * 4 / 10 + 400);
	assert_in_range(sum_us / N, S(2) - 20000, S(2) + 20000);
}

static void titles_choose_independently_and_seeds_differ(void **state)
{
	unsigned both = 0, same = 0;

	(void)state;
	read_well("");
	for (uint32_t i = 0; i < N; i++) {
		struct sim_plan plan = plan_of(i), other = plan;
		bool is_a = sim_plan_is_in(&plan, "a", 50);

		other.seed = 2;
		both += is_a && sim_plan_is_in(&plan, "b", 50);
		same += is_a == sim_plan_is_in(&other, "a", 50);
		assert_int_equal(is_a, sim_plan_is_in(&plan, "a", 50));
		assert_true(!is_a ||
			    sim_plan_is_in(&plan, "a", 60)); /* a larger share has them all */
		assert_true(sim_plan_is_in(&plan, "a", 100));
	}
	assert_in_range(both, N / 4 - 400, N / 4 + 400);
	assert_in_range(same, N / 2 - 400, N / 2 + 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_planned_for_nobody),
		cmocka_unit_test(a_power_cut_takes_its_share_within_its_time),
		cmocka_unit_test(cuts_that_come_again_come_in_order_and_are_counted),
		cmocka_unit_test(firmwares_share_the_fleet_and_are_upgraded_once),
		cmocka_unit_test(draws_have_their_rates),
		cmocka_unit_test(titles_choose_independently_and_seeds_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
