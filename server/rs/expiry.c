/* What of certificates people must hear of: the CA's end, and devices nobody can renew. */
#include <stdio.h>

#include "base/time.h"
#include "pki/pki.h"
#include "server/rs/core.h"
#include "server/rs/incident.h"
#include "server/rs/sql/sql.h"

enum {
	GIVEN_MAX = 1000, /* devices looked at in one survey; the rest comes with the next */
	NUMBER_MAX = 24,
	CA_DAYS = 90, /* before the end of the CA */
	OURS_DAYS = 7,
	GIVEN_DAYS = 30,
};

static const int64_t day_us = 86400 * RV_US_PER_SEC;

static int raise_one(struct rs_ctx *ctx, enum rv_incident_kind kind, struct rv_str subject,
		     const char *name, struct rv_str value)
{
	struct rv_incident_parameter parameter = { rv_str(name), value };
	struct rs_incident incident = {
		.kind = kind, .subject = subject, .parameters = &parameter, .parameter_count = 1
	};

	return rs_incident_raise(ctx, &incident, NULL);
}

static int raise_date(struct rs_ctx *ctx, enum rv_incident_kind kind, struct rv_str subject,
		      int64_t not_after_us)
{
	char date[RV_TIME_TEXT_LEN + 1];

	rv_time_format(not_after_us, date);
	return raise_one(ctx, kind, subject, "date", rv_strn(date, sizeof("2026-11-22") - 1));
}

static int look_at_ca(struct rs_ctx *ctx)
{
	struct rv_str subject = RV_STR_LIT("ca.certificate");
	struct rv_pki_info info;
	int err = rv_pki_inspect(rv_buf_str(&ctx->rs->ca_pem), &info, NULL);

	if (err != RV_OK)
		return err;
	if (info.not_after_us - ctx->now_us > CA_DAYS * day_us)
		return rs_incident_resolve(ctx, RV_INCIDENT_KIND_CERTIFICATE_EXPIRES, subject);
	return raise_date(ctx, RV_INCIDENT_KIND_CERTIFICATE_EXPIRES, subject, info.not_after_us);
}

/* Ours that are past the time at which they should have been made anew and fetched. */
static int look_at_ours(struct rs_ctx *ctx)
{
	struct rv_str subject = RV_STR_LIT("certificates");
	char number[NUMBER_MAX];
	int64_t count = 0;
	int err = rs_query_int(ctx, &rs_sql_certificate_overdue,
			       RV_DB_PARAMS(RV_DB_I(ctx->now_us + OURS_DAYS * day_us)), &count);

	if (err != RV_OK)
		return err;
	if (count == 0)
		return rs_incident_resolve(ctx, RV_INCIDENT_KIND_CERTIFICATES_OVERDUE, subject);
	snprintf(number, sizeof(number), "%lld", (long long)count);
	return raise_one(ctx, RV_INCIDENT_KIND_CERTIFICATES_OVERDUE, subject, "count",
			 rv_str(number));
}

struct given {
	struct rs_ctx *ctx;
	struct rv_str last;
	size_t count;
};

static int take_given(const struct rv_db_row *row, void *arg)
{
	struct given *g = arg;
	struct rs_reader r = { .row = row, .ctx = g->ctx };
	struct rv_str distid = rs_read_str(&r);
	int64_t expires_at = rs_read_int(&r);

	g->count++;
	g->last = distid;
	return r.err != RV_OK ? r.err
			      : raise_date(g->ctx, RV_INCIDENT_KIND_CERTIFICATE_EXPIRES, distid,
					   expires_at);
}

static int look_at_given(struct rs_ctx *ctx)
{
	struct given g = { .ctx = ctx, .last = RV_STR_LIT("") };

	return rv_db_query(ctx->tx, &rs_sql_certificate_given_ends,
			   RV_DB_PARAMS(RV_DB_I(ctx->now_us + GIVEN_DAYS * day_us), RV_DB_T(g.last),
					RV_DB_I(GIVEN_MAX)),
			   take_given, &g);
}

int rs_expiry_survey(struct rs_ctx *ctx)
{
	int err = look_at_ca(ctx);

	if (err == RV_OK)
		err = look_at_ours(ctx);
	return err == RV_OK ? look_at_given(ctx) : err;
}
