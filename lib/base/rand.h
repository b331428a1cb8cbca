/* rand.h - randomness: from the kernel for secrets, from a seed for everything else. */
#ifndef RV_BASE_RAND_H
#define RV_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/* getrandom(2); ends the process if the kernel has none, so it cannot fail. In a virtual world
 * (base/virtual.h) no secret at all: what follows from its seed. */
void rv_rand_secret(void *out, size_t len);

/* xoshiro256**: fast and replayable. Never for secrets. */
struct rv_rand {
	uint64_t s[4];
};

void rv_rand_seed(struct rv_rand *r, uint64_t seed);
uint64_t rv_rand_u64(struct rv_rand *r);
uint64_t rv_rand_below(struct rv_rand *r, uint64_t bound); /* 0..bound-1, bound > 0, unbiased */

#endif
