/* Requests to an RS on another host, and what is made of its answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "server/ls/exchange.h"

#define S(text) RV_STR_LIT(text)

static void a_request_is_a_post_of_base64(void **state)
{
	struct rv_buf path = { 0 }, body = { 0 };

	(void)state;
	assert_int_equal(ls_exchange_write(S("feed.read"), S("\x01"), &path, &body), RV_OK);
	assert_true(rv_str_is(rv_buf_str(&path), "/api/v2/feed/read"));
	assert_true(rv_str_is(rv_buf_str(&body), "{\"request\":\"AQ==\"}"));
	assert_int_equal(ls_exchange_write(S("device.delete"), S(""), &path, &body),
			 RV_EUNSUPPORTED);
	rv_buf_deinit(&path);
	rv_buf_deinit(&body);
}

static const struct {
	const char *op;
	long status;
	const char *body;
	int err;
} answers[] = {
	{ "feed.read", 200, "{\"answer\":\"AQ==\"}", RV_OK },
	{ "feed.report", 201, "", RV_OK },
	{ "feed.note", 200, "{}", RV_OK },
	{ "feed.read", 200, "<html>", RV_ESYNTAX },
	{ "feed.read", 200, "{\"answer\":\"***\"}", RV_EINVALID },
	{ "feed.read", 200, "{\"answer\":\"/////w==\"}", RV_EVERSION },
	{ "feed.read", 401, "{}", RV_EAUTH },
	{ "feed.read", 403, "{\"code\":\"EDENIED\",\"detail\":\"no right\"}", RV_EDENIED },
	{ "feed.read", 503, "", RV_EBUSY },
	{ "feed.read", 404, "", RV_EINVALID },
	{ "device.list", 200, "{}", RV_EUNSUPPORTED },
};

static void an_answer_is_held_to_the_contract(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(answers); i++) {
		struct rv_arena arena = { 0 };
		struct rv_str out = { 0 };
		struct rv_diag diag = { 0 };
		int err = ls_exchange_read(rv_str(answers[i].op), answers[i].status,
					   rv_str(answers[i].body), &arena, &out, &diag);

		if (err != answers[i].err)
			fail_msg("%zu: %s instead of %s", i, rv_err_name(err),
				 rv_err_name(answers[i].err));
		if (strstr(answers[i].body, "no right") != NULL)
			assert_non_null(strstr(diag.text, "no right"));
		rv_arena_deinit(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_a_post_of_base64),
		cmocka_unit_test(an_answer_is_held_to_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
