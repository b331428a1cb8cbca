#include "sim/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOPBACK = 127 };

struct sim_conn {
	uv_poll_t poll;
	struct rv_tls *tls;
	void (*woke)(void *arg);
	void *arg;
	int fd;
	int events; /* polled for now */
	bool is_connected;
};

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct sim_conn *conn = handle->data;

	(void)status; /* the next call finds the error itself */
	(void)events;
	conn->woke(conn->arg);
}

/* Left as it is until something else is wanted: no system call per message. */
static int want(struct sim_conn *conn, int r)
{
	int events = r == RV_EWANTWRITE ? UV_WRITABLE : UV_READABLE;

	if (r != RV_EWANTREAD && r != RV_EWANTWRITE)
		return r;
	if (events != conn->events) {
		conn->events = events;
		uv_poll_start(&conn->poll, events, on_poll);
	}
	return r;
}

/* The port is chosen at connect(2): one source address then reaches each server 28,000 times. */
static int bind_source(int fd, uint8_t source)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl((uint32_t)LOOPBACK << 24 | source) };
	const int on = 1;

	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) != 0 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0)
		return rv_err_from_errno();
	return RV_OK;
}

static int start(const struct sim_conn_opt *opt, int *out)
{
	struct sockaddr_storage addr;
	socklen_t len = rv_armshttp_url_address(opt->url, &addr);
	const int on = 1;
	int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err = RV_OK;

	if (fd < 0)
		return rv_err_from_errno();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (opt->source != 0 && !opt->url->is_ipv6 && opt->url->address[0] == LOOPBACK)
		err = bind_source(fd, opt->source);
	if (err == RV_OK && connect(fd, (struct sockaddr *)&addr, len) != 0 &&
	    errno != EINPROGRESS && errno != EINTR)
		err = rv_err_from_errno();
	if (err == RV_OK)
		*out = fd;
	else
		close(fd);
	return err;
}

/* One that does not fit any more costs a full handshake, as if there were none. */
static int resume(struct sim_conn *conn, struct rv_str session)
{
	int err = session.len > 0 ? rv_tls_session_load(conn->tls, session) : RV_OK;

	return err == RV_ESYNTAX || err == RV_EINVALID ? RV_OK : err;
}

int sim_conn_open(const struct sim_conn_opt *opt, struct sim_conn **out)
{
	struct sim_conn *conn = calloc(1, sizeof(*conn));
	int err;

	if (conn == NULL)
		return -ENOMEM;
	conn->woke = opt->woke;
	conn->arg = opt->arg;
	err = start(opt, &conn->fd);
	if (err != RV_OK) {
		free(conn);
		return err;
	}
	err = rv_tls_new(opt->tls, conn->fd, NULL, &conn->tls);
	if (err == RV_OK)
		err = resume(conn, opt->session);
	if (err == RV_OK)
		err = uv_poll_init(opt->loop, &conn->poll, conn->fd);
	if (err != RV_OK) {
		rv_tls_free(conn->tls);
		close(conn->fd);
		free(conn);
		return err;
	}
	conn->poll.data = conn;
	*out = conn;
	return RV_OK;
}

/* RV_EWANTWRITE while the kernel still tries. */
static int connected(struct sim_conn *conn)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer), err_len = sizeof(int);
	int err = 0;

	if (conn->is_connected)
		return RV_OK;
	if (getpeername(conn->fd, (struct sockaddr *)&peer, &len) == 0) {
		conn->is_connected = true;
		return RV_OK;
	}
	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &err, &err_len) != 0)
		err = errno;
	return err == 0 ? RV_EWANTWRITE : -err;
}

int sim_conn_shake(struct sim_conn *conn, enum sim_failure *why)
{
	int r = connected(conn);

	if (r == RV_EWANTWRITE)
		return want(conn, r);
	if (r != RV_OK) {
		/* A server that closes at once may be heard of before its acceptance is. */
		*why = r == -ECONNRESET || r == -EPIPE ? SIM_FAIL_CLOSED : SIM_FAIL_CONNECT;
		return r;
	}
	r = rv_tls_handshake(conn->tls);
	if (r == -ECONNRESET || r == -EPIPE)
		*why = SIM_FAIL_CLOSED;
	else
		*why = SIM_FAIL_TLS;
	return want(conn, r);
}

int sim_conn_write(struct sim_conn *conn, struct rv_str bytes, bool has_more)
{
	rv_tls_hold(conn->tls, has_more);
	return want(conn, rv_tls_write(conn->tls, bytes.ptr, bytes.len));
}

int sim_conn_read(struct sim_conn *conn, char *buf, size_t size, size_t *len)
{
	return want(conn, rv_tls_read(conn->tls, buf, size, len));
}

bool sim_conn_is_resumed(const struct sim_conn *conn)
{
	return rv_tls_is_resumed(conn->tls);
}

void sim_conn_save(const struct sim_conn *conn, struct rv_buf *out)
{
	struct rv_buf session = { .wipe = true };

	if (rv_tls_session_save(conn->tls, &session) != RV_OK) {
		rv_buf_deinit(&session);
		return;
	}
	rv_buf_deinit(out);
	*out = session;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void sim_conn_pause(struct sim_conn *conn)
{
	conn->events = 0;
	uv_poll_stop(&conn->poll);
}

void sim_conn_mute(struct sim_conn *conn)
{
	sim_conn_pause(conn);
	rv_tls_free(conn->tls);
	conn->tls = NULL;
}

static void end(struct sim_conn *conn)
{
	rv_tls_free(conn->tls);
	uv_close((uv_handle_t *)&conn->poll, on_closed);
	close(conn->fd);
}

void sim_conn_abort(struct sim_conn *conn)
{
	const struct linger at_once = { .l_onoff = 1 };

	if (conn == NULL)
		return;
	setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	end(conn);
}

void sim_conn_drop(struct sim_conn *conn)
{
	if (conn == NULL)
		return;
	rv_tls_hold(conn->tls, true); /* until close(2) */
	(void)rv_tls_shutdown(conn->tls);
	end(conn);
}
