#include <errno.h>
#include <stdint.h>

#include "log/log.h"
#include "server/rs/config.h"
#include "server/rs/core.h"
#include "server/rs/secret.h"
#include "server/rs/sql/sql.h"

enum { LIST_DEFAULT = 100 };

struct taking {
	struct rs_ctx *ctx;
	struct rv_pull *pulls;
	struct rv_waiting_device *waiting;
	size_t count;
};

static int take_pull(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_reader r = { .row = row, .ctx = t->ctx };
	struct rv_pull *p = &t->pulls[t->count++];

	p->id = rs_read_int(&r);
	p->distid = rs_read_str(&r);
	p->at = rs_read_int(&r);
	p->trigger = rs_read_str(&r);
	p->address = rs_read_str(&r);
	p->description = rs_read_str(&r);
	p->firmware = rs_read_str(&r);
	p->protocol_version = rs_read_str(&r);
	p->code = (uint32_t)rs_read_int(&r);
	p->outcome = (enum rv_pull_outcome)rs_read_int(&r);
	p->has_config = rs_read_opt(&r, &p->config);
	return r.err;
}

/* Pulls of a device that was deleted, or never was one, are found too. */
int rs_op_pull_list(struct rs_ctx *ctx, const struct rv_pull_list_in *in,
		    struct rv_pull_list_out *out, struct rv_diag *diag)
{
	struct taking t = { .ctx = ctx };
	int64_t limit = in->has_limit ? in->limit : LIST_DEFAULT;
	int64_t before = in->has_before ? in->before : INT64_MAX;
	struct rv_str distid;
	int err;

	t.pulls = rv_arena_array(ctx->arena, (size_t)limit, sizeof(*t.pulls));
	if (t.pulls == NULL)
		return -ENOMEM;
	if (in->has_distid) {
		err = rs_distid(ctx, in->distid, &distid, diag);
		if (err != RV_OK)
			return err;
		err = rv_db_query(ctx->tx, &rs_sql_pull_list_of_device,
				  RV_DB_PARAMS(RV_DB_T(distid), RV_DB_I(before), RV_DB_I(limit)),
				  take_pull, &t);
	} else {
		err = rv_db_query(ctx->tx, &rs_sql_pull_list,
				  RV_DB_PARAMS(RV_DB_I(before), RV_DB_I(limit)), take_pull, &t);
	}
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->pulls = t.pulls;
	out->pulls_len = t.count;
	return RV_OK;
}

/* -- what a pull delivered ------------------------------------------------------------------ */

static int find_pull(struct rs_ctx *ctx, int64_t id, struct rv_pull *out, struct rv_diag *diag)
{
	struct rv_pull found = { 0 };
	struct taking t = { .ctx = ctx, .pulls = &found };
	int err = rs_query_one(ctx, &rs_sql_pull_get, RV_DB_PARAMS(RV_DB_I(id)), take_pull, &t);

	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "pull.unknown", "id", "there is no such pull");
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	*out = found;
	return RV_OK;
}

int rs_op_pull_get(struct rs_ctx *ctx, const struct rv_pull_get_in *in, struct rv_pull_get_out *out,
		   struct rv_diag *diag)
{
	int err = find_pull(ctx, in->id, &out->pull, diag);

	if (err != RV_OK || !out->pull.has_config)
		return err;
	err = rs_config_load(ctx, out->pull.config, &out->modules, &out->modules_len);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

int rs_op_pull_reveal(struct rs_ctx *ctx, const struct rv_pull_reveal_in *in,
		      struct rv_pull_reveal_out *out, struct rv_diag *diag)
{
	struct rv_pull pull = { 0 };
	int err = find_pull(ctx, in->id, &pull, diag);

	if (err != RV_OK || !pull.has_config)
		return err;
	err = rs_config_load(ctx, pull.config, &out->modules, &out->modules_len);
	if (err == RV_OK)
		err = rs_secret_redeliver(ctx, in->id, out->modules, out->modules_len);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	rv_log(RV_LOG_INFO, "rs.secret.revealed", RV_KV("device", pull.distid),
	       RV_KI("pull", in->id), RV_KV("by", ctx->author));
	return RV_OK;
}

/* -- those who wait ------------------------------------------------------------------------- */

static int take_waiting(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_reader r = { .row = row, .ctx = t->ctx };
	struct rv_waiting_device *w = &t->waiting[t->count++];

	w->distid = rs_read_str(&r);
	w->reason = (enum rv_waiting_reason)rs_read_int(&r);
	w->server = (enum rv_waiting_device_server)rs_read_int(&r);
	w->first_at = rs_read_int(&r);
	w->last_at = rs_read_int(&r);
	w->count = (uint64_t)rs_read_int(&r);
	w->address = rs_read_str(&r);
	w->description = rs_read_str(&r);
	w->key_print = rs_read_str(&r);
	return r.err;
}

int rs_op_device_waiting(struct rs_ctx *ctx, const struct rv_device_waiting_in *in,
			 struct rv_device_waiting_out *out, struct rv_diag *diag)
{
	struct taking t = { .ctx = ctx };
	int64_t limit = in->has_limit ? in->limit : LIST_DEFAULT;

	t.waiting = rv_arena_array(ctx->arena, (size_t)limit, sizeof(*t.waiting));
	if (t.waiting == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_waiting_list, RV_DB_PARAMS(RV_DB_I(limit)),
			      take_waiting, &t);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->devices = t.waiting;
	out->devices_len = t.count;
	return RV_OK;
}

static int take_count(const struct rv_db_row *row, void *arg)
{
	*(int64_t *)arg = rv_db_col_int(row, 0);
	return RV_OK;
}

int rs_count(struct rv_db_tx *tx, struct rs_counted *out)
{
	struct rs_counted n = { 0 };
	int err = rv_db_query(tx, &rs_sql_device_count, RV_DB_NO_PARAMS, take_count, &n.devices);

	if (err == RV_OK)
		err = rv_db_query(tx, &rs_sql_waiting_count, RV_DB_NO_PARAMS, take_count,
				  &n.waiting);
	if (err == RV_OK)
		err = rv_db_query(tx, &rs_sql_incident_count, RV_DB_NO_PARAMS, take_count,
				  &n.incidents);
	if (err == RV_OK)
		*out = n;
	return err;
}
