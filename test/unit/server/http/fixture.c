#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/tls/certs.h"
#include "contract/rv_contract.h"
#include "log/log.h"

enum { PATIENCE_MS = 20000, BODY_MAX = 1 << 20, ANSWER_MAX = 4 << 20, SHORT_US = 100000 };

static struct {
	struct test_cert root, leaf;
	struct rv_tls_ctx *server, *client;
} shared;

char fixture_padding[PADDING + 1];

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
		devices[i].description = rv_strn(fixture_padding, 200);
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
	if (w->loses_rs) {
		rv_bus_free(w->rs_bus);
		w->rs_bus = NULL;
	}
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

void fixture_run(struct world *w, struct client *c, bool has_rs)
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
	w->api.timeout_us = w->is_stopped_early || w->loses_rs ? 10000000 : SHORT_US;
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

int fixture_setup(void **state)
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
	memset(fixture_padding, ' ', PADDING);
	return sodium_init() >= 0 ? 0 : -1;
}

int fixture_teardown(void **state)
{
	(void)state;
	rv_tls_ctx_unref(shared.server);
	rv_tls_ctx_unref(shared.client);
	test_cert_free(&shared.root);
	test_cert_free(&shared.leaf);
	return 0;
}
