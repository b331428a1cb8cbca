/* The whole way of a request: a TLS client in a thread of its own, our server on loopback, the bus,
 * and an rs of few words. The client sends bytes as they stand here and reads to the end. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../lib/tls/certs.h"
#include "contract/rv_contract.h"
#include "log/log.h"
#include "server/http/api.h"
#include "server/http/server.h"

enum {
	PATIENCE_MS = 20000,
	BODY_MAX = 1 << 20,
	ANSWER_MAX = 4 << 20,
	PADDING = 400000,
	DEVICES = 1000,
	SHORT_US = 100000,
	PARTS_MAX = 4,
	EXPECT_MAX = 6,
};

#define DISTID "0000-0000-0000-0001-0000-0000-0000-0001"
#define HOST   "Host: localhost\r\n"
#define TOKEN  "Authorization: Bearer good\r\n"
#define CLOSE  "Connection: close\r\n"

static struct {
	struct test_cert root, leaf;
	struct rv_tls_ctx *server, *client;
	char padding[PADDING + 1];
} shared;

struct world {
	uv_loop_t loop;
	uv_async_t client_done;
	struct rv_bus *http_bus, *rs_bus;
	struct rv_http_api api;
	struct rv_http_server *server;
	struct rv_http_stats stats; /* at the end */
	struct sockaddr_in addr;
	int listen_fd;
	unsigned ops;          /* that rs saw */
	bool is_stopped_early; /* stop as soon as rs has an operation */
	bool is_stopping;
};

struct client {
	struct world *world;
	const char *const *parts; /* NULL-terminated; a pause follows each but the last */
	bool is_half_closed;      /* close_notify after the last */
	struct rv_buf answer;
	int result;
};

/* -- rs -------------------------------------------------------------------------------------- */

static void answer_device(const struct rv_contract_type *type, void *out, struct rv_buf *body)
{
	rv_contract_encode(type, out, body);
	assert_int_equal(body->err, RV_OK);
}

static void list_devices(struct rv_buf *body)
{
	static struct rv_device devices[DEVICES];
	struct rv_device_list_out out = { .devices = devices, .devices_len = DEVICES };

	for (unsigned i = 0; i < DEVICES; i++) {
		devices[i].distid = RV_STR_LIT(DISTID);
		devices[i].description = rv_strn(shared.padding, 200);
	}
	answer_device(&rv_device_list_out_type, &out, body);
}

static void do_op(const struct rv_rs_op_in *in, struct rv_arena *arena, struct rv_rs_op_out *out,
		  struct rv_buf *body)
{
	struct rv_device_create_in create;
	struct rv_device_create_out created = { 0 };
	struct rv_device_get_in get;
	struct rv_device_get_out got = { 0 };

	if (rv_str_is(in->op, "device.get")) {
		assert_int_equal(rv_device_get_in_decode(in->body, arena, &get), RV_OK);
		got.device.distid = get.distid;
		answer_device(&rv_device_get_out_type, &got, body);
	} else if (rv_str_is(in->op, "device.create")) {
		assert_int_equal(rv_device_create_in_decode(in->body, arena, &create), RV_OK);
		created.device.distid = create.distid;
		answer_device(&rv_device_create_out_type, &created, body);
	} else if (rv_str_is(in->op, "device.list")) {
		list_devices(body);
	} else if (rv_str_is(in->op, "location.list")) {
		*out = (struct rv_rs_op_out){ .status = RV_EDENIED,
					      .key = RV_STR_LIT("right.missing"),
					      .text = RV_STR_LIT("no right \"location.read\""),
					      .where = RV_STR_LIT("token") };
	} else {
		rv_buf_puts(body, "\x01garbage");
	}
}

static void begin_stop(struct world *w);

static void on_op(void *arg, struct rv_bus_call *call, struct rv_str bytes)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	struct world *w = arg;
	struct rv_arena arena = { 0 };
	struct rv_buf body = { 0 }, reply = { 0 };
	struct rv_rs_op_out out = { 0 };
	struct rv_rs_op_in in;

	w->ops++;
	assert_int_equal(rv_rs_op_in_decode(bytes, &arena, &in), RV_OK);
	assert_false(in.is_trusted);
	crypto_hash_sha256(hash, (const unsigned char *)"good", 4);
	if (!rv_str_eq(in.token_sha256, rv_strn(hash, sizeof(hash))))
		out = (struct rv_rs_op_out){ .status = RV_EAUTH,
					     .text = RV_STR_LIT("unknown token") };
	else if (rv_str_is(in.op, "device.delete")) /* never answered */
		goto done;
	else
		do_op(&in, &arena, &out, &body);
	out.body = rv_buf_str(&body);
	rv_rs_op_out_encode(&out, &reply);
	rv_bus_reply(call, RV_OK, rv_buf_str(&reply));
done:
	if (w->is_stopped_early)
		begin_stop(w);
	rv_buf_deinit(&body);
	rv_buf_deinit(&reply);
	rv_arena_deinit(&arena);
}

/* -- client ---------------------------------------------------------------------------------- */

static int wait_for(int fd, int err)
{
	struct pollfd p = { .fd = fd, .events = err == RV_EWANTWRITE ? POLLOUT : POLLIN };

	if (err != RV_EWANTREAD && err != RV_EWANTWRITE)
		return err;
	return poll(&p, 1, PATIENCE_MS) == 1 ? RV_OK : RV_ETIMEOUT;
}

static int send_all(struct rv_tls *tls, int fd, struct rv_str data)
{
	while (data.len > 0) {
		struct rv_str record = rv_str_sub(data, 0, RV_TLS_RECORD_MAX);
		int err = rv_tls_write(tls, record.ptr, record.len);

		if (err == RV_OK)
			data = rv_str_sub(data, record.len, data.len);
		else if ((err = wait_for(fd, err)) != RV_OK)
			return err;
	}
	return RV_OK;
}

static int read_all(struct rv_tls *tls, int fd, struct rv_buf *out)
{
	char buf[16384];

	for (;;) {
		size_t len;
		int err = rv_tls_read(tls, buf, sizeof(buf), &len);

		if (err == RV_OK)
			rv_buf_put(out, buf, len);
		else if ((err = wait_for(fd, err)) != RV_OK)
			return err;
	}
}

static int talk(struct client *c, struct rv_tls *tls, int fd)
{
	int err;

	while ((err = rv_tls_handshake(tls)) != RV_OK)
		if ((err = wait_for(fd, err)) != RV_OK)
			return err;
	for (size_t i = 0; c->parts[i] != NULL; i++) {
		err = send_all(tls, fd, rv_str(c->parts[i]));
		if (err != RV_OK)
			return err;
		if (c->parts[i + 1] != NULL)
			usleep(20000); /* so that the parts arrive apart; nothing depends on it */
	}
	if (c->is_half_closed)
		rv_tls_shutdown(tls);
	return read_all(tls, fd, &c->answer);
}

static void *client_main(void *arg)
{
	struct client *c = arg;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct rv_tls *tls = NULL;

	c->result = connect(fd, (struct sockaddr *)&c->world->addr, sizeof(c->world->addr)) == 0
			    ? rv_tls_new(shared.client, fd, NULL, &tls)
			    : -errno;
	if (c->result == RV_OK) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		c->result = talk(c, tls, fd);
	}
	rv_tls_free(tls);
	close(fd);
	uv_async_send(&c->world->client_done);
	return NULL;
}

/* -- world ----------------------------------------------------------------------------------- */

static void on_stopped(void *arg)
{
	struct world *w = arg;

	w->server = NULL;
	rv_bus_free(w->http_bus);
	rv_bus_free(w->rs_bus);
	uv_close((uv_handle_t *)&w->client_done, NULL);
}

static void begin_stop(struct world *w)
{
	if (w->is_stopping)
		return;
	w->is_stopping = true;
	rv_http_server_stats(w->server, &w->stats);
	rv_http_server_stop(w->server, on_stopped, w);
}

static void on_client_done(uv_async_t *async)
{
	begin_stop(async->data);
}

static void listen_on_loopback(struct world *w)
{
	socklen_t len = sizeof(w->addr);

	w->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	w->addr = (struct sockaddr_in){ .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(w->listen_fd, (struct sockaddr *)&w->addr, len), 0);
	assert_int_equal(listen(w->listen_fd, 8), 0);
	assert_int_equal(getsockname(w->listen_fd, (struct sockaddr *)&w->addr, &len), 0);
}

static void connect_buses(struct world *w, bool has_rs)
{
	int fds[2];

	assert_int_equal(rv_bus_new(&w->loop, "http", 0, &w->http_bus), RV_OK);
	assert_int_equal(rv_bus_new(&w->loop, "rs", 0, &w->rs_bus), RV_OK);
	assert_int_equal(rv_bus_serve(w->rs_bus, "rs.op", on_op, w), RV_OK);
	if (!has_rs)
		return;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	assert_int_equal(rv_bus_attach(w->http_bus, "rs", 0, fds[0]), RV_OK);
	assert_int_equal(rv_bus_attach(w->rs_bus, "http", 0, fds[1]), RV_OK);
}

static void run(struct world *w, struct client *c, bool has_rs)
{
	struct rv_http_server_opt opt = {
		.loop = &w->loop,
		.tls = shared.server,
		.connections_max = 8,
		.body_max = BODY_MAX,
		.request_us = 300000,
		.idle_us = 10000000,
		.grace_ms = 500,
		.handler = rv_http_api_handle,
		.arg = &w->api,
		.listen_fds = &w->listen_fd,
		.listen_count = 1,
	};
	pthread_t thread;

	assert_int_equal(uv_loop_init(&w->loop), 0);
	uv_async_init(&w->loop, &w->client_done, on_client_done);
	w->client_done.data = w;
	listen_on_loopback(w);
	connect_buses(w, has_rs);
	w->api.bus = w->http_bus;
	w->api.timeout_us = w->is_stopped_early ? 10000000 : SHORT_US;
	assert_int_equal(rv_http_server_new(&opt, &w->server), RV_OK);
	c->world = w;
	rv_buf_init(&c->answer, ANSWER_MAX);
	assert_int_equal(pthread_create(&thread, NULL, client_main, c), 0);
	assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
	pthread_join(thread, NULL);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	close(w->listen_fd);
	assert_int_equal(w->api.pending, 0);
	rv_buf_putc(&c->answer, '\0');
}

/* -- tests ----------------------------------------------------------------------------------- */

static const struct {
	const char *parts[PARTS_MAX];
	const char *expect[EXPECT_MAX]; /* in this order */
	const char *never;
	unsigned ops;
} cases[] = {
	{ { "GET /healthz HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { "HTTP/1.1 200 OK\r\n", "nosniff", "\r\n\r\nok\n" },
	  "Server:",
	  0 },
	{ { "HEAD /healthz HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { "HTTP/1.1 200 OK\r\n" },
	  "\r\n\r\nok",
	  0 },
	{ { "GET https://localhost/healthz?x HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { " 200 ", "ok\n" },
	  NULL,
	  0 },
	{ { "GET /api/v2/openapi.json HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { " 200 ", "application/json", "\"openapi\": \"3.1" },
	  NULL,
	  0 },
	{ { "DELETE /healthz HTTP/1.1\r\n" HOST CLOSE "\r\n" }, { " 405 " }, NULL, 0 },
	{ { "GET /api/v3 HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { "HTTP/1.1 404 ", "application/problem+json", "\"status\":404",
	    "there is nothing at /api/v3", "ENOTFOUND", "http.path" },
	  NULL,
	  0 },
	{ { "GET /%ZZ HTTP/1.1\r\n" HOST CLOSE "\r\n" }, { " 404 " }, NULL, 0 },
	{ { "OPTIONS * HTTP/1.1\r\n" HOST CLOSE "\r\n" }, { " 404 " }, NULL, 0 },
	{ { "PUT /api/v2/devices HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n\r\n" },
	  { " 405 ", "POST" },
	  NULL,
	  0 },
	{ { "VERYLONGMETHODNAME /api/v2/devices HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { " 405 " },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { " 401 ", "EAUTH", "http.no_token" },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE
	    "Authorization: Basic Zm9v\r\n\r\n" },
	  { " 401 ", "http.no_token" },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE
	    "Authorization: Bearer bad\r\n\r\n" },
	  { " 401 ", "unknown token" },
	  NULL,
	  1 },
	{ { "GET /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 200 ", "application/json", "{\"device\":{", "\"distid\":\"" DISTID "\"" },
	  NULL,
	  1 },
	{ { "GET /api/v2/devices/short HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 400 ", "EINVALID", "\"where\":\"distid\"" },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices?limit=x HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 400 ", "\"where\":\"limit\"" },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 200 ", "{\"devices\":[{", "}],", "}" },
	  NULL,
	  1 },
	{ { "GET /api/v2/locations HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 403 ", "no right \\\"location.read\\\"", "EDENIED", "right.missing", "token" },
	  NULL,
	  1 },
	{ { "GET /api/v2/pulls HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 500 ", "http.internal" },
	  NULL,
	  1 },
	{ { "DELETE /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 504 ", "ETIMEOUT" },
	  NULL,
	  1 },
	{ { "POST /api/v2/devices HTTP/1.1\r\n" HOST CLOSE TOKEN "Content-Length: 1\r\n\r\n{" },
	  { " 400 ", "ESYNTAX" },
	  NULL,
	  0 },
	{ { "POST /api/v2/devices HTTP/1.1\r\n" HOST CLOSE TOKEN
	    "Transfer-Encoding: chunked\r\n\r\n",
	    "5\r\n{\"dis\r\n4;x\r\ntid\"\r\n4",
	    "0\r\n:\"" DISTID "\",\"ls_key\":\"hunter2\"   \r\n1\r\n}\r\n", "0\r\nX: y\r\n\r\n" },
	  { " 201 ", DISTID },
	  "hunter2",
	  1 },
	{ { "POST /api/v2/devices HTTP/1.1\r\n" HOST CLOSE TOKEN
	    "Expect: 100-continue\r\nContent-Length: 69\r\n\r\n",
	    "{\"distid\":\"" DISTID "\",\"ls_key\":\"k\"}    " },
	  { "HTTP/1.1 100 ", "HTTP/1.1 201 " },
	  NULL,
	  1 },
	{ { "GET /healthz HTTP/1.1\r\n" HOST "\r\nGET /api/v2/devices/" DISTID
	    " HTTP/1.1\r\n" HOST TOKEN "\r\nPOST / HTTP/1.1\r\n" HOST
	    "Content-Length: 5\r\nContent-Length: 6\r\n\r\nGET /healthz" },
	  { "HTTP/1.1 200 ", "ok\n", "HTTP/1.1 200 ", DISTID, "HTTP/1.1 400 ",
	    "Content-Length stands" },
	  NULL,
	  1 },
	{ { "GET / HTTP/1.1\nHost: a\n\n" },
	  { "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n", "problem+json", "nosniff",
	    "http.refused" },
	  NULL,
	  0 },
	{ { "POST / HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n" }, { " 413 " }, NULL, 0 },
	{ { "POST /api/v2/devices HTTP/1.1\r\n" HOST TOKEN "Transfer-Encoding: chunked\r\n\r\n",
	    "1\r\n{\r\nzz\r\n" },
	  { "HTTP/1.1 400 " },
	  NULL,
	  0 },
	{ { "GET /healthz HTTP/1.0\r\n\r\n" }, { " 200 ", "ok\n" }, NULL, 0 },
	{ { "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "GET /healthz HTTP/1.1\r\n" HOST "\r\n",
	    "\r\nGET /healthz HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { "HTTP/1.1 200 ", "ok\n", "HTTP/1.1 200 ", "ok\n", "HTTP/1.1 200 ", "ok\n" },
	  NULL,
	  0 },
};

static void check_order(size_t i, const char *answer)
{
	const char *at = answer;

	for (size_t k = 0; k < EXPECT_MAX && cases[i].expect[k] != NULL; k++) {
		at = strstr(at, cases[i].expect[k]);
		if (at == NULL)
			fail_msg("case %zu: no \"%s\" in: %s", i, cases[i].expect[k], answer);
		at += strlen(cases[i].expect[k]);
	}
	if (cases[i].never != NULL && strstr(answer, cases[i].never) != NULL)
		fail_msg("case %zu: \"%s\" in: %s", i, cases[i].never, answer);
}

static void each_request_gets_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		const char *parts[PARTS_MAX + 1] = { 0 };
		struct world w = { 0 };
		struct client c = { .parts = parts };

		memcpy(parts, cases[i].parts, sizeof(cases[i].parts));
		run(&w, &c, true);
		check_order(i, c.answer.ptr);
		if (w.ops != cases[i].ops || c.result != RV_ECLOSED)
			fail_msg("case %zu: %u operations, %s", i, w.ops, rv_err_name(c.result));
		rv_buf_deinit(&c.answer);
	}
}

static const char head[] = "GET /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n";

static void without_rs_the_answer_is_503(void **state)
{
	const char *parts[] = { head, NULL };
	struct world w = { 0 };
	struct client c = { .parts = parts };

	(void)state;
	run(&w, &c, false);
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 503 "));
	assert_non_null(strstr(c.answer.ptr, "Retry-After: 1\r\n"));
	assert_non_null(strstr(c.answer.ptr, "http.no_rs"));
	assert_int_equal(w.stats.answers[5], 1);
	rv_buf_deinit(&c.answer);
}

static void large_bodies_and_answers_pass(void **state)
{
	const char *parts[] = { "POST /api/v2/devices HTTP/1.1\r\n" HOST TOKEN
				"Content-Length: 400069\r\n\r\n",
				shared.padding,
				"{\"distid\":\"" DISTID "\",\"ls_key\":\"k\"}    "
				"GET /api/v2/devices HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n",
				NULL };
	struct world w = { 0 };
	struct client c = { .parts = parts };

	(void)state;
	run(&w, &c, true);
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 201 "));
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 200 "));
	assert_true(c.answer.len > DEVICES * 200);
	assert_int_equal(c.answer.ptr[c.answer.len - 2], '}');
	assert_int_equal(w.ops, 2);
	rv_buf_deinit(&c.answer);
}

/* request_us is short here: the head never ends. */
static void a_request_that_never_ends_is_cut_off(void **state)
{
	const char *parts[] = { "GET /healthz HTTP/1.1\r\nHost:", NULL };
	struct world w = { 0 };
	struct client c = { .parts = parts };

	(void)state;
	run(&w, &c, true);
	assert_int_not_equal(c.result, RV_ETIMEOUT); /* the client's patience did not end */
	assert_int_equal(c.answer.len, 1);
	rv_buf_deinit(&c.answer);
}

static void a_peer_that_has_said_all_gets_its_answer(void **state)
{
	const char *parts[] = { "GET /healthz HTTP/1.1\r\n" HOST "\r\n", NULL };
	struct world w = { 0 };
	struct client c = { .parts = parts, .is_half_closed = true };

	(void)state;
	run(&w, &c, true);
	assert_non_null(strstr(c.answer.ptr, "ok\n"));
	rv_buf_deinit(&c.answer);
}

static void a_stop_waits_for_the_operation(void **state)
{
	const char *parts[] = { head, NULL };
	struct world w = { .is_stopped_early = true };
	struct client c = { .parts = parts };

	(void)state;
	run(&w, &c, true);
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 200 "));
	rv_buf_deinit(&c.answer);
}

/* rs never answers device.delete: the stop has to do without, after the time of grace. */
static void a_stop_does_not_wait_for_ever(void **state)
{
	const char *parts[] = { "DELETE /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST TOKEN "\r\n",
				NULL };
	struct world w = { .is_stopped_early = true };
	struct client c = { .parts = parts };

	(void)state;
	run(&w, &c, true);
	assert_null(strstr(c.answer.ptr, "HTTP/1.1 2"));
	rv_buf_deinit(&c.answer);
}

static void targets_and_tokens_are_taken_apart(void **state)
{
	static const struct {
		const char *target, *path, *query;
	} targets[] = {
		{ "/", "/", "" },       { "/a/b?c=d?e", "/a/b", "c=d?e" },
		{ "http://h", "", "" }, { "https://h:8080/a?b", "/a", "b" },
		{ "*", "", "" },
	};
	static const struct {
		const char *header, *token;
	} tokens[] = {
		{ "Bearer abc", "abc" },
		{ "bearer  abc ", "abc" },
		{ "Bearer", "" },
		{ "Bearer ", "" },
		{ "Bearer a b", "" },
		{ "Basic abc", "" },
		{ "", "" },
		{ "Bearer \xff", "" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(targets); i++) {
		struct rv_str path, query;
		rv_http_target_split(rv_str(targets[i].target), &path, &query);
		assert_true(rv_str_is(path, targets[i].path));
		assert_true(rv_str_is(query, targets[i].query));
	}
	for (size_t i = 0; i < RV_ARRAY_LEN(tokens); i++)
		assert_true(
			rv_str_is(rv_http_bearer_token(rv_str(tokens[i].header)), tokens[i].token));
}

static int make_shared(void **state)
{
	struct test_cert_spec root = { RV_PKI_ROOT, "Root" }, leaf = { RV_PKI_SERVER, "localhost" };
	struct rv_tls_opt opt = { .is_server = true, .peer = RV_TLS_PEER_NONE };

	(void)state;
	/* What is logged are the refusals that the tests provoke. */
	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, open("/dev/null", O_WRONLY | O_CLOEXEC));
	test_cert_make(&shared.root, &root, NULL);
	test_cert_make(&shared.leaf, &leaf, &shared.root);
	opt.cert_pem = rv_buf_str(&shared.leaf.cert);
	opt.key_pem = rv_buf_str(&shared.leaf.key);
	assert_int_equal(rv_tls_ctx_new(&opt, &shared.server, NULL), RV_OK);
	opt = (struct rv_tls_opt){ .peer = RV_TLS_PEER_ANCHOR,
				   .ca_pem = rv_buf_str(&shared.root.cert) };
	assert_int_equal(rv_tls_ctx_new(&opt, &shared.client, NULL), RV_OK);
	memset(shared.padding, ' ', PADDING);
	return sodium_init() >= 0 ? 0 : -1;
}

static int free_shared(void **state)
{
	(void)state;
	rv_tls_ctx_unref(shared.server);
	rv_tls_ctx_unref(shared.client);
	test_cert_free(&shared.root);
	test_cert_free(&shared.leaf);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_gets_its_answer),
		cmocka_unit_test(without_rs_the_answer_is_503),
		cmocka_unit_test(large_bodies_and_answers_pass),
		cmocka_unit_test(a_request_that_never_ends_is_cut_off),
		cmocka_unit_test(a_peer_that_has_said_all_gets_its_answer),
		cmocka_unit_test(a_stop_waits_for_the_operation),
		cmocka_unit_test(a_stop_does_not_wait_for_ever),
		cmocka_unit_test(targets_and_tokens_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, make_shared, free_shared);
}
