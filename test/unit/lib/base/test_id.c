#include "test_unit.h"

#include "base/id.h"

static const int64_t NOW_US = INT64_C(1763831321123456);

static void ids_rise_strictly_whatever_the_clock_does(void **state)
{
	static const int64_t steps_us[] = { 0, 1, 1000, -5000000, 0, 60000000 };
	struct rv_idgen gen;
	int64_t now = NOW_US, last = -1;

	(void)state;
	rv_idgen_init(&gen, 255);
	for (unsigned i = 0; i < 60000; i++) { /* more than the counter holds */
		int64_t id = rv_id_make(&gen, now);
		assert_true(id > last);
		last = id;
		now += i % 10000 == 0 ? steps_us[i / 10000] : 0;
	}
}

static void ids_rise_over_a_restart_that_set_the_clock_back(void **state)
{
	struct rv_idgen before, after;
	int64_t last = 0;

	(void)state;
	rv_idgen_init(&before, 200);
	for (unsigned i = 0; i < 10; i++)
		last = rv_id_make(&before, NOW_US);
	rv_idgen_init(&after, 0);
	rv_idgen_follow(&after, last);
	rv_idgen_follow(&after, 1); /* an older one changes nothing */
	for (unsigned i = 0; i < 10; i++) {
		int64_t id = rv_id_make(&after, NOW_US - INT64_C(86400000000));

		assert_true(id > last);
		last = id;
	}
	assert_int_equal(rv_id_make(&after, NOW_US + 5000000) >> 22,
			 (NOW_US + 5000000) / 1000 - INT64_C(1735689600000));
}

static void fields_lie_where_the_header_says(void **state)
{
	struct rv_idgen gen;
	int64_t id;

	(void)state;
	rv_idgen_init(&gen, 0xa5);
	(void)rv_id_make(&gen, NOW_US);
	id = rv_id_make(&gen, NOW_US);
	assert_int_equal(id >> 22, NOW_US / 1000 - INT64_C(1735689600000));
	assert_int_equal(id >> 14 & 0xff, 0xa5);
	assert_int_equal(id & 0x3fff, 1);
	rv_idgen_init(&gen, 0);
	assert_true(rv_id_make(&gen, 0) > 0); /* a clock before 2025 */
}

static void text_goes_there_and_back(void **state)
{
	static const struct {
		int64_t id;
		const char *text;
	} cases[] = {
		{ 0, "req_0000000000000" },
		{ 31, "req_000000000000z" },
		{ 32, "req_0000000000010" },
		{ INT64_MAX, "req_7zzzzzzzzzzzz" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		char text[RV_ID_TEXT_MAX + 1];
		int64_t id = -1;

		rv_id_format(cases[i].id, "req", text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(rv_id_parse(rv_str(text), "req", &id), RV_OK);
		assert_int_equal(id, cases[i].id);
	}
}

static void bad_texts_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"req_",
		"req_000000000000",
		"req_00000000000000",
		"dev_0000000000000",
		"req-0000000000000",
		"req_000000000000i",
		"req_000000000000l",
		"req_000000000000o",
		"req_000000000000u",
		"req_8000000000000", /* 64 bits */
		"req_00000000000 0",
		"req_000000000000\xff",
	};
	int64_t id = 7;

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(rv_id_parse(rv_str(cases[i]), "req", &id), RV_ESYNTAX);
	assert_int_equal(rv_id_parse(RV_STR_LIT("req_000000000000\0"), "req", &id), RV_ESYNTAX);
	assert_int_equal(id, 7);
	assert_int_equal(rv_id_parse(rv_str("REQ_000000000000Z"), "req", &id), RV_OK);
	assert_int_equal(id, 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_rise_strictly_whatever_the_clock_does),
		cmocka_unit_test(ids_rise_over_a_restart_that_set_the_clock_back),
		cmocka_unit_test(fields_lie_where_the_header_says),
		cmocka_unit_test(text_goes_there_and_back),
		cmocka_unit_test(bad_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
