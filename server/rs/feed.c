#include <errno.h>

#include "server/rs/feed.h"
#include "server/rs/location.h"
#include "server/rs/sql/sql.h"

struct changes {
	struct rs_ctx *ctx;
	struct rv_feed_record *list;
	uint64_t *seqs; /* their numbers */
	size_t count;
	bool is_cut; /* by the size of the page */
};

/* Only the name is known yet; the latest form is read afterwards. */
static int take_change(const struct rv_db_row *row, void *arg)
{
	struct changes *c = arg;
	struct rs_reader r = { .row = row, .ctx = c->ctx };
	struct rv_feed_record *record = &c->list[c->count];

	c->seqs[c->count++] = (uint64_t)rs_read_int(&r);
	record->kind = (enum rv_feed_record_kind)rs_read_int(&r);
	record->has_device = record->kind == RV_FEED_RECORD_KIND_DEVICE;
	record->has_location = record->kind == RV_FEED_RECORD_KIND_LOCATION;
	record->has_group = record->kind == RV_FEED_RECORD_KIND_GROUP;
	struct rv_str name = rs_read_str(&r);
	record->is_deleted = rs_read_bool(&r);
	if (record->has_device)
		record->device.distid = name;
	else if (record->has_location)
		record->location.name = name;
	else
		record->group.name = name;
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
	d->out->group = rs_read_str(&d->r);
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

static int fill_group(struct rs_ctx *ctx, struct rv_feed_group *out)
{
	struct rv_group_get_out group;
	int err = rs_op_group_get(ctx, &(struct rv_group_get_in){ out->name }, &group, NULL);

	if (err == RV_OK)
		out->location = group.group.location;
	return err;
}

static int fill(struct rs_ctx *ctx, struct rv_feed_record *record)
{
	if (record->is_deleted)
		return RV_OK;
	if (record->has_device)
		return fill_device(ctx, &record->device);
	return record->has_group ? fill_group(ctx, &record->group)
				 : rs_location_for_feed(ctx, record->location.name, record);
}

/* About what it takes on its way. */
static size_t size_of(const struct rv_feed_record *record)
{
	size_t size = 256;

	for (size_t i = 0; i < record->location.entries_len; i++)
		size += record->location.entries[i].md_config.len;
	for (size_t i = 0; i < record->next.entries_len; i++)
		size += record->next.entries[i].md_config.len;
	return size + record->next.distids_len * 40 + record->next.groups_len * 64;
}

/* The rows are there as names; what does not fit the page is left for the next. */
static int fill_page(struct changes *c)
{
	size_t bytes = 0, n = 0;
	int err = RV_OK;

	while (n < c->count && bytes < RS_FEED_PAGE_BYTES && err == RV_OK) {
		err = fill(c->ctx, &c->list[n]);
		bytes += size_of(&c->list[n++]);
	}
	c->is_cut = n < c->count;
	c->count = n;
	return err;
}

static int add_mac_key(struct rs_ctx *ctx, struct rv_rs_feed_out *out)
{
	uint8_t key[RV_SECRET_MAC_KEY_LEN];

	rv_secret_mac_key(ctx->rs->secret, key);
	out->mac_key = rv_arena_str(ctx->arena, rv_strn(key, sizeof(key)));
	rv_wipe(key, sizeof(key));
	return out->mac_key.ptr != NULL ? RV_OK : -ENOMEM;
}

/* Whether the reader is where it may go on. Otherwise *out tells it to begin anew. */
static int admit(struct rs_ctx *ctx, const struct rv_rs_feed_in *in, struct rv_rs_feed_out *out,
		 bool *is_admitted)
{
	int64_t newest = 0;
	int err = rs_query_int(ctx, &rs_sql_change_newest, RV_DB_NO_PARAMS, &newest);

	*out = (struct rv_rs_feed_out){ .cursor = 0 };
	/* Beyond the newest: the store was put back from a copy, and what comes next would have
	 * numbers that the reader has seen. An epoch that is nobody's makes it begin anew. */
	*is_admitted = in->after <= (uint64_t)newest;
	if (err != RV_OK || !*is_admitted)
		return err;
	if (in->after > 0 && in->epoch.len > 0 && !rv_str_is(in->epoch, ctx->rs->epoch)) {
		out->epoch = rv_str(ctx->rs->epoch);
		*is_admitted = false;
		return RV_OK;
	}
	return in->reader.len > 0 ? rs_feed_note_reader(ctx, in, is_admitted) : RV_OK;
}

int rs_feed(struct rs_ctx *ctx, const struct rv_rs_feed_in *in, struct rv_rs_feed_out *out)
{
	struct changes c = { .ctx = ctx };
	uint32_t limit = in->limit != 0 ? in->limit : RS_FEED_LIMIT_DEFAULT;
	bool is_admitted;
	int err = admit(ctx, in, out, &is_admitted);

	if (err != RV_OK || !is_admitted)
		return err;
	c.list = rv_arena_array(ctx->arena, limit, sizeof(*c.list));
	c.seqs = rv_arena_array(ctx->arena, limit, sizeof(*c.seqs));
	if (c.list == NULL || c.seqs == NULL)
		return -ENOMEM;
	err = rv_db_query(ctx->tx, &rs_sql_change_after,
			  RV_DB_PARAMS(RV_DB_I(in->after), RV_DB_I(limit)), take_change, &c);
	bool is_full = c.count == limit;
	if (err == RV_OK)
		err = fill_page(&c);
	if (err != RV_OK)
		return err;
	*out = (struct rv_rs_feed_out){ .records = c.list,
					.records_len = c.count,
					.cursor = c.count > 0 ? c.seqs[c.count - 1] : in->after,
					.has_more = is_full || c.is_cut,
					.epoch = rv_str(ctx->rs->epoch) };
	return add_mac_key(ctx, out);
}
