#include "tls/tls_priv.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum {
	ERROR_TEXT_MAX = 384,
	ALERT_REASON_FROM = SSL_AD_REASON_OFFSET, /* reasons from here on are alerts received */
	ALERT_REASON_TO = SSL_AD_REASON_OFFSET + 255,
};

void rv_tls_set_error(struct rv_tls *tls, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	free(tls->error);
	tls->error = strdup(text);
}

char *rv_tls_name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *text = NULL;

	if (bio == NULL)
		return NULL;
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
		long len = BIO_get_mem_data(bio, &data);
		text = OPENSSL_strndup(data, (size_t)len);
	}
	BIO_free(bio);
	return text;
}

static bool is_address(const char *host)
{
	struct in6_addr any;

	return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

static bool set_host(SSL *ssl, const char *host, bool is_checked)
{
	if (is_address(host))
		return !is_checked || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	if (is_checked && SSL_set1_host(ssl, host) != 1)
		return false;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, host) == 1;
}

static int attach(struct rv_tls *tls, const char *host)
{
	const struct rv_tls_ctx *ctx = tls->ctx;
	BIO *bio;

	tls->ssl = SSL_new(ctx->ssl_ctx);
	bio = BIO_new(ctx->socket_method);
	if (tls->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		return -ENOMEM;
	}
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	SSL_set_bio(tls->ssl, bio, bio);
	SSL_set_app_data(tls->ssl, tls);
	if (ctx->is_server)
		SSL_set_accept_state(tls->ssl);
	else
		SSL_set_connect_state(tls->ssl);
	if (host == NULL)
		return RV_OK;
	return host[0] != '\0' && set_host(tls->ssl, host, ctx->peer == RV_TLS_PEER_NAME)
		       ? RV_OK
		       : RV_EINVALID;
}

int rv_tls_new(struct rv_tls_ctx *ctx, int fd, const char *host, struct rv_tls **out)
{
	struct rv_tls *tls = calloc(1, sizeof(*tls));
	int err;

	assert(ctx != NULL && fd >= 0 && out != NULL);
	assert(host != NULL || ctx->peer != RV_TLS_PEER_NAME);
	if (tls == NULL)
		return -ENOMEM;
	tls->ctx = rv_tls_ctx_ref(ctx);
	tls->fd = fd;
	err = attach(tls, host);
	if (err != RV_OK) {
		ERR_clear_error();
		rv_tls_free(tls);
		return err;
	}
	*out = tls;
	return RV_OK;
}

void rv_tls_free(struct rv_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_free(tls->ssl); /* before the context: the BIO's method lives there */
	rv_tls_ctx_unref(tls->ctx);
	OPENSSL_free(tls->peer_subject);
	free(tls->error);
	free(tls);
}

/* The words of a failure that OpenSSL reports, unless the chain check has found better ones. */
static void describe_failure(struct rv_tls *tls, unsigned long err)
{
	int reason = ERR_GET_REASON(err);
	const char *text = ERR_reason_error_string(err);

	if (tls->error != NULL)
		return;
	if (ERR_GET_LIB(err) == ERR_LIB_SSL && reason >= ALERT_REASON_FROM &&
	    reason <= ALERT_REASON_TO)
		rv_tls_set_error(tls, "refused by the peer: %s",
				 SSL_alert_desc_string_long(reason - ALERT_REASON_FROM));
	else if (text != NULL)
		rv_tls_set_error(tls, "%s", text);
	else
		rv_tls_set_error(tls, "OpenSSL error %08lx", err);
}

static int fail(struct rv_tls *tls, int kind)
{
	unsigned long err = ERR_peek_error();

	if (kind == SSL_ERROR_SYSCALL) {
		tls->broken = tls->socket_errno > 0 ? -tls->socket_errno : -ECONNRESET;
		rv_tls_set_error(tls, "%s", strerror(-tls->broken));
	} else if (ERR_GET_LIB(err) == ERR_LIB_SSL &&
		   ERR_GET_REASON(err) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		tls->broken = -ECONNRESET;
		rv_tls_set_error(tls, tls->is_open ? "the peer ended without close_notify"
						   : "the peer ended during the handshake");
	} else {
		tls->broken = RV_ETLS;
		describe_failure(tls, err);
	}
	ERR_clear_error();
	return tls->broken;
}

/* The code for what SSL_* returned, ret <= 0. */
static int classify(struct rv_tls *tls, int ret)
{
	int kind = SSL_get_error(tls->ssl, ret);

	switch (kind) {
	case SSL_ERROR_WANT_READ:
		tls->is_drained = true;
		return RV_EWANTREAD;
	case SSL_ERROR_WANT_WRITE:
		return RV_EWANTWRITE;
	case SSL_ERROR_ZERO_RETURN:
		return RV_ECLOSED;
	default:
		return fail(tls, kind);
	}
}

/* Before every call into OpenSSL: its error queue belongs to the thread, not to us. */
static void begin(struct rv_tls *tls)
{
	ERR_clear_error();
	tls->socket_errno = 0;
	tls->recvs = 0;
}

static void note_peer(struct rv_tls *tls)
{
	X509 *cert;

	snprintf(tls->describe, sizeof(tls->describe), "%s %s", SSL_get_version(tls->ssl),
		 SSL_get_cipher_name(tls->ssl));
	if (SSL_get_verify_mode(tls->ssl) == SSL_VERIFY_NONE)
		return;
	cert = SSL_get0_peer_certificate(tls->ssl);
	if (cert != NULL)
		tls->peer_subject = rv_tls_name_text(X509_get_subject_name(cert));
}

int rv_tls_handshake(struct rv_tls *tls)
{
	int ret;

	if (tls->broken != RV_OK || tls->is_open)
		return tls->broken;
	begin(tls);
	tls->is_drained = false;
	ret = SSL_do_handshake(tls->ssl);
	if (ret != 1)
		return classify(tls, ret);
	tls->is_open = true;
	note_peer(tls);
	return RV_OK;
}

int rv_tls_read(struct rv_tls *tls, void *buf, size_t size, size_t *out_len)
{
	int ret;

	assert(tls->is_open && size > 0);
	if (tls->broken != RV_OK)
		return tls->broken;
	begin(tls);
	tls->is_drained = false;
	ret = SSL_read(tls->ssl, buf, size > RV_TLS_RECORD_MAX ? RV_TLS_RECORD_MAX : (int)size);
	if (ret <= 0)
		return classify(tls, ret);
	*out_len = (size_t)ret;
	return RV_OK;
}

int rv_tls_write(struct rv_tls *tls, const void *data, size_t len)
{
	int ret;

	assert(tls->is_open && len > 0 && len <= RV_TLS_RECORD_MAX);
	if (tls->broken != RV_OK)
		return tls->broken;
	begin(tls);
	ret = SSL_write(tls->ssl, data, (int)len);
	if (ret <= 0)
		return classify(tls, ret);
	assert((size_t)ret == len); /* partial writes are not enabled */
	return RV_OK;
}

int rv_tls_shutdown(struct rv_tls *tls)
{
	int ret;

	if (tls->broken != RV_OK || !tls->is_open)
		return tls->broken;
	begin(tls);
	ret = SSL_shutdown(tls->ssl);
	return ret >= 0 ? RV_OK : classify(tls, ret);
}

void rv_tls_hold(struct rv_tls *tls, bool is_held)
{
	tls->is_held = is_held;
}

bool rv_tls_has_pending(const struct rv_tls *tls)
{
	return tls->broken == RV_OK && !tls->is_drained && SSL_has_pending(tls->ssl) == 1;
}

const char *rv_tls_describe(const struct rv_tls *tls)
{
	return tls->describe;
}

const char *rv_tls_error(const struct rv_tls *tls)
{
	return tls->error == NULL ? "" : tls->error;
}

const char *rv_tls_peer_subject(const struct rv_tls *tls)
{
	return tls->peer_subject == NULL ? "" : tls->peer_subject;
}
