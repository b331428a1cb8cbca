#include "pki/pki_priv.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "base/time.h"

enum {
	NAME_MAX_LEN = 64,  /* RFC 5280 ub-common-name, ub-organization-name */
	DNS_NAME_MAX = 253, /* RFC 1035 in text form */
	DNS_LABEL_MAX = 63,
	SERIAL_BYTES = 16, /* RFC 5280 allows 20; 127 of these bits are random */
};

static const int64_t day_us = 86400 * RV_US_PER_SEC;
/* RFC 5280 4.1.2.5: the last date that a certificate can name. */
static const int64_t last_us = INT64_C(253402300799) * RV_US_PER_SEC; /* 9999-12-31T23:59:59Z */

struct extension {
	int nid;
	const char *value; /* OpenSSL's own notation, x509v3_config(5) */
};

enum { EXTENSIONS_MAX = 5 };

/* Order is that of the certificate. No authority key identifier in a root: it would only repeat
 * its own, and the RS CA has to be small (pki.h). */
static const struct extension extensions[][EXTENSIONS_MAX] = {
	[RV_PKI_ROOT] = { { NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
			  { NID_key_usage, "critical,keyCertSign,cRLSign" },
			  { NID_subject_key_identifier, "hash" } },
	[RV_PKI_SERVER] = { { NID_basic_constraints, "critical,CA:FALSE" },
			    { NID_key_usage, "critical,digitalSignature" },
			    { NID_ext_key_usage, "serverAuth" },
			    { NID_subject_key_identifier, "hash" },
			    { NID_authority_key_identifier, "keyid:always" } },
	[RV_PKI_SA] = { { NID_basic_constraints, "critical,CA:FALSE" },
			{ NID_key_usage, "critical,digitalSignature" },
			{ NID_ext_key_usage, "clientAuth,serverAuth" },
			{ NID_subject_key_identifier, "hash" },
			{ NID_authority_key_identifier, "keyid:always" } },
};

/* Of an RSA leaf. Without keyEncipherment the suites with RSA key exchange, all that the original
 * client can serve, may not be used (spec/arms-protocol.md 2.5). */
static const char rsa_usage[] = "critical,digitalSignature,keyEncipherment";

/* Printable ASCII, so that the text form needs no escapes beyond RFC 2253's own. */
static bool is_name_part(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
	}
	return len >= 1 && len <= NAME_MAX_LEN;
}

static bool is_label(struct rv_str label)
{
	if (label.len == 0 || label.len > DNS_LABEL_MAX)
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.ptr[i];
		bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9');
		bool is_inner = i > 0 && i + 1 < label.len;
		if (!is_alnum && !(c == '-' && is_inner))
			return false;
	}
	return true;
}

/* Letters, digits and inner hyphens; "*." may stand in front. What passes cannot break out of
 * the extension notation. */
static bool is_dns_name(const char *text)
{
	struct rv_str rest = rv_str(text);

	if (rest.len > DNS_NAME_MAX)
		return false;
	if (rv_str_starts(rest, "*."))
		rest = rv_str_sub(rest, 2, rest.len);
	while (rest.len > 0) {
		size_t dot = rv_str_find(rest, '.');
		if (!is_label(rv_str_sub(rest, 0, dot)))
			return false;
		if (dot == rest.len)
			return true;
		rest = rv_str_sub(rest, dot + 1, rest.len);
	}
	return false;
}

static bool is_ip(const char *text)
{
	struct in6_addr any;

	return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

/* "IP:127.0.0.1,DNS:rs.example" */
int rv_pki_alt_names_text(const char *const *names, struct rv_buf *out, struct rv_diag *diag)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		bool is_address = is_ip(names[i]);
		if (!is_address && !is_dns_name(names[i]))
			return rv_diag_set(diag, RV_EINVALID, "pki.alt_name", "alt_names",
					   "\"%.64s\" is neither an address nor a host name",
					   names[i]);
		rv_buf_printf(out, "%s%s:%s", i == 0 ? "" : ",", is_address ? "IP" : "DNS",
			      names[i]);
	}
	rv_buf_putc(out, '\0');
	if (out->err != RV_OK)
		return rv_diag_set(diag, out->err, "pki.alt_name", "alt_names",
				   "too many names for one certificate");
	return RV_OK;
}

int rv_pki_check_subject(const struct rv_pki_name *subject, struct rv_diag *diag)
{
	if (subject->common_name == NULL || !is_name_part(subject->common_name))
		return rv_diag_set(diag, RV_EINVALID, "pki.subject", "common_name",
				   "the common name must be 1 to %d printable ASCII characters",
				   NAME_MAX_LEN);
	if (subject->organization != NULL && !is_name_part(subject->organization))
		return rv_diag_set(diag, RV_EINVALID, "pki.subject", "organization",
				   "the organization must be 1 to %d printable ASCII characters",
				   NAME_MAX_LEN);
	return RV_OK;
}

int rv_pki_check_lifetime(const struct rv_pki_request *req, struct rv_diag *diag)
{
	if (req->lifetime_us <= 0 || req->lifetime_us > last_us - req->now_us)
		return rv_diag_set(diag, RV_EINVALID, "pki.lifetime", "lifetime",
				   "the lifetime must be positive and end before the year 10000");
	return RV_OK;
}

static bool add_name_part(X509_NAME *name, const char *field, const char *value)
{
	return value == NULL ||
	       X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, (const unsigned char *)value,
					  -1, -1, 0) == 1;
}

bool rv_pki_set_name(X509_NAME *name, const struct rv_pki_name *subject)
{
	return add_name_part(name, "O", subject->organization) &&
	       add_name_part(name, "CN", subject->common_name);
}

bool rv_pki_set_serial(X509 *cert)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *number;
	bool is_set;

	rv_rand_secret(bytes, sizeof(bytes));
	bytes[0] &= 0x7f; /* positive without a padding byte */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	is_set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
	BN_free(number);
	return is_set;
}

/* As days and seconds after 1970: a time_t of 32 bits ends in 2038, a root does not. */
static bool set_date(ASN1_TIME *date, int64_t utc_us)
{
	int64_t seconds = utc_us / RV_US_PER_SEC;

	return ASN1_TIME_adj(date, 0, (int)(seconds / RV_PKI_DAY_SECONDS),
			     (long)(seconds % RV_PKI_DAY_SECONDS)) != NULL;
}

bool rv_pki_set_dates(X509 *cert, int64_t from_us, int64_t to_us)
{
	return set_date(X509_getm_notBefore(cert), from_us) &&
	       set_date(X509_getm_notAfter(cert), to_us);
}

bool rv_pki_add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;
	bool is_added;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&context);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	is_added = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_added;
}

bool rv_pki_fill(X509 *cert, X509 *issuer, EVP_PKEY *key, const struct rv_pki_request *req)
{
	X509_NAME *name = X509_get_subject_name(cert);
	const struct extension *ext = extensions[req->kind];
	bool is_rsa = EVP_PKEY_is_a(key, "RSA");

	if (X509_set_version(cert, X509_VERSION_3) != 1 || !rv_pki_set_serial(cert) ||
	    !rv_pki_set_dates(cert, req->now_us - day_us, req->now_us + req->lifetime_us) ||
	    X509_set_pubkey(cert, key) != 1 || !rv_pki_set_name(name, &req->subject) ||
	    X509_set_issuer_name(cert, X509_get_subject_name(issuer)) != 1)
		return false;
	for (size_t i = 0; i < EXTENSIONS_MAX && ext[i].value != NULL; i++) {
		const char *value = is_rsa && ext[i].nid == NID_key_usage ? rsa_usage
									  : ext[i].value;

		if (!rv_pki_add_extension(cert, issuer, ext[i].nid, value))
			return false;
	}
	return true;
}

int rv_pki_put_cert(X509 *cert, struct rv_buf *out_pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int err = -ENOMEM;
	char *data;

	if (bio != NULL && PEM_write_bio_X509(bio, cert) == 1) {
		long len = BIO_get_mem_data(bio, &data);
		rv_buf_put(out_pem, data, (size_t)len);
		err = out_pem->err;
	}
	BIO_free(bio);
	return err;
}

int rv_pki_check_ca(X509 *ca, EVP_PKEY *ca_key, struct rv_diag *diag)
{
	if (X509_check_private_key(ca, ca_key) != 1)
		return rv_diag_set(diag, RV_EINVALID, "pki.mismatch", "ca key",
				   "the CA key does not belong to the CA certificate");
	if (X509_check_ca(ca) != 1)
		return rv_diag_set(diag, RV_EINVALID, "pki.ca", "ca certificate",
				   "the issuer is not a CA certificate");
	return RV_OK;
}

static void signer_deinit(struct rv_pki_signer *signer)
{
	X509_free(signer->ca);
	EVP_PKEY_free(signer->ca_key);
}

static int read_signer(struct rv_str ca_cert_pem, struct rv_str ca_key_pem,
		       struct rv_pki_signer *out, struct rv_diag *diag)
{
	int err = rv_pki_read_cert(ca_cert_pem, "ca certificate", &out->ca, NULL, diag);

	if (err == RV_OK)
		err = rv_pki_read_key_of(ca_key_pem, "ca key", out->ca, &out->ca_key, diag);
	return err == RV_OK ? rv_pki_check_ca(out->ca, out->ca_key, diag) : err;
}

static int make(const struct rv_pki_request *req, const struct rv_pki_signer *signer, EVP_PKEY *key,
		const char *san, X509 **out, struct rv_diag *diag)
{
	X509 *cert = X509_new();
	X509 *issuer = signer->ca == NULL ? cert : signer->ca;
	EVP_PKEY *signing = signer->ca == NULL ? key : signer->ca_key;

	if (cert == NULL)
		return -ENOMEM;
	if (rv_pki_fill(cert, issuer, key, req) &&
	    (san[0] == '\0' || rv_pki_add_extension(cert, issuer, NID_subject_alt_name, san)) &&
	    X509_sign(cert, signing, EVP_sha256()) > 0) {
		*out = cert;
		return RV_OK;
	}
	X509_free(cert);
	return rv_pki_openssl_failed(diag, "making a certificate");
}

/* Everything but the parties. */
static int check_and_make(const struct rv_pki_request *req, const struct rv_pki_signer *signer,
			  EVP_PKEY *key, X509 **out, struct rv_diag *diag)
{
	struct rv_buf san = { .max = RV_PKI_SAN_TEXT_MAX };
	int err = rv_pki_check_subject(&req->subject, diag);

	if (err == RV_OK)
		err = rv_pki_check_lifetime(req, diag);
	if (err == RV_OK)
		err = rv_pki_alt_names_text(req->alt_names, &san, diag);
	if (err == RV_OK && !rv_pki_is_p256(key) &&
	    (req->kind == RV_PKI_ROOT || !rv_pki_is_rsa(key)))
		err = rv_diag_set(diag, RV_EINVALID, "pki.key", "key",
				  req->kind == RV_PKI_ROOT ? "key: not a P-256 key"
							   : "key: neither P-256 nor RSA of 2048 "
							     "to 4096 bits");
	if (err == RV_OK)
		err = make(req, signer, key, san.ptr, out, diag);
	ERR_clear_error();
	rv_buf_deinit(&san);
	return err;
}

int rv_pki_issue(const struct rv_pki_request *req, struct rv_str key_pem, struct rv_str ca_cert_pem,
		 struct rv_str ca_key_pem, struct rv_buf *out_pem, struct rv_diag *diag)
{
	struct rv_pki_signer signer = { 0 };
	X509 *cert = NULL;
	bool is_root = req->kind == RV_PKI_ROOT;
	EVP_PKEY *key = NULL;
	int err;

	assert(out_pem != NULL);
	assert(!is_root || (ca_cert_pem.len == 0 && ca_key_pem.len == 0));
	err = rv_pki_read_key(key_pem, "key", &key, diag);
	if (err == RV_OK && !is_root)
		err = read_signer(ca_cert_pem, ca_key_pem, &signer, diag);
	if (err == RV_OK)
		err = check_and_make(req, &signer, key, &cert, diag);
	if (err == RV_OK)
		err = rv_pki_put_cert(cert, out_pem);
	X509_free(cert);
	EVP_PKEY_free(key);
	signer_deinit(&signer);
	return err;
}

int rv_pki_signer_new(struct rv_str ca_cert_pem, struct rv_str ca_key_pem,
		      struct rv_pki_signer **out, struct rv_diag *diag)
{
	struct rv_pki_signer *signer = calloc(1, sizeof(*signer));
	int err;

	assert(out != NULL);
	if (signer == NULL)
		return -ENOMEM;
	err = read_signer(ca_cert_pem, ca_key_pem, signer, diag);
	if (err == RV_OK)
		*out = signer;
	else
		rv_pki_signer_free(signer);
	return err;
}

int rv_pki_signer_issue(const struct rv_pki_signer *signer, const struct rv_pki_request *req,
			const struct rv_pki_key *key, struct rv_buf *out_pem,
			struct rv_pki_info *info, struct rv_diag *diag)
{
	struct rv_pki_info made = { .count = 1 };
	X509 *cert = NULL;
	int err;

	assert(req->kind != RV_PKI_ROOT);
	err = check_and_make(req, signer, key->key, &cert, diag);
	if (err == RV_OK && info != NULL && !rv_pki_read_info(cert, &made))
		err = rv_pki_openssl_failed(diag, "reading a certificate");
	if (err == RV_OK)
		err = rv_pki_put_cert(cert, out_pem);
	if (err == RV_OK && info != NULL)
		*info = made;
	X509_free(cert);
	return err;
}

void rv_pki_signer_free(struct rv_pki_signer *signer)
{
	if (signer == NULL)
		return;
	signer_deinit(signer);
	free(signer);
}
