/* How links end: peers that leave, lie, or die. */
#include "fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/bus_priv.h"
#include "bus/frame.h"

enum { MANY = 1000 };

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

struct freeing {
	struct fix *f;
	unsigned before_return; /* callbacks run until rv_bus_free came back */
	unsigned count;
	unsigned late; /* links heard of afterwards */
};

static void free_in_answer(void *arg, int status, struct rv_str body)
{
	struct freeing *fr = arg;

	(void)body;
	fr->count++;
	if (fr->f->proxy[0] == NULL) {
		assert_int_equal(status, RV_ECANCELED);
		return;
	}
	struct rv_bus *bus = fr->f->proxy[0];
	fr->f->proxy[0] = NULL;
	rv_bus_free(bus);
	fr->before_return = fr->count;
}

static void count_late(void *arg, const char *peer, unsigned instance, bool is_up)
{
	struct freeing *fr = arg;

	(void)peer;
	(void)instance;
	(void)is_up;
	fr->late += fr->f->proxy[0] == NULL;
}

/* Whoever has freed the bus may free what the callbacks would look at. */
static void a_bus_freed_while_a_link_ends_calls_nobody_afterwards(void **state)
{
	struct fix *f = *state;
	struct freeing fr = { .f = f };

	rv_bus_on_link(f->proxy[0], count_late, &fr);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rv_bus_request(f->proxy[0], "rs", 0, "keep", RV_STR_LIT(""),
						long_us, free_in_answer, &fr),
				 RV_OK);
	rv_bus_free(f->rs);
	f->rs = NULL;
	run_until(f, &fr.count, 3);
	assert_int_equal(fr.before_return, 3);
	assert_int_equal(fr.late, 0);
}

static void a_bus_freed_while_a_link_is_replaced_takes_no_other(void **state)
{
	struct fix *f = *state;
	struct rv_bus *bus = f->proxy[0];
	struct freeing fr = { .f = f };
	int fds[2];
	char byte;

	assert_int_equal(
		rv_bus_request(bus, "rs", 0, "keep", RV_STR_LIT(""), long_us, free_in_answer, &fr),
		RV_OK);
	make_pair(fds);
	assert_int_equal(rv_bus_attach(bus, "rs", 0, fds[0]), RV_ECANCELED);
	assert_int_equal(fr.count, 1);
	assert_int_equal(recv(fds[1], &byte, 1, MSG_DONTWAIT), 0); /* closed */
	close(fds[1]);
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

#define REPLY_1 "\1\4\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0"

static void an_answer_to_a_question_not_asked_in_full_ends_the_link(void **state)
{
	struct fix *f = *state;
	struct answer answer = { 0 };
	struct rv_bus_stats stats;
	int fds[2];

	make_pair(fds);
	assert_int_equal(rv_bus_attach(f->rs, "ls", 0, fds[0]), RV_OK);
	assert_true(send(fds[1], HELLO_LS, sizeof(HELLO_LS) - 1, 0) > 0);
	alarm(HANG_S);
	while (rv_bus_request(f->rs, "ls", 0, "k", rv_strn(big, MB5), long_us, on_answer,
			      &answer) == RV_ENOTFOUND)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_true(send(fds[1], REPLY_1, sizeof(REPLY_1) - 1, 0) > 0);
	run_until(f, &answer.count, 1);
	assert_int_equal(answer.status, RV_ECLOSED);
	rv_bus_stats(f->rs, &stats);
	assert_int_equal(stats.links, 1);
	free((char *)answer.body.ptr);
	close(fds[1]);
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

/* Requests nobody serves, answers never read: what we owe has a bound too. */
static void a_peer_that_asks_and_never_reads_is_cut_off(void **state)
{
	struct fix *f = *state;
	unsigned char frame[] = REQUEST_7;
	struct rv_bus_stats stats = { .links = 2 };
	unsigned sent = 0;
	int fds[2];

	make_pair(fds);
	assert_int_equal(rv_bus_attach(f->rs, "ls", 0, fds[0]), RV_OK);
	assert_true(send(fds[1], HELLO_LS, sizeof(HELLO_LS) - 1, 0) > 0);
	alarm(HANG_S);
	while (stats.links == 2) {
		if (send(fds[1], frame, sizeof(frame) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			sent++;
		else
			uv_run(&f->loop, UV_RUN_NOWAIT);
		rv_bus_stats(f->rs, &stats);
	}
	alarm(0);
	assert_true(sent > 2 * RV_BUS_QUEUE_MAX);
	close(fds[1]);
	assert_int_equal(ask(f, "echo", RV_STR_LIT("still here")), RV_OK);
	expect_answer(f, RV_OK, RV_STR_LIT("still here"));
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
		T(a_peer_that_goes_away_closes_its_requests),
		T(a_call_may_be_answered_after_its_caller_died),
		T(a_replaced_end_closes_the_old_and_works_anew),
		T(the_bus_may_be_freed_in_a_callback),
		T(a_bus_freed_at_a_deadline_fires_no_other),
		T(a_callback_of_a_lost_link_may_ask_again),
		T(a_bus_freed_while_a_link_ends_calls_nobody_afterwards),
		T(a_bus_freed_while_a_link_is_replaced_takes_no_other),
		T(a_bad_end_or_name_is_refused),
		T(a_malformed_frame_ends_that_link_alone),
		T(an_answer_to_a_question_not_asked_in_full_ends_the_link),
		T(a_frame_too_long_ends_the_link),
		T(a_peer_with_too_many_open_calls_gets_busy),
		T(a_peer_that_asks_and_never_reads_is_cut_off),
		T(another_process_answers),
		T(a_process_that_exits_closes_its_requests),
		T(an_answer_sent_just_before_death_arrives),
		T(a_process_killed_in_the_middle_of_a_long_body_closes_the_request),
	};

	return run_group("lib-bus-end", tests, RV_ARRAY_LEN(tests));
}
