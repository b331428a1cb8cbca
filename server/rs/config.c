#include <errno.h>
#include <stdint.h>

#include "server/rs/config_check.h"
#include "server/rs/core.h"
#include "server/rs/sql/sql.h"

enum { HISTORY_DEFAULT = 100 };

/* -- reading -------------------------------------------------------------------------------- */

struct versions {
	struct rs_ctx *ctx;
	struct rv_config_version *list;
	size_t count, limit;
};

/* Columns of RS_SQL_VERSION_COLUMNS. */
static int take_version(const struct rv_db_row *row, void *arg)
{
	struct versions *v = arg;
	struct rs_reader r = { .row = row, .ctx = v->ctx };
	struct rv_config_version *out = &v->list[v->count++];

	out->id = rs_read_int(&r);
	out->created_at = rs_read_int(&r);
	out->author = rs_read_str(&r);
	out->sha256 = rs_read_str(&r);
	out->module_count = (uint32_t)rs_read_int(&r);
	out->is_working = rs_read_int(&r) == out->id;
	out->is_startup = rs_read_int(&r) == out->id;
	out->is_running = rs_read_int(&r) == out->id;
	return r.err;
}

static int find_version(struct rs_ctx *ctx, int64_t id, struct rv_config_version *out)
{
	struct rv_config_version found = { 0 };
	struct versions v = { .ctx = ctx, .list = &found, .limit = 1 };
	int err = rs_query_one(ctx, &rs_sql_config_version, RV_DB_PARAMS(RV_DB_I(id)), take_version,
			       &v);

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
	out->body = rs_read_str(&r);
	return r.err;
}

int rs_config_load(struct rs_ctx *ctx, int64_t version_id, struct rv_module **modules, size_t *n)
{
	struct rv_config_version version;
	struct modules m = { .ctx = ctx };
	int err = find_version(ctx, version_id, &version);

	if (err != RV_OK)
		return err == RV_ENOTFOUND ? RV_ECORRUPT : err;
	m.limit = version.module_count;
	m.list = rv_arena_array(ctx->arena, m.limit + 1, sizeof(*m.list));
	if (m.list == NULL)
		return -ENOMEM;
	err = rv_db_query(ctx->tx, &rs_sql_config_modules, RV_DB_PARAMS(RV_DB_I(version_id)),
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

static int insert_version(struct rs_ctx *ctx, int64_t id, int64_t device_id, const char *sha,
			  const struct rv_module *modules, size_t n)
{
	int err = rv_db_exec(ctx->tx, &rs_sql_config_version_insert,
			     RV_DB_PARAMS(RV_DB_I(id), RV_DB_I(device_id), RV_DB_I(ctx->now_us),
					  RV_DB_T(ctx->author), RV_DB_T(rv_str(sha)), RV_DB_I(n)),
			     NULL);

	for (size_t i = 0; i < n && err == RV_OK; i++) {
		const struct rv_module *m = &modules[i];
		err = rv_db_exec(ctx->tx, &rs_sql_config_module_insert,
				 RV_DB_PARAMS(RV_DB_I(id), RV_DB_I(i), RV_DB_I(m->id),
					      RV_DB_T(m->version), RV_DB_T(m->infostring),
					      RV_DB_I(m->is_binary), RV_DB_I(m->has_config),
					      RV_DB_B(m->body)),
				 NULL);
	}
	return err;
}

/* Point the device at a version; with a startup config it is no longer waiting for one. */
static int point_at(struct rs_ctx *ctx, const struct rs_device *device, enum rv_config_kind kind,
		    int64_t version_id)
{
	bool is_startup = kind == RV_CONFIG_KIND_STARTUP;
	int err = rv_db_exec(ctx->tx,
			     is_startup ? &rs_sql_device_set_startup : &rs_sql_device_set_working,
			     RV_DB_PARAMS(RV_DB_I(version_id), RV_DB_I(device->pub.id)), NULL);

	if (err == RV_OK && is_startup)
		err = rv_db_exec(ctx->tx, &rs_sql_waiting_delete_reason,
				 RV_DB_PARAMS(RV_DB_T(device->pub.distid),
					      RV_DB_I(RV_WAITING_REASON_NO_CONFIG)),
				 NULL);
	return err;
}

int rs_config_give(struct rs_ctx *ctx, const struct rs_device *device, enum rv_config_kind kind,
		   const struct rv_module *modules, size_t n, struct rv_config_version *out,
		   struct rv_diag *diag)
{
	char sha[RS_CONFIG_SHA_LEN + 1];
	int64_t id = 0;
	int err = rs_config_check(modules, n, RS_CONFIG_BYTES_MAX, diag);

	if (err != RV_OK)
		return err;
	rs_config_sha(modules, n, sha);
	err = rs_query_int(ctx, &rs_sql_config_by_content,
			   RV_DB_PARAMS(RV_DB_I(device->pub.id), RV_DB_T(rv_str(sha))), &id);
	if (err == RV_OK && id == 0) {
		id = rv_id_make(&ctx->rs->ids, ctx->now_us);
		err = insert_version(ctx, id, device->pub.id, sha, modules, n);
	}
	if (err == RV_OK)
		err = point_at(ctx, device, kind, id);
	if (err == RV_OK)
		err = find_version(ctx, id, out);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

int rs_op_config_set(struct rs_ctx *ctx, const struct rv_config_set_in *in,
		     struct rv_config_set_out *out, struct rv_diag *diag)
{
	struct rs_device device;
	int err = rs_device_find(ctx, in->distid, &device, diag);

	if (err != RV_OK)
		return err;
	if (in->kind == RV_CONFIG_KIND_RUNNING)
		return rv_diag_set(
			diag, RV_EINVALID, "config.running", "kind",
			"the running config is what the device was seen to accept; set the "
			"startup config and let it pull");
	return rs_config_give(ctx, &device, in->kind, in->modules, in->modules_len, &out->version,
			      diag);
}

static const char *const kind_names[] = { "working", "startup", "running" };

static int64_t version_of(const struct rs_device *device, enum rv_config_kind kind)
{
	return kind == RV_CONFIG_KIND_WORKING   ? device->working_id
	       : kind == RV_CONFIG_KIND_STARTUP ? device->startup_id
						: device->running_id;
}

/* The device and the version it has of that kind. */
static int find_kind(struct rs_ctx *ctx, struct rv_str distid, enum rv_config_kind kind,
		     struct rs_device *device, int64_t *version_id, struct rv_diag *diag)
{
	int err = rs_device_find(ctx, distid, device, diag);

	if (err != RV_OK)
		return err;
	*version_id = version_of(device, kind);
	if (*version_id == 0)
		return rv_diag_set(diag, RV_ENOTFOUND, "config.none", "kind",
				   "device %.*s has no %s config yet",
				   RV_STR_ARG(device->pub.distid), kind_names[kind]);
	return RV_OK;
}

int rs_op_config_get(struct rs_ctx *ctx, const struct rv_config_get_in *in,
		     struct rv_config_get_out *out, struct rv_diag *diag)
{
	struct rs_device device;
	int64_t id;
	int err = find_kind(ctx, in->distid, in->kind, &device, &id, diag);

	if (err != RV_OK)
		return err;
	err = find_version(ctx, id, &out->version);
	if (err == RV_OK)
		err = rs_config_load(ctx, id, &out->modules, &out->modules_len);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

int rs_op_config_apply(struct rs_ctx *ctx, const struct rv_config_apply_in *in,
		       struct rv_config_apply_out *out, struct rv_diag *diag)
{
	struct rs_device device;
	int64_t id;
	int err = find_kind(ctx, in->distid, RV_CONFIG_KIND_WORKING, &device, &id, diag);

	if (err != RV_OK)
		return err;
	if (in->has_expect && in->expect != id)
		return rv_diag_set(diag, RV_ECONFLICT, "config.changed", "expect",
				   "the working config has changed meanwhile");
	err = point_at(ctx, &device, RV_CONFIG_KIND_STARTUP, id);
	if (err == RV_OK)
		err = find_version(ctx, id, &out->version);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

int rs_op_config_history(struct rs_ctx *ctx, const struct rv_config_history_in *in,
			 struct rv_config_history_out *out, struct rv_diag *diag)
{
	struct versions v = { .ctx = ctx, .limit = in->has_limit ? in->limit : HISTORY_DEFAULT };
	struct rs_device device;
	int err = rs_device_find(ctx, in->distid, &device, diag);

	if (err != RV_OK)
		return err;
	v.list = rv_arena_array(ctx->arena, v.limit, sizeof(*v.list));
	if (v.list == NULL)
		return -ENOMEM;
	err = rv_db_query(ctx->tx, &rs_sql_config_history,
			  RV_DB_PARAMS(RV_DB_I(device.pub.id),
				       RV_DB_I(in->has_before ? in->before : INT64_MAX),
				       RV_DB_I(v.limit)),
			  take_version, &v);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->versions = v.list;
	out->versions_len = v.count;
	return RV_OK;
}
