#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/status/sample.h"

static void a_line_is_taken_apart(void **state)
{
	struct rv_sample s;

	(void)state;
	assert_int_equal(
		rv_sample_parse(rv_str("x_total{a=\"1\",b=\"}\\\",\"} 2.5 1700"), true, &s), RV_OK);
	assert_true(rv_str_is(s.name, "x_total"));
	assert_true(rv_str_is(s.value, "2.5 1700"));
	assert_true(rv_str_is(rv_sample_label(&s, "a"), "1"));
	assert_true(rv_str_is(rv_sample_label(&s, "b"), "}\\\","));
	assert_int_equal(rv_sample_label(&s, "c").len, 0);
	assert_true(rv_sample_number(&s) == 2.5);
	assert_int_equal(rv_sample_parse(rv_str("y 7"), true, &s), RV_OK);
	assert_int_equal(s.labels.len, 0);
	assert_int_equal(rv_sample_label(&s, "a").len, 0);
}

/* What is no sample is listed in test_merge.c, which goes through the same function. */
static void ours_are_reserved_on_demand_and_a_failure_leaves_the_result(void **state)
{
	struct rv_sample s = { .name = RV_STR_LIT("untouched") };

	(void)state;
	assert_int_equal(rv_sample_parse(rv_str("x{duty=\"a\"} 1"), true, &s), RV_ESYNTAX);
	assert_true(rv_str_is(s.name, "untouched"));
	assert_int_equal(rv_sample_parse(rv_str("x{duty=\"a\"} 1"), false, &s), RV_OK);
	assert_true(rv_str_is(rv_sample_label(&s, "duty"), "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_taken_apart),
		cmocka_unit_test(ours_are_reserved_on_demand_and_a_failure_leaves_the_result),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
