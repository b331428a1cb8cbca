#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armsconf/initial.h"

#define U1     "https://192.0.2.1/arms.cgi\n"
#define A10    "aaaaaaaaaa"
#define A40    A10 A10 A10 A10
#define A256   A40 A40 A40 A40 A40 A40 A10 "aaaaaa"
#define PPPOE  "anon@ppp.example\nanonpass\n"
#define IPV6   "anon6@ppp.example\nanon6pass\n"
#define MOBILE "0901234567\n1\nm2m.example\nip\nanon@m2m.example\nanonpass\n"

static int parse(const char *text, struct rv_armsconf_initial *out, struct rv_diag *diag)
{
	return rv_armsconf_initial_parse(rv_str(text), out, diag);
}

static const struct {
	const char *text;
	size_t urls;
	bool has_pppoe, has_ipv6, has_mobile;
} good_cases[] = {
	{ U1 "\n3\n4\n", 1, false, false, false },
	{ U1 "\n3\n4", 1, false, false, false },
	{ "https://192.0.2.1/arms.cgi\r\n\r\n3\r\n4\r\n", 1, false, false, false },
	{ U1 U1 U1 U1 "\n3\n4\n", 4, false, false, false },
	{ U1 "\n3\n4\n\n", 1, false, false, false },
	{ U1 "\n3\n4\n\n" PPPOE, 1, true, false, false },
	{ U1 "\n3\n4\n\n" PPPOE "\n", 1, true, false, false },
	{ U1 "\n3\n4\n\n" PPPOE IPV6, 1, true, true, false },
	{ U1 "\n3\n4\n\n" PPPOE IPV6 "\n", 1, true, true, false },
	{ U1 "\n3\n4\n\n" PPPOE IPV6 "\n" MOBILE, 1, true, true, true },
	{ U1 "\n3\n4\n\n" PPPOE "\n" MOBILE "\n", 1, true, false, true },
};

static void the_file_may_end_after_each_optional_part(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(good_cases); i++) {
		struct rv_armsconf_initial conf;

		if (parse(good_cases[i].text, &conf, NULL) != RV_OK)
			fail_msg("case %zu", i);
		assert_int_equal(conf.url_count, good_cases[i].urls);
		assert_true(rv_str_is(conf.urls[0], "https://192.0.2.1/arms.cgi"));
		assert_int_equal(conf.interval, 3);
		assert_int_equal(conf.max, 4);
		assert_int_equal(conf.pppoe_account.len > 0, good_cases[i].has_pppoe);
		assert_int_equal(conf.pppoe_ipv6_account.len > 0, good_cases[i].has_ipv6);
		assert_int_equal(conf.has_mobile, good_cases[i].has_mobile);
		if (!conf.has_mobile)
			continue;
		assert_true(rv_str_is(conf.pppoe_password, "anonpass"));
		assert_true(rv_str_is(conf.telno, "0901234567"));
		assert_int_equal(conf.cid, 1);
		assert_true(rv_str_is(conf.apn, "m2m.example"));
		assert_true(rv_str_is(conf.pdp_type, "ip"));
		assert_true(rv_str_is(conf.mobile_account, "anon@m2m.example"));
		assert_true(rv_str_is(conf.mobile_password, "anonpass"));
	}
}

static const struct {
	const char *text;
	int result;
	unsigned line;
} bad_cases[] = {
	{ "", RV_ESYNTAX, 1 },
	{ "\n3\n3\n", RV_ESYNTAX, 1 },
	{ U1, RV_ESYNTAX, 2 },
	{ U1 "\n3\n", RV_ESYNTAX, 4 },
	{ U1 U1 U1 U1 U1 "\n3\n3\n", RV_ELIMIT, 5 },
	{ A256 "\n\n3\n3\n", RV_OK, 0 },
	{ A256 "a\n\n3\n3\n", RV_ELIMIT, 1 },
	{ U1 "\nx\n3\n", RV_EINVALID, 3 },
	{ "https://192.0.2.1/\t\n\n3\n3\n", RV_ESYNTAX, 1 },
	{ U1 "\n\n3\n", RV_EINVALID, 3 },
	{ U1 "\n3\n-1\n", RV_EINVALID, 4 },
	{ U1 "\n3\n4000001\n", RV_EINVALID, 4 },
	{ U1 "\n3\n3\nx\n", RV_ESYNTAX, 5 },
	{ U1 "\n3\n3\n\nid\n", RV_ESYNTAX, 7 },
	{ U1 "\n3\n3\n\n" A40 "\np\n", RV_ELIMIT, 6 },
	{ U1 "\n3\n3\n\n" PPPOE IPV6 "x\n", RV_ESYNTAX, 10 },
	{ U1 "\n3\n3\n\n" PPPOE "\n" A40 "\n", RV_ELIMIT, 9 },
	{ U1 "\n3\n3\n\n" PPPOE "\n090\none\n", RV_EINVALID, 10 },
	{ U1 "\n3\n3\n\n" PPPOE "\n090\n1\napn\n", RV_ESYNTAX, 12 },
	{ U1 "\n3\n3\n\n" PPPOE "\n" MOBILE "x\n", RV_ESYNTAX, 15 },
};

static void errors_name_the_line_and_leave_the_result_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_cases); i++) {
		struct rv_armsconf_initial conf = { .url_count = 77 };
		struct rv_diag diag = { 0 };
		int r = parse(bad_cases[i].text, &conf, &diag);

		if (r != bad_cases[i].result || diag.line != bad_cases[i].line)
			print_message("# case %zu: %d, line %u\n", i, r, diag.line);
		assert_int_equal(r, bad_cases[i].result);
		assert_int_equal(diag.line, bad_cases[i].line);
		assert_int_equal(conf.url_count, r == RV_OK ? 1 : 77);
	}
}

static void what_is_rendered_is_read_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(good_cases); i++) {
		struct rv_armsconf_initial conf, again;
		struct rv_buf first = { 0 }, second = { 0 };

		assert_int_equal(parse(good_cases[i].text, &conf, NULL), RV_OK);
		assert_int_equal(rv_armsconf_initial_render(&conf, &first, NULL), RV_OK);
		assert_int_equal(rv_armsconf_initial_parse(rv_buf_str(&first), &again, NULL),
				 RV_OK);
		assert_int_equal(again.url_count, conf.url_count);
		assert_int_equal(again.has_mobile, conf.has_mobile);
		assert_true(rv_str_eq(again.pppoe_ipv6_password, conf.pppoe_ipv6_password));
		assert_int_equal(rv_armsconf_initial_render(&again, &second, NULL), RV_OK);
		assert_true(rv_str_eq(rv_buf_str(&first), rv_buf_str(&second)));
		rv_buf_deinit(&first);
		rv_buf_deinit(&second);
	}
}

static void what_no_device_reads_is_not_rendered(void **state)
{
	struct rv_armsconf_initial conf, bad;
	struct rv_buf out = { 0 };
	struct rv_diag diag = { 0 };

	(void)state;
	assert_int_equal(parse(U1 "\n3\n4\n\n" PPPOE IPV6 "\n" MOBILE, &conf, NULL), RV_OK);
	bad = conf;
	bad.url_count = 0;
	assert_int_equal(rv_armsconf_initial_render(&bad, &out, &diag), RV_EINVALID);
	assert_string_equal(diag.where, "ls_urls");
	bad = conf;
	bad.max = RV_ARMSCONF_RETRY_BASE_MAX + 1;
	assert_int_equal(rv_armsconf_initial_render(&bad, &out, &diag), RV_EINVALID);
	assert_string_equal(diag.where, "max");
	bad = conf;
	bad.cid = UINT32_MAX;
	assert_int_equal(rv_armsconf_initial_render(&bad, &out, &diag), RV_EINVALID);
	assert_string_equal(diag.where, "cid");
	bad = conf;
	bad.pppoe_password = RV_STR_LIT(A40);
	assert_int_equal(rv_armsconf_initial_render(&bad, &out, &diag), RV_ELIMIT);
	assert_string_equal(diag.where, "pppoe_password");
	bad = conf;
	bad.mobile_account = RV_STR_LIT("a\nb");
	assert_int_equal(rv_armsconf_initial_render(&bad, &out, &diag), RV_EINVALID);
	assert_string_equal(diag.where, "mobile_account");
	assert_int_equal(out.len, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_may_end_after_each_optional_part),
		cmocka_unit_test(errors_name_the_line_and_leave_the_result_alone),
		cmocka_unit_test(what_is_rendered_is_read_again),
		cmocka_unit_test(what_no_device_reads_is_not_rendered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
