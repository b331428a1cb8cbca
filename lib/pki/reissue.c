/* Certificates made after the model of others. */
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/time.h"
#include "pki/chain.h"
#include "pki/init.h"
#include "pki/pki_priv.h"

static const int64_t day_us = 86400 * RV_US_PER_SEC;

/* The model gives subject and alternative names; `issuer` NULL: self-signed. */
struct reissue {
	const X509 *model;
	EVP_PKEY *key;
	X509 *issuer;
	EVP_PKEY *signing;
	struct rv_pki_request req; /* kind and times */
};

static bool copy_names(X509 *cert, const X509 *model)
{
	int at = X509_get_ext_by_NID(model, NID_subject_alt_name, -1);

	return at < 0 || X509_add_ext(cert, X509_get_ext(model, at), -1) == 1;
}

static int make(const struct reissue *r, struct rv_buf *out_pem, struct rv_diag *diag)
{
	const X509_NAME *subject = X509_get_subject_name(r->model);
	X509 *cert = X509_new();
	X509 *issuer = r->issuer == NULL ? cert : r->issuer;
	int err;

	if (cert == NULL)
		return -ENOMEM;
	/* The name that fill() sets is replaced; of the extensions none depends on it. */
	if (rv_pki_fill(cert, issuer, r->key, &r->req) &&
	    X509_set_subject_name(cert, subject) == 1 &&
	    X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
	    copy_names(cert, r->model) && X509_sign(cert, r->signing, EVP_sha256()) > 0)
		err = rv_pki_put_cert(cert, out_pem);
	else
		err = rv_pki_openssl_failed(diag, "making a certificate");
	X509_free(cert);
	return err;
}

static struct rv_pki_request request_of(enum rv_pki_kind kind, int64_t now_us, int64_t lifetime_us)
{
	return (struct rv_pki_request){ .kind = kind,
					.subject = { .common_name = "-" },
					.now_us = now_us,
					.lifetime_us = lifetime_us };
}

int rv_pki_successor(struct rv_str old_root_pem, struct rv_str key_pem, int64_t now_us,
		     int64_t lifetime_us, struct rv_buf *out_pem, struct rv_diag *diag)
{
	struct reissue r = { .req = request_of(RV_PKI_ROOT, now_us, lifetime_us) };
	X509 *model = NULL;
	int err = rv_pki_check_lifetime(&r.req, diag);

	assert(out_pem != NULL);
	if (err == RV_OK)
		err = rv_pki_read_cert(old_root_pem, "ca certificate", &model, NULL, diag);
	if (err == RV_OK)
		err = rv_pki_read_key(key_pem, "key", &r.key, diag);
	if (err == RV_OK && !rv_pki_is_p256(r.key))
		err = rv_diag_set(diag, RV_EINVALID, "pki.key", "key", "key: not a P-256 key");
	r.model = model;
	r.signing = r.key;
	if (err == RV_OK)
		err = make(&r, out_pem, diag);
	ERR_clear_error();
	EVP_PKEY_free(r.key);
	X509_free(model);
	return err;
}

int rv_pki_reissue(struct rv_str old_pem, const struct rv_pki_signer *signer,
		   const struct rv_pki_key *key, int64_t now_us, struct rv_buf *out_pem,
		   struct rv_diag *diag)
{
	struct reissue r = { .issuer = signer->ca,
			     .signing = signer->ca_key,
			     .req = request_of(RV_PKI_SERVER, now_us,
					       RV_PKI_SERVER_DAYS * day_us) };
	X509 *model = NULL;
	int err = rv_pki_check_lifetime(&r.req, diag);

	assert(out_pem != NULL);
	if (err == RV_OK)
		err = rv_pki_read_cert(old_pem, "certificate", &model, NULL, diag);
	if (err != RV_OK)
		return err;
	r.model = model;
	r.key = key != NULL ? key->key : X509_get0_pubkey(model);
	err = r.key == NULL ? rv_diag_set(diag, RV_ESYNTAX, "pki.certificate", "certificate",
					  "certificate: its key cannot be read")
			    : make(&r, out_pem, diag);
	ERR_clear_error();
	X509_free(model);
	return err;
}
