#include <errno.h>
#include <stdio.h>

#include "proto/distid/distid.h"
#include "server/rs/core.h"
#include "server/rs/sql/sql.h"

int rs_db_failed(struct rv_diag *diag, int err)
{
	return rv_diag_set(diag, err, "rs.store", "", "the store failed (%s)", rv_err_name(err));
}

struct rv_str rs_read_str(struct rs_reader *r)
{
	struct rv_str s = rv_arena_str(r->ctx->arena, rv_db_col_str(r->row, r->col++));

	if (s.ptr == NULL)
		r->err = -ENOMEM;
	return s;
}

int64_t rs_read_int(struct rs_reader *r)
{
	return rv_db_col_int(r->row, r->col++);
}

bool rs_read_bool(struct rs_reader *r)
{
	return rs_read_int(r) != 0;
}

bool rs_read_opt(struct rs_reader *r, int64_t *out)
{
	bool is_there = !rv_db_col_is_null(r->row, r->col);

	*out = rs_read_int(r);
	return is_there;
}

struct one {
	rv_db_row_fn fn;
	void *arg;
	bool found;
};

static int first_row(const struct rv_db_row *row, void *arg)
{
	struct one *one = arg;

	one->found = true;
	return one->fn(row, one->arg);
}

int rs_query_one(struct rs_ctx *ctx, const struct rv_db_stmt *stmt,
		 const struct rv_db_value *params, size_t n, rv_db_row_fn fn, void *arg)
{
	struct one one = { .fn = fn, .arg = arg };
	int err = rv_db_query(ctx->tx, stmt, params, n, first_row, &one);

	if (err != RV_OK)
		return err;
	return one.found ? RV_OK : RV_ENOTFOUND;
}

static int take_int(const struct rv_db_row *row, void *arg)
{
	*(int64_t *)arg = rv_db_col_int(row, 0);
	return RV_OK;
}

int rs_query_int(struct rs_ctx *ctx, const struct rv_db_stmt *stmt,
		 const struct rv_db_value *params, size_t n, int64_t *out)
{
	int64_t value = 0;
	int err = rv_db_query(ctx->tx, stmt, params, n, take_int, &value);

	if (err == RV_OK)
		*out = value;
	return err;
}

int rs_distid(struct rs_ctx *ctx, struct rv_str text, struct rv_str *out, struct rv_diag *diag)
{
	char canonical[RV_DISTID_TEXT_LEN + 1];
	struct rv_distid id;
	size_t at = 0;

	if (rv_distid_parse(text.ptr, text.len, &id, &at) != RV_OK)
		return rv_diag_set(
			diag, RV_EINVALID, "device.distid", "distid",
			"not a distribution ID: wrong at character %zu of \"%.*s\" (expected "
			"eight groups of four hex digits joined by '-')",
			at + 1, RV_STR_ARG(rv_str_sub(text, 0, 64)));
	rv_distid_format(&id, canonical);
	*out = rv_arena_str(ctx->arena, rv_strn(canonical, RV_DISTID_TEXT_LEN));
	return out->ptr != NULL ? RV_OK : -ENOMEM;
}

struct fact {
	struct rs_reader r;
	struct rv_str value;
};

static int take_fact(const struct rv_db_row *row, void *arg)
{
	struct fact *fact = arg;

	fact->r.row = row;
	fact->value = rs_read_str(&fact->r);
	return fact->r.err;
}

int rs_meta_get(struct rs_ctx *ctx, const char *name, struct rv_str *out)
{
	struct fact fact = { .r.ctx = ctx };
	int err = rv_db_query(ctx->tx, &rs_sql_meta_get, RV_DB_PARAMS(RV_DB_T(rv_str(name))),
			      take_fact, &fact);

	if (err == RV_OK)
		*out = fact.value;
	return err;
}

int rs_meta_put(struct rs_ctx *ctx, const char *name, const char *value)
{
	return rv_db_exec(ctx->tx, &rs_sql_meta_put,
			  RV_DB_PARAMS(RV_DB_T(rv_str(name)), RV_DB_T(rv_str(value))), NULL);
}

int rs_note_change(struct rs_ctx *ctx, enum rv_feed_record_kind kind, struct rv_str name,
		   bool is_deleted)
{
	ctx->feed_changed = true;
	return rv_db_put(ctx->tx, &rs_sql_change_put,
			 RV_DB_PARAMS(RV_DB_I(kind), RV_DB_T(name), RV_DB_I(is_deleted),
				      RV_DB_I(ctx->now_us)));
}

/* The row a box belongs to, as text. */
struct id_text {
	char text[24];
};

static struct rv_str id_label(int64_t id, struct id_text *out)
{
	int n = snprintf(out->text, sizeof(out->text), "%lld", (long long)id);

	return rv_strn(out->text, (size_t)n);
}

static int into_arena(struct rs_ctx *ctx, struct rv_buf *buf, int err, struct rv_str *out)
{
	if (err == RV_OK)
		err = buf->err;
	if (err == RV_OK) {
		struct rv_str s = rv_arena_str(ctx->arena, rv_buf_str(buf));
		if (s.ptr != NULL)
			*out = s;
		else
			err = -ENOMEM;
	}
	rv_buf_deinit(buf);
	return err;
}

int rs_seal(struct rs_ctx *ctx, const char *label, int64_t id, struct rv_str plain,
	    struct rv_str *out)
{
	struct rv_buf box = { 0 };
	struct id_text text;

	rv_secret_seal(ctx->rs->secret, label, id_label(id, &text), plain, &box);
	return into_arena(ctx, &box, RV_OK, out);
}

int rs_unseal(struct rs_ctx *ctx, const char *label, int64_t id, struct rv_str box,
	      struct rv_str *out)
{
	struct rv_buf plain = { .wipe = true };
	struct id_text text;
	int err = rv_secret_unseal(ctx->rs->secret, label, id_label(id, &text), box, &plain);

	return into_arena(ctx, &plain, err, out);
}
