/* The whole way of a request (fixture.h). The client sends bytes as they stand here and reads to
 * the end. */
#include <string.h>

#include "fixture.h"
#include "server/http/gate.h"

enum { PARTS_MAX = 4, EXPECT_MAX = 6 };

#define HOST  "Host: localhost\r\n"
#define TOKEN "Authorization: Bearer good\r\n"
#define CLOSE "Connection: close\r\n"

static const struct {
	const char *parts[PARTS_MAX];
	const char *expect[EXPECT_MAX]; /* in this order */
	const char *never;
	unsigned ops;
} cases[] = {
	{ { "GET /healthz HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { "HTTP/1.1 200 OK\r\n", "nosniff", "\r\n\r\nok\n" },
	  "Server:",
	  0 },
	{ { "HEAD /healthz HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { "HTTP/1.1 200 OK\r\n" },
	  "\r\n\r\nok",
	  0 },
	{ { "GET https://localhost/healthz?x HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { " 200 ", "ok\n" },
	  NULL,
	  0 },
	{ { "GET /api/v2/openapi.json HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { " 200 ", "application/json", "\"openapi\": \"3.1" },
	  NULL,
	  0 },
	{ { "DELETE /healthz HTTP/1.1\r\n" HOST CLOSE "\r\n" }, { " 405 " }, NULL, 0 },
	{ { "GET /api/v3 HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { "HTTP/1.1 404 ", "application/problem+json", "\"status\":404",
	    "there is nothing at /api/v3", "ENOTFOUND", "http.path" },
	  NULL,
	  0 },
	{ { "GET /%ZZ HTTP/1.1\r\n" HOST CLOSE "\r\n" }, { " 404 " }, NULL, 0 },
	{ { "OPTIONS * HTTP/1.1\r\n" HOST CLOSE "\r\n" }, { " 404 " }, NULL, 0 },
	{ { "PUT /api/v2/devices HTTP/1.1\r\n" HOST CLOSE "Content-Length: 0\r\n\r\n" },
	  { " 405 ", "POST" },
	  NULL,
	  0 },
	{ { "VERYLONGMETHODNAME /api/v2/devices HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { " 405 " },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { " 401 ", "EAUTH", "http.no_token" },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE
	    "Authorization: Basic Zm9v\r\n\r\n" },
	  { " 401 ", "http.no_token" },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE
	    "Authorization: Bearer bad\r\n\r\n" },
	  { " 401 ", "unknown token" },
	  NULL,
	  1 },
	{ { "GET /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 200 ", "application/json", "{\"device\":{", "\"distid\":\"" DISTID "\"" },
	  NULL,
	  1 },
	{ { "GET /api/v2/devices/short HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 400 ", "EINVALID", "\"where\":\"distid\"" },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices?limit=x HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 400 ", "\"where\":\"limit\"" },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 200 ", "{\"devices\":[{", "}],", "}" },
	  NULL,
	  1 },
	{ { "GET /api/v2/locations HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 403 ", "no right \\\"location.read\\\"", "EDENIED", "right.missing", "token" },
	  NULL,
	  1 },
	{ { "GET /api/v2/pulls HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 500 ", "http.internal" },
	  NULL,
	  1 },
	{ { "DELETE /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n" },
	  { " 504 ", "ETIMEOUT" },
	  NULL,
	  1 },
	{ { "POST /api/v2/devices HTTP/1.1\r\n" HOST CLOSE TOKEN "Content-Length: 1\r\n\r\n{" },
	  { " 400 ", "ESYNTAX" },
	  NULL,
	  0 },
	{ { "POST /api/v2/devices HTTP/1.1\r\n" HOST CLOSE TOKEN
	    "Transfer-Encoding: chunked\r\n\r\n",
	    "5\r\n{\"dis\r\n4;x\r\ntid\"\r\n4",
	    "0\r\n:\"" DISTID "\",\"ls_key\":\"hunter2\"   \r\n1\r\n}\r\n", "0\r\nX: y\r\n\r\n" },
	  { " 201 ", DISTID },
	  "hunter2",
	  1 },
	{ { "POST /api/v2/devices HTTP/1.1\r\n" HOST CLOSE TOKEN
	    "Expect: 100-continue\r\nContent-Length: 69\r\n\r\n",
	    "{\"distid\":\"" DISTID "\",\"ls_key\":\"k\"}    " },
	  { "HTTP/1.1 100 ", "HTTP/1.1 201 " },
	  NULL,
	  1 },
	{ { "GET /healthz HTTP/1.1\r\n" HOST "\r\nGET /api/v2/devices/" DISTID
	    " HTTP/1.1\r\n" HOST TOKEN "\r\nPOST / HTTP/1.1\r\n" HOST
	    "Content-Length: 5\r\nContent-Length: 6\r\n\r\nGET /healthz" },
	  { "HTTP/1.1 200 ", "ok\n", "HTTP/1.1 200 ", DISTID, "HTTP/1.1 400 ",
	    "Content-Length stands" },
	  NULL,
	  1 },
	{ { "GET / HTTP/1.1\nHost: a\n\n" },
	  { "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n", "problem+json", "nosniff",
	    "http.refused" },
	  NULL,
	  0 },
	{ { "POST / HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n" }, { " 413 " }, NULL, 0 },
	{ { "POST /api/v2/devices HTTP/1.1\r\n" HOST TOKEN "Transfer-Encoding: chunked\r\n\r\n",
	    "1\r\n{\r\nzz\r\n" },
	  { "HTTP/1.1 400 " },
	  NULL,
	  0 },
	{ { "GET /healthz HTTP/1.0\r\n\r\n" }, { " 200 ", "ok\n" }, NULL, 0 },
	/* what follows a request that was to be the last one must not cost it its answer */
	{ { "GET /healthz HTTP/1.1\r\n" HOST CLOSE "\r\nGET /healthz HTTP/1.1\r\n" HOST "\r\n" },
	  { "HTTP/1.1 200 ", "ok\n" },
	  NULL,
	  0 },
	{ { "GET /api/v2/devices HTTP/1.0\r\n" TOKEN "\r\nGET /healthz HTTP/1.1\r\n" HOST "\r\n" },
	  { "HTTP/1.1 200 ", "{\"devices\":[{", "}],", "}" },
	  NULL,
	  1 },
	/* blanks behind a value are none of it */
	{ { "POST /api/v2/devices HTTP/1.1\r\n" HOST TOKEN "Connection: close \r\n"
	    "Content-Length: 65 \t\r\n\r\n{\"distid\":\"" DISTID "\",\"ls_key\":\"k\"}" },
	  { "HTTP/1.1 201 ", DISTID },
	  "HTTP/1.1 4",
	  1 },
	{ { "POST /api/v2/devices HTTP/1.1\r\n" HOST TOKEN CLOSE
	    "Transfer-Encoding: chunked \r\n\r\n"
	    "41\r\n{\"distid\":\"" DISTID "\",\"ls_key\":\"k\"}\r\n0\r\n\r\n" },
	  { "HTTP/1.1 201 ", DISTID },
	  NULL,
	  1 },
	{ { "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "GET /healthz HTTP/1.1\r\n" HOST "\r\n",
	    "\r\nGET /healthz HTTP/1.1\r\n" HOST CLOSE "\r\n" },
	  { "HTTP/1.1 200 ", "ok\n", "HTTP/1.1 200 ", "ok\n", "HTTP/1.1 200 ", "ok\n" },
	  NULL,
	  0 },
};

static void check_order(size_t i, const char *answer)
{
	const char *at = answer;

	for (size_t k = 0; k < EXPECT_MAX && cases[i].expect[k] != NULL; k++) {
		at = strstr(at, cases[i].expect[k]);
		if (at == NULL)
			fail_msg("case %zu: no \"%s\" in: %s", i, cases[i].expect[k], answer);
		at += strlen(cases[i].expect[k]);
	}
	if (cases[i].never != NULL && strstr(answer, cases[i].never) != NULL)
		fail_msg("case %zu: \"%s\" in: %s", i, cases[i].never, answer);
}

static void each_request_gets_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		const char *parts[PARTS_MAX + 1] = { 0 };
		struct world w = { 0 };
		struct client c = { .parts = parts };

		memcpy(parts, cases[i].parts, sizeof(cases[i].parts));
		fixture_run(&w, &c, true);
		check_order(i, c.answer.ptr);
		if (w.ops != cases[i].ops || c.result != RV_ECLOSED)
			fail_msg("case %zu: %u operations, %s", i, w.ops, rv_err_name(c.result));
		rv_buf_deinit(&c.answer);
	}
}

static const char head[] = "GET /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n";

static void without_rs_the_answer_is_503(void **state)
{
	const char *parts[] = { head, NULL };
	struct world w = { 0 };
	struct client c = { .parts = parts };

	(void)state;
	fixture_run(&w, &c, false);
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 503 "));
	assert_non_null(strstr(c.answer.ptr, "Retry-After: 1\r\n"));
	assert_non_null(strstr(c.answer.ptr, "http.no_rs"));
	assert_int_equal(w.stats.answers[5], 1);
	rv_buf_deinit(&c.answer);
}

static void an_operation_goes_to_its_owner_and_to_nobody_else(void **state)
{
	const char *parts[] = { "GET /api/v2/status HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n", NULL };
	struct world w = { 0 };
	struct client c = { .parts = parts };

	(void)state;
	fixture_run(&w, &c, true); /* rs is there, status is not */
	assert_int_equal(w.ops, 0);
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 503 "));
	assert_non_null(strstr(c.answer.ptr, "status cannot be reached now"));
	rv_buf_deinit(&c.answer);
}

/* Nobody knows then whether it was done: the answer does not say that it was not. */
static void the_end_of_rs_answers_what_is_on_its_way(void **state)
{
	const char *parts[] = { "DELETE /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST CLOSE TOKEN
				"\r\n",
				NULL };
	struct world w = { .loses_rs = true };
	struct client c = { .parts = parts };

	(void)state;
	fixture_run(&w, &c, true);
	assert_int_equal(w.ops, 1);
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 503 "));
	assert_non_null(strstr(c.answer.ptr, "http.lost_rs"));
	assert_null(strstr(c.answer.ptr, "Retry-After"));
	rv_buf_deinit(&c.answer);
}

/* The largest of everything at once that the gate lets pass must find an answer. */
static void the_largest_head_is_answered(void **state)
{
	struct rv_buf text = { 0 };
	const char *parts[] = { NULL, NULL };
	struct client c = { .parts = parts };
	struct world w = { 0 };

	(void)state;
	rv_buf_puts(&text, "GET /healthz?");
	for (int i = 0; i < RV_HTTP_PARTS_MAX / 2 - 1; i++)
		rv_buf_puts(&text, "a=b&");
	rv_buf_puts(&text, " HTTP/1.1\r\n" HOST CLOSE);
	for (int i = 0; i < RV_HTTP_FIELDS_MAX - 3; i++)
		rv_buf_printf(&text, "X%d: y\r\n", i);
	rv_buf_puts(&text, "Cookie: ");
	for (int i = 0; i < RV_HTTP_PARTS_MAX / 2 - 1; i++)
		rv_buf_puts(&text, "a=b;");
	while (text.len < RV_HTTP_HEAD_MAX - 4)
		rv_buf_putc(&text, 'c');
	rv_buf_puts(&text, "\r\n\r\n");
	rv_buf_putc(&text, '\0');
	parts[0] = text.ptr;
	fixture_run(&w, &c, true);
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 200 "));
	rv_buf_deinit(&c.answer);
	rv_buf_deinit(&text);
}

static void large_bodies_and_answers_pass(void **state)
{
	const char *parts[] = { "POST /api/v2/devices HTTP/1.1\r\n" HOST TOKEN
				"Content-Length: 400069\r\n\r\n",
				fixture_padding,
				"{\"distid\":\"" DISTID "\",\"ls_key\":\"k\"}    "
				"GET /api/v2/devices HTTP/1.1\r\n" HOST CLOSE TOKEN "\r\n",
				NULL };
	struct world w = { 0 };
	struct client c = { .parts = parts };

	(void)state;
	fixture_run(&w, &c, true);
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 201 "));
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 200 "));
	assert_true(c.answer.len > DEVICES * 200);
	assert_int_equal(c.answer.ptr[c.answer.len - 2], '}');
	assert_int_equal(w.ops, 2);
	rv_buf_deinit(&c.answer);
}

/* request_us is short here: the head never ends. */
static void a_request_that_never_ends_is_cut_off(void **state)
{
	const char *parts[] = { "GET /healthz HTTP/1.1\r\nHost:", NULL };
	struct world w = { 0 };
	struct client c = { .parts = parts };

	(void)state;
	fixture_run(&w, &c, true);
	assert_int_not_equal(c.result, RV_ETIMEOUT); /* the client's patience did not end */
	assert_int_equal(c.answer.len, 1);
	rv_buf_deinit(&c.answer);
}

static void a_peer_that_has_said_all_gets_its_answer(void **state)
{
	const char *parts[] = { "GET /healthz HTTP/1.1\r\n" HOST "\r\n", NULL };
	struct world w = { 0 };
	struct client c = { .parts = parts, .is_half_closed = true };

	(void)state;
	fixture_run(&w, &c, true);
	assert_non_null(strstr(c.answer.ptr, "ok\n"));
	rv_buf_deinit(&c.answer);
}

static void a_stop_waits_for_the_operation(void **state)
{
	const char *parts[] = { head, NULL };
	struct world w = { .is_stopped_early = true };
	struct client c = { .parts = parts };

	(void)state;
	fixture_run(&w, &c, true);
	assert_non_null(strstr(c.answer.ptr, "HTTP/1.1 200 "));
	rv_buf_deinit(&c.answer);
}

/* rs never answers device.delete: the stop has to do without, after the time of grace. */
static void a_stop_does_not_wait_for_ever(void **state)
{
	const char *parts[] = { "DELETE /api/v2/devices/" DISTID " HTTP/1.1\r\n" HOST TOKEN "\r\n",
				NULL };
	struct world w = { .is_stopped_early = true };
	struct client c = { .parts = parts };

	(void)state;
	fixture_run(&w, &c, true);
	assert_null(strstr(c.answer.ptr, "HTTP/1.1 2"));
	rv_buf_deinit(&c.answer);
}

static void targets_and_tokens_are_taken_apart(void **state)
{
	static const struct {
		const char *target, *path, *query;
	} targets[] = {
		{ "/", "/", "" },       { "/a/b?c=d?e", "/a/b", "c=d?e" },
		{ "http://h", "", "" }, { "https://h:8080/a?b", "/a", "b" },
		{ "*", "", "" },        { "http://h?a=/b", "", "a=/b" },
	};
	static const struct {
		const char *header, *token;
	} tokens[] = {
		{ "Bearer abc", "abc" },
		{ "bearer  abc ", "abc" },
		{ "Bearer", "" },
		{ "Bearer ", "" },
		{ "Bearer a b", "" },
		{ "Basic abc", "" },
		{ "", "" },
		{ "Bearer \xff", "" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(targets); i++) {
		struct rv_str path, query;
		rv_http_target_split(rv_str(targets[i].target), &path, &query);
		assert_true(rv_str_is(path, targets[i].path));
		assert_true(rv_str_is(query, targets[i].query));
	}
	for (size_t i = 0; i < RV_ARRAY_LEN(tokens); i++)
		assert_true(
			rv_str_is(rv_http_bearer_token(rv_str(tokens[i].header)), tokens[i].token));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_gets_its_answer),
		cmocka_unit_test(without_rs_the_answer_is_503),
		cmocka_unit_test(an_operation_goes_to_its_owner_and_to_nobody_else),
		cmocka_unit_test(the_end_of_rs_answers_what_is_on_its_way),
		cmocka_unit_test(the_largest_head_is_answered),
		cmocka_unit_test(large_bodies_and_answers_pass),
		cmocka_unit_test(a_request_that_never_ends_is_cut_off),
		cmocka_unit_test(a_peer_that_has_said_all_gets_its_answer),
		cmocka_unit_test(a_stop_waits_for_the_operation),
		cmocka_unit_test(a_stop_does_not_wait_for_ever),
		cmocka_unit_test(targets_and_tokens_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
