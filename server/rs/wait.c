#include "server/rs/wait.h"

#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "log/log.h"
#include "server/rs/duty_priv.h"
#include "server/rs/feed.h"

enum { WAIT_ARENA_MAX = 64 * 1024 * 1024 };

static void look(struct rs_waits *w);

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_deadline(uv_timer_t *timer)
{
	look(timer->data);
}

int rs_waits_init(struct rs_waits *waits, struct rs_duty *duty)
{
	*waits = (struct rs_waits){ .duty = duty };
	rv_arena_init(&waits->arena, WAIT_ARENA_MAX);
	waits->timer = malloc(sizeof(*waits->timer));
	if (waits->timer == NULL)
		return -ENOMEM;
	waits->timer->data = waits;
	return uv_timer_init(rv_duty_loop(duty->duty), waits->timer);
}

static void finish(struct rs_waits *w, struct rs_wait *wait)
{
	w->count--;
	wait->done(wait, &wait->seen);
}

/* -- a look ----------------------------------------------------------------------------------- */

static int work_look(struct rv_db_tx *tx, void *arg)
{
	struct rs_waits *w = arg;
	struct rs_ctx ctx = { .rs = w->duty->rs, .tx = tx, .arena = &w->arena };
	int err = RV_OK;

	for (struct rs_wait *wait = w->looked_at; err == RV_OK && wait != NULL; wait = wait->next)
		err = rs_ls_outcomes(&ctx, wait->wanted.seq, &wait->seen);
	return err;
}

static bool have_all(const struct rv_ls_outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->ls_len; i++)
		if (!outcomes->ls[i].has_it)
			return false;
	return true;
}

static void set_timer(struct rs_waits *w)
{
	int64_t earliest = INT64_MAX, now = rv_time_boot_us();

	if (w->duty->is_stopping)
		return;
	for (struct rs_wait *wait = w->first; wait != NULL; wait = wait->next)
		if (wait->deadline_us < earliest)
			earliest = wait->deadline_us;
	if (w->first == NULL)
		uv_timer_stop(w->timer);
	else
		uv_timer_start(w->timer, on_deadline,
			       earliest > now ? (uint64_t)(earliest - now) / RV_US_PER_MS + 1 : 0,
			       0);
}

static void look_done(void *arg, int status)
{
	struct rs_waits *w = arg;
	struct rs_wait *wait, *next;
	int64_t now = rv_time_boot_us();

	if (status != RV_OK)
		rv_log(RV_LOG_WARN, "rs.wait.not_looked", RV_KS("error", rv_err_name(status)));
	for (wait = w->looked_at; wait != NULL; wait = next) {
		next = wait->next;
		if (status != RV_OK)
			wait->seen = (struct rv_ls_outcomes){ 0 };
		if (w->duty->is_stopping || wait->deadline_us <= now ||
		    (status == RV_OK && have_all(&wait->seen))) {
			finish(w, wait);
			continue;
		}
		wait->next = w->first;
		w->first = wait;
	}
	w->looked_at = NULL;
	rv_arena_wipe(&w->arena);
	w->is_looking = false;
	if (w->is_due || w->duty->is_stopping)
		look(w);
	else
		set_timer(w);
	rs_duty_settle(w->duty);
}

/* The store takes no work: nobody waits for what cannot be seen. */
static void give_up(struct rs_waits *w)
{
	struct rs_wait *wait, *next;

	for (wait = w->looked_at; wait != NULL; wait = next) {
		next = wait->next;
		wait->seen = (struct rv_ls_outcomes){ 0 };
		finish(w, wait);
	}
	w->looked_at = NULL;
}

static void look(struct rs_waits *w)
{
	w->is_due = w->is_looking;
	if (w->is_looking || w->first == NULL)
		return;
	w->looked_at = w->first;
	w->first = NULL;
	w->is_looking = rv_db_submit(w->duty->rs->db, work_look, look_done, w) == RV_OK;
	if (!w->is_looking)
		give_up(w);
}

/* -- who waits -------------------------------------------------------------------------------- */

void rs_waits_add(struct rs_waits *w, struct rs_wait *wait)
{
	int64_t seconds = w->count < RS_WAITS_MAX ? wait->wanted.seconds : 0;

	wait->deadline_us = rv_time_boot_us() + seconds * RV_US_PER_SEC;
	wait->next = w->first;
	w->first = wait;
	w->count++;
	look(w);
}

void rs_waits_moved(struct rs_waits *w)
{
	look(w);
}

void rs_waits_stop(struct rs_waits *w)
{
	uv_close((uv_handle_t *)w->timer, on_timer_closed);
	look(w);
}
