#include "test/unit/lib/base/test_unit.h"

#include "base/time.h"
#include "device/libarms/core/judge.h"
#include "sim/series.h"

static struct sim_series series;

static void a_record_moves_a_device(void **state)
{
	static const struct {
		enum sim_state from;
		enum sim_what what;
		enum rv_sa_phase phase;
		enum sim_state to;
	} cases[] = {
		{ SIM_STATE_OFF, SIM_STARTED, RV_SA_LS, SIM_STATE_LS },
		{ SIM_STATE_LS, SIM_ASKS, RV_SA_RS, SIM_STATE_RS },
		{ SIM_STATE_RS, SIM_ASKS, RV_SA_LS, SIM_STATE_LS },
		{ SIM_STATE_RS, SIM_APPLIES, RV_SA_RS, SIM_STATE_APPLYING },
		{ SIM_STATE_APPLYING, SIM_UP, RV_SA_RS, SIM_STATE_UP },
		{ SIM_STATE_LS, SIM_WAITS, RV_SA_LS, SIM_STATE_FAILED },
		{ SIM_STATE_RS, SIM_ENDED, RV_SA_RS, SIM_STATE_FAILED },
		{ SIM_STATE_FAILED, SIM_ASKS, RV_SA_LS, SIM_STATE_LS },
		{ SIM_STATE_LS, SIM_FAILED, RV_SA_LS, SIM_STATE_LS }, /* there are other URLs */
		{ SIM_STATE_UP, SIM_ASKS, RV_SA_RS, SIM_STATE_UP },   /* it runs its config */
		{ SIM_STATE_UP, SIM_APPLIES, RV_SA_RS, SIM_STATE_UP },
		{ SIM_STATE_UP, SIM_WAITS, RV_SA_RS, SIM_STATE_UP },
		{ SIM_STATE_UP, SIM_CUT, RV_SA_RS, SIM_STATE_OFF },
		{ SIM_STATE_UP, SIM_UPGRADED, RV_SA_RS, SIM_STATE_OFF },
		{ SIM_STATE_OFF, SIM_WAITS, RV_SA_RS, SIM_STATE_OFF },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct sim_record record = { .what = (uint8_t)cases[i].what,
					     .phase = (uint8_t)cases[i].phase };

		assert_int_equal(sim_state_after(cases[i].from, &record), cases[i].to);
	}
}

static void a_sample_is_what_was_at_its_time(void **state)
{
	(void)state;
	sim_series_init(&series, 3);
	sim_series_move(&series, 0, SIM_STATE_OFF, SIM_STATE_LS);
	sim_series_move(&series, 150000, SIM_STATE_OFF, SIM_STATE_LS);
	sim_series_move(&series, 200000, SIM_STATE_LS, SIM_STATE_UP);
	sim_series_move(&series, 120000, SIM_STATE_LS, SIM_STATE_UP); /* heard of too late */
	sim_series_advance(&series, 300000);
	assert_int_equal(series.count, 4);
	assert_int_equal(series.at[0][SIM_STATE_LS], 1);
	assert_int_equal(series.at[1][SIM_STATE_LS], 1);
	assert_int_equal(series.at[1][SIM_STATE_OFF], 2);
	assert_int_equal(series.at[2][SIM_STATE_UP], 2);
	assert_int_equal(series.at[3][SIM_STATE_UP], 2);
	assert_int_equal(series.now[SIM_STATE_OFF], 1);
}

static void a_long_run_takes_no_more_room(void **state)
{
	const int64_t end_us = 3600 * RV_US_PER_SEC;

	(void)state;
	sim_series_init(&series, 10);
	for (int64_t at_us = 0; at_us < end_us; at_us += end_us / 10)
		sim_series_move(&series, at_us, SIM_STATE_OFF, SIM_STATE_UP);
	sim_series_advance(&series, end_us);
	assert_in_range(series.count, SIM_SERIES_MAX / 2, SIM_SERIES_MAX);
	assert_true((int64_t)series.count * series.step_us > end_us);
	for (size_t i = 0; i < series.count; i++) {
		int64_t ups = (int64_t)i * series.step_us / (end_us / 10) + 1;

		assert_int_equal(series.at[i][SIM_STATE_UP], ups < 10 ? ups : 10);
		assert_int_equal(series.at[i][SIM_STATE_OFF] + series.at[i][SIM_STATE_UP], 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_moves_a_device),
		cmocka_unit_test(a_sample_is_what_was_at_its_time),
		cmocka_unit_test(a_long_run_takes_no_more_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
