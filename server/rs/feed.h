/* feed.h - who follows the feed of devices and Location-Configs, and when what is gone is
 * forgotten.
 *
 *   change rows   1 2 3 . 5 . . 8 9        each thing once, at the number of its latest change
 *   readers           ^LS east   ^LS west  each asks for what comes after its cursor: everything
 *                                          before is durable there
 *
 * The row of a thing that is gone is needed until every reader has passed it, and is then removed;
 * `trimmed` is the highest number removed so. A reader that has not called for rs.ls_forget is no
 * longer waited for. One that comes with an older cursor than `trimmed` would miss a removal: it
 * is told to begin anew, with a page of an epoch that is nobody's, unless it is a known reader and
 * has not gone back behind what it once said to have: nothing after that was removed meanwhile.
 */
#ifndef RV_RS_FEED_H
#define RV_RS_FEED_H

#include "server/rs/core.h"

enum {
	RS_FEED_LIMIT_DEFAULT = 200,
	RS_FEED_PAGE_BYTES = 1024 * 1024, /* a page ends after the record that passes it */
	RS_READERS_MAX = 1000,
	RS_READER_NOTE_S = 10, /* last_contact_at is written at most so often */
};

/* Pure. cursor: what the reader last said to have; is_known: it is on the list. */
bool rs_feed_admits(bool is_known, uint64_t cursor, uint64_t after, uint64_t trimmed);

/* The reader asks after in->after. *is_admitted: otherwise it must begin anew. */
int rs_feed_note_reader(struct rs_ctx *ctx, const struct rv_rs_feed_in *in,
			bool *is_admitted) RV_MUSTCHECK;

/* -- waiting for LSs ------------------------------------------------------------------------- */

enum { RS_WAIT_DEFAULT_S = 10 };

/* An operation whose changes are noted: its caller wants (wait_ls) every LS to have them. */
int rs_want_ls(struct rs_ctx *ctx, bool wait_ls, bool has_seconds, uint32_t seconds) RV_MUSTCHECK;
/* Every LS that follows, and whether it has the changes up to `seq`; in the arena. */
int rs_ls_outcomes(struct rs_ctx *ctx, int64_t seq, struct rv_ls_outcomes *out) RV_MUSTCHECK;
/* Add them to the encoded answer of an operation, whose tags they follow. */
int rs_add_outcomes(const struct rv_ls_outcomes *outcomes, struct rv_buf *answer) RV_MUSTCHECK;

#endif
