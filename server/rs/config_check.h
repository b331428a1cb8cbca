/* config_check.h - can every device take this config, unaltered? Pure.
 *
 * A text body travels as ASCII XML: bytes >= 0x80, NUL and controls other than tab, LF and CR have
 * no form there that arrives as it was (spec/arms-protocol.md 3.1, 7). Such a body must be binary,
 * which travels as Base64 and takes any bytes.
 */
#ifndef RV_RS_CONFIG_CHECK_H
#define RV_RS_CONFIG_CHECK_H

#include "base/diag.h"
#include "contract/rv_contract_types.h"

enum { RS_CONFIG_SHA_LEN = 64 };

/* A byte that arrives as it was in a text body. */
bool rs_config_is_text(uint8_t c);

/* RV_EINVALID (duplicate id, a character that cannot travel, a body without has_config) or
 * RV_ELIMIT
 * (`bytes_max` over all modules as they are sent:
 * escaped, or in Base64); diag->where is "modules[2].body", the text names module, offset,
 * line and byte, and what to do. */
int rs_config_check(const struct rv_module *modules, size_t n, size_t bytes_max,
		    struct rv_diag *diag) RV_MUSTCHECK;

/* SHA-256 over the canonical form, as hex: equal exactly for equal content in equal order. */
void rs_config_sha(const struct rv_module *modules, size_t n,
		   char out[static RS_CONFIG_SHA_LEN + 1]);

#endif
