/* What the people who run an LS are told: figures of an operator, refused claims, one id. */
#include "operators.h"

#include <stdio.h>
#include <string.h>

/* -- figures ---------------------------------------------------------------------------------- */

struct counting {
	struct fixture *f;
	int op;
	struct ls_counts counts;
};

static int work_count(struct rv_db_tx *tx, void *arg)
{
	struct counting *c = arg;

	return ls_count(tx, &c->f->operators[c->op], &c->counts);
}

static struct ls_counts count(struct fixture *f, int op)
{
	struct counting c = { .f = f, .op = op };

	assert_int_equal(rv_db_run(f->ls.db, work_count, &c), RV_OK);
	return c.counts;
}

static void figures_tell_what_an_operator_holds_and_why_the_rest_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(count(f, B).heard_us, 0);
	f->operators[B].devices_max = 1;
	has(f, A, DID);
	has(f, B, DID);
	has(f, B, DID2);
	has(f, B, DID3);
	int64_t last_us = f->now_us;
	has(f, A, DID);
	struct ls_counts b = count(f, B);
	assert_int_equal(b.held, 1);
	assert_int_equal(b.taken, 1);
	assert_int_equal(b.over_limit, 1);
	assert_int_equal(b.untold, 2);
	assert_int_equal(b.heard_us, last_us);
	ls_store_close(&f->ls); /* all of it is durable */
	open_store(f);
	b = count(f, B);
	assert_int_equal(b.taken + b.over_limit + b.untold, 4);
	assert_int_equal(b.heard_us, last_us);
	assert_int_equal(report(f, B, true).claims_len, 2);
	assert_int_equal(count(f, B).untold, 0);
	assert_int_equal(count(f, A).untold, 0);
	gives(f, &(struct rv_ls_given){ S(DID), S("default"), 1, S("aa"), 0 }, 5);
	assert_int_equal(count(f, A).untold, 1);
}

/* -- refused claims --------------------------------------------------------------------------- */

struct listing {
	struct fixture *f;
	struct rv_ls_conflicts_in in;
	struct rv_ls_conflicts_out out;
	struct rv_diag diag;
};

static int work_conflicts(struct rv_db_tx *tx, void *arg)
{
	struct listing *l = arg;

	return ls_conflicts(&l->f->ls, tx, &l->f->arena, &l->in, &l->out, &l->diag);
}

static struct listing conflicts(struct fixture *f, const char *operator_name, uint32_t limit,
				struct rv_str after)
{
	struct listing l = { .f = f,
			     .in = { .has_operator_name = operator_name != NULL,
				     .operator_name = rv_str(operator_name),
				     .has_after = after.len > 0,
				     .after = after,
				     .has_limit = limit > 0,
				     .limit = limit } };

	assert_int_equal(rv_db_run(f->ls.db, work_conflicts, &l), RV_OK);
	return l;
}

static void is_conflict(const struct rv_ls_conflict *c, const char *operator_name,
			const char *distid, const char *holder_name, int reason)
{
	assert_true(rv_str_is(c->claimant, operator_name));
	assert_true(rv_str_is(c->distid, distid));
	assert_true(rv_str_is(c->holder, holder_name));
	assert_int_equal(c->reason, reason);
	assert_int_equal(c->has_held_since, holder_name[0] != '\0');
}

static void a_refused_claim_is_listed_with_its_reason_and_the_holder(void **state)
{
	struct fixture *f = *state;

	f->operators[C].devices_max = 1;
	assert_int_equal(conflicts(f, NULL, 0, S("")).out.conflicts_len, 0);
	has(f, A, DID);
	int64_t first_us = f->now_us;
	has(f, B, DID);
	has(f, C, DID2);
	has(f, C, DID3); /* over its limit, and nobody else has it */
	struct rv_ls_conflicts_out out = conflicts(f, NULL, 0, S("")).out;
	assert_int_equal(out.conflicts_len, 2);
	is_conflict(&out.conflicts[0], "b", DID, "a", RV_LS_CLAIM_STATE_TAKEN);
	is_conflict(&out.conflicts[1], "c", DID3, "", RV_LS_CLAIM_STATE_LIMIT);
	assert_int_equal(out.conflicts[0].held_since, first_us);
	assert_int_equal(out.conflicts[0].claimed_at, first_us + 1);
	assert_int_equal(out.next.len, 0);
	drops(f, A, DID); /* b has it now */
	assert_int_equal(conflicts(f, NULL, 0, S("")).out.conflicts_len, 1);
}

static void an_operator_sees_its_claims_and_those_against_it(void **state)
{
	struct fixture *f = *state;

	has(f, A, DID);
	has(f, B, DID);
	has(f, B, DID2);
	has(f, C, DID2);
	assert_int_equal(conflicts(f, "a", 0, S("")).out.conflicts_len, 1);
	assert_int_equal(conflicts(f, "b", 0, S("")).out.conflicts_len, 2);
	struct rv_ls_conflicts_out out = conflicts(f, "c", 0, S("")).out;
	assert_int_equal(out.conflicts_len, 1);
	is_conflict(&out.conflicts[0], "c", DID2, "b", RV_LS_CLAIM_STATE_TAKEN);
}

static void pages_together_are_the_whole_list(void **state)
{
	static const char *const distids[] = { DID, DID2, DID3 };
	struct fixture *f = *state;
	struct rv_str after = S("");
	size_t seen = 0;

	for (size_t i = 0; i < RV_ARRAY_LEN(distids); i++)
		for (int op = A; op <= C; op++)
			has(f, op, distids[i]);
	for (size_t pages = 0; pages == 0 || after.len > 0; pages++) {
		struct rv_ls_conflicts_out out = conflicts(f, NULL, 2, after).out;

		assert_int_equal(out.conflicts_len, 2);
		for (size_t i = 0; i < out.conflicts_len; i++, seen++)
			is_conflict(&out.conflicts[i], seen < 3 ? "b" : "c", distids[seen % 3], "a",
				    RV_LS_CLAIM_STATE_TAKEN);
		after = out.next;
	}
	assert_int_equal(seen, 6); /* a full last page is known to be the last */
}

static void a_wrong_question_is_refused_by_name(void **state)
{
	static const struct {
		const char *operator_name, *after, *key, *where;
		int err;
	} cases[] = {
		{ "d", "", "ls.unknown-operator", "operator_name", RV_ENOTFOUND },
		{ "a", DID, "ls.cursor", "after", RV_EINVALID },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct listing l = { .f = f,
				     .in = { .has_operator_name = true,
					     .operator_name = rv_str(cases[i].operator_name),
					     .has_after = true,
					     .after = rv_str(cases[i].after) } };

		assert_int_equal(rv_db_run(f->ls.db, work_conflicts, &l), cases[i].err);
		assert_string_equal(l.diag.key, cases[i].key);
		assert_string_equal(l.diag.where, cases[i].where);
	}
}

/* -- one id ----------------------------------------------------------------------------------- */

struct looking {
	struct fixture *f;
	struct rv_ls_claims_in in;
	struct rv_ls_claims_out out;
	struct rv_diag diag;
};

static int work_claims(struct rv_db_tx *tx, void *arg)
{
	struct looking *l = arg;

	return ls_claims(tx, &l->f->arena, &l->in, &l->out, &l->diag);
}

static void an_id_is_shown_with_all_who_claim_it_and_what_was_given(void **state)
{
	struct fixture *f = *state;
	struct looking l = { .f = f, .in.distid = S("0001-0000-c0de-0091-0000-0000-00a1-b2c3") };

	has(f, C, DID);
	has(f, B, DID);
	has(f, A, DID);
	drops(f, C, DID); /* so b holds it */
	gives(f, &(struct rv_ls_given){ S(DID), S("default"), 3, S("aa"), 0 }, 77);
	assert_int_equal(rv_db_run(f->ls.db, work_claims, &l), RV_OK);
	assert_int_equal(l.out.claims_len, 2);
	const struct rv_ls_holding *b = &l.out.claims[0], *a = &l.out.claims[1];
	assert_true(rv_str_is(b->claimant, "b"));
	assert_int_equal(b->state, RV_LS_CLAIM_STATE_HELD);
	assert_true(b->is_enabled);
	assert_true(rv_str_is(b->location, "default"));
	assert_false(b->has_given_version || b->has_given_at);
	assert_true(rv_str_is(a->claimant, "a"));
	assert_int_equal(a->state, RV_LS_CLAIM_STATE_TAKEN);
	assert_true(a->claimed_at > b->claimed_at);
	assert_true(a->has_given_version && a->has_given_at);
	assert_int_equal(a->given_version, 3);
	assert_int_equal(a->given_at, 77);
}

static void an_id_that_is_none_or_nobodys_is_refused_by_name(void **state)
{
	struct looking nobodys = { .f = *state, .in.distid = S(DID) };
	struct looking none = { .f = *state,
				.in.distid = S("0001-0000-C0DE-0091-0000-0000-00A1-B2CX") };

	assert_int_equal(rv_db_run(nobodys.f->ls.db, work_claims, &nobodys), RV_ENOTFOUND);
	assert_string_equal(nobodys.diag.key, "ls.unclaimed");
	assert_int_equal(rv_db_run(none.f->ls.db, work_claims, &none), RV_EINVALID);
	assert_string_equal(none.diag.key, "device.distid");
	assert_non_null(strstr(none.diag.text, "character 39"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(figures_tell_what_an_operator_holds_and_why_the_rest_is_refused),
		T(a_refused_claim_is_listed_with_its_reason_and_the_holder),
		T(an_operator_sees_its_claims_and_those_against_it),
		T(pages_together_are_the_whole_list),
		T(a_wrong_question_is_refused_by_name),
		T(an_id_is_shown_with_all_who_claim_it_and_what_was_given),
		T(an_id_that_is_none_or_nobodys_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
