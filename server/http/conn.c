#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log/log.h"
#include "server/http/server_priv.h"

static void on_pipe(uv_poll_t *poll, int status, int events);

void rv_http_conn_release(struct rv_http_conn *conn)
{
	struct rv_http_server *server = conn->server;

	assert(conn->holders > 0);
	if (--conn->holders > 0)
		return;
	rv_list_del(&conn->link);
	rv_http_gate_deinit(&conn->gate);
	rv_buf_deinit(&conn->rest);
	rv_buf_deinit(&conn->to_mhd);
	free(conn);
	rv_http_server_conn_gone(server);
}

static void update_events(struct rv_http_conn *conn)
{
	int events = 0;

	if (conn->net == NULL)
		return;
	if (!conn->is_finished && rv_net_conn_queued(conn->net) < RV_HTTP_OUT_HIGH)
		events |= UV_READABLE;
	if (!conn->is_finished && conn->to_mhd.len > 0)
		events |= UV_WRITABLE;
	rv_net_conn_pause(conn->net, conn->gate.state == RV_HTTP_GATE_DONE ||
					     conn->to_mhd.len >= RV_HTTP_TO_MHD_HIGH);
	if (events == conn->events)
		return;
	conn->events = events;
	if (events != 0)
		(void)uv_poll_start(&conn->poll, events, on_pipe); /* open: cannot fail */
	else
		uv_poll_stop(&conn->poll);
}

/* Pass on a piece of what libmicrohttpd has written: RV_OK, -EAGAIN when there is none now,
 * RV_ECLOSED when it has ended its side, or the error of the network's side. */
static int take_answer(struct rv_http_conn *conn)
{
	char data[16 * 1024];
	ssize_t n = recv(conn->fd, data, sizeof(data), 0);
	int err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	err = n > 0 ? rv_net_conn_write(conn->net, rv_strn(data, (size_t)n)) : RV_ECLOSED;
	rv_wipe(data, sizeof(data));
	return err;
}

/* End the connection after what is due to the peer: answers, which are in the socketpair as a
 * whole once libmicrohttpd has reported them, then a refusal. libmicrohttpd learns of it when
 * our end closes; a mere end of our sending it would miss, as its epoll is edge-triggered. */
static void finish(struct rv_http_conn *conn)
{
	struct rv_buf refusal = { 0 };
	int err;

	if (conn->is_finished)
		return;
	conn->is_finished = true;
	do {
		err = take_answer(conn);
	} while (err == RV_OK);
	if (conn->gate.state == RV_HTTP_GATE_REFUSED && conn->gate.status != 0) {
		rv_http_refusal_write(conn->gate.status, conn->gate.reason, &refusal);
		if (refusal.err == RV_OK)
			err = rv_net_conn_write(conn->net, rv_buf_str(&refusal));
		rv_buf_deinit(&refusal);
	}
	if (err == RV_ELIMIT) /* the peer does not read: cut rather than leave out */
		rv_net_conn_close(conn->net);
	else
		rv_net_conn_finish(conn->net);
}

static void flush(struct rv_http_conn *conn)
{
	while (conn->to_mhd.len > 0) {
		ssize_t n = send(conn->fd, conn->to_mhd.ptr, conn->to_mhd.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) /* it has ended its side, and reading will tell */
			n = (ssize_t)conn->to_mhd.len;
		rv_buf_consume(&conn->to_mhd, (size_t)n);
	}
}

static void set_deadline(struct rv_http_conn *conn)
{
	bool is_due = conn->gate.state != RV_HTTP_GATE_START &&
		      conn->gate.state != RV_HTTP_GATE_DONE;

	if (is_due == conn->has_deadline)
		return;
	conn->has_deadline = is_due;
	rv_net_conn_deadline(conn->net, is_due ? conn->server->opt.request_us : 0);
}

/* Move bytes from the network towards libmicrohttpd as far as they may go. */
static void advance(struct rv_http_conn *conn)
{
	struct rv_http_gate *gate = &conn->gate;
	int err = RV_OK;

	while (err == RV_OK && conn->rest.len > 0 && gate->state != RV_HTTP_GATE_DONE &&
	       conn->to_mhd.len < RV_HTTP_TO_MHD_HIGH) {
		size_t used;

		err = rv_http_gate_feed(gate, rv_buf_str(&conn->rest), &used, &conn->to_mhd);
		rv_buf_consume(&conn->rest, used);
	}
	if (err != RV_OK) {
		conn->server->stats.refused++;
		rv_log(RV_LOG_WARN, "http.request.refused",
		       RV_KS("peer", rv_net_conn_peer(conn->net)), RV_KI("status", gate->status),
		       RV_KS("reason", gate->reason));
		rv_buf_clear(&conn->rest);
	}
	flush(conn);
	if (gate->state == RV_HTTP_GATE_REFUSED ||
	    (conn->is_eof && conn->rest.len == 0 && gate->state != RV_HTTP_GATE_DONE))
		finish(conn);
	set_deadline(conn);
	update_events(conn);
}

void rv_http_conn_wind_up(struct rv_http_conn *conn)
{
	if (conn->net == NULL || conn->gate.state == RV_HTTP_GATE_DONE)
		return;
	finish(conn);
	update_events(conn);
}

void rv_http_conn_answered(struct rv_http_conn *conn)
{
	/* One that was answered before it was read is an error that ends the connection. */
	if (conn->net == NULL || conn->gate.state != RV_HTTP_GATE_DONE)
		return;
	rv_http_gate_next(&conn->gate);
	if (conn->server->is_stopping)
		rv_http_conn_wind_up(conn);
	else
		advance(conn);
}

static void read_pipe(struct rv_http_conn *conn)
{
	int err = take_answer(conn);

	if (err == RV_ECLOSED)
		finish(conn);
	else if (err != RV_OK && err != -EAGAIN)
		rv_net_conn_close(conn->net);
}

static void on_pipe(uv_poll_t *poll, int status, int events)
{
	struct rv_http_conn *conn = poll->data;

	if (conn->net == NULL)
		return;
	if (status < 0) { /* libmicrohttpd closed with a next request unread: the answer is here */
		finish(conn);
		update_events(conn);
		return;
	}
	if ((events & UV_WRITABLE) != 0)
		advance(conn);
	if ((events & UV_READABLE) != 0 && !conn->is_finished)
		read_pipe(conn);
	update_events(conn);
}

static void on_pipe_closed(uv_handle_t *handle)
{
	struct rv_http_conn *conn = handle->data;

	close(conn->fd);
	rv_http_conn_release(conn);
}

/* The other end goes to libmicrohttpd, which owns it from then on, also on failure. */
static int give_to_mhd(struct rv_http_conn *conn, int fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	enum MHD_Result r;

	conn->server->opening = conn;
	r = MHD_add_connection(conn->server->mhd, fd, (struct sockaddr *)&addr,
			       sizeof(addr.sun_family));
	conn->server->opening = NULL;
	return r == MHD_YES ? RV_OK : RV_EBUSY;
}

static int start_conn(struct rv_http_conn *conn)
{
	int fds[2];
	int err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
		return rv_err_from_errno();
	err = uv_poll_init(conn->server->opt.loop, &conn->poll, fds[0]);
	if (err != 0) {
		close(fds[0]);
		close(fds[1]);
		return err;
	}
	conn->fd = fds[0];
	conn->poll.data = conn;
	conn->holders++;
	return give_to_mhd(conn, fds[1]);
}

static void on_open(void *arg, struct rv_net_conn *net)
{
	struct rv_http_server *server = arg;
	struct rv_http_conn *conn = calloc(1, sizeof(*conn));
	int err = conn == NULL ? -ENOMEM : RV_OK;

	rv_net_conn_set_user(net, conn);
	server->stats.connections++;
	if (conn != NULL) {
		conn->server = server;
		conn->net = net;
		conn->holders = 1;
		conn->fd = -1;
		rv_http_gate_init(&conn->gate, server->opt.body_max);
		rv_buf_init(&conn->rest, RV_HTTP_REST_MAX);
		conn->rest.wipe = true;
		conn->to_mhd.wipe = true;
		rv_list_add_tail(&server->conns, &conn->link);
		server->holders++;
		err = server->is_stopping ? RV_EBUSY : start_conn(conn);
	}
	if (err == RV_OK) {
		update_events(conn);
		return;
	}
	rv_log(RV_LOG_WARN, "http.connection.dropped", RV_KS("peer", rv_net_conn_peer(net)),
	       RV_KS("error", rv_err_name(err)));
	rv_net_conn_close(net);
}

static void on_data(void *user, struct rv_net_conn *net, struct rv_str data)
{
	struct rv_http_conn *conn = user;

	if (conn == NULL)
		return;
	rv_buf_put_str(&conn->rest, data);
	if (conn->rest.err != RV_OK)
		rv_net_conn_close(net);
	else
		advance(conn);
}

static void on_eof(void *user, struct rv_net_conn *net)
{
	struct rv_http_conn *conn = user;

	(void)net;
	if (conn == NULL)
		return;
	conn->is_eof = true;
	advance(conn);
}

static void on_drain(void *user, struct rv_net_conn *net)
{
	(void)net;
	if (user != NULL)
		update_events(user);
}

static void on_close(void *user, struct rv_net_conn *net, int reason)
{
	struct rv_http_conn *conn = user;

	(void)net;
	(void)reason;
	if (conn == NULL)
		return;
	conn->net = NULL;
	if (conn->fd >= 0)
		uv_close((uv_handle_t *)&conn->poll, on_pipe_closed);
	rv_http_conn_release(conn);
}

const struct rv_net_callbacks rv_http_net_callbacks = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_drain = on_drain,
	.on_close = on_close,
};
