#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../tls/certs.h"

enum {
	ROOT_PEM_MAX = 640,         /* the promise of pki.h */
	LOCATION_CONFIG_MAX = 2047, /* spec/arms-protocol.md 3.4 */
	LINES = 5,
	PPPOE_VALUE_MAX = 35, /* spec/arms-protocol.md 6.2: account, password */
};

static struct {
	struct test_cert root, other_root, leaf, device;
} pki;

static const char *const names[] = { "127.0.0.1", "::1", "rs.example", "*.rs.example", NULL };

static int make_pki(void **state)
{
	struct test_cert_spec root = { RV_PKI_ROOT, "Reeve RS CA", NULL, NULL, 0, 7300 };
	struct test_cert_spec leaf = { RV_PKI_SERVER, "Location Server 1", "Example, Inc.", names };
	struct test_cert_spec device = { RV_PKI_SA, "device-1" };

	(void)state;
	test_cert_make(&pki.root, &root, NULL);
	test_cert_make(&pki.other_root, &root, NULL);
	test_cert_make(&pki.leaf, &leaf, &pki.root);
	test_cert_make(&pki.device, &device, &pki.root);
	return 0;
}

static int free_pki(void **state)
{
	struct test_cert *all = (struct test_cert *)&pki;

	(void)state;
	for (size_t i = 0; i < sizeof(pki) / sizeof(*all); i++)
		test_cert_free(&all[i]);
	return 0;
}

static void certificates_tell_what_was_asked(void **state)
{
	int64_t day_us = TEST_DAY_US, now_us = rv_time_utc_us();
	struct rv_pki_info info;

	(void)state;
	assert_int_equal(rv_pki_inspect(rv_buf_str(&pki.leaf.cert), &info, NULL), RV_OK);
	assert_string_equal(info.subject, "CN=Location Server 1,O=Example\\, Inc.");
	assert_string_equal(info.issuer, "CN=Reeve RS CA");
	assert_false(info.is_ca);
	assert_int_equal(info.count, 1);
	/* Not before: a day ago, and the making took less than an hour. */
	assert_in_range(now_us - day_us - info.not_before_us, 0, day_us / 24);
	assert_in_range(now_us + 365 * day_us - info.not_after_us, 0, day_us / 24);

	assert_int_equal(rv_pki_inspect(rv_buf_str(&pki.root.cert), &info, NULL), RV_OK);
	assert_string_equal(info.subject, info.issuer);
	assert_true(info.is_ca);
}

static void dates_are_kept_to_the_second_in_every_century(void **state)
{
	/* Where a time_t of 32 bits ends, where ASN.1 changes from two digits of a year to four. */
	static const char *const dates[] = {
		"1970-01-02T00:00:00Z", "1999-12-31T23:59:59Z", "2038-01-19T03:14:07Z",
		"2038-01-19T03:14:08Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z",
		"2106-02-07T06:28:16Z", "9998-12-31T23:59:59Z",
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(dates); i++) {
		struct rv_pki_request req = { .kind = RV_PKI_SA,
					      .subject = { .common_name = "device-1" },
					      .lifetime_us = TEST_DAY_US };
		struct rv_pki_info info;
		struct rv_buf cert;

		rv_buf_init(&cert, 0);
		assert_int_equal(rv_time_parse(rv_str(dates[i]), &req.now_us), RV_OK);
		assert_int_equal(rv_pki_issue(&req, rv_buf_str(&pki.device.key),
					      rv_buf_str(&pki.root.cert), rv_buf_str(&pki.root.key),
					      &cert, NULL),
				 RV_OK);
		assert_int_equal(rv_pki_inspect(rv_buf_str(&cert), &info, NULL), RV_OK);
		assert_int_equal(info.not_before_us, req.now_us - TEST_DAY_US);
		assert_int_equal(info.not_after_us, req.now_us + TEST_DAY_US);
		rv_buf_deinit(&cert);
	}
}

/* The original client has 2,048 bytes for a Location-Config and overruns them. */
static void the_rs_ca_fits_a_location_config_with_five_lines(void **state)
{
	struct rv_buf text;
	size_t pem = pki.root.cert.len;

	(void)state;
	rv_buf_init(&text, 0);
	for (int i = 0; i < LINES; i++)
		rv_buf_printf(&text,
			      "line-pppoe {\n\tifindex 65535;\n\taccount %0*d;\n"
			      "\tpassword %0*d;\n};\n",
			      PPPOE_VALUE_MAX, 0, PPPOE_VALUE_MAX, 0);
	rv_buf_puts(&text, "rs-certificate {\n");
	rv_buf_put_str(&text, rv_buf_str(&pki.root.cert));
	rv_buf_puts(&text, "};\n");
	print_message("# RS CA: %zu bytes of PEM; Location-Config: %zu bytes\n", pem, text.len);
	assert_in_range(pem, 1, ROOT_PEM_MAX);
	assert_in_range(text.len, 1, LOCATION_CONFIG_MAX);
	rv_buf_deinit(&text);
}

static void keys_and_certificates_are_matched(void **state)
{
	struct rv_str none = rv_str("no PEM here");
	const struct {
		struct rv_str cert, key;
		int result;
		const char *where;
	} cases[] = {
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.leaf.key), RV_OK, "" },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.root.key), RV_EINVALID, "key" },
		{ none, rv_buf_str(&pki.leaf.key), RV_ESYNTAX, "certificate" },
		{ rv_buf_str(&pki.leaf.cert), none, RV_ESYNTAX, "key" },
		{ rv_buf_str(&pki.leaf.cert), rv_str(NULL), RV_ESYNTAX, "key" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_diag diag = { 0 };
		assert_int_equal(rv_pki_check_pair(cases[i].cert, cases[i].key, &diag),
				 cases[i].result);
		assert_string_equal(diag.where, cases[i].where);
	}
}

static void the_issuer_is_known_by_its_key(void **state)
{
	struct rv_diag diag = { 0 };
	struct rv_str leaf = rv_buf_str(&pki.leaf.cert);

	(void)state;
	assert_int_equal(rv_pki_check_issued(leaf, rv_buf_str(&pki.root.cert), NULL), RV_OK);
	assert_int_equal(rv_pki_check_issued(leaf, rv_buf_str(&pki.other_root.cert), &diag),
			 RV_EINVALID);
	assert_int_equal(rv_pki_check_issued(leaf, rv_buf_str(&pki.device.cert), &diag),
			 RV_EINVALID);
	assert_int_equal(rv_pki_check_issued(leaf, rv_str(NULL), &diag), RV_ESYNTAX);
	assert_string_equal(diag.where, "ca");
}

static void texts_with_several_certificates_are_counted(void **state)
{
	struct rv_pki_info info = { .count = 77 };
	struct rv_diag diag = { 0 };
	struct rv_buf text;

	(void)state;
	rv_buf_init(&text, 0);
	rv_buf_puts(&text, "Certificate:\n    Data: as openssl x509 -text prints\n");
	rv_buf_put_str(&text, rv_buf_str(&pki.leaf.cert));
	rv_buf_put_str(&text, rv_buf_str(&pki.root.cert));
	assert_int_equal(rv_pki_inspect(rv_buf_str(&text), &info, NULL), RV_OK);
	assert_int_equal(info.count, 2);
	assert_string_equal(info.issuer, "CN=Reeve RS CA");

	rv_buf_puts(&text, "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n");
	info.count = 77;
	assert_int_equal(rv_pki_inspect(rv_buf_str(&text), &info, &diag), RV_ESYNTAX);
	assert_int_equal(info.count, 77); /* untouched */
	assert_string_equal(diag.text, "certificate: certificate 3 of the PEM text is damaged");
	assert_int_equal(rv_pki_inspect(rv_str(NULL), &info, &diag), RV_ESYNTAX);
	assert_string_equal(diag.text, "certificate: no certificate in the PEM text");
	rv_buf_deinit(&text);
}

static const struct {
	const char *common_name, *organization, *alt_name;
	int64_t lifetime_us;
	const char *where; /* NULL: fine */
} requests[] = {
	{ "x", NULL, NULL, 1000000, NULL },
	{ "Name, with \"all\" <of> +;=\\ #", "O=1/2", "a-1.b", 1000000, NULL },
	{ NULL, NULL, NULL, 1000000, "common_name" },
	{ "", NULL, NULL, 1000000, "common_name" },
	{ "0123456789012345678901234567890123456789012345678901234567890123", NULL, NULL, 1000000,
	  NULL },
	{ "01234567890123456789012345678901234567890123456789012345678901234", NULL, NULL, 1000000,
	  "common_name" },
	{ "\xe3\x83\xaa", NULL, NULL, 1000000, "common_name" },
	{ "a\nb", NULL, NULL, 1000000, "common_name" },
	{ "x", "", NULL, 1000000, "organization" },
	{ "x", NULL, NULL, 0, "lifetime" },
	{ "x", NULL, NULL, -1, "lifetime" },
	{ "x", NULL, NULL, INT64_MAX, "lifetime" },
	{ "x", NULL, NULL, INT64_C(300000000000000000), "lifetime" }, /* beyond the year 9999 */
	{ "x", NULL, "", 1000000, "alt_names" },
	{ "x", NULL, "a b", 1000000, "alt_names" },
	{ "x", NULL, "a,DNS:evil.example", 1000000, "alt_names" },
	{ "x", NULL, "a..b", 1000000, "alt_names" },
	{ "x", NULL, "a.", 1000000, "alt_names" },
	{ "x", NULL, "-a", 1000000, "alt_names" },
	{ "x", NULL, "a.*.b", 1000000, "alt_names" },
	{ "x", NULL, "::1%lo", 1000000, "alt_names" },
	{ "x", NULL, "127.0.0.1:443", 1000000, "alt_names" },
	{ "x", NULL, "0123456789012345678901234567890123456789012345678901234567890123", 1000000,
	  "alt_names" },
};

static void bad_requests_are_refused_by_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(requests); i++) {
		const char *const alt_names[] = { requests[i].alt_name, NULL };
		struct rv_pki_request req = {
			.kind = RV_PKI_SERVER,
			.subject = { requests[i].common_name, requests[i].organization },
			.alt_names = alt_names,
			.now_us = rv_time_utc_us(),
			.lifetime_us = requests[i].lifetime_us,
		};
		bool is_fine = requests[i].where == NULL;
		struct rv_diag diag = { 0 };
		struct rv_buf out;
		int err;

		rv_buf_init(&out, 0);
		err = rv_pki_issue(&req, rv_buf_str(&pki.leaf.key), rv_buf_str(&pki.root.cert),
				   rv_buf_str(&pki.root.key), &out, &diag);
		if (err != (is_fine ? RV_OK : RV_EINVALID))
			fail_msg("%zu: %s: %s", i, rv_err_name(err), diag.text);
		assert_string_equal(diag.where, is_fine ? "" : requests[i].where);
		assert_true(is_fine == (out.len > 0));
		rv_buf_deinit(&out);
	}
}

static void bad_parties_are_refused_by_part(void **state)
{
	/* openssl ecparam -name secp384r1 -genkey, as PKCS#8: used nowhere else */
	static const char p384[] =
		"-----BEGIN PRIVATE KEY-----\n"
		"MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBM2GQGMXVqk4QX2VwX\n"
		"X6yM4R3GV0Uyb5XBzjwqiGTaS9vn9y3n8R1bjzTqup7ieh2hZANiAARJpNCPfRpA\n"
		"q5YCMvwgLR+vP+khVgcM2zQpmi8MmJJ+xISshYH9M0F6lOehh1zw3uFszN4SYxEP\n"
		"5Y7YEQrKaIYp6bahzGE1tZ7SXYK2SKPmpaY9+K6K+EihbF3XmQCgQp8=\n"
		"-----END PRIVATE KEY-----\n";
	struct rv_str key = rv_buf_str(&pki.leaf.key), ca = rv_buf_str(&pki.root.cert);
	struct rv_str ca_key = rv_buf_str(&pki.root.key), none = rv_str("-");
	const struct {
		struct rv_str key, ca, ca_key;
		int result;
		const char *where;
	} cases[] = {
		{ key, ca, ca_key, RV_OK, "" },
		{ none, ca, ca_key, RV_ESYNTAX, "key" },
		{ rv_str(p384), ca, ca_key, RV_EINVALID, "key" },
		{ key, none, ca_key, RV_ESYNTAX, "ca certificate" },
		{ key, ca, none, RV_ESYNTAX, "ca key" },
		{ key, ca, key, RV_EINVALID, "ca key" },
		{ key, rv_buf_str(&pki.leaf.cert), key, RV_EINVALID, "ca certificate" },
	};
	struct rv_pki_request req = {
		RV_PKI_SERVER, { "x", NULL }, NULL, rv_time_utc_us(), TEST_DAY_US
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_diag diag = { 0 };
		struct rv_buf out;

		rv_buf_init(&out, 0);
		assert_int_equal(
			rv_pki_issue(&req, cases[i].key, cases[i].ca, cases[i].ca_key, &out, &diag),
			cases[i].result);
		assert_string_equal(diag.where, cases[i].where);
		rv_buf_deinit(&out);
	}
}

static void a_full_buffer_takes_nothing(void **state)
{
	struct rv_pki_request req = {
		RV_PKI_SERVER, { "x", NULL }, NULL, rv_time_utc_us(), TEST_DAY_US
	};
	struct rv_buf out;

	(void)state;
	rv_buf_init(&out, 100);
	assert_int_equal(rv_pki_key_new(&out), RV_ELIMIT);
	assert_int_equal(out.len, 0);
	rv_buf_clear(&out);
	assert_int_equal(rv_pki_issue(&req, rv_buf_str(&pki.leaf.key), rv_buf_str(&pki.root.cert),
				      rv_buf_str(&pki.root.key), &out, NULL),
			 RV_ELIMIT);
	assert_int_equal(out.len, 0);
	rv_buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_tell_what_was_asked),
		cmocka_unit_test(dates_are_kept_to_the_second_in_every_century),
		cmocka_unit_test(the_rs_ca_fits_a_location_config_with_five_lines),
		cmocka_unit_test(keys_and_certificates_are_matched),
		cmocka_unit_test(the_issuer_is_known_by_its_key),
		cmocka_unit_test(texts_with_several_certificates_are_counted),
		cmocka_unit_test(bad_requests_are_refused_by_field),
		cmocka_unit_test(bad_parties_are_refused_by_part),
		cmocka_unit_test(a_full_buffer_takes_nothing),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
