#include "contract/http.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "contract/rv_contract.h"

#define DISTID "0000-0000-00E0-0001-0000-0123-4567-89AB"

static const struct {
	const char *method, *path;
	int result;
	const char *op; /* or the methods allowed */
	const char *first_var;
} route_cases[] = {
	{ "GET", "/api/v2/devices", RV_OK, "device.list", NULL },
	{ "POST", "/api/v2/devices", RV_OK, "device.create", NULL },
	{ "POST", "/api/v2/devices/claim", RV_OK, "device.claim", NULL },
	{ "GET", "/api/v2/devices/x", RV_OK, "device.get", "x" },
	{ "GET", "/api/v2/devices/claim", RV_OK, "device.get", "claim" },
	{ "GET", "/api/v2/locations/a%2Fb%20c", RV_OK, "location.get", "a/b c" },
	{ "PUT", "/api/v2/devices/x/configs/startup", RV_OK, "config.set", "x" },
	{ "POST", "/api/v2/devices/x/configs/apply", RV_OK, "config.apply", "x" },
	{ "PUT", "/api/v2/devices", RV_EUNSUPPORTED, "POST, GET, HEAD", NULL },
	{ "get", "/api/v2/devices", RV_EUNSUPPORTED, "POST, GET, HEAD", NULL },
	{ "POST", "/api/v2/devices/x", RV_EUNSUPPORTED, "GET, HEAD, PATCH, DELETE", NULL },
	{ "GET", "/api/v2/devices/", RV_ENOTFOUND, NULL, NULL },
	{ "GET", "/api/v2/devices/x/", RV_ENOTFOUND, NULL, NULL },
	{ "GET", "/api/v2/device", RV_ENOTFOUND, NULL, NULL },
	{ "GET", "//api/v2/devices", RV_ENOTFOUND, NULL, NULL },
	{ "GET", "api/v2/devices", RV_ENOTFOUND, NULL, NULL },
	{ "GET", "", RV_ENOTFOUND, NULL, NULL },
	{ "GET", "/", RV_ENOTFOUND, NULL, NULL },
	{ "GET", "/api/v2/devices/%zz", RV_ESYNTAX, NULL, NULL },
};

static void paths_lead_to_operations(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(route_cases); i++) {
		struct rv_contract_route route = { 0 };
		struct rv_arena arena = { 0 };
		int r = rv_contract_route_find(rv_str(route_cases[i].method),
					       rv_str(route_cases[i].path), &arena, &route);

		if (r != route_cases[i].result)
			fail_msg("%s: %s", route_cases[i].path, rv_err_name(r));
		if (r == RV_OK)
			assert_string_equal(route.op->name, route_cases[i].op);
		if (r == RV_EUNSUPPORTED)
			assert_string_equal(route.allow, route_cases[i].op);
		if (route_cases[i].first_var != NULL)
			assert_true(rv_str_is(route.vars[0].value, route_cases[i].first_var));
		rv_arena_deinit(&arena);
	}
}

static const struct {
	const char *method, *path, *query, *body;
	int result;
	const char *key;
} request_cases[] = {
	{ "GET", "/api/v2/devices", "limit=5", "", RV_OK, NULL },
	{ "GET", "/api/v2/devices", "", "{}", RV_EINVALID, "contract.body" },
	{ "PATCH", "/api/v2/devices/" DISTID, "rs=a", "", RV_EINVALID, "contract.query" },
	{ "PATCH", "/api/v2/devices/" DISTID, "", "", RV_OK, NULL },
	{ "PATCH", "/api/v2/devices/" DISTID, "", "{\"rs\":\"a\"}", RV_OK, NULL },
	{ "PATCH", "/api/v2/devices/" DISTID, "", "{\"distid\":\"" DISTID "\"}", RV_EINVALID,
	  "contract.twice" },
	{ "PATCH", "/api/v2/devices/x", "", "{}", RV_EINVALID, "contract.too_short" },
	{ "POST", "/api/v2/devices", "", "", RV_EINVALID, "contract.missing" },
	{ "GET", "/api/v2/devices/" DISTID "/configs/stopped", "", "", RV_EINVALID,
	  "contract.value" },
};

static void requests_are_read_from_path_query_and_body(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(request_cases); i++) {
		struct rv_contract_route route;
		struct rv_arena arena = { 0 };
		struct rv_diag diag = { 0 };
		void *in = NULL;
		int r;

		assert_int_equal(rv_contract_route_find(rv_str(request_cases[i].method),
							rv_str(request_cases[i].path), &arena,
							&route),
				 RV_OK);
		r = rv_contract_request_read(&route, rv_str(request_cases[i].query),
					     rv_str(request_cases[i].body), &arena, &in, &diag);
		if (r != request_cases[i].result)
			fail_msg("%zu %s: %s", i, request_cases[i].path, diag.text);
		if (r != RV_OK)
			assert_string_equal(diag.key, request_cases[i].key);
		assert_int_equal(in != NULL, r == RV_OK);
		rv_arena_deinit(&arena);
	}
}

static void assert_request(const char *op, const void *in, const char *target, const char *body)
{
	struct rv_buf t = { 0 };
	struct rv_buf b = { 0 };

	rv_contract_request_write(rv_contract_op_find(rv_str(op)), in, &t, &b);
	assert_int_equal(t.err, RV_OK);
	if (!rv_str_is(rv_buf_str(&t), target) || !rv_str_is(rv_buf_str(&b), body))
		fail_msg("%.*s %.*s", RV_STR_ARG(rv_buf_str(&t)), RV_STR_ARG(rv_buf_str(&b)));
	rv_buf_deinit(&t);
	rv_buf_deinit(&b);
}

static void a_client_writes_what_the_server_reads(void **state)
{
	struct rv_pull_list_in list = {
		.has_distid = true, .distid = RV_STR_LIT("a b/&c"), .has_before = true, .before = 3
	};
	struct rv_device_update_in update = { .distid = RV_STR_LIT(DISTID),
					      .has_ls_key = true,
					      .ls_key = RV_STR_LIT("k") };
	struct rv_location_get_in get = { .name = RV_STR_LIT("\xe6\x9d\xb1 1") };

	(void)state;
	assert_request("pull.list", &list,
		       "/api/v2/pulls?distid=a%20b%2F%26c&before=pul_0000000000003", "");
	assert_request("device.update", &update, "/api/v2/devices/" DISTID, "{\"ls_key\":\"k\"}");
	assert_request("location.get", &get, "/api/v2/locations/%E6%9D%B1%201", "");
}

static void errors_keep_code_key_text_and_place(void **state)
{
	struct rv_contract_error error = { RV_EEXISTS, RV_STR_LIT("device.exists"),
					   RV_STR_LIT("is \"there\""), RV_STR_LIT("distid") };
	struct rv_contract_error got = { 0 };
	struct rv_arena arena = { 0 };
	struct rv_buf buf = { 0 };
	struct rv_jsonw w;

	(void)state;
	rv_jsonw_init(&w, &buf);
	rv_contract_error_write(&error, 409, &w);
	assert_true(rv_str_is(rv_buf_str(&buf),
			      "{\"type\":\"about:blank\","
			      "\"title\":\"there is already one\",\"status\":409,"
			      "\"detail\":\"is \\\"there\\\"\",\"code\":\"EEXISTS\","
			      "\"key\":\"device.exists\",\"where\":\"distid\"}"));
	assert_int_equal(rv_contract_error_read(rv_buf_str(&buf), &arena, &got), RV_OK);
	assert_int_equal(got.code, RV_EEXISTS);
	assert_true(rv_str_eq(got.key, error.key));
	assert_true(rv_str_eq(got.text, error.text));
	assert_true(rv_str_eq(got.where, error.where));
	assert_int_equal(rv_contract_error_read(RV_STR_LIT("<html>"), &arena, &got), RV_ESYNTAX);
	assert_int_equal(rv_contract_error_read(RV_STR_LIT("{\"code\":\"ENEW\"}"), &arena, &got),
			 RV_OK);
	assert_int_equal(got.code, RV_EUNSUPPORTED);
	rv_buf_clear(&buf);
	rv_buf_printf(&buf, "{\"code\":\"ENOTFOUND\",\"detail\":\"%*s\"}", 64 * 1024, "x");
	assert_int_equal(rv_contract_error_read(rv_buf_str(&buf), &arena, &got), RV_ESYNTAX);
	rv_buf_deinit(&buf);
	rv_arena_deinit(&arena);
}

static void every_error_has_its_status(void **state)
{
	const struct rv_contract_op *create = rv_contract_op_find(RV_STR_LIT("device.create"));
	const struct rv_contract_op *get = rv_contract_op_find(RV_STR_LIT("device.get"));

	(void)state;
	assert_int_equal(rv_contract_http_status(create, RV_OK), 201);
	assert_int_equal(rv_contract_http_status(get, RV_OK), 200);
	assert_int_equal(rv_contract_http_status(get, RV_ENOTFOUND), 404);
	assert_int_equal(rv_contract_http_status(get, RV_EAUTH), 401);
	assert_int_equal(rv_contract_http_status(get, -5), 500);
	for (size_t i = 0; i < rv_contract_op_count; i++)
		for (const int *e = rv_contract_ops[i].errors; *e != 0; e++)
			assert_true(rv_contract_http_status(&rv_contract_ops[i], *e) >= 400);
}

/* -- the OpenAPI document ----------------------------------------------------------------- */

static json_t *resolve(json_t *root, const char *ref)
{
	char part[128];

	assert_memory_equal(ref, "#/", 2);
	for (ref += 2; root != NULL && *ref != '\0';) {
		size_t n = strcspn(ref, "/");

		snprintf(part, sizeof(part), "%.*s", (int)n, ref);
		root = json_object_get(root, part);
		ref += n + (ref[n] == '/');
	}
	return root;
}

static void assert_refs_resolve(json_t *root, json_t *node)
{
	const char *key;
	json_t *child;
	size_t i;

	json_object_foreach(node, key, child)
	{
		if (strcmp(key, "$ref") == 0 && resolve(root, json_string_value(child)) == NULL)
			fail_msg("%s leads nowhere", json_string_value(child));
		assert_refs_resolve(root, child);
	}
	json_array_foreach(node, i, child)
	{
		assert_refs_resolve(root, child);
	}
}

static void assert_errors_are_documented(const struct rv_contract_op *op, json_t *responses)
{
	char status[8];

	for (const int *e = op->errors; *e != 0; e++) {
		json_t *codes, *code;
		bool is_there = false;
		size_t i;

		snprintf(status, sizeof(status), "%u", rv_contract_http_status(op, *e));
		codes = json_object_get(json_object_get(responses, status), "x-codes");
		json_array_foreach(codes, i, code)
		{
			is_there |= strcmp(json_string_value(code), rv_err_name(*e)) == 0;
		}
		if (!is_there)
			fail_msg("%s: %s is not documented under %s", op->name, rv_err_name(*e),
				 status);
	}
}

static struct rv_str dump(json_t *json, struct rv_arena *arena)
{
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	struct rv_str copy = rv_arena_str(arena, rv_str(text));

	free(text);
	return copy;
}

static json_t *example_of(json_t *holder)
{
	json_t *content = json_object_get(json_object_get(holder, "content"), "application/json");

	return json_object_get(content, "example");
}

/* The document's own example must be a request that we take, and an answer that we read. */
static void assert_examples_are_valid(const struct rv_contract_op *op, json_t *doc)
{
	struct rv_contract_input in;
	struct rv_arena arena = { 0 };
	struct rv_diag diag = { 0 };
	void *value = rv_arena_alloc(&arena, op->in->size + op->out->size);
	json_t *param, *body = example_of(json_object_get(doc, "requestBody"));
	char done[8];
	int r = RV_OK;
	size_t i;

	assert_int_equal(rv_contract_input_init(&in, op->in, &arena, 0), RV_OK);
	json_array_foreach(json_object_get(doc, "parameters"), i, param)
	{
		json_t *example = json_object_get(param, "example");
		struct rv_str text = json_is_string(example) ? rv_str(json_string_value(example))
							     : dump(example, &arena);

		if (r == RV_OK)
			r = rv_contract_input_text(
				&in, rv_str(json_string_value(json_object_get(param, "name"))),
				text, &diag);
	}
	if (r == RV_OK && body != NULL)
		r = rv_contract_input_json(&in, dump(body, &arena), &diag);
	if (r == RV_OK)
		r = rv_contract_input_end(&in, value, &diag);
	if (r != RV_OK)
		fail_msg("%s: example request: %s: %s", op->name, diag.where, diag.text);

	snprintf(done, sizeof(done), "%u", rv_contract_http_status(op, RV_OK));
	body = example_of(json_object_get(json_object_get(doc, "responses"), done));
	if (rv_contract_json_read(op->out, dump(body, &arena), 0, &arena, value, &diag) != RV_OK)
		fail_msg("%s: example answer: %s: %s", op->name, diag.where, diag.text);
	rv_arena_deinit(&arena);
}

static void the_openapi_document_tells_every_operation_and_error(void **state)
{
	json_t *root = json_loadb(rv_contract_openapi, rv_contract_openapi_len,
				  JSON_REJECT_DUPLICATES, NULL);

	(void)state;
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "openapi")), "3.1.0");
	assert_refs_resolve(root, root);
	for (size_t i = 0; i < rv_contract_op_count; i++) {
		const struct rv_contract_op *op = &rv_contract_ops[i];
		json_t *path = json_object_get(json_object_get(root, "paths"), op->path);
		char method[8];
		json_t *doc;

		for (size_t n = 0; n <= strlen(op->method); n++)
			method[n] = (char)(op->method[n] != '\0' ? op->method[n] | 0x20 : '\0');
		doc = json_object_get(path, method);
		if (doc == NULL)
			fail_msg("%s is not in the document", op->name);
		assert_string_equal(json_string_value(json_object_get(doc, "operationId")),
				    op->name);
		assert_errors_are_documented(op, json_object_get(doc, "responses"));
		assert_examples_are_valid(op, doc);
	}
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_lead_to_operations),
		cmocka_unit_test(requests_are_read_from_path_query_and_body),
		cmocka_unit_test(a_client_writes_what_the_server_reads),
		cmocka_unit_test(errors_keep_code_key_text_and_place),
		cmocka_unit_test(every_error_has_its_status),
		cmocka_unit_test(the_openapi_document_tells_every_operation_and_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
