/* view.h - walking any message's struct by its table, for whoever shows or compares all of them. */
#ifndef RV_CONTRACT_VIEW_H
#define RV_CONTRACT_VIEW_H

#include "contract/desc.h"

static inline bool rv_contract_is(const struct rv_contract_field *field, unsigned flag)
{
	return (field->flags & flag) != 0;
}

static inline const void *rv_contract_at(const void *value, size_t offset)
{
	return (const char *)value + offset;
}

/* Is there anything to write? False for an optional field without has_x and for the value that an
 * absent field means: 0, false, "", a struct of nothing else. A required field always is. */
bool rv_contract_is_present(const struct rv_contract_field *field, const void *value);

/* A list field of the struct `value`. */
struct rv_contract_list {
	const char *items;
	size_t len;
	size_t item_size; /* bytes from one to the next */
};
struct rv_contract_list rv_contract_load_list(const struct rv_contract_field *field,
					      const void *value);

/* Any number, bool or enum as 64 bits; negative ones in two's complement. */
uint64_t rv_contract_load_number(const struct rv_contract_field *field, const void *at);

/* A str, or bytes. */
struct rv_str rv_contract_load_str(const void *at);
bool rv_contract_load_bool(const void *at);

#endif
