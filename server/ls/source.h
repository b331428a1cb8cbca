/* source.h - one operator of the LS at work: follows its feed, tells its RS what happened.
 *
 *   rs on this machine   bus, with a doorbell
 *   rs on another host   bus to the duty lsfeed, which makes an HTTPS request of it; no doorbell:
 *                        asked every LS_POLL_REMOTE_S
 *
 * All on the loop thread, one question of each kind at a time; what touches the store is submitted
 * to its writer. Nothing here is lost by a crash: the copy and its cursor are one transaction, and
 * what an RS has not confirmed stays in the store (notes of waiting devices excepted: they call
 * again).
 */
#ifndef RV_LS_SOURCE_H
#define RV_LS_SOURCE_H

#include "bus/bus.h"
#include "server/ls/notes.h"
#include "server/ls/store.h"

enum {
	LS_POLL_LOCAL_S = 5,
	LS_POLL_REMOTE_S = 2,
	LS_REPORT_EVERY_S = 10, /* without news; with them at the next second */
	LS_FEED_LIMIT = 500,
	LS_PAGE_BYTES_MAX = 64 * 1024 * 1024, /* a page of the feed, read and decoded */
};

enum ls_source_kind { LS_SOURCE_LOCAL, LS_SOURCE_REMOTE, LS_SOURCE_FILE };

struct ls_source {
	struct rv_bus *bus;
	struct ls_store *store;
	const struct ls_operator *op;
	enum ls_source_kind kind;
	bool takes_strangers;          /* its RS hears of callers whose id nobody has */
	void (*on_settled)(void *arg); /* while stopping: something of it has ended */
	void *arg;

	/* The copy. `applying` is the writer thread's, `cursor` what is stored. */
	struct ls_cursor cursor, applying;
	bool is_asking, is_rung;
	struct rv_arena page_arena;
	struct rv_rs_feed_out page;

	struct ls_notes notes;
	unsigned notes_in_flight;

	bool is_reporting, has_news;
	struct rv_arena report_arena;
	struct ls_report report;

	unsigned ticks;
	bool is_stopping;
	int64_t heard_us; /* by CLOCK_BOOTTIME; 0 = never */
	int failure;      /* of the last question for its feed; RV_OK: answered, or none asked */
	uint64_t pages, failed_pages, notes_sent, reported;
};

void ls_source_init(struct ls_source *source, uint64_t seed);
void ls_source_deinit(struct ls_source *source);

/* Once a second. */
void ls_source_tick(struct ls_source *source);
/* Something is new at its RS, or the link to it is there again. */
void ls_source_ring(struct ls_source *source);
/* It was turned away. */
void ls_source_note(struct ls_source *source, const struct rv_rs_waiting_note_in *note);

void ls_source_stop(struct ls_source *source);
/* Nothing of it is under way. */
bool ls_source_is_idle(const struct ls_source *source);

#endif
