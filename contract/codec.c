/* The binary form of every message (wire.h), driven by the tables of desc.h. */
#include "base/codec.h"
#include "contract/desc_priv.h"
#include "contract/wire.h"

#include <errno.h>

static bool is_bytes_kind(unsigned kind)
{
	return kind == RV_CONTRACT_STR || kind == RV_CONTRACT_BYTES;
}

static bool is_signed_kind(unsigned kind)
{
	return kind == RV_CONTRACT_I64 || kind == RV_CONTRACT_TIME;
}

/* -- writing ------------------------------------------------------------------------------ */

static void put_struct(struct rv_wire_writer *w, const struct rv_contract_type *type,
		       const void *value);

static void put_one(struct rv_wire_writer *w, const struct rv_contract_field *field, const void *at)
{
	struct rv_wire_writer counter = { 0 };
	struct rv_str s;
	uint64_t v;

	if (field->kind == RV_CONTRACT_STRUCT) {
		put_struct(&counter, field->of.type, at);
		rv_wire_put_key(w, field->tag, RV_WIRE_BYTES);
		rv_wire_put_varint(w, counter.len);
		put_struct(w, field->of.type, at);
		return;
	}
	if (is_bytes_kind(field->kind)) {
		s = rv_contract_load_str(at);
		rv_wire_put_key(w, field->tag, RV_WIRE_BYTES);
		rv_wire_put_varint(w, s.len);
		rv_wire_put_bytes(w, s);
		return;
	}
	v = rv_contract_load_number(field, at);
	rv_wire_put_key(w, field->tag, RV_WIRE_VARINT);
	rv_wire_put_varint(w, is_signed_kind(field->kind) ? rv_wire_zigzag((int64_t)v) : v);
}

static void put_field(struct rv_wire_writer *w, const struct rv_contract_field *field,
		      const void *value)
{
	struct rv_contract_list list;

	if (!rv_contract_is_present(field, value))
		return;
	if (!rv_contract_is(field, RV_CONTRACT_LIST)) {
		put_one(w, field, rv_contract_at(value, field->offset));
		return;
	}
	list = rv_contract_load_list(field, value);
	for (size_t i = 0; i < list.len; i++)
		put_one(w, field, list.items + i * list.item_size);
}

static void put_struct(struct rv_wire_writer *w, const struct rv_contract_type *type,
		       const void *value)
{
	for (size_t i = 0; i < type->count; i++)
		put_field(w, &type->fields[i], value);
}

void rv_contract_encode(const struct rv_contract_type *type, const void *value, struct rv_buf *out)
{
	struct rv_wire_writer w = { .out = out };
	const char version = RV_WIRE_VERSION;

	assert(type != NULL && value != NULL && out != NULL);
	rv_wire_put_bytes(&w, rv_strn(&version, 1));
	put_struct(&w, type, value);
}

/* -- reading ------------------------------------------------------------------------------ */

static int take_struct(const struct rv_contract_type *type, struct rv_str in,
		       struct rv_arena *arena, void *out);

static int take_one(const struct rv_contract_field *field, const struct rv_wire_field *wire,
		    struct rv_arena *arena, void *at)
{
	bool is_varint = !is_bytes_kind(field->kind) && field->kind != RV_CONTRACT_STRUCT;
	uint64_t v = wire->number;

	if (is_varint != (wire->type == RV_WIRE_VARINT))
		return RV_ESYNTAX;
	if (field->kind == RV_CONTRACT_STRUCT)
		return take_struct(field->of.type, wire->bytes, arena, at);
	if (!is_varint) {
		rv_contract_store_str(at, wire->bytes);
		return RV_OK;
	}
	if (is_signed_kind(field->kind))
		v = (uint64_t)rv_wire_unzigzag(v);
	else if (rv_contract_item_size(field) == sizeof(uint32_t) && v > UINT32_MAX)
		return field->kind == RV_CONTRACT_ENUM ? RV_EVERSION : RV_EINVALID;
	else if (field->kind == RV_CONTRACT_BOOL && v > 1)
		return RV_EINVALID;
	rv_contract_store_number(field, at, v);
	return RV_OK;
}

/* How many fields with this tag follow one another at the front of `in`? */
static int count_items(struct rv_str in, uint32_t tag, size_t *out)
{
	struct rv_wire_field wire = { 0 };
	size_t n = 0;

	while (in.len > 0) {
		if (rv_wire_next(&in, &wire) != RV_OK)
			return RV_ESYNTAX;
		if (wire.tag != tag)
			break;
		n++;
	}
	*out = n;
	return RV_OK;
}

/* The run of items at the front of *in, taken off it. */
static int take_list(const struct rv_contract_field *field, struct rv_str *in,
		     struct rv_arena *arena, void *out)
{
	size_t item_size = rv_contract_item_size(field);
	struct rv_wire_field wire = { 0 };
	size_t n = 0;
	char *items;
	int r;

	r = count_items(*in, field->tag, &n);
	if (r != RV_OK)
		return r;
	if (n > field->max)
		return RV_ELIMIT;
	items = rv_arena_array(arena, n, item_size);
	if (items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		r = rv_wire_next(in, &wire);
		if (r == RV_OK)
			r = take_one(field, &wire, arena, items + i * item_size);
		if (r != RV_OK)
			return r;
	}
	rv_contract_store_list(field, out, items, n);
	return RV_OK;
}

static int take_field(const struct rv_contract_field *field, struct rv_str *in,
		      struct rv_arena *arena, void *out)
{
	struct rv_wire_field wire = { 0 };
	int r;

	if (rv_contract_is(field, RV_CONTRACT_LIST))
		return take_list(field, in, arena, out);
	r = rv_wire_next(in, &wire);
	if (r == RV_OK)
		r = take_one(field, &wire, arena, rv_contract_at_mut(out, field->offset));
	if (r == RV_OK && rv_contract_is(field, RV_CONTRACT_OPTIONAL))
		rv_contract_store_bool(rv_contract_at_mut(out, field->side), true);
	return r;
}

/* Lists are out of this: an absent one is an empty one, and its minimum is checked later. */
static bool may_be_absent(const struct rv_contract_field *field)
{
	return !rv_contract_is(field, RV_CONTRACT_REQUIRED) ||
	       rv_contract_is(field, RV_CONTRACT_LIST);
}

/* Fields stand in the order of their tags, so one walk over both finds what is unknown (in the
 * input alone), missing (in the table alone) and doubled (behind us). */
static int take_struct(const struct rv_contract_type *type, struct rv_str in,
		       struct rv_arena *arena, void *out)
{
	struct rv_wire_field wire = { 0 };
	uint32_t last = 0;
	size_t next = 0;

	while (in.len > 0) {
		struct rv_str rest = in;
		int r = rv_wire_next(&rest, &wire);

		if (r != RV_OK || wire.tag < last)
			return RV_ESYNTAX;
		for (; next < type->count && type->fields[next].tag < wire.tag; next++)
			if (type->fields[next].tag > last && !may_be_absent(&type->fields[next]))
				return RV_EINVALID;
		if (next < type->count && type->fields[next].tag == wire.tag) {
			if (wire.tag == last)
				return RV_ESYNTAX;
			r = take_field(&type->fields[next], &in, arena, out);
			if (r != RV_OK)
				return r;
		} else {
			in = rest;
		}
		last = wire.tag;
	}
	for (; next < type->count; next++)
		if (type->fields[next].tag > last && !may_be_absent(&type->fields[next]))
			return RV_EINVALID;
	return RV_OK;
}

int rv_contract_decode(const struct rv_contract_type *type, struct rv_str bytes,
		       struct rv_arena *arena, void *out)
{
	void *value;
	int r;

	assert(type != NULL && arena != NULL && out != NULL);
	if (bytes.len == 0)
		return RV_ESYNTAX;
	if (!rv_version_is_read((uint8_t)bytes.ptr[0], RV_WIRE_VERSION))
		return RV_EVERSION;
	value = rv_arena_alloc(arena, type->size);
	if (value == NULL)
		return -ENOMEM;
	r = take_struct(type, rv_strn(bytes.ptr + 1, bytes.len - 1), arena, value);
	if (r == RV_OK)
		r = rv_contract_check(type, value, NULL);
	if (r != RV_OK)
		return r;
	memcpy(out, value, type->size);
	return RV_OK;
}

/* -- comparing ---------------------------------------------------------------------------- */

static bool equal_one(const struct rv_contract_field *field, const void *a, const void *b)
{
	if (field->kind == RV_CONTRACT_STRUCT)
		return rv_contract_equal(field->of.type, a, b);
	if (is_bytes_kind(field->kind))
		return rv_str_eq(rv_contract_load_str(a), rv_contract_load_str(b));
	return rv_contract_load_number(field, a) == rv_contract_load_number(field, b);
}

static bool equal_list(const struct rv_contract_field *field, const void *a, const void *b)
{
	struct rv_contract_list la = rv_contract_load_list(field, a);
	struct rv_contract_list lb = rv_contract_load_list(field, b);

	if (la.len != lb.len)
		return false;
	for (size_t i = 0; i < la.len; i++)
		if (!equal_one(field, la.items + i * la.item_size, lb.items + i * lb.item_size))
			return false;
	return true;
}

bool rv_contract_equal(const struct rv_contract_type *type, const void *a, const void *b)
{
	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = &type->fields[i];
		bool is_same;

		if (rv_contract_is_present(field, a) != rv_contract_is_present(field, b))
			return false;
		if (!rv_contract_is_present(field, a))
			continue;
		if (rv_contract_is(field, RV_CONTRACT_LIST))
			is_same = equal_list(field, a, b);
		else
			is_same = equal_one(field, rv_contract_at(a, field->offset),
					    rv_contract_at(b, field->offset));
		if (!is_same)
			return false;
	}
	return true;
}

/* -- secrets ------------------------------------------------------------------------------ */

static void drop_one(const struct rv_contract_field *field, void *at)
{
	if (field->kind == RV_CONTRACT_STRUCT)
		rv_contract_drop_secrets(field->of.type, at);
	else if (rv_contract_is(field, RV_CONTRACT_SECRET))
		memset(at, 0, rv_contract_item_size(field));
}

void rv_contract_drop_secrets(const struct rv_contract_type *type, void *value)
{
	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = &type->fields[i];
		struct rv_contract_list list;
		char *items;

		if (!rv_contract_is(field, RV_CONTRACT_LIST)) {
			drop_one(field, rv_contract_at_mut(value, field->offset));
			continue;
		}
		list = rv_contract_load_list(field, value);
		memcpy(&items, rv_contract_at(value, field->offset), sizeof(items));
		for (size_t k = 0; k < list.len; k++)
			drop_one(field, items + k * list.item_size);
	}
}
