/* pki_priv.h - what the files of lib/pki share. */
#ifndef RV_PKI_PKI_PRIV_H
#define RV_PKI_PKI_PRIV_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "pki/pki.h"

enum {
	RV_PKI_SAN_TEXT_MAX = 16384,
	RV_PKI_DAY_SECONDS = 86400,
};

struct rv_pki_signer {
	X509 *ca; /* NULL: self-signed */
	EVP_PKEY *ca_key;
};

struct rv_pki_key {
	EVP_PKEY *key;
};

/* Both: RV_ESYNTAX with *diag (part names the text) or -ENOMEM; the caller frees *out. */
int rv_pki_read_key(struct rv_str pem, const char *part, EVP_PKEY **out,
		    struct rv_diag *diag) RV_MUSTCHECK;
/* The first certificate; *count (NULL allowed) gets the number of certificates in the text. */
int rv_pki_read_cert(struct rv_str pem, const char *part, X509 **out, size_t *count,
		     struct rv_diag *diag) RV_MUSTCHECK;

/* Certificate `index` instead of the first; RV_ENOTFOUND. */
int rv_pki_read_cert_at(struct rv_str pem, const char *part, size_t index, X509 **out,
			size_t *count, struct rv_diag *diag) RV_MUSTCHECK;
/* The key of a text with one or several that belongs to cert. RV_EINVALID: none does. */
int rv_pki_read_key_of(struct rv_str pem, const char *part, const X509 *cert, EVP_PKEY **out,
		       struct rv_diag *diag) RV_MUSTCHECK;

/* Both append; buf->err or -ENOMEM. */
int rv_pki_put_cert(X509 *cert, struct rv_buf *out_pem) RV_MUSTCHECK;
int rv_pki_put_key(EVP_PKEY *key, struct rv_buf *out_pem) RV_MUSTCHECK;

/* For display: cut when longer than the field; "P-256", "RSA-2048". */
void rv_pki_name_text(const X509_NAME *name, char *out, size_t size);
void rv_pki_key_text(const EVP_PKEY *key, char out[static RV_PKI_KEY_TEXT_MAX + 1]);

/* All but the count. False: a date that cannot be read. */
bool rv_pki_read_info(X509 *cert, struct rv_pki_info *out);

bool rv_pki_is_p256(const EVP_PKEY *key);
/* 2,048 to 4,096 bits: what any peer can be expected to take. */
bool rv_pki_is_rsa(const EVP_PKEY *key);

bool rv_pki_set_serial(X509 *cert);
bool rv_pki_set_dates(X509 *cert, int64_t from_us, int64_t to_us);
/* value in OpenSSL's own notation, x509v3_config(5). */
bool rv_pki_add_extension(X509 *cert, X509 *issuer, int nid, const char *value);
/* Checked name parts and "IP:127.0.0.1,DNS:rs.example" of names (NULL: none), NUL-terminated. */
int rv_pki_check_subject(const struct rv_pki_name *subject, struct rv_diag *diag) RV_MUSTCHECK;
int rv_pki_check_lifetime(const struct rv_pki_request *req, struct rv_diag *diag) RV_MUSTCHECK;
int rv_pki_alt_names_text(const char *const *names, struct rv_buf *out,
			  struct rv_diag *diag) RV_MUSTCHECK;
bool rv_pki_set_name(X509_NAME *name, const struct rv_pki_name *subject);
/* Everything of a certificate but its alternative names and its signature. */
bool rv_pki_fill(X509 *cert, X509 *issuer, EVP_PKEY *key, const struct rv_pki_request *req);
/* X509_check_ca() and a key that belongs to it; *diag names "ca key" or "ca certificate". */
int rv_pki_check_ca(X509 *ca, EVP_PKEY *ca_key, struct rv_diag *diag) RV_MUSTCHECK;

/* Every failure of a call that can only fail for lack of memory or by a bug of ours. */
int rv_pki_openssl_failed(struct rv_diag *diag, const char *what);

#endif
