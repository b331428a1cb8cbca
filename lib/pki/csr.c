#include "pki/csr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/pki_priv.h"

enum { NAME_PART_MAX = 64, ALT_TEXT_MAX = 254 };

/* -- making ----------------------------------------------------------------------------------- */

static bool add_names(X509_REQ *csr, const char *san)
{
	STACK_OF(X509_EXTENSION) *list = NULL;
	X509_EXTENSION *extension;
	bool is_added;

	if (san[0] == '\0')
		return true;
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	is_added = extension != NULL && X509v3_add_ext(&list, extension, -1) != NULL &&
		   X509_REQ_add_extensions(csr, list) == 1;
	X509_EXTENSION_free(extension);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return is_added;
}

static int put_csr(X509_REQ *csr, struct rv_buf *out_pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int err = -ENOMEM;
	char *data;

	if (bio != NULL && PEM_write_bio_X509_REQ(bio, csr) == 1) {
		long len = BIO_get_mem_data(bio, &data);
		rv_buf_put(out_pem, data, (size_t)len);
		err = out_pem->err;
	}
	BIO_free(bio);
	return err;
}

static int make(const struct rv_pki_name *subject, const char *san, EVP_PKEY *key,
		struct rv_buf *out_pem, struct rv_diag *diag)
{
	X509_REQ *csr = X509_REQ_new();
	int err;

	if (csr == NULL)
		return -ENOMEM;
	if (X509_REQ_set_version(csr, X509_REQ_VERSION_1) == 1 &&
	    rv_pki_set_name(X509_REQ_get_subject_name(csr), subject) &&
	    X509_REQ_set_pubkey(csr, key) == 1 && add_names(csr, san) &&
	    X509_REQ_sign(csr, key, EVP_sha256()) > 0)
		err = put_csr(csr, out_pem);
	else
		err = rv_pki_openssl_failed(diag, "making a signing request");
	X509_REQ_free(csr);
	return err;
}

int rv_pki_csr_new(const struct rv_pki_name *subject, const char *const *alt_names,
		   struct rv_str key_pem, struct rv_buf *out_pem, struct rv_diag *diag)
{
	struct rv_buf san = { .max = RV_PKI_SAN_TEXT_MAX };
	EVP_PKEY *key = NULL;
	int err;

	assert(out_pem != NULL);
	err = rv_pki_check_subject(subject, diag);
	if (err == RV_OK)
		err = rv_pki_alt_names_text(alt_names, &san, diag);
	if (err == RV_OK)
		err = rv_pki_read_key(key_pem, "key", &key, diag);
	if (err == RV_OK && !rv_pki_is_p256(key) && !rv_pki_is_rsa(key))
		err = rv_diag_set(diag, RV_EINVALID, "pki.key", "key",
				  "key: neither P-256 nor RSA of 2048 to 4096 bits");
	if (err == RV_OK)
		err = make(subject, san.ptr, key, out_pem, diag);
	ERR_clear_error();
	EVP_PKEY_free(key);
	rv_buf_deinit(&san);
	return err;
}

/* -- reading ---------------------------------------------------------------------------------- */

/* What is taken of a request. */
struct wish {
	char common_name[NAME_PART_MAX + 1];
	char organization[NAME_PART_MAX + 1];
	char *names[RV_PKI_CSR_NAMES_MAX + 1]; /* owned; NULL-terminated */
	size_t name_count;
};

static void wish_free(struct wish *wish)
{
	if (wish == NULL)
		return;
	for (size_t i = 0; i < wish->name_count; i++)
		free(wish->names[i]);
	free(wish);
}

static int refuse(struct rv_diag *diag, const char *what)
{
	return rv_diag_set(diag, RV_EINVALID, "pki.csr", "csr", "csr: %s", what);
}

static int read_csr(struct rv_str pem, X509_REQ **out, struct rv_diag *diag)
{
	X509_REQ *csr;
	BIO *bio;

	assert(pem.len <= INT_MAX);
	ERR_clear_error();
	bio = BIO_new_mem_buf(pem.len == 0 ? "" : pem.ptr, (int)pem.len);
	if (bio == NULL)
		return -ENOMEM;
	csr = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (csr == NULL)
		return rv_diag_set(diag, RV_ESYNTAX, "pki.csr", "csr",
				   "csr: no readable signing request in the PEM text");
	if (X509_REQ_get0_pubkey(csr) == NULL ||
	    X509_REQ_verify(csr, X509_REQ_get0_pubkey(csr)) != 1) {
		X509_REQ_free(csr);
		ERR_clear_error();
		return refuse(diag, "its signature is not by its own key");
	}
	*out = csr;
	return RV_OK;
}

/* The one value of a kind; "" when there is none. */
static bool take_part(X509_NAME *name, int nid, char out[static NAME_PART_MAX + 1])
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	unsigned char *text = NULL;
	int len;
	bool is_fine;

	out[0] = '\0';
	if (at < 0)
		return true;
	if (X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return false;
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	is_fine = len > 0 && len <= NAME_PART_MAX && memchr(text, '\0', (size_t)len) == NULL;
	if (is_fine) {
		memcpy(out, text, (size_t)len);
		out[len] = '\0';
	}
	OPENSSL_free(text);
	return is_fine;
}

static int take_subject(X509_REQ *csr, struct wish *wish, struct rv_diag *diag)
{
	X509_NAME *name = X509_REQ_get_subject_name(csr);
	int parts;

	if (!take_part(name, NID_commonName, wish->common_name) ||
	    !take_part(name, NID_organizationName, wish->organization))
		return refuse(diag, "its subject must have one CN, and one O at most, of 1 to 64 "
				    "characters");
	parts = (wish->common_name[0] != '\0') + (wish->organization[0] != '\0');
	if (wish->common_name[0] == '\0' || X509_NAME_entry_count(name) != parts)
		return refuse(diag,
			      "its subject must have a CN and may have an O, and nothing else");
	return RV_OK;
}

/* False: of a kind that we do not sign. */
static bool name_text(const GENERAL_NAME *name, char out[static ALT_TEXT_MAX])
{
	const ASN1_STRING *value = name->type == GEN_DNS     ? name->d.dNSName
				   : name->type == GEN_IPADD ? name->d.iPAddress
							     : NULL;
	size_t len = value == NULL ? 0 : (size_t)ASN1_STRING_length(value);
	const unsigned char *bytes = value == NULL ? NULL : ASN1_STRING_get0_data(value);

	if (len == 0 || len >= ALT_TEXT_MAX)
		return false;
	if (name->type == GEN_IPADD)
		return (len == 4 || len == 16) &&
		       inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, out, ALT_TEXT_MAX) != NULL;
	if (memchr(bytes, '\0', len) != NULL)
		return false;
	memcpy(out, bytes, len);
	out[len] = '\0';
	return true;
}

static int take_names(X509_REQ *csr, struct wish *wish, struct rv_diag *diag)
{
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(csr);
	GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
	char text[ALT_TEXT_MAX];
	int err = RV_OK;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && err == RV_OK; i++) {
		if (i >= RV_PKI_CSR_NAMES_MAX)
			err = refuse(diag, "more than 64 alternative names");
		else if (!name_text(sk_GENERAL_NAME_value(names, i), text))
			err = refuse(diag, "an alternative name is neither address nor host name");
		else if ((wish->names[wish->name_count] = strdup(text)) == NULL)
			err = -ENOMEM;
		else
			wish->name_count++;
	}
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return err;
}

static int read_wish(X509_REQ *csr, struct wish **out, struct rv_diag *diag)
{
	struct wish *wish = calloc(1, sizeof(*wish));
	int err;

	if (wish == NULL)
		return -ENOMEM;
	err = take_subject(csr, wish, diag);
	if (err == RV_OK)
		err = take_names(csr, wish, diag);
	ERR_clear_error();
	if (err == RV_OK)
		*out = wish;
	else
		wish_free(wish);
	return err;
}

int rv_pki_csr_inspect(struct rv_str csr_pem, struct rv_pki_csr_info *out, struct rv_diag *diag)
{
	struct rv_pki_csr_info info = { 0 };
	struct wish *wish = NULL;
	X509_REQ *csr;
	int err = read_csr(csr_pem, &csr, diag);

	assert(out != NULL);
	if (err != RV_OK)
		return err;
	err = read_wish(csr, &wish, diag);
	if (err == RV_OK) {
		rv_pki_name_text(X509_REQ_get_subject_name(csr), info.subject,
				 sizeof(info.subject));
		rv_pki_key_text(X509_REQ_get0_pubkey(csr), info.key);
		info.names = wish->name_count;
		*out = info;
	}
	wish_free(wish);
	X509_REQ_free(csr);
	return err;
}

/* -- signing ---------------------------------------------------------------------------------- */

int rv_pki_csr_issue(const struct rv_pki_request *req, struct rv_str csr_pem,
		     struct rv_str ca_cert_pem, struct rv_str ca_key_pem, struct rv_buf *out_pem,
		     struct rv_diag *diag)
{
	struct rv_pki_request made = *req;
	struct rv_pki_signer *signer = NULL;
	struct wish *wish = NULL;
	X509_REQ *csr = NULL;
	int err;

	assert(req->kind != RV_PKI_ROOT);
	err = read_csr(csr_pem, &csr, diag);
	if (err == RV_OK)
		err = read_wish(csr, &wish, diag);
	if (err == RV_OK)
		err = rv_pki_signer_new(ca_cert_pem, ca_key_pem, &signer, diag);
	if (err == RV_OK) {
		struct rv_pki_key key = { .key = X509_REQ_get0_pubkey(csr) };

		made.subject = (struct rv_pki_name){
			.common_name = wish->common_name,
			.organization = wish->organization[0] != '\0' ? wish->organization : NULL,
		};
		made.alt_names = (const char *const *)wish->names;
		err = rv_pki_signer_issue(signer, &made, &key, out_pem, NULL, diag);
	}
	rv_pki_signer_free(signer);
	wish_free(wish);
	X509_REQ_free(csr);
	return err;
}
