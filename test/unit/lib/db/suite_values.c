/* Statements: values, rows, errors. */
#include <errno.h>
#include <string.h>

#include "suite.h"

/* -- values ------------------------------------------------------------------------------- */

static char megabyte[1 << 20];

/* Initialisers: RV_DB_T() and the others are no constants. */
#define NONE                                                                                       \
	{                                                                                          \
		.type = RV_DB_NULL                                                                 \
	}
#define INT(v)                                                                                     \
	{                                                                                          \
		.type = RV_DB_INT, .i = (v)                                                        \
	}
#define TEXT(lit)                                                                                  \
	{                                                                                          \
		.type = RV_DB_TEXT, .s = { lit, sizeof(lit) - 1 }                                  \
	}
#define BLOB(lit)                                                                                  \
	{                                                                                          \
		.type = RV_DB_BLOB, .s = { lit, sizeof(lit) - 1 }                                  \
	}

static const struct rv_db_value round_trips[][3] = {
	/* word, number, bytes */
	{ NONE, NONE, NONE },
	{ { .type = RV_DB_TEXT },
	  INT(0),
	  { .type = RV_DB_BLOB } }, /* empty, from NULL: is not NULL */
	{ TEXT("word"), INT(-1), BLOB("\0\xff\0") },
	{ TEXT("\xe6\x97\xa5\xe6\x9c\xac"), INT(INT64_MAX), BLOB("'; --") },
	{ TEXT("a"), INT(INT64_MIN), BLOB(megabyte) },
};

static bool is_same(const struct rv_db_row *row, unsigned col, const struct rv_db_value *v)
{
	if (v->type == RV_DB_NULL)
		return rv_db_col_is_null(row, col) && rv_db_col_int(row, col) == 0 &&
		       rv_db_col_str(row, col).len == 0;
	if (rv_db_col_is_null(row, col))
		return false;
	if (v->type == RV_DB_INT)
		return rv_db_col_int(row, col) == v->i;
	return rv_str_eq(rv_db_col_str(row, col), v->s);
}

static int check_row(const struct rv_db_row *row, void *arg)
{
	const struct rv_db_value *v = arg;

	for (unsigned i = 0; i < 3; i++) {
		if (!is_same(row, i + 1, &v[i]))
			return RV_ECORRUPT;
	}
	return -EEXIST; /* some value of its own: it was called, and this is returned */
}

static int round_trip(struct rv_db_tx *tx, void *arg)
{
	const struct rv_db_value *v = arg;
	int err = rv_db_exec(tx, &insert_thing, RV_DB_PARAMS(RV_DB_I(1), v[0], v[1], v[2]), NULL);

	if (err == RV_OK)
		err = rv_db_query(tx, &select_thing, RV_DB_PARAMS(RV_DB_I(1)), check_row, arg);
	return err;
}

static void values_come_back_as_they_went(void **state)
{
	struct fix *f = *state;

	memset(megabyte, 'm', sizeof(megabyte));
	for (size_t i = 0; i < RV_ARRAY_LEN(round_trips); i++)
		assert_int_equal(rv_db_run(f->db, round_trip, (void *)(uintptr_t)round_trips[i]),
				 -EEXIST);
}

static const struct rv_db_value bad_texts[][3] = {
	{ TEXT("a\0b"), NONE, NONE },
	{ TEXT("\0"), NONE, NONE },
	{ TEXT("\xff"), NONE, NONE },
	{ TEXT("\xed\xa0\x80"), NONE, NONE }, /* half a surrogate pair */
};

static int put_values(struct rv_db_tx *tx, void *arg)
{
	const struct rv_db_value *v = arg;

	return rv_db_put(tx, &insert_thing, RV_DB_PARAMS(RV_DB_I(1), v[0], v[1], v[2]));
}

static void text_that_one_database_would_refuse_is_refused_by_all(void **state)
{
	struct fix *f = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(bad_texts); i++) {
		void *v = (void *)(uintptr_t)bad_texts[i];

		assert_int_equal(rv_db_run(f->db, round_trip, v), RV_EINVALID);
		assert_int_equal(rv_db_run(f->db, put_values, v), RV_EINVALID);
	}
	assert_int_equal(count_now(f), 0);
}

/* -- rows --------------------------------------------------------------------------------- */

struct range {
	int64_t seen;
	int64_t stop_at;
	struct rv_db_tx *tx;
	int64_t nested;
};

static int take_row(const struct rv_db_row *row, void *arg)
{
	struct range *range = arg;

	range->seen++;
	return rv_db_col_int(row, 0) == range->stop_at ? RV_ECONFLICT : RV_OK;
}

static int fill_and_read(struct rv_db_tx *tx, void *arg)
{
	int err = RV_OK;

	for (int64_t id = 1; id <= 10 && err == RV_OK; id++)
		err = insert_id(tx, &id);
	if (err == RV_OK)
		err = rv_db_query(tx, &select_range, RV_DB_PARAMS(RV_DB_I(3), RV_DB_I(8)), take_row,
				  arg);
	return err;
}

static void every_row_is_seen_once(void **state)
{
	struct fix *f = *state;
	struct range range = { 0 };

	assert_int_equal(rv_db_run(f->db, fill_and_read, &range), RV_OK);
	assert_int_equal(range.seen, 6);
}

static void a_row_function_stops_the_query_and_its_value_is_returned(void **state)
{
	struct fix *f = *state;
	struct range range = { .stop_at = 5 };

	assert_int_equal(rv_db_run(f->db, fill_and_read, &range), RV_ECONFLICT);
	assert_int_equal(range.seen, 3);
	assert_int_equal(count_now(f), 0); /* and the item was undone */
	/* The statement is usable again. */
	range = (struct range){ 0 };
	assert_int_equal(rv_db_run(f->db, fill_and_read, &range), RV_OK);
}

static int stop_but_succeed(struct rv_db_tx *tx, void *arg)
{
	int err = fill_and_read(tx, arg);

	return err == RV_ECONFLICT ? RV_OK : RV_EDB;
}

static void a_stopped_query_is_no_failure(void **state)
{
	struct fix *f = *state;
	struct range range = { .stop_at = 5 };

	assert_int_equal(rv_db_run(f->db, stop_but_succeed, &range), RV_OK);
	assert_int_equal(count_now(f), 10);
}

static int count_nested(const struct rv_db_row *row, void *arg)
{
	((struct range *)arg)->nested += rv_db_col_int(row, 0);
	return RV_OK;
}

static int ask_inside(const struct rv_db_row *row, void *arg)
{
	struct range *range = arg;
	int64_t id = rv_db_col_int(row, 0);
	int err = rv_db_query(range->tx, &count_things, RV_DB_NO_PARAMS, count_nested, range);

	range->seen++;
	return err == RV_OK && rv_db_col_int(row, 0) != id ? RV_ECORRUPT : err;
}

static int nested_queries(struct rv_db_tx *tx, void *arg)
{
	struct range *range = arg;
	int err;

	range->tx = tx;
	range->stop_at = -1;
	err = fill_and_read(tx, range);
	range->seen = 0;
	if (err == RV_OK)
		err = rv_db_query(tx, &select_range, RV_DB_PARAMS(RV_DB_I(1), RV_DB_I(4)),
				  ask_inside, range);
	return err;
}

static void another_statement_may_run_inside_a_row_function(void **state)
{
	struct fix *f = *state;
	struct range range = { 0 };

	assert_int_equal(rv_db_run(f->db, nested_queries, &range), RV_OK);
	assert_int_equal(range.seen, 4);
	assert_int_equal(range.nested, 40);
}

static int count_changes(struct rv_db_tx *tx, void *arg)
{
	int64_t *changed = arg;
	struct range range = { 0 };
	int err = fill_and_read(tx, &range);

	if (err == RV_OK)
		err = rv_db_exec(tx, &update_thing, RV_DB_PARAMS(RV_DB_I(1), RV_DB_I(7)),
				 &changed[0]);
	if (err == RV_OK)
		err = rv_db_exec(tx, &update_thing, RV_DB_PARAMS(RV_DB_I(1), RV_DB_I(0)),
				 &changed[1]);
	if (err == RV_OK)
		err = rv_db_exec(tx, &count_things, RV_DB_NO_PARAMS, &changed[2]);
	return err;
}

static void exec_counts_the_rows_it_changed(void **state)
{
	struct fix *f = *state;
	int64_t changed[3] = { -1, -1, -1 };

	assert_int_equal(rv_db_run(f->db, count_changes, changed), RV_OK);
	assert_int_equal(changed[0], 7);
	assert_int_equal(changed[1], 0);
	assert_int_equal(changed[2], 0);
}

/* -- errors ------------------------------------------------------------------------------- */

static int same_word_twice(struct rv_db_tx *tx, void *arg)
{
	struct rv_db_value word = RV_DB_T(RV_STR_LIT("same"));
	int err = rv_db_exec(tx, &insert_thing, RV_DB_PARAMS(RV_DB_I(1), word, RV_DB_N, RV_DB_N),
			     NULL);

	(void)arg;
	if (err == RV_OK)
		err = rv_db_exec(tx, &insert_thing,
				 RV_DB_PARAMS(RV_DB_I(2), word, RV_DB_N, RV_DB_N), NULL);
	return err;
}

static int same_key_twice(struct rv_db_tx *tx, void *arg)
{
	int64_t id = 1;
	int err = insert_id(tx, &id);

	(void)arg;
	return err == RV_OK ? insert_id(tx, &id) : err;
}

static int child_without_parent(struct rv_db_tx *tx, void *arg)
{
	(void)arg;
	return rv_db_exec(tx, &insert_child, RV_DB_PARAMS(RV_DB_I(1), RV_DB_I(99)), NULL);
}

static int failure_ignored(struct rv_db_tx *tx, void *arg)
{
	int64_t other = 7;
	int err = same_key_twice(tx, arg);

	assert_int_equal(err, RV_EEXISTS);
	assert_int_equal(insert_id(tx, &other), RV_EEXISTS); /* doomed: not even tried */
	return RV_OK;
}

static int ignore_inside(const struct rv_db_row *row, void *arg)
{
	int64_t taken = rv_db_col_int(row, 0);

	assert_int_equal(insert_id(arg, &taken), RV_EEXISTS);
	return RV_OK;
}

static int failure_ignored_in_a_row_function(struct rv_db_tx *tx, void *arg)
{
	int64_t ids[] = { 1, 2 };
	int err = insert_id(tx, &ids[0]);

	(void)arg;
	if (err == RV_OK)
		err = rv_db_query(tx, &select_range, RV_DB_PARAMS(RV_DB_I(1), RV_DB_I(1)),
				  ignore_inside, tx);
	assert_int_equal(err, RV_EEXISTS);
	assert_int_equal(insert_id(tx, &ids[1]), RV_EEXISTS);
	return RV_OK;
}

static const struct {
	rv_db_work_fn work;
	int status;
} failures[] = {
	{ same_word_twice, RV_EEXISTS },
	{ same_key_twice, RV_EEXISTS },
	{ child_without_parent, RV_EDB },
	{ failure_ignored, RV_EEXISTS },
	{ failure_ignored_in_a_row_function, RV_EEXISTS },
};

static void a_failed_statement_has_its_code_and_dooms_its_item(void **state)
{
	struct fix *f = *state;
	struct rv_db_stats stats;

	for (size_t i = 0; i < RV_ARRAY_LEN(failures); i++) {
		assert_int_equal(rv_db_run(f->db, failures[i].work, NULL), failures[i].status);
		assert_int_equal(count_now(f), 0);
	}
	rv_db_stats(f->db, &stats);
	assert_int_equal(stats.failed_items, RV_ARRAY_LEN(failures));
	assert_int_equal(stats.failed_commits, 0);
}

size_t suite_values(const struct CMUnitTest **out)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fix_setup, fix_teardown)
	static const struct CMUnitTest tests[] = {
		T(values_come_back_as_they_went),
		T(text_that_one_database_would_refuse_is_refused_by_all),
		T(every_row_is_seen_once),
		T(a_row_function_stops_the_query_and_its_value_is_returned),
		T(a_stopped_query_is_no_failure),
		T(another_statement_may_run_inside_a_row_function),
		T(exec_counts_the_rows_it_changed),
		T(a_failed_statement_has_its_code_and_dooms_its_item),
	};

	*out = tests;
	return RV_ARRAY_LEN(tests);
}
