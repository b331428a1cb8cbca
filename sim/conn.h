/* conn.h - one outgoing connection of a simulated device: TCP and TLS on a libuv loop.
 *
 *   open --> connecting --> shaking hands --> open --> write, read --> drop
 *
 * Nothing blocks; `woke` runs when the last call that said RV_EWANT* is worth repeating, on the
 * loop's thread, and may call any function here. No deadlines: they are the device's.
 */
#ifndef RV_SIM_CONN_H
#define RV_SIM_CONN_H

#include <uv.h>

#include "proto/armshttp/url.h"
#include "sim/record.h"
#include "tls/tls.h"

struct sim_conn;

struct sim_conn_opt {
	uv_loop_t *loop;
	struct rv_tls_ctx *tls; /* a reference is taken */
	const struct rv_armshttp_url *url;
	uint8_t source; /* 127.0.0.source, when the URL is on loopback; 0: the kernel's choice */
	struct rv_str session; /* to resume; empty: none */
	void (*woke)(void *arg);
	void *arg;
};

/* Starts; sim_conn_shake is worth calling at once: on loopback the connection is there already.
 * -errno, -ENOMEM. */
int sim_conn_open(const struct sim_conn_opt *opt, struct sim_conn **out) RV_MUSTCHECK;

/* RV_OK: TLS is up. RV_EWANTREAD, RV_EWANTWRITE: not yet. Others: *why tells. */
int sim_conn_shake(struct sim_conn *conn, enum sim_failure *why) RV_MUSTCHECK;
/* As rv_tls_write and rv_tls_read. has_more: another write follows at once. */
int sim_conn_write(struct sim_conn *conn, struct rv_str bytes, bool has_more) RV_MUSTCHECK;
int sim_conn_read(struct sim_conn *conn, char *buf, size_t size, size_t *len) RV_MUSTCHECK;

/* After the handshake. */
bool sim_conn_is_resumed(const struct sim_conn *conn);
/* Replaces what *out holds; leaves it when the server gave nothing to resume. */
void sim_conn_save(const struct sim_conn *conn, struct rv_buf *out);

/* Hears of nothing until the next call that says RV_EWANT*. */
void sim_conn_pause(struct sim_conn *conn);
/* As a device without power: nothing is said any more, and the peer is left to find out. Only abort
 * may follow. */
void sim_conn_mute(struct sim_conn *conn);
/* Resets and frees, as a network that lost the connection does, or a device that knows nothing of
 * it any more. NULL allowed. */
void sim_conn_abort(struct sim_conn *conn);

/* Says goodbye without waiting, closes, frees (the handle later, from the loop). NULL allowed. */
void sim_conn_drop(struct sim_conn *conn);

#endif
