/* Messages as they were written once, in recorded/wire-N.txt: name, bytes in hex, the same as JSON;
 * three lines each. What readers of today make of the bytes must be what the JSON says.
 *
 *   test_contract_recorded --record > recorded/wire-N.txt
 *
 * is run when RV_WIRE_VERSION becomes N, and never again for that N: contract/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/codec.h"
#include "contract/desc_priv.h"
#include "contract/json.h"
#include "contract/rv_contract.h"
#include "contract/wire.h"

enum { VALUE_MAX = 4096, ARENA_MAX = 1024 * 1024 };

/* -- values that fill every field ----------------------------------------------------------- */

static void fill(const struct rv_contract_type *type, void *value, struct rv_arena *arena);

static uint64_t clamp(uint64_t v, uint64_t min, uint64_t max)
{
	return v < min ? min : v > max ? max : v;
}

/* The field's name over and over, so that a text that lands elsewhere is seen. */
static struct rv_str text_of(const struct rv_contract_field *field, struct rv_arena *arena)
{
	bool is_item = rv_contract_is(field, RV_CONTRACT_LIST);
	uint64_t len = is_item ? clamp(24, 1, field->item_max) : clamp(24, field->min, field->max);
	char *text = rv_arena_alloc(arena, len + 1);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = field->name[i % strlen(field->name)];
	return rv_strn(text, len);
}

static void fill_one(const struct rv_contract_field *field, void *at, struct rv_arena *arena)
{
	bool has_range = !rv_contract_is(field, RV_CONTRACT_LIST);
	uint64_t number = UINT64_C(1000) + field->tag;

	switch (field->kind) {
	case RV_CONTRACT_BOOL:
		rv_contract_store_bool(at, true);
		break;
	case RV_CONTRACT_U32:
	case RV_CONTRACT_U64:
		rv_contract_store_number(
			field, at, has_range ? clamp(number, field->min, field->max) : number);
		break;
	case RV_CONTRACT_I64:
		rv_contract_store_number(field, at, (uint64_t)-1018 - field->tag);
		break;
	case RV_CONTRACT_ID:
		rv_contract_store_number(field, at, (UINT64_C(1) << 61) + field->tag);
		break;
	case RV_CONTRACT_TIME:
		rv_contract_store_number(field, at, UINT64_C(1795369721123456) + field->tag);
		break;
	case RV_CONTRACT_ENUM:
		rv_contract_store_number(field, at, field->of.words->count - 1);
		break;
	case RV_CONTRACT_STR:
	case RV_CONTRACT_BYTES:
		rv_contract_store_str(at, text_of(field, arena));
		break;
	case RV_CONTRACT_STRUCT:
		fill(field->of.type, at, arena);
		break;
	default:
		fail_msg("a kind that is not filled: %u", field->kind);
	}
}

static void fill_list(const struct rv_contract_field *field, void *value, struct rv_arena *arena)
{
	size_t n = clamp(2, field->min, field->max);
	size_t size = rv_contract_item_size(field);
	char *items = rv_arena_array(arena, n, size);

	assert_non_null(items);
	for (size_t i = 0; i < n; i++)
		fill_one(field, items + i * size, arena);
	rv_contract_store_list(field, value, items, n);
}

static void fill(const struct rv_contract_type *type, void *value, struct rv_arena *arena)
{
	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = &type->fields[i];

		if (rv_contract_is(field, RV_CONTRACT_LIST)) {
			fill_list(field, value, arena);
			continue;
		}
		fill_one(field, rv_contract_at_mut(value, field->offset), arena);
		if (rv_contract_is(field, RV_CONTRACT_OPTIONAL))
			rv_contract_store_bool(rv_contract_at_mut(value, field->side), true);
	}
}

/* -- recording ------------------------------------------------------------------------------ */

static void record(const struct rv_contract_type *type)
{
	_Alignas(max_align_t) char value[VALUE_MAX] = { 0 };
	struct rv_arena arena = { 0 };
	struct rv_buf bytes = { 0 }, hex = { 0 }, json = { 0 };
	struct rv_jsonw w;

	fill(type, value, &arena);
	rv_contract_encode(type, value, &bytes);
	rv_hex_encode(&hex, rv_buf_str(&bytes));
	rv_jsonw_init(&w, &json);
	rv_contract_json_write(type, value, RV_CONTRACT_JSON_SECRETS, 0, &w);
	printf("%s\n%.*s\n%.*s\n", type->name, RV_STR_ARG(rv_buf_str(&hex)),
	       RV_STR_ARG(rv_buf_str(&json)));
	rv_buf_deinit(&bytes);
	rv_buf_deinit(&hex);
	rv_buf_deinit(&json);
	rv_arena_deinit(&arena);
}

/* -- reading what was recorded -------------------------------------------------------------- */

static struct rv_buf read_recorded(unsigned version)
{
	struct rv_buf text = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/test/unit/contract/recorded/wire-%u.txt",
		 getenv("REEVE_SRC"), version);
	if (rv_buf_read_file(&text, path, 16 * 1024 * 1024) != RV_OK)
		fail_msg("cannot read %s", path);
	return text;
}

static struct rv_str take_line(struct rv_str *rest)
{
	size_t end = rv_str_find(*rest, '\n');
	struct rv_str line = rv_str_sub(*rest, 0, end);

	*rest = rv_str_sub(*rest, end + 1, rest->len);
	return line;
}

static const struct rv_contract_type *find_type(struct rv_str name)
{
	for (size_t i = 0; i < rv_contract_msg_count; i++) {
		if (rv_str_is(name, rv_contract_msgs[i].in->name))
			return rv_contract_msgs[i].in;
		if (rv_str_is(name, rv_contract_msgs[i].out->name))
			return rv_contract_msgs[i].out;
	}
	fail_msg("%.*s is no message any more", RV_STR_ARG(name));
	return NULL;
}

static void check_one(struct rv_str name, struct rv_str hex, struct rv_str json, unsigned version)
{
	_Alignas(max_align_t) char got[VALUE_MAX] = { 0 }, wanted[VALUE_MAX] = { 0 };
	const struct rv_contract_type *type = find_type(name);
	struct rv_arena arena = { 0 };
	struct rv_buf bytes = { 0 };
	struct rv_diag diag = { 0 };
	int err;

	assert_true(type->size <= VALUE_MAX);
	assert_int_equal(rv_hex_decode(&bytes, hex, NULL), RV_OK);
	assert_int_equal(bytes.ptr[0], (char)version);
	err = rv_contract_decode(type, rv_buf_str(&bytes), &arena, got);
	if (err != RV_OK)
		fail_msg("%s: %s", type->name, rv_err_name(err));
	/* Fields that are newer are not in the JSON: both sides have their zeroes. */
	err = rv_contract_json_read(type, json, 0, &arena, wanted, &diag);
	if (err != RV_OK)
		fail_msg("%s: %s: %s", type->name, diag.where, diag.text);
	if (!rv_contract_equal(type, got, wanted))
		fail_msg("%s is read with other values than were written", type->name);
	rv_buf_deinit(&bytes);
	rv_arena_deinit(&arena);
}

static void old_messages_are_read_with_their_values(void **state)
{
	unsigned oldest = RV_WIRE_VERSION > 1 ? RV_WIRE_VERSION - 1 : 1;

	(void)state;
	for (unsigned version = oldest; version <= RV_WIRE_VERSION; version++) {
		struct rv_buf text = read_recorded(version);
		struct rv_str rest = rv_buf_str(&text);
		size_t n = 0;

		for (; rest.len > 0; n++) {
			struct rv_str name = take_line(&rest), hex = take_line(&rest);

			check_one(name, hex, take_line(&rest), version);
		}
		assert_true(n >= 40); /* the whole contract, not the rest of a file */
		rv_buf_deinit(&text);
	}
}

/* Whatever the contract has today can be recorded: nothing is too large or of unknown kind. */
static void every_message_of_today_comes_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * rv_contract_msg_count; i++) {
		_Alignas(max_align_t) char value[VALUE_MAX] = { 0 }, got[VALUE_MAX] = { 0 };
		const struct rv_contract_msg *msg = &rv_contract_msgs[i / 2];
		const struct rv_contract_type *type = i % 2 == 0 ? msg->in : msg->out;
		struct rv_arena arena = { 0 };
		struct rv_buf bytes = { 0 };

		fill(type, value, &arena);
		rv_contract_encode(type, value, &bytes);
		if (rv_contract_decode(type, rv_buf_str(&bytes), &arena, got) != RV_OK ||
		    !rv_contract_equal(type, value, got))
			fail_msg("%s does not come back as it was", type->name);
		rv_buf_deinit(&bytes);
		rv_arena_deinit(&arena);
	}
}

static void other_versions_are_refused_by_name(void **state)
{
	static const unsigned char versions[] = { 0, RV_WIRE_VERSION + 1, 255 };
	struct rv_arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(versions); i++) {
		_Alignas(max_align_t) char got[VALUE_MAX] = { 0 };
		int err = rv_contract_decode(rv_contract_msgs[0].out, rv_strn(&versions[i], 1),
					     &arena, got);

		assert_string_equal(rv_err_name(err), "EVERSION");
	}
	rv_arena_deinit(&arena);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_messages_are_read_with_their_values),
		cmocka_unit_test(every_message_of_today_comes_back),
		cmocka_unit_test(other_versions_are_refused_by_name),
	};

	if (argc == 2 && strcmp(argv[1], "--record") == 0) {
		for (size_t i = 0; i < rv_contract_msg_count; i++) {
			record(rv_contract_msgs[i].in);
			record(rv_contract_msgs[i].out);
		}
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
