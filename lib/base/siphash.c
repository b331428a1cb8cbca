#include "base/siphash.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void rounds(struct state *s, unsigned n)
{
	while (n-- > 0) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotl(s->v1, 13) ^ s->v0;
		s->v3 = rotl(s->v3, 16) ^ s->v2;
		s->v0 = rotl(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotl(s->v1, 17) ^ s->v2;
		s->v3 = rotl(s->v3, 21) ^ s->v0;
		s->v2 = rotl(s->v2, 32);
	}
}

static uint64_t read_le(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = n; i > 0; i--)
		v = v << 8 | p[i - 1];
	return v;
}

static void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	rounds(s, 2);
	s->v0 ^= word;
}

uint64_t rv_siphash(uint64_t key0, uint64_t key1, struct rv_str in)
{
	struct state s = { key0 ^ 0x736f6d6570736575, key1 ^ 0x646f72616e646f6d,
			   key0 ^ 0x6c7967656e657261, key1 ^ 0x7465646279746573 };
	const unsigned char *p = (const unsigned char *)in.ptr;
	size_t whole = in.len / 8 * 8;

	for (size_t i = 0; i < whole; i += 8)
		absorb(&s, read_le(p + i, 8));
	absorb(&s,
	       (uint64_t)in.len << 56 | (whole < in.len ? read_le(p + whole, in.len - whole) : 0));
	s.v2 ^= 0xff;
	rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
