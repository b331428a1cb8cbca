#include <errno.h>
#include <stdint.h>

#include "server/rs/config.h"
#include "server/rs/core.h"
#include "server/rs/hold.h"
#include "server/rs/sql/sql.h"

enum { HISTORY_DEFAULT = 100 };

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
	err = rs_config_find(ctx, id, &out->version);
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
	err = rs_config_point(ctx, &device, RV_CONFIG_KIND_STARTUP, id, RV_CONFIG_CAUSE_APPLIED);
	if (err == RV_OK)
		err = rs_config_find(ctx, id, &out->version);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

int rs_op_config_retry(struct rs_ctx *ctx, const struct rv_config_retry_in *in,
		       struct rv_config_retry_out *out, struct rv_diag *diag)
{
	struct rs_device device;
	int64_t id;
	int err = find_kind(ctx, in->distid, RV_CONFIG_KIND_STARTUP, &device, &id, diag);

	if (err != RV_OK)
		return err;
	const struct rs_config_event event = {
		device.pub.id, id, id, RV_CONFIG_KIND_STARTUP, RV_CONFIG_CAUSE_RETRIED, ctx->author
	};
	err = rs_hold_end(ctx, device.pub.id, device.pub.distid, id);
	if (err == RV_OK)
		err = rs_config_log(ctx, &event);
	if (err == RV_OK)
		err = rs_config_find(ctx, id, &out->version);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

/* -- the past, that of deleted devices with the same distribution id included ---------------- */

/* RV_ENOTFOUND when there never was such a device. */
static int find_lives(struct rs_ctx *ctx, struct rv_str text, struct rv_str *distid,
		      struct rv_diag *diag)
{
	int64_t count = 0;
	int err = rs_distid(ctx, text, distid, diag);

	if (err != RV_OK)
		return err;
	err = rs_query_int(ctx, &rs_sql_config_lives, RV_DB_PARAMS(RV_DB_T(*distid)), &count);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	return count > 0 ? RV_OK
			 : rv_diag_set(diag, RV_ENOTFOUND, "device.unknown", "distid",
				       "there is no device %.*s", RV_STR_ARG(*distid));
}

struct versions {
	struct rs_ctx *ctx;
	struct rv_config_version *list;
	size_t count;
};

static int take_version(const struct rv_db_row *row, void *arg)
{
	struct versions *v = arg;
	struct rs_reader r = { .row = row, .ctx = v->ctx };

	rs_config_take(&r, &v->list[v->count++]);
	return r.err;
}

int rs_op_config_history(struct rs_ctx *ctx, const struct rv_config_history_in *in,
			 struct rv_config_history_out *out, struct rv_diag *diag)
{
	size_t limit = in->has_limit ? in->limit : HISTORY_DEFAULT;
	struct versions v = { .ctx = ctx };
	struct rv_str distid;
	int err = find_lives(ctx, in->distid, &distid, diag);

	if (err != RV_OK)
		return err;
	v.list = rv_arena_array(ctx->arena, limit, sizeof(*v.list));
	if (v.list == NULL)
		return -ENOMEM;
	err = rv_db_query(ctx->tx, &rs_sql_config_history,
			  RV_DB_PARAMS(RV_DB_T(distid),
				       RV_DB_I(in->has_before ? in->before : INT64_MAX),
				       RV_DB_I(limit)),
			  take_version, &v);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->versions = v.list;
	out->versions_len = v.count;
	return RV_OK;
}

int rs_op_config_version(struct rs_ctx *ctx, const struct rv_config_version_in *in,
			 struct rv_config_version_out *out, struct rv_diag *diag)
{
	struct versions v = { .ctx = ctx, .list = &out->version };
	struct rv_str distid;
	int err = find_lives(ctx, in->distid, &distid, diag);

	if (err != RV_OK)
		return err;
	err = rs_query_one(ctx, &rs_sql_config_version_of,
			   RV_DB_PARAMS(RV_DB_T(distid), RV_DB_I(in->version)), take_version, &v);
	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "config.no-version", "version",
				   "device %.*s never had that version", RV_STR_ARG(distid));
	if (err == RV_OK)
		err = rs_config_load(ctx, in->version, &out->modules, &out->modules_len);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

struct events {
	struct rs_ctx *ctx;
	struct rv_config_event *list;
	size_t count;
};

static int take_event(const struct rv_db_row *row, void *arg)
{
	struct events *e = arg;
	struct rs_reader r = { .row = row, .ctx = e->ctx };
	struct rv_config_event *out = &e->list[e->count++];

	out->id = rs_read_int(&r);
	out->at = rs_read_int(&r);
	out->kind = (enum rv_config_kind)rs_read_int(&r);
	out->cause = (enum rv_config_cause)rs_read_int(&r);
	out->has_version = rs_read_opt(&r, &out->version);
	out->has_previous = rs_read_opt(&r, &out->previous);
	out->author = rs_read_str(&r);
	return r.err;
}

int rs_op_config_events(struct rs_ctx *ctx, const struct rv_config_events_in *in,
			struct rv_config_events_out *out, struct rv_diag *diag)
{
	size_t limit = in->has_limit ? in->limit : HISTORY_DEFAULT;
	struct events e = { .ctx = ctx };
	struct rv_str distid;
	int err = find_lives(ctx, in->distid, &distid, diag);

	if (err != RV_OK)
		return err;
	e.list = rv_arena_array(ctx->arena, limit, sizeof(*e.list));
	if (e.list == NULL)
		return -ENOMEM;
	err = rv_db_query(
		ctx->tx, &rs_sql_event_list,
		RV_DB_PARAMS(RV_DB_T(distid), RV_DB_I(in->has_before ? in->before : INT64_MAX),
			     RV_DB_I(in->has_kind ? (int64_t)in->kind : -1), RV_DB_I(limit)),
		take_event, &e);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->events = e.list;
	out->events_len = e.count;
	return RV_OK;
}
