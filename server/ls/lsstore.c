#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/metric.h"
#include "base/rand.h"
#include "base/time.h"
#include "log/log.h"
#include "server/ls/devices.h"
#include "server/ls/ls.h"
#include "server/ls/notes.h"
#include "server/ls/store.h"
#include "server/serve/serve.h"

enum {
	JOBS_MAX = 1024,
	JOB_BYTES_MAX = 256 * 1024,
	HELD_BYTES_MAX = 64 * 1024 * 1024,
	PAGE_BYTES_MAX = 64 * 1024 * 1024, /* a page of the feed, read and decoded */
	NOTES_IN_FLIGHT_MAX = 16,
	TICK_MS = 1000,
	TICKS_PER_POLL = 5, /* seconds between two looks at the feed, or at the file */
	FEED_TIMEOUT_US = 10 * 1000 * 1000,
	NOTE_TIMEOUT_US = 5 * 1000 * 1000,
	FEED_LIMIT = 500,
};

struct lsstore {
	struct rv_duty *duty;
	struct rv_bus *bus;
	struct ls_store store;
	struct rv_serve *serve;
	uv_timer_t timer;
	unsigned ticks;

	struct ls_notes notes;
	unsigned notes_in_flight;

	/* The copy. `applying` is the writer thread's, `cursor` what is stored. */
	struct ls_cursor cursor, applying;
	bool is_asking, is_rung;
	struct rv_arena page_arena;
	struct rv_rs_feed_out page;

	char file[PATH_MAX]; /* "" = copy from rs */
	struct stat file_stat;

	bool is_stopping, is_serving, is_timer_open;
	uint64_t solicits, pages, failed_pages, notes_sent;
};

static void settle(struct lsstore *s);

/* -- notes to the RS ------------------------------------------------------------------------ */

struct sent_note {
	struct lsstore *s;
	char distid[40];
};

static void send_notes(struct lsstore *s);

static void on_noted(void *arg, int status, struct rv_str body)
{
	struct sent_note *sent = arg;
	struct lsstore *s = sent->s;

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

static int send_note(struct lsstore *s, const struct ls_note *note)
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
		err = rv_bus_request(s->bus, "rs", -1, "rs.waiting-note", rv_buf_str(&body),
				     NOTE_TIMEOUT_US, on_noted, sent);
	rv_buf_deinit(&body);
	if (err == RV_OK)
		s->notes_in_flight++;
	else
		free(sent);
	return err;
}

/* What cannot leave now stays until the next tick. */
static void send_notes(struct lsstore *s)
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

/* -- ls.solicit ----------------------------------------------------------------------------- */

struct job {
	struct rv_serve_job base;
	struct rv_rs_waiting_note_in note;
	uint8_t mac[RV_SECRET_MAC_LEN];
};

static int run_solicit(struct rv_db_tx *tx, struct rv_serve_job *base)
{
	struct job *job = (struct job *)base;
	struct lsstore *s = base->owner;

	return ls_solicit(&s->store, tx, &base->arena, rv_time_utc_us(), base->in, base->out,
			  &job->note, job->mac);
}

static void done_solicit(struct rv_serve_job *base, int status)
{
	struct job *job = (struct job *)base;
	struct lsstore *s = base->owner;
	const struct rv_ls_solicit_in *in = base->in;
	const struct rv_ls_solicit_out *out = base->out;

	s->solicits++;
	if (status == RV_OK) {
		rv_log(RV_LOG_INFO, "ls.solicitation.answered", RV_KV("device", in->distid),
		       RV_KI("code", out->code), RV_KV("address", in->address),
		       RV_KV("trigger", in->trigger));
		if (job->note.distid.len > 0 && s->file[0] == '\0')
			ls_notes_put(&s->notes, &job->note);
	}
	rv_serve_answer(base, status);
	send_notes(s);
}

static const struct rv_serve_method methods[] = {
	{ "ls.solicit", &rv_ls_solicit_in_type, &rv_ls_solicit_out_type, sizeof(struct job),
	  run_solicit, done_solicit, true },
};

/* -- the feed ------------------------------------------------------------------------------- */

static void ask_feed(struct lsstore *s);

static int work_apply(struct rv_db_tx *tx, void *arg)
{
	struct lsstore *s = arg;

	return ls_apply_page(&s->store, tx, &s->page, &s->applying);
}

static void apply_done(void *arg, int status)
{
	struct lsstore *s = arg;
	bool is_more = s->page.has_more || s->is_rung;

	rv_fail_point("ls.feed.applied");
	rv_arena_wipe(&s->page_arena);
	s->is_asking = false;
	if (status == RV_OK) {
		s->pages++;
		s->cursor = s->applying;
		if (is_more || !s->cursor.is_complete)
			ask_feed(s);
	} else { /* the next tick asks for the same page again */
		s->failed_pages++;
		rv_log(RV_LOG_ERROR, "ls.feed.not_applied", RV_KS("error", rv_err_name(status)));
	}
	settle(s);
}

static void on_feed(void *arg, int status, struct rv_str body)
{
	struct lsstore *s = arg;
	struct rv_str copy;

	if (status == RV_OK) {
		copy = rv_arena_str(&s->page_arena, body);
		status = copy.ptr == NULL ? RV_ELIMIT
					  : rv_rs_feed_out_decode(copy, &s->page_arena, &s->page);
	}
	if (status == RV_OK && !s->is_stopping) {
		s->applying = s->cursor;
		status = rv_db_submit(s->store.db, work_apply, apply_done, s);
		if (status == RV_OK)
			return;
	}
	if (status != RV_OK)
		rv_log(RV_LOG_WARN, "ls.feed.not_read", RV_KS("error", rv_err_name(status)));
	rv_arena_wipe(&s->page_arena);
	s->is_asking = false;
	settle(s);
}

/* One question at a time; a doorbell during it is remembered. */
static void ask_feed(struct lsstore *s)
{
	struct rv_rs_feed_in in = { .after = s->cursor.after, .limit = FEED_LIMIT };
	struct rv_buf body = { 0 };
	int err;

	s->is_rung = s->is_asking;
	if (s->is_asking || s->is_stopping || s->file[0] != '\0')
		return;
	rv_rs_feed_in_encode(&in, &body);
	err = body.err;
	if (err == RV_OK)
		err = rv_bus_request(s->bus, "rs", -1, "rs.feed", rv_buf_str(&body),
				     FEED_TIMEOUT_US, on_feed, s);
	rv_buf_deinit(&body);
	s->is_asking = err == RV_OK; /* otherwise the RS is away: the next tick asks again */
}

static void on_doorbell(void *arg, const char *from, struct rv_str body)
{
	(void)from;
	(void)body;
	ask_feed(arg);
}

static void on_link(void *arg, const char *peer, unsigned instance, bool is_up)
{
	struct lsstore *s = arg;

	(void)instance;
	if (!is_up || strcmp(peer, "rs") != 0)
		return;
	ask_feed(s);
	send_notes(s);
}

/* -- the devices file ----------------------------------------------------------------------- */

struct loading {
	struct lsstore *s;
	struct rv_feed_record *records;
	size_t count;
};

static int work_cursor(struct rv_db_tx *tx, void *arg)
{
	return ls_cursor_load(tx, arg);
}

static int work_load(struct rv_db_tx *tx, void *arg)
{
	struct loading *l = arg;

	return ls_apply_all(&l->s->store, tx, l->records, l->count, &l->s->applying);
}

/* Blocking: an LS that runs alone has nothing else to say while its only source is read. */
static int load_file(struct lsstore *s, struct rv_diag *diag)
{
	struct rv_buf text = { .wipe = true };
	struct rv_arena arena = { 0 };
	struct loading l = { .s = s };
	int err = rv_buf_read_file(&text, s->file, LS_DEVICES_FILE_MAX);

	if (err != RV_OK)
		rv_diag_set(diag, err, "ls.devices-file", s->file, "cannot read %s (%s)", s->file,
			    rv_err_name(err));
	if (err == RV_OK)
		err = ls_devices_parse(rv_buf_str(&text), s->store.secret, &arena, &l.records,
				       &l.count, diag);
	s->applying = s->cursor;
	if (err == RV_OK)
		err = rv_db_run(s->store.db, work_load, &l);
	rv_buf_deinit(&text);
	rv_arena_wipe(&arena);
	if (err == RV_OK)
		s->cursor = s->applying;
	if (err == RV_OK)
		rv_log(RV_LOG_INFO, "ls.devices_file.loaded", RV_KS("file", s->file),
		       RV_KI("records", l.count));
	return err;
}

static bool file_changed(struct lsstore *s)
{
	struct stat st;

	if (stat(s->file, &st) != 0)
		return false;
	bool is_other = st.st_ino != s->file_stat.st_ino || st.st_size != s->file_stat.st_size ||
			st.st_mtim.tv_sec != s->file_stat.st_mtim.tv_sec ||
			st.st_mtim.tv_nsec != s->file_stat.st_mtim.tv_nsec;
	s->file_stat = st;
	return is_other;
}

/* An invalid file changes nothing; the LS goes on with what it had. */
static void look_at_file(struct lsstore *s)
{
	struct rv_diag diag = { 0 };
	struct rv_serve_stats stats;

	rv_serve_stats(s->serve, &stats);
	if (stats.open > 0) /* rv_db_run must not meet submitted work; the next tick will do */
		return;
	if (file_changed(s) && load_file(s, &diag) != RV_OK)
		rv_log(RV_LOG_ERROR, "ls.devices_file.refused", RV_KS("file", s->file),
		       RV_KI("line", diag.line), RV_KS("text", diag.text));
}

/* -- life ----------------------------------------------------------------------------------- */

static void on_tick(uv_timer_t *timer)
{
	struct lsstore *s = timer->data;

	send_notes(s);
	if (++s->ticks % TICKS_PER_POLL != 0)
		return;
	if (s->file[0] != '\0')
		look_at_file(s);
	else
		ask_feed(s);
}

static int open_file(struct lsstore *s, const char *name, struct rv_diag *diag)
{
	int n = name[0] == '/'
			? snprintf(s->file, PATH_MAX, "%s", name)
			: snprintf(s->file, PATH_MAX, "%s/%s", rv_duty_state_dir(s->duty), name);

	if (n >= PATH_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "ls.path", "ls.devices_file",
				   "the path is too long");
	file_changed(s);
	return load_file(s, diag);
}

static int begin(struct lsstore *s, struct rv_diag *diag)
{
	const struct rv_conf_sec *sec = rv_conf_get(rv_duty_conf(s->duty), "ls", NULL);
	const char *file = rv_conf_str(sec, "devices_file");
	uv_loop_t *loop = rv_duty_loop(s->duty);
	int err = ls_store_open(rv_duty_state_dir(s->duty), rv_conf_str(sec, "store"), loop,
				&s->store, diag);

	if (err == RV_OK)
		err = rv_db_run(s->store.db, work_cursor, &s->cursor);
	if (err == RV_OK && file != NULL)
		err = open_file(s, file, diag);
	if (err == RV_OK)
		err = rv_bus_subscribe(s->bus, "rs.changed", on_doorbell, s);
	if (err != RV_OK)
		return err;
	struct rv_serve_opt opt = { .bus = s->bus,
				    .db = s->store.db,
				    .owner = s,
				    .methods = methods,
				    .method_count = RV_ARRAY_LEN(methods),
				    .jobs_max = JOBS_MAX,
				    .bytes_max = JOB_BYTES_MAX,
				    .held_max = HELD_BYTES_MAX,
				    .event = "ls.call.failed" };
	err = rv_serve_new(&opt, &s->serve);
	if (err != RV_OK)
		return err;
	s->is_serving = true;
	rv_bus_on_link(s->bus, on_link, s);
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	s->is_timer_open = true;
	uv_timer_start(&s->timer, on_tick, TICK_MS, TICK_MS);
	return RV_OK;
}

static int start(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	struct lsstore *s = calloc(1, sizeof(*s));
	uint64_t seed;
	int err;

	if (s == NULL)
		return -ENOMEM;
	s->duty = duty;
	s->bus = rv_duty_bus(duty);
	rv_rand_secret(&seed, sizeof(seed));
	ls_notes_init(&s->notes, seed);
	rv_arena_init(&s->page_arena, PAGE_BYTES_MAX);
	err = begin(s, diag);
	if (err != RV_OK) {
		ls_store_close(&s->store);
		ls_notes_deinit(&s->notes);
		free(s);
		return err;
	}
	*state = s;
	return RV_OK;
}

static void settle(struct lsstore *s)
{
	struct rv_duty *duty = s->duty;

	if (!s->is_stopping || s->is_serving || s->is_timer_open || s->is_asking ||
	    s->notes_in_flight > 0)
		return;
	rv_serve_free(s->serve);
	ls_store_close(&s->store);
	ls_notes_deinit(&s->notes);
	free(s);
	rv_duty_stopped(duty);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct lsstore *s = handle->data;

	s->is_timer_open = false;
	settle(s);
}

static void on_idle(void *arg)
{
	struct lsstore *s = arg;

	s->is_serving = false;
	settle(s);
}

static void stop(void *state)
{
	struct lsstore *s = state;

	s->is_stopping = true;
	rv_bus_on_link(s->bus, NULL, NULL);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
	rv_serve_stop(s->serve, on_idle, s);
}

static const char *not_ready(void *state)
{
	const struct lsstore *s = state;

	return s->cursor.is_complete ? rv_db_not_ready(s->store.db)
				     : "has no copy of the devices yet: the RS was not reached";
}

static void metrics(void *state, struct rv_buf *out)
{
	const struct lsstore *s = state;
	struct rv_serve_stats stats;

	rv_serve_stats(s->serve, &stats);
	const struct rv_metric rows[] = {
		{ "solicitations_total", "Solicitations of devices answered.", s->solicits },
		{ "feed_pages_total", "Pages of the feed of the RS taken over.", s->pages },
		{ "feed_pages_failed_total", "Pages of the feed that could not be had.",
		  s->failed_pages },
		{ "feed_cursor", "Change number up to which the feed was taken over.",
		  s->cursor.after },
		{ "notes_sent_total", "Notes on waiting devices sent to the RS.", s->notes_sent },
		{ "notes_dropped_total", "Notes on waiting devices lost, too many waited.",
		  s->notes.dropped },
		{ "notes", "Notes on waiting devices not yet sent.", s->notes.map.count },
		{ "calls_refused_total", "Calls refused, too many were open.", stats.refused },
		{ "calls_open", "Calls begun and not yet answered.", stats.open },
	};
	rv_metric_put(out, "ls", rows, RV_ARRAY_LEN(rows));
	rv_serve_db_metrics(s->store.db, "ls", out);
}

const struct rv_duty_code rv_lsstore_code = {
	.spec = &rv_lsstore_duty_spec,
	.schema = rv_ls_sections,
	.schema_count = 1,
	.start = start,
	.stop = stop,
	.metrics = metrics,
	.not_ready = not_ready,
};
