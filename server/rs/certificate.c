#include <errno.h>

#include "log/log.h"
#include "pki/chain.h"
#include "server/rs/core.h"
#include "server/rs/roll.h"
#include "server/rs/sql/sql.h"

enum { LIST_DEFAULT = 100 };

/* -- from outside ----------------------------------------------------------------------------- */

/* "-----BEGIN" must start a line, or the original client fails each pull after it has applied
 * the config (spec 10 #63). */
static int check_pem(struct rv_str pem, const char *field, struct rv_diag *diag)
{
	size_t at = 0, bad;

	if (!rv_str_is_ascii(pem, &bad))
		return rv_diag_set(diag, RV_EINVALID, "device.pem", field,
				   "%s: byte %zu is not ASCII", field, bad + 1);
	while (at < pem.len) {
		struct rv_str rest = rv_str_sub(pem, at, pem.len);
		if (rv_str_starts(rest, "-----BEGIN"))
			return RV_OK;
		at += rv_str_find(rest, '\n') + 1;
	}
	return rv_diag_set(diag, RV_EINVALID, "device.pem", field,
			   "%s: no line begins with \"-----BEGIN\"", field);
}

static int check_texts(const struct rv_ca_issued *given, struct rv_pki_info *info,
		       struct rv_diag *diag)
{
	struct rv_str certificate = given->certificate_pem, key = given->private_key_pem;
	int err;

	if (certificate.len == 0 || key.len == 0)
		return rv_diag_set(
			diag, RV_EINVALID, "device.pair",
			certificate.len == 0 ? "certificate_pem" : "private_key_pem",
			"certificate_pem and private_key_pem are given together or not at all");
	err = check_pem(certificate, "certificate_pem", diag);
	if (err == RV_OK)
		err = check_pem(key, "private_key_pem", diag);
	if (err == RV_OK)
		err = rv_pki_inspect(certificate, info, diag);
	return err == RV_OK ? rv_pki_check_pair(certificate, key, diag) : err;
}

int rs_certificate_check_given(struct rs_ctx *ctx, struct rv_ca_issued *given, struct rv_diag *diag)
{
	struct rv_pki_info info;
	int err;

	if (given->certificate_pem.len == 0 && given->private_key_pem.len == 0)
		return RV_OK;
	err = check_texts(given, &info, diag);
	if (err == RV_OK && info.not_after_us <= ctx->now_us)
		err = rv_pki_check_dates(given->certificate_pem, ctx->now_us, diag);
	if (err != RV_OK)
		return err == -ENOMEM ? err : RV_EINVALID;
	given->serial = rv_arena_str(ctx->arena, rv_str(info.serial));
	given->subject = rv_arena_str(ctx->arena, rv_str(info.subject));
	given->issuer = rv_arena_str(ctx->arena, rv_str(info.issuer));
	given->key = rv_arena_str(ctx->arena, rv_str(info.key));
	given->not_before = info.not_before_us;
	given->expires_at = info.not_after_us;
	return given->serial.ptr == NULL || given->subject.ptr == NULL ||
			       given->issuer.ptr == NULL || given->key.ptr == NULL
		       ? -ENOMEM
		       : RV_OK;
}

/* -- keeping --------------------------------------------------------------------------------- */

struct missing {
	struct rs_ctx *ctx;
	struct rs_missing *list;
	size_t count;
};

static int take_missing(const struct rv_db_row *row, void *arg)
{
	struct missing *m = arg;
	struct rs_reader r = { .row = row, .ctx = m->ctx };
	struct rs_missing *next = &m->list[m->count++];

	next->id = rs_read_int(&r);
	next->distid = rs_read_str(&r);
	return r.err;
}

int rs_certificate_missing(struct rs_ctx *ctx, int64_t after, struct rs_missing *list, size_t max,
			   size_t *count)
{
	struct missing m = { .ctx = ctx, .list = list };
	int err = rv_db_query(ctx->tx, &rs_sql_certificate_missing,
			      RV_DB_PARAMS(RV_DB_I(after), RV_DB_I(max)), take_missing, &m);

	if (err == RV_OK)
		*count = m.count;
	return err;
}

static int record(struct rs_ctx *ctx, int64_t id, int64_t device_id,
		  const struct rv_ca_issued *made, bool is_given)
{
	return rv_db_exec(ctx->tx, &rs_sql_certificate_record,
			  RV_DB_PARAMS(RV_DB_I(id), RV_DB_I(device_id), RV_DB_T(made->serial),
				       RV_DB_T(made->subject), RV_DB_T(made->issuer),
				       RV_DB_T(made->key), RV_DB_T(made->ca), RV_DB_I(is_given),
				       RV_DB_I(made->not_before), RV_DB_I(made->expires_at),
				       RV_DB_I(ctx->now_us), RV_DB_T(ctx->author)),
			  NULL);
}

int rs_certificate_put(struct rs_ctx *ctx, int64_t device_id, const struct rv_ca_issued *made,
		       bool is_given)
{
	int64_t id = rv_id_make(&ctx->rs->ids, ctx->now_us);
	/* The ca may not know of the new CA yet: what it makes until then is due at once. */
	bool is_due = !is_given && !rs_roll_is_current(ctx->rs, made->ca);
	struct rv_str box;
	int err = rs_seal(ctx, "certificate.key", device_id, made->private_key_pem, &box);

	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_certificate_supersede,
				 RV_DB_PARAMS(RV_DB_I(device_id), RV_DB_I(ctx->now_us)), NULL);
	if (err == RV_OK)
		err = record(ctx, id, device_id, made, is_given);
	if (err != RV_OK)
		return err;
	return rv_db_exec(ctx->tx, &rs_sql_certificate_put,
			  RV_DB_PARAMS(RV_DB_I(device_id), RV_DB_T(made->certificate_pem),
				       RV_DB_B(box), RV_DB_I(made->expires_at), RV_DB_I(is_given),
				       RV_DB_I(id), RV_DB_I(is_due)),
			  NULL);
}

/* -- reading --------------------------------------------------------------------------------- */

struct taking {
	struct rs_ctx *ctx;
	struct rv_certificate *list;
	size_t count;
	int64_t device_id; /* of the last one */
};

/* Columns of RS_SQL_CERTIFICATE_COLUMNS. */
static int take_certificate(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_reader r = { .row = row, .ctx = t->ctx };
	struct rv_certificate *c = &t->list[t->count++];
	int64_t reason;

	c->id = rs_read_int(&r);
	c->distid = rs_read_str(&r);
	c->serial = rs_read_str(&r);
	c->subject = rs_read_str(&r);
	c->issuer = rs_read_str(&r);
	c->key = rs_read_str(&r);
	c->ca = rs_read_str(&r);
	c->is_given = rs_read_bool(&r);
	c->not_before = rs_read_int(&r);
	c->not_after = rs_read_int(&r);
	c->issued_at = rs_read_int(&r);
	c->author = rs_read_str(&r);
	c->has_superseded_at = rs_read_opt(&r, &c->superseded_at);
	c->has_revoked_at = rs_read_opt(&r, &c->revoked_at);
	c->has_reason = rs_read_opt(&r, &reason);
	c->reason = (enum rv_revocation_reason)reason;
	c->revoked_by = rs_read_str(&r);
	t->device_id = rs_read_int(&r);
	c->state = c->has_revoked_at      ? RV_CERTIFICATE_STATE_REVOKED
		   : c->has_superseded_at ? RV_CERTIFICATE_STATE_SUPERSEDED
					  : RV_CERTIFICATE_STATE_CURRENT;
	return r.err;
}

static int find(struct rs_ctx *ctx, int64_t id, struct rv_certificate *out, int64_t *device_id,
		struct rv_diag *diag)
{
	struct rv_certificate found = { 0 };
	struct taking t = { .ctx = ctx, .list = &found };
	int err = rs_query_one(ctx, &rs_sql_certificate_get, RV_DB_PARAMS(RV_DB_I(id)),
			       take_certificate, &t);

	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "certificate.unknown", "id",
				   "there is no such certificate");
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	*out = found;
	if (device_id != NULL)
		*device_id = t.device_id;
	return RV_OK;
}

int rs_op_certificate_get(struct rs_ctx *ctx, const struct rv_certificate_get_in *in,
			  struct rv_certificate_get_out *out, struct rv_diag *diag)
{
	return find(ctx, in->id, &out->certificate, NULL, diag);
}

int rs_op_certificate_list(struct rs_ctx *ctx, const struct rv_certificate_list_in *in,
			   struct rv_certificate_list_out *out, struct rv_diag *diag)
{
	size_t limit = in->has_limit ? in->limit : LIST_DEFAULT;
	struct taking t = { .ctx = ctx };
	struct rv_str distid = { 0 };
	int err = in->has_distid ? rs_distid(ctx, in->distid, &distid, diag) : RV_OK;

	if (err != RV_OK)
		return err;
	t.list = rv_arena_array(ctx->arena, limit, sizeof(*t.list));
	if (t.list == NULL)
		return -ENOMEM;
	err = rv_db_query(
		ctx->tx,
		in->has_distid ? &rs_sql_certificate_list_of_device : &rs_sql_certificate_list,
		RV_DB_PARAMS(RV_DB_I(in->has_before ? in->before : INT64_MAX), RV_DB_T(distid),
			     RV_DB_T(in->key),
			     RV_DB_I(in->has_expires_before ? in->expires_before : INT64_MAX),
			     RV_DB_I(in->has_state ? (int64_t)in->state : -1), RV_DB_I(limit)),
		take_certificate, &t);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->certificates = t.list;
	out->certificates_len = t.count;
	return RV_OK;
}

/* -- changing -------------------------------------------------------------------------------- */

/* Ids begin at 1: from there on the filler looks at all. */
static void wake_filler(struct rs_ctx *ctx, int64_t device_id)
{
	ctx->wants_certificate = device_id;
}

int rs_op_certificate_renew(struct rs_ctx *ctx, const struct rv_certificate_renew_in *in,
			    struct rv_certificate_renew_out *out, struct rv_diag *diag)
{
	struct rs_device device;
	int64_t count = 0;
	int err = RV_OK;

	if (in->has_distid == in->has_expires_before)
		return rv_diag_set(diag, RV_EINVALID, "certificate.which", "distid",
				   "give either distid or expires_before");
	if (in->has_expires_before) {
		err = rv_db_exec(ctx->tx, &rs_sql_certificate_due_before,
				 RV_DB_PARAMS(RV_DB_I(in->expires_before)), &count);
		wake_filler(ctx, 1);
	} else {
		err = rs_device_find(ctx, in->distid, &device, diag);
		if (err != RV_OK)
			return err;
		err = rv_db_exec(ctx->tx, &rs_sql_certificate_due_one,
				 RV_DB_PARAMS(RV_DB_I(device.pub.id)), &count);
		wake_filler(ctx, device.pub.id);
	}
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->count = (uint64_t)count;
	return RV_OK;
}

int rs_op_certificate_revoke(struct rs_ctx *ctx, const struct rv_certificate_revoke_in *in,
			     struct rv_certificate_revoke_out *out, struct rv_diag *diag)
{
	struct rv_certificate c;
	int64_t device_id;
	int err = find(ctx, in->id, &c, &device_id, diag);

	if (err != RV_OK)
		return err;
	err = rv_db_exec(ctx->tx, &rs_sql_certificate_revoke,
			 RV_DB_PARAMS(RV_DB_I(in->id), RV_DB_I(ctx->now_us),
				      RV_DB_I(in->has_reason ? in->reason : 0),
				      RV_DB_T(ctx->author)),
			 NULL);
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_certificate_unset, RV_DB_PARAMS(RV_DB_I(in->id)),
				 NULL);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	wake_filler(ctx, device_id);
	rv_log(RV_LOG_INFO, "rs.certificate.revoked", RV_KV("device", c.distid),
	       RV_KV("serial", c.serial), RV_KV("by", ctx->author));
	return find(ctx, in->id, &out->certificate, NULL, diag);
}

static int replace_keys(struct rs_ctx *ctx, int64_t device_id)
{
	struct rv_str rs_key = { 0 }, heartbeat_key = { 0 };
	int err = rs_device_make_key(ctx, &rs_key);

	if (err == RV_OK)
		err = rs_device_make_key(ctx, &heartbeat_key);
	if (err == RV_OK)
		err = rs_seal(ctx, "device.rs_key", device_id, rs_key, &rs_key);
	if (err == RV_OK)
		err = rs_seal(ctx, "device.heartbeat_key", device_id, heartbeat_key,
			      &heartbeat_key);
	if (err != RV_OK)
		return err;
	return rv_db_exec(ctx->tx, &rs_sql_device_rekey,
			  RV_DB_PARAMS(RV_DB_I(device_id), RV_DB_B(rs_key), RV_DB_B(heartbeat_key)),
			  NULL);
}

int rs_op_device_rekey(struct rs_ctx *ctx, const struct rv_device_rekey_in *in,
		       struct rv_device_rekey_out *out, struct rv_diag *diag)
{
	struct rs_device device;
	int64_t count = 0;
	int err = rs_device_find(ctx, in->distid, &device, diag);

	if (err != RV_OK)
		return err;
	err = replace_keys(ctx, device.pub.id);
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_certificate_revoke_all,
				 RV_DB_PARAMS(RV_DB_I(device.pub.id), RV_DB_I(ctx->now_us),
					      RV_DB_I(RV_REVOCATION_REASON_KEY_COMPROMISE),
					      RV_DB_T(ctx->author)),
				 &count);
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_certificate_delete,
				 RV_DB_PARAMS(RV_DB_I(device.pub.id)), NULL);
	if (err == RV_OK)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_DEVICE, device.pub.distid, false);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	wake_filler(ctx, device.pub.id);
	rv_log(RV_LOG_INFO, "rs.device.rekeyed", RV_KV("device", device.pub.distid),
	       RV_KV("by", ctx->author), RV_KI("revoked", count));
	out->revoked = (uint64_t)count;
	return RV_OK;
}
