/* The LS's copy of what a real RS says, on two real stores. */
#include "../../lib/db/pg_backend.h"
#include "../rs/fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/ls/store.h"

struct pair {
	struct fixture *rs;
	char url[512]; /* of the LS's store, on PostgreSQL */
	struct ls_store ls;
	struct ls_cursor cursor;
	struct rv_arena arena;
};

static const struct ls_operator local = { .name = "local" };

static int open_ls(struct pair *p)
{
	const struct ls_store_opt opt = { .state_dir = p->rs->dir,
					  .url = fixture_is_postgresql() ? p->url : NULL,
					  .operators = &local,
					  .operator_count = 1 };

	return ls_store_open(&opt, &p->ls, NULL);
}

static int setup(void **state)
{
	static struct pair p;
	void *rs;

	if (fixture_setup(&rs) != 0)
		return -1;
	p = (struct pair){ .rs = rs };
	if (fixture_is_postgresql())
		pg_fresh(p.url);
	*state = &p;
	return open_ls(&p);
}

static int teardown(void **state)
{
	struct pair *p = *state;
	void *rs = p->rs;

	ls_store_close(&p->ls);
	rv_arena_wipe(&p->arena);
	return fixture_teardown(&rs);
}

struct applying {
	struct pair *p;
	struct rv_rs_feed_out page;
	bool dies;
};

static int work_apply(struct rv_db_tx *tx, void *arg)
{
	struct applying *a = arg;
	int err = ls_apply_page(&a->p->ls, tx, &local, &a->page, &a->p->cursor, 1);

	return a->dies ? RV_ECANCELED : err; /* as if the process died before the commit */
}

static int work_load(struct rv_db_tx *tx, void *arg)
{
	return ls_cursor_load(tx, &local, arg);
}

/* One question to the RS and its page applied. */
static bool step(struct pair *p, uint32_t limit)
{
	struct applying a = { .p = p };

	assert_int_equal(run_feed(p->rs, p->cursor.after, limit, &a.page), RV_OK);
	assert_int_equal(rv_db_run(p->ls.db, work_apply, &a), RV_OK);
	return a.page.has_more || !p->cursor.is_complete;
}

static void replicate(struct pair *p, uint32_t limit)
{
	while (step(p, limit))
		;
}

struct soliciting {
	struct pair *p;
	struct rv_ls_solicit_in in;
	struct rv_ls_solicit_out out;
	struct ls_outcome outcome;
};

static int work_solicit(struct rv_db_tx *tx, void *arg)
{
	struct soliciting *s = arg;

	return ls_solicit(&s->p->ls, tx, &s->p->arena, 99, &s->in, &s->out, &s->outcome);
}

static struct soliciting solicit(struct pair *p, const char *distid, const char *key)
{
	struct soliciting s = { .p = p,
				.in = { .distid = rv_str(distid),
					.key = rv_str(key),
					.message_distid = rv_str(distid),
					.address = S("192.0.2.7:1") } };

	assert_int_equal(rv_db_run(p->ls.db, work_solicit, &s), RV_OK);
	return s;
}

static void what_the_rs_knows_the_ls_answers(void **state)
{
	struct pair *p = *state;

	assert_int_equal(solicit(p, DID, "ls-key").out.code, 420);
	make_device(p->rs, DID);
	replicate(p, 100);
	struct soliciting s = solicit(p, DID, "ls-key");
	assert_int_equal(s.out.code, 100);
	assert_true(rv_str_is(s.out.rs_key, "rs-key"));
	assert_int_equal(s.out.location.entries_len, 1);
	assert_int_equal(s.out.location.rs_retry_interval, 60);
	assert_non_null(memmem(s.out.location.entries[0].md_config.ptr,
			       s.out.location.entries[0].md_config.len, "rs-certificate", 14));
	assert_int_equal(s.outcome.note.distid.len, 0);
}

static void who_is_turned_away_is_noted_with_the_key_it_showed(void **state)
{
	struct pair *p = *state;
	uint8_t mac[RV_SECRET_MAC_LEN];

	make_device(p->rs, DID);
	replicate(p, 100);
	struct soliciting s = solicit(p, DID, "wrong");
	assert_int_equal(s.out.code, 403);
	assert_int_equal(s.out.rs_key.len, 0);
	assert_int_equal(s.out.location.entries_len, 0);
	assert_int_equal(s.outcome.note.reason, RV_WAITING_REASON_WRONG_KEY);
	rv_secret_mac(p->rs->rs->secret, S(DID), S("wrong"), mac);
	assert_memory_equal(s.outcome.note.key_mac.ptr, mac,
			    sizeof(mac)); /* one key file: the RS can claim by it */
	s = solicit(p, STRANGER, "k");
	assert_int_equal(s.out.code, 420);
	assert_int_equal(s.outcome.note.reason, RV_WAITING_REASON_UNKNOWN);
	assert_true(rv_str_is(s.outcome.note.address, "192.0.2.7:1"));
	assert_int_equal(s.outcome.note.at, 99);
}

static void every_change_arrives_also_in_small_pages(void **state)
{
	struct pair *p = *state;
	struct rv_device_update_in update = { .distid = S(DID),
					      .is_enabled = false,
					      .has_is_enabled = true };
	struct rv_device_update_out updated;
	struct rv_device_delete_out deleted;

	make_device(p->rs, DID);
	make_device(p->rs, DID2);
	replicate(p, 1);
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 100);
	assert_int_equal(solicit(p, DID2, "ls-key").out.code, 100);
	assert_int_equal(run_op(p->rs, "device.update", &update, &updated), RV_OK);
	assert_int_equal(
		run_op(p->rs, "device.delete", &(struct rv_device_delete_in){ S(DID2) }, &deleted),
		RV_OK);
	replicate(p, 1);
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 404);
	assert_int_equal(solicit(p, DID2, "ls-key").out.code, 420);
}

static void a_crash_before_the_commit_loses_nothing_and_doubles_nothing(void **state)
{
	struct pair *p = *state;
	struct applying a = { .p = p, .dies = true };
	struct ls_cursor stored;

	make_device(p->rs, DID);
	assert_int_equal(run_feed(p->rs, 0, 100, &a.page), RV_OK);
	assert_int_equal(rv_db_run(p->ls.db, work_apply, &a), RV_ECANCELED);
	ls_store_close(&p->ls); /* the process comes back with what is stored */
	assert_int_equal(open_ls(p), RV_OK);
	assert_int_equal(rv_db_run(p->ls.db, work_load, &stored), RV_OK);
	assert_int_equal(stored.after, 0);
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 420);
	p->cursor = stored;
	replicate(p, 100);
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 100);
	/* The same page once more changes nothing. */
	p->cursor.after = 0;
	replicate(p, 100);
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 100);
}

static void the_cursor_survives_a_restart(void **state)
{
	struct pair *p = *state;
	struct ls_cursor stored;

	make_device(p->rs, DID);
	replicate(p, 100);
	ls_store_close(&p->ls);
	assert_int_equal(open_ls(p), RV_OK);
	assert_int_equal(rv_db_run(p->ls.db, work_load, &stored), RV_OK);
	assert_int_equal(stored.after, p->cursor.after);
	assert_string_equal(stored.epoch, p->cursor.epoch);
	assert_true(stored.is_complete);
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 100);
}

static void another_epoch_replaces_everything_without_a_gap(void **state)
{
	struct pair *p = *state;

	make_device(p->rs, DID);
	make_device(p->rs, DID2);
	replicate(p, 100);
	fixture_close(p->rs); /* the RS lost its store and was made anew with one device only */
	fixture_lose_store(p->rs);
	fixture_reopen(p->rs, NULL);
	make_device(p->rs, DID2);
	assert_true(step(p, 1)); /* notices; the old copy serves on */
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 100);
	assert_true(step(p, 1));
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 100);
	replicate(p, 1);
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 420);
	assert_int_equal(solicit(p, DID2, "ls-key").out.code, 100);
}

/* The same epoch, but numbers that the LS has seen already will mean other changes. */
static void a_store_put_back_from_a_copy_replaces_everything(void **state)
{
	struct pair *p = *state;

	make_device(p->rs, DID);
	fixture_close(p->rs);
	fixture_save_store(p->rs);
	fixture_reopen(p->rs, NULL);
	make_device(p->rs, DID2);
	replicate(p, 100);
	assert_int_equal(solicit(p, DID2, "ls-key").out.code, 100);
	fixture_close(p->rs);
	fixture_restore_store(p->rs);
	fixture_reopen(p->rs, NULL);
	assert_true(step(p, 100)); /* notices; the old copy serves on */
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 100);
	replicate(p, 100);
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 100);
	assert_int_equal(solicit(p, DID2, "ls-key").out.code, 420);
	make_device(p->rs, STRANGER); /* gets the number that DID2 had */
	replicate(p, 100);
	assert_int_equal(solicit(p, STRANGER, "ls-key").out.code, 100);
}

static int work_all(struct rv_db_tx *tx, void *arg)
{
	struct pair *p = arg;

	return ls_apply_all(&p->ls, tx, &local, NULL, 0, &p->cursor, 1);
}

static void a_file_is_the_whole_truth(void **state)
{
	struct pair *p = *state;

	make_device(p->rs, DID);
	replicate(p, 100);
	assert_int_equal(rv_db_run(p->ls.db, work_all, p), RV_OK);
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 420);
	assert_true(p->cursor.is_complete);
	replicate(p, 100); /* and back to the RS */
	assert_int_equal(solicit(p, DID, "ls-key").out.code, 100);
}

static void no_secret_stands_in_the_copy_in_clear(void **state)
{
	struct pair *p = *state;
	struct rv_buf bytes = { 0 };
	char path[96];

	if (fixture_is_postgresql()) {
		print_message("# not here: the store is no file; the boxes are the same\n");
		return;
	}
	make_device(p->rs, DID);
	replicate(p, 100);
	ls_store_close(&p->ls);
	snprintf(path, sizeof(path), "%s/ls.db", p->rs->dir);
	assert_int_equal(rv_buf_read_file(&bytes, path, 1 << 24), RV_OK);
	assert_non_null(memmem(bytes.ptr, bytes.len, DID, 39));
	assert_null(memmem(bytes.ptr, bytes.len, "rs-key", 6));
	assert_null(memmem(bytes.ptr, bytes.len, "ls-key", 6));
	rv_buf_deinit(&bytes);
	assert_int_equal(open_ls(p), RV_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_the_rs_knows_the_ls_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_turned_away_is_noted_with_the_key_it_showed,
						setup, teardown),
		cmocka_unit_test_setup_teardown(every_change_arrives_also_in_small_pages, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_crash_before_the_commit_loses_nothing_and_doubles_nothing, setup,
			teardown),
		cmocka_unit_test_setup_teardown(the_cursor_survives_a_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(a_store_put_back_from_a_copy_replaces_everything,
						setup, teardown),
		cmocka_unit_test_setup_teardown(another_epoch_replaces_everything_without_a_gap,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_is_the_whole_truth, setup, teardown),
		cmocka_unit_test_setup_teardown(no_secret_stands_in_the_copy_in_clear, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
