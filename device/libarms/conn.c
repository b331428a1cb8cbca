#include "device/libarms/conn.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "device/libarms/include/libarms.h"

enum {
	POLL_MAX_MS = 60 * 1000,
};

static int fail(struct rv_conn *conn, int err, int log_type, const char *text)
{
	conn->log_type = log_type;
	snprintf(conn->error, sizeof(conn->error), "%s", text);
	return err;
}

static int fail_errno(struct rv_conn *conn, int err, int log_type, const char *what)
{
	char text[RV_DIAG_TEXT_MAX];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(-err));
	return fail(conn, err, log_type, text);
}

static int wait_for(struct rv_conn *conn, short events, int64_t deadline_us)
{
	for (;;) {
		int64_t left_ms = (deadline_us - rv_time_boot_us() + 999) / RV_US_PER_MS;
		struct pollfd p = { .fd = conn->fd, .events = events };
		int n;

		if (left_ms <= 0)
			return RV_ETIMEOUT;
		n = poll(&p, 1, (int)(left_ms < POLL_MAX_MS ? left_ms : POLL_MAX_MS));
		if (n > 0)
			return RV_OK;
		if (n < 0 && errno != EINTR)
			return fail_errno(conn, rv_err_from_errno(), ARMS_LOG_ESOCKET, "poll");
	}
}

/* The port stays open until connect(2) knows the peer: one source serves many connections. */
static int leave_from(struct rv_conn *conn, const struct rv_conn_source *source, int family)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	bool is_v6 = family == AF_INET6;
	const struct sockaddr *addr = is_v6 ? (const void *)&v6 : (const void *)&v4;
	int on = 1;

	if (source->family != family)
		return RV_OK;
	memcpy(&v4.sin_addr, source->ip, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, source->ip, sizeof(v6.sin6_addr));
	(void)setsockopt(conn->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(conn->fd, addr, is_v6 ? sizeof(v6) : sizeof(v4)) == 0)
		return RV_OK;
	return fail_errno(conn, rv_err_from_errno(), ARMS_LOG_ESOCKET, "source address");
}

static int connect_to(struct rv_conn *conn, const struct rv_armshttp_url *url,
		      const struct rv_conn_source *source, int64_t deadline_us)
{
	struct sockaddr_storage addr;
	socklen_t addr_len = rv_armshttp_url_address(url, &addr);
	int on = 1;
	int err = 0;
	socklen_t err_len = sizeof(err);
	int r;

	conn->fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (conn->fd < 0)
		return fail_errno(conn, rv_err_from_errno(), ARMS_LOG_ESOCKET, "socket");
	/* Head and body are two writes: without it the second waits for an acknowledgement. */
	(void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	r = leave_from(conn, source, addr.ss_family);
	if (r != RV_OK)
		return r;
	if (connect(conn->fd, (struct sockaddr *)&addr, addr_len) == 0)
		return RV_OK;
	if (errno != EINPROGRESS && errno != EINTR)
		return fail_errno(conn, rv_err_from_errno(), ARMS_LOG_ECONNECT, "connect");
	r = wait_for(conn, POLLOUT, deadline_us);
	if (r != RV_OK)
		return r;
	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &err, &err_len) != 0)
		err = errno;
	return err == 0 ? RV_OK : fail_errno(conn, -err, ARMS_LOG_ECONNECT, "connect");
}

static int put_plain(struct rv_conn *conn, struct rv_str bytes, int64_t deadline_us)
{
	while (bytes.len > 0) {
		ssize_t n = send(conn->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
		int r = RV_OK;

		if (n >= 0)
			bytes = rv_str_sub(bytes, (size_t)n, bytes.len - (size_t)n);
		else if (errno == EAGAIN)
			r = wait_for(conn, POLLOUT, deadline_us);
		else if (errno != EINTR)
			r = fail_errno(conn, rv_err_from_errno(), ARMS_LOG_ECONNECT, "web proxy");
		if (r != RV_OK)
			return r;
	}
	return RV_OK;
}

/* What has arrived and stays in the socket: beyond the proxy's answer it belongs to TLS. */
static int peek_plain(struct rv_conn *conn, char *buf, size_t size, size_t *len,
		      int64_t deadline_us)
{
	for (;;) {
		ssize_t n = recv(conn->fd, buf, size, MSG_PEEK);
		int r = RV_OK;

		if (n > 0) {
			*len = (size_t)n;
			return RV_OK;
		}
		if (n == 0)
			return fail(conn, RV_ECLOSED, ARMS_LOG_EHTTP,
				    "web proxy: connection ended");
		if (errno == EAGAIN)
			r = wait_for(conn, POLLIN, deadline_us);
		else if (errno != EINTR)
			r = fail_errno(conn, rv_err_from_errno(), ARMS_LOG_ECONNECT, "web proxy");
		if (r != RV_OK)
			return r;
	}
}

static int fail_proxy(struct rv_conn *conn, int err, unsigned status, bool has_login)
{
	if (err != RV_EDENIED)
		return fail(conn, err, ARMS_LOG_EHTTP, "the web proxy's answer is no HTTP");
	snprintf(conn->error, sizeof(conn->error), "web proxy: %s (%u)",
		 rv_armshttp_connect_reason(status, has_login), status);
	conn->log_type = ARMS_LOG_EHTTP;
	return err;
}

static int read_proxy_answer(struct rv_conn *conn, bool has_login, int64_t deadline_us)
{
	struct rv_armshttp_connect answer = { 0 };
	char buf[RV_ARMSHTTP_LINE_MAX];
	int r;

	do {
		size_t len = 0;
		size_t used = 0;
		int got = peek_plain(conn, buf, sizeof(buf), &len, deadline_us);

		if (got != RV_OK)
			return got;
		r = rv_armshttp_connect_feed(&answer, rv_strn(buf, len), &used);
		if (r != RV_OK && r != RV_EMORE)
			return fail_proxy(conn, r, answer.status, has_login);
		if (recv(conn->fd, buf, used, 0) != (ssize_t)used)
			return fail_errno(conn, rv_err_from_errno(), ARMS_LOG_ECONNECT,
					  "web proxy");
	} while (r == RV_EMORE);
	return RV_OK;
}

static int pass_proxy(struct rv_conn *conn, const struct rv_conn_opt *opt, int64_t deadline_us)
{
	struct rv_buf request = { .wipe = true };
	int r;

	rv_armshttp_put_connect(&request, opt->proxy, opt->url);
	r = request.err == RV_OK
		    ? put_plain(conn, rv_buf_str(&request), deadline_us)
		    : fail(conn, request.err, ARMS_LOG_ENETNOMEM, "web proxy: out of memory");
	rv_buf_deinit(&request);
	if (r == RV_OK)
		r = read_proxy_answer(conn, opt->proxy->login[0] != '\0', deadline_us);
	conn->is_past_proxy = r == RV_OK;
	return r;
}

/* After a TLS call that did not succeed: RV_OK when it is to be repeated now. */
static int tls_wait(struct rv_conn *conn, int r, int64_t deadline_us)
{
	switch (r) {
	case RV_EWANTREAD:
		return wait_for(conn, POLLIN, deadline_us);
	case RV_EWANTWRITE:
		return wait_for(conn, POLLOUT, deadline_us);
	case RV_ECLOSED:
		return fail(conn, r, ARMS_LOG_EHTTP, "the server has ended the connection");
	default:
		return fail(conn, r, ARMS_LOG_ESSL, rv_tls_error(conn->tls));
	}
}

static int shake_hands(struct rv_conn *conn, const struct rv_conn_opt *opt, int64_t deadline_us)
{
	struct rv_diag diag = { 0 };
	int r = rv_tls_ctx_new(&opt->tls, &conn->ctx, &diag);

	if (r != RV_OK)
		return fail(conn, r, ARMS_LOG_ECERTIFICATE, diag.text);
	r = rv_tls_new(conn->ctx, conn->fd, NULL, &conn->tls);
	if (r != RV_OK)
		return fail(conn, r, ARMS_LOG_ENETNOMEM, "out of memory");
	while ((r = rv_tls_handshake(conn->tls)) != RV_OK) {
		r = tls_wait(conn, r, deadline_us);
		if (r != RV_OK)
			return r;
	}
	return RV_OK;
}

int rv_conn_open(struct rv_conn *conn, const struct rv_conn_opt *opt, int64_t deadline_us)
{
	const struct rv_armshttp_url *first = opt->proxy != NULL ? &opt->proxy->at : opt->url;
	int r;

	assert(conn->fd < 0);
	conn->is_past_proxy = false;
	if (first->is_ipv6 != opt->url->is_ipv6)
		return fail(conn, RV_EINVALID, ARMS_LOG_EHOST,
			    "the web proxy is of the other address family");
	r = connect_to(conn, first, opt->source, deadline_us);
	if (r == RV_OK && opt->proxy != NULL)
		r = pass_proxy(conn, opt, deadline_us);
	if (r == RV_OK)
		r = shake_hands(conn, opt, deadline_us);
	if (r != RV_OK)
		rv_conn_close(conn);
	return r;
}

int rv_conn_send(struct rv_conn *conn, struct rv_str bytes, bool has_more, int64_t deadline_us)
{
	int r;

	rv_tls_hold(conn->tls, has_more);
	while ((r = rv_tls_write(conn->tls, bytes.ptr, bytes.len)) != RV_OK) {
		r = tls_wait(conn, r, deadline_us);
		if (r != RV_OK)
			return r;
	}
	return RV_OK;
}

int rv_conn_read(struct rv_conn *conn, char *buf, size_t size, size_t *out_len, int64_t deadline_us)
{
	int r;

	while ((r = rv_tls_read(conn->tls, buf, size, out_len)) != RV_OK) {
		r = tls_wait(conn, r, deadline_us);
		if (r != RV_OK)
			return r;
	}
	return RV_OK;
}

void rv_conn_close(struct rv_conn *conn)
{
	if (conn->tls != NULL) {
		rv_tls_hold(conn->tls, true); /* until close(2) */
		(void)rv_tls_shutdown(conn->tls);
	}
	rv_tls_free(conn->tls);
	rv_tls_ctx_unref(conn->ctx);
	if (conn->fd >= 0)
		close(conn->fd);
	conn->tls = NULL;
	conn->ctx = NULL;
	conn->fd = -1;
}
