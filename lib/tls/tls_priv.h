/* tls_priv.h - what the files of lib/tls share; the only header that shows OpenSSL. */
#ifndef RV_TLS_TLS_PRIV_H
#define RV_TLS_TLS_PRIV_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdatomic.h>

#include "tls/tls.h"

/* "TLSv1.3 " and the longest suite name of our lists fit. */
enum { RV_TLS_DESCRIBE_MAX = 56, RV_TLS_DEPTH_MAX = 10 };

enum { RV_TLS_SESSION_CONTEXT_LEN = 32 }; /* SHA-256; no more fits into a session */

/* recv(2) in one call of ours, each of one record at most: OpenSSL reads on for as long as records
 * come that carry nothing for us (TLS 1.3 key updates), and one peer would hold the loop. What is
 * not read stays in the socket, where poll reports it. */
enum { RV_TLS_RECVS_MAX = 2 };

struct rv_tls_ctx {
	atomic_uint refs;
	enum rv_tls_peer peer;
	bool is_server;
	SSL_CTX *ssl_ctx;
	BIO_METHOD *socket_method;
	char **subjects; /* copy of subject_contains, or NULL */
	struct rv_tls_tickets *tickets;
	unsigned char session_context[RV_TLS_SESSION_CONTEXT_LEN];
};

struct rv_tls {
	struct rv_tls_ctx *ctx; /* one reference */
	SSL *ssl;
	int fd;
	int broken;       /* RV_OK, or the code every further call returns: SSL is unusable */
	int socket_errno; /* of the last failed send or recv */
	unsigned recvs;   /* in this call */
	bool is_held;     /* rv_tls_hold */
	bool is_open;     /* handshake completed */
	bool is_eof;      /* the socket has no more to give */
	bool is_drained;  /* the last call wanted to read: what OpenSSL buffers is no record yet */
	char *error;      /* last failure in words, or NULL */
	char *peer_subject;
	char describe[RV_TLS_DESCRIBE_MAX];
};

/* A socket BIO that cannot raise SIGPIPE; its data pointer is the struct rv_tls. */
BIO_METHOD *rv_tls_socket_method_new(void);

/* Chain check of one context (SSL_CTX_set_cert_verify_callback); arg is the struct rv_tls_ctx. */
int rv_tls_verify(X509_STORE_CTX *store, void *arg);

/* tickets.c: tickets by ctx->tickets, or none. */
bool rv_tls_use_tickets(struct rv_tls_ctx *ctx);

/* session.c: needs ctx->subjects. */
bool rv_tls_set_session_context(struct rv_tls_ctx *ctx, const struct rv_tls_opt *opt);

/* Replaces the words of rv_tls_error; out of memory leaves none. */
void rv_tls_set_error(struct rv_tls *tls, const char *fmt, ...) RV_PRINTF(2, 3);

/* RFC 2253 text of a name; the caller frees. NULL when out of memory. */
char *rv_tls_name_text(const X509_NAME *name);

#endif
