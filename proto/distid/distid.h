/* distid.h - distribution ids: the 128-bit name a device is born with.
 *
 * Wire form: 16 bytes, big-endian: version 2, vendor 4, model 2, serial 8.
 * Text form: the same bytes as eight groups of four hex digits joined by '-',
 *            always 39 characters: "0001-0000-C0DE-0091-0000-0000-00A1-B2C3".
 *
 * Every function here is pure: no allocation, no logging, no shared state; safe
 * from any thread. Depends on base/err.h alone.
 * Source: spec/arms-protocol.md section 9, spec/libarms-api.md section 8.
 */
#ifndef RV_PROTO_DISTID_H
#define RV_PROTO_DISTID_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	RV_DISTID_WIRE_LEN = 16, /* bytes */
	RV_DISTID_TEXT_LEN = 39, /* characters, the final NUL not counted */
};

struct rv_distid {
	uint64_t serial; /* unique within (vendor, model); the API calls it sa_code */
	uint32_t vendor;
	uint16_t version; /* of the id format itself, not of the firmware; SMFv2 has 1 */
	uint16_t model;   /* the API calls it sa_type */
};

/* Read the text form: exactly `len` characters, NUL not needed, either letter
 * case, nothing around it. `text` is untrusted.
 *
 * Returns RV_OK and fills *out, or RV_ESYNTAX with *out untouched and *err_at
 * (when not NULL) the offset, 0..len, of the first character that is wrong,
 * missing (err_at == len) or one too many (err_at == RV_DISTID_TEXT_LEN).
 */
int rv_distid_parse(const char *text, size_t len, struct rv_distid *out,
		    size_t *err_at) RV_MUSTCHECK;

/* Write the text form, upper case and NUL-terminated. Cannot fail. */
void rv_distid_format(const struct rv_distid *id, char out[static RV_DISTID_TEXT_LEN + 1]);

/* Wire form, both ways. Cannot fail: every 16-byte string is some id. */
void rv_distid_from_wire(const uint8_t wire[static RV_DISTID_WIRE_LEN], struct rv_distid *out);
void rv_distid_to_wire(const struct rv_distid *id, uint8_t out[static RV_DISTID_WIRE_LEN]);

/* Name of the first field, in wire order, whose value the format reserves: "version",
 * "vendor" or "model"; NULL when the id may be given to a device. Reserved are version
 * 0x0000 and 0xFFFF, vendor 0 and 0xFFFFFFFF, model 0x0000-0x007F and 0xFFFF. Ids with
 * reserved values parse and format like all others: test equipment uses them. */
const char *rv_distid_reserved_field(const struct rv_distid *id);

#endif
