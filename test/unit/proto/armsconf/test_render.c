#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armsconf/location.h"

#define PEM "-----BEGIN CERTIFICATE-----\nMIIB\nAQ==\n-----END CERTIFICATE-----\n"
#define A10 "aaaaaaaaaa"
#define A30 A10 A10 A10

/* String literals as values. */
#define S(l)                                                                                       \
	{                                                                                          \
		l, sizeof(l) - 1                                                                   \
	}

static void text_is_that_of_the_recording_and_preambles_are_left_out(void **state)
{
	static const struct rv_armsconf_line line = { .kind = RV_ARMSCONF_LINE_DHCP };
	struct rv_buf out = { 0 };

	(void)state;
	assert_int_equal(
		rv_armsconf_location_render(
			&line, 1, rv_str("subject=/CN=x;{}\r\n\n" PEM "trailer\n" PEM), &out, NULL),
		RV_OK);
	assert_true(rv_str_is(rv_buf_str(&out),
			      "line-dhcp {\n\tifindex 0;\n};\nrs-certificate {\n" PEM "};\n"));
	rv_buf_deinit(&out);
}

static const struct rv_armsconf_line all_kinds[RV_ARMSCONF_LINES_MAX] = {
	{ .kind = RV_ARMSCONF_LINE_PPPOE,
	  .ifindex = 3,
	  .account = S("u@isp"),
	  .password = S("#p'\"") },
	{ .kind = RV_ARMSCONF_LINE_MOBILE,
	  .telno = S("090"),
	  .cid = 2,
	  .apn = S("m2m.example"),
	  .pdp_type = S("ppp"),
	  .account = S("a"),
	  .password = S("b"),
	  .ipaddress = S("192.0.2.1") },
	{ .kind = RV_ARMSCONF_LINE_STATIC, .ipaddress = S("2001:db8::1") },
	{ .kind = RV_ARMSCONF_LINE_RA, .ifindex = INT32_MAX },
	{ .kind = RV_ARMSCONF_LINE_PPPOE_IPV6, .account = S("x"), .password = S("y") },
};

static void assert_str_eq(struct rv_str a, struct rv_str b)
{
	assert_true(rv_str_eq(a, b));
}

static void what_is_rendered_is_read_as_meant(void **state)
{
	struct rv_armsconf_location loc;
	struct rv_buf out = { 0 };

	(void)state;
	assert_int_equal(rv_armsconf_location_render(all_kinds, RV_ARRAY_LEN(all_kinds),
						     rv_str(PEM), &out, NULL),
			 RV_OK);
	assert_int_equal(rv_armsconf_location_parse(rv_buf_str(&out), &loc, NULL), RV_OK);
	assert_int_equal(loc.line_count, RV_ARRAY_LEN(all_kinds));
	assert_string_equal(loc.certificate, PEM);
	for (size_t i = 0; i < loc.line_count; i++) {
		const struct rv_armsconf_line *a = &all_kinds[i];
		const struct rv_armsconf_line *b = &loc.lines[i];

		assert_int_equal(a->kind, b->kind);
		assert_int_equal(a->ifindex, b->ifindex);
		assert_int_equal(a->cid, b->cid);
		assert_str_eq(a->account, b->account);
		assert_str_eq(a->password, b->password);
		assert_str_eq(a->telno, b->telno);
		assert_str_eq(a->apn, b->apn);
		assert_str_eq(a->pdp_type, b->pdp_type);
		assert_str_eq(a->ipaddress, b->ipaddress);
	}
	rv_buf_deinit(&out);
}

static const struct {
	struct rv_armsconf_line line;
	const char *pem;
	int result;
	const char *where;
} bad_cases[] = {
	{ { .kind = RV_ARMSCONF_LINE_PPPOE, .password = S("p") },
	  PEM,
	  RV_EINVALID,
	  "lines[0].account" },
	{ { .kind = RV_ARMSCONF_LINE_PPPOE, .account = S("u") },
	  PEM,
	  RV_EINVALID,
	  "lines[0].password" },
	{ { .kind = RV_ARMSCONF_LINE_STATIC }, PEM, RV_EINVALID, "lines[0].ipaddress" },
	{ { .kind = RV_ARMSCONF_LINE_DHCP, .apn = S("x") }, PEM, RV_EINVALID, "lines[0].apn" },
	{ { .kind = RV_ARMSCONF_LINE_DHCP, .cid = 1 }, PEM, RV_EINVALID, "lines[0].cid" },
	{ { .kind = (enum rv_armsconf_line_kind)4 }, PEM, RV_EINVALID, "lines[0].kind" },
	{ { .kind = RV_ARMSCONF_LINE_RA, .ifindex = 0x80000000 },
	  PEM,
	  RV_EINVALID,
	  "lines[0].ifindex" },
	{ { .kind = RV_ARMSCONF_LINE_MOBILE, .apn = S("a b") }, PEM, RV_EINVALID, "lines[0].apn" },
	{ { .kind = RV_ARMSCONF_LINE_MOBILE, .apn = S("a;") }, PEM, RV_EINVALID, "lines[0].apn" },
	{ { .kind = RV_ARMSCONF_LINE_MOBILE, .apn = S("{") }, PEM, RV_EINVALID, "lines[0].apn" },
	{ { .kind = RV_ARMSCONF_LINE_MOBILE, .apn = S("}") }, PEM, RV_EINVALID, "lines[0].apn" },
	{ { .kind = RV_ARMSCONF_LINE_MOBILE, .apn = S("a\t") }, PEM, RV_EINVALID, "lines[0].apn" },
	{ { .kind = RV_ARMSCONF_LINE_MOBILE, .apn = S("a\nb") }, PEM, RV_EINVALID, "lines[0].apn" },
	{ { .kind = RV_ARMSCONF_LINE_MOBILE, .apn = S("\xe3\x81\x82") },
	  PEM,
	  RV_EINVALID,
	  "lines[0].apn" },
	{ { .kind = RV_ARMSCONF_LINE_PPPOE, .account = S(A30 "aaaaaa"), .password = S("p") },
	  PEM,
	  RV_ELIMIT,
	  "lines[0].account" },
	{ { .kind = RV_ARMSCONF_LINE_RA }, "no pem", RV_EINVALID, "rs_certificate_pem" },
	{ { .kind = RV_ARMSCONF_LINE_RA },
	  "-----BEGIN CERTIFICATE-----\nAA\n",
	  RV_EINVALID,
	  "rs_certificate_pem" },
	{ { .kind = RV_ARMSCONF_LINE_RA },
	  "-----BEGIN CERTIFICATE-----\nA;\n-----END CERTIFICATE-----\n",
	  RV_EINVALID,
	  "rs_certificate_pem" },
	{ { .kind = RV_ARMSCONF_LINE_RA },
	  "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n",
	  RV_EINVALID,
	  "rs_certificate_pem" },
};

static void values_that_devices_cannot_read_are_refused_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_cases); i++) {
		struct rv_buf out = { 0 };
		struct rv_diag diag = { 0 };

		rv_buf_puts(&out, "before");
		assert_int_equal(rv_armsconf_location_render(&bad_cases[i].line, 1,
							     rv_str(bad_cases[i].pem), &out, &diag),
				 bad_cases[i].result);
		assert_string_equal(diag.where, bad_cases[i].where);
		assert_int_equal(out.len, strlen("before"));
		rv_buf_deinit(&out);
	}
}

/* A PEM whose text makes the Location-Config exactly `total` bytes long. */
static void make_pem(struct rv_buf *pem, size_t total)
{
	size_t body = total - strlen("rs-certificate {\n};\n") -
		      strlen("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");

	rv_buf_puts(pem, "-----BEGIN CERTIFICATE-----\n");
	for (; body > 128; body -= 61)
		rv_buf_puts(pem, A30 A30 "\n");
	for (; body > 1; body--)
		rv_buf_putc(pem, 'a');
	rv_buf_puts(pem, "\n-----END CERTIFICATE-----\n");
}

/* S48 */
static void text_over_2047_bytes_is_refused_with_its_size(void **state)
{
	(void)state;
	for (size_t total = 2047; total <= 2048; total++) {
		struct rv_buf pem = { 0 };
		struct rv_buf out = { 0 };
		struct rv_diag diag = { 0 };

		make_pem(&pem, total);
		int r = rv_armsconf_location_render(NULL, 0, rv_buf_str(&pem), &out, &diag);
		assert_int_equal(r, total == 2047 ? RV_OK : RV_ELIMIT);
		assert_int_equal(out.len, total == 2047 ? 2047 : 0);
		if (r != RV_OK)
			assert_non_null(strstr(diag.text, "2048 bytes"));
		rv_buf_deinit(&pem);
		rv_buf_deinit(&out);
	}
}

static void six_lines_and_a_full_buffer_are_refused(void **state)
{
	struct rv_armsconf_line lines[6] = { 0 };
	struct rv_buf out = { .max = 10 };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		lines[i].kind = RV_ARMSCONF_LINE_RA;
	assert_int_equal(rv_armsconf_location_render(lines, 6, rv_str(PEM), &out, NULL), RV_ELIMIT);
	assert_int_equal(out.err, RV_OK);
	assert_int_equal(rv_armsconf_location_render(lines, 1, rv_str(PEM), &out, NULL), RV_ELIMIT);
	assert_int_equal(out.err, RV_ELIMIT);
	rv_buf_deinit(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_that_of_the_recording_and_preambles_are_left_out),
		cmocka_unit_test(what_is_rendered_is_read_as_meant),
		cmocka_unit_test(values_that_devices_cannot_read_are_refused_by_name),
		cmocka_unit_test(text_over_2047_bytes_is_refused_with_its_size),
		cmocka_unit_test(six_lines_and_a_full_buffer_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
