#include <errno.h>

#include "server/rs/core.h"
#include "server/rs/sql/sql.h"

enum { LIMIT_DEFAULT = 200 };

struct changes {
	struct rs_ctx *ctx;
	struct rv_feed_record *list;
	uint64_t last_seq;
	size_t count;
};

/* Only the name is known yet; the latest form is read afterwards. */
static int take_change(const struct rv_db_row *row, void *arg)
{
	struct changes *c = arg;
	struct rs_reader r = { .row = row, .ctx = c->ctx };
	struct rv_feed_record *record = &c->list[c->count++];

	c->last_seq = (uint64_t)rs_read_int(&r);
	record->kind = (enum rv_feed_record_kind)rs_read_int(&r);
	record->has_device = record->kind == RV_FEED_RECORD_KIND_DEVICE;
	record->has_location = record->kind == RV_FEED_RECORD_KIND_LOCATION;
	struct rv_str name = rs_read_str(&r);
	record->is_deleted = rs_read_bool(&r);
	if (record->has_device)
		record->device.distid = name;
	else
		record->location.name = name;
	return r.err;
}

struct device {
	struct rs_reader r;
	int64_t id;
	struct rv_feed_device *out;
	struct rv_str rs_key_box;
};

static int take_device(const struct rv_db_row *row, void *arg)
{
	struct device *d = arg;

	d->r.row = row;
	d->id = rs_read_int(&d->r);
	d->out->is_enabled = rs_read_bool(&d->r);
	d->out->ls_key_mac = rs_read_str(&d->r);
	d->rs_key_box = rs_read_str(&d->r);
	d->out->location = rs_read_str(&d->r);
	return d->r.err;
}

static int fill_device(struct rs_ctx *ctx, struct rv_feed_device *out)
{
	struct device d = { .r.ctx = ctx, .out = out };
	int err = rs_query_one(ctx, &rs_sql_device_for_feed, RV_DB_PARAMS(RV_DB_T(out->distid)),
			       take_device, &d);

	return err == RV_OK ? rs_unseal(ctx, "device.rs_key", d.id, d.rs_key_box, &out->rs_key)
			    : err;
}

static int fill_location(struct rs_ctx *ctx, struct rv_feed_location *out)
{
	struct rv_location location;
	int err = rs_location_find(ctx, out->name, &location, NULL);

	return err == RV_OK ? rs_location_render(ctx, &location, out, NULL) : err;
}

int rs_feed(struct rs_ctx *ctx, const struct rv_rs_feed_in *in, struct rv_rs_feed_out *out)
{
	struct changes c = { .ctx = ctx, .last_seq = in->after };
	uint32_t limit = in->limit != 0 ? in->limit : LIMIT_DEFAULT;
	int64_t newest = 0;
	int err = rs_query_int(ctx, &rs_sql_change_newest, RV_DB_NO_PARAMS, &newest);

	if (err != RV_OK)
		return err;
	if (in->after > (uint64_t)newest) {
		/* The store was put back from a copy: what comes next would have numbers that the
		 * reader has seen. An epoch that is nobody's makes it begin anew. */
		*out = (struct rv_rs_feed_out){ .cursor = 0 };
		return RV_OK;
	}
	c.list = rv_arena_array(ctx->arena, limit, sizeof(*c.list));
	if (c.list == NULL)
		return -ENOMEM;
	err = rv_db_query(ctx->tx, &rs_sql_change_after,
			  RV_DB_PARAMS(RV_DB_I(in->after), RV_DB_I(limit)), take_change, &c);
	for (size_t i = 0; i < c.count && err == RV_OK; i++) {
		if (c.list[i].is_deleted)
			continue;
		err = c.list[i].has_device ? fill_device(ctx, &c.list[i].device)
					   : fill_location(ctx, &c.list[i].location);
	}
	if (err != RV_OK)
		return err;
	*out = (struct rv_rs_feed_out){ .records = c.list,
					.records_len = c.count,
					.cursor = c.last_seq,
					.has_more = c.count == limit,
					.epoch = rv_str(ctx->rs->epoch) };
	return RV_OK;
}
