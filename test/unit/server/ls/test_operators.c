/* Several operators in one LS: who holds an id, what each is told, and versions given. */
#include "operators.h"

#include <stdio.h>

#include "server/ls/claim.h"
#include "server/ls/share.h"

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

static void a_version_that_was_given_is_told_until_it_has_arrived_and_once(void **state)
{
	struct fixture *f = *state;

	has(f, A, DID);
	struct asking a = solicit(f, DID);
	assert_true(a.outcome.has_given);
	assert_int_equal(a.outcome.given.version, 1);
	gives(f, &a.outcome.given, 400);
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
