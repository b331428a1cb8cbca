#include "server/rs/incident.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "log/log.h"
#include "server/rs/sql/sql.h"

enum { LIST_DEFAULT = 100, PARAMETERS_MAX = 16 };

/* -- raising and resolving ------------------------------------------------------------------ */

/* Cut at a character: half of one would be no UTF-8. */
static struct rv_str cut(struct rv_str text, size_t max)
{
	size_t len = text.len < max ? text.len : max;

	while (len < text.len && len > 0 && ((uint8_t)text.ptr[len] & 0xc0) == 0x80)
		len--;
	return rv_str_sub(text, 0, len);
}

/* As a message of the contract: whoever reads it years later skips what he does not know. */
static int encode_parameters(const struct rs_incident *incident, struct rv_buf *out)
{
	struct rv_incident_parameter list[PARAMETERS_MAX];
	struct rv_incident holder = { .parameters = list };

	assert(incident->parameter_count <= PARAMETERS_MAX);
	holder.parameters_len = incident->parameter_count;
	for (size_t i = 0; i < holder.parameters_len; i++)
		list[i] = (struct rv_incident_parameter){ incident->parameters[i].name,
							  cut(incident->parameters[i].value,
							      RS_INCIDENT_VALUE_MAX) };
	rv_incident_encode(&holder, out);
	return out->err;
}

static int take_seen(const struct rv_db_row *row, void *arg)
{
	*(int64_t *)arg = rv_db_col_int(row, 0);
	return RV_OK;
}

int rs_incident_raise(struct rs_ctx *ctx, const struct rs_incident *incident, bool *is_new)
{
	struct rv_buf parameters = { 0 };
	int64_t seen = 0;
	int err = encode_parameters(incident, &parameters);

	assert(incident->subject.len > 0);
	if (err == RV_OK)
		err = rv_db_query(
			ctx->tx, &rs_sql_incident_raise,
			RV_DB_PARAMS(RV_DB_I(rv_id_make(&ctx->rs->ids, ctx->now_us)),
				     RV_DB_I(incident->kind), RV_DB_T(incident->subject),
				     RV_DB_I(ctx->now_us), RV_DB_B(rv_buf_str(&parameters)),
				     RV_DB_T(cut(incident->detail, RS_INCIDENT_DETAIL_MAX)),
				     RV_DB_I(incident->is_worse)),
			take_seen, &seen);
	rv_buf_deinit(&parameters);
	if (err != RV_OK)
		return err;
	if (seen == 1)
		rv_log(RV_LOG_WARN, "rs.incident.raised",
		       RV_KS("kind", rv_incident_kind_words.words[incident->kind]),
		       RV_KV("subject", incident->subject));
	if (is_new != NULL)
		*is_new = seen == 1;
	return RV_OK;
}

static int resolve(struct rs_ctx *ctx, const struct rv_db_stmt *stmt,
		   const struct rv_db_value *params, size_t n)
{
	int64_t changed = 0;
	int err = rv_db_exec(ctx->tx, stmt, params, n, &changed);

	return err == RV_OK && changed > 0 ? rs_incident_trim(ctx) : err;
}

int rs_incident_resolve(struct rs_ctx *ctx, enum rv_incident_kind kind, struct rv_str subject)
{
	return resolve(ctx, &rs_sql_incident_resolve,
		       RV_DB_PARAMS(RV_DB_I(ctx->now_us), RV_DB_I(kind), RV_DB_T(subject)));
}

int rs_incident_resolve_unseen(struct rs_ctx *ctx, enum rv_incident_kind kind, int64_t before_us)
{
	return resolve(ctx, &rs_sql_incident_resolve_unseen,
		       RV_DB_PARAMS(RV_DB_I(ctx->now_us), RV_DB_I(kind), RV_DB_I(before_us)));
}

int rs_incident_resolve_all(struct rs_ctx *ctx, struct rv_str subject)
{
	return resolve(ctx, &rs_sql_incident_resolve_subject,
		       RV_DB_PARAMS(RV_DB_I(ctx->now_us), RV_DB_T(subject)));
}

int rs_incident_trim(struct rs_ctx *ctx)
{
	int64_t before = ctx->now_us - ctx->rs->settings.incidents_keep_us;

	return rv_db_exec(ctx->tx, &rs_sql_incident_trim, RV_DB_PARAMS(RV_DB_I(before)), NULL);
}

/* -- operations ----------------------------------------------------------------------------- */

struct taking {
	struct rs_ctx *ctx;
	struct rv_incident *list;
	size_t count;
};

/* Columns of RS_SQL_INCIDENT_COLUMNS. */
static int take_incident(const struct rv_db_row *row, void *arg)
{
	struct taking *t = arg;
	struct rs_reader r = { .row = row, .ctx = t->ctx };
	struct rv_incident *out = &t->list[t->count++];
	struct rv_incident holder = { 0 };

	out->id = rs_read_int(&r);
	out->kind = (enum rv_incident_kind)rs_read_int(&r);
	out->subject = rs_read_str(&r);
	out->state = (enum rv_incident_state)rs_read_int(&r);
	out->count = (uint64_t)rs_read_int(&r);
	out->first_at = rs_read_int(&r);
	out->last_at = rs_read_int(&r);
	out->has_acknowledged_at = rs_read_opt(&r, &out->acknowledged_at);
	out->acknowledged_by = rs_read_str(&r);
	out->note = rs_read_str(&r);
	out->has_resolved_at = rs_read_opt(&r, &out->resolved_at);
	struct rv_str parameters = rs_read_str(&r);
	out->detail = rs_read_str(&r);
	if (r.err != RV_OK)
		return r.err;
	int err = rv_incident_decode(parameters, t->ctx->arena, &holder);
	out->parameters = holder.parameters;
	out->parameters_len = holder.parameters_len;
	return err == RV_OK || err == -ENOMEM ? err : RV_ECORRUPT;
}

int rs_op_incident_list(struct rs_ctx *ctx, const struct rv_incident_list_in *in,
			struct rv_incident_list_out *out, struct rv_diag *diag)
{
	int64_t limit = in->has_limit ? in->limit : LIST_DEFAULT;
	int64_t from = in->has_state ? in->state : RV_INCIDENT_STATE_OPEN;
	int64_t to = in->has_state ? in->state
		     : in->is_all  ? RV_INCIDENT_STATE_RESOLVED
				   : RV_INCIDENT_STATE_ACKNOWLEDGED;
	struct taking t = { .ctx = ctx };

	t.list = rv_arena_array(ctx->arena, (size_t)limit, sizeof(*t.list));
	if (t.list == NULL)
		return -ENOMEM;
	int err = rv_db_query(ctx->tx, &rs_sql_incident_list,
			      RV_DB_PARAMS(RV_DB_I(in->has_before ? in->before : INT64_MAX),
					   RV_DB_I(from), RV_DB_I(to),
					   RV_DB_I(in->has_kind ? (int64_t)in->kind : -1),
					   RV_DB_T(in->subject), RV_DB_I(limit)),
			      take_incident, &t);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	out->incidents = t.list;
	out->incidents_len = t.count;
	return RV_OK;
}

static int find(struct rs_ctx *ctx, int64_t id, struct rv_incident *out, struct rv_diag *diag)
{
	struct rv_incident found = { 0 };
	struct taking t = { .ctx = ctx, .list = &found };
	int err = rs_query_one(ctx, &rs_sql_incident_get, RV_DB_PARAMS(RV_DB_I(id)), take_incident,
			       &t);

	if (err == RV_ENOTFOUND)
		return rv_diag_set(diag, err, "incident.unknown", "id",
				   "there is no such incident");
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	*out = found;
	return RV_OK;
}

int rs_op_incident_get(struct rs_ctx *ctx, const struct rv_incident_get_in *in,
		       struct rv_incident_get_out *out, struct rv_diag *diag)
{
	return find(ctx, in->id, &out->incident, diag);
}

int rs_op_incident_ack(struct rs_ctx *ctx, const struct rv_incident_ack_in *in,
		       struct rv_incident_ack_out *out, struct rv_diag *diag)
{
	struct rv_incident incident = { 0 };
	int err = find(ctx, in->id, &incident, diag);

	if (err != RV_OK)
		return err;
	if (incident.state == RV_INCIDENT_STATE_RESOLVED)
		return rv_diag_set(diag, RV_ECONFLICT, "incident.resolved", "id",
				   "this incident is over already");
	err = rv_db_exec(ctx->tx, &rs_sql_incident_ack,
			 RV_DB_PARAMS(RV_DB_I(ctx->now_us), RV_DB_T(ctx->author), RV_DB_T(in->note),
				      RV_DB_I(in->id)),
			 NULL);
	if (err != RV_OK)
		return rs_db_failed(diag, err);
	return find(ctx, in->id, &out->incident, diag);
}
