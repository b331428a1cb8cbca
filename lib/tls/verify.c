#include "tls/tls_priv.h"

#include <openssl/crypto.h>
#include <openssl/x509_vfy.h>
#include <string.h>

/* "/C=JP/CN=Location Server 1": the form the check of ARMS was made for. RFC 2253 text would
 * escape a trailing blank, and its order and separators leave no other difference to the check. */
static bool subject_is_allowed(const X509 *cert, char *const *allowed)
{
	char *text = X509_NAME_oneline(X509_get_subject_name(cert), NULL, 0);
	bool is_found = false;

	for (size_t i = 0; text != NULL && allowed[i] != NULL && !is_found; i++)
		is_found = strstr(text, allowed[i]) != NULL;
	OPENSSL_free(text);
	return is_found;
}

static void explain(struct rv_tls *tls, X509_STORE_CTX *store, const char *what)
{
	const X509 *cert = X509_STORE_CTX_get_current_cert(store);
	char *name = cert == NULL ? NULL : rv_tls_name_text(X509_get_subject_name(cert));

	rv_tls_set_error(tls, "certificate refused: %s (depth %d, subject \"%s\")", what,
			 X509_STORE_CTX_get_error_depth(store), name == NULL ? "" : name);
	OPENSSL_free(name);
}

static bool subjects_are_allowed(struct rv_tls *tls, X509_STORE_CTX *store, char *const *allowed)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);

	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *cert = sk_X509_value(chain, i);
		if (subject_is_allowed(cert, allowed))
			continue;
		X509_STORE_CTX_set_current_cert(store, cert);
		X509_STORE_CTX_set_error_depth(store, i);
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		explain(tls, store, "the subject is not one of those demanded");
		return false;
	}
	return true;
}

int rv_tls_verify(X509_STORE_CTX *store, void *arg)
{
	const struct rv_tls_ctx *ctx = arg;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct rv_tls *tls = SSL_get_app_data(ssl);
	int verdict = X509_verify_cert(store);

	if (verdict <= 0) {
		explain(tls, store, X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
		return 0;
	}
	return ctx->subjects == NULL || subjects_are_allowed(tls, store, ctx->subjects);
}
