/* old.h - clients that were turned away for their TLS: from how many addresses, in a day.
 *
 * Devices try again for ever, so an operator wants the number of them and not of their attempts.
 * At most RV_OLD_ADDRESSES_MAX addresses are known; beyond it those not seen for longest are
 * forgotten. One per worker: a device that tries again and again meets all of them, so the largest
 * number of the workers is the best.
 *
 * Sans-I/O: time is a parameter. Not thread-safe.
 */
#ifndef RV_ARMSFRONT_OLD_H
#define RV_ARMSFRONT_OLD_H

#include "base/err.h"
#include "base/str.h"

enum { RV_OLD_ADDRESSES_MAX = 4096 };
#define RV_OLD_KEEP_US (86400LL * 1000 * 1000)

struct rv_old;

/* seed: of the hash of addresses, which strangers choose. NULL when out of memory. */
struct rv_old *rv_old_new(uint64_t seed);
void rv_old_free(struct rv_old *old); /* NULL allowed */

/* Somebody at `peer` ("192.0.2.7:40112"; the port does not count) was turned away. True when that
 * address was not in the last RV_OLD_KEEP_US: worth a line in the log. now_us never goes back. */
bool rv_old_note(struct rv_old *old, const char *peer, int64_t now_us);
/* Addresses of the last RV_OLD_KEEP_US. */
size_t rv_old_count(struct rv_old *old, int64_t now_us);

#endif
