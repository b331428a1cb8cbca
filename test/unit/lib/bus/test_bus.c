/* The real thing: buses on one loop (or in two processes) over real socketpairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/time.h"
#include "bus/bus.h"
#include "bus/bus_priv.h"
#include "bus/frame.h"
#include "log/log.h"

enum { MB5 = 5 * 1024 * 1024, HANG_S = 60, MANY = 1000 };

static const int64_t long_us = 3600 * RV_US_PER_SEC;

struct answer {
	int status;
	struct rv_str body; /* copy */
	unsigned count;
};

/* Two proxies and one rs, as in the picture of bus.h; proxy 1 is linked by tests that need it. */
struct fix {
	uv_loop_t loop;
	struct rv_bus *proxy[2];
	struct rv_bus *rs;
	struct answer answer;
	struct rv_bus_call *kept; /* by serve_keep */
	unsigned served[2];       /* by instance of the serving bus (proxies) */
	unsigned ups;
	unsigned downs;
	unsigned heard;
	char last_event[64];
};

static char *big;

/* Turn the loop until *count reaches want; a test that hangs is killed by the alarm. */
static void run_until(struct fix *f, const unsigned *count, unsigned want)
{
	alarm(HANG_S);
	while (*count < want)
		uv_run(&f->loop, UV_RUN_ONCE);
	alarm(0);
}

static void make_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
}

static void connect_buses(struct fix *f, struct rv_bus *a, struct rv_bus *b)
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

static void on_answer(void *arg, int status, struct rv_str body)
{
	struct answer *a = arg;

	a->count++;
	a->status = status;
	free((char *)a->body.ptr);
	a->body = rv_strn(malloc(body.len + 1), body.len);
	if (body.len > 0)
		memcpy((char *)a->body.ptr, body.ptr, body.len);
}

static void serve_echo(void *arg, struct rv_bus_call *call, struct rv_str body)
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

static int setup(void **state)
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

static int teardown(void **state)
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

static int ask(struct fix *f, const char *method, struct rv_str body)
{
	return rv_bus_request(f->proxy[0], "rs", -1, method, body, long_us, on_answer, &f->answer);
}

static void expect_answer(struct fix *f, int status, struct rv_str body)
{
	run_until(f, &f->answer.count, 1);
	assert_int_equal(f->answer.count, 1);
	assert_int_equal(f->answer.status, status);
	assert_int_equal(f->answer.body.len, body.len);
	if (body.len > 0)
		assert_memory_equal(f->answer.body.ptr, body.ptr, body.len);
}

/* -- requests ----------------------------------------------------------------------------- */

static void a_request_is_answered_but_never_from_inside(void **state)
{
	struct fix *f = *state;

	assert_int_equal(ask(f, "echo", RV_STR_LIT("hello")), RV_OK);
	assert_int_equal(f->answer.count, 0);
	expect_answer(f, RV_OK, RV_STR_LIT("hello"));
}

static void status_and_body_of_a_refusal_arrive(void **state)
{
	struct fix *f = *state;

	assert_int_equal(ask(f, "refuse", RV_STR_LIT("")), RV_OK);
	expect_answer(f, RV_EAUTH, RV_STR_LIT("who?"));
}

static void five_megabytes_go_both_ways(void **state)
{
	struct fix *f = *state;

	assert_int_equal(ask(f, "echo", rv_strn(big, MB5)), RV_OK);
	expect_answer(f, RV_OK, rv_strn(big, MB5));
}

static void a_method_nobody_serves_is_unsupported(void **state)
{
	struct fix *f = *state;

	assert_int_equal(ask(f, "nobody", RV_STR_LIT("x")), RV_OK);
	expect_answer(f, RV_EUNSUPPORTED, RV_STR_LIT(""));
}

static void a_body_over_the_limit_is_refused_at_both_ends(void **state)
{
	struct fix *f = *state;

	assert_int_equal(ask(f, "echo", rv_strn(big, RV_BUS_BODY_MAX + 1)), RV_ELIMIT);
	assert_int_equal(ask(f, "huge", RV_STR_LIT("")), RV_OK);
	expect_answer(f, RV_ELIMIT, RV_STR_LIT(""));
}

static void a_duty_that_is_not_there_is_not_found(void **state)
{
	struct fix *f = *state;
	int fds[2];

	assert_int_equal(rv_bus_request(f->rs, "ls", -1, "m", RV_STR_LIT(""), long_us, on_answer,
					&f->answer),
			 RV_ENOTFOUND);
	assert_int_equal(rv_bus_request(f->rs, "proxy", 1, "m", RV_STR_LIT(""), long_us, on_answer,
					&f->answer),
			 RV_ENOTFOUND);
	/* A link whose other end has not said hello counts as nobody. */
	make_pair(fds);
	assert_int_equal(rv_bus_attach(f->rs, "ls", 0, fds[0]), RV_OK);
	assert_int_equal(rv_bus_request(f->rs, "ls", -1, "m", RV_STR_LIT(""), long_us, on_answer,
					&f->answer),
			 RV_ENOTFOUND);
	close(fds[1]);
	assert_int_equal(f->answer.count, 0);
}

static void many_requests_are_outstanding_and_one_too_many_is_busy(void **state)
{
	struct fix *f = *state;

	for (unsigned i = 0; i < RV_BUS_PENDING_MAX; i++)
		assert_int_equal(ask(f, "echo", rv_strn(&i, sizeof(i))), RV_OK);
	assert_int_equal(ask(f, "echo", RV_STR_LIT("")), RV_EBUSY);
	run_until(f, &f->answer.count, RV_BUS_PENDING_MAX);
	assert_int_equal(f->answer.status, RV_OK);
	assert_int_equal(ask(f, "echo", RV_STR_LIT("")), RV_OK);
	run_until(f, &f->answer.count, RV_BUS_PENDING_MAX + 1);
}

static void a_full_send_queue_is_busy_at_once(void **state)
{
	struct fix *f = *state;
	unsigned accepted = 0;
	int err;

	while ((err = ask(f, "echo", rv_strn(big, MB5))) == RV_OK)
		accepted++;
	assert_int_equal(err, RV_EBUSY);
	assert_in_range(accepted, 6, 7);
	run_until(f, &f->answer.count, accepted);
	assert_int_equal(f->answer.status, RV_OK);
}

static void a_request_without_answer_times_out_and_the_late_answer_is_dropped(void **state)
{
	struct fix *f = *state;
	struct rv_bus_stats stats;

	assert_int_equal(rv_bus_request(f->proxy[0], "rs", 0, "keep", RV_STR_LIT(""), 5000,
					on_answer, &f->answer),
			 RV_OK);
	expect_answer(f, RV_ETIMEOUT, RV_STR_LIT(""));
	assert_non_null(f->kept);
	/* Before the CANCEL was read the answer still goes out, and is dropped over there. */
	rv_bus_reply(f->kept, RV_OK, RV_STR_LIT("late"));
	assert_int_equal(ask(f, "echo", RV_STR_LIT("")), RV_OK);
	run_until(f, &f->answer.count, 2);
	assert_int_equal(f->answer.status, RV_OK);
	rv_bus_stats(f->proxy[0], &stats);
	assert_int_equal(stats.timeouts, 1);
	assert_int_equal(stats.late_replies, 1);
}

static void a_canceled_call_may_still_be_answered(void **state)
{
	struct fix *f = *state;
	struct rv_bus_stats stats;

	assert_int_equal(rv_bus_request(f->proxy[0], "rs", 0, "keep", RV_STR_LIT(""), 5000,
					on_answer, &f->answer),
			 RV_OK);
	expect_answer(f, RV_ETIMEOUT, RV_STR_LIT(""));
	assert_int_equal(ask(f, "echo", RV_STR_LIT("")), RV_OK); /* behind the CANCEL */
	run_until(f, &f->answer.count, 2);
	rv_bus_reply(f->kept, RV_OK, rv_strn(big, MB5));
	assert_int_equal(ask(f, "echo", RV_STR_LIT("")), RV_OK);
	run_until(f, &f->answer.count, 3);
	rv_bus_stats(f->proxy[0], &stats);
	assert_int_equal(stats.late_replies, 0); /* it was never sent */
}

static void a_deadline_in_the_middle_of_a_long_body_stops_it(void **state)
{
	struct fix *f = *state;

	assert_int_equal(rv_bus_request(f->proxy[0], "rs", 0, "echo", rv_strn(big, RV_BUS_BODY_MAX),
					1, on_answer, &f->answer),
			 RV_OK);
	expect_answer(f, RV_ETIMEOUT, RV_STR_LIT(""));
	for (unsigned i = 2; i < 40;
	     i++) { /* more than there are streams: each must be given back */
		assert_int_equal(ask(f, "echo", rv_strn(big, RV_BUS_FRAME_MAX)), RV_OK);
		run_until(f, &f->answer.count, i);
		assert_int_equal(f->answer.status, RV_OK);
	}
}

static void instances_take_turns_and_can_be_chosen(void **state)
{
	struct fix *f = *state;

	connect_buses(f, f->proxy[1], f->rs);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(rv_bus_request(f->rs, "proxy", -1, "count", RV_STR_LIT(""),
						long_us, on_answer, &f->answer),
				 RV_OK);
	run_until(f, &f->answer.count, 10);
	assert_int_equal(f->served[0], 5);
	assert_int_equal(f->served[1], 5);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(rv_bus_request(f->rs, "proxy", 1, "count", RV_STR_LIT(""), long_us,
						on_answer, &f->answer),
				 RV_OK);
	run_until(f, &f->answer.count, 14);
	assert_int_equal(f->served[0], 5);
	assert_int_equal(f->served[1], 9);
}

static void a_call_tells_its_caller(void **state)
{
	struct fix *f = *state;
	unsigned instance = 9;

	connect_buses(f, f->proxy[1], f->rs);
	assert_int_equal(rv_bus_request(f->proxy[1], "rs", -1, "keep", RV_STR_LIT(""), long_us,
					on_answer, &f->answer),
			 RV_OK);
	while (f->kept == NULL)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_string_equal(rv_bus_call_peer(f->kept, &instance), "proxy");
	assert_int_equal(instance, 1);
	rv_bus_reply(f->kept, RV_OK, RV_STR_LIT(""));
}

/* -- events ------------------------------------------------------------------------------- */

static void on_event(void *arg, const char *from, struct rv_str body)
{
	struct fix *f = arg;

	assert_string_equal(from, "rs");
	assert_true(rv_str_copy(body, f->last_event, sizeof(f->last_event)));
	f->heard++;
}

static void on_big_event(void *arg, const char *from, struct rv_str body)
{
	struct fix *f = arg;

	(void)from;
	assert_int_equal(body.len, MB5);
	assert_memory_equal(body.ptr, big, MB5);
	f->heard++;
}

static void events_reach_subscribers_only(void **state)
{
	struct fix *f = *state;

	/* One subscribes before its link is made, one after. */
	assert_int_equal(rv_bus_subscribe(f->proxy[1], "rs.changed", on_event, f), RV_OK);
	connect_buses(f, f->proxy[1], f->rs);
	rv_bus_publish(f->rs, "rs.changed", RV_STR_LIT("one"));
	rv_bus_publish(f->rs, "rs.other", RV_STR_LIT("nobody"));
	run_until(f, &f->heard, 1);
	assert_string_equal(f->last_event, "one");

	assert_int_equal(rv_bus_subscribe(f->proxy[0], "rs.changed", on_event, f), RV_OK);
	assert_int_equal(ask(f, "echo", RV_STR_LIT("")), RV_OK); /* behind the SUBSCRIBE */
	run_until(f, &f->answer.count, 1);
	rv_bus_publish(f->rs, "rs.changed", RV_STR_LIT("two"));
	run_until(f, &f->heard, 3);
	assert_string_equal(f->last_event, "two");
}

static void a_long_event_arrives(void **state)
{
	struct fix *f = *state;

	assert_int_equal(rv_bus_subscribe(f->proxy[1], "rs.big", on_big_event, f), RV_OK);
	connect_buses(f, f->proxy[1], f->rs);
	rv_bus_publish(f->rs, "rs.big", rv_strn(big, MB5));
	run_until(f, &f->heard, 1);
}

static void events_to_a_full_queue_are_dropped_and_counted(void **state)
{
	struct fix *f = *state;
	struct rv_bus_stats stats;

	assert_int_equal(rv_bus_subscribe(f->proxy[1], "rs.big", on_big_event, f), RV_OK);
	connect_buses(f, f->proxy[1], f->rs);
	for (unsigned i = 0; i < 10; i++)
		rv_bus_publish(f->rs, "rs.big", rv_strn(big, MB5));
	rv_bus_stats(f->rs, &stats);
	assert_in_range(stats.dropped_events, 3, 4);
	run_until(f, &f->heard, 10 - (unsigned)stats.dropped_events);
}

static void names_are_taken_once(void **state)
{
	struct fix *f = *state;

	assert_int_equal(rv_bus_serve(f->rs, "echo", serve_echo, NULL), RV_EEXISTS);
	assert_int_equal(rv_bus_subscribe(f->rs, "t", on_event, f), RV_OK);
	assert_int_equal(rv_bus_subscribe(f->rs, "t", on_event, f), RV_EEXISTS);
	for (unsigned i = 1; i < RV_BUS_TOPICS_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%u", i);
		assert_int_equal(rv_bus_subscribe(f->rs, name, on_event, f), RV_OK);
	}
	assert_int_equal(rv_bus_subscribe(f->rs, "too-many", on_event, f), RV_ELIMIT);
}

/* -- links that end ----------------------------------------------------------------------- */

static void a_peer_that_goes_away_closes_its_requests(void **state)
{
	struct fix *f = *state;
	unsigned downs = f->downs;

	assert_int_equal(ask(f, "keep", RV_STR_LIT("")), RV_OK);
	while (f->kept == NULL)
		uv_run(&f->loop, UV_RUN_ONCE);
	rv_bus_free(f->rs);
	f->rs = NULL;
	expect_answer(f, RV_ECLOSED, RV_STR_LIT(""));
	assert_int_equal(f->downs, downs + 1);
	assert_int_equal(ask(f, "echo", RV_STR_LIT("")), RV_ENOTFOUND);
}

static void a_call_may_be_answered_after_its_caller_died(void **state)
{
	struct fix *f = *state;
	unsigned downs = f->downs;

	assert_int_equal(ask(f, "keep", RV_STR_LIT("")), RV_OK);
	while (f->kept == NULL)
		uv_run(&f->loop, UV_RUN_ONCE);
	rv_bus_free(f->proxy[0]);
	f->proxy[0] = NULL;
	assert_int_equal(f->answer.status,
			 RV_ECANCELED); /* its own requests end before free returns */
	run_until(f, &f->downs, downs + 1);
	assert_string_equal(rv_bus_call_peer(f->kept, NULL), "proxy");
	rv_bus_reply(f->kept, RV_OK, RV_STR_LIT("too late"));
}

static void a_replaced_end_closes_the_old_and_works_anew(void **state)
{
	struct fix *f = *state;
	unsigned downs = f->downs;

	assert_int_equal(ask(f, "keep", RV_STR_LIT("")), RV_OK);
	connect_buses(f, f->proxy[0], f->rs);
	expect_answer(f, RV_ECLOSED, RV_STR_LIT(""));
	assert_int_equal(f->downs, downs + 2);
	assert_int_equal(ask(f, "echo", RV_STR_LIT("again")), RV_OK);
	run_until(f, &f->answer.count, 2);
	assert_int_equal(f->answer.status, RV_OK);
}

static void on_answer_free_bus(void *arg, int status, struct rv_str body)
{
	struct fix *f = arg;

	(void)body;
	f->answer.count++;
	if (status != RV_ECANCELED) {
		rv_bus_free(f->proxy[0]);
		f->proxy[0] = NULL;
	}
}

static void the_bus_may_be_freed_in_a_callback(void **state)
{
	struct fix *f = *state;

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rv_bus_request(f->proxy[0], "rs", 0, "echo", RV_STR_LIT("x"),
						long_us, on_answer_free_bus, f),
				 RV_OK);
	run_until(f, &f->answer.count, 3);
}

static void a_bus_freed_at_a_deadline_fires_no_other(void **state)
{
	struct fix *f = *state;

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rv_bus_request(f->proxy[0], "rs", 0, "keep", RV_STR_LIT("x"), 1,
						on_answer_free_bus, f),
				 RV_OK);
	run_until(f, &f->answer.count, 3);
	assert_null(f->proxy[0]);
}

static void ask_again(void *arg, int status, struct rv_str body)
{
	struct fix *f = arg;

	(void)status;
	(void)body;
	assert_int_equal(ask(f, "echo", RV_STR_LIT("")),
			 RV_ENOTFOUND); /* the link is no longer offered */
	f->answer.count++;
}

static void a_callback_of_a_lost_link_may_ask_again(void **state)
{
	struct fix *f = *state;

	assert_int_equal(
		rv_bus_request(f->proxy[0], "rs", 0, "keep", RV_STR_LIT(""), long_us, ask_again, f),
		RV_OK);
	rv_bus_free(f->rs);
	f->rs = NULL;
	run_until(f, &f->answer.count, 1);
}

static void a_bad_end_or_name_is_refused(void **state)
{
	struct fix *f = *state;
	struct rv_bus *bus = NULL;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(rv_bus_attach(f->rs, "ls", 0, fds[0]), RV_EINVALID);
	assert_int_equal(rv_bus_attach(f->rs, "L S", 0, fds[1]), RV_EINVALID);
	assert_int_equal(write(fds[0], "x", 1), -1); /* both were closed */
	assert_int_equal(write(fds[1], "x", 1), -1);
	assert_int_equal(rv_bus_attach(f->rs, "ls", 0, -1), RV_EINVALID);
	assert_int_equal(rv_bus_new(&f->loop, "", 0, &bus), RV_EINVALID);
	assert_null(bus);
}

/* -- untrusted peers ---------------------------------------------------------------------- */

#define HELLO_LS  "\1\1\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0ls"
#define HELLO_LS1 "\1\1\2\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0ls"
#define HELLO_RS  "\1\1\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0rs"
#define REQUEST_7 "\1\3\1\0\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0k"

/* What an end that plays "ls", instance 0, may not send. */
static const struct {
	const char *what;
	struct rv_str frames[3];
} attacks[] = {
	{ "garbage", { RV_STR_LIT("garbage") } },
	{ "another's name", { RV_STR_LIT(HELLO_RS) } },
	{ "another instance", { RV_STR_LIT(HELLO_LS1) } },
	{ "another version",
	  { RV_STR_LIT("\2"
		       "\1\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0ls") } },
	{ "a request before HELLO", { RV_STR_LIT(REQUEST_7) } },
	{ "HELLO twice", { RV_STR_LIT(HELLO_LS), RV_STR_LIT(HELLO_LS) } },
	{ "bad topic in HELLO", { RV_STR_LIT(HELLO_LS "a b\n") } },
	{ "empty topic in HELLO", { RV_STR_LIT(HELLO_LS "\n") } },
	{ "one id twice", { RV_STR_LIT(HELLO_LS), RV_STR_LIT(REQUEST_7), RV_STR_LIT(REQUEST_7) } },
	{ "MORE out of nowhere",
	  { RV_STR_LIT(HELLO_LS), RV_STR_LIT("\1\6\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0x") } },
};

static void serve_nothing(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	(void)arg;
	(void)call;
	(void)body;
}

static void a_malformed_frame_ends_that_link_alone(void **state)
{
	struct fix *f = *state;

	assert_int_equal(rv_bus_serve(f->rs, "k", serve_nothing, NULL), RV_OK);
	for (size_t i = 0; i < RV_ARRAY_LEN(attacks); i++) {
		struct rv_bus_stats stats;
		int fds[2];

		make_pair(fds);
		assert_int_equal(rv_bus_attach(f->rs, "ls", 0, fds[0]), RV_OK);
		for (size_t k = 0; k < 3 && attacks[i].frames[k].len > 0; k++)
			assert_true(send(fds[1], attacks[i].frames[k].ptr, attacks[i].frames[k].len,
					 0) > 0);
		alarm(HANG_S);
		do {
			uv_run(&f->loop, UV_RUN_ONCE);
			rv_bus_stats(f->rs, &stats);
		} while (stats.links > 1);
		alarm(0);
		close(fds[1]);
	}
	assert_int_equal(ask(f, "echo", RV_STR_LIT("still here")), RV_OK);
	expect_answer(f, RV_OK, RV_STR_LIT("still here"));
}

static void a_frame_too_long_ends_the_link(void **state)
{
	struct fix *f = *state;
	struct rv_bus_stats stats;
	int fds[2];

	make_pair(fds);
	assert_int_equal(rv_bus_attach(f->rs, "ls", 0, fds[0]), RV_OK);
	assert_int_equal(send(fds[1], HELLO_LS, sizeof(HELLO_LS) - 1, 0), sizeof(HELLO_LS) - 1);
	assert_int_equal(send(fds[1], big, RV_BUS_FRAME_MAX + 1, 0), RV_BUS_FRAME_MAX + 1);
	do {
		uv_run(&f->loop, UV_RUN_ONCE);
		rv_bus_stats(f->rs, &stats);
	} while (stats.links > 1);
	close(fds[1]);
}

static void a_peer_with_too_many_open_calls_gets_busy(void **state)
{
	struct fix *f = *state;
	unsigned char frame[] = REQUEST_7;
	struct rv_bus_frame answer = { 0 };
	char buf[256];
	int fds[2];

	assert_int_equal(rv_bus_serve(f->rs, "k", serve_nothing, NULL), RV_OK);
	make_pair(fds);
	assert_int_equal(rv_bus_attach(f->rs, "ls", 0, fds[0]), RV_OK);
	assert_true(send(fds[1], HELLO_LS, sizeof(HELLO_LS) - 1, 0) > 0);
	assert_true(recv(fds[1], buf, sizeof(buf), 0) > 0); /* its HELLO */
	for (unsigned i = 0; i <= RV_BUS_CALLS_MAX; i++) {
		frame[6] = (unsigned char)(i >> 8);
		frame[7] = (unsigned char)i;
		frame[5] = 1;
		assert_true(send(fds[1], frame, sizeof(frame) - 1, 0) > 0);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	alarm(HANG_S);
	ssize_t n;
	while ((n = recv(fds[1], buf, sizeof(buf), MSG_DONTWAIT)) < 0)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	alarm(0);
	assert_int_equal(rv_bus_frame_parse(rv_strn(buf, (size_t)n), &answer), RV_OK);
	assert_int_equal(answer.kind, RV_BUS_REPLY);
	assert_int_equal(answer.number, RV_EBUSY);
	close(fds[1]);
}

/* -- real processes ----------------------------------------------------------------------- */

static void serve_exit(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	(void)arg;
	(void)call;
	(void)body;
	_exit(0);
}

static void serve_last_words(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	(void)arg;
	(void)body;
	rv_bus_reply(call, RV_OK, RV_STR_LIT("last words"));
	_exit(0);
}

/* The life of duty "ls" in a process of its own; it dies with `_exit` or by a signal. */
static void child_main(int fd)
{
	struct rv_bus *bus = NULL;
	uv_loop_t loop;

	alarm(HANG_S);
	uv_loop_init(&loop);
	if (rv_bus_new(&loop, "ls", 0, &bus) != RV_OK ||
	    rv_bus_serve(bus, "echo", serve_echo, NULL) != RV_OK ||
	    rv_bus_serve(bus, "exit", serve_exit, NULL) != RV_OK ||
	    rv_bus_serve(bus, "last", serve_last_words, NULL) != RV_OK ||
	    rv_bus_attach(bus, "rs", 0, fd) != RV_OK)
		_exit(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(2);
}

static pid_t spawn_ls(struct fix *f)
{
	unsigned want = f->ups + 1;
	int fds[2];
	pid_t pid;

	make_pair(fds);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		child_main(fds[1]);
	}
	close(fds[1]);
	assert_int_equal(rv_bus_attach(f->rs, "ls", 0, fds[0]), RV_OK);
	run_until(f, &f->ups, want);
	return pid;
}

static int ask_ls(struct fix *f, const char *method, struct rv_str body)
{
	return rv_bus_request(f->rs, "ls", -1, method, body, long_us, on_answer, &f->answer);
}

static void another_process_answers(void **state)
{
	struct fix *f = *state;
	pid_t pid = spawn_ls(f);

	assert_int_equal(ask_ls(f, "echo", rv_strn(big, MB5)), RV_OK);
	expect_answer(f, RV_OK, rv_strn(big, MB5));
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(ask_ls(f, "echo", RV_STR_LIT("x")), RV_OK);
	run_until(f, &f->answer.count, 1 + MANY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void a_process_that_exits_closes_its_requests(void **state)
{
	struct fix *f = *state;
	pid_t pid = spawn_ls(f);

	assert_int_equal(ask_ls(f, "exit", RV_STR_LIT("")), RV_OK);
	expect_answer(f, RV_ECLOSED, RV_STR_LIT(""));
	waitpid(pid, NULL, 0);
}

static void an_answer_sent_just_before_death_arrives(void **state)
{
	struct fix *f = *state;
	struct answer unread = { 0 };
	pid_t pid = spawn_ls(f);

	/* Unread data at death gives ECONNRESET ahead of the answer. */
	kill(pid, SIGSTOP);
	assert_int_equal(ask_ls(f, "last", RV_STR_LIT("")), RV_OK);
	assert_int_equal(rv_bus_request(f->rs, "ls", -1, "last", RV_STR_LIT(""), long_us, on_answer,
					&unread),
			 RV_OK);
	kill(pid, SIGCONT);
	waitpid(pid, NULL, 0);
	expect_answer(f, RV_OK, RV_STR_LIT("last words"));
	run_until(f, &unread.count, 1);
	assert_int_equal(unread.status, RV_ECLOSED);
	free((char *)unread.body.ptr);
}

static void a_process_killed_in_the_middle_of_a_long_body_closes_the_request(void **state)
{
	struct fix *f = *state;
	pid_t pid = spawn_ls(f);
	struct rv_bus_stats before;
	struct rv_bus_stats now;

	assert_int_equal(ask_ls(f, "echo", rv_strn(big, RV_BUS_BODY_MAX)), RV_OK);
	rv_bus_stats(f->rs, &before);
	do {
		uv_run(&f->loop, UV_RUN_ONCE);
		rv_bus_stats(f->rs, &now);
	} while (now.frames_out < before.frames_out + 20); /* of some 260 */
	kill(pid, SIGKILL);
	expect_answer(f, RV_ECLOSED, RV_STR_LIT(""));
	waitpid(pid, NULL, 0);
	spawn_ls(f); /* and the next life of the duty works; the fixture's end ends it */
	assert_int_equal(ask_ls(f, "echo", RV_STR_LIT("anew")), RV_OK);
	run_until(f, &f->answer.count, 2);
	assert_int_equal(f->answer.status, RV_OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_request_is_answered_but_never_from_inside),
		T(status_and_body_of_a_refusal_arrive),
		T(five_megabytes_go_both_ways),
		T(a_method_nobody_serves_is_unsupported),
		T(a_body_over_the_limit_is_refused_at_both_ends),
		T(a_duty_that_is_not_there_is_not_found),
		T(many_requests_are_outstanding_and_one_too_many_is_busy),
		T(a_full_send_queue_is_busy_at_once),
		T(a_request_without_answer_times_out_and_the_late_answer_is_dropped),
		T(a_canceled_call_may_still_be_answered),
		T(a_deadline_in_the_middle_of_a_long_body_stops_it),
		T(instances_take_turns_and_can_be_chosen),
		T(a_call_tells_its_caller),
		T(events_reach_subscribers_only),
		T(a_long_event_arrives),
		T(events_to_a_full_queue_are_dropped_and_counted),
		T(names_are_taken_once),
		T(a_peer_that_goes_away_closes_its_requests),
		T(a_call_may_be_answered_after_its_caller_died),
		T(a_replaced_end_closes_the_old_and_works_anew),
		T(the_bus_may_be_freed_in_a_callback),
		T(a_bus_freed_at_a_deadline_fires_no_other),
		T(a_callback_of_a_lost_link_may_ask_again),
		T(a_bad_end_or_name_is_refused),
		T(a_malformed_frame_ends_that_link_alone),
		T(a_frame_too_long_ends_the_link),
		T(a_peer_with_too_many_open_calls_gets_busy),
		T(another_process_answers),
		T(a_process_that_exits_closes_its_requests),
		T(an_answer_sent_just_before_death_arrives),
		T(a_process_killed_in_the_middle_of_a_long_body_closes_the_request),
	};
	int failed;

	big = malloc(RV_BUS_BODY_MAX + 1);
	for (size_t i = 0; i <= RV_BUS_BODY_MAX; i++)
		big[i] = (char)(i ^ i >> 8 ^ i >> 16);
	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, 2);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(big);
	return failed;
}
