/* rv_db_put: what fails late is undone alone, and nobody beside it notices. */
#include <string.h>

#include "base/rand.h"
#include "base/time.h"
#include "suite.h"

enum { IDS = 24, ITEMS = 120, OPS_MAX = 5, ROUNDS = 12 };

enum op { PUT, EXEC, LOOK, FAIL, OPS };

/* An item: each operation inserts its id, or looks whether it is there, or fails. */
struct item {
	unsigned op_count;
	enum op ops[OPS_MAX];
	int64_t ids[OPS_MAX];
	bool seen[OPS_MAX];
	int status;
	unsigned *answers;
};

static int see(const struct rv_db_row *row, void *arg)
{
	(void)row;
	*(bool *)arg = true;
	return RV_OK;
}

static int do_op(struct rv_db_tx *tx, struct item *item, unsigned i)
{
	struct rv_db_value id = RV_DB_I(item->ids[i]);

	switch (item->ops[i]) {
	case PUT:
		return rv_db_put(
			tx, &insert_thing,
			RV_DB_PARAMS(id, RV_DB_N, RV_DB_I(7), RV_DB_B(RV_STR_LIT("b\0b"))));
	case EXEC:
		return rv_db_exec(tx, &insert_thing, RV_DB_PARAMS(id, RV_DB_N, RV_DB_N, RV_DB_N),
				  NULL);
	case LOOK:
		return rv_db_query(tx, &select_thing, RV_DB_PARAMS(id), see, &item->seen[i]);
	default:
		return RV_ECONFLICT;
	}
}

static int item_work(struct rv_db_tx *tx, void *arg)
{
	struct item *item = arg;
	int err = RV_OK;

	for (unsigned i = 0; i < item->op_count && err == RV_OK; i++)
		err = do_op(tx, item, i);
	return err;
}

static void item_done(void *arg, int status)
{
	struct item *item = arg;

	item->status = status;
	(*item->answers)++;
}

/* The same by hand. */
static void check_item(const struct item *item, bool table[static IDS])
{
	bool mine[IDS];
	int doom = RV_OK; /* by a statement */
	int said = RV_OK; /* by the work */

	memcpy(mine, table, sizeof(mine));
	for (unsigned i = 0; i < item->op_count && said == RV_OK; i++) {
		bool *there = &mine[item->ids[i]];

		if (item->ops[i] == FAIL) {
			said = RV_ECONFLICT;
		} else if (item->ops[i] == LOOK) {
			if (doom == RV_OK && item->status != RV_EEXISTS)
				assert_int_equal(item->seen[i], *there);
		} else if (*there) {
			doom = RV_EEXISTS;
		} else {
			*there = true;
		}
	}
	if (said != RV_OK && doom != RV_OK)
		assert_true(item->status == said || item->status == doom);
	else
		assert_int_equal(item->status, said != RV_OK ? said : doom);
	if (item->status == RV_OK)
		memcpy(table, mine, sizeof(mine));
}

static void make_item(struct rv_rand *rand, struct item *item, unsigned *answers)
{
	*item = (struct item){ .op_count = 1 + (unsigned)rv_rand_below(rand, OPS_MAX),
			       .status = -1,
			       .answers = answers };
	for (unsigned i = 0; i < item->op_count; i++) {
		/* Mostly puts, so that many items are under way at once. */
		uint64_t dice = rv_rand_below(rand, 24);

		item->ops[i] = dice < 20 ? PUT : (enum op)(dice - 20);
		item->ids[i] = (int64_t)rv_rand_below(rand, IDS);
	}
}

static int clear_work(struct rv_db_tx *tx, void *arg)
{
	(void)arg;
	return rv_db_put(tx, &delete_things, RV_DB_NO_PARAMS);
}

static int look_work(struct rv_db_tx *tx, void *arg)
{
	bool *table = arg;
	int err = RV_OK;

	for (int64_t id = 0; id < IDS && err == RV_OK; id++)
		err = rv_db_query(tx, &select_thing, RV_DB_PARAMS(RV_DB_I(id)), see, &table[id]);
	return err;
}

static void a_group_of_any_items_leaves_what_they_leave_one_by_one(void **state)
{
	struct fix *f = *state;
	uint64_t seed = (uint64_t)rv_time_utc_us();
	struct rv_rand rand;
	static struct item items[ITEMS];

	print_message("# seed %llu\n", (unsigned long long)seed);
	rv_rand_seed(&rand, seed);
	for (unsigned round = 0; round < ROUNDS; round++) {
		bool expected[IDS] = { 0 };
		bool found[IDS] = { 0 };
		unsigned answers = 0;
		struct gate *gate;

		assert_int_equal(rv_db_run(f->db, clear_work, NULL), RV_OK);
		gate = gate_close(f);
		for (unsigned i = 0; i < ITEMS; i++) {
			make_item(&rand, &items[i], &answers);
			assert_int_equal(rv_db_submit(f->db, item_work, item_done, &items[i]),
					 RV_OK);
		}
		gate_open(gate);
		run_until(f, &answers, ITEMS);
		for (unsigned i = 0; i < ITEMS; i++)
			check_item(&items[i], expected);
		assert_int_equal(rv_db_run(f->db, look_work, found), RV_OK);
		assert_memory_equal(found, expected, sizeof(found));
	}
}

/* More of them, and of larger ones, than may be under way at once. */
static int put_many(struct rv_db_tx *tx, void *arg)
{
	static const char bytes[4096];
	int64_t count = *(int64_t *)arg;
	int err = RV_OK;

	for (int64_t id = 0; id < count && err == RV_OK; id++)
		err = rv_db_put(tx, &insert_thing,
				RV_DB_PARAMS(RV_DB_I(id), RV_DB_N, RV_DB_I(0),
					     RV_DB_B(rv_strn(bytes, sizeof(bytes)))));
	return err;
}

static void an_item_may_put_without_bound(void **state)
{
	struct fix *f = *state;
	int64_t count = 3000;

	assert_int_equal(rv_db_run(f->db, put_many, &count), RV_OK);
	assert_int_equal(count_now(f), count);
	assert_int_equal(rv_db_run(f->db, put_many, &count), RV_EEXISTS);
	assert_int_equal(count_now(f), count);
}

size_t suite_puts(const struct CMUnitTest **out)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fix_setup, fix_teardown)
	static const struct CMUnitTest tests[] = {
		T(a_group_of_any_items_leaves_what_they_leave_one_by_one),
		T(an_item_may_put_without_bound),
	};

	*out = tests;
	return RV_ARRAY_LEN(tests);
}
