/* Bus methods that are work of a store, over a real bus and a real SQLite store in one loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/rv_contract.h"
#include "contract/wire.h"
#include "log/log.h"
#include "server/serve/serve.h"

enum { JOBS_MAX = 2, HELD_MAX = 1500 };

static struct rv_db_stmt insert = { .name = "t.insert", .sqlite = "INSERT INTO t (x) VALUES (?)" };
static struct rv_db_stmt count = { .name = "t.count", .sqlite = "SELECT count(*) FROM t" };
static struct rv_db_stmt *const statements[] = { &insert, &count };
static const struct rv_db_migration migrations[] = {
	{ .number = 1, .name = "0001-t", .sqlite = "CREATE TABLE t (x TEXT NOT NULL) STRICT;" }
};

struct place {
	uv_loop_t loop;
	char dir[64];
	struct rv_bus *owner, *caller;
	struct rv_db *db;
	struct rv_serve *serve;
	bool is_up, is_idle;
	struct rv_serve_job *held[JOBS_MAX]; /* answered by the test, not by done() */
	unsigned held_count;
	bool holds;
};

/* -- the method: keeps the device id it is given; "bad" in the description fails after that -- */

static int run_method(struct rv_db_tx *tx, struct rv_serve_job *job)
{
	const struct rv_rs_waiting_note_in *in = job->in;
	int err = rv_db_exec(tx, &insert, RV_DB_PARAMS(RV_DB_T(in->distid)), NULL);

	return err == RV_OK && rv_str_is(in->description, "bad") ? RV_EINVALID : err;
}

static void done_method(struct rv_serve_job *job, int status)
{
	struct place *p = job->owner;

	assert_string_equal(job->peer, "caller");
	if (p->holds)
		p->held[p->held_count++] = job;
	else
		rv_serve_answer(job, status);
}

static const struct rv_serve_method methods[] = {
	{ "t.keep", &rv_rs_waiting_note_in_type, &rv_rs_waiting_note_out_type,
	  sizeof(struct rv_serve_job), run_method, done_method },
};

/* -- the place ------------------------------------------------------------------------------ */

static void on_link(void *arg, const char *peer, unsigned instance, bool is_up)
{
	struct place *p = arg;

	(void)peer;
	(void)instance;
	p->is_up = is_up;
}

static void turn_until(struct place *p, const bool *flag)
{
	while (!*flag)
		uv_run(&p->loop, UV_RUN_ONCE);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	char url[96];
	int fds[2];

	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, open("/dev/null", 1));
	strcpy(p->dir, "/tmp/reeve-serve-XXXXXX");
	if (mkdtemp(p->dir) == NULL || uv_loop_init(&p->loop) != 0)
		return -1;
	snprintf(url, sizeof(url), "sqlite:%s/t.db", p->dir);
	struct rv_db_opt db = { .url = url,
				.migrations = migrations,
				.migration_count = 1,
				.statements = statements,
				.statement_count = 2,
				.loop = &p->loop };
	assert_int_equal(rv_db_open(&db, &p->db, NULL), RV_OK);
	assert_int_equal(rv_bus_new(&p->loop, "owner", 0, &p->owner), RV_OK);
	assert_int_equal(rv_bus_new(&p->loop, "caller", 0, &p->caller), RV_OK);
	rv_bus_on_link(p->caller, on_link, p);
	struct rv_serve_opt opt = { .bus = p->owner,
				    .db = p->db,
				    .owner = p,
				    .methods = methods,
				    .method_count = 1,
				    .jobs_max = JOBS_MAX,
				    .bytes_max = 4096,
				    .held_max = HELD_MAX,
				    .event = "t.call.failed" };
	assert_int_equal(rv_serve_new(&opt, &p->serve), RV_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	assert_int_equal(rv_bus_attach(p->owner, "caller", 0, fds[0]), RV_OK);
	assert_int_equal(rv_bus_attach(p->caller, "owner", 0, fds[1]), RV_OK);
	turn_until(p, &p->is_up);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char command[96];

	rv_bus_free(p->caller);
	rv_bus_free(p->owner);
	rv_serve_free(p->serve);
	rv_db_close(p->db);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&p->loop), 0);
	snprintf(command, sizeof(command), "rm -r %s", p->dir);
	free(p);
	return system(command);
}

struct reply {
	bool is_there;
	int status;
};

static void on_reply(void *arg, int status, struct rv_str body)
{
	struct reply *r = arg;

	(void)body;
	*r = (struct reply){ true, status };
}

static void ask(struct place *p, struct rv_str body, struct reply *reply)
{
	*reply = (struct reply){ 0 };
	assert_int_equal(
		rv_bus_request(p->caller, "owner", -1, "t.keep", body, 10000000, on_reply, reply),
		RV_OK);
}

static void ask_device(struct place *p, const char *description, struct reply *reply)
{
	struct rv_rs_waiting_note_in in = { .distid = RV_STR_LIT("x"),
					    .description = rv_str(description) };
	struct rv_buf body = { 0 };

	rv_rs_waiting_note_in_encode(&in, &body);
	ask(p, rv_buf_str(&body), reply);
	rv_buf_deinit(&body);
}

static int take_count(const struct rv_db_row *row, void *arg)
{
	*(int64_t *)arg = rv_db_col_int(row, 0);
	return RV_OK;
}

static int work_count(struct rv_db_tx *tx, void *arg)
{
	return rv_db_query(tx, &count, RV_DB_NO_PARAMS, take_count, arg);
}

static int64_t rows(struct place *p)
{
	int64_t n = -1;

	assert_int_equal(rv_db_run(p->db, work_count, &n), RV_OK);
	return n;
}

/* -- tests ---------------------------------------------------------------------------------- */

static void an_answer_means_that_the_work_is_stored(void **state)
{
	struct place *p = *state;
	struct reply reply;

	ask_device(p, "good", &reply);
	turn_until(p, &reply.is_there);
	assert_int_equal(reply.status, RV_OK);
	assert_int_equal(rows(p), 1);
}

static void a_failure_is_the_answer_and_leaves_nothing(void **state)
{
	struct place *p = *state;
	struct reply reply;

	ask_device(p, "bad", &reply);
	turn_until(p, &reply.is_there);
	assert_int_equal(reply.status, RV_EINVALID);
	assert_int_equal(rows(p), 0);
}

static void what_is_no_message_never_reaches_the_store(void **state)
{
	static char long_text[8000];
	struct place *p = *state;
	struct reply reply;
	struct rv_serve_stats stats;

	ask(p, RV_STR_LIT("nonsense"), &reply);
	turn_until(p, &reply.is_there);
	assert_int_not_equal(reply.status, RV_OK);
	ask(p, rv_strn(long_text, sizeof(long_text)), &reply); /* more than a job may hold */
	turn_until(p, &reply.is_there);
	assert_int_equal(reply.status, -ENOMEM);
	rv_serve_stats(p->serve, &stats);
	assert_int_equal(stats.calls, 2);
	assert_int_equal(stats.failed, 2);
	assert_int_equal(stats.open, 0);
	assert_int_equal(rows(p), 0);
}

static void hold(struct place *p, struct reply *replies, unsigned n)
{
	p->holds = true;
	for (unsigned i = 0; i < n; i++)
		ask_device(p, "good", &replies[i]);
	while (p->held_count < n)
		uv_run(&p->loop, UV_RUN_ONCE);
}

static void let_go(struct place *p)
{
	p->holds = false;
	while (p->held_count > 0)
		rv_serve_answer(p->held[--p->held_count], RV_OK);
}

static void too_many_at_a_time_are_refused_at_once(void **state)
{
	struct place *p = *state;
	struct reply replies[JOBS_MAX], refused;
	struct rv_serve_stats stats;

	hold(p, replies, JOBS_MAX);
	ask_device(p, "good", &refused);
	turn_until(p, &refused.is_there);
	assert_int_equal(refused.status, RV_EBUSY);
	let_go(p);
	for (unsigned i = 0; i < JOBS_MAX; i++) {
		turn_until(p, &replies[i].is_there);
		assert_int_equal(replies[i].status, RV_OK);
	}
	rv_serve_stats(p->serve, &stats);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(rows(p), JOBS_MAX);
	ask_device(p, "good", &refused); /* and now there is room again */
	turn_until(p, &refused.is_there);
	assert_int_equal(refused.status, RV_OK);
}

static void too_much_at_a_time_is_refused_at_once(void **state)
{
	static const char words[HELD_MAX];
	const struct rv_rs_waiting_note_in in = { .distid = RV_STR_LIT("x") };
	struct rv_buf body = { 0 };
	struct rv_wire_writer wire = { .out = &body };
	struct place *p = *state;
	struct reply large, refused;
	struct rv_serve_stats stats;

	p->holds = true;
	rv_rs_waiting_note_in_encode(&in, &body);
	rv_wire_put_key(&wire, 99, RV_WIRE_BYTES); /* which we do not know */
	rv_wire_put_varint(&wire, sizeof(words));
	rv_wire_put_bytes(&wire, rv_strn(words, sizeof(words)));
	ask(p, rv_buf_str(&body), &large);
	rv_buf_deinit(&body);
	while (p->held_count < 1 && !large.is_there)
		uv_run(&p->loop, UV_RUN_ONCE);
	assert_int_equal(p->held_count, 1);
	ask_device(p, "good", &refused);
	turn_until(p, &refused.is_there);
	assert_int_equal(refused.status, RV_EBUSY);
	let_go(p);
	turn_until(p, &large.is_there);
	assert_int_equal(large.status, RV_OK);
	rv_serve_stats(p->serve, &stats);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.failed, 0);
	ask_device(p, "good", &refused); /* and now there is room again */
	turn_until(p, &refused.is_there);
	assert_int_equal(refused.status, RV_OK);
	assert_int_equal(rows(p), 2);
}

static void on_idle(void *arg)
{
	((struct place *)arg)->is_idle = true;
}

static void stopping_waits_for_what_was_begun_and_takes_no_more(void **state)
{
	struct place *p = *state;
	struct reply first, second;

	hold(p, &first, 1);
	rv_serve_stop(p->serve, on_idle, p);
	assert_false(p->is_idle);
	ask_device(p, "good", &second);
	turn_until(p, &second.is_there);
	assert_int_equal(second.status, RV_EBUSY);
	let_go(p);
	assert_true(p->is_idle);
	turn_until(p, &first.is_there);
	assert_int_equal(first.status, RV_OK);
}

static void the_store_shows_its_figures(void **state)
{
	struct place *p = *state;
	struct rv_buf text = { 0 };

	rv_serve_db_metrics(p->db, "t", &text);
	rv_buf_putc(&text, '\0');
	assert_non_null(strstr(text.ptr, "\nreeve_t_db_commits_total "));
	assert_non_null(strstr(text.ptr, "# HELP reeve_t_db_commits_total "));
	assert_non_null(strstr(text.ptr, "# TYPE reeve_t_db_queued gauge\n"));
	assert_non_null(strstr(text.ptr, "# TYPE reeve_t_db_commit_seconds_total counter\n"));
	rv_buf_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_means_that_the_work_is_stored, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_failure_is_the_answer_and_leaves_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_no_message_never_reaches_the_store, setup,
						teardown),
		cmocka_unit_test_setup_teardown(too_many_at_a_time_are_refused_at_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(too_much_at_a_time_is_refused_at_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(stopping_waits_for_what_was_begun_and_takes_no_more,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_store_shows_its_figures, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
