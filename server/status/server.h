/* server.h - a small bounded HTTP/1.1 server: one GET per connection, answered later if need be.
 *
 * At most RV_STATUS_CONNS_MAX connections (one more is closed at once), RV_STATUS_CONN_MS from
 * accept to close for each, RV_STATUS_HEAD_MAX bytes of head. Wrong requests are answered here
 * (400, 405, 431, 505); the rest is the page function's. Single-threaded.
 */
#ifndef RV_SERVER_STATUS_SERVER_H
#define RV_SERVER_STATUS_SERVER_H

#include <uv.h>

#include "base/err.h"
#include "base/str.h"

enum { RV_STATUS_CONNS_MAX = 32, RV_STATUS_CONN_MS = 10000 };

struct rv_status_server;
struct rv_status_conn;

/* Answer by rv_status_reply, exactly once, now or later. path is lent for the call. */
typedef void (*rv_status_page_fn)(void *arg, struct rv_status_conn *conn, struct rv_str path);

/* Takes over the descriptors on success. -ENOMEM, or an errno of the sockets. */
int rv_status_server_new(uv_loop_t *loop, const int *fds, size_t n, rv_status_page_fn page,
			 void *arg, struct rv_status_server **out) RV_MUSTCHECK;

/* `type` is the Content-Type; body is copied. A peer that has gone away gets nothing. */
void rv_status_reply(struct rv_status_conn *conn, int code, const char *type, struct rv_str body);

/* Close everything; memory follows on the loop, once every page function has replied. */
void rv_status_server_free(struct rv_status_server *server);

#endif
