#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

#include "log/log.h"
#include "suite.h"

const struct backend *backend;

#define BOTH(text) .sqlite = text, .postgresql = text

const struct rv_db_migration migrations[2] = {
	{ 1, "0001-things",
	  BOTH("CREATE TABLE thing (id BIGINT PRIMARY KEY, word TEXT UNIQUE, number BIGINT, bytes "
	       "BYTEA);"
	       "CREATE INDEX thing_number ON thing (number);") },
	{ 2, "0002-children",
	  BOTH("CREATE TABLE child (id BIGINT PRIMARY KEY,"
	       " thing BIGINT NOT NULL REFERENCES thing (id));") },
};

struct rv_db_stmt insert_thing = {
	.name = "thing.insert",
	.sqlite = "INSERT INTO thing (id, word, number, bytes) VALUES (?1, ?2, ?3, ?4)",
};
struct rv_db_stmt select_thing = {
	.name = "thing.by-id",
	.sqlite = "SELECT id, word, number, bytes FROM thing WHERE id = ?1",
};
struct rv_db_stmt count_things = {
	.name = "thing.count",
	.sqlite = "SELECT count(*) FROM thing",
};
struct rv_db_stmt select_range = {
	.name = "thing.range",
	.sqlite = "SELECT id FROM thing WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
};
struct rv_db_stmt update_thing = {
	.name = "thing.update",
	.sqlite = "UPDATE thing SET number = ?1 WHERE id <= ?2",
};
struct rv_db_stmt insert_child = {
	.name = "child.insert",
	.sqlite = "INSERT INTO child (id, thing) VALUES (?1, ?2)",
};
struct rv_db_stmt delete_things = {
	.name = "thing.delete-all",
	.sqlite = "DELETE FROM thing",
};

struct rv_db_stmt *const statements[] = {
	&insert_thing, &select_thing, &count_things,  &select_range,
	&update_thing, &insert_child, &delete_things,
};
const size_t statement_count = RV_ARRAY_LEN(statements);

struct rv_db_opt fix_opt(struct fix *f)
{
	return (struct rv_db_opt){
		.url = f->url,
		.migrations = migrations,
		.migration_count = RV_ARRAY_LEN(migrations),
		.statements = statements,
		.statement_count = RV_ARRAY_LEN(statements),
		.loop = &f->loop,
	};
}

void fix_open(struct fix *f)
{
	struct rv_db_opt opt = fix_opt(f);
	struct rv_diag diag = { 0 };

	if (rv_db_open(&opt, &f->db, &diag) != RV_OK)
		fail_msg("%s", diag.text);
}

void fix_close(struct fix *f)
{
	rv_db_close(f->db);
	f->db = NULL;
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

int fix_setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	backend->fresh(f->url);
	fix_open(f);
	*state = f;
	return 0;
}

int fix_teardown(void **state)
{
	struct fix *f = *state;

	fix_close(f);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	backend->drop(f->url);
	free(f);
	return 0;
}

void run_until(struct fix *f, const unsigned *count, unsigned want)
{
	alarm(HANG_S);
	while (*count < want)
		uv_run(&f->loop, UV_RUN_ONCE);
	alarm(0);
}

static int take_count(const struct rv_db_row *row, void *arg)
{
	*(int64_t *)arg = rv_db_col_int(row, 0);
	return RV_OK;
}

static int count_work(struct rv_db_tx *tx, void *arg)
{
	return rv_db_query(tx, &count_things, RV_DB_NO_PARAMS, take_count, arg);
}

int64_t count_now(struct fix *f)
{
	int64_t count = -1;

	assert_int_equal(rv_db_run(f->db, count_work, &count), RV_OK);
	return count;
}

int insert_id(struct rv_db_tx *tx, void *arg)
{
	return rv_db_exec(tx, &insert_thing,
			  RV_DB_PARAMS(RV_DB_I(*(int64_t *)arg), RV_DB_N, RV_DB_I(0), RV_DB_N),
			  NULL);
}

/* -- the gate ----------------------------------------------------------------------------- */

struct gate {
	sem_t entered;
	sem_t opened;
};

static int wait_at_gate(struct rv_db_tx *tx, void *arg)
{
	struct gate *gate = arg;

	(void)tx;
	sem_post(&gate->entered);
	while (sem_wait(&gate->opened) != 0)
		;
	return RV_OK;
}

static void gate_done(void *arg, int status)
{
	struct gate *gate = arg;

	assert_int_equal(status, RV_OK);
	sem_destroy(&gate->entered);
	sem_destroy(&gate->opened);
	free(gate);
}

struct gate *gate_close(struct fix *f)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	sem_init(&gate->entered, 0, 0);
	sem_init(&gate->opened, 0, 0);
	assert_int_equal(rv_db_submit(f->db, wait_at_gate, gate_done, gate), RV_OK);
	while (sem_wait(&gate->entered) != 0) /* or else what follows could join its group */
		;
	return gate;
}

void gate_open(struct gate *gate)
{
	sem_post(&gate->opened);
}

/* -- running ------------------------------------------------------------------------------ */

int suite_run(const char *name, const struct backend *b)
{
	size_t (*const parts[])(const struct CMUnitTest **) = { suite_values, suite_groups,
								suite_puts, suite_stores };
	struct CMUnitTest all[64];
	size_t n = 0;

	backend = b;
	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, 2);
	for (size_t i = 0; i < RV_ARRAY_LEN(parts); i++) {
		const struct CMUnitTest *tests;
		size_t count = parts[i](&tests);

		for (size_t k = 0; k < count; k++)
			all[n++] = tests[k];
	}
	return _cmocka_run_group_tests(name, all, n, NULL, NULL);
}
