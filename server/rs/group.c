/* Groups of devices: which Location-Config their members get. */
#include <errno.h>

#include "server/rs/feed.h"
#include "server/rs/location.h"
#include "server/rs/sql/sql.h"

enum {
	GROUPS_MAX = 1000,
	ASSIGN_MAX = 10000, /* devices moved by one call; as in contract/ops/group.json */
};

struct taking {
	struct rs_ctx *ctx;
	struct rv_group *list;
	size_t count;
};

static int take_group(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_reader r = { .row = row, .ctx = t->ctx };
	struct rv_group *group = &t->list[t->count++];

	group->name = rs_read_str(&r);
	group->location = rs_read_str(&r);
	group->description = rs_read_str(&r);
	group->updated_at = rs_read_int(&r);
	group->devices = (uint64_t)rs_read_int(&r);
	return r.err;
}

int rs_op_group_get(struct rs_ctx *ctx, const struct rv_group_get_in *in,
		    struct rv_group_get_out *out, struct rv_diag *diag)
{
	struct rv_group group = { 0 };
	struct taking t = { .ctx = ctx, .list = &group };
	int err = rs_query_one(ctx, &rs_sql_group_get, RV_DB_PARAMS(RV_DB_T(in->name)), take_group,
			       &t);

	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "group.unknown", "group",
				   "there is no group \"%.*s\"", RV_STR_ARG(in->name));
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->group = group;
	return RV_OK;
}

int rs_op_group_list(struct rs_ctx *ctx, const struct rv_group_list_in *in,
		     struct rv_group_list_out *out, struct rv_diag *diag)
{
	struct taking t = { .ctx = ctx };

	(void)in;
	t.list = rv_arena_array(ctx->arena, GROUPS_MAX, sizeof(*t.list));
	if (t.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_group_list, RV_DB_PARAMS(RV_DB_I(GROUPS_MAX)),
			      take_group, &t);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->groups = t.list;
	out->groups_len = t.count;
	return RV_OK;
}

static int check_count(struct rs_ctx *ctx, struct rv_str name, struct rv_diag *diag)
{
	int64_t others = 0;
	int err = rs_query_int(ctx, &rs_sql_group_others, RV_DB_PARAMS(RV_DB_T(name)), &others);

	if (err != RV_OK)
		return rs_db_failed(diag, err);
	if (others >= GROUPS_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "group.many", "name",
				   "there are %d groups, which is the limit", GROUPS_MAX);
	return RV_OK;
}

int rs_op_group_set(struct rs_ctx *ctx, const struct rv_group_set_in *in,
		    struct rv_group_set_out *out, struct rv_diag *diag)
{
	struct rv_location location;
	struct rv_group_get_out made;
	int err = rs_check_name(in->name, diag);

	if (err == RV_OK)
		err = check_count(ctx, in->name, diag);
	if (err == RV_OK)
		err = rs_location_find(ctx, in->location, &location, diag);
	if (err != RV_OK)
		return err;
	err = rv_db_exec(ctx->tx, &rs_sql_group_put,
			 RV_DB_PARAMS(RV_DB_T(in->name), RV_DB_T(in->location),
				      RV_DB_T(in->description), RV_DB_I(ctx->now_us)),
			 NULL);
	if (err == RV_OK)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_GROUP, in->name, false);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	err = rs_op_group_get(ctx, &(struct rv_group_get_in){ in->name }, &made, diag);
	if (err == RV_OK)
		out->group = made.group;
	return err;
}

int rs_op_group_delete(struct rs_ctx *ctx, const struct rv_group_delete_in *in,
		       struct rv_group_delete_out *out, struct rv_diag *diag)
{
	struct rv_group_get_out group;
	int err = rs_op_group_get(ctx, &(struct rv_group_get_in){ in->name }, &group, diag);

	(void)out;
	if (err != RV_OK)
		return err;
	if (group.group.devices > 0)
		return rv_diag_set(diag, RV_EBUSY, "group.in-use", "name",
				   "group \"%.*s\" is in use: devices %llu", RV_STR_ARG(in->name),
				   (unsigned long long)group.group.devices);
	err = rv_db_exec(ctx->tx, &rs_sql_group_delete, RV_DB_PARAMS(RV_DB_T(in->name)), NULL);
	if (err == RV_OK)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_GROUP, in->name, true);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

/* -- many devices at once ------------------------------------------------------------------- */

static int assign(struct rs_ctx *ctx, struct rv_str group, const struct rv_device *device,
		  uint64_t *changed)
{
	int64_t rows = 0;
	int err = rv_db_exec(ctx->tx, &rs_sql_device_set_group,
			     RV_DB_PARAMS(RV_DB_T(group), RV_DB_T(device->distid)), &rows);

	if (err == RV_OK && rows > 0)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_DEVICE, device->distid,
				     device->is_released);
	*changed += (uint64_t)rows;
	return err;
}

static int assign_listed(struct rs_ctx *ctx, const struct rv_group_assign_in *in, uint64_t *changed,
			 struct rv_diag *diag)
{
	struct rs_device device;
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < in->distids_len; i++) {
		err = rs_device_find(ctx, in->distids[i], &device, diag);
		if (err != RV_OK)
			return err;
		err = assign(ctx, in->name, &device.pub, changed);
	}
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

/* Two statements whatever their number, so that the writer is not held for a round trip each. */
static int assign_found(struct rs_ctx *ctx, const struct rv_group_assign_in *in,
			struct rv_group_assign_out *out)
{
	int64_t limit = in->has_limit ? in->limit : ASSIGN_MAX, changed = 0, left = 0;
	const struct rv_db_value params[] = { RV_DB_T(in->name),
					      RV_DB_T(in->prefix),
					      RV_DB_T(in->from_location),
					      RV_DB_T(in->from_group),
					      RV_DB_I(in->has_from_group),
					      RV_DB_I(limit),
					      RV_DB_I(RV_FEED_RECORD_KIND_DEVICE),
					      RV_DB_I(ctx->now_us) };
	enum { OF_FILTER = 5, OF_MOVE = 6 };
	int err = rv_db_exec(ctx->tx, &rs_sql_group_tell, params, RV_ARRAY_LEN(params), NULL);

	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_group_move, params, OF_MOVE, &changed);
	if (err == RV_OK && changed == limit)
		err = rs_query_int(ctx, &rs_sql_group_left, params, OF_FILTER, &left);
	if (err != RV_OK)
		return err;
	ctx->feed_changed |= changed > 0;
	out->changed = (uint64_t)changed;
	out->left = (uint64_t)left;
	return RV_OK;
}

int rs_op_group_assign(struct rs_ctx *ctx, const struct rv_group_assign_in *in,
		       struct rv_group_assign_out *out, struct rv_diag *diag)
{
	bool has_filter = in->has_prefix || in->has_from_group || in->has_from_location;
	struct rv_group_get_out group;
	int err = rs_op_group_get(ctx, &(struct rv_group_get_in){ in->name }, &group, diag);

	if (err != RV_OK)
		return err;
	if (has_filter == (in->distids_len > 0))
		return rv_diag_set(diag, RV_EINVALID, "group.filter", "distids",
				   "give either distids, or a filter: prefix, from_group, "
				   "from_location");
	if (has_filter) {
		err = assign_found(ctx, in, out);
		err = err == RV_OK ? RV_OK : rs_db_failed(diag, err);
	} else {
		err = assign_listed(ctx, in, &out->changed, diag);
	}
	if (err != RV_OK)
		return err;
	err = rs_want_ls(ctx, in->wait_ls, in->has_wait_seconds, in->wait_seconds);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}
