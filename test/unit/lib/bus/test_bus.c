/* Requests and events: the real thing, over real socketpairs. */
#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "bus/bus_priv.h"

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

/* An edge that was taken over must not reach what only others are to call. */
static void a_limited_peer_reaches_only_the_methods_named(void **state)
{
	static const struct {
		const char *may_call, *method;
		int status;
	} cases[] = {
		{ "echo\n", "echo", RV_OK },        { "keep\necho\n", "echo", RV_OK },
		{ "keep\necho", "echo", RV_OK },    { "echo\n", "refuse", RV_EDENIED },
		{ "", "echo", RV_EDENIED },         { "echo2\nech\n", "echo", RV_EDENIED },
		{ "echo\n", "nobody", RV_EDENIED },
	};
	struct fix *f = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		unsigned ups = f->ups;
		int fds[2];

		make_pair(fds);
		assert_int_equal(
			rv_bus_attach_limited(f->rs, "proxy", 0, fds[0], rv_str(cases[i].may_call)),
			RV_OK);
		assert_int_equal(rv_bus_attach(f->proxy[0], "rs", 0, fds[1]), RV_OK);
		run_until(f, &f->ups, ups + 2);
		f->answer.count = 0;
		assert_int_equal(ask(f, cases[i].method, RV_STR_LIT("")), RV_OK);
		expect_answer(f, cases[i].status, RV_STR_LIT(""));
	}
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

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_request_is_answered_but_never_from_inside),
		T(status_and_body_of_a_refusal_arrive),
		T(five_megabytes_go_both_ways),
		T(a_method_nobody_serves_is_unsupported),
		T(a_limited_peer_reaches_only_the_methods_named),
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
	};

	return run_group("lib-bus", tests, RV_ARRAY_LEN(tests));
}
