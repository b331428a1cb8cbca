#include "server/rs/secret.h"

#include <errno.h>
#include <stdio.h>

#include "server/rs/config_check.h"
#include "server/rs/reference.h"
#include "server/rs/sql/sql.h"

enum { LIST_DEFAULT = 100, ESCAPED_MAX = 6 /* bytes of a character in XML: "&quot;" */ };

/* -- names ---------------------------------------------------------------------------------- */

static int check_name(struct rs_ctx *ctx, struct rv_str name, const char *where,
		      struct rv_diag *diag)
{
	int64_t id = 0;
	int err = rs_query_int(ctx, &rs_sql_secret_find, RV_DB_PARAMS(RV_DB_T(name)), &id);

	if (err != RV_OK)
		return rs_db_failed(diag, err);
	if (id == 0)
		return rv_diag_set(diag, RV_EINVALID, "config.no-secret", where,
				   "there is no secret \"%.*s\": set it first", RV_STR_ARG(name));
	return RV_OK;
}

/* *bytes grows by the most that the values of the body can take as they are sent. */
static int check_body(struct rs_ctx *ctx, const struct rv_module *m, size_t index, size_t *bytes,
		      struct rv_diag *diag)
{
	struct rs_reference_piece piece;
	struct rv_str body = m->body;
	char where[RV_DIAG_WHERE_MAX];
	int err;

	snprintf(where, sizeof(where), "modules[%zu].body", index);
	while (rs_reference_next(&body, &piece, &err, diag)) {
		if (piece.name.len == 0)
			continue;
		*bytes += (size_t)RS_SECRET_VALUE_MAX * ESCAPED_MAX;
		err = check_name(ctx, piece.name, where, diag);
		if (err != RV_OK)
			return err;
	}
	if (err != RV_OK && diag != NULL)
		snprintf(diag->where, sizeof(diag->where), "%s", where);
	return err;
}

int rs_secret_check_uses(struct rs_ctx *ctx, const struct rv_module *modules, size_t n,
			 struct rv_diag *diag)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		if (!modules[i].uses_secrets)
			continue;
		int err = check_body(ctx, &modules[i], i, &bytes, diag);
		if (err != RV_OK)
			return err;
	}
	if (bytes == 0)
		return RV_OK;
	return bytes < RS_CONFIG_BYTES_MAX
		       ? rs_config_check(modules, n, RS_CONFIG_BYTES_MAX - bytes, diag)
		       : rv_diag_set(diag, RV_ELIMIT, "config.too-big", "modules",
				     "with the values of so many references the config could be "
				     "larger than %d bytes",
				     RS_CONFIG_BYTES_MAX);
}

int rs_secret_note_uses(struct rs_ctx *ctx, int64_t content_id, struct rv_str body)
{
	struct rs_reference_piece piece;
	int err;

	while (rs_reference_next(&body, &piece, &err, NULL)) {
		if (piece.name.len == 0)
			continue;
		err = rv_db_exec(ctx->tx, &rs_sql_config_secret_insert,
				 RV_DB_PARAMS(RV_DB_I(content_id), RV_DB_T(piece.name)), NULL);
		if (err != RV_OK)
			return err;
	}
	return err;
}

/* -- values --------------------------------------------------------------------------------- */

struct lookup {
	struct rs_reader r;
	int64_t pull_id;
	bool is_past; /* the values of that pull, not those of now */
	int64_t version_id;
	struct rv_str box;
};

static int take_value(const struct rv_db_row *row, void *arg)
{
	struct lookup *l = arg;

	l->r = (struct rs_reader){ .row = row, .ctx = l->r.ctx };
	l->version_id = rs_read_int(&l->r);
	l->box = rs_read_str(&l->r);
	return l->r.err;
}

/* rs_reference_fn. A name that was never set cannot stand in a config: without a value
 * the store is damaged. */
static int find_value(void *arg, struct rv_str name, struct rv_str *value)
{
	struct lookup *l = arg;
	struct rs_ctx *ctx = l->r.ctx;
	int err = l->is_past ? rs_query_one(ctx, &rs_sql_secret_value_then,
					    RV_DB_PARAMS(RV_DB_I(l->pull_id), RV_DB_T(name)),
					    take_value, l)
			     : rs_query_one(ctx, &rs_sql_secret_value, RV_DB_PARAMS(RV_DB_T(name)),
					    take_value, l);

	if (err != RV_OK)
		return err == RV_ENOTFOUND ? RV_ECORRUPT : err;
	err = rs_unseal(ctx, "secret.value", l->version_id, l->box, value);
	if (err == RV_OK && !l->is_past)
		err = rv_db_exec(ctx->tx, &rs_sql_pull_secret_insert,
				 RV_DB_PARAMS(RV_DB_I(l->pull_id), RV_DB_I(l->version_id)), NULL);
	return err;
}

static int render(struct lookup *l, struct rv_module *m)
{
	struct rv_buf body = { .wipe = true };
	int err = rs_reference_render(m->body, find_value, l, &body);

	if (err == RV_OK) {
		struct rv_str copy = rv_arena_str(l->r.ctx->arena, rv_buf_str(&body));
		err = copy.ptr != NULL ? RV_OK : -ENOMEM;
		m->body = copy;
		m->uses_secrets = false;
	}
	rv_buf_deinit(&body);
	return err;
}

static int render_all(struct lookup *l, struct rv_module *modules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int err = modules[i].uses_secrets ? render(l, &modules[i]) : RV_OK;
		if (err != RV_OK)
			return err == RV_EINVALID ? RV_ECORRUPT : err;
	}
	return RV_OK;
}

int rs_secret_deliver(struct rs_ctx *ctx, int64_t pull_id, struct rv_module *modules, size_t n)
{
	return render_all(&(struct lookup){ .r.ctx = ctx, .pull_id = pull_id }, modules, n);
}

int rs_secret_redeliver(struct rs_ctx *ctx, int64_t pull_id, struct rv_module *modules, size_t n)
{
	return render_all(&(struct lookup){ .r.ctx = ctx, .pull_id = pull_id, .is_past = true },
			  modules, n);
}

/* -- operations ----------------------------------------------------------------------------- */

struct taking {
	struct rs_ctx *ctx;
	struct rv_named_secret *list;
	size_t count, limit;
};

/* Columns of RS_SQL_SECRET_COLUMNS. */
static int take_secret(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_reader r = { .row = row, .ctx = t->ctx };

	if (t->count == t->limit)
		return RV_OK;
	struct rv_named_secret *out = &t->list[t->count++];
	out->name = rs_read_str(&r);
	out->created_at = rs_read_int(&r);
	out->changed_at = rs_read_int(&r);
	out->author = rs_read_str(&r);
	out->versions = (uint64_t)rs_read_int(&r);
	out->uses = (uint64_t)rs_read_int(&r);
	return r.err;
}

static int find(struct rs_ctx *ctx, struct rv_str name, struct rv_named_secret *out)
{
	struct taking t = { .ctx = ctx, .list = out, .limit = 1 };

	return rs_query_one(ctx, &rs_sql_secret_get, RV_DB_PARAMS(RV_DB_T(name)), take_secret, &t);
}

static int check_value(struct rv_str value, struct rv_diag *diag)
{
	for (size_t i = 0; i < value.len; i++) {
		if (rs_config_is_text((uint8_t)value.ptr[i]))
			continue;
		return rv_diag_set(diag, RV_EINVALID, "secret.value", "value",
				   "character %zu of the value is not printable ASCII, a tab or a "
				   "line end",
				   i + 1);
	}
	return RV_OK;
}

static int insert_value(struct rs_ctx *ctx, int64_t secret_id, struct rv_str value)
{
	int64_t id = rv_id_make(&ctx->rs->ids, ctx->now_us);
	struct rv_str box;
	int err = rs_seal(ctx, "secret.value", id, value, &box);

	if (err != RV_OK)
		return err;
	return rv_db_exec(ctx->tx, &rs_sql_secret_version_insert,
			  RV_DB_PARAMS(RV_DB_I(id), RV_DB_I(secret_id), RV_DB_I(ctx->now_us),
				       RV_DB_T(ctx->author), RV_DB_B(box)),
			  NULL);
}

int rs_op_secret_set(struct rs_ctx *ctx, const struct rv_secret_set_in *in,
		     struct rv_secret_set_out *out, struct rv_diag *diag)
{
	int64_t id = 0;
	int err;

	if (!rs_secret_name_ok(in->name))
		return rv_diag_set(diag, RV_EINVALID, "secret.name", "name",
				   "a name has letters, digits, '.', '_' and '-' only");
	err = check_value(in->value, diag);
	if (err != RV_OK)
		return err;
	err = rs_query_int(ctx, &rs_sql_secret_find, RV_DB_PARAMS(RV_DB_T(in->name)), &id);
	if (err == RV_OK && id == 0) {
		id = rv_id_make(&ctx->rs->ids, ctx->now_us);
		err = rv_db_exec(ctx->tx, &rs_sql_secret_insert,
				 RV_DB_PARAMS(RV_DB_I(id), RV_DB_T(in->name), RV_DB_I(ctx->now_us)),
				 NULL);
	}
	if (err == RV_OK)
		err = insert_value(ctx, id, in->value);
	if (err == RV_OK)
		err = find(ctx, in->name, &out->secret);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

int rs_op_secret_list(struct rs_ctx *ctx, const struct rv_secret_list_in *in,
		      struct rv_secret_list_out *out, struct rv_diag *diag)
{
	struct taking t = { .ctx = ctx, .limit = in->has_limit ? in->limit : LIST_DEFAULT };

	t.list = rv_arena_array(ctx->arena, t.limit, sizeof(*t.list));
	if (t.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_secret_list,
			      RV_DB_PARAMS(RV_DB_T(in->after), RV_DB_I(t.limit)), take_secret, &t);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->secrets = t.list;
	out->secrets_len = t.count;
	return RV_OK;
}

int rs_op_secret_delete(struct rs_ctx *ctx, const struct rv_secret_delete_in *in,
			struct rv_secret_delete_out *out, struct rv_diag *diag)
{
	struct rv_named_secret found = { 0 };
	int err = find(ctx, in->name, &found);

	(void)out;
	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "secret.unknown", "name",
				   "there is no secret \"%.*s\"", RV_STR_ARG(in->name));
	if (err == RV_OK && found.uses > 0)
		return rv_diag_set(diag, RV_EBUSY, "secret.used", "name",
				   "%llu configs of devices refer to secret \"%.*s\"",
				   (unsigned long long)found.uses, RV_STR_ARG(in->name));
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_secret_delete,
				 RV_DB_PARAMS(RV_DB_I(ctx->now_us), RV_DB_T(in->name)), NULL);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}
