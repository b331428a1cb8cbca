/* Limits of every value, in one place for the codec, the JSON reader and the command line. */
#include "contract/desc_priv.h"

#include <inttypes.h>

static int check_struct(const struct rv_contract_type *type, const void *value,
			const struct rv_contract_path *up, struct rv_diag *diag);

static int too_long(const struct rv_contract_path *path, uint64_t len, uint64_t max,
		    const char *what, struct rv_diag *diag)
{
	char where[RV_DIAG_WHERE_MAX];

	rv_contract_path_format(path, where);
	return rv_diag_set(diag, RV_ELIMIT, "contract.too_long", where,
			   "%" PRIu64 " %s, of at most %" PRIu64, len, what, max);
}

static int too_short(const struct rv_contract_path *path, uint64_t len, uint64_t min,
		     const char *what, struct rv_diag *diag)
{
	char where[RV_DIAG_WHERE_MAX];

	rv_contract_path_format(path, where);
	return rv_diag_set(diag, RV_EINVALID, "contract.too_short", where,
			   "%" PRIu64 " %s; at least %" PRIu64 " are needed", len, what, min);
}

static int check_text(struct rv_str s, const struct rv_contract_path *path, struct rv_diag *diag)
{
	char where[RV_DIAG_WHERE_MAX];
	size_t at = 0;

	if (!rv_str_is_utf8(s, &at)) {
		rv_contract_path_format(path, where);
		return rv_diag_set(diag, RV_EINVALID, "contract.not_utf8", where,
				   "byte %zu is not UTF-8", at);
	}
	at = rv_str_find(s, '\0');
	if (at < s.len) {
		rv_contract_path_format(path, where);
		return rv_diag_set(diag, RV_EINVALID, "contract.nul", where,
				   "byte %zu is a NUL character", at);
	}
	return RV_OK;
}

static int check_bytes(const struct rv_contract_field *field, struct rv_str s,
		       const struct rv_contract_path *path, struct rv_diag *diag)
{
	bool is_list = rv_contract_is(field, RV_CONTRACT_LIST);
	uint64_t max = is_list ? field->item_max : field->max;
	uint64_t min = is_list ? 0 : field->min;

	if (s.len > max)
		return too_long(path, s.len, max, "bytes", diag);
	/* Left out and empty are the same unless the field is required or optional. */
	if (s.len < min &&
	    (s.len > 0 || rv_contract_is(field, RV_CONTRACT_REQUIRED | RV_CONTRACT_OPTIONAL)))
		return too_short(path, s.len, min, "bytes", diag);
	return field->kind == RV_CONTRACT_STR ? check_text(s, path, diag) : RV_OK;
}

static int check_number(const struct rv_contract_field *field, uint64_t v,
			const struct rv_contract_path *path, struct rv_diag *diag)
{
	char where[RV_DIAG_WHERE_MAX];

	switch (field->kind) {
	case RV_CONTRACT_U32:
	case RV_CONTRACT_U64:
		if (v >= field->min && v <= field->max)
			return RV_OK;
		/* Left out, like an empty string. */
		if (v == 0 && !rv_contract_is(field, RV_CONTRACT_REQUIRED | RV_CONTRACT_OPTIONAL))
			return RV_OK;
		rv_contract_path_format(path, where);
		return rv_diag_set(diag, RV_EINVALID, "contract.range", where,
				   "%" PRIu64 " is not in %" PRIu64 "..%" PRIu64, v, field->min,
				   field->max);
	case RV_CONTRACT_ENUM:
		if (v < field->of.words->count)
			return RV_OK;
		rv_contract_path_format(path, where);
		return rv_diag_set(diag, RV_EVERSION, "contract.enum", where,
				   "%" PRIu64 " is no known value", v);
	case RV_CONTRACT_ID:
		if (v <= INT64_MAX)
			return RV_OK;
		rv_contract_path_format(path, where);
		return rv_diag_set(diag, RV_EINVALID, "contract.id", where,
				   "an id is never negative");
	default:
		return RV_OK;
	}
}

int rv_contract_check_one(const struct rv_contract_field *field, const void *at,
			  const struct rv_contract_path *path, struct rv_diag *diag)
{
	switch (field->kind) {
	case RV_CONTRACT_STRUCT:
		return check_struct(field->of.type, at, path, diag);
	case RV_CONTRACT_STR:
	case RV_CONTRACT_BYTES:
		return check_bytes(field, rv_contract_load_str(at), path, diag);
	default:
		return check_number(field, rv_contract_load_number(field, at), path, diag);
	}
}

static int check_list(const struct rv_contract_field *field, const void *value,
		      struct rv_contract_path *path, struct rv_diag *diag)
{
	struct rv_contract_list list = rv_contract_load_list(field, value);

	if (list.len > field->max)
		return too_long(path, list.len, field->max, "items", diag);
	if (list.len < field->min)
		return too_short(path, list.len, field->min, "items", diag);
	for (path->index = 0; path->index < list.len; path->index++) {
		int r = rv_contract_check_one(field, list.items + path->index * list.item_size,
					      path, diag);
		if (r != RV_OK)
			return r;
	}
	return RV_OK;
}

static int check_field(const struct rv_contract_field *field, const void *value,
		       struct rv_contract_path *path, struct rv_diag *diag)
{
	const void *at = rv_contract_at(value, field->offset);
	int r;

	if (rv_contract_is(field, RV_CONTRACT_LIST))
		return check_list(field, value, path, diag);
	if (!rv_contract_is_present(field, value))
		return RV_OK;
	r = rv_contract_check_one(field, at, path, diag);
	if (r == RV_OK && rv_contract_is(field, RV_CONTRACT_TEXT) &&
	    !rv_contract_load_bool(rv_contract_at(value, field->binary_flag)))
		r = check_text(rv_contract_load_str(at), path, diag);
	return r;
}

static int check_struct(const struct rv_contract_type *type, const void *value,
			const struct rv_contract_path *up, struct rv_diag *diag)
{
	for (size_t i = 0; i < type->count; i++) {
		struct rv_contract_path path = { up, type->fields[i].name, RV_CONTRACT_NO_INDEX };
		int r = check_field(&type->fields[i], value, &path, diag);

		if (r != RV_OK)
			return r;
	}
	return RV_OK;
}

int rv_contract_check(const struct rv_contract_type *type, const void *value, struct rv_diag *diag)
{
	assert(type != NULL && value != NULL);
	return check_struct(type, value, NULL, diag);
}
