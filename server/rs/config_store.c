#include "server/rs/config.h"

#include <errno.h>
#include <sodium.h>

#include "server/rs/config_check.h"
#include "server/rs/hold.h"
#include "server/rs/secret.h"
#include "server/rs/sql/sql.h"

/* -- reading -------------------------------------------------------------------------------- */

struct version {
	struct rs_reader r;
	struct rv_config_version *out;
};

/* Columns of RS_SQL_VERSION_COLUMNS. */
void rs_config_take(struct rs_reader *r, struct rv_config_version *out)
{
	out->id = rs_read_int(r);
	out->created_at = rs_read_int(r);
	out->author = rs_read_str(r);
	out->sha256 = rs_read_str(r);
	out->module_count = (uint32_t)rs_read_int(r);
	out->is_working = rs_read_int(r) == out->id;
	out->is_startup = rs_read_int(r) == out->id;
	out->is_running = rs_read_int(r) == out->id;
}

static int take_version(const struct rv_db_row *row, void *arg)
{
	struct version *v = arg;

	v->r.row = row;
	rs_config_take(&v->r, v->out);
	return v->r.err;
}

int rs_config_find(struct rs_ctx *ctx, int64_t version_id, struct rv_config_version *out)
{
	struct rv_config_version found = { 0 };
	struct version v = { .r.ctx = ctx, .out = &found };
	int err = rs_query_one(ctx, &rs_sql_config_version, RV_DB_PARAMS(RV_DB_I(version_id)),
			       take_version, &v);

	if (err == RV_OK)
		*out = found;
	return err;
}

struct modules {
	struct rs_ctx *ctx;
	struct rv_module *list;
	size_t count, limit;
};

static int take_module(const struct rv_db_row *row, void *arg)
{
	struct modules *m = arg;
	struct rs_reader r = { .row = row, .ctx = m->ctx };

	if (m->count == m->limit)
		return RV_ECORRUPT;
	struct rv_module *out = &m->list[m->count++];
	out->id = (uint32_t)rs_read_int(&r);
	out->version = rs_read_str(&r);
	out->infostring = rs_read_str(&r);
	out->is_binary = rs_read_bool(&r);
	out->has_config = rs_read_bool(&r);
	out->uses_secrets = rs_read_bool(&r);
	out->body = rs_read_str(&r);
	return r.err;
}

static int take_limit(const struct rv_db_row *row, void *arg)
{
	struct modules *m = arg;

	m->limit = (size_t)rv_db_col_int(row, 0);
	return RV_OK;
}

int rs_config_load(struct rs_ctx *ctx, int64_t version_id, struct rv_module **modules, size_t *n)
{
	struct modules m = { .ctx = ctx };
	int err = rs_query_one(ctx, &rs_sql_content_count, RV_DB_PARAMS(RV_DB_I(version_id)),
			       take_limit, &m);

	if (err != RV_OK)
		return err == RV_ENOTFOUND ? RV_ECORRUPT : err;
	m.list = rv_arena_array(ctx->arena, m.limit + 1, sizeof(*m.list));
	if (m.list == NULL)
		return -ENOMEM;
	err = rv_db_query(ctx->tx, &rs_sql_content_modules, RV_DB_PARAMS(RV_DB_I(version_id)),
			  take_module, &m);
	if (err == RV_OK && m.count != m.limit)
		err = RV_ECORRUPT;
	if (err == RV_OK) {
		*modules = m.list;
		*n = m.count;
	}
	return err;
}

/* -- giving --------------------------------------------------------------------------------- */

/* The row that holds these bytes, made if there is none yet. */
static int keep_blob(struct rs_ctx *ctx, struct rv_str body, int64_t *id)
{
	uint8_t sum[crypto_hash_sha256_BYTES];
	int64_t found = 0;

	crypto_hash_sha256(sum, (const uint8_t *)(body.len > 0 ? body.ptr : ""), body.len);
	struct rv_str key = rv_strn(sum, sizeof(sum));
	int err = rs_query_int(ctx, &rs_sql_blob_by_sha, RV_DB_PARAMS(RV_DB_B(key)), &found);
	if (err == RV_OK && found == 0) {
		found = rv_id_make(&ctx->rs->ids, ctx->now_us);
		err = rv_db_exec(ctx->tx, &rs_sql_blob_insert,
				 RV_DB_PARAMS(RV_DB_I(found), RV_DB_B(key), RV_DB_B(body)), NULL);
	}
	if (err == RV_OK)
		*id = found;
	return err;
}

static int insert_module(struct rs_ctx *ctx, int64_t content_id, size_t position,
			 const struct rv_module *m)
{
	int64_t blob_id = 0;
	int err = keep_blob(ctx, m->body, &blob_id);

	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_content_module_insert,
				 RV_DB_PARAMS(RV_DB_I(content_id), RV_DB_I(position),
					      RV_DB_I(m->id), RV_DB_T(m->version),
					      RV_DB_T(m->infostring), RV_DB_I(m->is_binary),
					      RV_DB_I(m->has_config), RV_DB_I(m->uses_secrets),
					      RV_DB_I(blob_id)),
				 NULL);
	return err == RV_OK && m->uses_secrets ? rs_secret_note_uses(ctx, content_id, m->body)
					       : err;
}

static int keep_content(struct rs_ctx *ctx, const struct rv_module *modules, size_t n, int64_t *id)
{
	char sha[RS_CONFIG_SHA_LEN + 1];
	int64_t found = 0;

	rs_config_sha(modules, n, sha);
	int err = rs_query_int(ctx, &rs_sql_content_by_sha, RV_DB_PARAMS(RV_DB_T(rv_str(sha))),
			       &found);
	if (err == RV_OK && found == 0) {
		found = rv_id_make(&ctx->rs->ids, ctx->now_us);
		err = rv_db_exec(ctx->tx, &rs_sql_content_insert,
				 RV_DB_PARAMS(RV_DB_I(found), RV_DB_T(rv_str(sha)), RV_DB_I(n)),
				 NULL);
		for (size_t i = 0; i < n && err == RV_OK; i++)
			err = insert_module(ctx, found, i, &modules[i]);
	}
	if (err == RV_OK)
		*id = found;
	return err;
}

static int keep_version(struct rs_ctx *ctx, int64_t device_id, int64_t content_id, int64_t *id)
{
	int64_t found = 0;
	int err = rs_query_int(ctx, &rs_sql_config_by_content,
			       RV_DB_PARAMS(RV_DB_I(content_id), RV_DB_I(device_id)), &found);

	if (err == RV_OK && found == 0) {
		found = rv_id_make(&ctx->rs->ids, ctx->now_us);
		err = rv_db_exec(ctx->tx, &rs_sql_config_version_insert,
				 RV_DB_PARAMS(RV_DB_I(found), RV_DB_I(device_id),
					      RV_DB_I(content_id), RV_DB_I(ctx->now_us),
					      RV_DB_T(ctx->author)),
				 NULL);
	}
	if (err == RV_OK)
		*id = found;
	return err;
}

int rs_config_give(struct rs_ctx *ctx, const struct rs_device *device, enum rv_config_kind kind,
		   const struct rv_module *modules, size_t n, struct rv_config_version *out,
		   struct rv_diag *diag)
{
	int64_t content_id = 0, id = 0;
	int err = rs_config_check(modules, n, RS_CONFIG_BYTES_MAX, diag);

	if (err == RV_OK)
		err = rs_secret_check_uses(ctx, modules, n, diag);
	if (err != RV_OK)
		return err;
	err = keep_content(ctx, modules, n, &content_id);
	if (err == RV_OK)
		err = keep_version(ctx, device->pub.id, content_id, &id);
	if (err == RV_OK)
		err = rs_config_point(ctx, device, kind, id, RV_CONFIG_CAUSE_SET);
	if (err == RV_OK)
		err = rs_config_find(ctx, id, out);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

/* -- pointing ------------------------------------------------------------------------------- */

static struct rv_db_value id_or_null(int64_t id)
{
	return id != 0 ? RV_DB_I(id) : RV_DB_N;
}

int rs_config_log(struct rs_ctx *ctx, const struct rs_config_event *event)
{
	return rv_db_exec(ctx->tx, &rs_sql_event_insert,
			  RV_DB_PARAMS(RV_DB_I(rv_id_make(&ctx->rs->ids, ctx->now_us)),
				       RV_DB_I(event->device_id), RV_DB_I(ctx->now_us),
				       RV_DB_I(event->kind), RV_DB_I(event->cause),
				       id_or_null(event->version_id),
				       id_or_null(event->previous_id), RV_DB_T(event->author)),
			  NULL);
}

int rs_config_point(struct rs_ctx *ctx, const struct rs_device *device, enum rv_config_kind kind,
		    int64_t version_id, enum rv_config_cause cause)
{
	bool is_startup = kind == RV_CONFIG_KIND_STARTUP;
	int64_t previous = is_startup ? device->startup_id : device->working_id;
	const struct rs_config_event event = { device->pub.id, version_id, previous,
					       kind,           cause,      ctx->author };
	int err;

	if (previous == version_id)
		return RV_OK;
	err = rv_db_exec(ctx->tx,
			 is_startup ? &rs_sql_device_set_startup : &rs_sql_device_set_working,
			 RV_DB_PARAMS(RV_DB_I(version_id), RV_DB_I(device->pub.id)), NULL);
	if (err == RV_OK)
		err = rs_config_log(ctx, &event);
	if (err == RV_OK && is_startup)
		err = rs_hold_end(ctx, device->pub.id, device->pub.distid, 0);
	if (err == RV_OK && is_startup)
		err = rv_db_exec(ctx->tx, &rs_sql_waiting_delete_reason,
				 RV_DB_PARAMS(RV_DB_T(device->pub.distid),
					      RV_DB_I(RV_WAITING_REASON_NO_CONFIG)),
				 NULL);
	return err;
}
