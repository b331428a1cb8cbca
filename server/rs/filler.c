#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "log/log.h"
#include "server/rs/duty_priv.h"

/* Rest per work, while devices wait for answers: a fifth of the time of writer and ca. */
enum { FILLER_REST = 4, FILLER_ARENA_MAX = 4 * 1024 * 1024 };

static void look(struct rs_filler *f);

int rs_filler_init(struct rs_filler *filler, struct rs_duty *duty)
{
	*filler = (struct rs_filler){ .duty = duty, .from = INT64_MAX };
	rv_arena_init(&filler->arena, FILLER_ARENA_MAX);
	filler->pause = malloc(sizeof(*filler->pause));
	if (filler->pause == NULL)
		return -ENOMEM;
	filler->pause->data = filler;
	return uv_timer_init(rv_duty_loop(duty->duty), filler->pause);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
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

void rs_filler_stop(struct rs_filler *f)
{
	bool is_resting = f->is_busy && uv_is_active((uv_handle_t *)f->pause);

	uv_close((uv_handle_t *)f->pause, on_timer_closed);
	if (is_resting)
		sleep_again(f, false);
}

static struct rs_ctx make_ctx(struct rs_filler *f, struct rv_db_tx *tx)
{
	return (struct rs_ctx){ .rs = f->duty->rs,
				.tx = tx,
				.arena = &f->arena,
				.now_us = rv_time_utc_us(),
				.author = RV_STR_LIT("reeve") };
}

static void on_rested(uv_timer_t *timer)
{
	look(timer->data);
}

/* On with the next ones; if devices wait, after a rest. */
static void go_on(struct rs_filler *f)
{
	int64_t worked_us = rv_time_boot_us() - f->began_us;
	struct rv_serve_stats s;

	rv_serve_stats(f->duty->serve, &s);
	if (s.open == 0 || f->duty->is_stopping)
		look(f);
	else
		uv_timer_start(f->pause, on_rested,
			       (uint64_t)(FILLER_REST * worked_us / RV_US_PER_MS), 0);
}

static int work_put(struct rv_db_tx *tx, void *arg)
{
	struct rs_filler *f = arg;
	struct rs_ctx ctx = make_ctx(f, tx);
	int err = RV_OK;

	for (size_t i = 0; i < f->made.issued_len && err == RV_OK; i++)
		err = rs_certificate_put(&ctx, f->missing[i].id, &f->made.issued[i], false);
	return err;
}

static void done_put(void *arg, int status)
{
	struct rs_filler *f = arg;
	size_t n = f->made.issued_len;

	if (status != RV_OK) {
		rv_log(RV_LOG_ERROR, "rs.certificates.not_kept",
		       RV_KV("first_device", f->missing[0].distid), RV_KI("count", n),
		       RV_KS("error", rv_err_name(status)));
		sleep_again(f, false);
		return;
	}
	f->duty->certificates += n;
	f->after = f->missing[n - 1].id;
	go_on(f);
}

/* Without the ca there are no certificates now; its link coming up is the next kick. */
static void on_made(void *arg, int status, struct rv_str body)
{
	struct rs_filler *f = arg;
	struct rv_str copy;

	if (status == RV_OK) {
		copy = rv_arena_str(&f->arena, body);
		status = copy.ptr == NULL ? RV_ELIMIT
					  : rv_ca_issue_many_out_decode(copy, &f->arena, &f->made);
	}
	if (status == RV_OK && (f->made.issued_len == 0 || f->made.issued_len > f->missing_count))
		status = RV_ESYNTAX;
	if (status == RV_OK && !f->duty->is_stopping)
		status = rv_db_submit(f->duty->rs->db, work_put, done_put, f);
	else if (status == RV_OK)
		status = RV_ECANCELED;
	if (status == RV_OK)
		return;
	rv_log(RV_LOG_WARN, "rs.certificates.not_made", RV_KV("first_device", f->missing[0].distid),
	       RV_KI("count", f->missing_count), RV_KS("error", rv_err_name(status)));
	sleep_again(f, false);
}

static int ask(struct rs_filler *f)
{
	struct rv_str distids[RS_CERTIFICATES_MANY];
	struct rv_ca_issue_many_in in = { .distids = distids,
					  .distids_len = f->missing_count,
					  .key = f->duty->sa_key };
	struct rv_buf body = { 0 };
	int err = RV_ECANCELED;

	for (size_t i = 0; i < f->missing_count; i++)
		distids[i] = f->missing[i].distid;
	rv_ca_issue_many_in_encode(&in, &body);
	if (!f->duty->is_stopping)
		err = body.err;
	if (err == RV_OK)
		err = rv_bus_request(f->duty->bus, "ca", -1, "ca.issue-many", rv_buf_str(&body),
				     RS_CA_MANY_TIMEOUT_US, on_made, f);
	rv_buf_deinit(&body);
	return err;
}

static int work_look(struct rv_db_tx *tx, void *arg)
{
	struct rs_filler *f = arg;
	struct rs_ctx ctx = make_ctx(f, tx);

	return rs_certificate_missing(&ctx, f->after, f->missing, RS_CERTIFICATES_MANY,
				      &f->missing_count);
}

static void done_look(void *arg, int status)
{
	struct rs_filler *f = arg;

	if (status == RV_OK && f->missing_count == 0)
		sleep_again(f, true);
	else if (status != RV_OK || ask(f) != RV_OK)
		sleep_again(f, false);
}

static void look(struct rs_filler *f)
{
	rv_arena_wipe(&f->arena);
	f->missing_count = 0;
	f->began_us = rv_time_boot_us();
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
