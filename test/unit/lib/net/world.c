#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "log/log.h"
#include "net/net_priv.h"

enum { FLOOD_MAX = 100000000 };

struct shared shared;

int make_shared(void **state)
{
	struct test_cert_spec root = { RV_PKI_ROOT, "Root" };
	struct test_cert_spec first = { RV_PKI_SERVER, "first" };
	struct test_cert_spec second = { RV_PKI_SERVER, "second" };
	struct rv_tls_opt server = { .is_server = true, .peer = RV_TLS_PEER_NONE };
	struct rv_tls_opt client = { .peer = RV_TLS_PEER_ANCHOR };

	(void)state;
	/* What is logged here are the warnings that the tests provoke. */
	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, open("/dev/null", O_WRONLY | O_CLOEXEC));
	test_cert_make(&shared.root, &root, NULL);
	test_cert_make(&shared.first, &first, &shared.root);
	test_cert_make(&shared.second, &second, &shared.root);
	server.cert_pem = rv_buf_str(&shared.first.cert);
	server.key_pem = rv_buf_str(&shared.first.key);
	assert_int_equal(rv_tls_ctx_new(&server, &shared.first_ctx, NULL), RV_OK);
	server.cert_pem = rv_buf_str(&shared.second.cert);
	server.key_pem = rv_buf_str(&shared.second.key);
	assert_int_equal(rv_tls_ctx_new(&server, &shared.second_ctx, NULL), RV_OK);
	client.ca_pem = rv_buf_str(&shared.root.cert);
	assert_int_equal(rv_tls_ctx_new(&client, &shared.client_ctx, NULL), RV_OK);
	server.versions = client.versions = RV_TLS_ONLY_10;
	assert_int_equal(rv_tls_ctx_new(&server, &shared.old_ctx, NULL), RV_OK);
	assert_int_equal(rv_tls_ctx_new(&client, &shared.old_client_ctx, NULL), RV_OK);
	for (size_t i = 0; i < BIG; i++)
		shared.big[i] = (char)(i * 31 >> 3);
	return 0;
}

int free_shared(void **state)
{
	(void)state;
	rv_tls_ctx_unref(shared.first_ctx);
	rv_tls_ctx_unref(shared.second_ctx);
	rv_tls_ctx_unref(shared.client_ctx);
	rv_tls_ctx_unref(shared.old_ctx);
	rv_tls_ctx_unref(shared.old_client_ctx);
	test_cert_free(&shared.root);
	test_cert_free(&shared.first);
	test_cert_free(&shared.second);
	return 0;
}

/* ---- the server's side ---- */

static void on_stopped(void *arg)
{
	struct world *w = arg;

	w->stopped++;
	w->is_stopped = w->stopped == 1 + w->has_old_server;
	if (!w->is_stopped)
		return;
	uv_close((uv_handle_t *)&w->client_done, NULL);
	uv_close((uv_handle_t *)&w->resume_timer, NULL);
}

static void stop(struct world *w)
{
	if (w->is_stopping)
		return;
	w->is_stopping = true;
	rv_net_server_stop(w->server, on_stopped, w);
	if (w->old_server != NULL)
		rv_net_server_stop(w->old_server, on_stopped, w);
}

static void on_open(void *arg, struct rv_net_conn *conn)
{
	struct world *w = arg;

	w->opens++;
	rv_net_conn_set_user(conn, w);
	memcpy(w->last_peer, rv_net_conn_peer(conn), sizeof(w->last_peer));
}

static void on_resume(uv_timer_t *timer)
{
	struct world *w = timer->data;

	w->is_resumed = true;
	rv_net_conn_pause(w->paused, false);
}

static void write_ok(struct rv_net_conn *conn, const void *data, size_t len)
{
	assert_int_equal(rv_net_conn_write(conn, rv_strn(data, len)), RV_OK);
}

/* More than the peer's and our kernel buffers take: the limit must be met. */
static int flood(struct rv_net_conn *conn)
{
	int err = RV_OK;

	for (size_t sent = 0; sent < FLOOD_MAX && err == RV_OK; sent += RV_NET_READ_MAX)
		err = rv_net_conn_write(conn, rv_strn(shared.big, RV_NET_READ_MAX));
	return err;
}

static void age(struct rv_list *phase)
{
	struct rv_list *link;

	rv_list_for_each (link, phase)
		RV_CONTAINER_OF(link, struct rv_net_conn, phase_link)->phase_at_us -=
			RV_NET_STALL_US;
}

static void on_data(void *user, struct rv_net_conn *conn, struct rv_str data)
{
	struct world *w = user;

	w->data_bytes += data.len;
	w->data_while_paused += w->paused != NULL && !w->is_resumed;
	switch (data.ptr[0]) {
	case 'e': /* echo */
		write_ok(conn, data.ptr, data.len);
		break;
	case 'f': /* echo and finish */
		write_ok(conn, data.ptr, data.len);
		rv_net_conn_finish(conn);
		break;
	case 'b': /* a big answer */
		write_ok(conn, shared.big, BIG);
		rv_net_conn_finish(conn);
		break;
	case 'w': /* a big one, then small ones of length 1, 2, 3 ... */
		write_ok(conn, shared.big, BIG);
		for (size_t i = 1; i <= SMALL_MESSAGES; i++)
			write_ok(conn, shared.big, i);
		break;
	case 'l':
		w->flood_result = flood(conn);
		assert_in_range(rv_net_conn_queued(conn), 1, BIG);
		rv_net_conn_close(conn);
		break;
	case 'X': /* echo and end, in one go */
		assert_int_equal(rv_net_conn_end(conn, data), RV_OK);
		assert_int_equal(rv_net_conn_end(conn, data), RV_ECLOSED);
		break;
	case 'Y':
		assert_int_equal(rv_net_conn_end(conn, rv_strn(shared.big, BIG)), RV_OK);
		break;
	case 'Z': /* nothing of it is taken, and nothing after it is held */
		assert_int_equal(rv_net_conn_end(conn, rv_strn(shared.big, BIG)), RV_ELIMIT);
		assert_int_equal(rv_net_conn_queued(conn), 0);
		for (int i = 0; i < 3; i++)
			write_ok(conn, data.ptr, data.len);
		break;
	case 'p':
		rv_net_conn_pause(conn, true);
		w->paused = conn;
		uv_timer_start(&w->resume_timer, on_resume, SHORT_US / 1000, 0);
		break;
	case 'd':
		rv_net_conn_deadline(conn, SHORT_US);
		break;
	case 'D':
		rv_net_conn_deadline(conn, SHORT_US);
		rv_net_conn_deadline(conn, 0);
		write_ok(conn, data.ptr, data.len);
		break;
	case 's': /* another certificate from now on */
		rv_net_server_set_tls(w->server, shared.second_ctx);
		write_ok(conn, data.ptr, data.len);
		break;
	case 'o':
		rv_net_conn_settle(conn);
		age(&w->server->handshaking);
		age(&w->server->unsettled);
		write_ok(conn, data.ptr, data.len);
		break;
	case 'q':
		stop(w);
		assert_int_equal(rv_net_conn_write(conn, data), RV_ECLOSED);
		break;
	default: /* counted only */
		break;
	}
}

static void on_eof(void *user, struct rv_net_conn *conn)
{
	struct world *w = user;

	w->eofs++;
	write_ok(conn, "bye", 3);
	rv_net_conn_finish(conn);
}

static void on_close(void *user, struct rv_net_conn *conn, int reason)
{
	struct world *w = user;

	assert_int_equal(rv_net_conn_write(conn, rv_str("late")), RV_ECLOSED);
	assert_int_equal(rv_net_conn_end(conn, rv_str("late")), RV_ECLOSED);
	rv_net_conn_close(conn);
	rv_net_conn_finish(conn);
	w->closes++;
	w->last_reason = reason;
}

static void on_drain(void *user, struct rv_net_conn *conn)
{
	struct world *w = user;

	assert_int_equal(rv_net_conn_queued(conn), 0);
	w->drains++;
}

static void on_old(void *arg, int fd, enum rv_tls_hello hello, const char *peer)
{
	const char *said = hello == RV_TLS_HELLO_LEGACY ? "o" : "f";
	struct world *w = arg;
	char hello_bytes[RV_TLS_HELLO_MAX];

	memcpy(w->last_peer, peer, sizeof(w->last_peer));
	if (w->old_server != NULL) {
		rv_net_server_take(w->old_server, fd);
		return;
	}
	w->old_bytes = (size_t)recv(fd, hello_bytes, sizeof(hello_bytes), 0);
	assert_int_equal(send(fd, said, 1, 0), 1);
	close(fd);
}

static const struct rv_net_callbacks callbacks = {
	on_open, on_data, on_eof, on_close, on_drain, on_old,
};

static void on_client_done(uv_async_t *async)
{
	struct world *w = async->data;

	if (__atomic_load_n(&w->clients_left, __ATOMIC_ACQUIRE) == 0)
		stop(w);
}

static void *client_main(void *arg)
{
	struct client *c = arg;
	struct world *w = c->world;

	c->fn(c);
	rv_tls_free(c->tls);
	if (c->fd >= 0)
		close(c->fd);
	__atomic_sub_fetch(&w->clients_left, 1, __ATOMIC_RELEASE);
	uv_async_send(&w->client_done);
	return NULL;
}

void world_open(struct world *w)
{
	const int small_buffer = 65536; /* inherited: big answers have to wait in our queue */
	socklen_t len = sizeof(w->addr);

	memset(w, 0, sizeof(*w));
	w->addr = (struct sockaddr_in){ .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	w->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(w->listen_fd, SOL_SOCKET, SO_SNDBUF, &small_buffer,
				    sizeof(small_buffer)),
			 0);
	assert_int_equal(bind(w->listen_fd, (struct sockaddr *)&w->addr, len), 0);
	assert_int_equal(listen(w->listen_fd, 128), 0);
	assert_int_equal(getsockname(w->listen_fd, (struct sockaddr *)&w->addr, &len), 0);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	assert_int_equal(uv_async_init(&w->loop, &w->client_done, on_client_done), 0);
	uv_timer_init(&w->loop, &w->resume_timer);
	w->client_done.data = w->resume_timer.data = w;
	w->opt = (struct rv_net_server_opt){
		.loop = &w->loop,
		.tls = shared.first_ctx,
		.cb = &callbacks,
		.arg = w,
		.limits = { .conns_max = 1000 },
		.handshake_us = PATIENCE_MS * 1000,
	};
}

void world_run(struct world *w, void (*fn)(struct client *c), int n)
{
	struct client *clients = calloc((size_t)n, sizeof(*clients));
	pthread_t threads[THREADS_MAX];
	struct rv_net_server_opt old = w->opt;

	assert_int_equal(rv_net_server_new(&w->opt, &w->listen_fd, 1, &w->server), RV_OK);
	old.tls = shared.old_ctx;
	if (w->has_old_server)
		assert_int_equal(rv_net_server_new(&old, NULL, 0, &w->old_server), RV_OK);
	w->clients_left = n;
	for (int i = 0; i < n; i++) {
		clients[i] = (struct client){ .world = w, .fn = fn, .fd = -1 };
		assert_int_equal(pthread_create(&threads[i], NULL, client_main, &clients[i]), 0);
	}
	assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		if (!clients[i].is_ok)
			fail_msg("client %d: %s, %zu bytes", i, rv_err_name(clients[i].result),
				 clients[i].len);
	}
	free(clients);
	assert_true(w->is_stopped);
	assert_int_equal(w->opens, w->closes);
}

void world_close(struct world *w, struct rv_net_stats *stats)
{
	rv_net_server_stats(w->server, stats);
	assert_int_equal(stats->open, 0);
	rv_net_server_free(w->server);
	rv_net_server_free(w->old_server);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	close(w->listen_fd);
}

bool wait_for(struct client *c, int result)
{
	struct pollfd p = { c->fd, result == RV_EWANTWRITE ? POLLOUT : POLLIN, 0 };

	return (result == RV_EWANTREAD || result == RV_EWANTWRITE) && poll(&p, 1, PATIENCE_MS) == 1;
}

bool connect_tcp(struct client *c)
{
	const struct sockaddr_in from = { .sin_family = AF_INET,
					  .sin_addr.s_addr = htonl(c->source) };

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->source != 0 && bind(c->fd, (const struct sockaddr *)&from, sizeof(from)) != 0)
		return false;
	return connect(c->fd, (struct sockaddr *)&c->world->addr, sizeof(c->world->addr)) == 0 &&
	       fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0;
}

bool start_tls(struct client *c)
{
	return start_tls_with(c, shared.client_ctx);
}

bool start_tls_with(struct client *c, struct rv_tls_ctx *ctx)
{
	if (rv_tls_new(ctx, c->fd, NULL, &c->tls) != RV_OK)
		return false;
	do {
		c->result = rv_tls_handshake(c->tls);
	} while (wait_for(c, c->result));
	return c->result == RV_OK;
}

bool connect_tls(struct client *c)
{
	return connect_tcp(c) && start_tls(c);
}

bool send_all(struct client *c, const void *data, size_t len)
{
	while (len > 0) {
		size_t n = len < RV_TLS_RECORD_MAX ? len : RV_TLS_RECORD_MAX;
		do {
			c->result = rv_tls_write(c->tls, data, n);
		} while (wait_for(c, c->result));
		if (c->result != RV_OK)
			return false;
		data = (const char *)data + n;
		len -= n;
	}
	return true;
}

bool receive(struct client *c)
{
	do {
		c->result = rv_tls_read(c->tls, c->buf, sizeof(c->buf), &c->len);
	} while (wait_for(c, c->result));
	return c->result == RV_OK;
}

bool echo(struct client *c, const char *text)
{
	return send_all(c, text, strlen(text)) && receive(c) && c->len == strlen(text) &&
	       memcmp(c->buf, text, c->len) == 0;
}

bool ends_properly(struct client *c)
{
	return !receive(c) && c->result == RV_ECLOSED;
}

bool ends_abruptly(struct client *c)
{
	return !receive(c) && c->result == -ECONNRESET;
}

bool is_reset(struct client *c)
{
	char byte;

	return wait_for(c, RV_EWANTREAD) && recv(c->fd, &byte, 1, 0) < 0 && errno == ECONNRESET;
}

void leave(struct client *c)
{
	rv_tls_free(c->tls);
	c->tls = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}
