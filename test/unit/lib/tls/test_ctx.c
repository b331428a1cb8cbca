#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "link.h"

static void bad_material_is_named(void **state)
{
	static const char damaged[] =
		"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
	static const char encrypted[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nQUJD\n"
					"-----END ENCRYPTED PRIVATE KEY-----\n";
	struct test_cert rsa;
	read_data(&rsa.cert, "rsa.pem");
	read_data(&rsa.key, "rsa-key.pem");
	const struct {
		struct rv_str cert, key, ca;
		const char *where, *text;
		struct rv_str second_cert, second_key;
	} cases[] = {
		{ .where = "certificate", .text = "no certificate" },
		{ rv_str(damaged), rv_str(NULL), rv_str(NULL), "certificate", "damaged" },
		{ rv_buf_str(&pki.leaf.cert), rv_str(NULL), rv_str(NULL), "key", "no readable" },
		{ rv_buf_str(&pki.leaf.cert), rv_str(encrypted), rv_str(NULL), "key",
		  "no readable" },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.device.key), rv_str(NULL), "key",
		  "does not belong" },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.leaf.key), rv_str(NULL), "ca",
		  "no certificate" },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.leaf.key), rv_str(damaged), "ca",
		  "damaged" },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.leaf.key), rv_buf_str(&pki.leaf.cert),
		  "ca", "not self-signed" },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.leaf.key), rv_str(NULL),
		  "second certificate", "damaged", rv_str(damaged), rv_str(NULL) },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.leaf.key), rv_str(NULL),
		  "second certificate", "same kind", rv_buf_str(&pki.device.cert),
		  rv_buf_str(&pki.device.key) },
		{ rv_buf_str(&pki.leaf.cert), rv_buf_str(&pki.leaf.key), rv_str(NULL), "second key",
		  "does not belong", rv_buf_str(&rsa.cert), rv_buf_str(&pki.leaf.key) },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_tls_opt opt = { .is_server = true,
					  .peer = RV_TLS_PEER_ANCHOR,
					  .cert_pem = cases[i].cert,
					  .key_pem = cases[i].key,
					  .second_cert_pem = cases[i].second_cert,
					  .second_key_pem = cases[i].second_key,
					  .ca_pem = cases[i].ca };
		struct rv_tls_ctx *ctx = NULL;
		struct rv_diag diag = { 0 };

		assert_int_equal(rv_tls_ctx_new(&opt, &ctx, &diag), RV_ETLS);
		assert_null(ctx);
		assert_string_equal(diag.where, cases[i].where);
		if (strstr(diag.text, cases[i].text) == NULL)
			fail_msg("%zu: %s", i, diag.text);
	}
	test_cert_free(&rsa);
}

/* Original devices offer what their OpenSSL was built with: with EC, or without. */
static void a_client_gets_the_chain_that_it_can_verify(void **state)
{
	static const struct {
		const char *suites; /* of the client */
		bool is_rsa;        /* it trusts the RSA certificate */
		const char *describe;
	} cases[] = {
		{ "AES128-SHA:AES256-SHA", true, "TLSv1 AES128-SHA" },
		{ "ECDHE-RSA-AES128-SHA", true, "TLSv1 ECDHE-RSA-AES128-SHA" },
		{ "ECDHE-ECDSA-AES128-SHA", false, "TLSv1 ECDHE-ECDSA-AES128-SHA" },
	};
	struct test_cert rsa;

	(void)state;
	read_data(&rsa.cert, "rsa.pem");
	read_data(&rsa.key, "rsa-key.pem");
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_tls_opt s = server_opt(&pki.leaf);
		struct rv_tls_opt c = client_opt(RV_TLS_PEER_ANCHOR,
						 cases[i].is_rsa ? &rsa : &pki.root);
		struct link l;

		c.versions = s.versions = RV_TLS_ONLY_10;
		s.second_cert_pem = rv_buf_str(&rsa.cert);
		s.second_key_pem = rv_buf_str(&rsa.key);
		link_open(&l, &c, &s, NULL, 0);
		assert_int_equal(SSL_set_cipher_list(l.client->ssl, cases[i].suites), 1);
		link_connect(&l);
		assert_string_equal(rv_tls_describe(l.client), cases[i].describe);
		link_close(&l);
	}
	test_cert_free(&rsa);
}

/* The anchor is the first certificate of the text; what follows is not trusted. */
static void only_the_first_certificate_of_the_text_is_the_anchor(void **state)
{
	struct rv_tls_opt c = client_opt(RV_TLS_PEER_ANCHOR, NULL);
	struct rv_tls_opt s = server_opt(&pki.leaf);
	int client_result, server_result;
	struct rv_buf both;
	struct link l;

	(void)state;
	rv_buf_init(&both, 0);
	rv_buf_puts(&both, "a preamble, as openssl x509 -text prints\n");
	rv_buf_put_str(&both, rv_buf_str(&pki.odd_root.cert));
	rv_buf_put_str(&both, rv_buf_str(&pki.root.cert));
	c.ca_pem = rv_buf_str(&both);
	link_open(&l, &c, &s, NULL, 0);
	handshake(&l, &client_result, &server_result);
	assert_int_equal(client_result, RV_ETLS);
	link_close(&l);
	rv_buf_deinit(&both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_material_is_named),
		cmocka_unit_test(a_client_gets_the_chain_that_it_can_verify),
		cmocka_unit_test(only_the_first_certificate_of_the_text_is_the_anchor),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
