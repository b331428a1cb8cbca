/* A message put together from text and JSON. */
#include "contract/json.h"

#include <errno.h>
#include <jansson.h>

#include "base/codec.h"
#include "contract/desc_priv.h"
#include "contract/percent.h"
#include "contract/text.h"

/* What every step of reading one text needs. */
struct reader {
	struct rv_arena *arena;
	struct rv_diag *diag;
	bool is_lenient;
};

static int read_struct(const struct reader *rd, const struct rv_contract_type *type, json_t *json,
		       const struct rv_contract_path *up, void *out, uint32_t *seen);
static int find_missing(const struct rv_contract_type *type, uint32_t seen,
			const struct rv_contract_path *up, struct rv_diag *diag);

static int wrong(struct rv_diag *diag, const char *key, const struct rv_contract_path *path,
		 const char *text)
{
	char where[RV_DIAG_WHERE_MAX];

	rv_contract_path_format(path, where);
	return rv_diag_set(diag, RV_EINVALID, key, where, "%s", text);
}

/* -- JSON --------------------------------------------------------------------------------- */

static int read_integer(const struct reader *rd, const struct rv_contract_field *field,
			json_t *json, const struct rv_contract_path *path, void *at)
{
	json_int_t v = json_integer_value(json);

	if (!json_is_integer(json))
		return wrong(rd->diag, "contract.json.type", path, "must be a whole number");
	if (v < 0 && field->kind != RV_CONTRACT_I64)
		return wrong(rd->diag, "contract.range", path, "must not be negative");
	if (v > UINT32_MAX && field->kind == RV_CONTRACT_U32)
		return wrong(rd->diag, "contract.range", path, "is too big");
	rv_contract_store_number(field, at, (uint64_t)v);
	return RV_OK;
}

static int read_one(const struct reader *rd, const struct rv_contract_field *field, json_t *json,
		    const struct rv_contract_path *path, void *at)
{
	char where[RV_DIAG_WHERE_MAX];
	uint32_t seen = 0;
	int r;

	switch (field->kind) {
	case RV_CONTRACT_BOOL:
		if (!json_is_boolean(json))
			return wrong(rd->diag, "contract.json.type", path, "must be true or false");
		rv_contract_store_bool(at, json_is_true(json));
		return RV_OK;
	case RV_CONTRACT_U32:
	case RV_CONTRACT_U64:
	case RV_CONTRACT_I64:
		return read_integer(rd, field, json, path, at);
	case RV_CONTRACT_STRUCT:
		r = read_struct(rd, field->of.type, json, path, at, &seen);
		return r == RV_OK ? find_missing(field->of.type, seen, path, rd->diag) : r;
	default:
		if (!json_is_string(json))
			return wrong(rd->diag, "contract.json.type", path, "must be text");
		rv_contract_path_format(path, where);
		return rv_contract_text_read(
			field, rv_strn(json_string_value(json), json_string_length(json)),
			rd->arena, at, where, rd->diag);
	}
}

static int read_list(const struct reader *rd, const struct rv_contract_field *field, json_t *json,
		     struct rv_contract_path *path, void *out)
{
	size_t n = json_array_size(json);
	size_t item_size = rv_contract_item_size(field);
	char where[RV_DIAG_WHERE_MAX];
	char *items;

	if (!json_is_array(json))
		return wrong(rd->diag, "contract.json.type", path, "must be an array");
	if (n > field->max) {
		rv_contract_path_format(path, where);
		return rv_diag_set(rd->diag, RV_ELIMIT, "contract.too_long", where,
				   "%zu items, of at most %zu", n, (size_t)field->max);
	}
	items = rv_arena_array(rd->arena, n, item_size);
	if (items == NULL)
		return -ENOMEM;
	for (path->index = 0; path->index < n; path->index++) {
		int r = read_one(rd, field, json_array_get(json, path->index), path,
				 items + path->index * item_size);
		if (r != RV_OK)
			return r;
	}
	rv_contract_store_list(field, out, items, n);
	return RV_OK;
}

/* Bytes given as "text" or "base64": the two bools of the struct must say the same, if given. */
static int read_text(const struct reader *rd, const struct rv_contract_field *field, json_t *object,
		     const struct rv_contract_path *path, void *out)
{
	bool is_binary = strcmp(path->name, "base64") == 0;
	json_t *json = json_object_get(object, path->name);
	struct rv_contract_field as_text = *field;
	int r;

	as_text.kind = is_binary ? RV_CONTRACT_BYTES : RV_CONTRACT_STR;
	r = read_one(rd, &as_text, json, path, rv_contract_at_mut(out, field->offset));
	if (r == RV_OK) {
		rv_contract_store_bool(rv_contract_at_mut(out, field->binary_flag), is_binary);
		rv_contract_store_bool(rv_contract_at_mut(out, field->has_flag), true);
	}
	return r;
}

/* The field of that JSON name, or NULL. */
static const struct rv_contract_field *find_json_field(const struct rv_contract_type *type,
						       const char *key)
{
	bool is_text_key = strcmp(key, "text") == 0 || strcmp(key, "base64") == 0;

	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = &type->fields[i];

		if (rv_contract_is(field, RV_CONTRACT_TEXT) ? is_text_key
							    : strcmp(key, field->name) == 0)
			return field;
	}
	return NULL;
}

static int read_member(const struct reader *rd, const struct rv_contract_field *field,
		       json_t *object, struct rv_contract_path *path, void *out)
{
	json_t *json = json_object_get(object, path->name);
	void *at = rv_contract_at_mut(out, field->offset);
	int r;

	if (rv_contract_is(field, RV_CONTRACT_TEXT))
		return read_text(rd, field, object, path, out);
	if (rv_contract_is(field, RV_CONTRACT_LIST))
		return read_list(rd, field, json, path, out);
	r = read_one(rd, field, json, path, at);
	if (r == RV_OK && rv_contract_is(field, RV_CONTRACT_OPTIONAL))
		rv_contract_store_bool(rv_contract_at_mut(out, field->side), true);
	return r;
}

/* Was the bool at `offset`, if it was given, given as `expected`? */
static int check_bool(const struct reader *rd, const struct rv_contract_type *type, json_t *object,
		      size_t offset, bool expected, const struct rv_contract_path *up)
{
	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = &type->fields[i];
		struct rv_contract_path path = { up, field->name, RV_CONTRACT_NO_INDEX };
		json_t *json = json_object_get(object, field->name);

		if (field->offset == offset && json_is_boolean(json) &&
		    json_is_true(json) != expected)
			return wrong(rd->diag, "contract.json.body", &path,
				     "does not fit the \"text\" or \"base64\" beside it");
	}
	return RV_OK;
}

static int check_text_flags(const struct reader *rd, const struct rv_contract_type *type,
			    json_t *object, const struct rv_contract_path *up)
{
	bool is_binary = json_object_get(object, "base64") != NULL;

	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = &type->fields[i];
		int r;

		if (!rv_contract_is(field, RV_CONTRACT_TEXT))
			continue;
		if (!is_binary && json_object_get(object, "text") == NULL)
			continue;
		r = check_bool(rd, type, object, field->binary_flag, is_binary, up);
		if (r == RV_OK)
			r = check_bool(rd, type, object, field->has_flag, true, up);
		if (r != RV_OK)
			return r;
	}
	return RV_OK;
}

/* Bits of *seen say what was given already; a second time is an error. */
static int read_struct(const struct reader *rd, const struct rv_contract_type *type, json_t *json,
		       const struct rv_contract_path *up, void *out, uint32_t *seen)
{
	const char *key;
	json_t *member;
	int r = RV_OK;

	if (!json_is_object(json))
		return wrong(rd->diag, "contract.json.type", up, "must be an object");
	json_object_foreach(json, key, member)
	{
		const struct rv_contract_field *field = find_json_field(type, key);
		struct rv_contract_path path = { up, key, RV_CONTRACT_NO_INDEX };

		if (rd->is_lenient && (field == NULL || json_is_null(member)))
			continue;
		if (field == NULL)
			return wrong(rd->diag, "contract.unknown_field", &path,
				     "there is no such field");
		if (*seen >> (field - type->fields) & 1)
			return wrong(rd->diag, "contract.twice", &path, "is given twice");
		r = read_member(rd, field, json, &path, out);
		if (r != RV_OK)
			return r;
		*seen |= UINT32_C(1) << (field - type->fields);
	}
	return check_text_flags(rd, type, json, up);
}

static int find_missing(const struct rv_contract_type *type, uint32_t seen,
			const struct rv_contract_path *up, struct rv_diag *diag)
{
	for (size_t i = 0; i < type->count; i++) {
		struct rv_contract_path path = { up, type->fields[i].name, RV_CONTRACT_NO_INDEX };

		if (rv_contract_is(&type->fields[i], RV_CONTRACT_REQUIRED) && !(seen >> i & 1))
			return wrong(diag, "contract.missing", &path, "is missing");
	}
	return RV_OK;
}

/* jansson quotes the input it stumbled over; that may be a secret. */
static int wrong_syntax(const json_error_t *error, struct rv_diag *diag)
{
	struct rv_str text = rv_str(error->text);
	const char *near = strstr(error->text, " near ");

	if (near != NULL)
		text.len = (size_t)(near - error->text);
	rv_diag_set(diag, RV_ESYNTAX, "contract.json.syntax", "", "line %d, column %d: %.*s",
		    error->line, error->column, RV_STR_ARG(text));
	if (diag != NULL) {
		diag->line = error->line > 0 ? (unsigned)error->line : 0;
		diag->column = error->column > 0 ? (unsigned)error->column : 0;
	}
	return RV_ESYNTAX;
}

/* Past the string at text.ptr[at], a quotation mark, or to the end. */
static size_t skip_string(struct rv_str text, size_t at)
{
	for (at++; at < text.len && text.ptr[at] != '"'; at++)
		if (text.ptr[at] == '\\')
			at++;
	return at;
}

/* Neither more nor deeper than anything of ours: counted without knowing whether it is JSON. */
static int check_size(struct rv_str text, struct rv_diag *diag)
{
	size_t values = 1, depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '"')
			i = skip_string(text, i);
		values += c == '[' || c == '{' || c == ',' || c == ':';
		depth += c == '[' || c == '{';
		depth -= depth > 0 && (c == ']' || c == '}');
		if (depth > RV_CONTRACT_JSON_DEPTH_MAX)
			return rv_diag_set(diag, RV_ELIMIT, "contract.json.size", "",
					   "the JSON is nested deeper than %d",
					   RV_CONTRACT_JSON_DEPTH_MAX);
		if (values > RV_CONTRACT_JSON_VALUES_MAX)
			return rv_diag_set(diag, RV_ELIMIT, "contract.json.size", "",
					   "the JSON has more than %d values and names",
					   RV_CONTRACT_JSON_VALUES_MAX);
	}
	return RV_OK;
}

int rv_contract_input_json(struct rv_contract_input *in, struct rv_str text, struct rv_diag *diag)
{
	struct reader rd = { in->arena, diag, (in->flags & RV_CONTRACT_JSON_LENIENT) != 0 };
	json_error_t error;
	json_t *json;
	int r = check_size(text, diag);

	if (r != RV_OK)
		return r;
	json = json_loadb(text.len > 0 ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		return wrong_syntax(&error, diag);
	r = read_struct(&rd, in->type, json, NULL, in->value, &in->seen);
	json_decref(json);
	return r;
}

/* -- text --------------------------------------------------------------------------------- */

int rv_contract_input_init(struct rv_contract_input *in, const struct rv_contract_type *type,
			   struct rv_arena *arena, unsigned flags)
{
	void *value = rv_arena_alloc(arena, type->size);

	if (value == NULL)
		return -ENOMEM;
	*in = (struct rv_contract_input){ type, arena, flags, value, 0 };
	return RV_OK;
}

/* Lists from the command line are short: each item copies the list. */
static int append_item(struct rv_contract_input *in, const struct rv_contract_field *field,
		       struct rv_str text, struct rv_diag *diag)
{
	struct rv_contract_list list = rv_contract_load_list(field, in->value);
	char *items;
	int r;

	if (list.len >= field->max)
		return rv_diag_set(diag, RV_ELIMIT, "contract.too_long", field->name,
				   "%zu items, of at most %zu", list.len + 1, (size_t)field->max);
	items = rv_arena_array(in->arena, list.len + 1, list.item_size);
	if (items == NULL)
		return -ENOMEM;
	if (list.len > 0)
		memcpy(items, list.items, list.len * list.item_size);
	r = rv_contract_text_read(field, text, in->arena, items + list.len * list.item_size,
				  field->name, diag);
	if (r == RV_OK)
		rv_contract_store_list(field, in->value, items, list.len + 1);
	return r;
}

static int unknown_field(struct rv_str name, struct rv_diag *diag)
{
	char where[RV_DIAG_WHERE_MAX];

	rv_str_copy(rv_str_sub(name, 0, sizeof(where) - 1), where, sizeof(where));
	return rv_diag_set(diag, RV_EINVALID, "contract.unknown_field", where,
			   "there is no such field");
}

static int given_twice(const struct rv_contract_field *field, struct rv_diag *diag)
{
	return rv_diag_set(diag, RV_EINVALID, "contract.twice", field->name, "is given twice");
}

static uint32_t bit_of(const struct rv_contract_input *in, const struct rv_contract_field *field)
{
	return UINT32_C(1) << (field - in->type->fields);
}

int rv_contract_input_text(struct rv_contract_input *in, struct rv_str name, struct rv_str text,
			   struct rv_diag *diag)
{
	const struct rv_contract_field *field = rv_contract_field_find(in->type, name);
	int r;

	if (field == NULL || field->kind == RV_CONTRACT_STRUCT)
		return unknown_field(name, diag);
	if (rv_contract_is(field, RV_CONTRACT_LIST))
		r = append_item(in, field, text, diag);
	else if (in->seen & bit_of(in, field))
		r = given_twice(field, diag);
	else
		r = rv_contract_text_read(field, text, in->arena,
					  rv_contract_at_mut(in->value, field->offset), field->name,
					  diag);
	if (r != RV_OK)
		return r;
	if (rv_contract_is(field, RV_CONTRACT_OPTIONAL))
		rv_contract_store_bool(rv_contract_at_mut(in->value, field->side), true);
	in->seen |= bit_of(in, field);
	return RV_OK;
}

int rv_contract_input_list(struct rv_contract_input *in, struct rv_str name, void *items, size_t n,
			   struct rv_diag *diag)
{
	const struct rv_contract_field *field = rv_contract_field_find(in->type, name);

	if (field == NULL || !rv_contract_is(field, RV_CONTRACT_LIST))
		return unknown_field(name, diag);
	if (in->seen & bit_of(in, field))
		return given_twice(field, diag);
	rv_contract_store_list(field, in->value, items, n);
	in->seen |= bit_of(in, field);
	return RV_OK;
}

int rv_contract_input_query(struct rv_contract_input *in, struct rv_str query, struct rv_diag *diag)
{
	while (query.len > 0) {
		struct rv_str pair = rv_str_sub(query, 0, rv_str_find(query, '&'));
		size_t eq = rv_str_find(pair, '=');
		struct rv_str name = { 0 };
		struct rv_str value = { 0 };
		int r;

		query = rv_str_sub(query, pair.len + 1, query.len);
		r = rv_percent_decode(rv_str_sub(pair, 0, eq), in->arena, &name);
		if (r == RV_OK)
			r = rv_percent_decode(rv_str_sub(pair, eq + 1, pair.len), in->arena,
					      &value);
		if (r == RV_ESYNTAX || (r == RV_OK && eq == pair.len))
			return rv_diag_set(diag, RV_ESYNTAX, "contract.query", "",
					   "the query is not name=value&... in percent-encoding");
		if (r == RV_OK)
			r = rv_contract_input_text(in, name, value, diag);
		if (r != RV_OK)
			return r;
	}
	return RV_OK;
}

int rv_contract_input_end(struct rv_contract_input *in, void *out, struct rv_diag *diag)
{
	int r = find_missing(in->type, in->seen, NULL, diag);

	if (r == RV_OK)
		r = rv_contract_check(in->type, in->value, diag);
	if (r == RV_OK)
		memcpy(out, in->value, in->type->size);
	return r;
}

int rv_contract_json_read(const struct rv_contract_type *type, struct rv_str json, unsigned flags,
			  struct rv_arena *arena, void *out, struct rv_diag *diag)
{
	struct rv_contract_input in;
	int r = rv_contract_input_init(&in, type, arena, flags);

	if (r == RV_OK)
		r = rv_contract_input_json(&in, json, diag);
	return r == RV_OK ? rv_contract_input_end(&in, out, diag) : r;
}
