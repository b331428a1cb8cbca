/* net_priv.h - a server and its connections, as server.c, admit.c, hello.c and conn.c share them.
 *
 * States of a connection; every arrow may also go straight to CLOSED:
 *
 *   HELLO --> HANDSHAKE --> OPEN --> FINISHING --> LINGERING --> CLOSED
 *   no TLS    has a place   on_open  queue, then   raw input is   on_close, freed
 *   object    among them             close_notify  thrown away
 */
#ifndef RV_NET_NET_PRIV_H
#define RV_NET_NET_PRIV_H

#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/time.h"
#include "base/wheel.h"
#include "net/net.h"
#include "net/out.h"

#define RV_NET_FINISH_US       (30 * RV_US_PER_SEC) /* without progress while finishing */
#define RV_NET_LINGER_US       (2 * RV_US_PER_SEC)
#define RV_NET_ACCEPT_PAUSE_MS 100                  /* after a failure for want of descriptors */
#define RV_NET_LOG_INTERVAL_US (10 * RV_US_PER_SEC) /* one line per burst of refusals */

enum {
	RV_NET_LINGER_BYTES = 262144, /* thrown away at most before a close */
	RV_NET_TIMERS_BATCH = 256,    /* per loop turn */
	RV_NET_CONN_SIZE_MAX = 512,   /* of the budget of an idle tunnel (ARCHITECTURE.md 10) */
};

enum rv_net_state {
	RV_NET_HELLO,
	RV_NET_HANDSHAKE,
	RV_NET_OPEN,
	RV_NET_FINISHING,
	RV_NET_LINGERING,
	RV_NET_CLOSED,
};

/* Where connections come from; lives as long as there are any. */
enum { RV_NET_SOURCE_KEY = 8 }; /* family, then four or seven bytes of the address */
struct rv_net_source {
	char key[RV_NET_SOURCE_KEY];
	unsigned open, handshaking;
};

struct rv_net_conn {
	struct rv_list link;       /* in server->conns */
	struct rv_list phase_link; /* in server->waiting, ->handshaking, ->unsettled, or alone */
	struct rv_list ready_link; /* in server->ready, or alone */
	struct rv_net_server *server;
	struct rv_net_source *source;
	struct rv_tls *tls; /* NULL in HELLO */
	void *user;
	uv_poll_t poll;
	struct rv_timer timer; /* handshake, idle, finish or linger, by state */
	struct rv_timer deadline;
	struct rv_net_out out;
	int64_t progress_us; /* when bytes last moved; the timer is moved lazily */
	int64_t phase_at_us; /* when HANDSHAKE or OPEN began */
	size_t seen; /* bytes: in HELLO those that have come, in LINGERING those thrown away */
	int fd;
	int reason;
	enum rv_net_state state;
	/* UV_READABLE or UV_WRITABLE: what the next read, the next write waits for. TLS may
	 * need the other direction. */
	int read_wants, write_wants;
	int events;   /* what libuv polls for now */
	bool is_told; /* on_open was called */
	bool is_paused;
	bool is_eof;
	char peer[RV_NET_ADDR_MAX];
};

_Static_assert(sizeof(struct rv_net_conn) <= RV_NET_CONN_SIZE_MAX, "budget per connection");

struct rv_net_listener {
	uv_poll_t poll;
	struct rv_net_server *server;
	int fd;
};

struct rv_net_server {
	struct rv_net_server_opt opt; /* tls replaced by our own reference */
	struct rv_tls_ctx *tls;
	struct rv_net_stats stats;
	struct rv_list conns;
	struct rv_list waiting;     /* in HELLO, oldest first */
	struct rv_list handshaking; /* in HANDSHAKE, oldest first */
	struct rv_list unsettled;   /* in OPEN, oldest first */
	struct rv_map sources;
	struct rv_list ready; /* have decrypted bytes that no poll would report */
	struct rv_wheel wheel;
	uv_timer_t wheel_timer;
	int64_t wheel_at_us; /* when wheel_timer fires; INT64_MAX = stopped */
	uv_timer_t accept_timer;
	uv_idle_t idle;   /* runs while ready is not empty */
	unsigned handles; /* of libuv, not yet closed; connections included */
	bool is_stopping;
	void (*drained)(void *arg); /* not NULL: no more are accepted */
	void *drained_arg;
	void (*done)(void *arg);
	void *done_arg;
	int64_t refused_logged_us, starved_logged_us;
	size_t listener_count;
	struct rv_net_listener *listeners;
	char read_buf[RV_NET_READ_MAX];
};

/* server.c */
int64_t rv_net_now_us(const struct rv_net_server *server);
void rv_net_arm(struct rv_net_server *server, struct rv_timer *timer, int64_t at_us);
void rv_net_ready(struct rv_net_server *server, struct rv_net_conn *conn);
void rv_net_handle_closed(struct rv_net_server *server);

/* True once per interval: one line per burst. */
bool rv_net_should_log(struct rv_net_server *server, int64_t *last_us);

/* admit.c */
void rv_net_sources_init(struct rv_map *sources);
/* The source is entered in the books, or NULL: refused, counted. */
struct rv_net_source *rv_net_admit(struct rv_net_server *server,
				   const struct sockaddr_storage *addr);
void rv_net_source_leave(struct rv_net_server *server, struct rv_net_source *source);
/* From HELLO to HANDSHAKE; false: refused, counted. */
bool rv_net_admit_handshake(struct rv_net_conn *conn);
void rv_net_handshake_left(struct rv_net_conn *conn); /* in any state: if it had a place */

/* hello.c: looks at what has come. */
void rv_net_hello_step(struct rv_net_conn *conn);

/* conn.c. Takes fd over, also on failure. is_known: the hello was seen elsewhere. */
void rv_net_conn_accept(struct rv_net_server *server, int fd, const struct sockaddr_storage *addr,
			bool is_known);
void rv_net_conn_start_tls(struct rv_net_conn *conn);
/* Ends a connection that was never told to the user. */
void rv_net_conn_drop(struct rv_net_conn *conn, int reason);
void rv_net_conn_reset(struct rv_net_conn *conn);
/* The same, but the socket goes on without us: the caller has it. */
int rv_net_conn_give_up_fd(struct rv_net_conn *conn);
void rv_net_conn_read(struct rv_net_conn *conn);

/* No connection is open any more: has somebody been waiting for that? */
void rv_net_server_emptied(struct rv_net_server *server);

#endif
