#include "test/unit/lib/base/test_unit.h"

#include "verify/check.h"

/* Each statement is judged, or the list says openly why not. */
static void every_statement_is_in_one_table(void **state)
{
	unsigned found[VERIFY_STATEMENTS + 1] = { 0 };

	(void)state;
	for (size_t i = 0; i < verify_check_count; i++) {
		if (verify_checks[i].number <= VERIFY_STATEMENTS)
			found[verify_checks[i].number]++;
	}
	for (size_t i = 0; i < verify_gap_count; i++) {
		for (unsigned n = verify_gaps[i].from; n <= verify_gaps[i].to; n++)
			found[n]++;
	}
	for (unsigned n = 1; n <= VERIFY_STATEMENTS; n++) {
		if (found[n] != 1)
			fail_msg("statement %u stands in %u places", n, found[n]);
	}
}

static void numbers_rise_and_have_texts(void **state)
{
	unsigned last = 0;

	(void)state;
	for (size_t i = 0; i < verify_check_count; i++) {
		unsigned number = verify_checks[i].number;

		assert_true(number > last && number <= VERIFY_NUMBER_MAX);
		assert_non_null(verify_check_text(number, RV_LANG_EN));
		assert_non_null(verify_check_text(number, RV_LANG_JA));
		assert_ptr_equal(verify_check_find(number), &verify_checks[i]);
		last = number;
	}
}

static void what_is_no_check_is_not_found(void **state)
{
	(void)state;
	assert_null(verify_check_find(0));
	assert_null(verify_check_find(8));
	assert_null(verify_check_find(VERIFY_NUMBER_MAX));
	assert_null(verify_check_text(8, RV_LANG_EN));
}

static void reasons_have_texts(void **state)
{
	(void)state;
	for (unsigned why = 0; why < VERIFY_WHYS; why++) {
		assert_non_null(verify_why_text((enum verify_why)why, RV_LANG_EN));
		assert_non_null(verify_why_text((enum verify_why)why, RV_LANG_JA));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_is_in_one_table),
		cmocka_unit_test(numbers_rise_and_have_texts),
		cmocka_unit_test(what_is_no_check_is_not_found),
		cmocka_unit_test(reasons_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
