#include "base/time.h"
#include "log/log.h"
#include "server/rs/duty_priv.h"

static void look(struct rs_filler *f);

void rs_filler_init(struct rs_filler *filler, struct rs_duty *duty)
{
	*filler = (struct rs_filler){ .duty = duty, .from = INT64_MAX };
	rv_arena_init(&filler->arena, 1024 * 1024);
}

/* What a round left undone begins the next one. */
static void sleep_again(struct rs_filler *f, bool is_done)
{
	bool is_kicked = f->is_kicked && !f->duty->is_stopping;

	f->is_busy = false;
	f->is_kicked = false;
	if (!is_done && f->after < f->from)
		f->from = f->after;
	rv_arena_wipe(&f->arena);
	if (is_kicked)
		rs_filler_kick(f, f->from);
	else
		rs_duty_settle(f->duty);
}

static struct rs_ctx make_ctx(struct rs_filler *f, struct rv_db_tx *tx)
{
	return (struct rs_ctx){
		.rs = f->duty->rs, .tx = tx, .arena = &f->arena, .now_us = rv_time_utc_us()
	};
}

static int work_put(struct rv_db_tx *tx, void *arg)
{
	struct rs_filler *f = arg;
	struct rs_ctx ctx = make_ctx(f, tx);

	return rs_certificate_put(&ctx, f->device_id, &f->made, false);
}

static void done_put(void *arg, int status)
{
	struct rs_filler *f = arg;

	if (status != RV_OK) {
		rv_log(RV_LOG_ERROR, "rs.certificate.not_kept", RV_KV("device", f->distid),
		       RV_KS("error", rv_err_name(status)));
		sleep_again(f, false);
		return;
	}
	f->duty->certificates++;
	f->after = f->device_id;
	look(f);
}

/* Without the ca there are no certificates now; its link coming up is the next kick. */
static void on_made(void *arg, int status, struct rv_str body)
{
	struct rs_filler *f = arg;
	struct rv_str copy;

	if (status == RV_OK) {
		copy = rv_arena_str(&f->arena, body);
		status = copy.ptr == NULL ? RV_ELIMIT
					  : rv_ca_issue_sa_out_decode(copy, &f->arena, &f->made);
	}
	if (status == RV_OK && !f->duty->is_stopping)
		status = rv_db_submit(f->duty->rs->db, work_put, done_put, f);
	else if (status == RV_OK)
		status = RV_ECANCELED;
	if (status == RV_OK)
		return;
	rv_log(RV_LOG_WARN, "rs.certificate.not_made", RV_KV("device", f->distid),
	       RV_KS("error", rv_err_name(status)));
	sleep_again(f, false);
}

static int work_look(struct rv_db_tx *tx, void *arg)
{
	struct rs_filler *f = arg;
	struct rs_ctx ctx = make_ctx(f, tx);

	return rs_certificate_missing(&ctx, f->after, &f->device_id, &f->distid);
}

static void done_look(void *arg, int status)
{
	struct rs_filler *f = arg;

	if (status == RV_OK && f->device_id == 0)
		sleep_again(f, true);
	else if (status != RV_OK || f->duty->is_stopping ||
		 rs_ask_ca(f->duty, f->distid, on_made, f) != RV_OK)
		sleep_again(f, false);
}

static void look(struct rs_filler *f)
{
	rv_arena_wipe(&f->arena);
	f->device_id = 0;
	if (f->duty->is_stopping || rv_db_submit(f->duty->rs->db, work_look, done_look, f) != RV_OK)
		sleep_again(f, false);
}

void rs_filler_kick(struct rs_filler *filler, int64_t from)
{
	if (filler->duty->is_stopping)
		return;
	if (from < filler->from)
		filler->from = from;
	filler->is_kicked = filler->is_busy;
	if (filler->is_busy)
		return;
	filler->is_busy = true;
	filler->after = filler->from > 0 ? filler->from - 1 : 0;
	filler->from = INT64_MAX;
	look(filler);
}
