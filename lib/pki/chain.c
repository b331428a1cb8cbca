#include "pki/chain.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/time.h"
#include "pki/pki_priv.h"

/* -- the cross certificate -------------------------------------------------------------------- */

struct roots {
	X509 *fresh, *old;
	EVP_PKEY *old_key;
};

static int read_roots(struct roots *r, struct rv_str new_root_pem, struct rv_str old_root_pem,
		      struct rv_str old_key_pem, struct rv_diag *diag)
{
	int err = rv_pki_read_cert(new_root_pem, "new root", &r->fresh, NULL, diag);

	if (err == RV_OK)
		err = rv_pki_read_cert(old_root_pem, "ca certificate", &r->old, NULL, diag);
	if (err == RV_OK)
		err = rv_pki_read_key_of(old_key_pem, "ca key", r->old, &r->old_key, diag);
	return err == RV_OK ? rv_pki_check_ca(r->old, r->old_key, diag) : err;
}

static int check_roots(const struct roots *r, struct rv_diag *diag)
{
	if (X509_self_signed(r->fresh, 1) != 1 || X509_check_ca(r->fresh) != 1)
		return rv_diag_set(diag, RV_EINVALID, "pki.root", "new root",
				   "new root: not a self-signed CA certificate");
	if (X509_NAME_cmp(X509_get_subject_name(r->fresh), X509_get_subject_name(r->old)) != 0)
		return rv_diag_set(diag, RV_EINVALID, "pki.root", "new root",
				   "new root: its name is not that of the old root");
	if (X509_get0_subject_key_id(r->fresh) == NULL || X509_get0_subject_key_id(r->old) == NULL)
		return rv_diag_set(diag, RV_EINVALID, "pki.root", "new root",
				   "new root: both roots need a subject key identifier");
	return RV_OK;
}

/* From the later beginning to the earlier end. */
static bool set_common_dates(X509 *cert, const struct roots *r)
{
	const ASN1_TIME *from = X509_get0_notBefore(r->fresh);
	const ASN1_TIME *to = X509_get0_notAfter(r->fresh);

	if (ASN1_TIME_compare(from, X509_get0_notBefore(r->old)) < 0)
		from = X509_get0_notBefore(r->old);
	if (ASN1_TIME_compare(to, X509_get0_notAfter(r->old)) > 0)
		to = X509_get0_notAfter(r->old);
	return X509_set1_notBefore(cert, from) == 1 && X509_set1_notAfter(cert, to) == 1;
}

static int make_cross(const struct roots *r, struct rv_buf *out_pem, struct rv_diag *diag)
{
	X509 *cert = X509_new();
	int err;

	if (cert == NULL)
		return -ENOMEM;
	if (X509_set_version(cert, X509_VERSION_3) == 1 && rv_pki_set_serial(cert) &&
	    set_common_dates(cert, r) && X509_set_pubkey(cert, X509_get0_pubkey(r->fresh)) == 1 &&
	    X509_set_subject_name(cert, X509_get_subject_name(r->fresh)) == 1 &&
	    X509_set_issuer_name(cert, X509_get_subject_name(r->old)) == 1 &&
	    rv_pki_add_extension(cert, r->old, NID_basic_constraints,
				 "critical,CA:TRUE,pathlen:0") &&
	    rv_pki_add_extension(cert, r->old, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    rv_pki_add_extension(cert, r->old, NID_subject_key_identifier, "hash") &&
	    rv_pki_add_extension(cert, r->old, NID_authority_key_identifier, "keyid:always") &&
	    X509_sign(cert, r->old_key, EVP_sha256()) > 0)
		err = rv_pki_put_cert(cert, out_pem);
	else
		err = rv_pki_openssl_failed(diag, "making a cross certificate");
	X509_free(cert);
	return err;
}

int rv_pki_cross(struct rv_str new_root_pem, struct rv_str old_root_pem, struct rv_str old_key_pem,
		 int64_t now_us, struct rv_buf *out_pem, struct rv_diag *diag)
{
	struct roots r = { 0 };
	int err;

	assert(out_pem != NULL);
	err = read_roots(&r, new_root_pem, old_root_pem, old_key_pem, diag);
	if (err == RV_OK)
		err = check_roots(&r, diag);
	if (err == RV_OK)
		err = rv_pki_check_dates(new_root_pem, now_us, diag);
	if (err == RV_OK)
		err = rv_pki_check_dates(old_root_pem, now_us, diag);
	if (err == RV_OK)
		err = make_cross(&r, out_pem, diag);
	ERR_clear_error();
	X509_free(r.fresh);
	X509_free(r.old);
	EVP_PKEY_free(r.old_key);
	return err;
}

/* -- chains ----------------------------------------------------------------------------------- */

static void pop_all(STACK_OF(X509) * certs)
{
	sk_X509_pop_free(certs, X509_free);
}

/* Every certificate of the text, in order. */
static int read_all(struct rv_str pem, const char *part, STACK_OF(X509) * *out,
		    struct rv_diag *diag)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	size_t count = 1;
	int err = certs == NULL ? -ENOMEM : RV_OK;

	for (size_t i = 0; i < count && err == RV_OK; i++) {
		X509 *cert = NULL;

		if (count > RV_PKI_CHAIN_MAX)
			err = rv_diag_set(diag, RV_EINVALID, "pki.chain", part,
					  "%s: more than %d certificates in the PEM text", part,
					  RV_PKI_CHAIN_MAX);
		else
			err = rv_pki_read_cert_at(pem, part, i, &cert, &count, diag);
		if (cert != NULL && sk_X509_push(certs, cert) == 0) {
			X509_free(cert);
			err = -ENOMEM;
		}
	}
	if (err == RV_OK)
		*out = certs;
	else
		pop_all(certs);
	return err;
}

static void subject_of(const X509 *cert, char *out, size_t size)
{
	char *text = cert == NULL ? NULL : X509_NAME_oneline(X509_get_subject_name(cert), NULL, 0);

	rv_str_copy(rv_str_sub(rv_str(text), 0, size - 1), out, size);
	OPENSSL_free(text);
}

static int verify(STACK_OF(X509) * chain, X509 *anchor, struct rv_diag *diag)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	char subject[128];
	int err = -ENOMEM;

	if (store == NULL || ctx == NULL || X509_STORE_add_cert(store, anchor) != 1 ||
	    X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain) != 1)
		goto out;
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_NO_CHECK_TIME);
	X509_STORE_CTX_set_depth(ctx, RV_PKI_DEPTH_MAX);
	err = RV_OK;
	if (X509_verify_cert(ctx) != 1) {
		subject_of(X509_STORE_CTX_get_current_cert(ctx), subject, sizeof(subject));
		err = rv_diag_set(diag, RV_EINVALID, "pki.chain", "certificate",
				  "the chain does not lead to the CA: %s (at depth %d, \"%s\")",
				  X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)),
				  X509_STORE_CTX_get_error_depth(ctx), subject);
	}
out:
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return err;
}

int rv_pki_check_chain(struct rv_str chain_pem, struct rv_str anchor_pem, struct rv_diag *diag)
{
	STACK_OF(X509) *chain = NULL;
	X509 *anchor = NULL;
	int err = read_all(chain_pem, "certificate", &chain, diag);

	if (err == RV_OK)
		err = rv_pki_read_cert(anchor_pem, "ca", &anchor, NULL, diag);
	if (err == RV_OK && X509_self_signed(anchor, 1) != 1)
		err = rv_diag_set(diag, RV_EINVALID, "pki.root", "ca",
				  "ca: not a self-signed root");
	if (err == RV_OK)
		err = verify(chain, anchor, diag);
	ERR_clear_error();
	X509_free(anchor);
	pop_all(chain);
	return err;
}

/* -- properties of each certificate of a text ------------------------------------------------- */

int rv_pki_check_dates(struct rv_str pem, int64_t now_us, struct rv_diag *diag)
{
	struct rv_pki_info info = { .count = 1 };
	char date[RV_TIME_TEXT_LEN + 1];

	for (size_t i = 0; i < info.count; i++) {
		int err = rv_pki_inspect_at(pem, i, &info, diag);
		if (err != RV_OK)
			return err;
		if (now_us >= info.not_before_us && now_us <= info.not_after_us)
			continue;
		bool is_over = now_us > info.not_after_us;
		rv_time_format(is_over ? info.not_after_us : info.not_before_us, date);
		return rv_diag_set(diag, RV_EINVALID, is_over ? "pki.expired" : "pki.not_yet_valid",
				   "certificate", "\"%.120s\" %s %.10s", info.subject,
				   is_over ? "has expired: it was valid until"
					   : "is not valid yet: it will be from",
				   date);
	}
	return RV_OK;
}

static bool is_ls_name(const X509 *cert)
{
	char *text = X509_NAME_oneline(X509_get_subject_name(cert), NULL, 0);
	bool is_fine = text != NULL && (strstr(text, "CN=ARMS Root CA") != NULL ||
					strstr(text, "CN=Location Server ") != NULL);

	OPENSSL_free(text);
	return is_fine;
}

int rv_pki_check_ls_names(struct rv_str pem, struct rv_diag *diag)
{
	STACK_OF(X509) * chain;
	char subject[128];
	int err = read_all(pem, "certificate", &chain, diag);

	if (err != RV_OK)
		return err;
	for (int i = 0; i < sk_X509_num(chain) && err == RV_OK; i++) {
		if (is_ls_name(sk_X509_value(chain, i)))
			continue;
		subject_of(sk_X509_value(chain, i), subject, sizeof(subject));
		err = rv_diag_set(diag, RV_EINVALID, "pki.ls_name", "certificate",
				  "devices refuse the subject \"%s\" of a Location Server: it must "
				  "contain \"CN=Location Server \" (with the blank, then more) or "
				  "\"CN=ARMS Root CA\"",
				  subject);
	}
	pop_all(chain);
	return err;
}

int rv_pki_check_root(struct rv_str pem, struct rv_diag *diag)
{
	X509 *cert;
	int err = rv_pki_read_cert(pem, "ca", &cert, NULL, diag);

	if (err != RV_OK)
		return err;
	if (X509_self_signed(cert, 1) != 1)
		err = rv_diag_set(diag, RV_EINVALID, "pki.root", "ca",
				  "ca: not self-signed, and devices take no other anchor");
	else if (X509_check_ca(cert) != 1)
		err = rv_diag_set(diag, RV_EINVALID, "pki.ca", "ca", "ca: not a CA certificate");
	ERR_clear_error();
	X509_free(cert);
	return err;
}

int rv_pki_check_server(const struct rv_pki_server *server, struct rv_diag *diag)
{
	int err = rv_pki_check_pair(server->chain_pem, server->key_pem, diag);

	if (err == RV_OK)
		err = rv_pki_check_dates(server->chain_pem, server->now_us, diag);
	if (err == RV_OK && server->is_ls)
		err = rv_pki_check_ls_names(server->chain_pem, diag);
	return err;
}
