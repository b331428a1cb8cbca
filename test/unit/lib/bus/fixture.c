#include "fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/bus_priv.h"
#include "log/log.h"

char *big;

void run_until(struct fix *f, const unsigned *count, unsigned want)
{
	alarm(HANG_S);
	while (*count < want)
		uv_run(&f->loop, UV_RUN_ONCE);
	alarm(0);
}

void make_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
}

void connect_buses(struct fix *f, struct rv_bus *a, struct rv_bus *b)
{
	unsigned want = f->ups + 2;
	int fds[2];

	make_pair(fds);
	assert_int_equal(rv_bus_attach(a, b->self.text, b->instance, fds[0]), RV_OK);
	assert_int_equal(rv_bus_attach(b, a->self.text, a->instance, fds[1]), RV_OK);
	run_until(f, &f->ups, want);
}

static void on_link(void *arg, const char *peer, unsigned instance, bool is_up)
{
	struct fix *f = arg;

	(void)peer;
	(void)instance;
	if (is_up)
		f->ups++;
	else
		f->downs++;
}

void on_answer(void *arg, int status, struct rv_str body)
{
	struct answer *a = arg;

	a->count++;
	a->status = status;
	free((char *)a->body.ptr);
	a->body = rv_strn(malloc(body.len + 1), body.len);
	if (body.len > 0)
		memcpy((char *)a->body.ptr, body.ptr, body.len);
}

void serve_echo(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	(void)arg;
	rv_bus_reply(call, RV_OK, body);
}

static void serve_refuse(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	(void)arg;
	(void)body;
	rv_bus_reply(call, RV_EAUTH, RV_STR_LIT("who?"));
}

static void serve_huge(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	(void)arg;
	(void)body;
	rv_bus_reply(call, RV_OK, rv_strn(big, RV_BUS_BODY_MAX + 1));
}

static void serve_keep(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	struct fix *f = arg;

	(void)body;
	f->kept = call;
}

static void serve_count(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	unsigned *count = arg;

	(*count)++;
	rv_bus_reply(call, RV_OK, body);
}

int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rv_bus_new(&f->loop, "proxy", i, &f->proxy[i]), RV_OK);
		assert_int_equal(rv_bus_serve(f->proxy[i], "count", serve_count, &f->served[i]),
				 RV_OK);
		rv_bus_on_link(f->proxy[i], on_link, f);
	}
	assert_int_equal(rv_bus_new(&f->loop, "rs", 0, &f->rs), RV_OK);
	rv_bus_on_link(f->rs, on_link, f);
	assert_int_equal(rv_bus_serve(f->rs, "echo", serve_echo, NULL), RV_OK);
	assert_int_equal(rv_bus_serve(f->rs, "refuse", serve_refuse, NULL), RV_OK);
	assert_int_equal(rv_bus_serve(f->rs, "huge", serve_huge, NULL), RV_OK);
	assert_int_equal(rv_bus_serve(f->rs, "keep", serve_keep, f), RV_OK);
	connect_buses(f, f->proxy[0], f->rs);
	*state = f;
	return 0;
}

int teardown(void **state)
{
	struct fix *f = *state;

	rv_bus_free(f->proxy[0]);
	rv_bus_free(f->proxy[1]);
	rv_bus_free(f->rs);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free((char *)f->answer.body.ptr);
	free(f);
	return 0;
}

int ask(struct fix *f, const char *method, struct rv_str body)
{
	return rv_bus_request(f->proxy[0], "rs", -1, method, body, long_us, on_answer, &f->answer);
}

void expect_answer(struct fix *f, int status, struct rv_str body)
{
	run_until(f, &f->answer.count, 1);
	assert_int_equal(f->answer.count, 1);
	assert_int_equal(f->answer.status, status);
	assert_int_equal(f->answer.body.len, body.len);
	if (body.len > 0)
		assert_memory_equal(f->answer.body.ptr, body.ptr, body.len);
}

int run_group(const char *name, const struct CMUnitTest *tests, size_t n)
{
	int failed;

	big = malloc(RV_BUS_BODY_MAX + 1);
	for (size_t i = 0; i <= RV_BUS_BODY_MAX; i++)
		big[i] = (char)(i ^ i >> 8 ^ i >> 16);
	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, 2);
	failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	free(big);
	return failed;
}
