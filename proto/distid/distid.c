#include "proto/distid/distid.h"

#include <assert.h>
#include <stdbool.h>

#include "base/codec.h"

enum {
	GROUP = 4,             /* hex digits between two separators */
	MODEL_RESERVED = 0x7F, /* this one and all below */
};

_Static_assert(RV_DISTID_TEXT_LEN == RV_DISTID_WIRE_LEN * 2 + RV_DISTID_WIRE_LEN * 2 / GROUP - 1,
	       "text length follows from wire length");

static bool is_separator_at(size_t i)
{
	return i % (GROUP + 1) == GROUP;
}

static uint64_t read_be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void write_be(uint8_t *p, size_t n, uint64_t v)
{
	for (size_t i = n; i > 0; i--, v >>= 8)
		p[i - 1] = (uint8_t)v;
}

void rv_distid_from_wire(const uint8_t wire[static RV_DISTID_WIRE_LEN], struct rv_distid *out)
{
	out->version = (uint16_t)read_be(wire, 2);
	out->vendor = (uint32_t)read_be(wire + 2, 4);
	out->model = (uint16_t)read_be(wire + 6, 2);
	out->serial = read_be(wire + 8, 8);
}

void rv_distid_to_wire(const struct rv_distid *id, uint8_t out[static RV_DISTID_WIRE_LEN])
{
	write_be(out, 2, id->version);
	write_be(out + 2, 4, id->vendor);
	write_be(out + 6, 2, id->model);
	write_be(out + 8, 8, id->serial);
}

int rv_distid_parse(const char *text, size_t len, struct rv_distid *out, size_t *err_at)
{
	uint8_t wire[RV_DISTID_WIRE_LEN] = { 0 };
	size_t digits = 0;
	size_t i;

	assert(text != NULL || len == 0);
	assert(out != NULL);

	for (i = 0; i < len && i < RV_DISTID_TEXT_LEN; i++) {
		if (is_separator_at(i)) {
			if (text[i] != '-')
				goto fail;
			continue;
		}
		int value = rv_hex_value(text[i]);
		if (value < 0)
			goto fail;
		wire[digits / 2] = (uint8_t)(wire[digits / 2] << 4 | value);
		digits++;
	}
	if (len != RV_DISTID_TEXT_LEN) /* i already stands on the missing or surplus one */
		goto fail;

	assert(digits == sizeof(wire) * 2);
	rv_distid_from_wire(wire, out);
	return RV_OK;

fail:
	if (err_at != NULL)
		*err_at = i;
	return RV_ESYNTAX;
}

void rv_distid_format(const struct rv_distid *id, char out[static RV_DISTID_TEXT_LEN + 1])
{
	static const char digit[] = "0123456789ABCDEF";
	uint8_t wire[RV_DISTID_WIRE_LEN];
	size_t n = 0;

	rv_distid_to_wire(id, wire);
	for (size_t i = 0; i < sizeof(wire); i++) {
		if (is_separator_at(n))
			out[n++] = '-';
		out[n++] = digit[wire[i] >> 4];
		out[n++] = digit[wire[i] & 15];
	}
	assert(n == RV_DISTID_TEXT_LEN);
	out[n] = '\0';
}

const char *rv_distid_reserved_field(const struct rv_distid *id)
{
	if (id->version == 0 || id->version == UINT16_MAX)
		return "version";
	if (id->vendor == 0 || id->vendor == UINT32_MAX)
		return "vendor";
	if (id->model <= MODEL_RESERVED || id->model == UINT16_MAX)
		return "model";
	return NULL;
}
