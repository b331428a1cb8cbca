/* claim.h - which operator holds a distribution id: rules (pure), and their effect on the store.
 *
 *   A claims --> A holds        B claims --> taken: refused, and told so
 *   A releases (deletes the device, or lets it go) --> B holds, without asking again, and is told
 *
 * The first keeps an id. An operator with `max` ids holds no more; what it claims beyond waits,
 * too, until it lets one go. When an id becomes free, the oldest claim whose operator has room gets
 * it. So at any time an id has at most one holder (a unique index makes sure), and what an operator
 * is told (column told) follows what is so.
 */
#ifndef RV_LS_CLAIM_H
#define RV_LS_CLAIM_H

#include "server/ls/store.h"

enum ls_claim_state { LS_CLAIM_HELD, LS_CLAIM_TAKEN, LS_CLAIM_LIMIT }; /* as in the store */

/* Pure. What becomes of a claim: is_mine: the operator holds the id already; is_others: somebody
 * else does; held: ids the operator holds; max: 0 = no limit. */
enum ls_claim_state ls_claim_judge(bool is_mine, bool is_others, int64_t held, int64_t max);

/* A device of the feed, new or changed. */
int ls_claim_put(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		 const struct rv_feed_device *device, int64_t generation,
		 int64_t now_us) RV_MUSTCHECK;
/* It is gone: the next claim gets the id, and an id of this operator that waited for room gets it.
 * No such claim is no failure. */
int ls_claim_release(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		     struct rv_str distid) RV_MUSTCHECK;
/* Release up to LS_STALE_STEP claims older than `generation`; *is_more: there may be others. */
int ls_claim_release_stale(struct ls_store *store, struct rv_db_tx *tx,
			   const struct ls_operator *op, int64_t generation,
			   bool *is_more) RV_MUSTCHECK;
/* Give ids to claims that wait for room: after the limit was raised. */
int ls_claim_use_room(struct ls_store *store, struct rv_db_tx *tx,
		      const struct ls_operator *op) RV_MUSTCHECK;

#endif
