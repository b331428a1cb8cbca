/* net.h - sockets with TLS on a libuv loop: the shell around the protocol cores.
 *
 * rv_net_server accepts on given listening sockets and does handshakes; rv_net_conn then
 * delivers plain bytes and takes them. Budgets are part of the contract: at most `conns_max`
 * connections, `handshake_us` from accept to the end of the handshake, `idle_us` without progress;
 * beyond them the connection is closed and counted. At most RV_NET_ACCEPT_BATCH of those who
 * are let in, RV_NET_REFUSE_BATCH with the others, and one 16 KiB read per connection and loop
 * turn: so nobody starves, and who has no chance learns it at once.
 *
 * Admission. Until its ClientHello has come in whole, a client costs a descriptor and half a KiB;
 * then it needs one of `handshakes_max` places. Who cannot be admitted is reset before any TLS:
 * one packet, no state left behind here, and the peer knows at once. Both tables (connections,
 * handshakes) treat newcomers alike:
 *
 *   up to half full     everybody gets in
 *   more than half      those whose source has less than `source_percent` of the table
 *   full                the one that has waited longest for its peer gives way: a connection that
 *                       has sent no whole hello; one that was opened RV_NET_STALL_US ago without
 *                       being settled (where the user settles them); a handshake begun as long
 *                       ago; if there is none, the newcomer is refused
 *
 * A source is an IPv4 address or an IPv6 /56. So one address, hostile or a NAT with a thousand
 * devices behind it, gets half of the server and leaves the other half to the rest.
 *
 * Callbacks run on the loop thread. on_open, on_data, on_eof and on_drain may call any function of
 * the connection. on_close never runs inside a call of the user's but later, from the loop; the
 * connection is freed by the library after it. Until then every call is allowed and, once the
 * connection is closed, does nothing (rv_net_conn_write: RV_ECLOSED).
 *
 * The peer's close_notify is on_eof; its end without one, perhaps a cut, closes with -ECONNRESET.
 */
#ifndef RV_NET_NET_H
#define RV_NET_NET_H

#include <uv.h>

#include "base/err.h"
#include "base/str.h"
#include "tls/hello.h"
#include "tls/tls.h"

enum {
	RV_NET_ACCEPT_BATCH = 64,
	RV_NET_REFUSE_BATCH = 1024, /* those who are reset at once cost next to nothing */
	RV_NET_READ_MAX = 16384,
	RV_NET_ADDR_MAX = 56, /* with the final NUL */
	RV_NET_OUT_MAX_DEFAULT = 4194304,
	/* No device on a slow line needs longer between two steps; what is stopped here waits. */
	RV_NET_STALL_US = 5000000,
};

struct rv_net_server;
struct rv_net_conn;

struct rv_net_callbacks {
	/* After the handshake. Return the connection's user pointer by rv_net_conn_set_user. */
	void (*on_open)(void *arg, struct rv_net_conn *conn);
	void (*on_data)(void *user, struct rv_net_conn *conn, struct rv_str data); /* lent */
	void (*on_eof)(void *user, struct rv_net_conn *conn); /* peer will send no more */
	/* Exactly once per on_open; reason RV_OK when closed by us or after eof. */
	void (*on_close)(void *user, struct rv_net_conn *conn, int reason);
	/* What had to wait is sent. May be NULL. */
	void (*on_drain)(void *user, struct rv_net_conn *conn);
	/* A client that offers TLS 1.1 at most (hello: LEGACY or FALLBACK). Nothing has been read
	 * from its socket, and fd is the callee's. NULL: it is treated like all others, and TLS
	 * decides. */
	void (*on_old)(void *arg, int fd, enum rv_tls_hello hello, const char *peer);
};

/* What may change while it runs. */
struct rv_net_limits {
	unsigned conns_max;      /* > 0; those in handshake and in their last seconds included */
	unsigned handshakes_max; /* at a time; 0 = as conns_max */
	unsigned source_percent; /* 1..100; 0 = 100: no difference between sources */
};

struct rv_net_server_opt {
	uv_loop_t *loop;
	struct rv_tls_ctx *tls; /* the server takes a reference of its own */
	const struct rv_net_callbacks *cb;
	void *arg;
	struct rv_net_limits limits;
	int64_t handshake_us; /* > 0 */
	bool settles;         /* the user calls rv_net_conn_settle */
	int64_t idle_us;      /* renewed by bytes in either direction; 0 = never */
	size_t out_max;       /* bytes queued per connection; 0 = RV_NET_OUT_MAX_DEFAULT */
};

/* Listening sockets stay the caller's, who closes them after `done` of rv_net_server_stop; they
 * become non-blocking. -ENOMEM, or an errno code of a descriptor that cannot be polled. */
int rv_net_server_new(const struct rv_net_server_opt *opt, const int *listen_fds, size_t n,
		      struct rv_net_server **out) RV_MUSTCHECK;
/* New connections use the new certificate; open ones go on. */
void rv_net_server_set_tls(struct rv_net_server *server, struct rv_tls_ctx *tls);
/* For newcomers; nobody who is in is sent away. */
void rv_net_server_set_limits(struct rv_net_server *server, const struct rv_net_limits *limits);
/* Serve a socket that was accepted elsewhere; takes fd over, which must be non-blocking. The hello
 * is not looked at. */
void rv_net_server_take(struct rv_net_server *server, int fd);
/* Close at once with a reset, which leaves no state behind. */
void rv_net_reset(int fd);
/* idle_us as in the options; connections take it with their next bytes. */
void rv_net_server_set_times(struct rv_net_server *server, int64_t handshake_us, int64_t idle_us);
/* Accept no more (others may have the same sockets, and go on); `drained` runs, from the loop, when
 * no connection is open any more. rv_net_server_stop may come at any time, and then it does not
 * run. Once only. */
void rv_net_server_drain(struct rv_net_server *server, void (*drained)(void *arg), void *arg);
/* Stop accepting, close all (on_close with RV_OK); `done` (or NULL) runs when the last connection
 * is gone and may free the server. Once only. */
void rv_net_server_stop(struct rv_net_server *server, void (*done)(void *arg), void *arg);
void rv_net_server_free(struct rv_net_server *server); /* after `done`; NULL allowed */

/* Its peer has done its part (sent a whole request): it gives way to nobody any more. */
void rv_net_conn_settle(struct rv_net_conn *conn);
void rv_net_conn_set_user(struct rv_net_conn *conn, void *user);
/* Send bytes, or queue a copy. Each call becomes one TLS record as long as it fits one; longer
 * ones become full records and a rest. RV_ELIMIT: out_max would be exceeded (nothing is taken);
 * RV_ECLOSED: finished or closed; others: the connection failed and on_close will follow. */
int rv_net_conn_write(struct rv_net_conn *conn, struct rv_str data) RV_MUSTCHECK;
/* The same, and rv_net_conn_finish when it is taken: bytes, close_notify and the end of the stream
 * leave in one packet if they fit one. */
int rv_net_conn_end(struct rv_net_conn *conn, struct rv_str data) RV_MUSTCHECK;
size_t rv_net_conn_queued(const struct rv_net_conn *conn); /* bytes waiting */
/* Close after everything queued has been sent (close_notify included), or now, perhaps losing it.
 * After finish no callback but on_close comes; input is thrown away for up to 2 s or 256 KiB, so
 * that a reset cannot overtake the last bytes. on_close comes after that. */
void rv_net_conn_finish(struct rv_net_conn *conn);
void rv_net_conn_close(struct rv_net_conn *conn);
/* Give up the connection (RV_ETIMEOUT) unless told otherwise within `us` from now; 0 = disarm.
 * Independent of idle. */
void rv_net_conn_deadline(struct rv_net_conn *conn, int64_t us);
void rv_net_conn_pause(struct rv_net_conn *conn, bool is_paused); /* stop reading */
const char *rv_net_conn_peer(
	const struct rv_net_conn *conn); /* "192.0.2.7:40112", "[2001:db8::1]:443" */
struct rv_tls *rv_net_conn_tls(struct rv_net_conn *conn);

struct rv_net_stats {
	uint64_t accepted;
	uint64_t refused_full;   /* no place among the connections */
	uint64_t refused_busy;   /* no place among the handshakes */
	uint64_t refused_source; /* one of both, because its source has enough */
	uint64_t displaced;      /* gave way to a newcomer */
	uint64_t old;            /* given to on_old */
	uint64_t handshakes, resumed, handshake_failures, timeouts, bytes_in, bytes_out;
	uint64_t open, handshaking; /* now; the others only grow */
};
void rv_net_server_stats(const struct rv_net_server *server, struct rv_net_stats *out);

/* "127.0.0.1:8443", "[::]:443": numeric only; RV_ESYNTAX otherwise. */
struct sockaddr_storage;
int rv_net_addr_parse(struct rv_str text, struct sockaddr_storage *out,
		      size_t *out_len) RV_MUSTCHECK;
void rv_net_addr_format(const struct sockaddr_storage *addr, char out[static RV_NET_ADDR_MAX]);

#endif
