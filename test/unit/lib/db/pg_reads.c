/* A read that fails on PostgreSQL ends the transaction; on SQLite it does not, or does not fail. */
#include <string.h>

#include "pg_backend.h"

static struct rv_db_stmt divide = {
	.name = "thing.divide",
	.sqlite = "SELECT 1 / (1 - CAST(?1 AS BIGINT))",
};

enum step { READ, DIVIDE, PUT, EXEC, END };

struct walk {
	int64_t id;
	int status;
	unsigned *answers;
	enum step steps[4];
};

static int take_nothing(const struct rv_db_row *row, void *arg)
{
	(void)row;
	(void)arg;
	return RV_OK;
}

static void walk_done(void *arg, int status)
{
	struct walk *walk = arg;

	walk->status = status;
	(*walk->answers)++;
}

static int walk_work(struct rv_db_tx *tx, void *arg)
{
	const struct walk *walk = arg;
	struct rv_db_value id = RV_DB_I(walk->id);
	struct rv_db_value row[] = { id, RV_DB_N, RV_DB_I(7), RV_DB_N };
	int err = RV_OK;

	for (const enum step *step = walk->steps; *step != END && err == RV_OK; step++) {
		if (*step == READ)
			err = rv_db_query(tx, &select_thing, &id, 1, take_nothing, NULL);
		else if (*step == DIVIDE)
			err = rv_db_query(tx, &divide, RV_DB_PARAMS(RV_DB_I(1)), take_nothing,
					  NULL);
		else if (*step == PUT)
			err = rv_db_put(tx, &insert_thing, row, RV_ARRAY_LEN(row));
		else
			err = insert_id(tx, (void *)&walk->id);
	}
	return err;
}

void a_read_that_fails_costs_nobody_else_anything(void **state)
{
	static const enum step groups[][4][4] = {
		{ { READ, END }, { DIVIDE, END }, { PUT, END }, { READ, END } },
		{ { DIVIDE, END }, { READ, PUT, END }, { DIVIDE, END }, { EXEC, END } },
		{ { PUT, END }, { DIVIDE, END }, { READ, PUT, END }, { DIVIDE, PUT, END } },
		{ { EXEC, END }, { READ, DIVIDE, END }, { READ, END }, { PUT, END } },
		{ { PUT, END }, { PUT, DIVIDE, END }, { DIVIDE, END }, { READ, EXEC, END } },
		{ { DIVIDE, END }, { DIVIDE, END }, { READ, END }, { DIVIDE, END } },
	};
	struct rv_db_stmt *with[16];
	struct fix *f = *state;
	struct rv_db_opt opt = fix_opt(f);
	struct rv_diag diag = { 0 };
	int64_t expected = 0;

	fix_close(f);
	memcpy(with, statements, statement_count * sizeof(*with));
	with[statement_count] = &divide;
	opt.statements = with;
	opt.statement_count = statement_count + 1;
	assert_int_equal(rv_db_open(&opt, &f->db, &diag), RV_OK);
	for (size_t g = 0; g < RV_ARRAY_LEN(groups); g++) {
		struct gate *gate = gate_close(f);
		struct walk walks[4];
		unsigned answers = 0;

		for (size_t i = 0; i < RV_ARRAY_LEN(walks); i++) {
			walks[i].id = (int64_t)(10 * g + i);
			walks[i].answers = &answers;
			memcpy(walks[i].steps, groups[g][i], sizeof(walks[i].steps));
			assert_int_equal(rv_db_submit(f->db, walk_work, walk_done, &walks[i]),
					 RV_OK);
		}
		gate_open(gate);
		run_until(f, &answers, RV_ARRAY_LEN(walks));
		for (size_t i = 0; i < RV_ARRAY_LEN(walks); i++) {
			bool fails = false;
			bool writes = false;

			for (const enum step *step = groups[g][i]; *step != END; step++) {
				fails |= *step == DIVIDE;
				writes |= *step == PUT || *step == EXEC;
			}
			if (walks[i].status != (fails ? RV_EDB : RV_OK))
				fail_msg("group %zu, item %zu: %d", g, i, walks[i].status);
			expected += writes && !fails;
		}
		assert_int_equal(count_now(f), expected);
	}
	fix_close(f);
	fix_open(f);
	assert_int_equal(count_now(f), expected);
}
