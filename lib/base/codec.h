/* codec.h - hex, Base64, little/big-endian: total functions over bytes. */
#ifndef RV_BASE_CODEC_H
#define RV_BASE_CODEC_H

#include "base/buf.h"

/* Standard alphabet with padding, one line. */
void rv_base64_encode(struct rv_buf *out, struct rv_str in);

/* CR and LF anywhere are skipped; padding is mandatory; anything else wrong is
 * RV_ESYNTAX with *err_at (may be NULL) its offset. Appends nothing on failure. */
int rv_base64_decode(struct rv_buf *out, struct rv_str in, size_t *err_at) RV_MUSTCHECK;

/* The same character by character, into the caller's memory; a zeroed struct begins. */
struct rv_base64 {
	uint32_t bits;
	unsigned digits;  /* of the current group of four, padding included */
	unsigned padding; /* '=' seen */
};

/* Number of bytes put to `out`, 0 .. 3, or RV_ESYNTAX: this character is wrong. */
int rv_base64_step(struct rv_base64 *state, char c, char out[static 3]) RV_MUSTCHECK;
/* False in the middle of a group: the text is cut off. */
bool rv_base64_is_complete(const struct rv_base64 *state);

void rv_hex_encode(struct rv_buf *out, struct rv_str in); /* lower case */
int rv_hex_decode(struct rv_buf *out, struct rv_str in, size_t *err_at) RV_MUSTCHECK;

/* Value of a hex digit of either case, or -1. Not isxdigit(): that one asks the locale and is
 * undefined for negative char. */
static inline int rv_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static inline uint16_t rv_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t rv_be32(const uint8_t *p)
{
	return (uint32_t)rv_be16(p) << 16 | rv_be16(p + 2);
}
static inline uint64_t rv_be64(const uint8_t *p)
{
	return (uint64_t)rv_be32(p) << 32 | rv_be32(p + 4);
}
static inline void rv_put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}
static inline void rv_put_be32(uint8_t *p, uint32_t v)
{
	rv_put_be16(p, (uint16_t)(v >> 16));
	rv_put_be16(p + 2, (uint16_t)v);
}
static inline void rv_put_be64(uint8_t *p, uint64_t v)
{
	rv_put_be32(p, (uint32_t)(v >> 32));
	rv_put_be32(p + 4, (uint32_t)v);
}

/* The one rule for every encoding that carries a version: its reader takes the present one and the
 * one before, so that an old process and a new one understand each other during an upgrade. There
 * is no version 0. */
static inline bool rv_version_is_read(unsigned version, unsigned current)
{
	return version > 0 && version <= current && version + 1 >= current;
}

#endif
