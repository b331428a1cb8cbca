#include <errno.h>

#include "server/rs/config.h"
#include "server/rs/core.h"
#include "server/rs/device_priv.h"
#include "server/rs/feed.h"
#include "server/rs/incident.h"
#include "server/rs/sql/sql.h"

enum { LIST_DEFAULT = 100 };

/* -- checks --------------------------------------------------------------------------------- */

int rs_device_check_printable(struct rv_str value, const char *field, struct rv_diag *diag)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e)
			return rv_diag_set(diag, RV_EINVALID, "device.not-printable", field,
					   "%s: character %zu is not printable ASCII", field,
					   i + 1);
	}
	return RV_OK;
}

static int ignore_row(const struct rv_db_row *row, void *arg)
{
	(void)row;
	(void)arg;
	return RV_OK;
}

int rs_device_check_location(struct rs_ctx *ctx, struct rv_str name, struct rv_diag *diag)
{
	int err = rs_query_one(ctx, &rs_sql_location_get, RV_DB_PARAMS(RV_DB_T(name)), ignore_row,
			       NULL);

	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "location.unknown", "location",
				   "there is no Location-Config \"%.*s\"", RV_STR_ARG(name));
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

int rs_device_check_group(struct rs_ctx *ctx, struct rv_str name, struct rv_diag *diag)
{
	struct rv_group_get_out group;

	return name.len == 0
		       ? RV_OK
		       : rs_op_group_get(ctx, &(struct rv_group_get_in){ name }, &group, diag);
}

/* -- reading -------------------------------------------------------------------------------- */

struct taking {
	struct rs_reader r;
	struct rs_device *one;  /* by-distid */
	struct rv_device *list; /* or list, with room for `limit` */
	size_t count, limit;
};

/* A device that was refused everywhere has a row, but was given nothing. */
static void take_location_state(struct rs_reader *r, struct rv_device *d)
{
	struct rv_location_state *l = &d->location_state;

	l->location = rs_read_str(r);
	l->given_version = (uint32_t)rs_read_int(r);
	l->given_anchor = rs_read_str(r);
	l->given_at = rs_read_int(r);
	l->seen_version = (uint32_t)rs_read_int(r);
	l->seen_anchor = rs_read_str(r);
	l->has_seen_at = rs_read_opt(r, &l->seen_at);
	d->ls_refused = rs_read_str(r);
	d->has_location_state = l->given_at != 0;
}

/* Columns of RS_SQL_DEVICE_COLUMNS. */
static int take_columns(struct rs_reader *r, struct rs_device *out)
{
	struct rv_device *d = &out->pub;

	d->id = rs_read_int(r);
	d->distid = rs_read_str(r);
	d->description = rs_read_str(r);
	d->is_enabled = rs_read_bool(r);
	d->location = rs_read_str(r);
	d->rs = rs_read_str(r);
	d->state = (enum rv_device_state)rs_read_int(r);
	d->created_at = rs_read_int(r);
	d->has_last_contact_at = rs_read_opt(r, &d->last_contact_at);
	d->last_address = rs_read_str(r);
	d->firmware = rs_read_str(r);
	d->has_startup = rs_read_opt(r, &out->startup_id);
	d->has_certificate_expires_at = rs_read_opt(r, &d->certificate_expires_at);
	out->working_id = rs_read_int(r);
	out->running_id = rs_read_int(r);
	d->group = rs_read_str(r);
	d->is_released = rs_read_bool(r);
	take_location_state(r, d);
	return r->err;
}

static int take_one(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;

	t->r.row = row;
	return take_columns(&t->r, t->one);
}

/* One row more than asked for tells whether there is a next page; it is not kept. */
static int take_next(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_device device = { 0 };

	if (t->count++ == t->limit)
		return RV_OK;
	t->r = (struct rs_reader){ .row = row, .ctx = t->r.ctx };
	int err = take_columns(&t->r, &device);
	t->list[t->count - 1] = device.pub;
	return err;
}

int rs_device_find(struct rs_ctx *ctx, struct rv_str distid, struct rs_device *out,
		   struct rv_diag *diag)
{
	struct rs_device found = { 0 };
	struct taking t = { .r.ctx = ctx, .one = &found };
	struct rv_str canonical;
	int err = rs_distid(ctx, distid, &canonical, diag);

	if (err != RV_OK)
		return err;
	err = rs_query_one(ctx, &rs_sql_device_by_distid, RV_DB_PARAMS(RV_DB_T(canonical)),
			   take_one, &t);
	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "device.unknown", "distid", "there is no device %.*s",
				   RV_STR_ARG(canonical));
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	*out = found;
	return RV_OK;
}

int rs_device_find_public(struct rs_ctx *ctx, struct rv_str distid, struct rv_device *out,
			  struct rv_diag *diag)
{
	struct rs_device device;
	int err = rs_device_find(ctx, distid, &device, diag);

	if (err == RV_OK)
		*out = device.pub;
	return err;
}

int rs_op_device_get(struct rs_ctx *ctx, const struct rv_device_get_in *in,
		     struct rv_device_get_out *out, struct rv_diag *diag)
{
	return rs_device_find_public(ctx, in->distid, &out->device, diag);
}

int rs_op_device_list(struct rs_ctx *ctx, const struct rv_device_list_in *in,
		      struct rv_device_list_out *out, struct rv_diag *diag)
{
	struct taking t = { .r.ctx = ctx, .limit = in->has_limit ? in->limit : LIST_DEFAULT };

	t.list = rv_arena_array(ctx->arena, t.limit, sizeof(*t.list));
	if (t.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_device_list,
			      RV_DB_PARAMS(RV_DB_T(in->after), RV_DB_I(t.limit + 1)), take_next,
			      &t);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	bool has_more = t.count > t.limit;
	out->devices = t.list;
	out->devices_len = has_more ? t.limit : t.count;
	if (has_more)
		out->next = t.list[t.limit - 1].distid;
	return RV_OK;
}

int rs_device_want_ls(struct rs_ctx *ctx, bool wait_ls, bool has_seconds, uint32_t seconds,
		      struct rv_diag *diag)
{
	int err = rs_want_ls(ctx, wait_ls, has_seconds, seconds);

	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

/* -- changing ------------------------------------------------------------------------------- */

static int check_update(struct rs_ctx *ctx, const struct rv_device_update_in *in,
			struct rv_diag *diag)
{
	int err = RV_OK;

	if (in->has_location)
		err = rs_device_check_location(ctx, in->location, diag);
	if (err == RV_OK)
		err = rs_device_check_group(ctx, in->group, diag);
	if (err == RV_OK)
		err = rs_device_check_printable(in->rs, "rs", diag);
	if (err == RV_OK)
		err = rs_device_check_printable(in->ls_key, "ls_key", diag);
	if (err == RV_OK)
		err = rs_device_check_printable(in->rs_key, "rs_key", diag);
	return err;
}

static struct rv_db_value text_or_null(bool is_given, struct rv_str s)
{
	return is_given ? RV_DB_T(s) : RV_DB_N;
}

int rs_op_device_update(struct rs_ctx *ctx, const struct rv_device_update_in *in,
			struct rv_device_update_out *out, struct rv_diag *diag)
{
	uint8_t mac[RV_SECRET_MAC_LEN];
	struct rv_db_value mac_value = RV_DB_N, key_value = RV_DB_N;
	struct rv_ca_issued given = { .certificate_pem = in->certificate_pem,
				      .private_key_pem = in->private_key_pem };
	struct rs_device device;
	struct rv_str box;
	int err = rs_device_find(ctx, in->distid, &device, diag);

	if (err == RV_OK)
		err = check_update(ctx, in, diag);
	if (err == RV_OK)
		err = rs_certificate_check_given(ctx, &given, diag);
	if (err != RV_OK)
		return err;
	if (in->has_ls_key) {
		rv_secret_mac(ctx->rs->secret, device.pub.distid, in->ls_key, mac);
		mac_value = RV_DB_B(rv_strn(mac, sizeof(mac)));
	}
	if (in->has_rs_key) {
		err = rs_seal(ctx, "device.rs_key", device.pub.id, in->rs_key, &box);
		if (err != RV_OK)
			return rs_db_failed(diag, err);
		key_value = RV_DB_B(box);
	}
	err = rv_db_exec(ctx->tx, &rs_sql_device_update,
			 RV_DB_PARAMS(text_or_null(in->has_description, in->description),
				      in->has_is_enabled ? RV_DB_I(in->is_enabled) : RV_DB_N,
				      text_or_null(in->has_location, in->location),
				      text_or_null(in->has_rs, in->rs), mac_value, key_value,
				      text_or_null(in->has_group, in->group),
				      in->has_is_released ? RV_DB_I(in->is_released) : RV_DB_N,
				      RV_DB_I(device.pub.id)),
			 NULL);
	if (err == RV_OK && given.certificate_pem.len > 0)
		err = rs_certificate_put(ctx, device.pub.id, &given, true);
	if (err == RV_OK && given.certificate_pem.len > 0)
		err = rs_incident_resolve(ctx, RV_INCIDENT_KIND_CERTIFICATE_EXPIRES,
					  device.pub.distid);
	if (err == RV_OK)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_DEVICE, device.pub.distid,
				     in->has_is_released ? in->is_released
							 : device.pub.is_released);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	return rs_device_find_public(ctx, device.pub.distid, &out->device, diag);
}

/* Nobody is asked any more, so nobody refuses. */
static int end_refusal(struct rs_ctx *ctx, const struct rv_device *device)
{
	int err = rv_db_exec(ctx->tx, &rs_sql_device_not_refused, RV_DB_PARAMS(RV_DB_I(device->id)),
			     NULL);

	return err == RV_OK ? rs_incident_resolve(ctx, RV_INCIDENT_KIND_LS_REFUSED, device->distid)
			    : err;
}

int rs_op_device_release(struct rs_ctx *ctx, const struct rv_device_release_in *in,
			 struct rv_device_release_out *out, struct rv_diag *diag)
{
	struct rv_device_update_in update = { .distid = in->distid,
					      .is_released = true,
					      .has_is_released = true };
	struct rv_device_update_out updated;
	int err = rs_op_device_update(ctx, &update, &updated, diag);

	if (err != RV_OK)
		return err;
	out->device = updated.device;
	out->device.ls_refused = RV_STR_LIT("");
	err = end_refusal(ctx, &updated.device);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	return rs_device_want_ls(ctx, in->wait_ls, in->has_wait_seconds, in->wait_seconds, diag);
}

/* Its history stays, to be found by the same distribution id; whoever gets that id later is another
 * device, with another id of ours and so other boxes. */
static int log_deletion(struct rs_ctx *ctx, const struct rs_device *device)
{
	const int64_t versions[] = { [RV_CONFIG_KIND_WORKING] = device->working_id,
				     [RV_CONFIG_KIND_STARTUP] = device->startup_id,
				     [RV_CONFIG_KIND_RUNNING] = device->running_id };
	int err = rv_db_exec(ctx->tx, &rs_sql_device_past_insert,
			     RV_DB_PARAMS(RV_DB_I(device->pub.id), RV_DB_T(device->pub.distid),
					  RV_DB_I(device->pub.created_at), RV_DB_I(ctx->now_us),
					  RV_DB_T(ctx->author)),
			     NULL);

	for (size_t i = 0; i < RV_ARRAY_LEN(versions) && err == RV_OK; i++) {
		const struct rs_config_event event = { .device_id = device->pub.id,
						       .previous_id = versions[i],
						       .kind = (enum rv_config_kind)i,
						       .cause = RV_CONFIG_CAUSE_DELETED,
						       .author = ctx->author };
		if (versions[i] != 0)
			err = rs_config_log(ctx, &event);
	}
	return err;
}

int rs_op_device_delete(struct rs_ctx *ctx, const struct rv_device_delete_in *in,
			struct rv_device_delete_out *out, struct rv_diag *diag)
{
	const struct rv_db_stmt *const statements[] = {
		&rs_sql_device_delete, &rs_sql_device_state_delete, &rs_sql_certificate_delete,
		&rs_sql_device_location_delete, &rs_sql_refusal_delete_all
	};
	struct rs_device device;
	int err = rs_device_find(ctx, in->distid, &device, diag);

	(void)out;
	if (err != RV_OK)
		return err;
	for (size_t i = 0; i < RV_ARRAY_LEN(statements) && err == RV_OK; i++)
		err = rv_db_exec(ctx->tx, statements[i], RV_DB_PARAMS(RV_DB_I(device.pub.id)),
				 NULL);
	if (err == RV_OK)
		err = log_deletion(ctx, &device);
	if (err == RV_OK)
		err = rs_incident_resolve_all(ctx, device.pub.distid);
	if (err == RV_OK)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_DEVICE, device.pub.distid, true);
	if (err == RV_OK)
		err = rs_want_ls(ctx, in->wait_ls, in->has_wait_seconds, in->wait_seconds);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}
