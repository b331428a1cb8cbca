/* Who follows the feed; see feed.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "server/rs/feed.h"
#include "server/rs/sql/sql.h"

bool rs_feed_admits(bool is_known, uint64_t cursor, uint64_t after, uint64_t trimmed)
{
	return after == 0 || after >= trimmed || (is_known && after >= cursor);
}

struct reader {
	bool is_known, is_complete;
	int64_t cursor, last_at;
};

static int take_reader(const struct rv_db_row *row, void *arg)
{
	struct reader *r = arg;

	r->is_known = true;
	r->cursor = rv_db_col_int(row, 0);
	r->is_complete = rv_db_col_int(row, 1) != 0;
	r->last_at = rv_db_col_int(row, 2);
	return RV_OK;
}

static int take_trimmed(const struct rv_db_row *row, void *arg)
{
	uint64_t value = 0;

	if (!rv_str_to_u64(rv_db_col_str(row, 0), INT64_MAX, &value))
		return RV_ECORRUPT;
	*(int64_t *)arg = (int64_t)value;
	return RV_OK;
}

static int get_trimmed(struct rs_ctx *ctx, int64_t *out)
{
	*out = 0;
	return rv_db_query(ctx->tx, &rs_sql_meta_get,
			   RV_DB_PARAMS(RV_DB_T(RV_STR_LIT("feed-trimmed"))), take_trimmed, out);
}

/* Up to where nobody needs to hear of removals any more. */
static int find_trim(struct rs_ctx *ctx, int64_t *out)
{
	int64_t cutoff = ctx->now_us - ctx->rs->settings.ls_forget_us, least = -1;
	int err = rv_db_exec(ctx->tx, &rs_sql_reader_delete_silent, RV_DB_PARAMS(RV_DB_I(cutoff)),
			     NULL);

	if (err == RV_OK)
		err = rs_query_int(ctx, &rs_sql_reader_least, RV_DB_PARAMS(RV_DB_I(-1)), &least);
	if (err == RV_OK && least < 0)
		err = rs_query_int(ctx, &rs_sql_change_old, RV_DB_PARAMS(RV_DB_I(cutoff)), &least);
	*out = least;
	return err;
}

static int trim(struct rs_ctx *ctx, int64_t trimmed)
{
	char text[24];
	int64_t upto = 0, last = 0;
	int err = find_trim(ctx, &upto);

	if (err == RV_OK)
		err = rs_query_int(ctx, &rs_sql_change_last_deleted, RV_DB_PARAMS(RV_DB_I(upto)),
				   &last);
	if (err != RV_OK || last <= trimmed)
		return err;
	snprintf(text, sizeof(text), "%lld", (long long)last);
	err = rv_db_exec(ctx->tx, &rs_sql_change_trim, RV_DB_PARAMS(RV_DB_I(last)), NULL);
	if (err == RV_OK)
		err = rv_db_exec(
			ctx->tx, &rs_sql_meta_put,
			RV_DB_PARAMS(RV_DB_T(RV_STR_LIT("feed-trimmed")), RV_DB_T(rv_str(text))),
			NULL);
	return err;
}

int rs_feed_note_reader(struct rs_ctx *ctx, const struct rv_rs_feed_in *in, bool *is_admitted)
{
	struct reader known = { 0 };
	int64_t trimmed = 0;
	int err = rv_db_query(ctx->tx, &rs_sql_reader_get,
			      RV_DB_PARAMS(RV_DB_T(ctx->author), RV_DB_T(in->reader)), take_reader,
			      &known);

	if (err == RV_OK)
		err = get_trimmed(ctx, &trimmed);
	if (err != RV_OK)
		return err;
	*is_admitted = rs_feed_admits(known.is_known, (uint64_t)known.cursor, in->after,
				      (uint64_t)trimmed);
	if (!*is_admitted)
		return RV_OK;
	bool has_moved = !known.is_known || known.cursor != (int64_t)in->after ||
			 known.is_complete != in->is_complete;
	if (!has_moved && ctx->now_us - known.last_at < RS_READER_NOTE_S * RV_US_PER_SEC)
		return RV_OK;
	err = rv_db_exec(ctx->tx, &rs_sql_reader_put,
			 RV_DB_PARAMS(RV_DB_T(ctx->author), RV_DB_T(in->reader),
				      RV_DB_I(ctx->now_us), RV_DB_I(in->after),
				      RV_DB_I(in->is_complete)),
			 NULL);
	return err == RV_OK && has_moved ? trim(ctx, trimmed) : err;
}

/* -- operations ----------------------------------------------------------------------------- */

struct taking {
	struct rs_ctx *ctx;
	struct rv_ls_reader *list;
	size_t count;
};

static int take_row(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_reader r = { .row = row, .ctx = t->ctx };
	struct rv_ls_reader *reader = &t->list[t->count++];

	reader->name = rs_read_str(&r);
	reader->reader = rs_read_str(&r);
	reader->first_contact_at = rs_read_int(&r);
	reader->last_contact_at = rs_read_int(&r);
	reader->cursor = (uint64_t)rs_read_int(&r);
	reader->is_complete = rs_read_bool(&r);
	reader->given = (uint64_t)rs_read_int(&r);
	reader->refused = (uint64_t)rs_read_int(&r);
	return r.err;
}

struct lag {
	int64_t records, oldest_at;
};

static int take_lag(const struct rv_db_row *row, void *arg)
{
	struct lag *lag = arg;

	lag->records = rv_db_col_int(row, 0);
	lag->oldest_at = rv_db_col_int(row, 1);
	return RV_OK;
}

static int fill_lag(struct rs_ctx *ctx, struct rv_ls_reader *reader)
{
	struct lag lag = { 0 };
	int err = rv_db_query(ctx->tx, &rs_sql_change_lag, RV_DB_PARAMS(RV_DB_I(reader->cursor)),
			      take_lag, &lag);

	reader->lag_records = (uint64_t)lag.records;
	if (lag.records > 0 && lag.oldest_at > 0 && lag.oldest_at < ctx->now_us)
		reader->lag = (uint64_t)(ctx->now_us - lag.oldest_at) / RV_US_PER_SEC;
	return err;
}

int rs_op_ls_list(struct rs_ctx *ctx, const struct rv_ls_list_in *in, struct rv_ls_list_out *out,
		  struct rv_diag *diag)
{
	struct taking t = { .ctx = ctx };

	(void)in;
	t.list = rv_arena_array(ctx->arena, RS_READERS_MAX, sizeof(*t.list));
	if (t.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_reader_list, RV_DB_PARAMS(RV_DB_I(RS_READERS_MAX)),
			      take_row, &t);
	for (size_t i = 0; err == RV_OK && i < t.count; i++)
		err = fill_lag(ctx, &t.list[i]);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->readers = t.list;
	out->readers_len = t.count;
	return RV_OK;
}

int rs_op_ls_forget(struct rs_ctx *ctx, const struct rv_ls_forget_in *in,
		    struct rv_ls_forget_out *out, struct rv_diag *diag)
{
	int64_t changed = 0;
	int err = rv_db_exec(ctx->tx, &rs_sql_reader_delete, RV_DB_PARAMS(RV_DB_T(in->name)),
			     &changed);

	(void)out;
	if (err == RV_OK && changed == 0)
		return rv_diag_set(diag, RV_ENOTFOUND, "ls.unknown", "name",
				   "no LS \"%.*s\" follows this RS", RV_STR_ARG(in->name));
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

/* -- waiting for LSs ------------------------------------------------------------------------- */

int rs_want_ls(struct rs_ctx *ctx, bool wait_ls, bool has_seconds, uint32_t seconds)
{
	if (!wait_ls)
		return RV_OK;
	ctx->wanted.is_wanted = true;
	ctx->wanted.seconds = has_seconds ? seconds : RS_WAIT_DEFAULT_S;
	return rs_query_int(ctx, &rs_sql_change_newest, RV_DB_NO_PARAMS, &ctx->wanted.seq);
}

struct outcomes {
	struct rs_ctx *ctx;
	struct rv_ls_outcome *list;
	size_t count;
	int64_t seq;
};

static int take_outcome(const struct rv_db_row *row, void *arg)
{
	struct outcomes *o = arg;
	struct rs_reader r = { .row = row, .ctx = o->ctx };
	struct rv_ls_outcome *outcome = &o->list[o->count++];

	outcome->name = rs_read_str(&r);
	outcome->reader = rs_read_str(&r);
	outcome->has_it = rs_read_int(&r) >= o->seq;
	return r.err;
}

int rs_ls_outcomes(struct rs_ctx *ctx, int64_t seq, struct rv_ls_outcomes *out)
{
	struct outcomes o = { .ctx = ctx, .seq = seq };

	o.list = rv_arena_array(ctx->arena, RS_READERS_MAX, sizeof(*o.list));
	if (o.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_reader_cursors,
			      RV_DB_PARAMS(RV_DB_I(RS_READERS_MAX)), take_outcome, &o);
	if (err == RV_OK)
		*out = (struct rv_ls_outcomes){ o.list, o.count };
	return err;
}

int rs_add_outcomes(const struct rv_ls_outcomes *outcomes, struct rv_buf *answer)
{
	struct rv_buf end = { 0 };
	int err;

	rv_ls_outcomes_encode(outcomes, &end);
	err = end.err;
	if (err == RV_OK) { /* one version byte is enough */
		rv_buf_put(answer, end.ptr + 1, end.len - 1);
		err = answer->err;
	}
	rv_buf_deinit(&end);
	return err;
}
