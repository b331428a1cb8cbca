#include "tls/tls_priv.h"

#include <assert.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LEN = 16, AES_LEN = 32, HMAC_LEN = 32, IV_LEN = 16 };

struct key {
	unsigned char name[NAME_LEN];
	unsigned char aes[AES_LEN];
	unsigned char hmac[HMAC_LEN];
};

_Static_assert(sizeof(struct key) == RV_TLS_TICKET_KEY_LEN, "a key is its bytes");

struct rv_tls_tickets {
	atomic_uint refs;
	pthread_mutex_t lock; /* of what follows */
	size_t count;
	struct key keys[RV_TLS_TICKET_KEYS_MAX];
};

int rv_tls_tickets_new(struct rv_tls_tickets **out)
{
	struct rv_tls_tickets *tickets = calloc(1, sizeof(*tickets));

	if (tickets == NULL)
		return -ENOMEM;
	if (RAND_bytes((unsigned char *)&tickets->keys[0], sizeof(struct key)) != 1) {
		free(tickets);
		return RV_ETLS;
	}
	tickets->count = 1;
	atomic_init(&tickets->refs, 1);
	pthread_mutex_init(&tickets->lock, NULL);
	*out = tickets;
	return RV_OK;
}

struct rv_tls_tickets *rv_tls_tickets_ref(struct rv_tls_tickets *tickets)
{
	atomic_fetch_add_explicit(&tickets->refs, 1, memory_order_relaxed);
	return tickets;
}

void rv_tls_tickets_unref(struct rv_tls_tickets *tickets)
{
	if (tickets == NULL)
		return;
	if (atomic_fetch_sub_explicit(&tickets->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_destroy(&tickets->lock);
	OPENSSL_cleanse(tickets->keys, sizeof(tickets->keys));
	free(tickets);
}

static bool has_twins(const struct key *keys, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (memcmp(keys[i].name, keys[k].name, NAME_LEN) == 0)
				return true;
	return false;
}

int rv_tls_tickets_set(struct rv_tls_tickets *tickets, struct rv_str keys)
{
	struct key set[RV_TLS_TICKET_KEYS_MAX] = { 0 };
	size_t n = keys.len / sizeof(set[0]);

	if (n == 0 || keys.len > sizeof(set) || keys.len % sizeof(set[0]) != 0)
		return RV_EINVALID;
	memcpy(set, keys.ptr, keys.len);
	if (has_twins(set, n)) {
		OPENSSL_cleanse(set, sizeof(set));
		return RV_EINVALID;
	}
	pthread_mutex_lock(&tickets->lock);
	memcpy(tickets->keys, set, sizeof(set)); /* zeroes what the old set had more */
	tickets->count = n;
	pthread_mutex_unlock(&tickets->lock);
	OPENSSL_cleanse(set, sizeof(set));
	return RV_OK;
}

/* The key of that name, or the sealing one for NULL; -1: none. */
static int find_key(struct rv_tls_tickets *tickets, const unsigned char *name, struct key *out)
{
	int found = -1;

	pthread_mutex_lock(&tickets->lock);
	for (size_t i = 0; i < tickets->count && found < 0; i++)
		if (name == NULL || memcmp(tickets->keys[i].name, name, NAME_LEN) == 0)
			found = (int)i;
	if (found >= 0)
		*out = tickets->keys[found];
	pthread_mutex_unlock(&tickets->lock);
	return found;
}

static bool set_mac(EVP_MAC_CTX *mac, struct key *key)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->hmac, HMAC_LEN),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* What the callback of OpenSSL returns (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)). */
enum { TICKET_ERROR = -1, TICKET_UNKNOWN = 0, TICKET_GOOD = 1, TICKET_RENEW = 2 };

static int seal(struct key *key, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
		EVP_MAC_CTX *mac)
{
	memcpy(name, key->name, NAME_LEN);
	if (RAND_bytes(iv, IV_LEN) != 1 ||
	    EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->aes, iv) != 1 ||
	    !set_mac(mac, key))
		return TICKET_ERROR;
	return TICKET_GOOD;
}

static int open_sealed(struct key *key, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
		       EVP_MAC_CTX *mac)
{
	if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->aes, iv) != 1 ||
	    !set_mac(mac, key))
		return TICKET_ERROR;
	return TICKET_GOOD;
}

static int on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
			 EVP_MAC_CTX *mac, int is_sealing)
{
	const struct rv_tls *tls = SSL_get_app_data(ssl);
	struct key key;
	int at = find_key(tls->ctx->tickets, is_sealing ? NULL : name, &key);
	int verdict;

	if (at < 0)
		return TICKET_UNKNOWN;
	verdict = is_sealing ? seal(&key, name, iv, cipher, mac)
			     : open_sealed(&key, iv, cipher, mac);
	OPENSSL_cleanse(&key, sizeof(key));
	return verdict == TICKET_GOOD && !is_sealing && at > 0 ? TICKET_RENEW : verdict;
}

/* Trust is asked for again: the certificate of the session may have expired, or its CA may be
 * trusted no more. Intermediates are not in the ticket, so a chain with some is never resumed. */
static bool is_peer_still_trusted(const struct rv_tls_ctx *ctx, X509 *peer)
{
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	bool is_trusted = false;

	if (store != NULL &&
	    X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(ctx->ssl_ctx), peer, NULL) == 1 &&
	    X509_STORE_CTX_set_default(store, "ssl_client") == 1 &&
	    X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(store),
				   SSL_CTX_get0_param(ctx->ssl_ctx)) == 1)
		is_trusted = X509_verify_cert(store) == 1;
	X509_STORE_CTX_free(store);
	ERR_clear_error();
	return is_trusted;
}

static SSL_TICKET_RETURN on_ticket_opened(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
					  size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
	const struct rv_tls_ctx *ctx = arg;
	X509 *peer;

	(void)ssl;
	(void)name;
	(void)name_len;
	switch (status) {
	case SSL_TICKET_SUCCESS:
	case SSL_TICKET_SUCCESS_RENEW:
		break;
	case SSL_TICKET_EMPTY:
	case SSL_TICKET_NO_DECRYPT:
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	default:
		return SSL_TICKET_RETURN_ABORT;
	}
	peer = SSL_SESSION_get0_peer(session);
	if (peer != NULL && !is_peer_still_trusted(ctx, peer))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

bool rv_tls_use_tickets(struct rv_tls_ctx *ctx)
{
	if (!ctx->is_server)
		return true;
	if (ctx->tickets == NULL) {
		SSL_CTX_set_options(ctx->ssl_ctx, SSL_OP_NO_TICKET);
		return true;
	}
	return SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx->ssl_ctx, on_ticket_key) == 1 &&
	       SSL_CTX_set_session_ticket_cb(ctx->ssl_ctx, NULL, on_ticket_opened, ctx) == 1;
}
