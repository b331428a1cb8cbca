#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/password.h"
#include "pki/pki_priv.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096, KEYS_MAX = 8 /* in one text */ };

bool rv_pki_is_p256(const EVP_PKEY *key)
{
	char group[32];

	return EVP_PKEY_is_a(key, "EC") &&
	       EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	       strcmp(group, "prime256v1") == 0;
}

bool rv_pki_is_rsa(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	return EVP_PKEY_is_a(key, "RSA") && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
}

int rv_pki_put_key(EVP_PKEY *key, struct rv_buf *out_pem)
{
	BIO *bio = BIO_new(BIO_s_secmem()); /* wipes what it frees */
	int err = -ENOMEM;
	char *data;

	if (bio != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
		long len = BIO_get_mem_data(bio, &data);
		rv_buf_put(out_pem, data, (size_t)len);
		err = out_pem->err;
	}
	ERR_clear_error();
	BIO_free(bio);
	return err;
}

int rv_pki_key_make(enum rv_pki_key_kind kind, struct rv_pki_key **out)
{
	struct rv_pki_key *key = malloc(sizeof(*key));

	assert(out != NULL);
	if (key == NULL)
		return -ENOMEM;
	key->key = kind == RV_PKI_RSA2048 ? EVP_RSA_gen((unsigned)RSA_BITS_MIN)
					  : EVP_EC_gen("P-256");
	ERR_clear_error();
	if (key->key == NULL) {
		free(key);
		return -ENOMEM;
	}
	*out = key;
	return RV_OK;
}

int rv_pki_key_pem(const struct rv_pki_key *key, struct rv_buf *out_pem)
{
	return rv_pki_put_key(key->key, out_pem);
}

void rv_pki_key_free(struct rv_pki_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->key);
	free(key);
}

int rv_pki_key_new(struct rv_buf *out_pem)
{
	struct rv_pki_key *key;
	int err;

	assert(out_pem != NULL);
	err = rv_pki_key_make(RV_PKI_P256, &key);
	if (err != RV_OK)
		return err;
	err = rv_pki_key_pem(key, out_pem);
	rv_pki_key_free(key);
	return err;
}

static int read_keys(struct rv_str pem, const char *part, const X509 *cert, EVP_PKEY **out,
		     struct rv_diag *diag)
{
	BIO *bio;
	EVP_PKEY *key = NULL;
	size_t n = 0;
	bool is_mine = false;

	assert(pem.len <= INT_MAX);
	ERR_clear_error();
	bio = BIO_new_mem_buf(pem.len == 0 ? "" : pem.ptr, (int)pem.len);
	if (bio == NULL)
		return -ENOMEM;
	while (!is_mine && n < KEYS_MAX &&
	       (key = PEM_read_bio_PrivateKey(bio, NULL, rv_no_password, NULL)) != NULL) {
		n++;
		is_mine = cert == NULL || X509_check_private_key(cert, key) == 1;
		if (!is_mine)
			EVP_PKEY_free(key);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (is_mine) {
		*out = key;
		return RV_OK;
	}
	if (n == 0)
		return rv_diag_set(diag, RV_ESYNTAX, "pki.key", part,
				   "%s: no readable private key in the PEM text", part);
	return rv_diag_set(diag, RV_EINVALID, "pki.mismatch", part,
			   "%s: the key does not belong to the certificate", part);
}

int rv_pki_read_key(struct rv_str pem, const char *part, EVP_PKEY **out, struct rv_diag *diag)
{
	return read_keys(pem, part, NULL, out, diag);
}

int rv_pki_read_key_of(struct rv_str pem, const char *part, const X509 *cert, EVP_PKEY **out,
		       struct rv_diag *diag)
{
	return read_keys(pem, part, cert, out, diag);
}

int rv_pki_pick_key(struct rv_str key_pem, struct rv_str cert_pem, struct rv_buf *out_pem,
		    struct rv_diag *diag)
{
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int err = rv_pki_read_cert(cert_pem, "certificate", &cert, NULL, diag);

	if (err == RV_OK)
		err = rv_pki_read_key_of(key_pem, "key", cert, &key, diag);
	if (err == RV_OK)
		err = rv_pki_put_key(key, out_pem);
	EVP_PKEY_free(key);
	X509_free(cert);
	return err;
}
