#include "test/unit/lib/base/test_unit.h"

#include "sim/times.h"

static void nothing_measured_has_no_quantile(void **state)
{
	struct sim_times times = { 0 };

	(void)state;
	assert_int_equal(sim_times_quantile(&times, 500), -1);
	sim_times_deinit(&times);
}

static void quantiles_are_values_that_were_measured(void **state)
{
	static const struct {
		unsigned permille;
		int64_t wanted;
	} cases[] = { { 0, 1 },      { 1, 5 },      { 500, 2500 },
		      { 990, 4950 }, { 999, 4995 }, { 1000, 5000 } };
	struct sim_times times = { 0 };

	(void)state;
	/* 1..5000 in an order that is none: 7 and 5000 have no common factor. */
	for (int64_t i = 0; i < 5000; i++)
		assert_int_equal(sim_times_put(&times, 1 + i * 7 % 5000), RV_OK);
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(sim_times_quantile(&times, cases[i].permille), cases[i].wanted);
	sim_times_deinit(&times);
}

static void values_may_come_after_a_question(void **state)
{
	struct sim_times times = { 0 };

	(void)state;
	assert_int_equal(sim_times_put(&times, 20), RV_OK);
	assert_int_equal(sim_times_quantile(&times, 1000), 20);
	assert_int_equal(sim_times_put(&times, 10), RV_OK);
	assert_int_equal(sim_times_quantile(&times, 1000), 20);
	assert_int_equal(sim_times_quantile(&times, 500), 10);
	sim_times_deinit(&times);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_measured_has_no_quantile),
		cmocka_unit_test(quantiles_are_values_that_were_measured),
		cmocka_unit_test(values_may_come_after_a_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
