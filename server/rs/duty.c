#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/metric.h"
#include "base/time.h"
#include "log/log.h"
#include "server/rs/duty_priv.h"
#include "server/rs/feed.h"
#include "server/rs/hold.h"

/* -- methods -------------------------------------------------------------------------------------
 */

static int run_query(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct rs_ctx ctx = rs_job_ctx(tx, rs_job_of(base));

	return rs_contact_query(&ctx, base->in, base->out);
}

static void done_query(struct rv_serve_job *base, int status)
{
	struct rs_duty *d = base->owner;
	const struct rv_rs_method_query_in *in = base->in;
	const struct rv_rs_method_query_out *out = base->out;

	d->queries++;
	if (status == RV_OK)
		rv_log(RV_LOG_INFO, "rs.method_query.answered", RV_KV("device", in->distid),
		       RV_KI("code", out->code), RV_KV("address", in->address));
	rv_serve_answer(base, status);
}

static int run_note(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct rs_ctx ctx = rs_job_ctx(tx, rs_job_of(base));

	return rs_contact_note(&ctx, base->in);
}

static int run_feed(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct rs_ctx ctx = rs_job_ctx(tx, rs_job_of(base));

	ctx.author = RV_STR_LIT("local");
	return rs_feed(&ctx, base->in, base->out);
}

static void done_feed(struct rv_serve_job *base, int status)
{
	struct rs_duty *d = base->owner;

	rv_fail_point("rs.feed.read");
	if (status == RV_OK)
		rs_waits_moved(&d->waits);
	rv_serve_answer(base, status);
}

static void done_report(struct rv_serve_job *base, int status)
{
	rv_fail_point("rs.report.kept");
	rv_serve_answer(base, status);
}

static int run_report(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct rs_ctx ctx = rs_job_ctx(tx, rs_job_of(base));

	ctx.author = RV_STR_LIT("local");
	return rs_report(&ctx, base->in);
}

static int run_reseal(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct rs_ctx ctx = rs_job_ctx(tx, rs_job_of(base));

	return rs_reseal(&ctx, base->in, base->out);
}

/* Only librsapi's end of a link is a trusted transport (the supervisor checked its uid); what comes
 * through http needs a token. */
static bool is_trusted_call(const struct rv_serve_job *base)
{
	const struct rv_rs_op_in *in = base->in;

	return in->is_trusted && strcmp(base->peer, "rsapi") == 0;
}

static int run_op(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct rs_job *job = rs_job_of(base);
	const struct rv_rs_op_in *in = base->in;
	struct rs_ctx ctx = rs_job_ctx(tx, job);
	struct rv_rs_request request = { .op = in->op,
					 .token_sha256 = in->token_sha256,
					 .is_trusted = is_trusted_call(base),
					 .body = in->body };
	job->body.wipe = true;
	ctx.can_wait = true;
	int err = rs_dispatch(&ctx, &request, &job->body, &job->diag);

	job->feed_changed = ctx.feed_changed;
	job->is_read = rv_str_is(in->op, "feed.read");
	job->wait.wanted = ctx.wanted;
	job->wants_certificate = ctx.wants_certificate;
	return err;
}

static int run_check(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct rs_job *job = rs_job_of(base);
	struct rs_ctx ctx = rs_job_ctx(tx, job);

	return rs_check_token(&ctx, base->in, base->out, &job->diag);
}

static void answer_op(struct rs_job *job)
{
	rv_serve_encode(&job->base);
	rv_buf_deinit(&job->body);
	rv_serve_answer(&job->base, RV_OK);
}

static void op_waited(struct rs_wait *wait, const struct rv_ls_outcomes *outcomes)
{
	struct rs_job *job = (struct rs_job *)((char *)wait - offsetof(struct rs_job, wait));
	struct rv_rs_op_out *out = job->base.out;
	int err = rs_add_outcomes(outcomes, &job->body);

	out->body = rv_buf_str(&job->body);
	if (err != RV_OK) { /* it is done all the same; only what LSs have is not told */
		rv_serve_answer(&job->base, err);
		return;
	}
	answer_op(job);
}

/* Whatever became of it, the caller gets an answer that says so: a refusal is no failure of the
 * bus. */
static void done_op(struct rv_serve_job *base, int status)
{
	struct rs_job *job = rs_job_of(base);
	struct rs_duty *d = base->owner;
	const struct rv_rs_op_in *in = base->in;
	struct rv_rs_op_out *out = base->out;

	d->operations++;
	d->failed_operations += status != RV_OK;
	*out = (struct rv_rs_op_out){ .status = status };
	if (status == RV_OK) {
		out->body = rv_buf_str(&job->body);
	} else {
		if (job->diag.key == NULL)
			rs_db_failed(&job->diag, status);
		out->key = rv_str(job->diag.key);
		out->text = rv_str(job->diag.text);
		out->where = rv_str(job->diag.where);
	}
	rv_log(status == RV_EDB ? RV_LOG_ERROR : RV_LOG_DEBUG, "rs.operation.ended",
	       RV_KV("op", in->op), RV_KS("status", status == RV_OK ? "OK" : rv_err_name(status)));
	if (status == RV_OK && job->feed_changed)
		rv_bus_publish(d->bus, "rs.changed", (struct rv_str){ 0 });
	if (status == RV_OK && job->wants_certificate != 0)
		rs_filler_kick(&d->filler, job->wants_certificate);
	if (status == RV_OK && job->is_read)
		rs_waits_moved(&d->waits);
	job->wait.done = op_waited;
	if (status == RV_OK && job->wait.wanted.is_wanted)
		rs_waits_add(&d->waits, &job->wait);
	else
		answer_op(job);
}

static const struct rv_serve_method methods[] = {
	{ "rs.pull", &rv_rs_pull_in_type, &rv_rs_pull_out_type, sizeof(struct rs_job), rs_run_pull,
	  rs_done_pull, true },
	{ "rs.method-query", &rv_rs_method_query_in_type, &rv_rs_method_query_out_type,
	  sizeof(struct rs_job), run_query, done_query, true },
	{ "rs.waiting-note", &rv_rs_waiting_note_in_type, &rv_rs_waiting_note_out_type,
	  sizeof(struct rs_job), run_note, NULL },
	{ "rs.feed", &rv_rs_feed_in_type, &rv_rs_feed_out_type, sizeof(struct rs_job), run_feed,
	  done_feed },
	{ "rs.report", &rv_rs_report_in_type, &rv_rs_report_out_type, sizeof(struct rs_job),
	  run_report, done_report },
	{ "key.reseal-rs", &rv_key_reseal_rs_in_type, &rv_key_reseal_rs_out_type,
	  sizeof(struct rs_job), run_reseal, NULL },
	{ "rs.op", &rv_rs_op_in_type, &rv_rs_op_out_type, sizeof(struct rs_job), run_op, done_op },
	{ "rs.token-check", &rv_rs_token_check_in_type, &rv_rs_token_check_out_type,
	  sizeof(struct rs_job), run_check, NULL },
};

/* -- life ----------------------------------------------------------------------------------- */

static void on_link(void *arg, const char *peer, unsigned instance, bool is_up)
{
	struct rs_duty *d = arg;

	(void)instance;
	if (is_up && strcmp(peer, "ca") == 0)
		rs_filler_kick(&d->filler, 0);
}

static int work_count(struct rv_db_tx *tx, void *arg)
{
	struct rs_duty *d = arg;

	return rs_count(tx, &d->counting);
}

static void count_done(void *arg, int status)
{
	struct rs_duty *d = arg;

	if (status == RV_OK)
		d->counted = d->counting;
	d->is_counting = false;
	rs_duty_settle(d);
}

static void count(struct rs_duty *d)
{
	if (!d->is_counting && !d->is_stopping)
		d->is_counting = rv_db_submit(d->rs->db, work_count, count_done, d) == RV_OK;
}

static int work_survey(struct rv_db_tx *tx, void *arg)
{
	struct rs_duty *d = arg;
	struct rv_arena arena;
	struct rs_ctx ctx = { .rs = d->rs, .tx = tx, .arena = &arena, .now_us = rv_time_utc_us() };

	rv_arena_init(&arena, RS_SURVEY_ARENA_MAX);
	int err = rs_hold_survey(&ctx);
	if (err == RV_OK && d->hours == 0)
		err = rs_expiry_survey(&ctx);
	rv_arena_wipe(&arena);
	return err;
}

static void survey_done(void *arg, int status)
{
	struct rs_duty *d = arg;

	if (status != RV_OK)
		rv_log(RV_LOG_WARN, "rs.expiry.not_surveyed", RV_KS("error", rv_err_name(status)));
	d->hours = (d->hours + 1) % RS_DAY_HOURS;
	d->is_surveying = false;
	rs_duty_settle(d);
}

static void on_hour(uv_timer_t *timer)
{
	struct rs_duty *d = timer->data;

	if (!d->is_surveying && !d->is_stopping)
		d->is_surveying = rv_db_submit(d->rs->db, work_survey, survey_done, d) == RV_OK;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

static int start_surveys(struct rs_duty *d)
{
	d->hour = malloc(sizeof(*d->hour));
	if (d->hour == NULL)
		return -ENOMEM;
	d->hour->data = d;
	uv_timer_init(rv_duty_loop(d->duty), d->hour);
	uv_timer_start(d->hour, on_hour, 0, RS_HOUR_MS);
	return RV_OK;
}

static int start(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	struct rv_rs_opt opt = { .conf = rv_duty_conf(duty),
				 .state_dir = rv_duty_state_dir(duty),
				 .loop = rv_duty_loop(duty) };
	struct rs_duty *d = calloc(1, sizeof(*d));
	int err;

	if (d == NULL)
		return -ENOMEM;
	d->duty = duty;
	d->bus = rv_duty_bus(duty);
	d->conf = rv_conf_ref(rv_duty_conf(duty));
	err = rv_rs_open(&opt, &d->rs, diag);
	if (err != RV_OK)
		goto fail;
	d->sa_key = d->rs->settings.sa_key;
	struct rv_serve_opt serve = { .bus = d->bus,
				      .db = d->rs->db,
				      .owner = d,
				      .methods = methods,
				      .method_count = RV_ARRAY_LEN(methods),
				      .jobs_max = RS_JOBS_MAX,
				      .bytes_max = RS_JOB_BYTES_MAX,
				      .held_max = RS_HELD_BYTES_MAX,
				      .event = "rs.call.failed" };
	err = rv_serve_new(&serve, &d->serve);
	if (err == RV_OK)
		err = rs_waits_init(&d->waits, d);
	if (err == RV_OK)
		err = rs_filler_init(&d->filler, d);
	if (err == RV_OK)
		err = start_surveys(d);
	if (err != RV_OK)
		goto fail;
	d->is_serving = true;
	rv_bus_on_link(d->bus, on_link, d);
	count(d);
	rs_filler_kick(&d->filler, 0);
	*state = d;
	return RV_OK;
fail:
	rv_serve_free(d->serve);
	rv_rs_close(d->rs);
	free(d->waits.timer);
	free(d->filler.pause);
	rv_conf_free(d->conf);
	free(d);
	return err;
}

void rs_duty_settle(struct rs_duty *d)
{
	struct rv_duty *duty = d->duty;

	if (!d->is_stopping || d->is_serving || d->reloads > 0 || d->filler.is_busy ||
	    d->is_counting || d->is_surveying || d->waits.is_looking)
		return;
	rv_serve_free(d->serve);
	rv_rs_close(d->rs);
	rv_conf_free(d->conf);
	free(d);
	rv_duty_stopped(duty);
}

static void on_idle(void *arg)
{
	struct rs_duty *d = arg;

	d->is_serving = false;
	rs_duty_settle(d);
}

static void stop(void *state)
{
	struct rs_duty *d = state;

	d->is_stopping = true;
	rs_filler_stop(&d->filler);
	rs_waits_stop(&d->waits);
	uv_close((uv_handle_t *)d->hour, on_timer_closed);
	rv_bus_on_link(d->bus, NULL, NULL);
	rv_serve_stop(d->serve, on_idle, d);
}

static void metrics(void *state, struct rv_buf *out)
{
	struct rs_duty *d = state;
	struct rv_serve_stats s;

	rv_serve_stats(d->serve, &s);
	rv_metric_head(out, "rs", "pulls_total", "Pulls of devices, by outcome.");
	for (size_t i = 0; i < RV_ARRAY_LEN(d->pulls); i++)
		rv_buf_printf(out, "reeve_rs_pulls_total{outcome=\"%s\"} %llu\n",
			      rs_outcome_names[i], (unsigned long long)d->pulls[i]);
	const struct rv_metric rows[] = {
		{ "method_queries_total", "Method queries answered.", d->queries },
		{ "operations_total", "Operations of operators and programs.", d->operations },
		{ "operations_failed_total", "Operations refused or failed.",
		  d->failed_operations },
		{ "certificates_total", "Device certificates delivered.", d->certificates },
		{ "calls_total", "Calls over the bus.", s.calls },
		{ "calls_failed_total", "Calls answered with an error.", s.failed },
		{ "calls_refused_total", "Calls refused, too many were open.", s.refused },
		{ "calls_open", "Calls begun and not yet answered.", s.open },
		{ "devices", "Devices registered.", (uint64_t)d->counted.devices },
		{ "waiting_devices", "Devices that asked and are not registered.",
		  (uint64_t)d->counted.waiting },
		{ "incidents", "Incidents that nobody has acknowledged.",
		  (uint64_t)d->counted.incidents },
	};
	rv_metric_put(out, "rs", rows, RV_ARRAY_LEN(rows));
	rv_serve_db_metrics(d->rs->db, "rs", out);
	count(d); /* for the next reader */
}

static const char *not_ready(void *state)
{
	const struct rs_duty *d = state;

	return rv_db_not_ready(d->rs->db);
}

const struct rv_duty_code rv_rs_code = {
	.spec = &rv_rs_duty_spec,
	.schema = rv_rs_sections,
	.schema_count = 2,
	.start = start,
	.reload = rs_duty_reload,
	.stop = stop,
	.metrics = metrics,
	.not_ready = not_ready,
};
