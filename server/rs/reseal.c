#include "server/rs/reseal.h"

#include "log/log.h"
#include "server/rs/core.h"
#include "server/rs/sql/sql.h"

const struct rv_reseal_column rs_reseal_columns[] = {
	{ "device.rs_key", &rs_sql_reseal_rs_key, &rs_sql_reseal_rs_key_put, RV_RESEAL_NUMBER },
	{ "device.heartbeat_key", &rs_sql_reseal_heartbeat, &rs_sql_reseal_heartbeat_put,
	  RV_RESEAL_NUMBER },
	{ "certificate.key", &rs_sql_reseal_certificate, &rs_sql_reseal_certificate_put,
	  RV_RESEAL_NUMBER },
	{ "secret.value", &rs_sql_reseal_secret, &rs_sql_reseal_secret_put, RV_RESEAL_NUMBER },
	{ "location.spec", &rs_sql_reseal_location, &rs_sql_reseal_location_put, RV_RESEAL_TEXT },
	{ "location.spec", &rs_sql_reseal_version, &rs_sql_reseal_version_put, RV_RESEAL_TEXT },
	{ "initial.spec", &rs_sql_reseal_initial, &rs_sql_reseal_initial_put, RV_RESEAL_TEXT },
};
const size_t rs_reseal_column_count = RV_ARRAY_LEN(rs_reseal_columns);

int rs_reseal(struct rs_ctx *ctx, const struct rv_key_reseal_rs_in *in,
	      struct rv_key_reseal_rs_out *out)
{
	struct rv_reseal *reseal = &ctx->rs->reseal;
	struct rv_diag diag = { 0 };
	struct rv_reseal_done done;
	int err = rv_secret_reload(ctx->rs->secret, ctx->rs->key_path, &diag);

	if (err != RV_OK) {
		rv_log(RV_LOG_ERROR, "rs.key.unreadable", RV_KS("error", diag.text));
		return err;
	}
	if (in->is_first)
		rv_reseal_restart(reseal);
	err = rv_reseal_step(reseal, ctx->tx, ctx->rs->secret, in->limit, &done);
	if (err == RV_OK)
		*out = (struct rv_key_reseal_rs_out){ rv_secret_number(ctx->rs->secret),
						      done.resealed, done.is_done };
	return err;
}
