/* percent.h - percent-encoding of URL parts (RFC 3986 2.1). Pure. */
#ifndef RV_CONTRACT_PERCENT_H
#define RV_CONTRACT_PERCENT_H

#include "base/arena.h"
#include "base/buf.h"

/* Everything but the unreserved characters is encoded. */
void rv_percent_encode(struct rv_buf *out, struct rv_str in);

/* The decoded bytes, in the arena. RV_ESYNTAX: '%' without two hex digits; -ENOMEM. */
int rv_percent_decode(struct rv_str in, struct rv_arena *arena, struct rv_str *out) RV_MUSTCHECK;

#endif
