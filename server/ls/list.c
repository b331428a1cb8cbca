/* What the people who run the LS are told. */
#include <errno.h>
#include <string.h>

#include "proto/distid/distid.h"
#include "server/ls/claim.h"
#include "server/ls/sql/sql.h"

enum { PAGE_DEFAULT = 100, CLAIMS_MAX = LS_OPERATORS_MAX + 1 };

/* What is being listed. */
struct listing {
	struct rv_arena *arena;
	void *rows; /* of the contract's type */
	size_t count, max;
	int err;
};

static struct rv_str copy(struct listing *l, const struct rv_db_row *row, unsigned col)
{
	struct rv_str s = rv_arena_str(l->arena, rv_db_col_str(row, col));

	if (s.ptr == NULL)
		l->err = -ENOMEM;
	return s;
}

static enum rv_ls_claim_state state_of(struct listing *l, const struct rv_db_row *row, unsigned col)
{
	switch (rv_db_col_int(row, col)) {
	case LS_CLAIM_HELD:
		return RV_LS_CLAIM_STATE_HELD;
	case LS_CLAIM_TAKEN:
		return RV_LS_CLAIM_STATE_TAKEN;
	case LS_CLAIM_LIMIT:
		return RV_LS_CLAIM_STATE_LIMIT;
	default:
		l->err = RV_ECORRUPT;
		return RV_LS_CLAIM_STATE_HELD;
	}
}

static int failed(struct rv_diag *diag, int err)
{
	return rv_diag_set(diag, err, "op.failed", "", "the store failed (%s)", rv_err_name(err));
}

/* -- figures ---------------------------------------------------------------------------------- */

static int take_operator(const struct rv_db_row *row, void *arg)
{
	struct ls_counts *counts = arg;

	counts->held = rv_db_col_int(row, 4);
	counts->heard_us = rv_db_col_int(row, 6);
	return RV_OK;
}

static int take_refused(const struct rv_db_row *row, void *arg)
{
	struct ls_counts *counts = arg;
	int64_t n = rv_db_col_int(row, 1);

	if (rv_db_col_int(row, 0) == LS_CLAIM_TAKEN)
		counts->taken = n;
	else
		counts->over_limit = n;
	return RV_OK;
}

static int take_untold(const struct rv_db_row *row, void *arg)
{
	struct ls_counts *counts = arg;

	counts->untold = rv_db_col_int(row, 0);
	return RV_OK;
}

int ls_count(struct rv_db_tx *tx, const struct ls_operator *op, struct ls_counts *out)
{
	static const struct {
		struct rv_db_stmt *stmt;
		int (*take)(const struct rv_db_row *row, void *arg);
	} questions[] = {
		{ &ls_sql_operator_get, take_operator },
		{ &ls_sql_claim_count_refused, take_refused },
		{ &ls_sql_claim_count_untold, take_untold },
	};
	struct ls_counts counts = { 0 };
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < RV_ARRAY_LEN(questions); i++)
		err = rv_db_query(tx, questions[i].stmt, RV_DB_PARAMS(RV_DB_T(rv_str(op->name))),
				  questions[i].take, &counts);
	if (err == RV_OK)
		*out = counts;
	return err;
}

/* -- claims that are refused ------------------------------------------------------------------ */

/* One row more than asked for tells whether there is a next page; it is not kept. */
static int take_conflict(const struct rv_db_row *row, void *arg)
{
	struct listing *l = arg;

	if (l->count++ == l->max)
		return RV_OK;
	struct rv_ls_conflict *c = (struct rv_ls_conflict *)l->rows + l->count - 1;
	*c = (struct rv_ls_conflict){ .claimant = copy(l, row, 0),
				      .distid = copy(l, row, 1),
				      .reason = state_of(l, row, 2),
				      .claimed_at = rv_db_col_int(row, 3),
				      .has_held_since = !rv_db_col_is_null(row, 4) };
	if (c->has_held_since) {
		c->holder = copy(l, row, 4);
		c->held_since = rv_db_col_int(row, 5);
	}
	return l->err;
}

/* "operator/distid" of the last row of a page: a name has no '/'. */
static int split_place(struct rv_str after, struct rv_str *operator_name, struct rv_str *distid,
		       struct rv_diag *diag)
{
	const char *slash = after.len > 0 ? memchr(after.ptr, '/', after.len) : NULL;
	size_t at = slash != NULL ? (size_t)(slash - after.ptr) : 0;

	if (after.len > 0 && slash == NULL)
		return rv_diag_set(diag, RV_EINVALID, "ls.cursor", "after",
				   "it is not what a page before gave as next");
	*operator_name = rv_str_sub(after, 0, at);
	*distid = rv_str_sub(after, slash != NULL ? at + 1 : 0, after.len);
	return RV_OK;
}

int ls_conflicts(struct ls_store *store, struct rv_db_tx *tx, struct rv_arena *arena,
		 const struct rv_ls_conflicts_in *in, struct rv_ls_conflicts_out *out,
		 struct rv_diag *diag)
{
	struct listing l = { .arena = arena, .max = in->has_limit ? in->limit : PAGE_DEFAULT };
	struct rv_str operator_name, distid;
	int err = split_place(in->after, &operator_name, &distid, diag);

	if (err != RV_OK)
		return err;
	if (in->has_operator_name && ls_operator_find(store, in->operator_name) == NULL)
		return rv_diag_set(diag, RV_ENOTFOUND, "ls.unknown-operator", "operator_name",
				   "this LS has no operator \"%.*s\"",
				   RV_STR_ARG(in->operator_name));
	l.rows = rv_arena_array(arena, l.max, sizeof(struct rv_ls_conflict));
	if (l.rows == NULL)
		return failed(diag, -ENOMEM);
	err = rv_db_query(tx, &ls_sql_claim_conflicts,
			  RV_DB_PARAMS(RV_DB_T(operator_name), RV_DB_T(distid),
				       RV_DB_T(in->operator_name), RV_DB_I(l.max + 1)),
			  take_conflict, &l);
	if (err != RV_OK)
		return failed(diag, err);
	out->conflicts = l.rows;
	out->conflicts_len = l.count > l.max ? l.max : l.count;
	if (l.count <= l.max)
		return RV_OK;
	const struct rv_ls_conflict *last = &out->conflicts[l.max - 1];
	out->next = rv_str(rv_arena_printf(arena, "%.*s/%.*s", RV_STR_ARG(last->claimant),
					   RV_STR_ARG(last->distid)));
	return out->next.ptr != NULL ? RV_OK : failed(diag, -ENOMEM);
}

/* -- one id ----------------------------------------------------------------------------------- */

static int take_holding(const struct rv_db_row *row, void *arg)
{
	struct listing *l = arg;

	if (l->count == l->max)
		return RV_ECORRUPT;
	struct rv_ls_holding *h = (struct rv_ls_holding *)l->rows + l->count++;
	*h = (struct rv_ls_holding){ .claimant = copy(l, row, 0),
				     .state = state_of(l, row, 1),
				     .claimed_at = rv_db_col_int(row, 2),
				     .is_enabled = rv_db_col_int(row, 3) != 0,
				     .location = copy(l, row, 4),
				     .group = copy(l, row, 5),
				     .has_given_version = !rv_db_col_is_null(row, 6),
				     .has_given_at = !rv_db_col_is_null(row, 7) };
	if (h->has_given_version) {
		h->given_version = (uint32_t)rv_db_col_int(row, 6);
		h->given_at = rv_db_col_int(row, 7);
	}
	return l->err;
}

int ls_claims(struct rv_db_tx *tx, struct rv_arena *arena, const struct rv_ls_claims_in *in,
	      struct rv_ls_claims_out *out, struct rv_diag *diag)
{
	struct listing l = { .arena = arena, .max = CLAIMS_MAX };
	char canonical[RV_DISTID_TEXT_LEN + 1];
	struct rv_distid id;
	size_t at = 0;

	if (rv_distid_parse(in->distid.ptr, in->distid.len, &id, &at) != RV_OK)
		return rv_diag_set(diag, RV_EINVALID, "device.distid", "distid",
				   "not a distribution id: wrong at character %zu", at + 1);
	rv_distid_format(&id, canonical);
	l.rows = rv_arena_array(arena, l.max, sizeof(struct rv_ls_holding));
	if (l.rows == NULL)
		return failed(diag, -ENOMEM);
	int err = rv_db_query(tx, &ls_sql_claim_of_id, RV_DB_PARAMS(RV_DB_T(rv_str(canonical))),
			      take_holding, &l);
	if (err != RV_OK)
		return failed(diag, err);
	if (l.count == 0)
		return rv_diag_set(diag, RV_ENOTFOUND, "ls.unclaimed", "distid",
				   "no operator of this LS has %s", canonical);
	out->claims = l.rows;
	out->claims_len = l.count;
	return RV_OK;
}
