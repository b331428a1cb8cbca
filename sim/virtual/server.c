/* net/net.h, the server's end of connections, over a world. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/virtual/net_priv.h"

enum { LINGER_US = 2000000 /* as rv_net_conn_finish */ };

/* -- connections ---------------------------------------------------------------------------- */

static void conn_gone(struct vw_task *task)
{
	struct rv_net_conn *conn = task->arg;
	struct rv_net_server *server = conn->server;

	conn->closing = NULL;
	vw_task_cancel(conn->deadline);
	rv_list_del(&conn->link);
	server->opt.cb->on_close(conn->user, conn, conn->reason);
	server->stats.open--;
	if (conn->wire != NULL) {
		conn->wire->conn = NULL;
		vw_wire_settle(conn->wire);
	}
	free(conn);
	if (server->is_stopping && rv_list_is_empty(&server->conns) && server->done != NULL)
		server->done(server->done_arg);
}

/* on_close follows, from the loop. */
static void conn_close(struct rv_net_conn *conn, int reason, int64_t delay_us)
{
	if (conn->is_closed)
		return;
	conn->is_closed = true;
	conn->reason = reason;
	conn->closing = vw_task_post(conn->server->proc, delay_us, conn_gone, conn, true);
}

static bool is_heard(const struct rv_net_conn *conn)
{
	return conn->wire != NULL && conn->server->proc->life == VW_UP &&
	       !conn->server->proc->is_dead;
}

void vw_conn_open(struct vw_wire *wire)
{
	struct rv_net_server *server = wire->proc->server;
	struct rv_net_conn *conn = vw_alloc(1, sizeof(*conn));
	uint32_t a = wire->line->address;

	conn->server = server;
	conn->wire = wire;
	wire->conn = conn;
	snprintf(conn->peer, sizeof(conn->peer), "198.18.%u.%u:%u", a >> 24 & 255, a >> 16 & 255,
		 1024 + (a & 0x7fff));
	rv_list_add_tail(&server->conns, &conn->link);
	server->stats.accepted++;
	server->stats.open++;
	server->opt.cb->on_open(server->opt.arg, conn);
}

void vw_conn_take(struct vw_wire *wire, const struct vw_segment *s)
{
	struct rv_net_conn *conn = wire->conn;
	const struct rv_net_callbacks *cb;

	if (conn == NULL || conn->is_closed)
		return;
	cb = conn->server->opt.cb;
	if (s->kind == VW_RST) {
		conn_close(conn, -ECONNRESET, 0);
	} else if (s->kind == VW_END) {
		if (conn->is_finished)
			conn_close(conn, RV_OK, 0);
		else
			cb->on_eof(conn->user, conn);
	} else if (!conn->is_finished) {
		conn->server->stats.bytes_in += s->len;
		cb->on_data(conn->user, conn, rv_strn(s->bytes, s->len));
	}
}

/* -- net/net.h ------------------------------------------------------------------------------ */

int rv_net_server_new(const struct rv_net_server_opt *opt, const int *listen_fds, size_t n,
		      struct rv_net_server **out)
{
	struct rv_net_server *server = vw_alloc(1, sizeof(*server));

	(void)listen_fds;
	(void)n;
	server->opt = *opt;
	server->proc = opt->loop->data;
	rv_list_init(&server->conns);
	server->proc->server = server;
	*out = server;
	return RV_OK;
}

void vw_net_end(struct rv_net_server *server, bool is_silent)
{
	struct rv_list *link;

	rv_list_for_each (link, &server->conns) {
		struct rv_net_conn *conn = RV_CONTAINER_OF(link, struct rv_net_conn, link);
		struct vw_wire *wire = conn->wire;

		conn->wire = NULL;
		if (wire == NULL)
			continue;
		/* The machine's kernel resets what its dead process had. */
		if (is_silent)
			vw_wire_break(wire);
		else
			vw_wire_put(wire, VW_RST, VW_TO_DEVICE, (struct rv_str){ 0 });
		wire->conn = NULL;
		vw_wire_settle(wire);
	}
}

void rv_net_server_stop(struct rv_net_server *server, void (*done)(void *arg), void *arg)
{
	struct rv_list *link;

	server->is_stopping = true;
	server->done = done;
	server->done_arg = arg;
	rv_list_for_each (link, &server->conns)
		conn_close(RV_CONTAINER_OF(link, struct rv_net_conn, link), RV_OK, 0);
	if (rv_list_is_empty(&server->conns) && done != NULL)
		done(arg);
}

void rv_net_server_free(struct rv_net_server *server)
{
	if (server == NULL)
		return;
	server->proc->server = NULL;
	free(server);
}

void rv_net_server_drain(struct rv_net_server *server, void (*drained)(void *arg), void *arg)
{
	rv_net_server_stop(server, drained, arg);
}

void rv_net_server_set_tls(struct rv_net_server *server, struct rv_tls_ctx *tls)
{
	(void)server;
	(void)tls;
}

void rv_net_server_set_limits(struct rv_net_server *server, const struct rv_net_limits *limits)
{
	server->opt.limits = *limits;
}

void rv_net_server_take(struct rv_net_server *server, int fd)
{
	(void)server;
	(void)fd;
}

void rv_net_reset(int fd)
{
	(void)fd;
}

void rv_net_server_stats(const struct rv_net_server *server, struct rv_net_stats *out)
{
	*out = server->stats;
}

void rv_net_conn_set_user(struct rv_net_conn *conn, void *user)
{
	conn->user = user;
}

void rv_net_conn_settle(struct rv_net_conn *conn)
{
	(void)conn;
}

const char *rv_net_conn_peer(const struct rv_net_conn *conn)
{
	return conn->peer;
}

int rv_net_conn_end(struct rv_net_conn *conn, struct rv_str data)
{
	if (conn->is_closed || conn->is_finished)
		return RV_ECLOSED;
	if (data.len > conn->server->opt.out_max)
		return RV_ELIMIT;
	if (is_heard(conn))
		vw_wire_put_bytes(conn->wire, VW_TO_DEVICE, data);
	rv_net_conn_finish(conn);
	return RV_OK;
}

static void lingered(struct vw_task *task)
{
	struct rv_net_conn *conn = task->arg;

	conn->deadline = NULL;
	conn_close(conn, RV_OK, 0);
}

void rv_net_conn_finish(struct rv_net_conn *conn)
{
	if (conn->is_closed || conn->is_finished)
		return;
	conn->is_finished = true;
	if (is_heard(conn))
		vw_wire_put(conn->wire, VW_END, VW_TO_DEVICE, (struct rv_str){ 0 });
	vw_task_cancel(conn->deadline);
	conn->deadline = vw_task_post(conn->server->proc, LINGER_US, lingered, conn, false);
}

void rv_net_conn_close(struct rv_net_conn *conn)
{
	if (!conn->is_closed && is_heard(conn))
		vw_wire_put(conn->wire, VW_RST, VW_TO_DEVICE, (struct rv_str){ 0 });
	conn_close(conn, RV_OK, 0);
}

static void conn_late(struct vw_task *task)
{
	struct rv_net_conn *conn = task->arg;

	conn->deadline = NULL;
	conn->server->stats.timeouts++;
	if (is_heard(conn))
		vw_wire_put(conn->wire, VW_RST, VW_TO_DEVICE, (struct rv_str){ 0 });
	conn_close(conn, RV_ETIMEOUT, 0);
}

void rv_net_conn_deadline(struct rv_net_conn *conn, int64_t us)
{
	if (conn->is_closed || conn->is_finished)
		return;
	vw_task_cancel(conn->deadline);
	conn->deadline = us > 0 ? vw_task_post(conn->server->proc, us, conn_late, conn, false)
				: NULL;
}
