/* conn.h - one connection of a device to a server of the judge, on a libuv loop.
 *
 *   first byte --> TLS --> request --> answer, in pieces --> end --> freed
 *
 * Not lib/net: a judge must see what a server need not, such as a handshake that the device gives
 * up and bytes that are no TLS, and must be able to be slow, silent and rude. Callbacks run on the
 * loop's thread; a connection frees itself when it has been closed, later, from the loop.
 */
#ifndef RV_VERIFY_CONN_H
#define RV_VERIFY_CONN_H

#include <uv.h>

#include "base/list.h"
#include "tls/tls.h"
#include "verify/core.h"

struct verify_conn;

struct verify_conn_events {
	/* A request is there, read, complete or cut off. Call verify_conn_answer or leave it. */
	void (*request)(void *arg, struct verify_conn *conn);
	/* It has ended without one byte of a request; not called for a mute one. */
	void (*refused)(void *arg, struct verify_conn *conn, const char *why);
	void (*plain)(void *arg, struct verify_conn *conn);
	void (*extra)(void *arg, struct verify_conn *conn);
	void *arg;
};

struct verify_conn_opt {
	uv_loop_t *loop;
	struct rv_tls_ctx *tls; /* NULL: mute, says nothing and reads nothing */
	enum verify_place place;
	unsigned era; /* of the caller's: which step it belongs to */
	int64_t now_us;
	const struct verify_conn_events *events; /* must outlive it */
};

/* Takes fd over, which must be non-blocking, also on failure. -ENOMEM, -errno. */
int verify_conn_new(const struct verify_conn_opt *opt, int fd, struct rv_list *all) RV_MUSTCHECK;

struct verify_conn *verify_conn_of(struct rv_list *link); /* in `all` */
void verify_conn_arrival(struct verify_conn *conn, struct verify_arrival *out);
unsigned verify_conn_era(const struct verify_conn *conn);
/* Takes the bytes of `delivery` over. */
void verify_conn_answer(struct verify_conn *conn, struct verify_delivery *delivery);
/* Now, without goodbye. */
void verify_conn_close(struct verify_conn *conn);

#endif
