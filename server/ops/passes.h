/* passes.h - which tokens were good for what, a short while ago.
 *
 * Only good news is kept, RV_PASS_US long, the hash of a token and one right at a time. When all
 * places are taken the oldest gives way. Pure; the caller gives the time (boot clock).
 */
#ifndef RV_SERVER_OPS_PASSES_H
#define RV_SERVER_OPS_PASSES_H

#include "base/str.h"

enum {
	RV_PASSES_MAX = 64,
	RV_PASS_HASH_LEN = 32,  /* SHA-256 */
	RV_PASS_RIGHT_MAX = 63, /* bytes */
};
#define RV_PASS_US INT64_C(60000000)

struct rv_passes {
	struct rv_pass {
		unsigned char hash[RV_PASS_HASH_LEN];
		char right[RV_PASS_RIGHT_MAX + 1];
		int64_t at_us; /* 0: free */
	} list[RV_PASSES_MAX];
};

/* A hash of another length, or a right that is too long, is not kept. now_us > 0. */
void rv_passes_put(struct rv_passes *passes, struct rv_str hash, const char *right, int64_t now_us);
void rv_passes_drop(struct rv_passes *passes, struct rv_str hash, const char *right);
bool rv_passes_has(const struct rv_passes *passes, struct rv_str hash, const char *right,
		   int64_t now_us);

#endif
