/* roster_priv.h - struct rv_duty_info to bytes and back, the body of a ROSTER message.
 *
 *   entry: name length u8 | name | instance u16 | run u8 | pid u32 | restarts u64 | started u64
 *          | note length u8 | note        (big-endian; entries follow each other to the end)
 */
#ifndef RV_APP_ROSTER_PRIV_H
#define RV_APP_ROSTER_PRIV_H

#include "app/duty.h"

void rv_roster_encode(const struct rv_duty_info *info, struct rv_buf *out); /* appends one entry */

/* RV_ESYNTAX; RV_ELIMIT: more than `max` entries. On failure *out_n is untouched, list is not. */
int rv_roster_decode(struct rv_str body, struct rv_duty_info *list, size_t max,
		     size_t *out_n) RV_MUSTCHECK;

#endif
