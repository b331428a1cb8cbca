/* libarms_reeve.h - what this implementation adds to the libarms API.
 *
 * Kept apart from libarms.h so that a program sees at once where it leaves the common ground:
 * a program that includes only libarms.h builds against the original too.
 */
#ifndef ARMS_LIBARMS_REEVE_H
#define ARMS_LIBARMS_REEVE_H

#include "libarms.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARMS_REEVE_API 3 /* grows with each addition to this header */

#define ARMS_TLS_1_0 10
#define ARMS_TLS_1_2 12

/* Oldest TLS version offered to servers; ARMS_TLS_1_2 from arms_init on, 1.3 is always offered.
 * ARMS_TLS_1_0 is for servers of the original system that know nothing newer: it also lowers the
 * cipher policy, so use it towards those only. Effective from the next connection.
 * 0; ARMS_EFATAL (ctx NULL); ARMS_EINVAL (other value). */
int arms_set_tls_min_version(arms_context_t *ctx, int version);

/* For tests of servers: offer this version and nothing else, as the original offers ARMS_TLS_1_0,
 * the only value. Of this and arms_set_tls_min_version the last call counts. Since
 * ARMS_REEVE_API 2. 0; ARMS_EFATAL (ctx NULL); ARMS_EINVAL (other value). */
int arms_set_tls_only(arms_context_t *ctx, int version);

/* For devices with several lines: connections leave from this address of the device, numeric IPv4
 * or IPv6 without brackets; towards servers of the other family the system chooses as ever. NULL:
 * it always does. Effective from the next connection; allowed in the line callback. That the
 * device has no such address (any more) shows there: the attempt fails. Since ARMS_REEVE_API 3.
 * 0; ARMS_EFATAL (ctx NULL); ARMS_EINVAL (no address), nothing changes then. */
int arms_set_source_address(arms_context_t *ctx, const char *address);

/* The reason that the next pull gives, in the program's own words, where arms_set_pull_trigger
 * knows two: 1 to 64 printable ASCII characters. Operators read it; the one that servers act on is
 * "invalid config", by which a device refuses its config. Since ARMS_REEVE_API 3. 0; ARMS_EFATAL
 * (ctx NULL); ARMS_EINVAL (other text), nothing changes then. */
int arms_set_pull_reason(arms_context_t *ctx, const char *text);

#ifdef __cplusplus
}
#endif

#endif
