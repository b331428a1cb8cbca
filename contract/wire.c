#include "contract/wire.h"

#include <assert.h>

static void put(struct rv_wire_writer *w, const void *data, size_t len)
{
	if (w->out != NULL)
		rv_buf_put(w->out, data, len);
	w->len += len;
}

void rv_wire_put_varint(struct rv_wire_writer *w, uint64_t v)
{
	uint8_t bytes[RV_WIRE_VARINT_MAX];
	size_t n = 0;

	while (v >= 0x80) {
		bytes[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	bytes[n++] = (uint8_t)v;
	put(w, bytes, n);
}

void rv_wire_put_key(struct rv_wire_writer *w, uint32_t tag, enum rv_wire_type type)
{
	assert(tag >= 1 && tag <= RV_WIRE_TAG_MAX);
	rv_wire_put_varint(w, tag << 3 | type);
}

void rv_wire_put_bytes(struct rv_wire_writer *w, struct rv_str bytes)
{
	put(w, bytes.ptr, bytes.len);
}

/* The shortest form only; bits beyond 64 are an overflow. */
static int take_varint(struct rv_str *in, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < in->len && i < RV_WIRE_VARINT_MAX; i++) {
		uint8_t byte = (uint8_t)in->ptr[i];

		if (i == RV_WIRE_VARINT_MAX - 1 && byte > 1)
			return RV_ESYNTAX;
		v |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		if (byte == 0 && i > 0)
			return RV_ESYNTAX;
		*in = rv_strn(in->ptr + i + 1, in->len - i - 1);
		*out = v;
		return RV_OK;
	}
	return RV_ESYNTAX;
}

int rv_wire_next(struct rv_str *in, struct rv_wire_field *out)
{
	struct rv_wire_field field = { 0 };
	struct rv_str rest = *in;
	uint64_t key, number;

	if (take_varint(&rest, &key) != RV_OK || key >> 3 == 0 || key >> 3 > RV_WIRE_TAG_MAX)
		return RV_ESYNTAX;
	if (take_varint(&rest, &number) != RV_OK)
		return RV_ESYNTAX;
	field.tag = (uint32_t)(key >> 3);
	switch (key & 7) {
	case RV_WIRE_VARINT:
		field.type = RV_WIRE_VARINT;
		field.number = number;
		break;
	case RV_WIRE_BYTES:
		if (number > rest.len)
			return RV_ESYNTAX;
		field.type = RV_WIRE_BYTES;
		field.bytes = rv_strn(rest.ptr, (size_t)number);
		rest = rv_strn(rest.ptr + number, rest.len - (size_t)number);
		break;
	default:
		return RV_ESYNTAX;
	}
	*in = rest;
	*out = field;
	return RV_OK;
}
