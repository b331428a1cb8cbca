#include "pki/pki_priv.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/password.h"
#include "base/time.h"

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

/* Has the last PEM read failed only because the text was at its end? */
static bool is_pem_end(void)
{
	unsigned long err = ERR_peek_last_error();

	return ERR_GET_LIB(err) == ERR_LIB_PEM && ERR_GET_REASON(err) == PEM_R_NO_START_LINE;
}

int rv_pki_read_cert_at(struct rv_str pem, const char *part, size_t index, X509 **out,
			size_t *count, struct rv_diag *diag)
{
	BIO *bio = open_text(pem);
	X509 *found = NULL, *cert;
	size_t n = 0;
	bool is_whole;

	if (bio == NULL)
		return -ENOMEM;
	while ((cert = PEM_read_bio_X509(bio, NULL, rv_no_password, NULL)) != NULL) {
		if (n++ == index)
			found = cert;
		else
			X509_free(cert);
	}
	is_whole = is_pem_end();
	BIO_free(bio);
	ERR_clear_error();
	if (!is_whole) {
		X509_free(found);
		return rv_diag_set(diag, RV_ESYNTAX, "pki.certificate", part,
				   "%s: certificate %zu of the PEM text is damaged", part, n + 1);
	}
	if (n == 0)
		return rv_diag_set(diag, RV_ESYNTAX, "pki.certificate", part,
				   "%s: no certificate in the PEM text", part);
	if (found == NULL)
		return rv_diag_set(diag, RV_ENOTFOUND, "pki.certificate", part,
				   "%s: there is no certificate %zu in the PEM text", part,
				   index + 1);
	if (count != NULL)
		*count = n;
	*out = found;
	return RV_OK;
}

int rv_pki_read_cert(struct rv_str pem, const char *part, X509 **out, size_t *count,
		     struct rv_diag *diag)
{
	return rv_pki_read_cert_at(pem, part, 0, out, count, diag);
}

/* Cut when longer than the field; for display, never for decisions. */
void rv_pki_name_text(const X509_NAME *name, char *out, size_t size)
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
	/* Counted from 1970 and not through a time_t, which ends in 2038 where it has 32 bits. */
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days, seconds;
	bool is_date = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1;

	if (is_date)
		*out = ((int64_t)days * RV_PKI_DAY_SECONDS + seconds) * RV_US_PER_SEC;
	ASN1_TIME_free(epoch);
	return is_date;
}

static void serial_text(const X509 *cert, char out[static RV_PKI_SERIAL_MAX + 1])
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = number == NULL ? NULL : BN_bn2hex(number);

	snprintf(out, RV_PKI_SERIAL_MAX + 1, "%s", hex == NULL ? "" : hex);
	OPENSSL_free(hex);
	BN_free(number);
}

static void print_text(const X509 *cert, char out[static RV_PKI_PRINT_LEN + 1])
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	out[0] = '\0';
	if (X509_digest(cert, EVP_sha256(), sum, &len) != 1)
		return;
	for (unsigned i = 0; i < len && 2 * i < RV_PKI_PRINT_LEN; i++)
		snprintf(&out[2 * i], 3, "%02x", sum[i]);
}

void rv_pki_key_text(const EVP_PKEY *key, char out[static RV_PKI_KEY_TEXT_MAX + 1])
{
	if (key == NULL)
		snprintf(out, RV_PKI_KEY_TEXT_MAX + 1, "?");
	else if (rv_pki_is_p256(key))
		snprintf(out, RV_PKI_KEY_TEXT_MAX + 1, "P-256");
	else
		snprintf(out, RV_PKI_KEY_TEXT_MAX + 1, "%.8s-%d", EVP_PKEY_get0_type_name(key),
			 EVP_PKEY_get_bits(key));
}

bool rv_pki_read_info(X509 *cert, struct rv_pki_info *out)
{
	if (!time_us(X509_get0_notBefore(cert), &out->not_before_us) ||
	    !time_us(X509_get0_notAfter(cert), &out->not_after_us))
		return false;
	rv_pki_name_text(X509_get_subject_name(cert), out->subject, sizeof(out->subject));
	rv_pki_name_text(X509_get_issuer_name(cert), out->issuer, sizeof(out->issuer));
	serial_text(cert, out->serial);
	print_text(cert, out->print);
	rv_pki_key_text(X509_get0_pubkey(cert), out->key);
	out->is_ca = X509_check_ca(cert) == 1;
	out->is_self_signed = X509_self_signed(cert, 0) == 1;
	return true;
}

int rv_pki_inspect_at(struct rv_str pem, size_t index, struct rv_pki_info *out,
		      struct rv_diag *diag)
{
	struct rv_pki_info info = { 0 };
	X509 *cert;
	int err;

	assert(out != NULL);
	err = rv_pki_read_cert_at(pem, "certificate", index, &cert, &info.count, diag);
	if (err != RV_OK)
		return err;
	if (rv_pki_read_info(cert, &info))
		*out = info;
	else
		err = rv_diag_set(diag, RV_ESYNTAX, "pki.certificate", "certificate",
				  "certificate: unreadable dates");
	X509_free(cert);
	ERR_clear_error();
	return err;
}

int rv_pki_inspect(struct rv_str pem, struct rv_pki_info *out, struct rv_diag *diag)
{
	return rv_pki_inspect_at(pem, 0, out, diag);
}

int rv_pki_pick(struct rv_str pem, size_t index, struct rv_buf *out_pem, struct rv_diag *diag)
{
	X509 *cert;
	int err = rv_pki_read_cert_at(pem, "certificate", index, &cert, NULL, diag);

	if (err != RV_OK)
		return err;
	err = rv_pki_put_cert(cert, out_pem);
	X509_free(cert);
	return err;
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
