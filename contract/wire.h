/* wire.h - the bytes of a message between duties: varints, tags, lengths.
 *
 *   field   = key value
 *   key     = varint(tag << 3 | wiretype)         tags rise; only a list repeats its tag
 *   value   = varint                              wiretype 0: bool u32 u64 id enum; i64 time zigzag
 *           | varint(length) bytes                wiretype 2: str bytes struct
 *   message = version field*                      one byte, RV_WIRE_VERSION
 *
 * One value has one encoding: a varint is as short as it can be. Reading is total: every
 * function takes untrusted bytes. Pure, no allocation but the buffer's.
 */
#ifndef RV_CONTRACT_WIRE_H
#define RV_CONTRACT_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
	RV_WIRE_VERSION = 1,     /* written; what is read: rv_version_is_read (base/codec.h) */
	RV_WIRE_VARINT_MAX = 10, /* bytes of the longest varint */
	RV_WIRE_TAG_MAX = 4095,
};

enum rv_wire_type {
	RV_WIRE_VARINT = 0,
	RV_WIRE_BYTES = 2,
};

/* Appends to out, or only counts when out is NULL: a struct's length stands before it. */
struct rv_wire_writer {
	struct rv_buf *out; /* errors are its sticky err */
	size_t len;         /* bytes written or counted */
};

void rv_wire_put_varint(struct rv_wire_writer *w, uint64_t v);
void rv_wire_put_key(struct rv_wire_writer *w, uint32_t tag, enum rv_wire_type type);
void rv_wire_put_bytes(struct rv_wire_writer *w, struct rv_str bytes); /* without any length */

struct rv_wire_field {
	uint32_t tag;
	enum rv_wire_type type;
	uint64_t number;     /* RV_WIRE_VARINT */
	struct rv_str bytes; /* RV_WIRE_BYTES; points into the input */
};

/* Take the next field off the front of *in, known or not. RV_ESYNTAX (*in and *out untouched):
 * cut short, overlong or overflowing varint, unknown wire type, tag 0 or over the maximum. */
int rv_wire_next(struct rv_str *in, struct rv_wire_field *out) RV_MUSTCHECK;

static inline uint64_t rv_wire_zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static inline int64_t rv_wire_unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (~(v & 1) + 1));
}

#endif
