/* id.h - 63-bit ids: sortable by time, made without asking anybody.
 *
 * bits 62..22 milliseconds since 2025-01-01T00:00:00Z, 21..14 node, 13..0 counter.
 * Text: prefix, '_', 13 characters of Crockford base32 in lower case ("req_0d3v...").
 */
#ifndef RV_BASE_ID_H
#define RV_BASE_ID_H

#include "base/err.h"
#include "base/str.h"

enum { RV_ID_DIGITS = 13, RV_ID_TEXT_MAX = 8 + 1 + RV_ID_DIGITS }; /* prefix <= 8 */

struct rv_idgen {
	int64_t last_ms;
	uint32_t counter;
	uint8_t node;
};

void rv_idgen_init(struct rv_idgen *gen, uint8_t node);

/* Later ids are greater than `id`: after a restart, for the clock may have been set back meanwhile.
 */
void rv_idgen_follow(struct rv_idgen *gen, int64_t id);

/* Strictly increasing, also when now_us stands still or steps back. */
int64_t rv_id_make(struct rv_idgen *gen, int64_t now_us);

void rv_id_format(int64_t id, const char *prefix, char out[static RV_ID_TEXT_MAX + 1]);
/* RV_ESYNTAX: wrong prefix, length or digit (i l o u are no digits). Either letter case. */
int rv_id_parse(struct rv_str text, const char *prefix, int64_t *out) RV_MUSTCHECK;

#endif
