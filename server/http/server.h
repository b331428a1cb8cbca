/* server.h - HTTP over TLS on the loop: connections in, requests out.
 *
 *   TLS peer == lib/net == [rest] -> gate -> [to_mhd] -> socketpair == libmicrohttpd -> handler
 *                     <------------------------------------- answers <-
 *
 * One request at a time is inside of libmicrohttpd: what a peer sends after it waits, read from
 * the network only as far as RV_HTTP_REST_MAX, until the answer has left. So a refusal by the gate
 * always comes after the answers that were due before it.
 *
 * Everything runs on the loop's thread.
 */
#ifndef RV_SERVER_HTTP_SERVER_H
#define RV_SERVER_HTTP_SERVER_H

#include <uv.h>

#include "server/http/request.h"
#include "tls/tls.h"

enum {
	RV_HTTP_REST_MAX = 64 * 1024,    /* bytes read ahead of the gate, per connection */
	RV_HTTP_TO_MHD_HIGH = 64 * 1024, /* bytes behind the gate above which no more are read */
	RV_HTTP_BODIES_MAX = 256 * 1024 * 1024, /* of all bodies being received; then the
						   connection of the next piece ends */
	RV_HTTP_OUT_HIGH = 256 * 1024,   /* bytes of answers queued above which no more are taken */
	RV_HTTP_OUT_MAX = 1024 * 1024,   /* ... and at which the connection ends */
	RV_HTTP_CONNECTIONS_TOP = 20000, /* no connections_max is above it */
	RV_HTTP_MHD_POOL = 32 * 1024, /* libmicrohttpd's memory per connection, the head included */
};

struct rv_http_server;

struct rv_http_server_opt {
	uv_loop_t *loop;
	struct rv_tls_ctx *tls;
	const int *listen_fds; /* stay the caller's */
	size_t listen_count;
	unsigned connections_max;
	size_t body_max;
	int64_t request_us; /* for a whole request to arrive, from its first byte */
	int64_t idle_us;
	unsigned grace_ms; /* for requests in progress when stopping */
	rv_http_handler_fn handler;
	void *arg;
};

struct rv_http_stats {
	uint64_t connections, connections_open, connections_refused, handshake_failures;
	uint64_t requests, refused; /* refused: by the gate */
	uint64_t bodies_refused;    /* RV_HTTP_BODIES_MAX */
	uint64_t answers[6];        /* [2]: status 2xx, ... */
};

/* RV_EBUSY when libmicrohttpd does not start, -ENOMEM, errno codes of the descriptors. */
int rv_http_server_new(const struct rv_http_server_opt *opt,
		       struct rv_http_server **out) RV_MUSTCHECK;

/* What may change while it runs, for connections from now on (request_us, idle_us: from their next
 * bytes on): tls, connections_max, request_us, idle_us of *opt. */
void rv_http_server_set(struct rv_http_server *server, const struct rv_http_server_opt *opt);

/* Idle connections end now, others after their answer or grace_ms; then the server is
 * freed and `done` runs. Requests not answered by then may still be answered, to nobody. */
void rv_http_server_stop(struct rv_http_server *server, void (*done)(void *arg), void *arg);

void rv_http_server_stats(const struct rv_http_server *server, struct rv_http_stats *out);

#endif
