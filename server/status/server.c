#include "server/status/server.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "server/status/request.h"

enum { BACKLOG = 64, REPLY_MAX = 64 * 1024 * 1024 };

struct rv_status_server {
	uv_loop_t *loop;
	rv_status_page_fn page;
	void *arg;
	uv_tcp_t *listeners;
	size_t listener_count;
	struct rv_list conns;
	unsigned conn_count;
	unsigned open; /* listeners not yet closed, plus conns */
	bool is_freed;
};

struct rv_status_conn {
	struct rv_list link;
	struct rv_status_server *server;
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct rv_buf out;
	unsigned open_handles;
	bool is_asked; /* the page function has it */
	bool is_answered;
	bool is_closing;
	size_t len;
	char head[RV_STATUS_HEAD_MAX];
};

static void release_server(struct rv_status_server *server)
{
	if (!server->is_freed || server->open > 0)
		return;
	free(server->listeners);
	free(server);
}

/* The page function may still hold it: it must reply to let go. */
static void release_conn(struct rv_status_conn *conn)
{
	struct rv_status_server *server = conn->server;

	if (conn->open_handles > 0 || (conn->is_asked && !conn->is_answered))
		return;
	rv_list_del(&conn->link);
	rv_buf_deinit(&conn->out);
	free(conn);
	server->conn_count--;
	server->open--;
	release_server(server);
}

static void on_conn_closed(uv_handle_t *handle)
{
	struct rv_status_conn *conn = handle->data;

	conn->open_handles--;
	release_conn(conn);
}

static void close_conn(struct rv_status_conn *conn)
{
	if (conn->is_closing)
		return;
	conn->is_closing = true;
	uv_close((uv_handle_t *)&conn->tcp, on_conn_closed);
	uv_close((uv_handle_t *)&conn->timer, on_conn_closed);
}

static void on_timeout(uv_timer_t *timer)
{
	close_conn(timer->data);
}

/* Sent: now wait for the peer to close, so that no reset overtakes the answer. */
static void on_written(uv_write_t *write, int status)
{
	struct rv_status_conn *conn = write->data;

	if (status != 0 || conn->is_closing ||
	    uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, NULL) != 0)
		close_conn(conn);
}

static const char *reason_of(int code)
{
	switch (code) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Internal Server Error";
	}
}

static void send_answer(struct rv_status_conn *conn, int code, const char *type, struct rv_str body)
{
	uv_buf_t buf;

	rv_buf_init(&conn->out, REPLY_MAX);
	rv_buf_printf(&conn->out,
		      "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s"
		      "Connection: close\r\n\r\n",
		      code, reason_of(code), type, body.len, code == 405 ? "Allow: GET\r\n" : "");
	rv_buf_put_str(&conn->out, body);
	if (conn->out.err != RV_OK) {
		close_conn(conn);
		return;
	}
	conn->write.data = conn;
	buf = uv_buf_init(conn->out.ptr, (unsigned)conn->out.len);
	if (uv_write(&conn->write, (uv_stream_t *)&conn->tcp, &buf, 1, on_written) != 0)
		close_conn(conn);
}

void rv_status_reply(struct rv_status_conn *conn, int code, const char *type, struct rv_str body)
{
	assert(conn->is_asked && !conn->is_answered);
	conn->is_answered = true;
	if (conn->is_closing)
		release_conn(conn);
	else
		send_answer(conn, code, type, body);
}

static void refuse(struct rv_status_conn *conn, int err)
{
	int code = 400;

	if (err == RV_EUNSUPPORTED)
		code = 405;
	else if (err == RV_ELIMIT)
		code = 431;
	else if (err == RV_EVERSION)
		code = 505;
	conn->is_asked = conn->is_answered = true;
	send_answer(conn, code, "text/plain; charset=utf-8", rv_str(reason_of(code)));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct rv_status_conn *conn = handle->data;

	(void)suggested;
	if (conn->is_asked) /* what comes behind the head is read and forgotten */
		conn->len = 0;
	*buf = uv_buf_init(conn->head + conn->len, (unsigned)(sizeof(conn->head) - conn->len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct rv_status_conn *conn = stream->data;
	struct rv_str path;
	int err;

	(void)buf;
	if (n == UV_EOF && conn->is_asked && !conn->is_answered)
		return; /* it shut its side down and waits for the answer */
	if (n < 0) {
		close_conn(conn);
		return;
	}
	if (conn->is_asked)
		return;
	conn->len += (size_t)n;
	err = rv_status_request_parse(rv_strn(conn->head, conn->len), &path);
	if (err == RV_EMORE)
		return;
	if (err != RV_OK) {
		refuse(conn, err);
		return;
	}
	conn->is_asked = true;
	conn->server->page(conn->server->arg, conn, path);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct rv_status_server *server = listener->data;
	struct rv_status_conn *conn;

	if (status != 0)
		return;
	conn = calloc(1, sizeof(*conn));
	if (conn == NULL)
		return; /* stays in the backlog */
	conn->server = server;
	rv_list_add_tail(&server->conns, &conn->link);
	server->conn_count++;
	server->open++;
	uv_tcp_init(server->loop, &conn->tcp);
	uv_timer_init(server->loop, &conn->timer);
	conn->open_handles = 2;
	conn->tcp.data = conn->timer.data = conn;
	if (uv_accept(listener, (uv_stream_t *)&conn->tcp) != 0 ||
	    server->conn_count > RV_STATUS_CONNS_MAX ||
	    uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) != 0) {
		close_conn(conn);
		return;
	}
	uv_timer_start(&conn->timer, on_timeout, RV_STATUS_CONN_MS, 0);
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct rv_status_server *server = handle->data;

	server->open--;
	release_server(server);
}

int rv_status_server_new(uv_loop_t *loop, const int *fds, size_t n, rv_status_page_fn page,
			 void *arg, struct rv_status_server **out)
{
	struct rv_status_server *server = calloc(1, sizeof(*server));
	int err = 0;

	if (server == NULL)
		return -ENOMEM;
	*server = (struct rv_status_server){ .loop = loop, .page = page, .arg = arg };
	rv_list_init(&server->conns);
	server->listeners = calloc(n + 1, sizeof(*server->listeners)); /* + 1: n may be 0 */
	if (server->listeners == NULL) {
		free(server);
		return -ENOMEM;
	}
	for (size_t i = 0; err == 0 && i < n; i++) {
		uv_tcp_t *tcp = &server->listeners[i];

		uv_tcp_init(loop, tcp);
		tcp->data = server;
		server->listener_count++;
		server->open++;
		err = uv_tcp_open(tcp, fds[i]);
		if (err == 0)
			err = uv_listen((uv_stream_t *)tcp, BACKLOG, on_connection);
	}
	if (err != 0) {
		rv_status_server_free(server);
		return err;
	}
	*out = server;
	return RV_OK;
}

void rv_status_server_free(struct rv_status_server *server)
{
	struct rv_list *it;

	if (server == NULL)
		return;
	server->is_freed = true;
	rv_list_for_each (it, &server->conns) {
		close_conn(RV_CONTAINER_OF(it, struct rv_status_conn, link));
	}
	for (size_t i = 0; i < server->listener_count; i++)
		uv_close((uv_handle_t *)&server->listeners[i], on_listener_closed);
	release_server(server);
}
