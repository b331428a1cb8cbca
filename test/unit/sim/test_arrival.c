#include "test/unit/lib/base/test_unit.h"

#include "base/time.h"
#include "sim/arrival.h"

enum { N = 10000 };

static int64_t at_us[N], again_us[N];

static void fill(const char *text, uint64_t seed, int64_t *out)
{
	struct sim_arrival arrival;

	assert_int_equal(sim_arrival_parse(rv_str(text), &arrival), RV_OK);
	sim_arrival_fill(&arrival, seed, out, N);
}

static void takes_its_forms_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		int err;
		enum sim_arrival_kind kind;
		double value;
	} cases[] = {
		{ "at-once", RV_OK, SIM_ARRIVAL_AT_ONCE, 0 },
		{ "uniform:30", RV_OK, SIM_ARRIVAL_UNIFORM, 30 },
		{ "poisson:12.5", RV_OK, SIM_ARRIVAL_POISSON, 12.5 },
		{ "poisson:.5", RV_OK, SIM_ARRIVAL_POISSON, 0.5 },
		{ "waves:4:60", RV_OK, SIM_ARRIVAL_WAVES, 60 },
		{ "waves:0:60", RV_EINVALID, 0, 0 },
		{ "waves:1001:60", RV_EINVALID, 0, 0 },
		{ "waves:4:0", RV_EINVALID, 0, 0 },
		{ "waves:4", RV_ESYNTAX, 0, 0 },
		{ "waves::4", RV_ESYNTAX, 0, 0 },
		{ "waves:4:", RV_ESYNTAX, 0, 0 },
		{ "uniform:0", RV_EINVALID, 0, 0 },
		{ "uniform:604801", RV_EINVALID, 0, 0 },
		{ "poisson:1000001", RV_EINVALID, 0, 0 },
		{ "", RV_ESYNTAX, 0, 0 },
		{ "at-once:1", RV_ESYNTAX, 0, 0 },
		{ "uniform", RV_ESYNTAX, 0, 0 },
		{ "uniform:", RV_ESYNTAX, 0, 0 },
		{ "uniform:.", RV_ESYNTAX, 0, 0 },
		{ "uniform:-1", RV_ESYNTAX, 0, 0 },
		{ "uniform:1e3", RV_ESYNTAX, 0, 0 },
		{ "uniform:1.2.3", RV_ESYNTAX, 0, 0 },
		{ "poisson:inf", RV_ESYNTAX, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct sim_arrival arrival = { .kind = 77 };

		assert_int_equal(sim_arrival_parse(rv_str(cases[i].text), &arrival), cases[i].err);
		assert_int_equal(arrival.kind, cases[i].err == RV_OK ? cases[i].kind : 77);
		if (cases[i].err == RV_OK)
			assert_true(arrival.value >= cases[i].value &&
				    arrival.value <= cases[i].value);
	}
}

static void all_at_once_is_at_the_start(void **state)
{
	(void)state;
	fill("at-once", 1, at_us);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(at_us[i], 0);
}

static void uniform_fills_its_seconds_evenly(void **state)
{
	unsigned quarter[4] = { 0 };

	(void)state;
	fill("uniform:40", 1, at_us);
	for (size_t i = 0; i < N; i++) {
		assert_in_range(at_us[i], 0, 40 * RV_US_PER_SEC - 1);
		quarter[at_us[i] / (10 * RV_US_PER_SEC)]++;
	}
	for (size_t i = 0; i < 4; i++)
		assert_in_range(quarter[i], N / 4 - 300, N / 4 + 300);
}

static void waves_are_equal_groups_at_equal_distances(void **state)
{
	(void)state;
	fill("waves:4:60", 1, at_us);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(at_us[i], (int64_t)(i / (N / 4)) * 15 * RV_US_PER_SEC);
}

/* The gaps of a Poisson process: their mean is 1/rate and e^-1 of them are longer. */
static void poisson_has_its_rate_and_its_gaps(void **state)
{
	unsigned longer = 0;

	(void)state;
	fill("poisson:100", 1, at_us);
	for (size_t i = 1; i < N; i++) {
		assert_true(at_us[i] >= at_us[i - 1]);
		longer += at_us[i] - at_us[i - 1] > 10000;
	}
	assert_in_range(at_us[N - 1], 95 * RV_US_PER_SEC, 105 * RV_US_PER_SEC);
	assert_in_range(longer, 3679 - 250, 3679 + 250);
}

static void a_seed_gives_one_schedule(void **state)
{
	(void)state;
	fill("poisson:10", 5, at_us);
	fill("poisson:10", 5, again_us);
	assert_memory_equal(at_us, again_us, sizeof(at_us));
	fill("poisson:10", 6, again_us);
	assert_memory_not_equal(at_us, again_us, sizeof(at_us));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_its_forms_and_nothing_else),
		cmocka_unit_test(all_at_once_is_at_the_start),
		cmocka_unit_test(uniform_fills_its_seconds_evenly),
		cmocka_unit_test(waves_are_equal_groups_at_equal_distances),
		cmocka_unit_test(poisson_has_its_rate_and_its_gaps),
		cmocka_unit_test(a_seed_gives_one_schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
