/* desc_priv.h - for the interpreters in this folder only: reaching a field in a struct.
 *
 * Values are copied in and out by memcpy, so that no rule about aliasing is bent.
 */
#ifndef RV_CONTRACT_DESC_PRIV_H
#define RV_CONTRACT_DESC_PRIV_H

#include <assert.h>
#include <string.h>

#include "contract/desc.h"
#include "contract/view.h"

/* Where in a message we are: a chain on the stack, made text only when something is wrong. */
struct rv_contract_path {
	const struct rv_contract_path *up;
	const char *name;
	size_t index; /* RV_CONTRACT_NO_INDEX: not in a list */
};

#define RV_CONTRACT_NO_INDEX SIZE_MAX

/* Error codes that cross the API, with their HTTP status and title (HTTP_STATUS in
 * generator/model.py). */
struct rv_contract_status {
	int err;
	unsigned http;
	const char *title;
};
extern const struct rv_contract_status rv_contract_statuses[];
extern const size_t rv_contract_status_count;

/* "modules[2].id"; cut when too long. */
void rv_contract_path_format(const struct rv_contract_path *path,
			     char out[static RV_DIAG_WHERE_MAX]);

/* One value (not a list) within its limits? `at` as for the field's kind. */
int rv_contract_check_one(const struct rv_contract_field *field, const void *at,
			  const struct rv_contract_path *path, struct rv_diag *diag) RV_MUSTCHECK;

size_t rv_contract_item_size(const struct rv_contract_field *field);

static inline void *rv_contract_at_mut(void *value, size_t offset)
{
	return (char *)value + offset;
}

static inline void rv_contract_store_bool(void *at, bool v)
{
	memcpy(at, &v, sizeof(v));
}

static inline void rv_contract_store_str(void *at, struct rv_str s)
{
	memcpy(at, &s, sizeof(s));
}

void rv_contract_store_number(const struct rv_contract_field *field, void *at, uint64_t v);

void rv_contract_store_list(const struct rv_contract_field *field, void *value, void *items,
			    size_t len);

#endif
