/* What devices were given, on its way to the store: many with one commit. */
#include <errno.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/time.h"
#include "log/log.h"
#include "server/ls/lsstore_priv.h"

enum {
	GIVEN_MAX = 8192, /* not yet in the store; beyond it the device's next call will do */
	GIVEN_FLUSH = 512,
};

static int work_flush(struct rv_db_tx *tx, void *arg)
{
	struct lsstore *s = arg;
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < s->flushing_count; i++) {
		const struct given *g = &s->flushing[i];
		struct rv_ls_given given = { .distid = rv_str(g->distid),
					     .location = rv_str(g->location),
					     .version = g->version,
					     .anchor = rv_str(g->anchor) };

		err = ls_given_put(tx, g->source->op, &given, g->at_us);
	}
	return err;
}

static void flush_done(void *arg, int status)
{
	struct lsstore *s = arg;

	rv_fail_point("ls.given.stored");
	if (status != RV_OK)
		rv_log(RV_LOG_ERROR, "ls.given.not_stored", RV_KS("error", rv_err_name(status)),
		       RV_KI("devices", s->flushing_count));
	for (size_t i = 0; status == RV_OK && i < s->flushing_count; i++)
		s->flushing[i].source->has_news = true;
	s->is_flushing = false;
	lsstore_settle(s);
}

void lsstore_flush_given(struct lsstore *s)
{
	struct given *full = s->given;

	if (s->is_flushing || s->is_stopping || s->given_count == 0)
		return;
	s->given = s->flushing;
	s->flushing = full;
	s->flushing_count = s->given_count;
	s->given_count = 0;
	s->is_flushing = rv_db_submit(s->store.db, work_flush, flush_done, s) == RV_OK;
	if (!s->is_flushing)
		s->given_dropped += s->flushing_count;
}

void lsstore_keep_given(struct lsstore *s, struct ls_source *source,
			const struct ls_outcome *outcome)
{
	struct given *g = &s->given[s->given_count];

	if (s->given_count == GIVEN_MAX) {
		s->given_dropped++;
		return;
	}
	if (!rv_str_copy(outcome->given.distid, g->distid, sizeof(g->distid)) ||
	    !rv_str_copy(outcome->given.location, g->location, sizeof(g->location)) ||
	    !rv_str_copy(outcome->given.anchor, g->anchor, sizeof(g->anchor)))
		return;
	g->source = source;
	g->version = outcome->given.version;
	g->at_us = rv_time_utc_us();
	if (++s->given_count >= GIVEN_FLUSH)
		lsstore_flush_given(s);
}

int lsstore_given_init(struct lsstore *s)
{
	s->given = calloc(GIVEN_MAX, sizeof(*s->given));
	s->flushing = calloc(GIVEN_MAX, sizeof(*s->flushing));
	return s->given != NULL && s->flushing != NULL ? RV_OK : -ENOMEM;
}

void lsstore_given_deinit(struct lsstore *s)
{
	free(s->given);
	free(s->flushing);
}
