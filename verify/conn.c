#include "verify/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HANDSHAKE_RECORD = 22, /* first byte of TLS */
	PIECE = 16384,
	LINGER_MS = 2000, /* for the device to read what was sent, and close */
};

enum state { FIRST, MUTE, SHAKE, READ, SEND, HOLD, LINGER, CLOSED };

struct verify_conn {
	struct rv_list link;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned handles; /* not closed yet */
	struct verify_conn_opt opt;
	int fd;
	struct rv_tls *tls;
	enum state state;
	struct verify_request request;
	struct verify_delivery delivery;
	size_t sent;
};

static void on_poll(uv_poll_t *handle, int status, int events);

struct verify_conn *verify_conn_of(struct rv_list *link)
{
	return RV_CONTAINER_OF(link, struct verify_conn, link);
}

unsigned verify_conn_era(const struct verify_conn *conn)
{
	return conn->opt.era;
}

void verify_conn_arrival(struct verify_conn *conn, struct verify_arrival *out)
{
	*out = (struct verify_arrival){
		.place = conn->opt.place,
		.connected_us = conn->opt.now_us,
		.shows_identity = conn->tls != NULL && rv_tls_peer_subject(conn->tls)[0] != '\0',
		.tls = conn->tls != NULL ? rv_tls_describe(conn->tls) : "",
		.request = &conn->request,
	};
}

/* -- the end -------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	struct verify_conn *conn = handle->data;

	if (--conn->handles > 0)
		return;
	rv_tls_free(conn->tls);
	verify_request_deinit(&conn->request);
	rv_buf_deinit(&conn->delivery.bytes);
	free(conn);
}

void verify_conn_close(struct verify_conn *conn)
{
	if (conn->state == CLOSED)
		return;
	conn->state = CLOSED;
	rv_list_del(&conn->link);
	uv_close((uv_handle_t *)&conn->poll, on_closed);
	uv_close((uv_handle_t *)&conn->timer, on_closed);
	close(conn->fd);
}

static void want(struct verify_conn *conn, int r)
{
	uv_poll_start(&conn->poll, r == RV_EWANTWRITE ? UV_WRITABLE : UV_READABLE, on_poll);
}

static bool is_waiting(int r)
{
	return r == RV_EWANTREAD || r == RV_EWANTWRITE;
}

static void on_timer(uv_timer_t *timer);

/* All is sent: goodbye, and time for it to arrive. */
static void finish(struct verify_conn *conn)
{
	(void)rv_tls_shutdown(conn->tls);
	shutdown(conn->fd, SHUT_WR);
	conn->state = LINGER;
	uv_timer_start(&conn->timer, on_timer, LINGER_MS, 0);
	want(conn, RV_EWANTREAD);
}

/* -- sending -------------------------------------------------------------------------------- */

static void send_pieces(struct verify_conn *conn)
{
	struct rv_str all = rv_buf_str(&conn->delivery.bytes);
	size_t size = conn->delivery.piece > 0 ? conn->delivery.piece : PIECE;

	while (conn->sent < all.len) {
		struct rv_str piece = rv_str_sub(all, conn->sent, size);
		int r = rv_tls_write(conn->tls, piece.ptr, piece.len);

		if (is_waiting(r)) {
			want(conn, r);
			return;
		}
		if (r != RV_OK) { /* it has gone: the next request tells what it made of it */
			verify_conn_close(conn);
			return;
		}
		conn->sent += piece.len;
		if (conn->delivery.gap_us > 0 && conn->sent < all.len) {
			uv_timer_start(&conn->timer, on_timer,
				       (uint64_t)conn->delivery.gap_us / 1000, 0);
			want(conn, RV_EWANTREAD); /* to see it close */
			return;
		}
	}
	if (!conn->delivery.stays_open) {
		finish(conn);
		return;
	}
	conn->state = HOLD;
	want(conn, RV_EWANTREAD);
}

void verify_conn_answer(struct verify_conn *conn, struct verify_delivery *delivery)
{
	conn->delivery = *delivery;
	*delivery = (struct verify_delivery){ 0 };
	if (conn->state != READ || conn->tls == NULL)
		return;
	conn->state = SEND;
	send_pieces(conn);
}

/* -- receiving ------------------------------------------------------------------------------ */

static void refused(struct verify_conn *conn, const char *why)
{
	conn->opt.events->refused(conn->opt.events->arg, conn, why);
	verify_conn_close(conn);
}

static bool is_white(struct rv_str data)
{
	return rv_str_trim(data).len == 0;
}

static void request_is_there(struct verify_conn *conn)
{
	if (verify_request_read(&conn->request) != RV_OK) { /* out of memory */
		verify_conn_close(conn);
		return;
	}
	conn->opt.events->request(conn->opt.events->arg, conn);
}

/* The peer has closed, or cut. */
static void peer_ended(struct verify_conn *conn)
{
	if (conn->state == READ && conn->request.bytes.len == 0)
		refused(conn, "closed without a request");
	else if (conn->state == READ)
		request_is_there(conn);
	if (conn->state == READ || conn->state == HOLD || conn->state == SEND)
		verify_conn_close(conn);
}

static void took(struct verify_conn *conn, struct rv_str data)
{
	size_t extra = 0;
	int r;

	if (conn->state != READ) {
		if (!is_white(data))
			conn->opt.events->extra(conn->opt.events->arg, conn);
		return;
	}
	r = verify_request_feed(&conn->request, data, &extra);
	if (r == RV_EMORE)
		return;
	if (extra > 0 && !is_white(rv_str_sub(data, data.len - extra, extra)))
		conn->opt.events->extra(conn->opt.events->arg, conn);
	request_is_there(conn);
}

static void read_some(struct verify_conn *conn)
{
	char buf[PIECE];

	while (conn->state == READ || conn->state == SEND || conn->state == HOLD) {
		size_t len = 0;
		int r = rv_tls_read(conn->tls, buf, sizeof(buf), &len);

		if (r == RV_OK) {
			took(conn, rv_strn(buf, len));
		} else if (is_waiting(r)) {
			if (conn->state == READ || conn->state == HOLD)
				want(conn, r);
			return;
		} else {
			peer_ended(conn);
			return;
		}
	}
}

static void shake(struct verify_conn *conn)
{
	int r = rv_tls_handshake(conn->tls);

	if (is_waiting(r)) {
		want(conn, r);
		return;
	}
	if (r != RV_OK) {
		refused(conn, rv_tls_error(conn->tls));
		return;
	}
	conn->state = READ;
	want(conn, RV_EWANTREAD);
	read_some(conn);
}

static void look_at_first_byte(struct verify_conn *conn)
{
	unsigned char first = 0;
	ssize_t n = recv(conn->fd, &first, 1, MSG_PEEK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		refused(conn, "closed before TLS");
		return;
	}
	if (first != HANDSHAKE_RECORD) {
		conn->opt.events->plain(conn->opt.events->arg, conn);
		verify_conn_close(conn);
		return;
	}
	if (rv_tls_new(conn->opt.tls, conn->fd, NULL, &conn->tls) != RV_OK) {
		verify_conn_close(conn);
		return;
	}
	conn->state = SHAKE;
	shake(conn);
}

/* Until its end; nothing of it matters. */
static void drain(struct verify_conn *conn)
{
	char buf[4096];
	ssize_t n;

	do
		n = recv(conn->fd, buf, sizeof(buf), 0);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n == 0 || errno != EAGAIN)
		verify_conn_close(conn);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct verify_conn *conn = handle->data;

	(void)status; /* the next call finds the error itself */
	switch (conn->state) {
	case FIRST:
		look_at_first_byte(conn);
		break;
	case SHAKE:
		shake(conn);
		break;
	case READ:
	case HOLD:
		read_some(conn);
		break;
	case SEND:
		if ((events & UV_WRITABLE) != 0)
			send_pieces(conn);
		else
			read_some(conn);
		break;
	case MUTE:
	case LINGER:
		drain(conn);
		break;
	case CLOSED:
		break;
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct verify_conn *conn = timer->data;

	if (conn->state == SEND)
		send_pieces(conn);
	else
		verify_conn_close(conn);
}

int verify_conn_new(const struct verify_conn_opt *opt, int fd, struct rv_list *all)
{
	struct verify_conn *conn = calloc(1, sizeof(*conn));
	const int on = 1;
	int err = conn == NULL ? -ENOMEM : uv_poll_init(opt->loop, &conn->poll, fd);

	if (err != 0) {
		free(conn);
		close(fd);
		return err;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	conn->opt = *opt;
	conn->fd = fd;
	conn->state = opt->tls == NULL ? MUTE : FIRST;
	conn->handles = 2;
	conn->poll.data = conn->timer.data = conn;
	uv_timer_init(opt->loop, &conn->timer);
	verify_request_init(&conn->request);
	rv_list_add_tail(all, &conn->link);
	want(conn, RV_EWANTREAD);
	return RV_OK;
}
