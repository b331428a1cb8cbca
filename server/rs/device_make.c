/* New devices: registered before they call, or taken in when they have. */
#include <errno.h>

#include "base/codec.h"
#include "base/rand.h"
#include "server/rs/config.h"
#include "server/rs/core.h"
#include "server/rs/device_priv.h"
#include "server/rs/feed.h"
#include "server/rs/sql/sql.h"

enum { MADE_KEY_BYTES = 16 };

/* -- making --------------------------------------------------------------------------------- */

/* A new device, checked and complete; what is empty is made here. */
struct draft {
	struct rv_str distid; /* canonical */
	struct rv_str description, location, group, rs, rs_key, heartbeat_key;
	uint8_t ls_key_mac[RV_SECRET_MAC_LEN];
	bool is_enabled;
	struct rv_ca_issued given; /* certificate from outside; empty: made here */
};

int rs_device_make_key(struct rs_ctx *ctx, struct rv_str *key)
{
	uint8_t bytes[MADE_KEY_BYTES];
	struct rv_buf hex = { .wipe = true };
	int err;

	if (key->len > 0)
		return RV_OK;
	rv_rand_secret(bytes, sizeof(bytes));
	rv_hex_encode(&hex, rv_strn(bytes, sizeof(bytes)));
	*key = rv_arena_str(ctx->arena, rv_buf_str(&hex));
	err = hex.err != RV_OK ? hex.err : key->ptr == NULL ? -ENOMEM : RV_OK;
	rv_wipe(bytes, sizeof(bytes));
	rv_buf_deinit(&hex);
	return err;
}

static int check_draft(struct rs_ctx *ctx, struct draft *draft, struct rv_diag *diag)
{
	int err = RV_OK;

	if (draft->location.len == 0)
		draft->location = RV_STR_LIT("default");
	if (draft->rs.len == 0)
		draft->rs = rv_str(ctx->rs->settings.name);
	err = rs_device_check_location(ctx, draft->location, diag);
	if (err == RV_OK)
		err = rs_device_check_group(ctx, draft->group, diag);
	if (err == RV_OK)
		err = rs_device_check_printable(draft->rs, "rs", diag);
	if (err == RV_OK)
		err = rs_device_check_printable(draft->rs_key, "rs_key", diag);
	if (err == RV_OK)
		err = rs_device_check_printable(draft->heartbeat_key, "heartbeat_key", diag);
	if (err == RV_OK)
		err = rs_certificate_check_given(ctx, &draft->given, diag);
	if (err == RV_OK)
		err = rs_device_make_key(ctx, &draft->rs_key);
	if (err == RV_OK)
		err = rs_device_make_key(ctx, &draft->heartbeat_key);
	return err;
}

static int insert_device(struct rs_ctx *ctx, int64_t id, const struct draft *draft)
{
	struct rv_str rs_key, heartbeat_key;
	int err = rs_seal(ctx, "device.rs_key", id, draft->rs_key, &rs_key);

	if (err == RV_OK)
		err = rs_seal(ctx, "device.heartbeat_key", id, draft->heartbeat_key,
			      &heartbeat_key);
	if (err == RV_OK)
		err = rv_db_exec(
			ctx->tx, &rs_sql_device_insert,
			RV_DB_PARAMS(
				RV_DB_I(id), RV_DB_T(draft->distid), RV_DB_T(draft->description),
				RV_DB_T(draft->location), RV_DB_T(draft->rs),
				RV_DB_I(draft->is_enabled), RV_DB_I(ctx->now_us),
				RV_DB_B(rv_strn(draft->ls_key_mac, RV_SECRET_MAC_LEN)),
				RV_DB_B(rs_key), RV_DB_B(heartbeat_key), RV_DB_T(draft->group)),
			NULL);
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_device_state_insert, RV_DB_PARAMS(RV_DB_I(id)),
				 NULL);
	return err;
}

static int make_device(struct rs_ctx *ctx, struct draft *draft, struct rv_diag *diag)
{
	int64_t id = rv_id_make(&ctx->rs->ids, ctx->now_us);
	int err = check_draft(ctx, draft, diag);

	if (err != RV_OK)
		return err;
	err = insert_device(ctx, id, draft);
	if (err == RV_EEXISTS)
		return rv_diag_set(diag, err, "device.exists", "distid",
				   "device %.*s exists already", RV_STR_ARG(draft->distid));
	if (err == RV_OK && draft->given.certificate_pem.len > 0)
		err = rs_certificate_put(ctx, id, &draft->given, true);
	else if (err == RV_OK)
		ctx->wants_certificate = id;
	if (err == RV_OK)
		err = rv_db_exec(ctx->tx, &rs_sql_waiting_delete,
				 RV_DB_PARAMS(RV_DB_T(draft->distid)), NULL);
	if (err == RV_OK)
		err = rs_note_change(ctx, RV_FEED_RECORD_KIND_DEVICE, draft->distid, false);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

int rs_op_device_create(struct rs_ctx *ctx, const struct rv_device_create_in *in,
			struct rv_device_create_out *out, struct rv_diag *diag)
{
	struct draft draft = { .description = in->description,
			       .location = in->location,
			       .group = in->group,
			       .rs = in->rs,
			       .rs_key = in->rs_key,
			       .heartbeat_key = in->heartbeat_key,
			       .is_enabled = in->has_is_enabled ? in->is_enabled : true,
			       .given = { .certificate_pem = in->certificate_pem,
					  .private_key_pem = in->private_key_pem } };
	int err = rs_distid(ctx, in->distid, &draft.distid, diag);

	if (err == RV_OK)
		err = rs_device_check_printable(in->ls_key, "ls_key", diag);
	if (err != RV_OK)
		return err;
	rv_secret_mac(ctx->rs->secret, draft.distid, in->ls_key, draft.ls_key_mac);
	err = make_device(ctx, &draft, diag);
	if (err == RV_OK)
		err = rs_device_want_ls(ctx, in->wait_ls, in->has_wait_seconds, in->wait_seconds,
					diag);
	return err == RV_OK ? rs_device_find_public(ctx, draft.distid, &out->device, diag) : err;
}

/* -- claiming ------------------------------------------------------------------------------- */

struct caller {
	struct rs_reader r;
	struct rv_str mac, print;
};

static int take_caller(const struct rv_db_row *row, void *arg)
{
	struct caller *c = arg;

	c->r.row = row;
	rs_read_int(&c->r);
	c->mac = rs_read_str(&c->r);
	c->print = rs_read_str(&c->r);
	return c->r.err;
}

/* The MAC of the key by which the LS shall know the device from now on. */
static int claim_key(struct rs_ctx *ctx, const struct rv_device_claim_in *in,
		     const struct caller *caller, struct draft *draft, struct rv_diag *diag)
{
	if (in->has_key_print && !rv_str_ieq(in->key_print, caller->print))
		return rv_diag_set(diag, RV_ECONFLICT, "device.key-print", "key_print",
				   "the device presented a key with the fingerprint \"%.*s\"",
				   RV_STR_ARG(caller->print));
	if (in->has_ls_key) {
		rv_secret_mac(ctx->rs->secret, draft->distid, in->ls_key, draft->ls_key_mac);
		return rs_device_check_printable(in->ls_key, "ls_key", diag);
	}
	if (caller->mac.len != RV_SECRET_MAC_LEN)
		return rv_diag_set(diag, RV_EINVALID, "device.no-key", "ls_key",
				   "the device has presented no LS-SA key so far: give ls_key");
	for (size_t i = 0; i < RV_SECRET_MAC_LEN; i++)
		draft->ls_key_mac[i] = (uint8_t)caller->mac.ptr[i];
	return RV_OK;
}

static int claim_config(struct rs_ctx *ctx, const struct rv_device_claim_in *in,
			struct rv_str distid, struct rv_diag *diag)
{
	struct rv_config_version ignored;
	struct rs_device device;

	if (in->modules_len == 0)
		return RV_OK;
	int err = rs_device_find(ctx, distid, &device, diag);
	if (err != RV_OK)
		return err;
	return rs_config_give(ctx, &device, RV_CONFIG_KIND_STARTUP, in->modules, in->modules_len,
			      &ignored, diag);
}

int rs_op_device_claim(struct rs_ctx *ctx, const struct rv_device_claim_in *in,
		       struct rv_device_claim_out *out, struct rv_diag *diag)
{
	struct draft draft = { .description = in->description,
			       .location = in->location,
			       .is_enabled = true };
	struct caller caller = { .r.ctx = ctx };
	struct rs_device known;
	int err = rs_distid(ctx, in->distid, &draft.distid, diag);

	if (err != RV_OK)
		return err;
	if (rs_device_find(ctx, draft.distid, &known, NULL) == RV_OK)
		return rv_diag_set(diag, RV_EEXISTS, "device.claimed", "distid",
				   "device %.*s is registered already%s", RV_STR_ARG(draft.distid),
				   known.pub.has_startup ? ""
							 : "; what it lacks is a startup config");
	err = rs_query_one(ctx, &rs_sql_waiting_key, RV_DB_PARAMS(RV_DB_T(draft.distid)),
			   take_caller, &caller);
	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "device.not-waiting", "distid",
				   "no device %.*s has called and is waiting",
				   RV_STR_ARG(draft.distid));
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	err = claim_key(ctx, in, &caller, &draft, diag);
	if (err == RV_OK)
		err = make_device(ctx, &draft, diag);
	if (err == RV_OK)
		err = claim_config(ctx, in, draft.distid, diag);
	return err == RV_OK ? rs_device_find_public(ctx, draft.distid, &out->device, diag) : err;
}
