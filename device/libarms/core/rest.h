/* rest.h - a machine that has nothing to do for now, folded into a few hundred bytes.
 *
 *   struct rv_sa and all it owns --fold--> bytes --unfold--> the same machine, elsewhere in memory
 *
 * For programs that hold thousands of devices, of which most wait: between two calls, or for the
 * next round of one. What many have in common (trust anchors) is left with the caller.
 *
 * Between two calls the service information is forgotten, as the next pull does anyway: a query
 * must be made before. Bytes are good in the process that made them only, and hold keys.
 */
#ifndef RV_DEVICE_LIBARMS_CORE_REST_H
#define RV_DEVICE_LIBARMS_CORE_REST_H

#include "base/buf.h"
#include "device/libarms/core/sa.h"

/* Texts that machines of this process may have in common: those at fold must stand at the same
 * places, unchanged, at unfold; others may follow. Lent for the call. */
struct rv_sa_shared {
	const struct rv_str *texts;
	size_t count;
};

/* No call runs, or it waits for a pull's next round. */
bool rv_sa_can_rest(const struct rv_sa *sa);

/* One that can rest: appends it to *out, whose `wipe` should be set, and frees it. -ENOMEM,
 * RV_ELIMIT: it is left as it was, *out is broken. */
int rv_sa_fold(struct rv_sa *sa, const struct rv_sa_shared *shared,
	       struct rv_buf *out) RV_MUSTCHECK;

/* Bytes that fold made, and no others (asserted). -ENOMEM. */
int rv_sa_unfold(struct rv_str bytes, const struct rv_sa_shared *shared,
		 struct rv_sa **out) RV_MUSTCHECK;

#endif
