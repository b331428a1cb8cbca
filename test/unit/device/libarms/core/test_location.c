#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "device/libarms/core/location.h"

#define PEM "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

static struct rv_armsxml_response answer(const char *text)
{
	struct rv_armsxml_response res = { .rs_count = 2,
					   .rs_retry_max = { true, 5 },
					   .rs_retry_interval = { true, 60 },
					   .ll_timeout = { true, 30 } };

	res.rs[0].url = rv_str("https://192.0.2.10:8443/arms");
	res.rs[0].md_config = rv_str(text);
	res.rs[1].url = rv_str("https://[2001:db8::11]:8443/arms");
	res.rs[1].md_config = rv_str("line-dhcp {\n};\n"); /* lines of later ones do not count */
	return res;
}

static void lines_and_anchor_come_from_the_first_rs(void **state)
{
	struct rv_armsxml_response res = answer(
		"line-pppoe {\n ifindex 1;\n account u@x;\n password p;\n};\n"
		"line-mobile {\n ifindex 2; telno 090; cid 3; apn a; pdp-type ip;"
		" account m; password q; ipaddress 192.0.2.9;\n};\n"
		"line-static {\n ifindex 4; ipaddress 192.0.2.8;\n};\n"
		"line-ra {\n ifindex 5;\n};\n"
		"rs-certificate {\n" PEM "};\n");
	struct rv_sa_location loc = { 0 };
	struct rv_diag diag = { 0 };

	(void)state;
	assert_int_equal(rv_sa_location_from_answer(&res, &loc, &diag), RV_OK);
	assert_int_equal(loc.rs_count, 2);
	assert_string_equal(loc.rs_urls[1], "https://[2001:db8::11]:8443/arms");
	assert_int_equal(loc.line_count, 4);
	assert_int_equal(loc.lines[0].type, ARMS_LINE_PPPOE);
	assert_string_equal(loc.lines[0].conf.pppoe.id, "u@x");
	assert_int_equal(loc.lines[1].conf.mobile.cid, 3);
	assert_string_equal(loc.lines[1].conf.mobile.ipaddr, "192.0.2.9");
	assert_string_equal(loc.lines[2].conf.fixed.ipaddr, "192.0.2.8");
	assert_int_equal(loc.lines[3].type, ARMS_LINE_RA);
	assert_int_equal(loc.lines[3].conf.ifindex, 5);
	assert_int_equal(loc.retry_max, 5);
	assert_int_equal(loc.retry_interval_s, 60);
	assert_int_equal(loc.ll_timeout_s, 30);
	assert_non_null(strstr(loc.anchor, "MIIB"));
	rv_sa_location_deinit(&loc);
}

static void missing_and_negative_numbers_count_as_nothing(void **state)
{
	struct rv_armsxml_response res = answer("line-dhcp {\n};\n");
	struct rv_sa_location loc = { 0 };

	(void)state;
	res.rs_retry_max.value = -1;
	res.rs_retry_interval.is_set = res.ll_timeout.is_set = false;
	assert_int_equal(rv_sa_location_from_answer(&res, &loc, NULL), RV_OK);
	assert_int_equal(loc.retry_max, 0);
	assert_int_equal(loc.retry_interval_s, 0);
	assert_int_equal(loc.ll_timeout_s, 0);
	assert_null(loc.anchor);
	rv_sa_location_deinit(&loc);
}

static const struct {
	const char *text;
	int result;
} refused[] = {
	{ "", RV_EINVALID },
	{ "line-dhcp {\n ifindex 0;\n", RV_ESYNTAX },        /* does not end */
	{ "line-dhcp {\n ifindex zero;\n};\n", RV_ESYNTAX }, /* no number */
	{ "line-pppoe {\n account 0123456789012345678901234567890123456;\n};\n", RV_ELIMIT },
};

static void an_unusable_text_leaves_the_old_location(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(refused); i++) {
		struct rv_armsxml_response res = answer(refused[i].text);
		struct rv_sa_location loc = { .retry_max = 77 };
		struct rv_diag diag = { 0 };

		assert_int_equal(rv_sa_location_from_answer(&res, &loc, &diag), refused[i].result);
		assert_int_equal(loc.retry_max, 77);
		assert_true(diag.text[0] != '\0');
	}
}

static void an_empty_md_config_of_any_rs_is_a_fault(void **state)
{
	struct rv_armsxml_response res = answer("line-dhcp {\n};\n");
	struct rv_sa_location loc = { 0 };

	(void)state;
	res.rs[1].md_config = rv_str("");
	assert_int_equal(rv_sa_location_from_answer(&res, &loc, NULL), RV_EINVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_and_anchor_come_from_the_first_rs),
		cmocka_unit_test(missing_and_negative_numbers_count_as_nothing),
		cmocka_unit_test(an_unusable_text_leaves_the_old_location),
		cmocka_unit_test(an_empty_md_config_of_any_rs_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
