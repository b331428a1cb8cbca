/* A seed for model tests: random, printed, or repeated from REEVE_SEED. */
#ifndef RV_TEST_SEED_H
#define RV_TEST_SEED_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rand.h"

static inline uint64_t test_seed(void)
{
	const char *given = getenv("REEVE_SEED");
	uint64_t seed = 0;

	if (given != NULL)
		seed = strtoull(given, NULL, 0);
	else
		rv_rand_secret(&seed, sizeof(seed));
	fprintf(stderr, "REEVE_SEED=%" PRIu64 "\n", seed);
	return seed;
}

#endif
