#include "contract/desc_priv.h"

#include <stdio.h>

const struct rv_contract_field *rv_contract_field_find(const struct rv_contract_type *type,
						       struct rv_str name)
{
	for (size_t i = 0; i < type->count; i++)
		if (rv_str_is(name, type->fields[i].name))
			return &type->fields[i];
	return NULL;
}

size_t rv_contract_item_size(const struct rv_contract_field *field)
{
	switch (field->kind) {
	case RV_CONTRACT_BOOL:
		return sizeof(bool);
	case RV_CONTRACT_U32:
	case RV_CONTRACT_ENUM:
		return sizeof(uint32_t);
	case RV_CONTRACT_STR:
	case RV_CONTRACT_BYTES:
		return sizeof(struct rv_str);
	case RV_CONTRACT_STRUCT:
		return field->of.type->size;
	default:
		return sizeof(uint64_t);
	}
}

_Static_assert(sizeof(enum rv_contract_kind) == sizeof(uint32_t), "enums are stored as 32 bits");

bool rv_contract_load_bool(const void *at)
{
	bool v;

	memcpy(&v, at, sizeof(v));
	return v;
}

struct rv_str rv_contract_load_str(const void *at)
{
	struct rv_str s;

	memcpy(&s, at, sizeof(s));
	return s;
}

uint64_t rv_contract_load_number(const struct rv_contract_field *field, const void *at)
{
	uint64_t wide = 0;
	uint32_t narrow;

	switch (rv_contract_item_size(field)) {
	case sizeof(bool):
		return rv_contract_load_bool(at);
	case sizeof(uint32_t):
		memcpy(&narrow, at, sizeof(narrow));
		return narrow;
	default:
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
}

void rv_contract_store_number(const struct rv_contract_field *field, void *at, uint64_t v)
{
	uint32_t narrow = (uint32_t)v;

	switch (rv_contract_item_size(field)) {
	case sizeof(bool):
		rv_contract_store_bool(at, v != 0);
		break;
	case sizeof(uint32_t):
		memcpy(at, &narrow, sizeof(narrow));
		break;
	default:
		memcpy(at, &v, sizeof(v));
		break;
	}
}

struct rv_contract_list rv_contract_load_list(const struct rv_contract_field *field,
					      const void *value)
{
	struct rv_contract_list list = { .item_size = rv_contract_item_size(field) };

	memcpy(&list.items, rv_contract_at(value, field->offset), sizeof(list.items));
	memcpy(&list.len, rv_contract_at(value, field->side), sizeof(list.len));
	return list;
}

void rv_contract_store_list(const struct rv_contract_field *field, void *value, void *items,
			    size_t len)
{
	memcpy(rv_contract_at_mut(value, field->offset), &items, sizeof(items));
	memcpy(rv_contract_at_mut(value, field->side), &len, sizeof(len));
}

/* Is it the value that a field means which was left out? */
static bool is_zero(const struct rv_contract_field *field, const void *at)
{
	const struct rv_contract_type *type = field->of.type;

	if (field->kind == RV_CONTRACT_STR || field->kind == RV_CONTRACT_BYTES)
		return rv_contract_load_str(at).len == 0;
	if (field->kind != RV_CONTRACT_STRUCT)
		return rv_contract_load_number(field, at) == 0;
	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *inner = &type->fields[i];

		if (rv_contract_is(inner, RV_CONTRACT_LIST | RV_CONTRACT_OPTIONAL)
			    ? rv_contract_is_present(inner, at)
			    : !is_zero(inner, rv_contract_at(at, inner->offset)))
			return false;
	}
	return true;
}

bool rv_contract_is_present(const struct rv_contract_field *field, const void *value)
{
	if (rv_contract_is(field, RV_CONTRACT_LIST))
		return rv_contract_load_list(field, value).len > 0;
	if (rv_contract_is(field, RV_CONTRACT_OPTIONAL))
		return rv_contract_load_bool(rv_contract_at(value, field->side));
	if (rv_contract_is(field, RV_CONTRACT_REQUIRED))
		return true;
	return !is_zero(field, rv_contract_at(value, field->offset));
}

static size_t format_step(const struct rv_contract_path *path, char *out, size_t used)
{
	int n;

	if (path == NULL || path->name == NULL)
		return used;
	used = format_step(path->up, out, used);
	if (used >= RV_DIAG_WHERE_MAX)
		return used;
	n = snprintf(out + used, RV_DIAG_WHERE_MAX - used, "%s%s", used > 0 ? "." : "", path->name);
	used += (size_t)n;
	if (path->index != RV_CONTRACT_NO_INDEX && used < RV_DIAG_WHERE_MAX)
		used += (size_t)snprintf(out + used, RV_DIAG_WHERE_MAX - used, "[%zu]",
					 path->index);
	return used;
}

void rv_contract_path_format(const struct rv_contract_path *path,
			     char out[static RV_DIAG_WHERE_MAX])
{
	out[0] = '\0';
	format_step(path, out, 0);
}

const struct rv_contract_op *rv_contract_op_find(struct rv_str name)
{
	for (size_t i = 0; i < rv_contract_op_count; i++)
		if (rv_str_is(name, rv_contract_ops[i].name))
			return &rv_contract_ops[i];
	return NULL;
}
