#include "test_unit.h"

#include "base/time.h"

static const struct {
	const char *text;
	int64_t us;
} there_and_back[] = {
	{ "1970-01-01T00:00:00.000000Z", 0 },
	{ "1969-12-31T23:59:59.999999Z", -1 },
	{ "2000-02-29T12:34:56.000001Z", INT64_C(951827696000001) },
	{ "2026-11-22T17:48:41.123456Z", INT64_C(1795369721123456) },
	{ "0000-01-01T00:00:00.000000Z", INT64_C(-62167219200000000) },
	{ "9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999) },
	{ "1900-03-01T00:00:00.000000Z", INT64_C(-2203891200000000) },
};

static void text_goes_there_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(there_and_back); i++) {
		char text[RV_TIME_TEXT_LEN + 1];
		int64_t us = 1;

		rv_time_format(there_and_back[i].us, text);
		assert_string_equal(text, there_and_back[i].text);
		assert_int_equal(rv_time_parse(rv_str(text), &us), RV_OK);
		assert_int_equal(us, there_and_back[i].us);
	}
}

static void every_day_of_four_centuries_goes_there_and_back(void **state)
{
	char text[RV_TIME_TEXT_LEN + 1], before[RV_TIME_TEXT_LEN + 1] = "";

	(void)state;
	for (int64_t day = -80000; day < 66100; day++) {
		int64_t us;

		rv_time_format(day * 86400 * RV_US_PER_SEC, text);
		assert_int_equal(rv_time_parse(rv_str(text), &us), RV_OK);
		assert_int_equal(us, day * 86400 * RV_US_PER_SEC);
		assert_true(strcmp(before, text) < 0);
		memcpy(before, text, sizeof(text));
	}
}

static void what_has_no_text_is_clamped(void **state)
{
	char text[RV_TIME_TEXT_LEN + 1];

	(void)state;
	rv_time_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
	rv_time_format(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00.000000Z");
}

static void forms_of_rfc_3339_are_understood(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} cases[] = {
		{ "1970-01-01t00:00:01z", 1000000 },
		{ "1970-01-01T00:00:00.5Z", 500000 },
		{ "1970-01-01T00:00:00.000007Z", 7 },
		{ "1970-01-01T09:00:00+09:00", 0 },
		{ "1969-12-31T18:30:00-05:30", 0 },
		{ "1970-01-01T00:00:00-00:00", 0 },
		{ "2016-12-31T23:59:60Z", INT64_C(1483228800000000) },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		int64_t us = -7;
		assert_int_equal(rv_time_parse(rv_str(cases[i].text), &us), RV_OK);
		assert_int_equal(us, cases[i].us);
	}
}

static void bad_texts_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"2026-11-22",
		"2026-11-22T17:48:41",
		"2026-11-22 17:48:41Z",
		"2026-11-22T17:48:41.Z",
		"2026-11-22T17:48:41.1234567Z",
		"2026-11-22T17:48:41,1Z",
		"2026-11-22T17:48:41Zx",
		"2026-11-22T17:48:61Z",
		"2026-11-22T17:60:41Z",
		"2026-11-22T24:00:00Z",
		"2026-11-31T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"+026-01-01T00:00:00Z",
		"2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00+09:60",
		"2026-01-01T00:00:00+0900",
		"2026-01-01T00:00:00+",
		"2026/01/01T00:00:00Z",
		"9999-12-31T23:59:60Z",
		"0000-01-01T00:00:00+00:01",
	};
	int64_t us = 7;

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(rv_time_parse(rv_str(cases[i]), &us), RV_ESYNTAX);
	assert_int_equal(us, 7);
}

static void clocks_do_not_run_backwards(void **state)
{
	int64_t boot = rv_time_boot_us();

	(void)state;
	assert_true(rv_time_boot_us() >= boot);
	assert_true(rv_time_utc_us() > INT64_C(1735689600) * RV_US_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_there_and_back),
		cmocka_unit_test(every_day_of_four_centuries_goes_there_and_back),
		cmocka_unit_test(what_has_no_text_is_clamped),
		cmocka_unit_test(forms_of_rfc_3339_are_understood),
		cmocka_unit_test(bad_texts_are_refused),
		cmocka_unit_test(clocks_do_not_run_backwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
