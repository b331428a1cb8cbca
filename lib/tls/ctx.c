#include "tls/tls_priv.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/password.h"

/* Forward secrecy and authenticated encryption only. AES-128 first, for the SHA-256 beside it: a
 * TLS 1.3 handshake derives its keys and hashes its transcript with the suite's hash, and
 * most processors have instructions for SHA-256 but not for SHA-384. Both ends of a full handshake
 * together take 7.53 instead of 8.12 million instructions (OpenSSL 3.0, x86-64). */
static const char modern_suites[] = "ECDHE+AES128+AESGCM:ECDHE+AESGCM:ECDHE+CHACHA20";
static const char tls13_suites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
				   "TLS_CHACHA20_POLY1305_SHA256";
/* libarms of 2014 has CBC suites only, and without EC parameters RSA key exchange only
 * (spec/arms-protocol.md 2.4, 2.5). */
static const char from_10_suites[] = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:kRSA+AES:@SECLEVEL=0";
static const char only_10_suites[] = "ECDHE+AES+SHA1:kRSA+AES+SHA1:@SECLEVEL=0";
/* X25519 first: its keys cost three times as much to make as those of P-256, but there OpenSSL
 * checks the peer's point by a multiplication as long as the exchange itself. Both ends of a full
 * handshake together take 7.08 instead of 8.12 million instructions. */
static const char groups[] = "X25519:P-256:P-384";
static const char old_groups[] = "P-256:X25519:P-384";

enum {
	SECURITY_LEVEL = 2,
	/* What RFC 8446 allows at most. The rotation of the ticket keys is the bound that counts:
	 * sessions are kept in tickets only. */
	SESSION_S = 7 * 86400,
};

static int refuse(struct rv_diag *diag, const char *part, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	return rv_diag_set(diag, RV_ETLS, "tls.material", part, "%s: %s%s%s", part, what,
			   reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
}

/* Has the last PEM read failed only because the text was at its end? */
static bool is_pem_end(void)
{
	unsigned long err = ERR_peek_last_error();

	return ERR_GET_LIB(err) == ERR_LIB_PEM && ERR_GET_REASON(err) == PEM_R_NO_START_LINE;
}

/* What to do with each certificate of a text; n counts from 0. NULL, or why it cannot be used. */
typedef const char *(*cert_fn)(struct rv_tls_ctx *ctx, X509 *cert, size_t n);

static int each_cert(struct rv_tls_ctx *ctx, struct rv_str pem, const char *part, cert_fn fn,
		     struct rv_diag *diag)
{
	BIO *bio = BIO_new_mem_buf(pem.len == 0 ? "" : pem.ptr, (int)pem.len);
	int err = RV_OK;
	X509 *cert;
	size_t n = 0;

	if (bio == NULL)
		return -ENOMEM;
	ERR_clear_error();
	while (err == RV_OK &&
	       (cert = PEM_read_bio_X509(bio, NULL, rv_no_password, NULL)) != NULL) {
		const char *why = fn(ctx, cert, n++);
		if (why != NULL)
			err = refuse(diag, part, why);
		X509_free(cert);
	}
	if (err == RV_OK && !is_pem_end())
		err = refuse(diag, part, "a certificate of the PEM text is damaged");
	else if (err == RV_OK && n == 0)
		err = rv_diag_set(diag, RV_ETLS, "tls.material", part,
				  "%s: no certificate in the PEM text", part);
	ERR_clear_error();
	BIO_free(bio);
	return err;
}

static const char *use_own_cert(struct rv_tls_ctx *ctx, X509 *cert, size_t n)
{
	long is_ok = n == 0 ? SSL_CTX_use_certificate(ctx->ssl_ctx, cert)
			    : SSL_CTX_add1_chain_cert(ctx->ssl_ctx, cert);

	return is_ok == 1 ? NULL : "not usable";
}

static const char *trust_cert(struct rv_tls_ctx *ctx, X509 *cert, size_t n)
{
	(void)n;
	if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx->ssl_ctx), cert) != 1)
		return "not usable";
	if (ctx->is_server && SSL_CTX_add_client_CA(ctx->ssl_ctx, cert) != 1)
		return "not usable";
	return NULL;
}

/* ARMS trusts one certificate, the first of the text, and it must be a root. */
static const char *trust_first_root(struct rv_tls_ctx *ctx, X509 *cert, size_t n)
{
	if (n > 0)
		return NULL;
	return X509_self_signed(cert, 1) == 1 ? trust_cert(ctx, cert, n) : "not self-signed";
}

static int load_key(struct rv_tls_ctx *ctx, struct rv_str pem, const char *part,
		    struct rv_diag *diag)
{
	BIO *bio = BIO_new_mem_buf(pem.len == 0 ? "" : pem.ptr, (int)pem.len);
	EVP_PKEY *key;
	int err = RV_OK;

	if (bio == NULL)
		return -ENOMEM;
	ERR_clear_error();
	key = PEM_read_bio_PrivateKey(bio, NULL, rv_no_password, NULL);
	if (key == NULL)
		err = refuse(diag, part, "no readable private key in the PEM text");
	else if (X509_check_private_key(SSL_CTX_get0_certificate(ctx->ssl_ctx), key) != 1)
		err = refuse(diag, part, "does not belong to the certificate");
	else if (SSL_CTX_use_PrivateKey(ctx->ssl_ctx, key) != 1)
		err = refuse(diag, part, "not usable");
	ERR_clear_error();
	EVP_PKEY_free(key);
	BIO_free(bio);
	return err;
}

static int key_kind(const struct rv_tls_ctx *ctx)
{
	return EVP_PKEY_get_base_id(X509_get0_pubkey(SSL_CTX_get0_certificate(ctx->ssl_ctx)));
}

/* OpenSSL keeps one chain per kind of key, and would replace the first. */
static int load_second(struct rv_tls_ctx *ctx, const struct rv_tls_opt *opt, struct rv_diag *diag)
{
	int first_kind = key_kind(ctx);
	int err = each_cert(ctx, opt->second_cert_pem, "second certificate", use_own_cert, diag);

	if (err == RV_OK && key_kind(ctx) == first_kind)
		err = refuse(diag, "second certificate",
			     "its key is of the same kind as the first");
	return err == RV_OK ? load_key(ctx, opt->second_key_pem, "second key", diag) : err;
}

static int load_own(struct rv_tls_ctx *ctx, const struct rv_tls_opt *opt, struct rv_diag *diag)
{
	int err;

	if (opt->cert_pem.len == 0 && !opt->is_server)
		return RV_OK;
	err = each_cert(ctx, opt->cert_pem, "certificate", use_own_cert, diag);
	if (err != RV_OK)
		return err;
	err = load_key(ctx, opt->key_pem, "key", diag);
	return err == RV_OK && opt->second_cert_pem.len > 0 ? load_second(ctx, opt, diag) : err;
}

static int load_trust(struct rv_tls_ctx *ctx, const struct rv_tls_opt *opt, struct rv_diag *diag)
{
	switch (opt->peer) {
	case RV_TLS_PEER_NONE:
	case RV_TLS_PEER_INSECURE:
		return RV_OK;
	case RV_TLS_PEER_ANCHOR:
		X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx->ssl_ctx),
					    X509_V_FLAG_NO_CHECK_TIME);
		return each_cert(ctx, opt->ca_pem, "ca", trust_first_root, diag);
	case RV_TLS_PEER_NAME:
		if (opt->ca_pem.len == 0)
			return SSL_CTX_set_default_verify_paths(ctx->ssl_ctx) == 1
				       ? RV_OK
				       : refuse(diag, "ca", "the system has no trust store");
		break;
	case RV_TLS_PEER_OPTIONAL:
		X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx->ssl_ctx),
					    X509_V_FLAG_NO_CHECK_TIME);
		break;
	}
	return each_cert(ctx, opt->ca_pem, "ca", trust_cert, diag);
}

static const struct {
	int min, max, security_level;
	const char *suites, *groups;
} policies[] = {
	[RV_TLS_MODERN] = { TLS1_2_VERSION, TLS1_3_VERSION, SECURITY_LEVEL, modern_suites, groups },
	[RV_TLS_FROM_10] = { TLS1_VERSION, TLS1_3_VERSION, 0, from_10_suites, groups },
	[RV_TLS_ONLY_10] = { TLS1_VERSION, TLS1_VERSION, 0, only_10_suites, old_groups },
	[RV_TLS_ONLY_12] = { TLS1_2_VERSION, TLS1_2_VERSION, SECURITY_LEVEL, modern_suites,
			     groups },
	[RV_TLS_ONLY_13] = { TLS1_3_VERSION, TLS1_3_VERSION, SECURITY_LEVEL, modern_suites,
			     groups },
};

static bool set_policy(SSL_CTX *ssl_ctx, enum rv_tls_versions versions)
{
	uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;

	/* One record per write in TLS 1.0 too; reopens the CBC weakness there, so only there. */
	if (policies[versions].min == TLS1_VERSION)
		options |= SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS;
	/* The server chooses, but for clients that want ChaCha20 most: they have no instructions
	 * for AES. */
	if (policies[versions].min > TLS1_VERSION)
		options |= SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
	SSL_CTX_set_options(ssl_ctx, options);
	/* A write that waits is repeated from a queue that may have moved meanwhile. */
	SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_NO_AUTO_CHAIN);
	/* One recv(2) for a whole flight instead of two per record. */
	SSL_CTX_set_read_ahead(ssl_ctx, 1);
	SSL_CTX_set_session_cache_mode(ssl_ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ssl_ctx, SESSION_S);
	SSL_CTX_set_security_level(ssl_ctx, policies[versions].security_level);
	/* TLS 1.2 tickets only. A resumed 1.3 handshake repeats the key exchange: with P-256 it
	 * costs the server 350 us instead of 357, and with a client certificate, which a ticket
	 * carries, 737 instead of 679; in 1.2 66 instead of 313, 247 instead of 649
	 * (OpenSSL 3.0, 2.5 GHz). */
	return SSL_CTX_set_num_tickets(ssl_ctx, 0) == 1 &&
	       SSL_CTX_set_min_proto_version(ssl_ctx, policies[versions].min) == 1 &&
	       SSL_CTX_set_max_proto_version(ssl_ctx, policies[versions].max) == 1 &&
	       SSL_CTX_set_cipher_list(ssl_ctx, policies[versions].suites) == 1 &&
	       SSL_CTX_set_ciphersuites(ssl_ctx, tls13_suites) == 1 &&
	       SSL_CTX_set1_groups_list(ssl_ctx, policies[versions].groups) == 1;
}

static int copy_subjects(struct rv_tls_ctx *ctx, const char *const *subjects)
{
	size_t n = 0;

	if (subjects == NULL)
		return RV_OK;
	while (subjects[n] != NULL)
		n++;
	ctx->subjects = calloc(n + 1, sizeof(*ctx->subjects));
	if (ctx->subjects == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		ctx->subjects[i] = strdup(subjects[i]);
		if (ctx->subjects[i] == NULL)
			return -ENOMEM;
	}
	return RV_OK;
}

static void ctx_free(struct rv_tls_ctx *ctx)
{
	for (size_t i = 0; ctx->subjects != NULL && ctx->subjects[i] != NULL; i++)
		free(ctx->subjects[i]);
	free(ctx->subjects);
	SSL_CTX_free(ctx->ssl_ctx);
	rv_tls_tickets_unref(ctx->tickets);
	BIO_meth_free(ctx->socket_method);
	free(ctx);
}

static int ctx_build(struct rv_tls_ctx *ctx, const struct rv_tls_opt *opt, struct rv_diag *diag)
{
	int err;

	ctx->socket_method = rv_tls_socket_method_new();
	ctx->ssl_ctx = SSL_CTX_new(opt->is_server ? TLS_server_method() : TLS_client_method());
	if (ctx->socket_method == NULL || ctx->ssl_ctx == NULL)
		return -ENOMEM;
	if (!set_policy(ctx->ssl_ctx, opt->versions))
		return refuse(diag, "policy", "this OpenSSL cannot follow it");
	if (opt->peer != RV_TLS_PEER_NONE && opt->peer != RV_TLS_PEER_INSECURE) {
		/* A server asks but does not insist: a device has no certificate before its
		 * first pull (spec/arms-protocol.md 2.4). */
		SSL_CTX_set_verify(ctx->ssl_ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_verify_depth(ctx->ssl_ctx, RV_TLS_DEPTH_MAX);
		SSL_CTX_set_cert_verify_callback(ctx->ssl_ctx, rv_tls_verify, ctx);
	}
	err = copy_subjects(ctx, opt->subject_contains);
	if (err == RV_OK && (!rv_tls_set_session_context(ctx, opt) || !rv_tls_use_tickets(ctx)))
		err = refuse(diag, "policy", "this OpenSSL cannot follow it");
	if (err == RV_OK)
		err = load_own(ctx, opt, diag);
	if (err == RV_OK)
		err = load_trust(ctx, opt, diag);
	return err;
}

int rv_tls_ctx_new(const struct rv_tls_opt *opt, struct rv_tls_ctx **out, struct rv_diag *diag)
{
	struct rv_tls_ctx *ctx = calloc(1, sizeof(*ctx));
	int err;

	assert(opt != NULL && out != NULL);
	assert(opt->is_server ? opt->peer != RV_TLS_PEER_NAME && opt->peer != RV_TLS_PEER_INSECURE
			      : opt->peer != RV_TLS_PEER_NONE && opt->peer != RV_TLS_PEER_OPTIONAL);
	assert(opt->cert_pem.len <= INT_MAX && opt->key_pem.len <= INT_MAX &&
	       opt->ca_pem.len <= INT_MAX);
	if (ctx == NULL)
		return -ENOMEM;
	atomic_init(&ctx->refs, 1);
	ctx->is_server = opt->is_server;
	ctx->peer = opt->peer;
	if (opt->is_server && opt->tickets != NULL)
		ctx->tickets = rv_tls_tickets_ref(opt->tickets);
	err = ctx_build(ctx, opt, diag);
	if (err != RV_OK) {
		ctx_free(ctx);
		return err;
	}
	*out = ctx;
	return RV_OK;
}

struct rv_tls_ctx *rv_tls_ctx_ref(struct rv_tls_ctx *ctx)
{
	atomic_fetch_add_explicit(&ctx->refs, 1, memory_order_relaxed);
	return ctx;
}

void rv_tls_ctx_unref(struct rv_tls_ctx *ctx)
{
	if (ctx == NULL)
		return;
	if (atomic_fetch_sub_explicit(&ctx->refs, 1, memory_order_acq_rel) == 1)
		ctx_free(ctx);
}
