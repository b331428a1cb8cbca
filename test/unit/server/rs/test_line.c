/* Lines and URLs as the config file has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "server/rs/line.h"
#include "server/rs/url.h"

static void a_line_is_a_kind_and_its_values(void **state)
{
	struct rv_line line;

	(void)state;
	assert_int_equal(
		rs_line_parse(RV_STR_LIT(" mobile  ifindex=1 cid=2 account=a=b password=p telno=0 "
					 "apn=m2m pdp-type=ip ipaddress=192.0.2.1 "),
			      &line, NULL),
		RV_OK);
	assert_int_equal(line.kind, RV_LINE_KIND_MOBILE);
	assert_int_equal(line.ifindex, 1);
	assert_int_equal(line.cid, 2);
	assert_true(rv_str_is(line.account, "a=b"));
	assert_true(rv_str_is(line.password, "p"));
	assert_true(rv_str_is(line.telno, "0"));
	assert_true(rv_str_is(line.apn, "m2m"));
	assert_true(rv_str_is(line.pdp_type, "ip"));
	assert_true(rv_str_is(line.ipaddress, "192.0.2.1"));
	assert_int_equal(rs_line_parse(RV_STR_LIT("pppoe-ipv6"), &line, NULL), RV_OK);
	assert_int_equal(line.kind, RV_LINE_KIND_PPPOE_IPV6);
	assert_int_equal(line.account.len, 0);
}

static const struct {
	const char *text, *says;
} bad_lines[] = {
	{ "", "\"\" is no kind" },
	{ "modem", "\"modem\" is no kind" },
	{ "dhcp ifindex", "\"ifindex\" is not one of" },
	{ "dhcp colour=red", "\"colour\" is not one of" },
	{ "dhcp ifindex=-1", "ifindex is a number" },
	{ "dhcp ifindex=2147483648", "ifindex is a number" },
	{ "dhcp cid=", "cid is a number" },
};

static void a_bad_line_is_refused_with_the_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_lines); i++) {
		struct rv_line line = { .ifindex = 77 };
		struct rv_diag diag = { 0 };

		assert_int_equal(rs_line_parse(rv_str(bad_lines[i].text), &line, &diag),
				 RV_EINVALID);
		assert_non_null(strstr(diag.text, bad_lines[i].says));
		assert_int_equal(line.ifindex, 77);
	}
}

static const struct {
	const char *text;
	int err;
	bool is_ipv6;
} urls[] = {
	{ "https://192.0.2.1", RV_OK, false },
	{ "https://192.0.2.1:8443/a:b", RV_OK, false },
	{ "HTTPS://[2001:db8::1]/", RV_OK, true },
	{ "https://[2001:db8::1]:443", RV_OK, true },
	{ "https://[2001:db8::1]:443/a:b", RV_OK, true },
	{ "https://192.0.2.1/a:b", RV_EINVALID, false },
	{ "https://[2001:db8::1]/a:b", RV_EINVALID, false },
	{ "https://[2001:db8::1]", RV_EINVALID, false },
	{ "http://192.0.2.1/", RV_EINVALID, false },
	{ "https://rs.example/", RV_EINVALID, false },
	{ "", RV_EINVALID, false },
};

static void only_urls_that_original_devices_can_use_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(urls); i++) {
		struct rv_diag diag = { 0 };
		bool is_ipv6 = false;

		assert_int_equal(rs_url_check(rv_str(urls[i].text), &is_ipv6, &diag), urls[i].err);
		assert_int_equal(is_ipv6, urls[i].is_ipv6);
		assert_int_equal(diag.text[0] == '\0', urls[i].err == RV_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_kind_and_its_values),
		cmocka_unit_test(a_bad_line_is_refused_with_the_word),
		cmocka_unit_test(only_urls_that_original_devices_can_use_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
