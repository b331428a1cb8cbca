#include "net/net_priv.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log/log.h"

static void on_poll(uv_poll_t *handle, int status, int events);

static void on_closed(uv_handle_t *handle)
{
	struct rv_net_conn *conn = handle->data;
	struct rv_net_server *server = conn->server;

	if (conn->is_told)
		server->opt.cb->on_close(conn->user, conn, conn->reason);
	rv_list_del(&conn->link);
	rv_tls_free(conn->tls);
	rv_net_out_deinit(&conn->out);
	free(conn);
	rv_net_handle_closed(server);
}

/* Freed, and the user told, from the loop: callers up the stack may still look at conn. */
static void close_now(struct rv_net_conn *conn, int reason)
{
	if (conn->state == RV_NET_CLOSED)
		return;
	rv_net_handshake_left(conn);
	rv_net_source_leave(conn->server, conn->source);
	conn->state = RV_NET_CLOSED;
	conn->reason = reason;
	rv_wheel_del(&conn->server->wheel, &conn->timer);
	rv_wheel_del(&conn->server->wheel, &conn->deadline);
	rv_list_del(&conn->ready_link);
	uv_close((uv_handle_t *)&conn->poll, on_closed); /* before its descriptor */
	if (conn->fd >= 0)
		close(conn->fd);
}

void rv_net_conn_drop(struct rv_net_conn *conn, int reason)
{
	close_now(conn, reason);
}

int rv_net_conn_give_up_fd(struct rv_net_conn *conn)
{
	int fd = conn->fd;

	conn->fd = -1;
	close_now(conn, RV_OK);
	return fd;
}

void rv_net_conn_reset(struct rv_net_conn *conn)
{
	rv_net_reset(rv_net_conn_give_up_fd(conn));
}

/* Level-triggered and mostly left alone: a request and its answer cost no change at all. */
static void update_events(struct rv_net_conn *conn)
{
	int events = 0;
	int err = 0;

	switch (conn->state) {
	case RV_NET_HELLO:
	case RV_NET_HANDSHAKE:
		events = conn->read_wants;
		break;
	case RV_NET_OPEN:
		if (!conn->is_paused && !conn->is_eof)
			events |= conn->read_wants;
		if (conn->out.bytes > 0)
			events |= conn->write_wants;
		break;
	case RV_NET_FINISHING:
		events = conn->write_wants;
		break;
	case RV_NET_LINGERING:
		events = UV_READABLE;
		break;
	case RV_NET_CLOSED:
		return;
	}
	if (events == conn->events)
		return;
	conn->events = events;
	if (events == 0)
		uv_poll_stop(&conn->poll);
	else
		err = uv_poll_start(&conn->poll, events, on_poll);
	if (err != 0)
		close_now(conn, err);
}

static int wanted_event(int result)
{
	return result == RV_EWANTWRITE ? UV_WRITABLE : UV_READABLE;
}

static bool is_waiting(int result)
{
	return result == RV_EWANTREAD || result == RV_EWANTWRITE;
}

static void note_progress(struct rv_net_conn *conn)
{
	conn->progress_us = rv_net_now_us(conn->server);
}

static void linger(struct rv_net_conn *conn)
{
	/* close(2) with unread input would send RST, and the peer's kernel would throw away
	 * what it has not read yet of our answer. */
	shutdown(conn->fd, SHUT_WR);
	conn->state = RV_NET_LINGERING;
	conn->seen = 0;
	rv_wheel_del(&conn->server->wheel, &conn->deadline);
	rv_net_arm(conn->server, &conn->timer, rv_net_now_us(conn->server) + RV_NET_LINGER_US);
}

static void drain(struct rv_net_conn *conn)
{
	struct rv_net_server *server = conn->server;
	ssize_t n;

	do {
		n = recv(conn->fd, server->read_buf, sizeof(server->read_buf), 0);
		if (n > 0)
			conn->seen += (size_t)n;
	} while ((n > 0 && conn->seen < RV_NET_LINGER_BYTES) || (n < 0 && errno == EINTR));
	if (n >= 0 || errno != EAGAIN)
		close_now(conn, RV_OK);
}

/* Everything is sent: the end. */
static void end(struct rv_net_conn *conn)
{
	int r = rv_tls_shutdown(conn->tls);

	if (is_waiting(r)) {
		conn->write_wants = wanted_event(r);
		return;
	}
	if (r == RV_OK)
		linger(conn);
	else
		close_now(conn, r);
}

static void flush(struct rv_net_conn *conn)
{
	const struct rv_net_callbacks *cb = conn->server->opt.cb;
	struct rv_str record;

	while ((record = rv_net_out_front(&conn->out)).len > 0) {
		int r = rv_tls_write(conn->tls, record.ptr, record.len);
		if (is_waiting(r)) {
			conn->write_wants = wanted_event(r);
			return;
		}
		if (r != RV_OK) {
			close_now(conn, r);
			return;
		}
		conn->server->stats.bytes_out += record.len;
		note_progress(conn);
		rv_net_out_pop(&conn->out);
	}
	if (conn->state == RV_NET_FINISHING)
		end(conn);
	else if (cb->on_drain != NULL)
		cb->on_drain(conn->user, conn);
}

/* Devices write head and body apart and wait, by Nagle's algorithm, for the acknowledgement of the
 * first; without an answer to carry it the kernel would keep it back for 40 ms. */
static void acknowledge(const struct rv_net_conn *conn)
{
	int on = 1;

	setsockopt(conn->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

/* Then nothing more is to come: the acknowledgement travels with the answer. */
static bool is_settled(const struct rv_net_conn *conn)
{
	return conn->server->opt.settles && rv_list_is_empty(&conn->phase_link);
}

void rv_net_conn_read(struct rv_net_conn *conn)
{
	struct rv_net_server *server = conn->server;
	const struct rv_net_callbacks *cb = server->opt.cb;
	uint64_t sent = server->stats.bytes_out;
	size_t len;
	int r = rv_tls_read(conn->tls, server->read_buf, sizeof(server->read_buf), &len);

	if (r == RV_OK) {
		conn->read_wants = UV_READABLE;
		server->stats.bytes_in += len;
		note_progress(conn);
		cb->on_data(conn->user, conn, rv_strn(server->read_buf, len));
		if (conn->state == RV_NET_OPEN && server->stats.bytes_out == sent &&
		    !is_settled(conn))
			acknowledge(conn);
		if (conn->state == RV_NET_OPEN && rv_tls_has_pending(conn->tls))
			rv_net_ready(server, conn);
	} else if (is_waiting(r)) {
		conn->read_wants = wanted_event(r);
	} else if (r == RV_ECLOSED) {
		conn->is_eof = true;
		cb->on_eof(conn->user, conn);
	} else {
		close_now(conn, r);
	}
	update_events(conn);
}

static void open_conn(struct rv_net_conn *conn)
{
	struct rv_net_server *server = conn->server;

	server->stats.handshakes++;
	server->stats.resumed += rv_tls_is_resumed(conn->tls);
	rv_net_handshake_left(conn);
	conn->state = RV_NET_OPEN;
	conn->read_wants = UV_READABLE;
	conn->is_told = true;
	note_progress(conn);
	conn->phase_at_us = conn->progress_us;
	if (server->opt.settles)
		rv_list_add_tail(&server->unsettled, &conn->phase_link);
	if (server->opt.idle_us > 0)
		rv_net_arm(server, &conn->timer, conn->progress_us + server->opt.idle_us);
	else
		rv_wheel_del(&server->wheel, &conn->timer);
	server->opt.cb->on_open(server->opt.arg, conn);
	/* The request often came with the last flight of the handshake. */
	if (conn->state == RV_NET_OPEN && !conn->is_paused && rv_tls_has_pending(conn->tls))
		rv_net_conn_read(conn);
}

static void handshake(struct rv_net_conn *conn)
{
	int r = rv_tls_handshake(conn->tls);

	if (r == RV_OK) {
		open_conn(conn);
	} else if (is_waiting(r)) {
		conn->read_wants = wanted_event(r);
	} else {
		conn->server->stats.handshake_failures++;
		rv_log(RV_LOG_DEBUG, "net.handshake.failed", RV_KS("peer", conn->peer),
		       RV_KS("error", rv_tls_error(conn->tls)));
		close_now(conn, r);
	}
	update_events(conn);
}

/* libuv says EBADF for every socket in error and forgets why. */
static int socket_error(int fd)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0 || err == 0)
		return -ECONNRESET;
	return -err;
}

static void transfer(struct rv_net_conn *conn, int events)
{
	if ((events & conn->write_wants) != 0 &&
	    (conn->out.bytes > 0 || conn->state == RV_NET_FINISHING))
		flush(conn);
	/* One that is in the ready list has had, or will have, its read of this turn there. */
	if (conn->state == RV_NET_OPEN && (events & conn->read_wants) != 0 && !conn->is_paused &&
	    !conn->is_eof && rv_list_is_empty(&conn->ready_link))
		rv_net_conn_read(conn);
	update_events(conn);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct rv_net_conn *conn = handle->data;

	if (status < 0) {
		if (conn->state <= RV_NET_HANDSHAKE)
			conn->server->stats.handshake_failures++;
		close_now(conn, conn->state == RV_NET_LINGERING ? RV_OK : socket_error(conn->fd));
		return;
	}
	switch (conn->state) {
	case RV_NET_HELLO:
		rv_net_hello_step(conn);
		break;
	case RV_NET_HANDSHAKE:
		handshake(conn);
		break;
	case RV_NET_OPEN:
	case RV_NET_FINISHING:
		transfer(conn, events);
		break;
	case RV_NET_LINGERING:
		drain(conn);
		break;
	case RV_NET_CLOSED:
		break;
	}
}

static void time_out(struct rv_net_conn *conn)
{
	conn->server->stats.timeouts++;
	close_now(conn, RV_ETIMEOUT);
}

static void on_timer(struct rv_timer *timer, int64_t now_us)
{
	struct rv_net_conn *conn = RV_CONTAINER_OF(timer, struct rv_net_conn, timer);
	int64_t limit_us = conn->state == RV_NET_OPEN ? conn->server->opt.idle_us
						      : RV_NET_FINISH_US;

	if (conn->state == RV_NET_LINGERING)
		close_now(conn, RV_OK);
	else if (conn->state <= RV_NET_HANDSHAKE || conn->progress_us + limit_us <= now_us)
		time_out(conn);
	else
		rv_net_arm(conn->server, &conn->timer, conn->progress_us + limit_us);
}

static void on_deadline(struct rv_timer *timer, int64_t now_us)
{
	(void)now_us;
	time_out(RV_CONTAINER_OF(timer, struct rv_net_conn, deadline));
}

static void drop_for_memory(int fd)
{
	rv_log(RV_LOG_WARN, "net.connection.dropped", RV_KS("reason", "out of memory"));
	close(fd);
}

static struct rv_net_conn *conn_new(struct rv_net_server *server, struct rv_net_source *source,
				    int fd, const struct sockaddr_storage *addr)
{
	struct rv_net_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL || uv_poll_init(server->opt.loop, &conn->poll, fd) != 0) {
		free(conn);
		return NULL;
	}
	conn->server = server;
	conn->source = source;
	conn->fd = fd;
	conn->poll.data = conn;
	conn->timer.fn = on_timer;
	conn->deadline.fn = on_deadline;
	conn->read_wants = UV_READABLE;
	conn->write_wants = UV_WRITABLE;
	rv_net_addr_format(addr, conn->peer);
	rv_list_init(&conn->ready_link);
	rv_list_init(&conn->phase_link);
	rv_list_add_tail(&server->conns, &conn->link);
	server->handles++;
	return conn;
}

void rv_net_conn_accept(struct rv_net_server *server, int fd, const struct sockaddr_storage *addr,
			bool is_known)
{
	struct rv_net_source *source;
	struct rv_net_conn *conn;
	const int on = 1;

	server->stats.accepted++;
	source = rv_net_admit(server, addr);
	if (source == NULL) {
		rv_net_reset(fd);
		return;
	}
	conn = conn_new(server, source, fd, addr);
	if (conn == NULL) {
		rv_net_source_leave(server, source);
		drop_for_memory(fd);
		return;
	}
	/* Fails on other than TCP sockets, which have no such delay. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	rv_net_arm(server, &conn->timer, rv_net_now_us(server) + server->opt.handshake_us);
	if (is_known && rv_net_admit_handshake(conn)) {
		rv_net_conn_start_tls(conn);
	} else if (is_known) {
		rv_net_conn_reset(conn);
	} else {
		rv_list_add_tail(&server->waiting, &conn->phase_link);
		rv_net_hello_step(conn);
		update_events(conn);
	}
}

void rv_net_conn_start_tls(struct rv_net_conn *conn)
{
	conn->state = RV_NET_HANDSHAKE;
	if (rv_tls_new(conn->server->tls, conn->fd, NULL, &conn->tls) == RV_OK)
		handshake(conn);
	else
		drop_for_memory(rv_net_conn_give_up_fd(conn));
}

void rv_net_conn_settle(struct rv_net_conn *conn)
{
	rv_list_del(&conn->phase_link);
}

void rv_net_conn_set_user(struct rv_net_conn *conn, void *user)
{
	conn->user = user;
}

/* Straight to the socket while nothing is queued. *data becomes what is left to queue. */
static int write_through(struct rv_net_conn *conn, struct rv_str *data)
{
	while (data->len > 0 && conn->out.bytes == 0) {
		struct rv_str record = rv_str_sub(*data, 0, RV_TLS_RECORD_MAX);
		int r = rv_tls_write(conn->tls, record.ptr, record.len);

		if (is_waiting(r)) {
			conn->write_wants = wanted_event(r);
			return RV_OK;
		}
		if (r != RV_OK)
			return r;
		conn->server->stats.bytes_out += record.len;
		note_progress(conn);
		*data = rv_str_sub(*data, record.len, data->len);
	}
	return RV_OK;
}

int rv_net_conn_write(struct rv_net_conn *conn, struct rv_str data)
{
	int err;

	if (conn->state != RV_NET_OPEN)
		return RV_ECLOSED;
	if (data.len > conn->server->opt.out_max - conn->out.bytes)
		return RV_ELIMIT;
	err = write_through(conn, &data);
	if (err == RV_OK && data.len > 0)
		err = rv_net_out_put(&conn->out, data);
	if (err != RV_OK)
		close_now(conn, err);
	update_events(conn);
	return err;
}

size_t rv_net_conn_queued(const struct rv_net_conn *conn)
{
	return conn->out.bytes;
}

void rv_net_conn_finish(struct rv_net_conn *conn)
{
	if (conn->state != RV_NET_OPEN)
		return;
	conn->state = RV_NET_FINISHING;
	rv_list_del(&conn->ready_link);
	note_progress(conn);
	rv_net_arm(conn->server, &conn->timer, conn->progress_us + RV_NET_FINISH_US);
	if (conn->out.bytes == 0)
		end(conn);
	update_events(conn);
}

int rv_net_conn_end(struct rv_net_conn *conn, struct rv_str data)
{
	int err;

	if (conn->state != RV_NET_OPEN)
		return RV_ECLOSED;
	rv_tls_hold(conn->tls, true); /* until the shutdown(2) of linger */
	err = rv_net_conn_write(conn, data);
	if (err == RV_OK)
		rv_net_conn_finish(conn);
	else
		rv_tls_hold(conn->tls, false);
	return err;
}

void rv_net_conn_close(struct rv_net_conn *conn)
{
	close_now(conn, RV_OK);
}

void rv_net_conn_deadline(struct rv_net_conn *conn, int64_t us)
{
	struct rv_net_server *server = conn->server;

	assert(us >= 0);
	if (us == 0)
		rv_wheel_del(&server->wheel, &conn->deadline);
	else if (conn->state == RV_NET_OPEN || conn->state == RV_NET_FINISHING)
		rv_net_arm(server, &conn->deadline, rv_net_now_us(server) + us);
}

void rv_net_conn_pause(struct rv_net_conn *conn, bool is_paused)
{
	conn->is_paused = is_paused;
	if (!is_paused && !conn->is_eof && conn->state == RV_NET_OPEN &&
	    rv_tls_has_pending(conn->tls))
		rv_net_ready(conn->server, conn);
	update_events(conn);
}

const char *rv_net_conn_peer(const struct rv_net_conn *conn)
{
	return conn->peer;
}

struct rv_tls *rv_net_conn_tls(struct rv_net_conn *conn)
{
	return conn->tls;
}
