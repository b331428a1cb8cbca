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
	const struct {
		struct rv_str cert, key, ca;
		const char *where, *text;
	} cases[] = {
		{ rv_str(NULL), rv_str(NULL), rv_str(NULL), "certificate", "no certificate" },
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
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_tls_opt opt = { true,         RV_TLS_PEER_ANCHOR, cases[i].cert,
					  cases[i].key, cases[i].ca,        NULL,
					  false };
		struct rv_tls_ctx *ctx = NULL;
		struct rv_diag diag = { 0 };

		assert_int_equal(rv_tls_ctx_new(&opt, &ctx, &diag), RV_ETLS);
		assert_null(ctx);
		assert_string_equal(diag.where, cases[i].where);
		if (strstr(diag.text, cases[i].text) == NULL)
			fail_msg("%zu: %s", i, diag.text);
	}
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
		cmocka_unit_test(only_the_first_certificate_of_the_text_is_the_anchor),
	};

	return cmocka_run_group_tests(tests, make_pki, free_pki);
}
