#include "tls/tls_priv.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

static bool put(EVP_MD_CTX *md, struct rv_str s)
{
	uint64_t len = s.len;

	return EVP_DigestUpdate(md, &len, sizeof(len)) == 1 &&
	       (s.len == 0 || EVP_DigestUpdate(md, s.ptr, s.len) == 1);
}

/* Which sessions are ours: a digest of all that decides whom we trust. OpenSSL keeps it in the
 * session and compares. */
bool rv_tls_set_session_context(struct rv_tls_ctx *ctx, const struct rv_tls_opt *opt)
{
	unsigned char *digest = ctx->session_context;
	unsigned len = 0;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	const unsigned char head[] = { 'r', 'v', opt->is_server, (unsigned char)opt->peer };
	bool is_ok = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		     EVP_DigestUpdate(md, head, sizeof(head)) == 1 && put(md, rv_str(opt->role)) &&
		     put(md, opt->ca_pem);

	for (size_t i = 0; is_ok && ctx->subjects != NULL && ctx->subjects[i] != NULL; i++)
		is_ok = put(md, rv_str(ctx->subjects[i]));
	is_ok = is_ok && EVP_DigestFinal_ex(md, digest, &len) == 1 &&
		SSL_CTX_set_session_id_context(ctx->ssl_ctx, digest, len) == 1;
	assert(!is_ok || len == RV_TLS_SESSION_CONTEXT_LEN);
	EVP_MD_CTX_free(md);
	return is_ok;
}

int rv_tls_session_save(const struct rv_tls *tls, struct rv_buf *out)
{
	SSL_SESSION *session = SSL_get0_session(tls->ssl);
	unsigned char *to;
	int len;

	if (!tls->is_open || session == NULL || SSL_SESSION_has_ticket(session) != 1 ||
	    SSL_SESSION_is_resumable(session) != 1)
		return RV_ENOTFOUND;
	len = i2d_SSL_SESSION(session, NULL);
	if (len <= 0)
		return RV_ENOTFOUND;
	if (len > RV_TLS_SESSION_MAX)
		return RV_ELIMIT;
	to = (unsigned char *)rv_buf_reserve(out, (size_t)len);
	if (to == NULL)
		return out->err;
	i2d_SSL_SESSION(session, &to);
	rv_buf_commit(out, (size_t)len);
	return RV_OK;
}

static bool is_context_ours(const struct rv_tls *tls, const SSL_SESSION *session)
{
	unsigned len;
	const unsigned char *context = SSL_SESSION_get0_id_context(session, &len);

	return len == RV_TLS_SESSION_CONTEXT_LEN &&
	       memcmp(context, tls->ctx->session_context, len) == 0;
}

int rv_tls_session_load(struct rv_tls *tls, struct rv_str bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.ptr;
	SSL_SESSION *session;
	int err = RV_OK;

	if (bytes.len == 0 || bytes.len > RV_TLS_SESSION_MAX)
		return RV_ESYNTAX;
	session = d2i_SSL_SESSION(NULL, &at, (long)bytes.len);
	if (session == NULL || at != (const unsigned char *)bytes.ptr + bytes.len)
		err = RV_ESYNTAX;
	else if (!is_context_ours(tls, session))
		err = RV_EINVALID;
	else if (SSL_set_session(tls->ssl, session) != 1)
		err = RV_EINVALID; /* of a version that this context does not speak */
	SSL_SESSION_free(session);
	ERR_clear_error();
	return err;
}

bool rv_tls_is_resumed(const struct rv_tls *tls)
{
	return tls->is_open && SSL_session_reused(tls->ssl) == 1;
}
