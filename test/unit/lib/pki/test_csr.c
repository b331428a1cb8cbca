#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "../tls/certs.h"
#include "pki/chain.h"
#include "pki/csr.h"

static struct test_cert root;
static struct rv_buf key;

static const char *const names[] = { "192.0.2.1", "2001:db8::1", "rs.example", NULL };

static int make_pki(void **state)
{
	struct test_cert_spec spec = { RV_PKI_ROOT, "Reeve RS CA", NULL, NULL, 0, 7300 };

	(void)state;
	test_cert_make(&root, &spec, NULL);
	return rv_pki_key_new(&key) == RV_OK ? 0 : -1;
}

static int free_pki(void **state)
{
	(void)state;
	test_cert_free(&root);
	rv_buf_deinit(&key);
	return 0;
}

static struct rv_pki_request request(void)
{
	return (struct rv_pki_request){ .kind = RV_PKI_SERVER,
					.now_us = rv_time_utc_us(),
					.lifetime_us = TEST_DAY_US };
}

/* What the one says is what the other signs. */
static void a_request_becomes_the_certificate_it_asks_for(void **state)
{
	const struct rv_pki_name subject = { "Reeve RS", "Example" };
	struct rv_pki_request req = request();
	struct rv_buf csr = { 0 }, cert = { 0 };
	struct rv_pki_csr_info wish;
	struct rv_pki_info info;

	(void)state;
	assert_int_equal(rv_pki_csr_new(&subject, names, rv_buf_str(&key), &csr, NULL), RV_OK);
	assert_int_equal(rv_pki_csr_inspect(rv_buf_str(&csr), &wish, NULL), RV_OK);
	assert_string_equal(wish.subject, "CN=Reeve RS,O=Example");
	assert_string_equal(wish.key, "P-256");
	assert_int_equal(wish.names, 3);
	assert_int_equal(rv_pki_csr_issue(&req, rv_buf_str(&csr), rv_buf_str(&root.cert),
					  rv_buf_str(&root.key), &cert, NULL),
			 RV_OK);
	assert_int_equal(rv_pki_inspect(rv_buf_str(&cert), &info, NULL), RV_OK);
	assert_string_equal(info.subject, "CN=Reeve RS,O=Example");
	assert_false(info.is_ca);
	assert_int_equal(rv_pki_check_pair(rv_buf_str(&cert), rv_buf_str(&key), NULL), RV_OK);
	assert_int_equal(rv_pki_check_chain(rv_buf_str(&cert), rv_buf_str(&root.cert), NULL),
			 RV_OK);
	rv_buf_deinit(&csr);
	rv_buf_deinit(&cert);
}

#define CSR(body) "-----BEGIN CERTIFICATE REQUEST-----\n" body "-----END CERTIFICATE REQUEST-----\n"

static void requests_that_ask_for_more_are_refused(void **state)
{
	static const struct {
		const char *pem;
		int result;
		const char *words;
	} cases[] = {
		{ "", RV_ESYNTAX, "no readable" },
		{ CSR("AAAA\n"), RV_ESYNTAX, "no readable" },
#include "csr_cases.inc"
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_pki_request req = request();
		struct rv_diag diag = { 0 };
		struct rv_buf out = { 0 };
		int err = rv_pki_csr_issue(&req, rv_str(cases[i].pem), rv_buf_str(&root.cert),
					   rv_buf_str(&root.key), &out, &diag);

		if (err != cases[i].result || strstr(diag.text, cases[i].words) == NULL)
			fail_msg("%zu: %s: %s", i, rv_err_name(err), diag.text);
		assert_int_equal(out.len, 0);
		rv_buf_deinit(&out);
	}
}

static void a_request_is_made_for_names_and_keys_that_can_be_signed(void **state)
{
	static const char *const bad_names[] = { "a b", NULL };
	const struct {
		struct rv_pki_name subject;
		const char *const *names;
		struct rv_str key;
		int result;
		const char *where;
	} cases[] = {
		{ { "", NULL }, NULL, rv_buf_str(&key), RV_EINVALID, "common_name" },
		{ { "x", NULL }, bad_names, rv_buf_str(&key), RV_EINVALID, "alt_names" },
		{ { "x", NULL }, NULL, rv_str("-"), RV_ESYNTAX, "key" },
		{ { "x", NULL }, NULL, rv_buf_str(&key), RV_OK, "" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_diag diag = { 0 };
		struct rv_buf out = { 0 };

		assert_int_equal(rv_pki_csr_new(&cases[i].subject, cases[i].names, cases[i].key,
						&out, &diag),
				 cases[i].result);
		assert_string_equal(diag.where, cases[i].where);
		assert_true((out.len > 0) == (cases[i].result == RV_OK));
		rv_buf_deinit(&out);
	}
}

/* A signer keeps what it has parsed; the CA's key may stand among others. */
static void a_signer_issues_for_keys_of_both_kinds(void **state)
{
	static const struct {
		enum rv_pki_key_kind kind;
		const char *text;
	} cases[] = { { RV_PKI_P256, "P-256" }, { RV_PKI_RSA2048, "RSA-2048" } };
	struct rv_pki_request req = request();
	struct rv_pki_signer *signer = NULL;
	struct rv_buf keys = { 0 };

	(void)state;
	req.kind = RV_PKI_SA;
	req.subject.common_name = "device-1";
	rv_buf_put_str(&keys, rv_buf_str(&key));
	assert_int_equal(
		rv_pki_signer_new(rv_buf_str(&root.cert), rv_buf_str(&keys), &signer, NULL),
		RV_EINVALID);
	rv_buf_put_str(&keys, rv_buf_str(&root.key));
	assert_int_equal(
		rv_pki_signer_new(rv_buf_str(&root.cert), rv_buf_str(&keys), &signer, NULL), RV_OK);
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_buf cert = { 0 }, pem = { 0 };
		struct rv_pki_key *made;
		struct rv_pki_info info, told = { 0 };

		assert_int_equal(rv_pki_key_make(cases[i].kind, &made), RV_OK);
		assert_int_equal(rv_pki_signer_issue(signer, &req, made, &cert, &told, NULL),
				 RV_OK);
		assert_int_equal(rv_pki_key_pem(made, &pem), RV_OK);
		assert_int_equal(rv_pki_check_pair(rv_buf_str(&cert), rv_buf_str(&pem), NULL),
				 RV_OK);
		assert_int_equal(rv_pki_inspect(rv_buf_str(&cert), &info, NULL), RV_OK);
		assert_string_equal(info.key, cases[i].text);
		assert_string_equal(told.serial, info.serial);
		assert_string_equal(told.print, info.print);
		assert_int_equal(told.not_after_us, info.not_after_us);
		assert_in_range(strlen(info.serial), 28, RV_PKI_SERIAL_MAX);
		assert_in_range(cert.len + 1, 1, 5119); /* spec/arms-protocol.md appendix A */
		assert_in_range(pem.len + 1, 1, 5119);
		rv_pki_key_free(made);
		rv_buf_deinit(&cert);
		rv_buf_deinit(&pem);
	}
	rv_pki_signer_free(signer);
	rv_buf_deinit(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_becomes_the_certificate_it_asks_for),
		cmocka_unit_test(requests_that_ask_for_more_are_refused),
		cmocka_unit_test(a_request_is_made_for_names_and_keys_that_can_be_signed),
		cmocka_unit_test(a_signer_issues_for_keys_of_both_kinds),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
