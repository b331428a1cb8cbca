/* What the RSs are told: kept until they have it. */
#include <errno.h>

#include "server/ls/claim.h"
#include "server/ls/sql/sql.h"

int ls_given_put(struct rv_db_tx *tx, const struct ls_operator *op, const struct rv_ls_given *given,
		 int64_t at_us)
{
	return rv_db_exec(tx, &ls_sql_given_put,
			  RV_DB_PARAMS(RV_DB_T(given->distid), RV_DB_T(rv_str(op->name)),
				       RV_DB_T(given->location), RV_DB_I(given->version),
				       RV_DB_T(given->anchor), RV_DB_I(at_us)),
			  NULL);
}

struct making {
	struct rv_arena *arena;
	struct ls_report *report;
	int64_t now_us;
	int err;
};

static struct rv_str copy(struct making *m, const struct rv_db_row *row, unsigned col)
{
	struct rv_str s = rv_arena_str(m->arena, rv_db_col_str(row, col));

	if (s.ptr == NULL)
		m->err = -ENOMEM;
	return s;
}

static int take_given(const struct rv_db_row *row, void *arg)
{
	struct making *m = arg;
	struct rv_rs_report_in *message = &m->report->message;
	struct rv_ls_given *given = &message->given[message->given_len];
	int64_t at = rv_db_col_int(row, 4);

	given->distid = copy(m, row, 0);
	given->location = copy(m, row, 1);
	given->version = (uint32_t)rv_db_col_int(row, 2);
	given->anchor = copy(m, row, 3);
	given->age = at < m->now_us ? (uint64_t)(m->now_us - at) : 0; /* the clock may step back */
	m->report->given_at[message->given_len++] = at;
	return m->err;
}

static int take_claim(const struct rv_db_row *row, void *arg)
{
	static const enum rv_ls_claim_state states[] = {
		[LS_CLAIM_HELD] = RV_LS_CLAIM_STATE_HELD,
		[LS_CLAIM_TAKEN] = RV_LS_CLAIM_STATE_TAKEN,
		[LS_CLAIM_LIMIT] = RV_LS_CLAIM_STATE_LIMIT,
	};
	struct making *m = arg;
	struct rv_rs_report_in *message = &m->report->message;
	struct rv_ls_claim *claim = &message->claims[message->claims_len++];
	int64_t state = rv_db_col_int(row, 1);

	if (state < LS_CLAIM_HELD || state > LS_CLAIM_LIMIT)
		return RV_ECORRUPT;
	claim->distid = copy(m, row, 0);
	claim->state = states[state];
	return m->err;
}

int ls_report_make(struct rv_db_tx *tx, struct rv_arena *arena, const struct ls_operator *op,
		   int64_t now_us, struct ls_report *out)
{
	struct ls_report report = { 0 };
	struct making m = { .arena = arena, .report = &report, .now_us = now_us };
	struct rv_str name = rv_str(op->name);

	report.message.given = rv_arena_array(arena, LS_REPORT_ITEMS, sizeof(struct rv_ls_given));
	report.given_at = rv_arena_array(arena, LS_REPORT_ITEMS, sizeof(int64_t));
	report.message.claims = rv_arena_array(arena, LS_REPORT_ITEMS, sizeof(struct rv_ls_claim));
	if (report.message.given == NULL || report.given_at == NULL ||
	    report.message.claims == NULL)
		return -ENOMEM;
	int err = rv_db_query(tx, &ls_sql_given_untold,
			      RV_DB_PARAMS(RV_DB_T(name), RV_DB_I(LS_REPORT_ITEMS)), take_given,
			      &m);
	if (err == RV_OK)
		err = rv_db_query(tx, &ls_sql_claim_untold,
				  RV_DB_PARAMS(RV_DB_T(name), RV_DB_I(LS_REPORT_ITEMS)), take_claim,
				  &m);
	if (err == RV_OK)
		*out = report;
	return err;
}

int ls_report_told(struct rv_db_tx *tx, const struct ls_operator *op,
		   const struct ls_report *report)
{
	static const enum ls_claim_state states[] = {
		[RV_LS_CLAIM_STATE_HELD] = LS_CLAIM_HELD,
		[RV_LS_CLAIM_STATE_TAKEN] = LS_CLAIM_TAKEN,
		[RV_LS_CLAIM_STATE_LIMIT] = LS_CLAIM_LIMIT,
	};
	const struct rv_rs_report_in *message = &report->message;
	struct rv_db_value name = RV_DB_T(rv_str(op->name));
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < message->given_len; i++)
		err = rv_db_exec(tx, &ls_sql_given_told,
				 RV_DB_PARAMS(RV_DB_T(message->given[i].distid), name,
					      RV_DB_I(report->given_at[i])),
				 NULL);
	for (size_t i = 0; err == RV_OK && i < message->claims_len; i++)
		err = rv_db_exec(tx, &ls_sql_claim_told,
				 RV_DB_PARAMS(RV_DB_I(states[message->claims[i].state]),
					      RV_DB_T(message->claims[i].distid), name),
				 NULL);
	return err;
}
