/* conn.h - one outgoing connection of the device: TCP, web proxy, TLS; blocking with deadlines.
 *
 * A non-blocking descriptor and poll(2) underneath: no call outlasts its deadline, and no
 * descriptor number is too high. Deadlines are of rv_time_boot_us(). One thread.
 */
#ifndef RV_DEVICE_LIBARMS_CONN_H
#define RV_DEVICE_LIBARMS_CONN_H

#include <stdint.h>

#include "proto/armshttp/proxy.h"
#include "tls/tls.h"

struct rv_conn_source { /* all-zero: the system chooses */
	int family;     /* AF_INET, AF_INET6; others leave as ever */
	uint8_t ip[16]; /* network order; of AF_INET the first four */
};

struct rv_conn { /* initialise with RV_CONN_CLOSED */
	int fd;
	struct rv_tls_ctx *ctx;
	struct rv_tls *tls;
	bool is_past_proxy; /* the web proxy has led this connection, or the last one, to its server
			     */
	int log_type;       /* after a failure: ARMS_LOG_E* */
	char error[RV_DIAG_TEXT_MAX];
};

#define RV_CONN_CLOSED ((struct rv_conn){ .fd = -1 })

struct rv_conn_opt {
	const struct rv_armshttp_url *url;     /* the server */
	const struct rv_armshttp_proxy *proxy; /* NULL: direct */
	const struct rv_conn_source *source;
	struct rv_tls_opt tls;
};

/* Connect, pass the proxy, shake hands; all within the deadline. RV_OK; RV_ETIMEOUT; or another
 * code with conn->log_type and conn->error set, which hold no secret. The connection is closed
 * after any failure. */
int rv_conn_open(struct rv_conn *conn, const struct rv_conn_opt *opt,
		 int64_t deadline_us) RV_MUSTCHECK;

/* One write, one TLS record. 1 .. RV_TLS_RECORD_MAX bytes. has_more: the next one follows at once,
 * and may leave in the same packet. Failures as above, but left open. */
int rv_conn_send(struct rv_conn *conn, struct rv_str bytes, bool has_more,
		 int64_t deadline_us) RV_MUSTCHECK;

/* Whatever comes next, at least one byte. RV_ECLOSED: the server has ended. */
int rv_conn_read(struct rv_conn *conn, char *buf, size_t size, size_t *out_len,
		 int64_t deadline_us) RV_MUSTCHECK;

void rv_conn_close(struct rv_conn *conn); /* says goodbye without waiting; idempotent */

#endif
