/* Several operators in one LS: who holds an id, what each is told, and versions given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/ls/claim.h"
#include "server/ls/share.h"
#include "server/ls/store.h"

#define S(text) RV_STR_LIT(text)
#define DID     "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"
#define DID2    "0001-0000-C0DE-0091-0000-0000-00A1-B2C4"
#define DID3    "0001-0000-C0DE-0091-0000-0000-00A1-B2C5"

enum { A, B, C, OPERATORS };

struct fixture {
	char dir[64];
	struct ls_operator operators[OPERATORS];
	size_t operator_count;
	struct ls_store ls;
	struct ls_cursor cursors[OPERATORS];
	struct rv_arena arena;
	int64_t now_us;
};

static void open_store(struct fixture *f)
{
	const struct ls_store_opt opt = { .state_dir = f->dir,
					  .operators = f->operators,
					  .operator_count = f->operator_count };

	assert_int_equal(ls_store_open(&opt, &f->ls, NULL), RV_OK);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/reeve-ls-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	strcpy(f->operators[A].name, "a");
	strcpy(f->operators[B].name, "b");
	strcpy(f->operators[C].name, "c");
	f->operator_count = OPERATORS;
	open_store(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[96];

	ls_store_close(&f->ls);
	rv_arena_wipe(&f->arena);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	free(f);
	return system(command);
}

/* -- steps ------------------------------------------------------------------------------------ */

struct step {
	struct fixture *f;
	int op;
	struct rv_rs_feed_out page;
};

static int work_page(struct rv_db_tx *tx, void *arg)
{
	struct step *s = arg;

	return ls_apply_page(&s->f->ls, tx, &s->f->operators[s->op], &s->page,
			     &s->f->cursors[s->op], ++s->f->now_us);
}

static const uint8_t mac_keys[OPERATORS][RV_SECRET_MAC_KEY_LEN] = { { 1 }, { 2 }, { 3 } };

/* The next page of an operator's feed. */
static void feed(struct fixture *f, int op, struct rv_feed_record *records, size_t n,
		 const char *epoch)
{
	struct step s = { .f = f,
			  .op = op,
			  .page = { .records = records,
				    .records_len = n,
				    .cursor = f->cursors[op].after + n,
				    .epoch = rv_str(epoch),
				    .mac_key = rv_strn(mac_keys[op], RV_SECRET_MAC_KEY_LEN) } };

	assert_int_equal(rv_db_run(f->ls.db, work_page, &s), RV_OK);
}

static struct rv_feed_record device(int op, const char *distid, uint8_t mac[RV_SECRET_MAC_LEN])
{
	rv_secret_mac_by(mac_keys[op], rv_str(distid), S("k"), mac);
	return (struct rv_feed_record){ .kind = RV_FEED_RECORD_KIND_DEVICE,
					.has_device = true,
					.device = { .distid = rv_str(distid),
						    .is_enabled = true,
						    .ls_key_mac = rv_strn(mac, RV_SECRET_MAC_LEN),
						    .rs_key = op == A ? S("of-a") : S("of-b"),
						    .location = S("default") } };
}

static struct rv_rs_entry entry = { S("https://192.0.2.1/"), S("line-dhcp {\n};\n") };

static struct rv_feed_record location(uint32_t version)
{
	return (struct rv_feed_record){ .kind = RV_FEED_RECORD_KIND_LOCATION,
					.has_location = true,
					.location = { .name = S("default"),
						      .rs_retry_interval = 60,
						      .entries = &entry,
						      .entries_len = 1,
						      .version = version,
						      .anchor = S("aa") } };
}

static void has(struct fixture *f, int op, const char *distid)
{
	uint8_t mac[RV_SECRET_MAC_LEN];
	struct rv_feed_record records[] = { location(1), device(op, distid, mac) };

	feed(f, op, records, 2, "e");
}

static void drops(struct fixture *f, int op, const char *distid)
{
	struct rv_feed_record record = { .kind = RV_FEED_RECORD_KIND_DEVICE,
					 .is_deleted = true,
					 .has_device = true,
					 .device.distid = rv_str(distid) };

	feed(f, op, &record, 1, "e");
}

struct asking {
	struct fixture *f;
	struct rv_ls_solicit_in in;
	struct rv_ls_solicit_out out;
	struct ls_outcome outcome;
};

static int work_solicit(struct rv_db_tx *tx, void *arg)
{
	struct asking *a = arg;

	return ls_solicit(&a->f->ls, tx, &a->f->arena, 99, &a->in, &a->out, &a->outcome);
}

static struct asking solicit(struct fixture *f, const char *distid)
{
	struct asking a = {
		.f = f,
		.in = { .distid = rv_str(distid), .key = S("k"), .message_distid = rv_str(distid) }
	};

	assert_int_equal(rv_db_run(f->ls.db, work_solicit, &a), RV_OK);
	return a;
}

static const char *holder(struct fixture *f, const char *distid)
{
	struct asking a = solicit(f, distid);

	return a.outcome.holder != NULL ? a.outcome.holder->name : "";
}

struct reporting {
	struct fixture *f;
	int op;
	struct ls_report report;
	bool is_told;
};

static int work_report(struct rv_db_tx *tx, void *arg)
{
	struct reporting *r = arg;
	int err = ls_report_make(tx, &r->f->arena, &r->f->operators[r->op], 1000, &r->report);

	return err == RV_OK && r->is_told ? ls_report_told(tx, &r->f->operators[r->op], &r->report)
					  : err;
}

static struct rv_rs_report_in report(struct fixture *f, int op, bool is_told)
{
	struct reporting r = { .f = f, .op = op, .is_told = is_told };

	assert_int_equal(rv_db_run(f->ls.db, work_report, &r), RV_OK);
	return r.report.message;
}

/* -- claims ----------------------------------------------------------------------------------- */

static const struct {
	bool is_mine, is_others;
	int64_t held, max;
	enum ls_claim_state state;
} judgements[] = {
	{ false, false, 0, 0, LS_CLAIM_HELD },  { false, true, 0, 0, LS_CLAIM_TAKEN },
	{ true, false, 5, 5, LS_CLAIM_HELD },   { false, false, 4, 5, LS_CLAIM_HELD },
	{ false, false, 5, 5, LS_CLAIM_LIMIT }, { false, true, 5, 5, LS_CLAIM_TAKEN },
	{ true, false, 9, 5, LS_CLAIM_HELD }, /* the limit was lowered: nobody loses what he has */
};

static void the_first_holds_an_id_while_there_is_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(judgements); i++)
		assert_int_equal(ls_claim_judge(judgements[i].is_mine, judgements[i].is_others,
						judgements[i].held, judgements[i].max),
				 judgements[i].state);
}

static void the_later_claim_is_refused_and_told_and_gets_the_id_when_it_is_free(void **state)
{
	struct fixture *f = *state;

	has(f, A, DID);
	has(f, B, DID);
	assert_string_equal(holder(f, DID), "a");
	assert_true(rv_str_is(solicit(f, DID).out.rs_key, "of-a"));
	assert_int_equal(report(f, A, true).claims_len, 0);
	struct rv_rs_report_in told = report(f, B, false);
	assert_int_equal(told.claims_len, 1);
	assert_int_equal(told.claims[0].state, RV_LS_CLAIM_STATE_TAKEN);
	assert_int_equal(report(f, B, true).claims_len, 1); /* until it has arrived */
	assert_int_equal(report(f, B, true).claims_len, 0);
	has(f, B, DID); /* once more: no news */
	assert_int_equal(report(f, B, true).claims_len, 0);
	drops(f, A, DID);
	assert_string_equal(holder(f, DID), "b");
	assert_int_equal(solicit(f, DID).out.code, 100); /* by the MAC of b's key */
	assert_true(rv_str_is(solicit(f, DID).out.rs_key, "of-b"));
	told = report(f, B, true);
	assert_int_equal(told.claims_len, 1);
	assert_int_equal(told.claims[0].state, RV_LS_CLAIM_STATE_HELD);
}

static void the_oldest_of_the_refused_is_next(void **state)
{
	struct fixture *f = *state;

	has(f, A, DID);
	has(f, C, DID);
	has(f, B, DID);
	drops(f, A, DID);
	assert_string_equal(holder(f, DID), "c");
	drops(f, C, DID);
	assert_string_equal(holder(f, DID), "b");
	drops(f, B, DID);
	assert_string_equal(holder(f, DID), "");
	assert_int_equal(solicit(f, DID).out.code, 420);
}

static void who_has_as_many_as_he_may_waits_for_room(void **state)
{
	struct fixture *f = *state;

	f->operators[A].devices_max = 1;
	has(f, A, DID);
	has(f, A, DID2);
	assert_string_equal(holder(f, DID2), "");
	assert_int_equal(report(f, A, true).claims[0].state, RV_LS_CLAIM_STATE_LIMIT);
	has(f, B, DID2); /* nobody holds it */
	assert_string_equal(holder(f, DID2), "b");
	has(f, A, DID3);
	drops(f, A, DID); /* room: but DID2 is taken, so DID3 gets it */
	assert_string_equal(holder(f, DID3), "a");
	assert_string_equal(holder(f, DID2), "b");
}

static void a_raised_limit_and_a_removed_operator_count_after_the_restart(void **state)
{
	struct fixture *f = *state;

	f->operators[B].devices_max = 1;
	has(f, A, DID);
	has(f, B, DID);
	has(f, B, DID2);
	has(f, B, DID3);
	ls_store_close(&f->ls);
	f->operators[B].devices_max = 0;
	open_store(f);
	assert_string_equal(holder(f, DID3), "b");
	assert_string_equal(holder(f, DID), "a");
	ls_store_close(&f->ls);
	f->operators[A] = f->operators[C]; /* a is gone */
	f->operator_count = 2;
	open_store(f);
	assert_string_equal(holder(f, DID), "b");
}

static void a_snapshot_removes_what_is_gone_step_by_step(void **state)
{
	struct fixture *f = *state;
	char distid[40];
	uint8_t mac[RV_SECRET_MAC_LEN];

	for (unsigned i = 0; i < LS_STALE_STEP + 10; i++) {
		snprintf(distid, sizeof(distid), "0001-0000-C0DE-0091-0000-0000-0001-%04X", i);
		struct rv_feed_record record = device(A, distid, mac);
		feed(f, A, &record, 1, "e");
	}
	has(f, A, DID);
	has(f, B, distid);
	struct rv_feed_record record = device(A, DID, mac);
	f->cursors[A].after = 0;
	feed(f, A, &record, 1, "another");
	assert_false(f->cursors[A].is_complete); /* one step of several */
	feed(f, A, NULL, 0, "another");
	assert_true(f->cursors[A].is_complete);
	assert_string_equal(holder(f, distid), "b");
	assert_string_equal(holder(f, DID), "a");
}

/* -- versions --------------------------------------------------------------------------------- */

static void a_share_is_part_of_every_larger_share(void **state)
{
	unsigned counts[2] = { 0 };
	char distid[40];

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(distid, sizeof(distid), "0001-0000-C0DE-0091-0000-0000-0001-%04X", i);
		struct rv_feed_next small = { .percent = 5 }, large = { .percent = 50 };
		bool is_small = ls_share_has(&small, rv_str(distid), S(""));
		bool is_large = ls_share_has(&large, rv_str(distid), S(""));

		assert_true(!is_small || is_large);
		counts[0] += is_small;
		counts[1] += is_large;
	}
	assert_in_range(counts[0], 400, 600);
	assert_in_range(counts[1], 4700, 5300);
	struct rv_feed_next none = { .percent = 0 }, all = { .percent = 100 };
	assert_false(ls_share_has(&none, S(DID), S("")));
	assert_true(ls_share_has(&all, S(DID), S("")));
	assert_int_equal(ls_share_of(S(DID)), 12); /* the same for ever */
}

static void named_groups_and_devices_get_the_next_version(void **state)
{
	struct rv_str groups[] = { S("lab") }, distids[] = { S(DID) };
	struct rv_feed_next next = {
		.groups = groups, .groups_len = 1, .distids = distids, .distids_len = 1
	};

	(void)state;
	assert_true(ls_share_has(&next, S(DID), S("")));
	assert_true(ls_share_has(&next, S(DID2), S("lab")));
	assert_false(ls_share_has(&next, S(DID2), S("")));
	assert_false(ls_share_has(&next, S(DID2), S("labs")));
}

struct giving {
	struct fixture *f;
	struct rv_ls_given given;
	int64_t at_us;
};

static int work_given(struct rv_db_tx *tx, void *arg)
{
	struct giving *g = arg;

	return ls_given_put(tx, &g->f->operators[A], &g->given, g->at_us);
}

static void a_version_that_was_given_is_told_until_it_has_arrived_and_once(void **state)
{
	struct fixture *f = *state;

	has(f, A, DID);
	struct asking a = solicit(f, DID);
	assert_true(a.outcome.has_given);
	assert_int_equal(a.outcome.given.version, 1);
	struct giving g = { .f = f, .given = a.outcome.given, .at_us = 400 };
	assert_int_equal(rv_db_run(f->ls.db, work_given, &g), RV_OK);
	assert_false(solicit(f, DID).outcome.has_given); /* it had that before */
	struct rv_rs_report_in told = report(f, A, false);
	assert_int_equal(told.given_len, 1);
	assert_int_equal(told.given[0].age, 600);
	ls_store_close(&f->ls); /* a crash before the answer */
	open_store(f);
	assert_int_equal(report(f, A, true).given_len, 1);
	assert_int_equal(report(f, A, true).given_len, 0);
	struct rv_feed_record record = location(2);
	record.has_next = true;
	record.next = (struct rv_feed_next){
		.version = 3, .anchor = S("bb"), .entries = &entry, .entries_len = 1, .percent = 100
	};
	feed(f, A, &record, 1, "e");
	a = solicit(f, DID);
	assert_int_equal(a.out.location.version, 3);
	assert_true(a.outcome.has_given);
	assert_true(rv_str_is(a.outcome.given.anchor, "bb"));
}

static void a_group_says_which_location_config(void **state)
{
	struct fixture *f = *state;
	uint8_t mac[RV_SECRET_MAC_LEN];
	struct rv_feed_record records[] = { location(1), location(7), device(A, DID, mac), { 0 } };

	records[1].location.name = S("lab");
	records[2].device.group = S("g");
	records[3] = (struct rv_feed_record){ .kind = RV_FEED_RECORD_KIND_GROUP,
					      .has_group = true,
					      .group = { S("g"), S("lab") } };
	feed(f, A, records, 4, "e");
	assert_int_equal(solicit(f, DID).out.location.version, 7);
	records[3].group.location = S("default");
	feed(f, A, &records[3], 1, "e");
	assert_int_equal(solicit(f, DID).out.location.version, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_holds_an_id_while_there_is_room),
		T(the_later_claim_is_refused_and_told_and_gets_the_id_when_it_is_free),
		T(the_oldest_of_the_refused_is_next),
		T(who_has_as_many_as_he_may_waits_for_room),
		T(a_raised_limit_and_a_removed_operator_count_after_the_restart),
		T(a_snapshot_removes_what_is_gone_step_by_step),
		cmocka_unit_test(a_share_is_part_of_every_larger_share),
		cmocka_unit_test(named_groups_and_devices_get_the_next_version),
		T(a_version_that_was_given_is_told_until_it_has_arrived_and_once),
		T(a_group_says_which_location_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
