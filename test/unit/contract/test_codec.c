#include "contract/rv_contract.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define DISTID "0000-0000-00E0-0001-0000-0123-4567-89AB"

/* version; distid (39 bytes); kind, given although 0 because it is required; two modules. */
static const char golden[] = "\x01"
			     "\x0a\x27" DISTID "\x10\x01"
			     "\x1a\x0b"
			     "\x08\x00"
			     "\x1a\x01u"
			     "\x2a\x02hi"
			     "\x30\x01"
			     "\x1a\x03"
			     "\x08\xac\x02";

static void a_message_has_the_bytes_it_always_had(void **state)
{
	struct rv_module modules[] = {
		{ .infostring = RV_STR_LIT("u"), .body = RV_STR_LIT("hi"), .has_config = true },
		{ .id = 300 },
	};
	struct rv_config_set_in in = { .distid = RV_STR_LIT(DISTID),
				       .kind = RV_CONFIG_KIND_STARTUP,
				       .modules = modules,
				       .modules_len = 2 };
	struct rv_config_set_in out = { 0 };
	struct rv_arena arena = { 0 };
	struct rv_buf buf = { 0 };

	(void)state;
	rv_config_set_in_encode(&in, &buf);
	assert_int_equal(buf.err, RV_OK);
	assert_int_equal(buf.len, sizeof(golden) - 1);
	assert_memory_equal(buf.ptr, golden, buf.len);
	assert_int_equal(rv_config_set_in_decode(rv_buf_str(&buf), &arena, &out), RV_OK);
	assert_true(rv_contract_equal(&rv_config_set_in_type, &in, &out));
	assert_int_equal(out.modules_len, 2);
	assert_int_equal(out.modules[1].id, 300);
	assert_true(out.modules[0].has_config);
	/* lent, not copied */
	assert_true(out.distid.ptr > buf.ptr && out.distid.ptr < buf.ptr + buf.len);
	out.modules[1].id = 301;
	assert_false(rv_contract_equal(&rv_config_set_in_type, &in, &out));
	rv_buf_deinit(&buf);
	rv_arena_deinit(&arena);
}

static void optional_fields_tell_empty_from_left_out(void **state)
{
	struct rv_device_update_in in = { .distid = RV_STR_LIT(DISTID), .has_description = true };
	struct rv_device_update_in out = { 0 };
	struct rv_arena arena = { 0 };
	struct rv_buf buf = { 0 };

	(void)state;
	rv_device_update_in_encode(&in, &buf);
	assert_int_equal(rv_device_update_in_decode(rv_buf_str(&buf), &arena, &out), RV_OK);
	assert_true(out.has_description);
	assert_int_equal(out.description.len, 0);
	assert_false(out.has_is_enabled);
	rv_buf_deinit(&buf);
	rv_arena_deinit(&arena);
}

/* rs.waiting-note.in: 1 distid (required) 2 reason 3 address 4 description 5 key_mac 6 at */
static const struct {
	const char *what;
	struct rv_str bytes;
	int result;
} decode_cases[] = {
	{ "the least", RV_STR_LIT("\x01\x0a\x01x"), RV_OK },
	{ "negative time", RV_STR_LIT("\x01\x0a\x01x\x30\x03"), RV_OK },
	{ "unknown field behind", RV_STR_LIT("\x01\x0a\x01x\xba\x01\x02yy"), RV_OK },
	{ "unknown repeated field", RV_STR_LIT("\x01\x0a\x01x\xb8\x01\x07\xb8\x01\x07"), RV_OK },
	{ "empty required string", RV_STR_LIT("\x01\x0a\x00"), RV_OK },
	{ "nothing at all", RV_STR_LIT(""), RV_ESYNTAX },
	{ "version 0", RV_STR_LIT("\x00\x0a\x01x"), RV_EVERSION },
	{ "version 2", RV_STR_LIT("\x02\x0a\x01x"), RV_EVERSION },
	{ "required field missing", RV_STR_LIT("\x01"), RV_EINVALID },
	{ "required field missing, others there", RV_STR_LIT("\x01\x10\x01"), RV_EINVALID },
	{ "field twice", RV_STR_LIT("\x01\x0a\x01x\x0a\x01x"), RV_ESYNTAX },
	{ "fields out of order", RV_STR_LIT("\x01\x0a\x01x\x1a\x01x\x10\x01"), RV_ESYNTAX },
	{ "number where text belongs", RV_STR_LIT("\x01\x08\x01"), RV_ESYNTAX },
	{ "text where a number belongs", RV_STR_LIT("\x01\x0a\x01x\x12\x01x"), RV_ESYNTAX },
	{ "cut short", RV_STR_LIT("\x01\x0a\x02x"), RV_ESYNTAX },
	{ "enum beyond its words", RV_STR_LIT("\x01\x0a\x01x\x10\x05"), RV_EVERSION },
	{ "enum beyond 32 bits", RV_STR_LIT("\x01\x0a\x01x\x10\x80\x80\x80\x80\x10"), RV_EVERSION },
	{ "not UTF-8", RV_STR_LIT("\x01\x0a\x01\xff"), RV_EINVALID },
	{ "NUL in text", RV_STR_LIT("\x01\x0a\x01\x00"), RV_EINVALID },
	{ "any byte in bytes", RV_STR_LIT("\x01\x0a\x01x\x2a\x02\x00\xff"), RV_OK },
	{ "text too long", RV_STR_LIT("\x01\x0a\x28" DISTID "x"), RV_ELIMIT },
};

static void decoding_skips_the_unknown_and_refuses_the_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(decode_cases); i++) {
		struct rv_rs_waiting_note_in out = { .at = 77 };
		struct rv_arena arena = { 0 };
		int r = rv_rs_waiting_note_in_decode(decode_cases[i].bytes, &arena, &out);

		if (r != decode_cases[i].result)
			fail_msg("%s: %s", decode_cases[i].what, rv_err_name(r));
		if (r != RV_OK)
			assert_int_equal(out.at, 77);
		rv_arena_deinit(&arena);
	}
}

static void a_list_over_its_limit_is_refused_before_it_is_stored(void **state)
{
	struct rv_str methods[17];
	struct rv_rs_method_query_in in = { .distid = RV_STR_LIT("x"), .methods = methods };
	struct rv_rs_method_query_in out = { 0 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(methods); i++)
		methods[i] = RV_STR_LIT("m");
	for (in.methods_len = 16; in.methods_len <= 17; in.methods_len++) {
		struct rv_arena arena = { 0 };
		struct rv_buf buf = { 0 };

		rv_rs_method_query_in_encode(&in, &buf);
		assert_int_equal(rv_rs_method_query_in_decode(rv_buf_str(&buf), &arena, &out),
				 in.methods_len > 16 ? RV_ELIMIT : RV_OK);
		rv_buf_deinit(&buf);
		rv_arena_deinit(&arena);
	}
	assert_int_equal(out.methods_len, 16);
}

static void a_full_arena_refuses_the_message(void **state)
{
	struct rv_rs_method_query_out out = { 0 };
	struct rv_arena arena;

	(void)state;
	rv_arena_init(&arena, 8);
	assert_int_equal(rv_rs_method_query_out_decode(RV_STR_LIT("\x01"), &arena, &out), -ENOMEM);
	rv_arena_deinit(&arena);
}

/* A writer of the version before knew fewer fields; one of the next knows more. */
static void older_and_newer_writers_are_understood(void **state)
{
	static const struct rv_contract_field old_fields[] = {
		{ .name = "distid",
		  .tag = 1,
		  .kind = RV_CONTRACT_STR,
		  .flags = RV_CONTRACT_REQUIRED,
		  .offset = offsetof(struct rv_rs_pull_in, distid),
		  .max = 39 },
		{ .name = "key",
		  .tag = 2,
		  .kind = RV_CONTRACT_STR,
		  .offset = offsetof(struct rv_rs_pull_in, key),
		  .max = 64 },
	};
	static const struct rv_contract_type old_type = { "old", old_fields, 2,
							  sizeof(struct rv_rs_pull_in) };
	struct rv_rs_pull_in full = { .distid = RV_STR_LIT(DISTID),
				      .key = RV_STR_LIT("k"),
				      .trigger = RV_STR_LIT("boot"),
				      .address = RV_STR_LIT("192.0.2.1:5") };
	struct rv_rs_pull_in got = { 0 };
	struct rv_arena arena = { 0 };
	struct rv_buf buf = { 0 };

	(void)state;
	rv_rs_pull_in_encode(&full, &buf);
	assert_int_equal(rv_contract_decode(&old_type, rv_buf_str(&buf), &arena, &got), RV_OK);
	assert_true(rv_str_is(got.key, "k"));
	assert_int_equal(got.trigger.len, 0);

	rv_buf_clear(&buf);
	rv_contract_encode(&old_type, &full, &buf);
	memset(&got, 0, sizeof(got));
	assert_int_equal(rv_rs_pull_in_decode(rv_buf_str(&buf), &arena, &got), RV_OK);
	assert_true(rv_str_is(got.distid, DISTID));
	assert_int_equal(got.trigger.len, 0);
	rv_buf_deinit(&buf);
	rv_arena_deinit(&arena);
}

static void nested_structs_and_negative_numbers_come_back(void **state)
{
	struct rv_rs_entry entries[] = { { RV_STR_LIT("https://192.0.2.1/"), RV_STR_LIT("x") } };
	struct rv_feed_record record = {
		.kind = RV_FEED_RECORD_KIND_LOCATION,
		.has_location = true,
		.location = { .name = RV_STR_LIT("default"), .entries = entries, .entries_len = 1 }
	};
	struct rv_rs_feed_out feed = { .records = &record, .records_len = 1, .cursor = UINT64_MAX };
	struct rv_rs_op_out op = { .status = RV_ENOTFOUND };
	struct rv_rs_feed_out feed_got = { 0 };
	struct rv_rs_op_out op_got = { 0 };
	struct rv_arena arena = { 0 };
	struct rv_buf buf = { 0 };

	(void)state;
	rv_rs_feed_out_encode(&feed, &buf);
	assert_int_equal(rv_rs_feed_out_decode(rv_buf_str(&buf), &arena, &feed_got), RV_OK);
	assert_true(rv_contract_equal(&rv_rs_feed_out_type, &feed, &feed_got));
	assert_true(rv_str_is(feed_got.records[0].location.entries[0].md_config, "x"));
	assert_false(feed_got.records[0].has_device);

	rv_buf_clear(&buf);
	rv_rs_op_out_encode(&op, &buf);
	assert_int_equal(rv_rs_op_out_decode(rv_buf_str(&buf), &arena, &op_got), RV_OK);
	assert_int_equal(op_got.status, RV_ENOTFOUND);
	rv_buf_deinit(&buf);
	rv_arena_deinit(&arena);
}

/* The seeds of the fuzzer are written by a second encoder (make_seeds.py): both must agree. */
static void assert_seed_decodes(const struct rv_contract_type *type, const char *label)
{
	_Alignas(max_align_t) char value[1024] = { 0 };
	struct rv_arena arena = { 0 };
	struct rv_buf seed = { 0 };
	struct rv_buf again = { 0 };
	char path[512];
	int r;

	snprintf(path, sizeof(path), "%s/test/fuzz/seeds/contract/%s.%s", getenv("REEVE_SRC"),
		 type->name, label);
	r = rv_buf_read_file(&seed, path, 1 << 20);
	if (r != RV_OK)
		fail_msg("%s: %s; run test/fuzz/contract/make_seeds.py", path, rv_err_name(r));
	rv_buf_consume(&seed, strlen(type->name) + 1);
	r = rv_contract_decode(type, rv_buf_str(&seed), &arena, value);
	if (r != RV_OK)
		fail_msg("%s: %s", path, rv_err_name(r));
	rv_contract_encode(type, value, &again);
	assert_true(rv_str_eq(rv_buf_str(&seed), rv_buf_str(&again)));
	rv_buf_deinit(&seed);
	rv_buf_deinit(&again);
	rv_arena_deinit(&arena);
}

static void a_second_encoder_agrees_on_every_message(void **state)
{
	(void)state;
	assert_true(rv_contract_msg_count > 0);
	for (size_t i = 0; i < rv_contract_msg_count; i++) {
		assert_seed_decodes(rv_contract_msgs[i].in, "full");
		assert_seed_decodes(rv_contract_msgs[i].in, "least");
		assert_seed_decodes(rv_contract_msgs[i].out, "full");
		assert_seed_decodes(rv_contract_msgs[i].out, "least");
	}
}

static void secrets_are_dropped_wherever_they_stand(void **state)
{
	struct rv_line lines[] = { { .account = RV_STR_LIT("a"), .password = RV_STR_LIT("hush") } };
	struct rv_location_get_out out = { .location = { .lines = lines, .lines_len = 1 } };
	struct rv_device_update_in in = { .has_ls_key = true, .ls_key = RV_STR_LIT("hush") };

	(void)state;
	rv_contract_drop_secrets(&rv_location_get_out_type, &out);
	assert_int_equal(lines[0].password.len, 0);
	assert_true(rv_str_is(lines[0].account, "a"));
	rv_contract_drop_secrets(&rv_device_update_in_type, &in);
	assert_int_equal(in.ls_key.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_has_the_bytes_it_always_had),
		cmocka_unit_test(optional_fields_tell_empty_from_left_out),
		cmocka_unit_test(decoding_skips_the_unknown_and_refuses_the_wrong),
		cmocka_unit_test(a_list_over_its_limit_is_refused_before_it_is_stored),
		cmocka_unit_test(a_full_arena_refuses_the_message),
		cmocka_unit_test(older_and_newer_writers_are_understood),
		cmocka_unit_test(a_second_encoder_agrees_on_every_message),
		cmocka_unit_test(secrets_are_dropped_wherever_they_stand),
		cmocka_unit_test(nested_structs_and_negative_numbers_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
