#include "base/rand.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/virtual.h"

static void replay(struct rv_rand *rand, char *out, size_t len)
{
	while (len > 0) {
		uint64_t v = rv_rand_u64(rand);
		size_t n = len < sizeof(v) ? len : sizeof(v);

		memcpy(out, &v, n);
		out += n;
		len -= n;
	}
}

void rv_rand_secret(void *out, size_t len)
{
	struct rv_virtual *world = rv_virtual_here();
	char *p = out;

	if (world != NULL) {
		replay(&world->rand, out, len);
		return;
	}
	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort(); /* going on with guessable secrets would be worse */
		p += n;
		len -= (size_t)n;
	}
}

/* splitmix64: spreads a seed with few bits over the whole state, which must not be all zero. */
void rv_rand_seed(struct rv_rand *r, uint64_t seed)
{
	for (unsigned i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		r->s[i] = z ^ z >> 31;
	}
}

static uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

/* Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2018). */
uint64_t rv_rand_u64(struct rv_rand *r)
{
	uint64_t result = rotl(r->s[1] * 5, 7) * 9;
	uint64_t t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rotl(r->s[3], 45);
	return result;
}

uint64_t rv_rand_below(struct rv_rand *r, uint64_t bound)
{
	uint64_t v;

	assert(bound > 0);
	/* The lowest 2^64 mod bound values are left out: what remains is a multiple of bound. */
	do {
		v = rv_rand_u64(r);
	} while (v < (0 - bound) % bound);
	return v % bound;
}
