#include "server/ls/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/time.h"
#include "log/log.h"

enum {
	NOTES_IN_FLIGHT_MAX = 16,
	FEED_TIMEOUT_US = 10 * 1000 * 1000,
	REMOTE_TIMEOUT_US = 45 * 1000 * 1000, /* longer than that of lsfeed itself */
	NOTE_TIMEOUT_US = 5 * 1000 * 1000,
};

static void settle(struct ls_source *s)
{
	if (s->is_stopping)
		s->on_settled(s->arg);
}

/* -- to the RS and back ----------------------------------------------------------------------- */

/* The method at the RS here, the operation at one on another host. */
struct way {
	const char *method, *op;
	int64_t timeout_us;
};
static const struct way to_feed = { "rs.feed", "feed.read", FEED_TIMEOUT_US };
static const struct way to_report = { "rs.report", "feed.report", FEED_TIMEOUT_US };
static const struct way to_note = { "rs.waiting-note", "feed.note", NOTE_TIMEOUT_US };

static int ask(struct ls_source *s, const struct way *way, struct rv_str body, rv_bus_reply_fn fn,
	       void *arg)
{
	struct rv_lsfeed_exchange_in in = { .source = rv_str(s->op->name),
					    .op = rv_str(way->op),
					    .request = body };
	struct rv_buf envelope = { .wipe = true };

	if (s->kind == LS_SOURCE_LOCAL)
		return rv_bus_request(s->bus, "rs", -1, way->method, body, way->timeout_us, fn,
				      arg);
	rv_lsfeed_exchange_in_encode(&in, &envelope);
	int err = envelope.err;
	if (err == RV_OK)
		err = rv_bus_request(s->bus, "lsfeed", -1, "lsfeed.exchange", rv_buf_str(&envelope),
				     REMOTE_TIMEOUT_US, fn, arg);
	rv_buf_deinit(&envelope);
	return err;
}

/* The RS's own words, out of what lsfeed put around them. Points into `body`. */
static int open_answer(const struct ls_source *s, struct rv_str body, struct rv_arena *arena,
		       struct rv_str *out)
{
	struct rv_lsfeed_exchange_out answer = { 0 };

	*out = body;
	if (s->kind == LS_SOURCE_LOCAL)
		return RV_OK;
	int err = rv_lsfeed_exchange_out_decode(body, arena, &answer);
	*out = answer.answer;
	return err;
}

/* -- the feed --------------------------------------------------------------------------------- */

static void ask_feed(struct ls_source *s);

static int work_apply(struct rv_db_tx *tx, void *arg)
{
	struct ls_source *s = arg;

	return ls_apply_page(s->store, tx, s->op, &s->page, &s->applying, rv_time_utc_us());
}

static void log_complete(const struct ls_source *s)
{
	if (s->applying.is_complete && !s->cursor.is_complete)
		rv_log(RV_LOG_INFO, "ls.snapshot.completed", RV_KS("operator", s->op->name),
		       RV_KI("pages", s->pages), RV_KI("cursor", s->applying.after));
}

static void apply_done(void *arg, int status)
{
	struct ls_source *s = arg;
	/* Asking after what was applied also tells the RS that it is durable here. */
	bool is_more = s->page.has_more || s->is_rung || s->page.records_len > 0;

	rv_fail_point("ls.feed.applied");
	s->has_news |= s->page.records_len > 0;
	rv_arena_wipe(&s->page_arena);
	s->is_asking = false;
	if (status == RV_OK) {
		s->pages++;
		s->failure = RV_OK;
		log_complete(s);
		s->cursor = s->applying;
		if (is_more || !s->cursor.is_complete)
			ask_feed(s);
	} else { /* the next tick asks for the same page again */
		s->failed_pages++;
		s->failure = status;
		rv_log(RV_LOG_ERROR, "ls.feed.not_applied", RV_KS("operator", s->op->name),
		       RV_KS("error", rv_err_name(status)));
	}
	settle(s);
}

/* What comes from another host is held to the contract before it gets near the store. */
static int read_page(struct ls_source *s, struct rv_str body)
{
	struct rv_str copy = rv_arena_str(&s->page_arena, body), page;

	if (copy.ptr == NULL)
		return RV_ELIMIT;
	int err = open_answer(s, copy, &s->page_arena, &page);
	if (err == RV_OK)
		err = rv_rs_feed_out_decode(page, &s->page_arena, &s->page);
	return err == RV_OK ? rv_rs_feed_out_check(&s->page, NULL) : err;
}

static void on_feed(void *arg, int status, struct rv_str body)
{
	struct ls_source *s = arg;

	if (status == RV_OK)
		status = read_page(s, body);
	if (status == RV_OK && !s->is_stopping) {
		rv_fail_point("ls.feed.read");
		s->heard_us = rv_time_boot_us();
		s->applying = s->cursor;
		status = rv_db_submit(s->store->db, work_apply, apply_done, s);
		if (status == RV_OK)
			return;
	}
	s->failure = status;
	if (status != RV_OK)
		rv_log(RV_LOG_WARN, "ls.feed.not_read", RV_KS("operator", s->op->name),
		       RV_KS("error", rv_err_name(status)));
	s->failed_pages += status != RV_OK;
	rv_arena_wipe(&s->page_arena);
	s->is_asking = false;
	settle(s);
}

/* One question at a time; a doorbell during it is remembered. */
static void ask_feed(struct ls_source *s)
{
	struct rv_rs_feed_in in = { .after = s->cursor.after,
				    .limit = LS_FEED_LIMIT,
				    .reader = rv_str(s->store->id),
				    .epoch = rv_str(s->cursor.epoch),
				    .is_complete = s->cursor.is_complete };
	struct rv_buf body = { 0 };
	int err;

	s->is_rung = s->is_asking;
	if (s->is_asking || s->is_stopping || s->kind == LS_SOURCE_FILE)
		return;
	rv_rs_feed_in_encode(&in, &body);
	err = body.err;
	if (err == RV_OK)
		err = ask(s, &to_feed, rv_buf_str(&body), on_feed, s);
	rv_buf_deinit(&body);
	s->is_asking = err == RV_OK; /* otherwise the RS is away: the next tick asks again */
	if (err != RV_OK)
		s->failure = err;
}

/* -- notes ------------------------------------------------------------------------------------ */

struct sent_note {
	struct ls_source *s;
	char distid[40];
};

static void send_notes(struct ls_source *s);

static void on_noted(void *arg, int status, struct rv_str body)
{
	struct sent_note *sent = arg;
	struct ls_source *s = sent->s;

	(void)body;
	s->notes_in_flight--;
	if (status == RV_OK)
		s->notes_sent++;
	else
		ls_notes_keep(&s->notes, rv_str(sent->distid));
	free(sent);
	if (status == RV_OK)
		send_notes(s);
	settle(s);
}

static int send_note(struct ls_source *s, const struct ls_note *note)
{
	struct rv_rs_waiting_note_in in = { .distid = rv_str(note->distid),
					    .reason = note->reason,
					    .address = rv_str(note->address),
					    .description = rv_str(note->description),
					    .key_mac = rv_strn(note->mac, sizeof(note->mac)),
					    .at = note->at_us };
	struct sent_note *sent = calloc(1, sizeof(*sent));
	struct rv_buf body = { 0 };
	int err = -ENOMEM;

	if (sent == NULL)
		return err;
	sent->s = s;
	snprintf(sent->distid, sizeof(sent->distid), "%s", note->distid);
	rv_rs_waiting_note_in_encode(&in, &body);
	err = body.err;
	if (err == RV_OK)
		err = ask(s, &to_note, rv_buf_str(&body), on_noted, sent);
	rv_buf_deinit(&body);
	if (err == RV_OK)
		s->notes_in_flight++;
	else
		free(sent);
	return err;
}

/* What cannot leave now stays until the next tick. */
static void send_notes(struct ls_source *s)
{
	struct ls_note *note;

	while (!s->is_stopping && s->notes_in_flight < NOTES_IN_FLIGHT_MAX) {
		note = ls_notes_next(&s->notes, rv_time_boot_us());
		if (note == NULL)
			return;
		if (send_note(s, note) != RV_OK) {
			ls_notes_keep(&s->notes, rv_str(note->distid));
			return;
		}
	}
}

void ls_source_note(struct ls_source *s, const struct rv_rs_waiting_note_in *note)
{
	if (s->kind == LS_SOURCE_FILE)
		return;
	ls_notes_put(&s->notes, note);
	send_notes(s);
}

/* -- reports ---------------------------------------------------------------------------------- */

static void end_report(struct ls_source *s)
{
	rv_arena_wipe(&s->report_arena);
	s->is_reporting = false;
	settle(s);
}

static int work_told(struct rv_db_tx *tx, void *arg)
{
	struct ls_source *s = arg;

	return ls_report_told(tx, s->op, &s->report);
}

/* A full report has probably left something. */
static void told_done(void *arg, int status)
{
	struct ls_source *s = arg;
	const struct rv_rs_report_in *m = &s->report.message;

	rv_fail_point("ls.report.told");
	if (status == RV_OK) {
		s->reported += m->given_len + m->claims_len;
		s->has_news |= m->given_len == LS_REPORT_ITEMS || m->claims_len == LS_REPORT_ITEMS;
	}
	end_report(s);
}

static void on_reported(void *arg, int status, struct rv_str body)
{
	struct ls_source *s = arg;

	(void)body;
	rv_fail_point("ls.report.sent");
	if (status == RV_OK && !s->is_stopping)
		status = rv_db_submit(s->store->db, work_told, told_done, s);
	else if (status == RV_OK)
		status = RV_ECANCELED; /* it is told once more: that does nothing */
	if (status == RV_OK)
		return;
	rv_log(RV_LOG_DEBUG, "ls.report.not_sent", RV_KS("operator", s->op->name),
	       RV_KS("error", rv_err_name(status)));
	end_report(s);
}

static int work_report(struct rv_db_tx *tx, void *arg)
{
	struct ls_source *s = arg;

	return ls_report_make(tx, &s->report_arena, s->op, rv_time_utc_us(), &s->report);
}

static void report_made(void *arg, int status)
{
	struct ls_source *s = arg;
	const struct rv_rs_report_in *m = &s->report.message;
	struct rv_buf body = { 0 };

	if (status == RV_OK && (s->is_stopping || m->given_len + m->claims_len == 0))
		status = RV_ECANCELED;
	if (status == RV_OK) {
		rv_rs_report_in_encode(m, &body);
		status = body.err;
	}
	if (status == RV_OK)
		status = ask(s, &to_report, rv_buf_str(&body), on_reported, s);
	rv_buf_deinit(&body);
	if (status != RV_OK)
		end_report(s);
}

static void report(struct ls_source *s)
{
	if (s->is_reporting || s->is_stopping || s->kind == LS_SOURCE_FILE)
		return;
	s->has_news = false;
	s->is_reporting = rv_db_submit(s->store->db, work_report, report_made, s) == RV_OK;
}

/* -- life ------------------------------------------------------------------------------------- */

void ls_source_init(struct ls_source *s, uint64_t seed)
{
	ls_notes_init(&s->notes, seed);
	rv_arena_init(&s->page_arena, LS_PAGE_BYTES_MAX);
	rv_arena_init(&s->report_arena, LS_PAGE_BYTES_MAX);
}

void ls_source_deinit(struct ls_source *s)
{
	ls_notes_deinit(&s->notes);
	rv_arena_wipe(&s->page_arena);
	rv_arena_wipe(&s->report_arena);
}

void ls_source_tick(struct ls_source *s)
{
	unsigned poll_s = s->kind == LS_SOURCE_LOCAL ? LS_POLL_LOCAL_S : LS_POLL_REMOTE_S;

	send_notes(s);
	if (++s->ticks % poll_s == 0)
		ask_feed(s);
	if (s->has_news || s->ticks % LS_REPORT_EVERY_S == 0)
		report(s);
}

void ls_source_ring(struct ls_source *s)
{
	ask_feed(s);
	send_notes(s);
}

void ls_source_stop(struct ls_source *s)
{
	s->is_stopping = true;
}

bool ls_source_is_idle(const struct ls_source *s)
{
	return !s->is_asking && !s->is_reporting && s->notes_in_flight == 0;
}
