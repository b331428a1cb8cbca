#include "server/rs/hold.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "server/rs/config.h"
#include "server/rs/incident.h"
#include "server/rs/sql/sql.h"

enum {
	REFUSALS_MAX = 64, /* versions of one device; more are not looked at */
	RAN_MAX = 16,      /* versions that ran, tried as a fallback */
	NAMES_MAX = 200,   /* bytes of the list of modules in an incident */
};

/* -- what the store has --------------------------------------------------------------------- */

struct versions {
	struct rs_guard_version list[REFUSALS_MAX];
	size_t count, limit;
};

static int take_refusal(const struct rv_db_row *row, void *arg)
{
	struct versions *v = arg;

	if (v->count < v->limit)
		v->list[v->count++] = (struct rs_guard_version){ rv_db_col_int(row, 0),
								 rv_db_col_int(row, 1) };
	return RV_OK;
}

static int take_ran(const struct rv_db_row *row, void *arg)
{
	struct versions *v = arg;

	if (v->count < v->limit)
		v->list[v->count++].id = rv_db_col_int(row, 0);
	return RV_OK;
}

static int64_t refusals_of(const struct versions *refused, int64_t id)
{
	for (size_t i = 0; i < refused->count; i++) {
		if (refused->list[i].id == id)
			return refused->list[i].refusals;
	}
	return 0;
}

/* Versions that the device took, latest first. The running one comes first although an old store
 * may not have logged it. */
static int find_ran(struct rs_ctx *ctx, const struct rs_hold_device *device,
		    const struct versions *refused, struct versions *out)
{
	*out = (struct versions){ .list[0].id = device->running_id, .count = 1, .limit = RAN_MAX };
	int err = rv_db_query(
		ctx->tx, &rs_sql_event_ran,
		RV_DB_PARAMS(RV_DB_I(device->id), RV_DB_I(RV_CONFIG_CAUSE_TAKEN), RV_DB_I(RAN_MAX)),
		take_ran, out);

	for (size_t i = 0; i < out->count; i++)
		out->list[i].refusals = refusals_of(refused, out->list[i].id);
	return err;
}

/* -- telling -------------------------------------------------------------------------------- */

static const struct rv_module *find_module(const struct rv_module *modules, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (modules[i].id == id)
			return &modules[i];
	}
	return NULL;
}

static bool is_same(const struct rv_module *a, const struct rv_module *b)
{
	return rv_contract_equal(&rv_module_type, a, b);
}

/* "1 (2.0), 7": modules of the refused config that the device does not run as they are. It does not
 * tell which one it disliked; among these it must be, if it likes what it runs. */
static int name_modules(struct rs_ctx *ctx, const struct rs_hold_device *device, struct rv_buf *out)
{
	struct rv_module *given, *runs = NULL;
	size_t n_given, n_runs = 0;
	int err = rs_config_load(ctx, device->startup_id, &given, &n_given);

	if (err == RV_OK && device->running_id != 0 && device->running_id != device->startup_id)
		err = rs_config_load(ctx, device->running_id, &runs, &n_runs);
	if (err != RV_OK)
		return err;
	for (size_t i = 0; i < n_given && out->len < NAMES_MAX; i++) {
		const struct rv_module *known = find_module(runs, n_runs, given[i].id);

		if (known != NULL && is_same(known, &given[i]))
			continue;
		rv_buf_printf(out, "%s%u", out->len > 0 ? ", " : "", (unsigned)given[i].id);
		if (given[i].version.len > 0)
			rv_buf_printf(out, " (%.*s)", RV_STR_ARG(given[i].version));
	}
	if (out->len == 0)
		rv_buf_puts(out, "-");
	return out->err;
}

static int tell_hold(struct rs_ctx *ctx, const struct rs_hold_device *device,
		     const struct rv_rs_pull_in *pull, const struct rs_guard_choice *choice,
		     int64_t refusals)
{
	char config[RV_ID_TEXT_MAX + 1], served[RV_ID_TEXT_MAX + 1] = "-", count[24];
	struct rv_buf names = { 0 }, detail = { 0 };
	int err = name_modules(ctx, device, &names);

	rv_id_format(device->startup_id, "cfg", config);
	if (choice->serve != 0)
		rv_id_format(choice->serve, "cfg", served);
	snprintf(count, sizeof(count), "%lld", (long long)refusals);
	rv_buf_printf(&detail, "%.*s; %.*s; %.*s", RV_STR_ARG(pull->trigger),
		      RV_STR_ARG(pull->description), RV_STR_ARG(pull->firmware));
	if (err == RV_OK)
		err = detail.err;
	const struct rv_incident_parameter parameters[] = {
		{ RV_STR_LIT("config"), rv_str(config) },
		{ RV_STR_LIT("modules"), rv_buf_str(&names) },
		{ RV_STR_LIT("refusals"), rv_str(count) },
		{ RV_STR_LIT("served"), rv_str(served) },
	};
	const struct rs_incident incident = { .kind = RV_INCIDENT_KIND_CONFIG_HELD,
					      .subject = device->distid,
					      .parameters = parameters,
					      .parameter_count = RV_ARRAY_LEN(parameters),
					      .detail = rv_buf_str(&detail) };
	if (err == RV_OK)
		err = rs_incident_raise(ctx, &incident, NULL);
	rv_buf_deinit(&names);
	rv_buf_deinit(&detail);
	return err;
}

/* -- judging -------------------------------------------------------------------------------- */

/* *is_new: with this refusal the startup config is held. */
static int count_refusal(struct rs_ctx *ctx, const struct rs_hold_device *device,
			 struct rv_str trigger, bool *is_refusal)
{
	*is_refusal = rs_guard_is_refusal(device->is_pending, trigger);
	if (!*is_refusal)
		return RV_OK;
	return rv_db_exec(ctx->tx, &rs_sql_refusal_add,
			  RV_DB_PARAMS(RV_DB_I(device->id), RV_DB_I(device->delivered_id)), NULL);
}

static int begin_hold(struct rs_ctx *ctx, const struct rs_hold_device *device)
{
	const struct rs_config_event event = { .device_id = device->id,
					       .version_id = device->startup_id,
					       .previous_id = device->startup_id,
					       .kind = RV_CONFIG_KIND_STARTUP,
					       .cause = RV_CONFIG_CAUSE_HELD,
					       .author = RV_STR_LIT("reeve") };

	return rs_config_log(ctx, &event);
}

int rs_hold_choose(struct rs_ctx *ctx, const struct rs_hold_device *device,
		   const struct rv_rs_pull_in *pull, struct rs_guard_choice *out)
{
	const struct rs_guard_policy *policy = &ctx->rs->settings.guard;
	struct versions refused = { .limit = REFUSALS_MAX }, ran = { 0 };
	bool is_refusal;
	int err = count_refusal(ctx, device, pull->trigger, &is_refusal);

	if (err == RV_OK)
		err = rv_db_query(ctx->tx, &rs_sql_refusal_list, RV_DB_PARAMS(RV_DB_I(device->id)),
				  take_refusal, &refused);
	if (err != RV_OK)
		return err;
	struct rs_guard_version startup = { device->startup_id,
					    refusals_of(&refused, device->startup_id) };
	if (startup.refusals > 0)
		err = find_ran(ctx, device, &refused, &ran);
	*out = rs_guard_choose(policy, startup, ran.list, ran.count);
	if (err != RV_OK || !out->is_held)
		return err;
	if (is_refusal && device->delivered_id == startup.id &&
	    startup.refusals >= policy->refusals_max) /* what is held is not delivered again */
		err = begin_hold(ctx, device);
	return err == RV_OK ? tell_hold(ctx, device, pull, out, startup.refusals) : err;
}

int rs_hold_end(struct rs_ctx *ctx, int64_t device_id, struct rv_str distid, int64_t version_id)
{
	int err = version_id != 0
			  ? rv_db_exec(ctx->tx, &rs_sql_refusal_delete,
				       RV_DB_PARAMS(RV_DB_I(device_id), RV_DB_I(version_id)), NULL)
			  : rv_db_exec(ctx->tx, &rs_sql_refusal_delete_all,
				       RV_DB_PARAMS(RV_DB_I(device_id)), NULL);

	return err == RV_OK ? rs_incident_resolve(ctx, RV_INCIDENT_KIND_CONFIG_HELD, distid) : err;
}

int rs_hold_taken(struct rs_ctx *ctx, const struct rs_hold_device *device)
{
	if (device->delivered_id == device->startup_id)
		return rs_hold_end(ctx, device->id, device->distid, device->delivered_id);
	return rv_db_exec(ctx->tx, &rs_sql_refusal_delete,
			  RV_DB_PARAMS(RV_DB_I(device->id), RV_DB_I(device->delivered_id)), NULL);
}

int rs_hold_survey(struct rs_ctx *ctx)
{
	int64_t before = ctx->now_us - ctx->rs->settings.pull_loop_window_us;

	return rs_incident_resolve_unseen(ctx, RV_INCIDENT_KIND_PULL_LOOP, before);
}

int rs_hold_pace(struct rs_ctx *ctx, struct rv_str distid, struct rv_str trigger,
		 struct rs_guard_pace *pace)
{
	const struct rs_settings *s = &ctx->rs->settings;
	struct rs_guard_loop loop = rs_guard_count(pace, ctx->now_us, s->pull_loop_window_us,
						   s->pull_loop_max);
	char pulls[24], seconds[24];

	if (loop.is_calm)
		return rs_incident_resolve(ctx, RV_INCIDENT_KIND_PULL_LOOP, distid);
	if (!loop.is_loop)
		return RV_OK;
	snprintf(pulls, sizeof(pulls), "%lld", (long long)pace->pulls);
	snprintf(seconds, sizeof(seconds), "%lld",
		 (long long)((ctx->now_us - pace->from_us) / RV_US_PER_SEC));
	const struct rv_incident_parameter parameters[] = {
		{ RV_STR_LIT("pulls"), rv_str(pulls) },
		{ RV_STR_LIT("seconds"), rv_str(seconds) },
		{ RV_STR_LIT("trigger"), trigger },
	};
	const struct rs_incident incident = { .kind = RV_INCIDENT_KIND_PULL_LOOP,
					      .subject = distid,
					      .parameters = parameters,
					      .parameter_count = RV_ARRAY_LEN(parameters) };
	return rs_incident_raise(ctx, &incident, NULL);
}
