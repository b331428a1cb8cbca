/* share.h - who gets a version that is being rolled out. Pure.
 *
 * A device belongs to the first `percent` of a hundred parts by a hash of its id: the same devices
 * in every roll-out and at every LS, and all of a smaller share are in the larger one.
 */
#ifndef RV_LS_SHARE_H
#define RV_LS_SHARE_H

#include "contract/rv_contract_types.h"

/* 0..99; `distid` in canonical form. */
unsigned ls_share_of(struct rv_str distid);
/* group: that of the device, or empty. */
bool ls_share_has(const struct rv_feed_next *next, struct rv_str distid, struct rv_str group);

#endif
