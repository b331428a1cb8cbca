#include "contract/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "contract/rv_contract.h"

#define DISTID "0000-0000-00E0-0001-0000-0123-4567-89AB"

static char *to_json(const struct rv_contract_type *type, const void *value, unsigned flags,
		     struct rv_arena *arena)
{
	struct rv_buf buf = { 0 };
	struct rv_jsonw w;
	char *text;

	rv_jsonw_init(&w, &buf);
	rv_contract_json_write(type, value, flags, 0, &w);
	assert_int_equal(buf.err, RV_OK);
	text = rv_arena_copy(arena, buf.ptr, buf.len);
	rv_buf_deinit(&buf);
	return text;
}

static void a_device_is_written_with_words_times_and_ids(void **state)
{
	struct rv_device device = { .id = 0,
				    .distid = RV_STR_LIT(DISTID),
				    .state = RV_DEVICE_STATE_CONFIGURED,
				    .created_at = INT64_C(1795369721123456),
				    .has_certificate_expires_at = true };
	struct rv_arena arena = { 0 };
	char *text = to_json(&rv_device_type, &device, 0, &arena);

	(void)state;
	assert_string_equal(
		text, "{\"id\":\"dev_0000000000000\",\"distid\":\"" DISTID "\","
		      "\"description\":\"\",\"is_enabled\":false,\"location\":\"\",\"rs\":\"\","
		      "\"state\":\"configured\",\"created_at\":\"2026-11-22T17:48:41.123456Z\","
		      "\"last_address\":\"\",\"firmware\":\"\",\"has_startup\":false,"
		      "\"certificate_expires_at\":\"1970-01-01T00:00:00.000000Z\","
		      "\"group\":\"\",\"is_released\":false,\"ls_refused\":\"\"}");
	rv_arena_deinit(&arena);
}

static void a_thing_that_says_something_has_its_text_when_a_language_is_asked_for(void **state)
{
	struct rv_incident incident = { .kind = RV_INCIDENT_KIND_PULL_LOOP };
	struct rv_arena arena = { 0 };

	(void)state;
	assert_null(strstr(to_json(&rv_incident_type, &incident, 0, &arena), "\"text\""));
	assert_non_null(strstr(
		to_json(&rv_incident_type, &incident, rv_contract_json_lang(RV_LANG_EN), &arena),
		"\"text\":\"The device pulled"));
	assert_non_null(strstr(
		to_json(&rv_incident_type, &incident, rv_contract_json_lang(RV_LANG_JA), &arena),
		"\"text\":\"機器が"));
	rv_arena_deinit(&arena);
}

static void secrets_are_read_but_not_written_back(void **state)
{
	static const char json[] = "{\"distid\":\"" DISTID "\",\"ls_key\":\"hush\"}";
	struct rv_device_create_in in = { 0 };
	struct rv_arena arena = { 0 };

	(void)state;
	assert_int_equal(rv_contract_json_read(&rv_device_create_in_type, rv_str(json), 0, &arena,
					       &in, NULL),
			 RV_OK);
	assert_true(rv_str_is(in.ls_key, "hush"));
	assert_null(strstr(to_json(&rv_device_create_in_type, &in, 0, &arena), "ls_key"));
	assert_string_equal(
		to_json(&rv_device_create_in_type, &in, RV_CONTRACT_JSON_SECRETS, &arena), json);
	rv_arena_deinit(&arena);
}

static const struct {
	const char *json;
	bool is_binary, has_config;
	const char *body;
	const char *written;
} module_cases[] = {
	{ "{\"id\":1}", false, false, "",
	  "{\"id\":1,\"version\":\"\",\"infostring\":\"\",\"is_binary\":false,\"has_config\":"
	  "false,\"uses_secrets\":false}" },
	{ "{\"id\":1,\"text\":\"a\\nb\"}", false, true, "a\nb",
	  "{\"id\":1,\"version\":\"\",\"infostring\":\"\",\"is_binary\":false,\"text\":\"a\\nb\","
	  "\"has_config\":true,\"uses_secrets\":false}" },
	{ "{\"id\":1,\"base64\":\"aGk=\"}", true, true, "hi",
	  "{\"id\":1,\"version\":\"\",\"infostring\":\"\",\"is_binary\":true,\"base64\":\"aGk=\","
	  "\"has_config\":true,\"uses_secrets\":false}" },
	{ "{\"id\":1,\"has_config\":true}", false, true, "",
	  "{\"id\":1,\"version\":\"\",\"infostring\":\"\",\"is_binary\":false,\"text\":\"\","
	  "\"has_config\":true,\"uses_secrets\":false}" },
	{ "{\"is_binary\":false,\"text\":\"x\",\"id\":1}", false, true, "x",
	  "{\"id\":1,\"version\":\"\",\"infostring\":\"\",\"is_binary\":false,\"text\":\"x\","
	  "\"has_config\":true,\"uses_secrets\":false}" },
};

static void a_module_body_is_text_or_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(module_cases); i++) {
		struct rv_module module = { 0 };
		struct rv_arena arena = { 0 };
		struct rv_diag diag = { 0 };

		if (rv_contract_json_read(&rv_module_type, rv_str(module_cases[i].json), 0, &arena,
					  &module, &diag) != RV_OK)
			fail_msg("%s: %s: %s", module_cases[i].json, diag.where, diag.text);
		assert_int_equal(module.is_binary, module_cases[i].is_binary);
		assert_int_equal(module.has_config, module_cases[i].has_config);
		assert_true(rv_str_is(module.body, module_cases[i].body));
		assert_string_equal(to_json(&rv_module_type, &module, 0, &arena),
				    module_cases[i].written);
		rv_arena_deinit(&arena);
	}
}

#define SET(rest) "{\"distid\":\"" DISTID "\",\"kind\":\"startup\"," rest "}"

static const struct {
	const char *json;
	int result;
	const char *key, *where;
} set_cases[] = {
	{ SET("\"modules\":[{\"id\":1},{\"id\":2}]"), RV_OK, NULL, "" },
	{ "", RV_ESYNTAX, "contract.json.syntax", "" },
	{ "{", RV_ESYNTAX, "contract.json.syntax", "" },
	{ "{\"distid\":\"a\",\"distid\":\"b\"}", RV_ESYNTAX, "contract.json.syntax", "" },
	{ "[]", RV_EINVALID, "contract.json.type", "" },
	{ SET("\"modules\":{}"), RV_EINVALID, "contract.json.type", "modules" },
	{ SET("\"modules\":null"), RV_EINVALID, "contract.json.type", "modules" },
	{ SET("\"modules\":[1]"), RV_EINVALID, "contract.json.type", "modules[0]" },
	{ SET("\"modules\":[{\"id\":1},{}]"), RV_EINVALID, "contract.missing", "modules[1].id" },
	{ SET("\"modules\":[{\"id\":\"1\"}]"), RV_EINVALID, "contract.json.type", "modules[0].id" },
	{ SET("\"modules\":[{\"id\":1.5}]"), RV_EINVALID, "contract.json.type", "modules[0].id" },
	{ SET("\"modules\":[{\"id\":-1}]"), RV_EINVALID, "contract.range", "modules[0].id" },
	{ SET("\"modules\":[{\"id\":4294967296}]"), RV_EINVALID, "contract.range",
	  "modules[0].id" },
	{ SET("\"modules\":[{\"id\":1,\"x\":2}]"), RV_EINVALID, "contract.unknown_field",
	  "modules[0].x" },
	{ SET("\"modules\":[{\"id\":1,\"body\":\"\"}]"), RV_EINVALID, "contract.unknown_field",
	  "modules[0].body" },
	{ SET("\"modules\":[{\"id\":1,\"text\":\"\",\"base64\":\"\"}]"), RV_EINVALID,
	  "contract.twice", "modules[0].base64" },
	{ SET("\"modules\":[{\"id\":1,\"base64\":\"x\"}]"), RV_EINVALID, "contract.value",
	  "modules[0].base64" },
	{ SET("\"modules\":[{\"id\":1,\"is_binary\":true,\"text\":\"\"}]"), RV_EINVALID,
	  "contract.json.body", "modules[0].is_binary" },
	{ SET("\"modules\":[{\"id\":1,\"has_config\":false,\"text\":\"\"}]"), RV_EINVALID,
	  "contract.json.body", "modules[0].has_config" },
	{ SET("\"modules\":[{\"id\":1,\"has_config\":0}]"), RV_EINVALID, "contract.json.type",
	  "modules[0].has_config" },
	{ "{\"distid\":\"" DISTID "\",\"kind\":\"stopped\",\"modules\":[]}", RV_EINVALID,
	  "contract.value", "kind" },
	{ "{\"distid\":\"" DISTID "\",\"kind\":\"startup\"}", RV_EINVALID, "contract.missing",
	  "modules" },
	{ "{\"kind\":\"startup\",\"modules\":[]}", RV_EINVALID, "contract.missing", "distid" },
	{ "{\"distid\":\"short\",\"kind\":\"startup\",\"modules\":[]}", RV_EINVALID,
	  "contract.too_short", "distid" },
	{ "{\"distid\":\"" DISTID "x\",\"kind\":\"startup\",\"modules\":[]}", RV_ELIMIT,
	  "contract.too_long", "distid" },
};

static void wrong_json_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(set_cases); i++) {
		struct rv_config_set_in out = { .modules_len = 77 };
		struct rv_arena arena = { 0 };
		struct rv_diag diag = { 0 };
		int r = rv_contract_json_read(&rv_config_set_in_type, rv_str(set_cases[i].json), 0,
					      &arena, &out, &diag);

		if (r != set_cases[i].result || strcmp(diag.where, set_cases[i].where) != 0)
			fail_msg("%s: %s at '%s': %s", set_cases[i].json, rv_err_name(r),
				 diag.where, diag.text);
		if (r != RV_OK) {
			assert_string_equal(diag.key, set_cases[i].key);
			assert_int_equal(out.modules_len, 77);
		}
		rv_arena_deinit(&arena);
	}
}

/* Whatever it is made of, and before it takes any memory. */
static void too_many_and_too_deep_values_are_refused(void **state)
{
	static const char *const pieces[] = { "{},", "[],",     "1,", "\"\",", "\"\\\"\":1,",
					      "[",   "{\"a\":", ",",  ":" };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(pieces); i++) {
		struct rv_config_set_in out;
		struct rv_arena arena = { 0 };
		struct rv_diag diag = { 0 };
		struct rv_buf text = { 0 };

		rv_buf_puts(&text, "{\"modules\":[");
		for (int n = 0; n < RV_CONTRACT_JSON_VALUES_MAX; n++)
			rv_buf_puts(&text, pieces[i]);
		assert_int_equal(rv_contract_json_read(&rv_config_set_in_type, rv_buf_str(&text), 0,
						       &arena, &out, &diag),
				 RV_ELIMIT);
		assert_string_equal(diag.key, "contract.json.size");
		rv_buf_deinit(&text);
		rv_arena_deinit(&arena);
	}
}

/* Brackets and commas in texts are no values. */
static void punctuation_in_texts_does_not_count(void **state)
{
	struct rv_device_claim_in out;
	struct rv_arena arena = { 0 };
	struct rv_buf text = { 0 };

	(void)state;
	rv_buf_puts(&text, "{\"distid\":\"" DISTID "\",\"modules\":[{\"id\":1,\"text\":\"");
	for (int n = 0; n < RV_CONTRACT_JSON_VALUES_MAX; n++)
		rv_buf_puts(&text, "[{,:\\\"\\\\");
	rv_buf_puts(&text, "\"}]}");
	assert_int_equal(rv_contract_json_read(&rv_device_claim_in_type, rv_buf_str(&text), 0,
					       &arena, &out, NULL),
			 RV_OK);
	assert_int_equal(out.modules[0].body.len, 6 * RV_CONTRACT_JSON_VALUES_MAX);
	rv_buf_deinit(&text);
	rv_arena_deinit(&arena);
}

static void a_syntax_error_has_line_and_column_but_no_quotation(void **state)
{
	struct rv_device_create_in out;
	struct rv_arena arena = { 0 };
	struct rv_diag diag = { 0 };

	(void)state;
	assert_int_equal(rv_contract_json_read(&rv_device_create_in_type,
					       rv_str("{\n \"ls_key\": \"hush\" \"x\" }"), 0,
					       &arena, &out, &diag),
			 RV_ESYNTAX);
	assert_int_equal(diag.line, 2);
	assert_true(diag.column > 10);
	assert_null(strstr(diag.text, "hush"));
	assert_null(strstr(diag.text, "near"));
	rv_arena_deinit(&arena);
}

static void a_client_skips_what_a_newer_server_says(void **state)
{
	static const char json[] =
		"{\"next\":\"\",\"devices\":[{\"id\":\"dev_0000000000001\",\"new\":{},"
		"\"last_contact_at\":null}],\"later\":[1]}";
	struct rv_device_list_out out = { 0 };
	struct rv_arena arena = { 0 };

	(void)state;
	assert_int_equal(rv_contract_json_read(&rv_device_list_out_type, rv_str(json), 0, &arena,
					       &out, NULL),
			 RV_EINVALID);
	assert_int_equal(rv_contract_json_read(&rv_device_list_out_type, rv_str(json),
					       RV_CONTRACT_JSON_LENIENT, &arena, &out, NULL),
			 RV_OK);
	assert_int_equal(out.devices_len, 1);
	assert_int_equal(out.devices[0].id, 1);
	assert_false(out.devices[0].has_last_contact_at);
	rv_arena_deinit(&arena);
}

static const struct {
	const char *query;
	int result;
	const char *where;
} query_cases[] = {
	{ "", RV_OK, "" },
	{ "limit=10&distid=a%2Db", RV_OK, "" },
	{ "before=pul_0000000000002", RV_OK, "" },
	{ "before=cfg_0000000000002", RV_EINVALID, "before" },
	{ "limit=0", RV_EINVALID, "limit" },
	{ "limit=1001", RV_EINVALID, "limit" },
	{ "limit=+1", RV_EINVALID, "limit" },
	{ "limit=", RV_EINVALID, "limit" },
	{ "limit", RV_ESYNTAX, "" },
	{ "limit=%3", RV_ESYNTAX, "" },
	{ "limit=%3x", RV_ESYNTAX, "" },
	{ "&", RV_ESYNTAX, "" },
	{ "limit=1&limit=1", RV_EINVALID, "limit" },
	{ "colour=red", RV_EINVALID, "colour" },
	{ "distid=%FF", RV_EINVALID, "distid" },
	{ "distid=%00", RV_EINVALID, "distid" },
};

static void queries_fill_fields_or_name_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(query_cases); i++) {
		struct rv_pull_list_in out = { 0 };
		struct rv_contract_input in;
		struct rv_arena arena = { 0 };
		struct rv_diag diag = { 0 };
		int r;

		assert_int_equal(rv_contract_input_init(&in, &rv_pull_list_in_type, &arena, 0),
				 RV_OK);
		r = rv_contract_input_query(&in, rv_str(query_cases[i].query), &diag);
		if (r == RV_OK)
			r = rv_contract_input_end(&in, &out, &diag);
		if (r != query_cases[i].result || strcmp(diag.where, query_cases[i].where) != 0)
			fail_msg("%s: %s at '%s'", query_cases[i].query, rv_err_name(r),
				 diag.where);
		if (i == 1) {
			assert_true(out.has_limit && out.limit == 10);
			assert_true(rv_str_is(out.distid, "a-b"));
		}
		rv_arena_deinit(&arena);
	}
}

static void lists_of_text_grow_item_by_item_up_to_their_limit(void **state)
{
	struct rv_contract_input in;
	struct rv_arena arena = { 0 };
	struct rv_diag diag = { 0 };

	(void)state;
	assert_int_equal(rv_contract_input_init(&in, &rv_location_set_in_type, &arena, 0), RV_OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(
			rv_contract_input_text(&in, RV_STR_LIT("rs_urls"), RV_STR_LIT("u"), &diag),
			RV_OK);
	assert_int_equal(rv_contract_input_text(&in, RV_STR_LIT("rs_urls"), RV_STR_LIT("u"), &diag),
			 RV_ELIMIT);
	assert_string_equal(diag.where, "rs_urls");
	assert_int_equal(((struct rv_location_set_in *)in.value)->rs_urls_len, 5);
	rv_arena_deinit(&arena);
}

/* Written by test/fuzz/contract/make_seeds.py: every field of every message. */
static void assert_seed_reads(const struct rv_contract_type *type, const char *label)
{
	_Alignas(max_align_t) char value[1024] = { 0 };
	struct rv_arena arena = { 0 };
	struct rv_diag diag = { 0 };
	struct rv_buf seed = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/test/fuzz/seeds/contract_json/%s.%s", getenv("REEVE_SRC"),
		 type->name, label);
	assert_int_equal(rv_buf_read_file(&seed, path, 1 << 20), RV_OK);
	rv_buf_consume(&seed, strlen(type->name) + 1);
	if (rv_contract_json_read(type, rv_buf_str(&seed), 0, &arena, value, &diag) != RV_OK)
		fail_msg("%s: %s: %s", path, diag.where, diag.text);
	rv_buf_deinit(&seed);
	rv_arena_deinit(&arena);
}

static void every_message_reads_from_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < rv_contract_msg_count; i++) {
		assert_seed_reads(rv_contract_msgs[i].in, "full");
		assert_seed_reads(rv_contract_msgs[i].in, "least");
		assert_seed_reads(rv_contract_msgs[i].out, "full");
		assert_seed_reads(rv_contract_msgs[i].out, "least");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_written_with_words_times_and_ids),
		cmocka_unit_test(
			a_thing_that_says_something_has_its_text_when_a_language_is_asked_for),
		cmocka_unit_test(secrets_are_read_but_not_written_back),
		cmocka_unit_test(a_module_body_is_text_or_base64),
		cmocka_unit_test(wrong_json_is_refused_with_its_place),
		cmocka_unit_test(too_many_and_too_deep_values_are_refused),
		cmocka_unit_test(punctuation_in_texts_does_not_count),
		cmocka_unit_test(a_syntax_error_has_line_and_column_but_no_quotation),
		cmocka_unit_test(a_client_skips_what_a_newer_server_says),
		cmocka_unit_test(every_message_reads_from_json),
		cmocka_unit_test(queries_fill_fields_or_name_what_is_wrong),
		cmocka_unit_test(lists_of_text_grow_item_by_item_up_to_their_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
