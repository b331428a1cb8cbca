/* What Location Servers tell: versions given to devices, ids refused; and the feed's operations. */
#include <errno.h>

#include "server/rs/feed.h"
#include "server/rs/incident.h"
#include "server/rs/sql/sql.h"

static int take_given(struct rs_ctx *ctx, const struct rv_ls_given *given)
{
	struct rv_str distid;
	int64_t at = ctx->now_us - (int64_t)given->age;
	int err = rs_distid(ctx, given->distid, &distid, NULL);

	if (err != RV_OK || at > ctx->now_us || at < 0)
		return err == RV_OK ? RV_EINVALID : err;
	return rv_db_exec(ctx->tx, &rs_sql_device_given,
			  RV_DB_PARAMS(RV_DB_T(distid), RV_DB_T(given->location),
				       RV_DB_I(given->version), RV_DB_T(given->anchor), RV_DB_I(at),
				       RV_DB_T(ctx->author)),
			  NULL);
}

static int take_refused(struct rs_ctx *ctx, struct rv_str distid, enum rv_ls_claim_state state)
{
	const struct rv_incident_parameter parameters[] = {
		{ RV_STR_LIT("ls"), ctx->author },
		{ RV_STR_LIT("reason"),
		  state == RV_LS_CLAIM_STATE_TAKEN ? RV_STR_LIT("taken") : RV_STR_LIT("limit") },
	};
	struct rs_incident incident = { .kind = RV_INCIDENT_KIND_LS_REFUSED,
					.subject = distid,
					.parameters = parameters,
					.parameter_count = RV_ARRAY_LEN(parameters) };
	int64_t changed = 0;
	int err = rv_db_exec(ctx->tx, &rs_sql_device_refused,
			     RV_DB_PARAMS(RV_DB_T(distid), RV_DB_T(ctx->author)), &changed);

	if (err != RV_OK || changed == 0) /* deleted meanwhile: nothing to tell anybody */
		return err;
	return rs_incident_raise(ctx, &incident, NULL);
}

static int take_held(struct rs_ctx *ctx, struct rv_str distid)
{
	int64_t changed = 0;
	int err = rv_db_exec(ctx->tx, &rs_sql_device_held,
			     RV_DB_PARAMS(RV_DB_T(distid), RV_DB_T(ctx->author)), &changed);

	return err == RV_OK && changed > 0
		       ? rs_incident_resolve(ctx, RV_INCIDENT_KIND_LS_REFUSED, distid)
		       : err;
}

int rs_report(struct rs_ctx *ctx, const struct rv_rs_report_in *in)
{
	struct rv_str distid;
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < in->given_len; i++)
		err = take_given(ctx, &in->given[i]);
	for (size_t i = 0; err == RV_OK && i < in->claims_len; i++) {
		const struct rv_ls_claim *claim = &in->claims[i];

		err = rs_distid(ctx, claim->distid, &distid, NULL);
		if (err == RV_OK)
			err = claim->state == RV_LS_CLAIM_STATE_HELD
				      ? take_held(ctx, distid)
				      : take_refused(ctx, distid, claim->state);
	}
	return err;
}

/* -- the same, from another host ------------------------------------------------------------- */

static int read_request(struct rs_ctx *ctx, const struct rv_contract_type *type,
			struct rv_str request, void *in, struct rv_diag *diag)
{
	int err = rv_contract_decode(type, request, ctx->arena, in);

	if (err != RV_OK)
		return err == -ENOMEM ? err
				      : rv_diag_set(diag, RV_EINVALID, "feed.request", "request",
						    "is no message that this RS can read (%s)",
						    rv_err_name(err));
	return rv_contract_check(type, in, diag);
}

int rs_op_feed_read(struct rs_ctx *ctx, const struct rv_feed_read_in *in,
		    struct rv_feed_read_out *out, struct rv_diag *diag)
{
	struct rv_rs_feed_in request = { 0 };
	struct rv_rs_feed_out page = { 0 };
	struct rv_buf bytes = { .wipe = true };
	int err = read_request(ctx, &rv_rs_feed_in_type, in->request, &request, diag);

	if (err != RV_OK)
		return err;
	err = rs_feed(ctx, &request, &page);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	rv_rs_feed_out_encode(&page, &bytes);
	out->answer = rv_arena_str(ctx->arena, rv_buf_str(&bytes));
	err = bytes.err != RV_OK ? bytes.err : out->answer.ptr == NULL ? -ENOMEM : RV_OK;
	rv_buf_deinit(&bytes);
	return err;
}

int rs_op_feed_report(struct rs_ctx *ctx, const struct rv_feed_report_in *in,
		      struct rv_feed_report_out *out, struct rv_diag *diag)
{
	struct rv_rs_report_in report = { 0 };
	int err = read_request(ctx, &rv_rs_report_in_type, in->request, &report, diag);

	(void)out;
	if (err != RV_OK)
		return err;
	err = rs_report(ctx, &report);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}

int rs_op_feed_note(struct rs_ctx *ctx, const struct rv_feed_note_in *in,
		    struct rv_feed_note_out *out, struct rv_diag *diag)
{
	struct rv_rs_waiting_note_in note = { 0 };
	int err = read_request(ctx, &rv_rs_waiting_note_in_type, in->request, &note, diag);

	(void)out;
	if (err != RV_OK)
		return err;
	err = rs_contact_note(ctx, &note);
	return err == RV_OK ? RV_OK : rs_db_failed(diag, err);
}
