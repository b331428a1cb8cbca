/* diff.h - what differs between two texts, as a unified diff. Pure.
 *
 *   @@ -1,3 +1,4 @@
 *    unchanged
 *   -gone
 *   +new
 *
 * patch(1) makes the second text of the first with it; a last line without line end is marked as
 * diff(1) does. The shortest edit (Myers 1986) up to RS_DIFF_EDITS_MAX lines; texts that differ
 * in more are shown as the part between their common beginning and end, removed and added: true,
 * but not short. So time is bounded by lines x RS_DIFF_EDITS_MAX and memory by its square.
 */
#ifndef RV_RS_DIFF_H
#define RV_RS_DIFF_H

#include "base/arena.h"
#include "base/buf.h"

enum {
	RS_DIFF_EDITS_MAX = 512,
	RS_DIFF_CONTEXT = 3, /* unchanged lines around a change */
};

/* Append the diff; nothing for equal texts. `arena` holds the work, out's max the result: beyond
 * it RV_ELIMIT (or -ENOMEM) in out->err, which is returned, and what is in `out` is of no use. */
int rs_diff_unified(struct rv_str from, struct rv_str to, struct rv_arena *arena,
		    struct rv_buf *out) RV_MUSTCHECK;

#endif
