/* Items from a loop: groups, order, limits, ends. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

enum { MANY = 20000, LOST = 1000 };

struct job {
	int64_t id;
	int fail_with; /* after the insert; RV_OK = keep it */
	int status;
	unsigned order; /* among the answers, from 1 */
	struct tally *tally;
};

struct tally {
	unsigned answers;
	unsigned failed;
	pthread_t loop_thread;
};

static int insert_job(struct rv_db_tx *tx, void *arg)
{
	struct job *job = arg;
	int err = insert_id(tx, &job->id);

	assert_false(pthread_equal(pthread_self(), job->tally->loop_thread));
	return err == RV_OK ? job->fail_with : err;
}

static void job_done(void *arg, int status)
{
	struct job *job = arg;

	assert_true(pthread_equal(pthread_self(), job->tally->loop_thread));
	job->status = status;
	job->order = ++job->tally->answers;
	if (status != RV_OK)
		job->tally->failed++;
}

static void one_that_fails_is_undone_alone(void **state)
{
	struct fix *f = *state;
	struct tally tally = { .loop_thread = pthread_self() };
	struct job jobs[] = {
		{ 1, RV_OK, LOST, 0, &tally }, { 2, RV_EINVALID, LOST, 0, &tally },
		{ 1, RV_OK, LOST, 0, &tally }, /* there is one: sees what ran before it in the group
						*/
		{ 2, RV_OK, LOST, 0, &tally }, /* free again: the second was undone */
		{ 3, RV_OK, LOST, 0, &tally },
	};
	static const int expected[] = { RV_OK, RV_EINVALID, RV_EEXISTS, RV_OK, RV_OK };
	struct gate *gate = gate_close(f);
	struct rv_db_stats before;
	struct rv_db_stats after;

	rv_db_stats(f->db, &before);
	for (size_t i = 0; i < RV_ARRAY_LEN(jobs); i++)
		assert_int_equal(rv_db_submit(f->db, insert_job, job_done, &jobs[i]), RV_OK);
	assert_int_equal(tally.answers, 0);
	gate_open(gate);
	run_until(f, &tally.answers, RV_ARRAY_LEN(jobs));
	for (size_t i = 0; i < RV_ARRAY_LEN(jobs); i++) {
		assert_int_equal(jobs[i].status, expected[i]);
		assert_int_equal(jobs[i].order, i + 1);
	}
	rv_db_stats(f->db, &after);
	assert_int_equal(after.commits - before.commits, 2); /* the gate's, and all five at once */
	assert_int_equal(after.items - before.items, 1 + RV_ARRAY_LEN(jobs));
	assert_int_equal(after.failed_items - before.failed_items, 2);
	assert_int_equal(count_now(f), 3);
}

static void groups_hold_at_most_512(void **state)
{
	enum { N = 2 * RV_DB_GROUP_MAX + 1 };
	struct fix *f = *state;
	struct tally tally = { .loop_thread = pthread_self() };
	struct job *jobs = calloc(N, sizeof(*jobs));
	struct gate *gate = gate_close(f);
	struct rv_db_stats before;
	struct rv_db_stats after;

	rv_db_stats(f->db, &before);
	for (size_t i = 0; i < N; i++) {
		jobs[i] = (struct job){ .id = (int64_t)i, .tally = &tally };
		assert_int_equal(rv_db_submit(f->db, insert_job, job_done, &jobs[i]), RV_OK);
	}
	gate_open(gate);
	run_until(f, &tally.answers, N);
	rv_db_stats(f->db, &after);
	assert_int_equal(after.commits - before.commits, 1 + 3);
	assert_int_equal(tally.failed, 0);
	free(jobs);
}

static void a_full_queue_is_busy_and_nothing_is_called(void **state)
{
	struct fix *f = *state;
	struct tally tally = { .loop_thread = pthread_self() };
	struct job *jobs = calloc(RV_DB_QUEUE_MAX, sizeof(*jobs));
	struct job extra = { .id = -1, .status = LOST, .tally = &tally };
	struct gate *gate = gate_close(f);
	struct rv_db_stats stats;
	unsigned accepted = 0;

	while (accepted < RV_DB_QUEUE_MAX) {
		jobs[accepted] = (struct job){ .id = (int64_t)accepted, .tally = &tally };
		if (rv_db_submit(f->db, insert_job, job_done, &jobs[accepted]) != RV_OK)
			break;
		accepted++;
	}
	assert_int_equal(accepted, RV_DB_QUEUE_MAX - 1); /* and the gate */
	assert_int_equal(rv_db_submit(f->db, insert_job, job_done, &extra), RV_EBUSY);
	rv_db_stats(f->db, &stats);
	assert_int_equal(stats.queued, RV_DB_QUEUE_MAX);
	gate_open(gate);
	run_until(f, &tally.answers, accepted);
	assert_int_equal(extra.status, LOST);
	assert_int_equal(rv_db_submit(f->db, insert_job, job_done, &extra), RV_OK); /* room again */
	run_until(f, &tally.answers, accepted + 1);
	rv_db_stats(f->db, &stats);
	assert_int_equal(stats.queued, 0);
	free(jobs);
}

/* -- twenty thousand, each submitted by the answer to one before it ------------------------ */

struct pump {
	struct fix *f;
	struct job *jobs;
	struct tally tally;
	unsigned next;
};

static struct pump pump;

static void pump_done(void *arg, int status);

static void pump_one(void)
{
	struct job *job = &pump.jobs[pump.next];

	*job = (struct job){ .id = pump.next++, .tally = &pump.tally };
	assert_int_equal(rv_db_submit(pump.f->db, insert_job, pump_done, job), RV_OK);
}

static void pump_done(void *arg, int status)
{
	job_done(arg, status);
	if (pump.next < MANY)
		pump_one();
}

static void twenty_thousand_items_are_answered_in_order(void **state)
{
	struct fix *f = *state;

	pump = (struct pump){ .f = f, .jobs = calloc(MANY, sizeof(struct job)) };
	pump.tally.loop_thread = pthread_self();
	while (pump.next < 700) /* in flight: more than one group */
		pump_one();
	run_until(f, &pump.tally.answers, MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(pump.jobs[i].order, i + 1);
	assert_int_equal(pump.tally.failed, 0);
	assert_int_equal(count_now(f), MANY);
	free(pump.jobs);
}

/* -- ends --------------------------------------------------------------------------------- */

static void late_done(void *arg, int status)
{
	struct job *job = arg;

	job_done(arg, status);
	assert_int_equal(rv_db_submit(pump.f->db, insert_job, job_done, job), RV_ECLOSED);
}

static void close_finishes_what_was_submitted(void **state)
{
	struct fix *f = *state;
	struct tally tally = { .loop_thread = pthread_self() };
	struct job jobs[600];

	pump.f = f;
	for (unsigned i = 0; i < RV_ARRAY_LEN(jobs); i++) {
		jobs[i] = (struct job){ .id = i, .status = LOST, .tally = &tally };
		assert_int_equal(rv_db_submit(f->db, insert_job, late_done, &jobs[i]), RV_OK);
	}
	rv_db_close(f->db);
	assert_int_equal(tally.answers, RV_ARRAY_LEN(jobs)); /* before close returns */
	for (unsigned i = 0; i < RV_ARRAY_LEN(jobs); i++)
		assert_int_equal(jobs[i].status, RV_OK);
	f->db = NULL;
	fix_open(f);
	assert_int_equal(count_now(f), RV_ARRAY_LEN(jobs));
}

static void close_in_done(void *arg, int status)
{
	job_done(arg, status);
	if (((struct job *)arg)->order != 1)
		return;
	rv_db_close(pump.f->db);
	pump.f->db = NULL;
}

static void the_store_may_be_closed_in_a_done_function(void **state)
{
	struct fix *f = *state;
	struct tally tally = { .loop_thread = pthread_self() };
	struct job jobs[10];
	struct gate *gate = gate_close(f);

	pump.f = f;
	for (unsigned i = 0; i < RV_ARRAY_LEN(jobs); i++) {
		jobs[i] = (struct job){ .id = i, .tally = &tally };
		assert_int_equal(rv_db_submit(f->db, insert_job, close_in_done, &jobs[i]), RV_OK);
	}
	gate_open(gate);
	run_until(f, &tally.answers, RV_ARRAY_LEN(jobs));
	assert_null(f->db);
	assert_int_equal(tally.failed, 0);
	for (unsigned i = 0; i < RV_ARRAY_LEN(jobs); i++)
		assert_int_equal(jobs[i].order, i + 1);
}

/* However long the patient wait: all is done, in order, and a hurried one waits for nobody. */
static void patient_work_is_done_in_order_with_all_other(void **state)
{
	struct fix *f = *state;
	struct tally tally = { .loop_thread = pthread_self() };
	struct job jobs[RV_DB_PATIENT_MAX + 20];
	struct rv_db_stats before;
	struct rv_db_stats after;
	unsigned done = 0;

	for (size_t i = 0; i < RV_ARRAY_LEN(jobs); i++)
		jobs[i] = (struct job){ (int64_t)i + 1, RV_OK, LOST, 0, &tally };
	/* A store at rest; then one that has just worked: alone, with company, with too many. */
	static const size_t groups[] = { 1, 1, 1 + 3, RV_DB_PATIENT_MAX + 2, 3 };

	rv_db_stats(f->db, &before);
	for (size_t g = 0; g < RV_ARRAY_LEN(groups); g++) {
		for (size_t i = 0; i < groups[g]; i++, done++) {
			bool is_hurried = g == 2 && i == 3;

			assert_int_equal((is_hurried ? rv_db_submit : rv_db_submit_patient)(
						 f->db, insert_job, job_done, &jobs[done]),
					 RV_OK);
		}
		run_until(f, &tally.answers, done);
	}
	for (size_t i = 0; i < done; i++) {
		assert_int_equal(jobs[i].status, RV_OK);
		assert_int_equal(jobs[i].order, i + 1);
	}
	rv_db_stats(f->db, &after);
	assert_int_equal(after.items - before.items, done);
	assert_in_range(after.commits - before.commits, RV_ARRAY_LEN(groups), done);
	assert_int_equal(count_now(f), done);
}

static void patient_work_does_not_outlive_the_store(void **state)
{
	struct fix *f = *state;
	struct tally tally = { .loop_thread = pthread_self() };
	struct job jobs[] = { { 1, RV_OK, LOST, 0, &tally }, { 2, RV_OK, LOST, 0, &tally } };

	assert_int_equal(rv_db_submit(f->db, insert_job, job_done, &jobs[0]), RV_OK);
	run_until(f, &tally.answers, 1);
	assert_int_equal(rv_db_submit_patient(f->db, insert_job, job_done, &jobs[1]), RV_OK);
	rv_db_close(f->db);
	f->db = NULL;
	assert_int_equal(jobs[1].status, RV_OK);
}

size_t suite_groups(const struct CMUnitTest **out)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fix_setup, fix_teardown)
	static const struct CMUnitTest tests[] = {
		T(one_that_fails_is_undone_alone),
		T(groups_hold_at_most_512),
		T(a_full_queue_is_busy_and_nothing_is_called),
		T(twenty_thousand_items_are_answered_in_order),
		T(patient_work_is_done_in_order_with_all_other),
		T(patient_work_does_not_outlive_the_store),
		T(close_finishes_what_was_submitted),
		T(the_store_may_be_closed_in_a_done_function),
	};

	*out = tests;
	return RV_ARRAY_LEN(tests);
}
