#include "base/id.h"

#include <assert.h>
#include <string.h>

#include "base/time.h"

enum { COUNTER_BITS = 14, NODE_BITS = 8, MS_BITS = 41, DIGIT_BITS = 5 };

_Static_assert(COUNTER_BITS + NODE_BITS + MS_BITS == 63, "the sign bit stays free");

static const int64_t EPOCH_MS = INT64_C(1735689600000); /* 2025-01-01T00:00:00Z */
static const int64_t MS_MAX = (INT64_C(1) << MS_BITS) - 1;
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

void rv_idgen_init(struct rv_idgen *gen, uint8_t node)
{
	*gen = (struct rv_idgen){ .node = node };
}

void rv_idgen_follow(struct rv_idgen *gen, int64_t id)
{
	int64_t ms = id >> (NODE_BITS + COUNTER_BITS);

	if (ms < gen->last_ms)
		return;
	gen->last_ms = ms;
	gen->counter = (1U << COUNTER_BITS) - 1; /* that millisecond is spent */
}

int64_t rv_id_make(struct rv_idgen *gen, int64_t now_us)
{
	int64_t ms = now_us / RV_US_PER_MS - EPOCH_MS;

	if (ms > gen->last_ms) {
		gen->last_ms = ms < MS_MAX ? ms : MS_MAX;
		gen->counter = 0;
	} else if (++gen->counter >> COUNTER_BITS != 0) {
		gen->last_ms++; /* the counter is spent: borrow from the future */
		gen->counter = 0;
	}
	assert(gen->last_ms <= MS_MAX);
	return gen->last_ms << (NODE_BITS + COUNTER_BITS) | (int64_t)gen->node << COUNTER_BITS |
	       gen->counter;
}

void rv_id_format(int64_t id, const char *prefix, char out[static RV_ID_TEXT_MAX + 1])
{
	size_t len = strlen(prefix);

	assert(id >= 0);
	assert(len + 1 + RV_ID_DIGITS <= RV_ID_TEXT_MAX);
	memcpy(out, prefix, len);
	out[len++] = '_';
	for (unsigned i = RV_ID_DIGITS; i-- > 0;)
		out[len++] = digits[id >> (i * DIGIT_BITS) & 31];
	out[len] = '\0';
}

static int digit_value(char c)
{
	const char *at;

	if (c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	at = memchr(digits, c, sizeof(digits) - 1);
	return at != NULL ? (int)(at - digits) : -1;
}

int rv_id_parse(struct rv_str text, const char *prefix, int64_t *out)
{
	size_t start = strlen(prefix) + 1;
	uint64_t id = 0;

	if (text.len != start + RV_ID_DIGITS || !rv_str_istarts(text, prefix) ||
	    text.ptr[start - 1] != '_')
		return RV_ESYNTAX;
	for (size_t i = start; i < text.len; i++) {
		int value = digit_value(text.ptr[i]);
		/* The first of 13 digits holds bits 60 to 64: above 7 it would not fit 63 bits. */
		if (value < 0 || (i == start && value > 7))
			return RV_ESYNTAX;
		id = id << DIGIT_BITS | (uint64_t)value;
	}
	*out = (int64_t)id;
	return RV_OK;
}
