/* siphash.h - SipHash-2-4: a keyed hash of short inputs that strangers cannot make collide.
 *
 * Pure. Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), section 2.
 */
#ifndef RV_BASE_SIPHASH_H
#define RV_BASE_SIPHASH_H

#include "base/str.h"

/* key0, key1: the 128-bit key as two little-endian words. */
uint64_t rv_siphash(uint64_t key0, uint64_t key1, struct rv_str in);

#endif
