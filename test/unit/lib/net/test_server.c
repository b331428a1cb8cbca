/* A real server on loopback in this thread, real TLS clients in threads of their own. What a
 * client sends tells the server what to do; see on_data. */
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../tls/certs.h"
#include "log/log.h"
#include "net/net.h"

enum {
	PATIENCE_MS = 20000, /* of a client; longer is a failure */
	SHORT_US = 60000,
	BIG = 1048576,
	UPLOAD = 600000,
	SMALL_MESSAGES = 10,
	THREADS_MAX = 64,
	ECHOES = 5,
	FLOOD_MAX = 100000000,
};

static struct {
	struct test_cert root, first, second;
	struct rv_tls_ctx *first_ctx, *second_ctx, *client_ctx;
	char big[BIG];
} shared;

struct world {
	uv_loop_t loop;
	uv_async_t client_done;
	uv_timer_t resume_timer;
	struct rv_net_server *server;
	struct rv_net_server_opt opt;
	int listen_fd;
	struct sockaddr_in addr;
	int clients_left; /* atomic */
	/* What the server saw; read when all is over. */
	unsigned opens, closes, eofs, drains, data_while_paused;
	size_t data_bytes;
	int last_reason;
	char last_peer[RV_NET_ADDR_MAX];
	bool is_stopped, is_stopping, is_resumed;
	struct rv_net_conn *paused;
	int flood_result;
};

struct client {
	struct world *world;
	void (*fn)(struct client *c);
	int fd;
	struct rv_tls *tls;
	int result; /* of the last step */
	size_t len; /* bytes read */
	char buf[2 * RV_NET_READ_MAX];
	char subject[64];
	bool is_ok; /* the client's own verdict */
};

static int make_shared(void **state)
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
	for (size_t i = 0; i < BIG; i++)
		shared.big[i] = (char)(i * 31 >> 3);
	return 0;
}

static int free_shared(void **state)
{
	(void)state;
	rv_tls_ctx_unref(shared.first_ctx);
	rv_tls_ctx_unref(shared.second_ctx);
	rv_tls_ctx_unref(shared.client_ctx);
	test_cert_free(&shared.root);
	test_cert_free(&shared.first);
	test_cert_free(&shared.second);
	return 0;
}

/* ---- the server's side ---- */

static void on_stopped(void *arg)
{
	struct world *w = arg;

	w->is_stopped = true;
	uv_close((uv_handle_t *)&w->client_done, NULL);
	uv_close((uv_handle_t *)&w->resume_timer, NULL);
}

static void stop(struct world *w)
{
	if (w->is_stopping)
		return;
	w->is_stopping = true;
	rv_net_server_stop(w->server, on_stopped, w);
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

static const struct rv_net_callbacks callbacks = { on_open, on_data, on_eof, on_close, on_drain };

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

static void world_open(struct world *w)
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
		.conns_max = 1000,
		.handshake_us = PATIENCE_MS * 1000,
	};
}

/* Serve n clients running fn until the last is done; then all must be gone. */
static void world_run(struct world *w, void (*fn)(struct client *c), int n)
{
	struct client *clients = calloc((size_t)n, sizeof(*clients));
	pthread_t threads[THREADS_MAX];

	assert_int_equal(rv_net_server_new(&w->opt, &w->listen_fd, 1, &w->server), RV_OK);
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

static void world_close(struct world *w, struct rv_net_stats *stats)
{
	rv_net_server_stats(w->server, stats);
	assert_int_equal(stats->open, 0);
	rv_net_server_free(w->server);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	close(w->listen_fd);
}

/* ---- the clients' side ---- */

static bool wait_for(struct client *c, int result)
{
	struct pollfd p = { c->fd, result == RV_EWANTWRITE ? POLLOUT : POLLIN, 0 };

	return (result == RV_EWANTREAD || result == RV_EWANTWRITE) && poll(&p, 1, PATIENCE_MS) == 1;
}

static bool connect_tcp(struct client *c)
{
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return connect(c->fd, (struct sockaddr *)&c->world->addr, sizeof(c->world->addr)) == 0 &&
	       fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0;
}

static bool start_tls(struct client *c)
{
	if (rv_tls_new(shared.client_ctx, c->fd, NULL, &c->tls) != RV_OK)
		return false;
	do {
		c->result = rv_tls_handshake(c->tls);
	} while (wait_for(c, c->result));
	return c->result == RV_OK;
}

static bool connect_tls(struct client *c)
{
	return connect_tcp(c) && start_tls(c);
}

static bool send_all(struct client *c, const void *data, size_t len)
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

/* One record, as it came. */
static bool receive(struct client *c)
{
	do {
		c->result = rv_tls_read(c->tls, c->buf, sizeof(c->buf), &c->len);
	} while (wait_for(c, c->result));
	return c->result == RV_OK;
}

static bool echo(struct client *c, const char *text)
{
	return send_all(c, text, strlen(text)) && receive(c) && c->len == strlen(text) &&
	       memcmp(c->buf, text, c->len) == 0;
}

static bool ends_properly(struct client *c)
{
	return !receive(c) && c->result == RV_ECLOSED;
}

static bool ends_abruptly(struct client *c)
{
	return !receive(c) && c->result == -ECONNRESET;
}

/* ---- the tests ---- */

static void client_many(struct client *c)
{
	c->is_ok = connect_tls(c);
	for (int i = 0; i < ECHOES; i++)
		c->is_ok = c->is_ok && echo(c, "echo this");
	c->is_ok = c->is_ok && echo(c, "finish") && ends_properly(c);
}

static void many_clients_are_served_at_once(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_many, THREADS_MAX);
	world_close(&w, &stats);
	assert_int_equal(stats.accepted, THREADS_MAX);
	assert_int_equal(stats.handshakes, THREADS_MAX);
	assert_int_equal(stats.bytes_in, THREADS_MAX * (ECHOES * 9 + 6));
	assert_int_equal(stats.bytes_out, stats.bytes_in);
	assert_int_equal(stats.handshake_failures + stats.refused_full + stats.timeouts, 0);
	assert_int_equal(w.last_reason, RV_OK);
	assert_memory_equal(w.last_peer, "127.0.0.1:", 10);
}

static void client_silent(struct client *c)
{
	char byte;

	c->is_ok = connect_tcp(c) && wait_for(c, RV_EWANTREAD) && recv(c->fd, &byte, 1, 0) == 0;
}

static void client_dribbling(struct client *c)
{
	static const char hello[] = "\x16\x03\x01\x02\x00\x01";
	char byte;

	if (!connect_tcp(c))
		return;
	for (size_t i = 0; i < sizeof(hello) - 1; i++) {
		send(c->fd, &hello[i], 1, MSG_NOSIGNAL);
		usleep(SHORT_US / 4);
	}
	c->is_ok = wait_for(c, RV_EWANTREAD) && recv(c->fd, &byte, 1, 0) <= 0;
}

static void slow_handshakes_are_cut(void **state)
{
	static void (*const fns[])(struct client *) = { client_silent, client_dribbling };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(fns); i++) {
		struct rv_net_stats stats;
		struct world w;

		world_open(&w);
		w.opt.handshake_us = SHORT_US;
		world_run(&w, fns[i], 3);
		world_close(&w, &stats);
		assert_int_equal(stats.timeouts, 3);
		assert_int_equal(w.opens, 0); /* and so no on_close either */
	}
}

static void client_plain(struct client *c)
{
	char byte;

	c->is_ok = connect_tcp(c) && send(c->fd, "GET / HTTP/1.0\r\n\r\n", 18, 0) == 18;
	while (c->is_ok && wait_for(c, RV_EWANTREAD) && recv(c->fd, &byte, 1, 0) > 0)
		;
}

static void failed_handshakes_are_counted(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_plain, 2);
	world_close(&w, &stats);
	assert_int_equal(stats.handshake_failures, 2);
	assert_int_equal(stats.handshakes, 0);
	assert_int_equal(w.opens, 0);
}

static void client_idle(struct client *c)
{
	c->is_ok = connect_tls(c) && echo(c, "echo") && ends_abruptly(c);
}

static void idle_connections_are_cut(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.idle_us = SHORT_US;
	world_run(&w, client_idle, 2);
	world_close(&w, &stats);
	assert_int_equal(stats.timeouts, 2);
	assert_int_equal(w.last_reason, RV_ETIMEOUT);
}

static void client_lively(struct client *c)
{
	c->is_ok = connect_tls(c);
	for (int i = 0; i < 8; i++) {
		c->is_ok = c->is_ok && echo(c, "echo");
		usleep(SHORT_US / 2);
	}
	c->is_ok = c->is_ok && echo(c, "finish") && ends_properly(c);
}

static void bytes_renew_the_idle_time(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.idle_us = 3 * SHORT_US; /* less than the whole, more than each pause */
	world_run(&w, client_lively, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.timeouts, 0);
}

static void client_deadline(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "d", 1) && ends_abruptly(c);
}

static void client_disarmed(struct client *c)
{
	c->is_ok = connect_tls(c) && echo(c, "Disarm");
	usleep(2 * SHORT_US);
	c->is_ok = c->is_ok && echo(c, "finish") && ends_properly(c);
}

static void a_deadline_holds_unless_disarmed(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_deadline, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.timeouts, 1);
	assert_int_equal(w.last_reason, RV_ETIMEOUT);

	world_open(&w);
	world_run(&w, client_disarmed, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.timeouts, 0);
	assert_int_equal(w.last_reason, RV_OK);
}

/* Two hold their places, the third is sent away without a byte of TLS. */
static void client_third(struct client *c)
{
	struct client more[2] = { { .world = c->world, .fd = -1 },
				  { .world = c->world, .fd = -1 } };
	char byte;

	c->is_ok = connect_tls(&more[0]) && echo(&more[0], "echo") && connect_tls(&more[1]) &&
		   echo(&more[1], "echo") && connect_tcp(c) && wait_for(c, RV_EWANTREAD) &&
		   recv(c->fd, &byte, 1, 0) <= 0;
	for (int i = 0; i < 2; i++) {
		c->is_ok = c->is_ok && echo(&more[i], "finish") && ends_properly(&more[i]);
		rv_tls_free(more[i].tls);
		close(more[i].fd);
	}
}

static void beyond_conns_max_is_refused_before_tls(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.conns_max = 2;
	world_run(&w, client_third, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.accepted, 3);
	assert_int_equal(stats.refused_full, 1);
	assert_int_equal(stats.handshakes, 2);
}

static void client_half_closing(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "count", 5) && rv_tls_shutdown(c->tls) == RV_OK &&
		   receive(c) && c->len == 3 && memcmp(c->buf, "bye", 3) == 0 && ends_properly(c);
}

static void an_answer_follows_a_half_close(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_half_closing, 2);
	world_close(&w, &stats);
	assert_int_equal(w.eofs, 2);
	assert_int_equal(w.last_reason, RV_OK);
}

static size_t receive_big(struct client *c, size_t want)
{
	size_t got = 0;

	while (got < want && receive(c)) {
		if (got + c->len > BIG || memcmp(c->buf, shared.big + got, c->len) != 0)
			return 0;
		got += c->len;
	}
	return got;
}

static void client_big(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "b", 1);
	usleep(SHORT_US); /* let the server's queue fill */
	c->is_ok = c->is_ok && receive_big(c, BIG) == BIG && ends_properly(c);
}

static void a_big_answer_arrives_whole(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_big, 4);
	world_close(&w, &stats);
	assert_int_equal(stats.bytes_out, 4 * BIG);
}

static void client_borders(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "w", 1);
	usleep(SHORT_US);
	c->is_ok = c->is_ok && receive_big(c, BIG) == BIG;
	for (size_t i = 1; i <= SMALL_MESSAGES; i++)
		c->is_ok = c->is_ok && receive(c) && c->len == i;
	c->is_ok = c->is_ok && echo(c, "finish") && ends_properly(c);
}

static void each_write_is_a_record_also_behind_a_queue(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_borders, 1);
	world_close(&w, &stats);
	assert_in_range(w.drains, 1, 100);
}

static void client_not_reading(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "l", 1);
	while (receive(c))
		;
}

static void the_queue_has_a_limit(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.out_max = BIG;
	world_run(&w, client_not_reading, 1);
	world_close(&w, &stats);
	assert_int_equal(w.flood_result, RV_ELIMIT);
	assert_int_equal(w.last_reason, RV_OK);
}

static void client_upload(struct client *c)
{
	static char data[UPLOAD]; /* zeros: counted only */

	c->is_ok = connect_tls(c) && send_all(c, data, sizeof(data)) && echo(c, "finish") &&
		   ends_properly(c);
}

static void a_long_upload_is_read_to_the_end(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_upload, 2);
	world_close(&w, &stats);
	assert_int_equal(stats.bytes_in, 2 * (UPLOAD + 6));
}

/* The answer comes after the first record; the rest lies unread in the server's kernel. */
static void client_talking_on(struct client *c)
{
	static char rest[UPLOAD / 4];

	c->is_ok = connect_tls(c) && send_all(c, "f", 1) && send_all(c, rest, sizeof(rest));
	usleep(SHORT_US);
	c->is_ok = c->is_ok && receive(c) && c->len == 1 && ends_properly(c);
}

static void the_last_answer_survives_unread_input(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_talking_on, 4);
	world_close(&w, &stats);
	assert_int_equal(w.last_reason, RV_OK);
}

static void client_resetting(struct client *c)
{
	struct linger hard = { 1, 0 };

	c->is_ok = connect_tls(c) && echo(c, "echo") &&
		   setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)) == 0;
}

static void client_vanishing(struct client *c)
{
	c->is_ok = connect_tls(c) && echo(c, "echo");
}

static void an_abrupt_end_is_told_as_such(void **state)
{
	static void (*const fns[])(struct client *) = { client_resetting, client_vanishing };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(fns); i++) {
		struct rv_net_stats stats;
		struct world w;

		world_open(&w);
		world_run(&w, fns[i], 1);
		world_close(&w, &stats);
		assert_int_equal(w.last_reason, -ECONNRESET);
		assert_int_equal(w.eofs, 0);
	}
}

static void client_pausing(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "p", 1) && send_all(c, "x", 1) &&
		   send_all(c, "finish", 6) && receive(c) && c->len == 6 && ends_properly(c);
}

static void a_paused_connection_is_not_read(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_pausing, 1);
	world_close(&w, &stats);
	assert_int_equal(w.data_while_paused, 0);
	assert_true(w.is_resumed);
	assert_int_equal(stats.bytes_in, 8);
}

static void client_swapping(struct client *c)
{
	struct client next = { .world = c->world, .fd = -1 };

	c->is_ok = connect_tls(c) && echo(c, "swap") && connect_tls(&next) && echo(&next, "echo") &&
		   strcmp(rv_tls_peer_subject(c->tls), "CN=first") == 0 &&
		   strcmp(rv_tls_peer_subject(next.tls), "CN=second") == 0 && echo(c, "finish") &&
		   ends_properly(c) && echo(&next, "finish") && ends_properly(&next);
	rv_tls_free(next.tls);
	close(next.fd);
}

static void certificates_change_without_closing_anything(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_swapping, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.handshakes, 2);
}

static void client_stopping(struct client *c)
{
	struct client other = { .world = c->world, .fd = -1 };

	c->is_ok = connect_tls(&other) && echo(&other, "echo") && connect_tls(c) &&
		   send_all(c, "q", 1) && ends_abruptly(c) && ends_abruptly(&other);
	rv_tls_free(other.tls);
	close(other.fd);
}

static void stop_closes_open_connections(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_stopping, 1);
	world_close(&w, &stats);
	assert_int_equal(w.closes, 2);
	assert_int_equal(w.last_reason, RV_OK);
}

/* This client takes the last descriptor of the process and gives the limit back later. */
static void client_starving(struct client *c)
{
	struct rlimit before, low;
	bool is_connected;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || getrlimit(RLIMIT_NOFILE, &before) != 0)
		return;
	low = before;
	low.rlim_cur = (rlim_t)c->fd + 1;
	if (setrlimit(RLIMIT_NOFILE, &low) != 0)
		return;
	is_connected = connect(c->fd, (struct sockaddr *)&c->world->addr, sizeof(c->world->addr)) ==
		       0;
	usleep(SHORT_US);
	setrlimit(RLIMIT_NOFILE, &before);
	c->is_ok = is_connected && fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0 && start_tls(c) &&
		   echo(c, "finish") && ends_properly(c);
}

static void lack_of_descriptors_delays_but_loses_nobody(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_starving, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.handshakes, 1);
}

static void a_listener_that_cannot_be_polled_is_refused(void **state)
{
	int fds[2] = { -1, open("/dev/null", O_RDONLY | O_CLOEXEC) };
	struct rv_net_server *server = NULL;
	struct world w;

	(void)state;
	world_open(&w);
	fds[0] = w.listen_fd;
	assert_int_equal(rv_net_server_new(&w.opt, fds, 2, &server), -EPERM);
	assert_null(server);
	uv_close((uv_handle_t *)&w.client_done, NULL);
	uv_close((uv_handle_t *)&w.resume_timer, NULL);
	assert_int_equal(uv_run(&w.loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&w.loop), 0);
	close(fds[1]);
	close(w.listen_fd);
	rv_net_server_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_clients_are_served_at_once),
		cmocka_unit_test(slow_handshakes_are_cut),
		cmocka_unit_test(failed_handshakes_are_counted),
		cmocka_unit_test(idle_connections_are_cut),
		cmocka_unit_test(bytes_renew_the_idle_time),
		cmocka_unit_test(a_deadline_holds_unless_disarmed),
		cmocka_unit_test(beyond_conns_max_is_refused_before_tls),
		cmocka_unit_test(an_answer_follows_a_half_close),
		cmocka_unit_test(a_big_answer_arrives_whole),
		cmocka_unit_test(each_write_is_a_record_also_behind_a_queue),
		cmocka_unit_test(the_queue_has_a_limit),
		cmocka_unit_test(a_long_upload_is_read_to_the_end),
		cmocka_unit_test(the_last_answer_survives_unread_input),
		cmocka_unit_test(an_abrupt_end_is_told_as_such),
		cmocka_unit_test(a_paused_connection_is_not_read),
		cmocka_unit_test(certificates_change_without_closing_anything),
		cmocka_unit_test(stop_closes_open_connections),
		cmocka_unit_test(lack_of_descriptors_delays_but_loses_nobody),
		cmocka_unit_test(a_listener_that_cannot_be_polled_is_refused),
	};

	return cmocka_run_group_tests(tests, make_shared, free_shared);
}
