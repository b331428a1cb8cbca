/* Figures of the lsstore duty. */
#include <string.h>

#include "base/metric.h"
#include "base/time.h"
#include "server/ls/lsstore_priv.h"

/* -- counting --------------------------------------------------------------------------------- */

static int work_count(struct rv_db_tx *tx, void *arg)
{
	struct lsstore *s = arg;
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < s->source_count; i++)
		err = ls_count(tx, &s->operators[i], &s->counting[i]);
	return err;
}

static void count_done(void *arg, int status)
{
	struct lsstore *s = arg;

	if (status == RV_OK)
		memcpy(s->counts, s->counting, sizeof(s->counts));
	s->is_counting = false;
	lsstore_settle(s);
}

void lsstore_count(struct lsstore *s)
{
	if (!s->is_counting && !s->is_stopping)
		s->is_counting = rv_db_submit(s->store.db, work_count, count_done, s) == RV_OK;
}

/* One figure of each operator. */
struct figure {
	const char *name, *help;
	uint64_t (*get)(const struct lsstore *s, size_t i);
};

static uint64_t get_held(const struct lsstore *s, size_t i)
{
	return (uint64_t)s->counts[i].held;
}

static uint64_t get_refused(const struct lsstore *s, size_t i)
{
	return (uint64_t)(s->counts[i].taken + s->counts[i].over_limit);
}

static uint64_t get_cursor(const struct lsstore *s, size_t i)
{
	return s->sources[i].cursor.after;
}

static uint64_t get_complete(const struct lsstore *s, size_t i)
{
	return s->sources[i].cursor.is_complete;
}

static uint64_t get_silence(const struct lsstore *s, size_t i)
{
	int64_t heard = s->sources[i].heard_us;

	return heard > 0 ? (uint64_t)((rv_time_boot_us() - heard) / RV_US_PER_SEC) : 0;
}

static const struct figure figures[] = {
	{ "operator_devices", "Distribution ids that the operator holds.", get_held },
	{ "operator_refused", "Ids it claims and may not have: taken, or over its limit.",
	  get_refused },
	{ "operator_cursor", "Change number up to which its feed was taken over.", get_cursor },
	{ "operator_complete", "1: the copy of its devices is whole.", get_complete },
	{ "operator_silence_seconds", "Since its RS was last heard.", get_silence },
};

static void put_operators(const struct lsstore *s, struct rv_buf *out)
{
	for (size_t f = 0; f < RV_ARRAY_LEN(figures); f++) {
		rv_metric_head(out, "ls", figures[f].name, figures[f].help);
		for (size_t i = 0; i < s->source_count; i++)
			rv_buf_printf(out, "reeve_ls_%s{operator=\"%s\"} %llu\n", figures[f].name,
				      s->operators[i].name,
				      (unsigned long long)figures[f].get(s, i));
	}
}

void lsstore_metrics(void *state, struct rv_buf *out)
{
	const struct lsstore *s = state;
	struct rv_serve_stats stats;
	struct ls_source sum = { 0 };
	uint64_t dropped = 0, waiting = 0;

	for (size_t i = 0; i < s->source_count; i++) {
		sum.pages += s->sources[i].pages;
		sum.failed_pages += s->sources[i].failed_pages;
		sum.notes_sent += s->sources[i].notes_sent;
		sum.reported += s->sources[i].reported;
		dropped += s->sources[i].notes.dropped;
		waiting += s->sources[i].notes.map.count;
	}
	rv_serve_stats(s->serve, &stats);
	const struct rv_metric rows[] = {
		{ "solicitations_total", "Solicitations of devices answered.", s->solicits },
		{ "feed_pages_total", "Pages of the feeds of the RSs taken over.", sum.pages },
		{ "feed_pages_failed_total", "Pages of the feeds that could not be had.",
		  sum.failed_pages },
		{ "notes_sent_total", "Notes on waiting devices sent to an RS.", sum.notes_sent },
		{ "notes_dropped_total", "Notes on waiting devices lost, too many waited.",
		  dropped },
		{ "notes", "Notes on waiting devices not yet sent.", waiting },
		{ "reported_total", "Versions given and ids refused that an RS was told of.",
		  sum.reported },
		{ "given_dropped_total", "Versions given that no RS will hear of.",
		  s->given_dropped },
		{ "calls_refused_total", "Calls refused, too many were open.", stats.refused },
		{ "calls_open", "Calls begun and not yet answered.", stats.open },
	};
	rv_metric_put(out, "ls", rows, RV_ARRAY_LEN(rows));
	put_operators(s, out);
	rv_serve_db_metrics(s->store.db, "ls", out);
}
