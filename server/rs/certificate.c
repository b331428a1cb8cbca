#include "server/rs/core.h"
#include "server/rs/sql/sql.h"

struct missing {
	struct rs_reader r;
	int64_t id;
	struct rv_str distid;
};

static int take_missing(const struct rv_db_row *row, void *arg)
{
	struct missing *m = arg;

	m->r.row = row;
	m->id = rs_read_int(&m->r);
	m->distid = rs_read_str(&m->r);
	return m->r.err;
}

int rs_certificate_missing(struct rs_ctx *ctx, int64_t after, int64_t *id, struct rv_str *distid)
{
	struct missing m = { .r.ctx = ctx };
	int err = rv_db_query(ctx->tx, &rs_sql_certificate_missing, RV_DB_PARAMS(RV_DB_I(after)),
			      take_missing, &m);

	if (err == RV_OK) {
		*id = m.id;
		*distid = m.distid;
	}
	return err;
}

int rs_certificate_put(struct rs_ctx *ctx, int64_t device_id, const struct rv_ca_issue_sa_out *made,
		       bool is_given)
{
	struct rv_str box;
	int err = rs_seal(ctx, "certificate.key", device_id, made->private_key_pem, &box);

	if (err != RV_OK)
		return err;
	return rv_db_exec(ctx->tx, &rs_sql_certificate_put,
			  RV_DB_PARAMS(RV_DB_I(device_id), RV_DB_T(made->certificate_pem),
				       RV_DB_B(box), RV_DB_I(made->expires_at), RV_DB_I(is_given)),
			  NULL);
}
