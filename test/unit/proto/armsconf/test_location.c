#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armsconf/location.h"

#define PEM  "-----BEGIN CERTIFICATE-----\nMIIB\nAQ==\n-----END CERTIFICATE-----\n"
#define CERT "rs-certificate {\n" PEM "};\n"
#define A10  "aaaaaaaaaa"
#define A30  A10 A10 A10
#define A250 A30 A30 A30 A30 A30 A30 A30 A30 A10

static int parse(const char *text, struct rv_armsconf_location *out, struct rv_diag *diag)
{
	return rv_armsconf_location_parse(rv_str(text), out, diag);
}

static void recorded_text_is_read(void **state)
{
	struct rv_armsconf_location loc;

	(void)state;
	assert_int_equal(parse("line-dhcp {\n\tifindex 0;\n};\n" CERT, &loc, NULL), RV_OK);
	assert_int_equal(loc.line_count, 1);
	assert_int_equal(loc.lines[0].kind, RV_ARMSCONF_LINE_DHCP);
	assert_int_equal(loc.lines[0].ifindex, 0);
	assert_string_equal(loc.certificate, PEM);
	assert_int_equal(loc.certificate_len, strlen(PEM));
}

static void every_kind_has_its_values(void **state)
{
	static const char text[] =
		"line-pppoe { ifindex 1; account u@isp; password p; apn ignored };"
		"line-mobile {\n telno 090\n;cid 2 apn m2m.example;pdp-type ip;account a;password "
		"b;"
		"ipaddress 192.0.2.1 }\n"
		"line-static { ipaddress 2001:db8::1/64; ifindex 2147483647; }\n"
		"line-ra\n{ }\nline-pppoe-ipv6 { account six; password pw6 }";
	struct rv_armsconf_location loc;

	(void)state;
	assert_int_equal(parse(text, &loc, NULL), RV_OK);
	assert_int_equal(loc.line_count, 5);
	assert_int_equal(loc.certificate_len, 0);
	assert_int_equal(loc.lines[0].kind, RV_ARMSCONF_LINE_PPPOE);
	assert_true(rv_str_is(loc.lines[0].account, "u@isp"));
	assert_true(rv_str_is(loc.lines[0].password, "p"));
	assert_int_equal(loc.lines[0].apn.len, 0);
	assert_int_equal(loc.lines[1].kind, RV_ARMSCONF_LINE_MOBILE);
	assert_true(rv_str_is(loc.lines[1].telno, "090"));
	assert_int_equal(loc.lines[1].cid, 2);
	assert_true(rv_str_is(loc.lines[1].apn, "m2m.example"));
	assert_true(rv_str_is(loc.lines[1].pdp_type, "ip"));
	assert_true(rv_str_is(loc.lines[1].account, "a"));
	assert_true(rv_str_is(loc.lines[1].ipaddress, "192.0.2.1"));
	assert_int_equal(loc.lines[2].kind, RV_ARMSCONF_LINE_STATIC);
	assert_true(rv_str_is(loc.lines[2].ipaddress, "2001:db8::1/64"));
	assert_int_equal(loc.lines[2].ifindex, INT32_MAX);
	assert_int_equal(loc.lines[3].kind, RV_ARMSCONF_LINE_RA);
	assert_int_equal(loc.lines[4].kind, RV_ARMSCONF_LINE_PPPOE_IPV6);
}

/* How the original splits words: what stays after reading "line-pppoe { account <...> }". */
static const struct {
	const char *text;
	size_t line_count;
	const char *account;
} lexical_cases[] = {
	{ "line-pppoe { account a }", 1, "a" },
	{ "line-pppoe{ account a }", 0, NULL },  /* S52 */
	{ "line-pppoe {account a }", 0, NULL },  /* "{account" is a word */
	{ "line-pppoe { account\ta; }", 1, "" }, /* S53 */
	{ "line-pppoe {\t account \ta\t; }", 1, "a" },
	{ "line-pppoe { account a\tb }", 1, "a\tb" },
	{ "line-pppoe { account;a;;} ;", 1, "a" },
	{ "line-pppoe { Account a }", 1, "" },
	{ "line-pppoe { foo bar account a }", 1, "a" },
	{ "line-pppoe { account a account b }", 1, "b" },
	{ "line-pppoe { account }", 1, "" },
	{ "line-pppoe\r\n{\r\naccount a\r\n}\r\n", 1, "a" },
	{ "line-anonpppoe { account a }", 0, NULL },
	{ "line-pppoe account { account a }", 0, NULL },
	{ "} { line-pppoe { account a }", 1, "a" },
	{ "", 0, NULL },
};

static void words_are_split_as_the_original_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(lexical_cases); i++) {
		struct rv_armsconf_location loc;

		if (parse(lexical_cases[i].text, &loc, NULL) != RV_OK)
			fail_msg("case %zu", i);
		assert_int_equal(loc.line_count, lexical_cases[i].line_count);
		if (loc.line_count > 0)
			assert_true(rv_str_is(loc.lines[0].account, lexical_cases[i].account));
	}
}

#define P "-----BEGIN CERTIFICATE-----"
#define E "-----END CERTIFICATE-----"

static const struct {
	const char *text;
	int result;
	unsigned line;
	unsigned column;
} bad_cases[] = {
	{ "line-dhcp {\n ifindex x; }", RV_EINVALID, 2, 10 },
	{ "line-dhcp { ifindex 2147483648 }", RV_EINVALID, 1, 21 },
	{ "line-dhcp { ifindex -1 }", RV_EINVALID, 1, 21 },
	{ "line-dhcp { ifindex 0x1 }", RV_EINVALID, 1, 21 },
	{ "line-pppoe { account \xe3\x81\x82 }", RV_EINVALID, 1, 22 },
	{ "line-pppoe { account a\x01 }", RV_EINVALID, 1, 22 },
	{ "line-pppoe { account " A30 "aaaaa"
	  " }",
	  RV_OK, 0, 0 },
	{ "line-pppoe { account " A30 "aaaaaa"
	  " }",
	  RV_ELIMIT, 1, 22 },
	{ "line-mobile { account " A30 "aaaaaa"
	  " }",
	  RV_OK, 0, 0 },
	{ "line-mobile { telno " A30 A10 " }", RV_ELIMIT, 1, 21 },
	{ "line-mobile { pdp-type aaaaaaaa }", RV_ELIMIT, 1, 24 },
	{ "line-static { ipaddress " A30 A10 "aaaaaaaa }", RV_ELIMIT, 1, 25 },
	{ "line-mobile { apn " A30 A30 A30 A10 " }", RV_ELIMIT, 1, 19 },
	{ A250 "aaaaa", RV_OK, 0, 0 },
	{ "\n" A250 "aaaaaa", RV_ELIMIT, 2, 1 },
	{ "line-dhcp {", RV_ESYNTAX, 1, 11 },
	{ "rs-certificate {\n" P "\nAA\n", RV_ESYNTAX, 3, 1 },
	{ "rs-certificate {\n" P "\nAA\n};\n", RV_ESYNTAX, 4, 1 },
	{ "rs-certificate {\n" P "\nA\xff\n", RV_EINVALID, 3, 1 },
	{ "rs-certificate {\n-----BEGIN X509 CERTIFICATE-----\n", RV_ESYNTAX, 2, 12 },
	{ "rs-certificate {\n" P "\nAA\n-----END PRIVATE KEY-----\n};\n", RV_ESYNTAX, 4, 10 },
	{ "line-ra { } line-ra { } line-ra { } line-ra { } line-ra { } line-ra { }", RV_ELIMIT, 1,
	  69 },
};

static void errors_have_their_place_and_leave_the_result_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_cases); i++) {
		struct rv_armsconf_location loc = { .line_count = 77 };
		struct rv_diag diag = { 0 };
		int r = parse(bad_cases[i].text, &loc, &diag);

		if (r != bad_cases[i].result || diag.line != bad_cases[i].line ||
		    diag.column != bad_cases[i].column)
			print_message("# case %zu: %d, line %u column %u\n", i, r, diag.line,
				      diag.column);
		assert_int_equal(r, bad_cases[i].result);
		assert_int_equal(diag.line, bad_cases[i].line);
		assert_int_equal(diag.column, bad_cases[i].column);
		if (r != RV_OK)
			assert_int_equal(loc.line_count, 77);
	}
}

static void first_certificate_counts_one_word_per_line(void **state)
{
	struct rv_armsconf_location loc;

	(void)state;
	assert_int_equal(parse("rs-certificate { text " P " MIIB AQ== " E
			       " more }; rs-certificate { " P " XXXX " E " }",
			       &loc, NULL),
			 RV_OK);
	assert_string_equal(loc.certificate, PEM);
}

static void certificate_has_room_for_5119_bytes(void **state)
{
	static const size_t frame = sizeof(P) + sizeof(E); /* both with one line end */
	char text[8192];
	struct rv_armsconf_location loc;

	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		size_t words = RV_ARMSCONF_CERTIFICATE_MAX - frame + extra;
		struct rv_buf out = { 0 };

		rv_buf_puts(&out, "rs-certificate {\n" P "\n");
		for (; words > 64; words -= 64)
			rv_buf_puts(&out, A30 A30 "aaa\n");
		for (; words > 1; words--)
			rv_buf_putc(&out, 'a');
		rv_buf_puts(&out, "\n" E "\n}\n");
		rv_buf_putc(&out, '\0');
		assert_true(out.len < sizeof(text));
		memcpy(text, out.ptr, out.len);
		rv_buf_deinit(&out);
		assert_int_equal(parse(text, &loc, NULL), extra == 0 ? RV_OK : RV_ELIMIT);
	}
	assert_int_equal(loc.certificate_len, RV_ARMSCONF_CERTIFICATE_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_text_is_read),
		cmocka_unit_test(every_kind_has_its_values),
		cmocka_unit_test(words_are_split_as_the_original_does),
		cmocka_unit_test(errors_have_their_place_and_leave_the_result_alone),
		cmocka_unit_test(first_certificate_counts_one_word_per_line),
		cmocka_unit_test(certificate_has_room_for_5119_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
