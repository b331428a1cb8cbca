/* rs.pull: the one method whose answer may wait for a certificate. */
#include <errno.h>

#include "base/fail.h"
#include "base/time.h"
#include "log/log.h"
#include "server/rs/duty_priv.h"

int rs_ask_ca(struct rs_duty *duty, struct rv_str distid, rv_bus_reply_fn fn, void *arg)
{
	struct rv_ca_issue_sa_in in = { .distid = distid, .key = duty->sa_key };
	struct rv_buf body = { 0 };
	int err = RV_ECANCELED;

	if (duty->is_stopping)
		return err;
	rv_ca_issue_sa_in_encode(&in, &body);
	err = body.err;
	if (err == RV_OK)
		err = rv_bus_request(duty->bus, "ca", -1, "ca.issue-sa", rv_buf_str(&body),
				     RS_CA_TIMEOUT_US, fn, arg);
	rv_buf_deinit(&body);
	return err;
}

const char *const rs_outcome_names[] = { "delivered", "unknown",  "no_config",
					 "wrong_key", "disabled", "other_rs",
					 "error",     "held",     "fallback" };

_Static_assert(RV_ARRAY_LEN(rs_outcome_names) == RV_PULL_OUTCOME_FALLBACK + 1,
	       "a word for each outcome");

int rs_run_pull(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct rs_job *job = rs_job_of(base);
	struct rs_ctx ctx = rs_job_ctx(tx, job);

	return rs_contact_pull(&ctx, base->in, base->out, &job->extra);
}

static void log_pull(struct rs_job *job)
{
	struct rs_duty *d = job->base.owner;
	const struct rv_rs_pull_in *in = job->base.in;
	const struct rv_rs_pull_out *out = job->base.out;

	d->pulls[job->extra.outcome]++;
	rv_log(RV_LOG_INFO, "rs.pull.recorded", RV_KV("device", in->distid),
	       RV_KI("code", out->code), RV_KS("outcome", rs_outcome_names[job->extra.outcome]),
	       RV_KV("address", in->address), RV_KV("trigger", in->trigger),
	       RV_KV("firmware", in->firmware));
}

static int work_keep(struct rv_db_tx *tx, void *arg)
{
	struct rs_job *job = arg;
	struct rs_ctx ctx = rs_job_ctx(tx, job);

	ctx.author = RV_STR_LIT("reeve");
	return rs_contact_keep(&ctx, &job->extra, &job->made);
}

/* A certificate that is not kept is not given either. */
static void keep_done(void *arg, int status)
{
	struct rs_job *job = arg;
	struct rs_duty *d = job->base.owner;
	struct rv_rs_pull_out *out = job->base.out;

	if (status == RV_OK) {
		d->certificates++;
		out->sa_certificate = job->made.certificate_pem;
		out->sa_private_key = job->made.private_key_pem;
		rv_serve_encode(&job->base);
	}
	rv_serve_answer(&job->base, RV_OK);
}

static void certificate_made(void *arg, int status, struct rv_str body)
{
	struct rs_job *job = arg;
	struct rs_duty *d = job->base.owner;
	struct rv_ca_issue_sa_out out = { 0 };
	struct rv_str copy;

	if (status == RV_OK) {
		copy = rv_arena_str(&job->base.arena, body);
		status = copy.ptr == NULL ? -ENOMEM
					  : rv_ca_issue_sa_out_decode(copy, &job->base.arena, &out);
	}
	if (status == RV_OK && !out.has_issued)
		status = RV_ESYNTAX;
	job->made = out.issued;
	if (status == RV_OK)
		status = rv_db_submit(d->rs->db, work_keep, keep_done, job);
	if (status != RV_OK)
		rv_serve_answer(&job->base, RV_OK);
}

/* The pull is recorded. A certificate is made first if one is missing; a pull never fails for
 * want of it (the device can do all but https-simple without). */
void rs_done_pull(struct rv_serve_job *base, int status)
{
	struct rs_job *job = rs_job_of(base);
	const struct rv_rs_pull_in *in = base->in;

	rv_fail_point("rs.pull.recorded");
	if (status == RV_OK)
		log_pull(job);
	if (status == RV_OK && job->extra.wants_certificate &&
	    rs_ask_ca(base->owner, in->distid, certificate_made, job) == RV_OK)
		return;
	rv_serve_answer(base, status);
}
