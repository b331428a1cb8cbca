#include "test_unit.h"

#include "base/diag.h"

static void fills_and_returns_the_code(void **state)
{
	struct rv_diag d = { .line = 7, .column = 3 };

	(void)state;
	assert_int_equal(
		rv_diag_set(&d, RV_EINVALID, "conf.range", "proxy.workers", "%d is too many", 9),
		RV_EINVALID);
	assert_string_equal(d.key, "conf.range");
	assert_string_equal(d.where, "proxy.workers");
	assert_string_equal(d.text, "9 is too many");
	assert_int_equal(d.line, 0);
	assert_int_equal(d.column, 0);
	assert_int_equal(rv_diag_set(NULL, RV_ELIMIT, "k", NULL, "t"), RV_ELIMIT);
	rv_diag_set(&d, RV_ELIMIT, "k", NULL, "t");
	assert_string_equal(d.where, "");
}

static void long_texts_are_cut(void **state)
{
	struct rv_diag d;
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	rv_diag_set(&d, RV_ELIMIT, "k", text, "%s", text);
	assert_int_equal(strlen(d.text), RV_DIAG_TEXT_MAX - 1);
	assert_int_equal(strlen(d.where), RV_DIAG_WHERE_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_and_returns_the_code),
		cmocka_unit_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
