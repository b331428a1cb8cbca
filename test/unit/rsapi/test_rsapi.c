/* What is decided before any server is asked. */
#include "rsapi/rsapi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *url, *token;
	const char *key;
} open_cases[] = {
	{ "", NULL, "rsapi.url" },
	{ "http://127.0.0.1", NULL, "rsapi.url" }, /* a token never travels in the clear */
	{ "https:127.0.0.1", NULL, "rsapi.url" },
	{ "https://", NULL, "rsapi.url" },
	{ "https://127.0.0.1:x", NULL, "rsapi.url" },
	{ "https://me:secret@127.0.0.1", NULL, "rsapi.url" },
	{ "https://127.0.0.1/?a=b", NULL, "rsapi.url" },
	{ "https://127.0.0.1/#a", NULL, "rsapi.url" },
	{ "https://[::1]:8080/reeve/", NULL, NULL },
	{ "UNIX:/x", NULL, "rsapi.url" },
	{ "postgresql://x", NULL, "rsapi.url" },
	{ "https://127.0.0.1", "two\nlines", "rsapi.token" },
	{ "https://127.0.0.1", "a blank", "rsapi.token" },
	{ "https://127.0.0.1", "", NULL },
	{ "https://127.0.0.1/", "rvt_a-b", NULL },
	{ "unix:/nonexistent", NULL, NULL },
};

static void urls_and_tokens_are_looked_at_when_opened(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(open_cases); i++) {
		struct rsapi_opt opt = { .url = open_cases[i].url, .token = open_cases[i].token };
		struct rsapi_error error = { 0 };
		struct rsapi *api = NULL;
		int r = rsapi_open(&opt, &api, &error);

		if ((r == RV_OK) != (open_cases[i].key == NULL))
			fail_msg("%s: %d %s", open_cases[i].url, r, error.text);
		if (r != RV_OK) {
			assert_int_equal(r, RV_EINVALID);
			assert_string_equal(error.key, open_cases[i].key);
			assert_null(api);
			assert_null(strstr(error.text, "two"));
		}
		rsapi_close(api);
	}
}

static const struct {
	const char *url;
	int code;
	const char *key;
} call_cases[] = {
	{ "unix:/nonexistent/bus.sock", RV_ECLOSED, "rsapi.unreachable" },
	{ "unix:", RV_EINVALID, "rsapi.url" },
	{ "https://127.0.0.1:1", RV_ECLOSED, "rsapi.unreachable" },
};

static void a_server_that_is_not_there_is_told_from_a_wrong_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(call_cases); i++) {
		struct rsapi_opt opt = { .url = call_cases[i].url };
		struct rv_device_list_in in = { 0 };
		struct rv_device_list_out out;
		struct rsapi_error error = { 0 };
		struct rsapi *api = NULL;
		int r;

		assert_int_equal(rsapi_open(&opt, &api, &error), RV_OK);
		r = rsapi_device_list(api, &in, &out, &error);
		if (r != call_cases[i].code || strcmp(error.key, call_cases[i].key) != 0)
			fail_msg("%s: %d %s: %s", call_cases[i].url, r, error.key, error.text);
		/* Without a place for the error, too. */
		assert_int_equal(rsapi_device_list(api, &in, &out, NULL), call_cases[i].code);
		rsapi_close(api);
	}
}

static void what_is_out_of_range_is_not_sent(void **state)
{
	struct rsapi_opt opt = { .url = "unix:/nonexistent/bus.sock" };
	struct rv_device_get_in in = { .distid = rsapi_str("short") };
	struct rv_device_get_out out;
	struct rsapi_error error = { 0 };
	struct rsapi *api = NULL;

	(void)state;
	assert_int_equal(rsapi_open(&opt, &api, NULL), RV_OK);
	assert_int_equal(rsapi_device_get(api, &in, &out, &error), RV_EINVALID);
	assert_string_equal(error.key, "contract.too_short");
	assert_string_equal(error.where, "distid");
	rsapi_close(api);
	rsapi_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_and_tokens_are_looked_at_when_opened),
		cmocka_unit_test(a_server_that_is_not_there_is_told_from_a_wrong_address),
		cmocka_unit_test(what_is_out_of_range_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
