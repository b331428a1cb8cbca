#include "pki/pki_priv.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/time.h"

/* Without it OpenSSL asks the terminal for the password of an encrypted key. */
static int no_password(char *buf, int size, int is_writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)is_writing;
	(void)arg;
	return -1;
}

int rv_pki_openssl_failed(struct rv_diag *diag, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	rv_diag_set(diag, RV_ETLS, "pki.openssl", "", "OpenSSL failed: %s: %s", what,
		    reason == NULL ? "out of memory" : reason);
	ERR_clear_error();
	return RV_ETLS;
}

static BIO *open_text(struct rv_str pem)
{
	assert(pem.len <= INT_MAX);
	ERR_clear_error();
	return BIO_new_mem_buf(pem.len == 0 ? "" : pem.ptr, (int)pem.len);
}

int rv_pki_read_key(struct rv_str pem, const char *part, EVP_PKEY **out, struct rv_diag *diag)
{
	BIO *bio = open_text(pem);
	EVP_PKEY *key;

	if (bio == NULL)
		return -ENOMEM;
	key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (key == NULL)
		return rv_diag_set(diag, RV_ESYNTAX, "pki.key", part,
				   "%s: no readable private key in the PEM text", part);
	*out = key;
	return RV_OK;
}

/* Has the last PEM read failed only because the text was at its end? */
static bool is_pem_end(void)
{
	unsigned long err = ERR_peek_last_error();

	return ERR_GET_LIB(err) == ERR_LIB_PEM && ERR_GET_REASON(err) == PEM_R_NO_START_LINE;
}

int rv_pki_read_cert(struct rv_str pem, const char *part, X509 **out, size_t *count,
		     struct rv_diag *diag)
{
	BIO *bio = open_text(pem);
	X509 *first = NULL, *cert;
	size_t n = 0;
	bool is_whole;

	if (bio == NULL)
		return -ENOMEM;
	while ((cert = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
		if (n++ == 0)
			first = cert;
		else
			X509_free(cert);
	}
	is_whole = is_pem_end();
	BIO_free(bio);
	ERR_clear_error();
	if (!is_whole) {
		X509_free(first);
		return rv_diag_set(diag, RV_ESYNTAX, "pki.certificate", part,
				   "%s: certificate %zu of the PEM text is damaged", part, n + 1);
	}
	if (first == NULL)
		return rv_diag_set(diag, RV_ESYNTAX, "pki.certificate", part,
				   "%s: no certificate in the PEM text", part);
	if (count != NULL)
		*count = n;
	*out = first;
	return RV_OK;
}

/* Cut when longer than the field; for display, never for decisions. */
static void name_text(const X509_NAME *name, char *out, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;

	out[0] = '\0';
	if (bio == NULL)
		return;
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
		size_t len = (size_t)BIO_get_mem_data(bio, &data);
		len = len < size ? len : size - 1;
		memcpy(out, data, len);
		out[len] = '\0';
	}
	BIO_free(bio);
}

static bool time_us(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*out = (int64_t)timegm(&tm) * RV_US_PER_SEC;
	return true;
}

int rv_pki_inspect(struct rv_str pem, struct rv_pki_info *out, struct rv_diag *diag)
{
	struct rv_pki_info info;
	X509 *cert;
	int err;

	assert(out != NULL);
	err = rv_pki_read_cert(pem, "certificate", &cert, &info.count, diag);
	if (err != RV_OK)
		return err;
	if (!time_us(X509_get0_notBefore(cert), &info.not_before_us) ||
	    !time_us(X509_get0_notAfter(cert), &info.not_after_us)) {
		X509_free(cert);
		return rv_diag_set(diag, RV_ESYNTAX, "pki.certificate", "certificate",
				   "certificate: unreadable dates");
	}
	name_text(X509_get_subject_name(cert), info.subject, sizeof(info.subject));
	name_text(X509_get_issuer_name(cert), info.issuer, sizeof(info.issuer));
	info.is_ca = X509_check_ca(cert) == 1;
	X509_free(cert);
	*out = info;
	return RV_OK;
}

int rv_pki_check_pair(struct rv_str cert_pem, struct rv_str key_pem, struct rv_diag *diag)
{
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int err;

	err = rv_pki_read_cert(cert_pem, "certificate", &cert, NULL, diag);
	if (err == RV_OK)
		err = rv_pki_read_key(key_pem, "key", &key, diag);
	if (err == RV_OK && X509_check_private_key(cert, key) != 1)
		err = rv_diag_set(diag, RV_EINVALID, "pki.mismatch", "key",
				  "the key does not belong to the certificate");
	ERR_clear_error();
	EVP_PKEY_free(key);
	X509_free(cert);
	return err;
}

int rv_pki_check_issued(struct rv_str cert_pem, struct rv_str ca_pem, struct rv_diag *diag)
{
	X509 *cert = NULL, *ca = NULL;
	int err;

	err = rv_pki_read_cert(cert_pem, "certificate", &cert, NULL, diag);
	if (err == RV_OK)
		err = rv_pki_read_cert(ca_pem, "ca", &ca, NULL, diag);
	if (err == RV_OK && (X509_check_issued(ca, cert) != X509_V_OK ||
			     X509_verify(cert, X509_get0_pubkey(ca)) != 1))
		err = rv_diag_set(diag, RV_EINVALID, "pki.issuer", "certificate",
				  "the certificate was not issued by this CA");
	ERR_clear_error();
	X509_free(ca);
	X509_free(cert);
	return err;
}
