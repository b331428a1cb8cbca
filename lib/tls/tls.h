/* tls.h - TLS 1.2 and 1.3, the one policy of the house, and TLS 1.0 for those that have no better;
 * OpenSSL is met here only.
 *
 * A context holds certificate, key and trust; a connection sits on a non-blocking
 * descriptor of the caller's. Calls never block and never allocate per call beyond
 * what OpenSSL does; SSL_MODE_RELEASE_BUFFERS is on, so an idle connection costs about
 * 13 KiB (design/spikes.md 7). One connection belongs to one thread; contexts may be shared.
 *
 * One rv_tls_write is one TLS record as long as len <= RV_TLS_RECORD_MAX: the original
 * client depends on it (spec/arms-protocol.md 5.2.2).
 */
#ifndef RV_TLS_TLS_H
#define RV_TLS_TLS_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"
#include "tls/tickets.h"

enum {
	RV_TLS_RECORD_MAX = 16384,
	RV_TLS_SESSION_MAX = 16384, /* bytes of a saved session */
};

struct rv_tls_ctx;
struct rv_tls;

enum rv_tls_peer {
	RV_TLS_PEER_NONE, /* server: do not ask for a client certificate */
	/* Server: ask; when sent it must chain to ca_pem. Dates are not looked at: a device that
	 * was off for too long must get in to fetch its next certificate, and proves itself by its
	 * key (spec 1.2). */
	RV_TLS_PEER_OPTIONAL,
	/* Client: the chain must end in one root, the first certificate of ca_pem; names and
	 * validity dates are not looked at, as ARMS demands (devices have no clock: spec 2.4).
	 * Server (a device that listens, spec 2.5): like OPTIONAL, with the same laxity. */
	RV_TLS_PEER_ANCHOR,
	RV_TLS_PEER_NAME,     /* client: system-style check of chain, dates and host name */
	RV_TLS_PEER_INSECURE, /* client: encryption only; tests and `ctl --insecure` */
};

enum rv_tls_versions {
	RV_TLS_MODERN,  /* 1.2 and 1.3 */
	RV_TLS_FROM_10, /* client: 1.0 to 1.3, the device library's switch */
	/* 1.0 and nothing else, for the process that serves original devices, and for what is to
	 * look like one. No security to speak of: SHA-1, CBC with its known weakness (one record
	 * per write leaves no room for the cure), security level 0. */
	RV_TLS_ONLY_10,
	/* Tests, benchmarks and simulated devices. */
	RV_TLS_ONLY_12,
	RV_TLS_ONLY_13,
};

struct rv_tls_opt {
	bool is_server;
	enum rv_tls_peer peer;
	struct rv_str cert_pem; /* leaf, then intermediates; may be empty for a client */
	struct rv_str key_pem;
	/* Server: the same again with a key of another kind, or empty: clients get what they can
	 * verify. In diag: "second certificate", "second key". */
	struct rv_str second_cert_pem;
	struct rv_str second_key_pem;
	struct rv_str ca_pem; /* RV_TLS_PEER_NAME: empty = the system's trust store */
	/* Client with RV_TLS_PEER_ANCHOR: every certificate of the chain must have a subject that
	 * contains one of these (NULL-terminated array, or NULL), e.g. "CN=Location Server ". */
	const char *const *subject_contains;
	enum rv_tls_versions versions;
	/* Server: sessions are resumed with these keys (a reference is taken); NULL: no tickets.
	 * `role` names the policy a session belongs to ("ls"): one made where role, peer or ca_pem
	 * differ is not resumed, whoever holds its key. */
	struct rv_tls_tickets *tickets;
	const char *role;
};

/* RV_ETLS with *diag whose `where` names the part that is wrong: certificate, key, ca, policy (an
 * OpenSSL that cannot follow ours); or -ENOMEM. Copies all. */
int rv_tls_ctx_new(const struct rv_tls_opt *opt, struct rv_tls_ctx **out,
		   struct rv_diag *diag) RV_MUSTCHECK;
struct rv_tls_ctx *rv_tls_ctx_ref(struct rv_tls_ctx *ctx);
void rv_tls_ctx_unref(struct rv_tls_ctx *ctx); /* NULL allowed */

/* fd is a non-blocking socket and stays the caller's. `host`, a name or a numeric address, is
 * what RV_TLS_PEER_NAME checks; elsewhere it may be NULL (ARMS: no SNI). A name is sent as SNI.
 * RV_EINVALID: host is empty or no host name. */
int rv_tls_new(struct rv_tls_ctx *ctx, int fd, const char *host, struct rv_tls **out) RV_MUSTCHECK;
void rv_tls_free(struct rv_tls *tls); /* no close_notify; NULL allowed */

/* Each returns RV_OK, RV_EWANTREAD, RV_EWANTWRITE (call again with the same arguments when
 * the descriptor is ready; the bytes may have moved; RV_EWANTREAD can come with bytes left in the
 * socket: wait level-triggered), RV_ECLOSED (the peer sent close_notify:
 * nothing more will come), RV_ETLS or an errno code. An end without close_notify, perhaps a cut,
 * is -ECONNRESET. After a failure every call repeats its code. SIGPIPE is never raised. */
int rv_tls_handshake(struct rv_tls *tls) RV_MUSTCHECK;
/* At most one record's worth; *out_len > 0 on RV_OK. */
int rv_tls_read(struct rv_tls *tls, void *buf, size_t size, size_t *out_len) RV_MUSTCHECK;
/* All or nothing: RV_OK means every byte is with the kernel. len 1..RV_TLS_RECORD_MAX. */
int rv_tls_write(struct rv_tls *tls, const void *data, size_t len) RV_MUSTCHECK;
int rv_tls_shutdown(struct rv_tls *tls); /* sends close_notify; does not wait for the peer's */

/* For who knows that more follows at once: while held, the kernel may keep the last packet back
 * (tcp(7): MSG_MORE, 200 ms at most), so that several records go out in one. The next write that is
 * not held sends all, as do shutdown(2) and close(2) of the socket. Records stay what they are. */
void rv_tls_hold(struct rv_tls *tls, bool is_held);

/* Bytes already decrypted and waiting: poll would not report them. */
bool rv_tls_has_pending(const struct rv_tls *tls);

/* Resumption, client; TLS 1.2 only, because in TLS 1.3 it saves a server nothing. A saved session
 * is as secret as the connection was, and as trusted as its certificates were: who loads it is not
 * shown them again. Keep it in memory, and per server.
 *
 * Save, any time after the handshake, appends it to *out, whose `wipe` should be set. RV_ENOTFOUND:
 * the server gave nothing to resume; RV_ELIMIT: larger than RV_TLS_SESSION_MAX. Load, before the
 * handshake. The server may still do a full handshake: not an error. RV_ESYNTAX: no session;
 * RV_EINVALID: one made under another peer policy, ca_pem or subjects. In both cases the handshake
 * will be a full one. */
int rv_tls_session_save(const struct rv_tls *tls, struct rv_buf *out) RV_MUSTCHECK;
int rv_tls_session_load(struct rv_tls *tls, struct rv_str session) RV_MUSTCHECK;
/* Either side, after the handshake. */
bool rv_tls_is_resumed(const struct rv_tls *tls);

/* For logs and diagnosis: "TLSv1.3 TLS_AES_256_GCM_SHA384"; the last failure in words. Static
 * lifetime of the connection. */
const char *rv_tls_describe(const struct rv_tls *tls);
const char *rv_tls_error(const struct rv_tls *tls);
/* Subject of the verified peer certificate, "" if none was sent. */
const char *rv_tls_peer_subject(const struct rv_tls *tls);

#endif
