/* text.h - one plain value of the contract as text, in JSON, in paths and queries, on command
 * lines.
 *
 *   bool   true, false            u32 u64 i64   decimal digits, i64 with an optional '-'
 *   id     dev_0a1b2c3d4e5f6      time          RFC 3339
 *   enum   the word               str           itself          bytes   Base64
 *
 * Pure; never for lists and structs (asserted).
 */
#ifndef RV_CONTRACT_TEXT_H
#define RV_CONTRACT_TEXT_H

#include "contract/desc.h"

/* Store `text` (untrusted; copied into the arena where the value points at anything) at `at`, a
 * value of the field's kind. Limits are rv_contract_check's. RV_EINVALID (diag says what was
 * expected, where = the given one), -ENOMEM; *at untouched then. */
int rv_contract_text_read(const struct rv_contract_field *field, struct rv_str text,
			  struct rv_arena *arena, void *at, const char *where,
			  struct rv_diag *diag) RV_MUSTCHECK;

/* Append the value at `at`; an enum beyond its words is written as its number. */
void rv_contract_text_write(const struct rv_contract_field *field, const void *at,
			    struct rv_buf *out);

#endif
