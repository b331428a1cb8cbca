/* A web proxy: URL with credentials, request bytes, answers (spec 2.6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armshttp/proxy.h"

#define A10  "aaaaaaaaaa"
#define A50  A10 A10 A10 A10 A10
#define A253 A50 A50 A50 A50 A50 "aaa"

static const struct {
	const char *text;
	int result;
	const char *host;
	unsigned port;
	const char *login;
	const char *key; /* of the diagnosis */
} urls[] = {
	{ "http://192.0.2.1:3128", RV_OK, "192.0.2.1", 3128, "", NULL },
	{ "HTTPS://192.0.2.1:3128/ignored?x@y", RV_OK, "192.0.2.1", 3128, "", NULL },
	{ "http://192.0.2.1", RV_OK, "192.0.2.1", 443, "", NULL },
	{ "http://[2001:db8::1]:8080/", RV_OK, "2001:db8::1", 8080, "", NULL },
	{ "http://u:p@192.0.2.1:3128", RV_OK, "192.0.2.1", 3128, "u:p", NULL },
	{ "http://u@192.0.2.1:3128", RV_OK, "192.0.2.1", 3128, "u:", NULL },
	{ "http://u:@192.0.2.1:3128", RV_OK, "192.0.2.1", 3128, "u:", NULL },
	{ "http://u:p:q@192.0.2.1:3128", RV_OK, "192.0.2.1", 3128, "u:p:q", NULL },
	{ "http://a%40b:%2f%25%3a%20%E3%81%82@[2001:db8::1]:3128", RV_OK, "2001:db8::1", 3128,
	  "a@b:/%: \xE3\x81\x82", NULL },
	{ "http://a:" A253 "@192.0.2.1:3128", RV_OK, "192.0.2.1", 3128, "a:" A253, NULL },
	{ "http://" A253 "a@192.0.2.1:3128", RV_OK, "192.0.2.1", 3128, A253 "a:", NULL },
	{ "http://aa:" A253 "@192.0.2.1:3128", RV_ELIMIT, NULL, 0, NULL, "url.login" },
	{ "http://" A253 "aa@192.0.2.1:3128", RV_ELIMIT, NULL, 0, NULL, "url.login" },
	{ "http://192.0.2.1:3128/" A50 A50 "aaaaa", RV_OK, "192.0.2.1", 3128, "", NULL },
	{ "http://192.0.2.1:3128/" A50 A50 "aaaaaa", RV_ELIMIT, NULL, 0, NULL, "url.length" },
	{ "http://" A50 A50 A50 ":3128", RV_ELIMIT, NULL, 0, NULL, "url.length" },
	{ "http://" A50 A50 ":3128", RV_ELIMIT, NULL, 0, NULL, "url.host" },
	{ "http://u:p@q@192.0.2.1:3128", RV_ESYNTAX, NULL, 0, NULL, "url.login" },
	{ "http://u:%4@192.0.2.1:3128", RV_ESYNTAX, NULL, 0, NULL, "url.login" },
	{ "http://u:%@192.0.2.1:3128", RV_ESYNTAX, NULL, 0, NULL, "url.login" },
	{ "http://u:%zz@192.0.2.1:3128", RV_ESYNTAX, NULL, 0, NULL, "url.login" },
	{ "http://u:a b@192.0.2.1:3128", RV_ESYNTAX, NULL, 0, NULL, "url.login" },
	{ "http://u:\xe3@192.0.2.1:3128", RV_ESYNTAX, NULL, 0, NULL, "url.login" },
	{ "http://u\r\nX: y:p@192.0.2.1:3128", RV_ESYNTAX, NULL, 0, NULL, "url.login" },
	{ "http://u:%0d%0aX@192.0.2.1:3128", RV_EINVALID, NULL, 0, NULL, "url.login" },
	{ "http://u:%00@192.0.2.1:3128", RV_EINVALID, NULL, 0, NULL, "url.login" },
	{ "http://u:%7f@192.0.2.1:3128", RV_EINVALID, NULL, 0, NULL, "url.login" },
	{ "http://u%3Av:p@192.0.2.1:3128", RV_EINVALID, NULL, 0, NULL, "url.login" },
	{ "http://:p@192.0.2.1:3128", RV_EINVALID, NULL, 0, NULL, "url.login" },
	{ "http://@192.0.2.1:3128", RV_EINVALID, NULL, 0, NULL, "url.login" },
	{ "http://u:p/q@192.0.2.1:3128", RV_EINVALID, NULL, 0, NULL, "url.host" },
	{ "http://proxy.example:3128", RV_EINVALID, NULL, 0, NULL, "url.host" },
	{ "http://u:p@proxy.example:3128", RV_EINVALID, NULL, 0, NULL, "url.host" },
	{ "http://2001:db8::1:3128", RV_ELIMIT, NULL, 0, NULL, "url.port" },
	{ "http://192.0.2.1:0", RV_EINVALID, NULL, 0, NULL, "url.port" },
	{ "http://u:p@192.0.2.1:65536", RV_EINVALID, NULL, 0, NULL, "url.port" },
	{ "http://192.0.2.1 :3128", RV_ESYNTAX, NULL, 0, NULL, "url.character" },
	{ "ftp://192.0.2.1:3128", RV_EINVALID, NULL, 0, NULL, "url.proxy" },
	{ "192.0.2.1:3128", RV_EINVALID, NULL, 0, NULL, "url.proxy" },
	{ "http://", RV_ESYNTAX, NULL, 0, NULL, "url.host" },
	{ "http:///x", RV_ESYNTAX, NULL, 0, NULL, "url.host" },
	{ "", RV_EINVALID, NULL, 0, NULL, "url.proxy" },
};

static void a_url_is_read_with_its_login_or_its_fault_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(urls); i++) {
		struct rv_armshttp_proxy proxy = { .at.port = 7, .login = "before:" };
		struct rv_diag diag = { 0 };
		int r = rv_armshttp_proxy_parse(rv_str(urls[i].text), &proxy, &diag);

		if (r != urls[i].result)
			print_message("# %s: %s\n", urls[i].text, diag.text);
		assert_int_equal(r, urls[i].result);
		assert_int_equal(rv_armshttp_proxy_parse(rv_str(urls[i].text), &proxy, NULL), r);
		if (r != RV_OK) {
			assert_int_equal(proxy.at.port, 7); /* untouched */
			assert_string_equal(proxy.login, "before:");
			assert_string_equal(diag.key, urls[i].key);
			continue;
		}
		assert_string_equal(proxy.at.host, urls[i].host);
		assert_int_equal(proxy.at.port, urls[i].port);
		assert_string_equal(proxy.login, urls[i].login);
	}
}

static void a_refusal_does_not_quote_the_password(void **state)
{
	static const char *const texts[] = {
		"http://user:S3cret@host.example:1", "http://user:S3cret@@192.0.2.1",
		"http://user:S3cret%@192.0.2.1",     "http://user:S3cret/x@192.0.2.1",
		"ftp://user:S3cret@192.0.2.1",       "http://user:S3cret@192.0.2.1:99999",
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(texts); i++) {
		struct rv_armshttp_proxy proxy;
		struct rv_diag diag = { 0 };

		assert_true(rv_armshttp_proxy_parse(rv_str(texts[i]), &proxy, &diag) < 0);
		assert_null(strstr(diag.text, "S3cret"));
		assert_null(strstr(diag.text, "user:"));
	}
}

/* Spec 2.6: the original's bytes; the login is the one line more. */
static const struct {
	const char *proxy, *target, *request;
} requests[] = {
	{ "http://192.0.2.1:3128", "https://192.0.2.10:8443/arms",
	  "CONNECT 192.0.2.10:8443 HTTP/1.1\r\nHost: 192.0.2.10:8443\r\n\r\n" },
	{ "http://192.0.2.1:3128", "https://192.0.2.10/arms",
	  "CONNECT 192.0.2.10:443 HTTP/1.1\r\nHost: 192.0.2.10:443\r\n\r\n" },
	{ "http://[2001:db8::9]:3128", "https://[2001:db8::1]:8443/arms",
	  "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\r\n" },
	/* RFC 7617 section 2 */
	{ "http://Aladdin:open%20sesame@192.0.2.1:3128", "https://192.0.2.10/",
	  "CONNECT 192.0.2.10:443 HTTP/1.1\r\nHost: 192.0.2.10:443\r\n"
	  "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n" },
	{ "http://u@192.0.2.1:3128", "https://192.0.2.10/",
	  "CONNECT 192.0.2.10:443 HTTP/1.1\r\nHost: 192.0.2.10:443\r\n"
	  "Proxy-Authorization: Basic dTo=\r\n\r\n" },
};

static void the_request_is_the_original_s_and_a_login_one_line_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(requests); i++) {
		struct rv_buf out = { .wipe = true };
		struct rv_armshttp_proxy proxy;
		struct rv_armshttp_url target;

		assert_int_equal(rv_armshttp_proxy_parse(rv_str(requests[i].proxy), &proxy, NULL),
				 RV_OK);
		assert_int_equal(rv_armshttp_url_parse(rv_str(requests[i].target),
						       RV_ARMSHTTP_URL_MAX, &target, NULL),
				 RV_OK);
		rv_armshttp_put_connect(&out, &proxy, &target);
		rv_buf_putc(&out, '\0');
		assert_int_equal(out.err, RV_OK);
		assert_string_equal(out.ptr, requests[i].request);
		rv_buf_deinit(&out);
	}
}

static const char LINE_1024[] = "X: " A253 A253 A253 A253 "aaaaaaa\r\n";

static const struct {
	const char *text; /* '|' marks where TLS begins */
	int result;
	unsigned status;
} answers[] = {
	{ "HTTP/1.1 200 Connection established\r\n\r\n|", RV_OK, 200 },
	{ "HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n|\x16\x03\x03", RV_OK,
	  200 },
	{ "HTTP/1.1 200\r\n\r\n|\r\n", RV_OK, 200 },
	{ "HTTP/1.1 204 No Content\n\n|\n", RV_OK, 204 },
	{ "HTTP/2.0 299 odd\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n|abcde",
	  RV_OK, 299 }, /* RFC 9110 9.3.6: both mean nothing here */
	{ "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n|", RV_OK, 200 },
	{ "HTTP/1.1 407 Proxy Authentication Required\r\n", RV_EDENIED, 407 },
	{ "HTTP/1.1 407\nProxy-Authenticate: Basic\n\n<html>", RV_EDENIED, 407 },
	{ "HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n", RV_EDENIED, 302 },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 x\r\n", RV_EDENIED, 503 },
	{ "HTTP/1.1 999 x\r\n", RV_EDENIED, 999 },
	{ "HTTP/1.1 099 x\r\n", RV_ESYNTAX, 0 },
	{ "HTTP/1.1 2000 x\r\n", RV_ESYNTAX, 0 },
	{ "HTTP/1.1 20 x\r\n", RV_ESYNTAX, 0 },
	{ "HTTP/1.1 200x\r\n", RV_ESYNTAX, 0 },
	{ "HTTP/1.1\r\n", RV_ESYNTAX, 0 },
	{ "HTTP/x.1 200 OK\r\n", RV_ESYNTAX, 0 },
	{ "SSH-2.0-OpenSSH\r\n", RV_ESYNTAX, 0 },
	{ "\r\n", RV_ESYNTAX, 0 },
	{ "HTTP/1.1 200 a\rb\r\n", RV_ESYNTAX, 0 },
	{ "HTTP/1.1 200 OK\r\n", RV_EMORE, 200 },
	{ "HTTP/1.1 200 OK\r\nA: b\r\n\r", RV_EMORE, 200 },
	{ "HTTP/1.1 100 Continue\r\n\r\n", RV_EMORE, 100 },
	{ "", RV_EMORE, 0 },
};

static int feed(struct rv_armshttp_connect *answer, struct rv_str in, size_t piece, size_t *used)
{
	int r = RV_EMORE;

	for (size_t at = 0; r == RV_EMORE && at < in.len;) {
		size_t n = 0;

		r = rv_armshttp_connect_feed(answer, rv_str_sub(in, at, piece), &n);
		at += n;
		*used = at;
	}
	return r;
}

static void an_answer_is_judged_alike_in_any_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(answers); i++) {
		struct rv_str all = rv_str(answers[i].text);
		size_t end = rv_str_find(all, '|');
		char text[256];
		size_t len = 0;

		for (size_t at = 0; at < all.len; at++)
			if (at != end)
				text[len++] = all.ptr[at];
		for (size_t piece = 1; piece <= len + 1; piece++) {
			struct rv_armshttp_connect answer = { 0 };
			size_t used = 0;
			int r = feed(&answer, rv_strn(text, len), piece, &used);

			if (r != answers[i].result)
				print_message("# %s in %zu\n", answers[i].text, piece);
			assert_int_equal(r, answers[i].result);
			assert_int_equal(answer.status, answers[i].status);
			if (r == RV_OK)
				assert_int_equal(used, end);
			if (r == RV_EMORE)
				continue;
			/* Decided: nothing more is taken. */
			used = 7;
			assert_int_equal(rv_armshttp_connect_feed(&answer, rv_str("x\r\n"), &used),
					 r);
			assert_int_equal(used, r == RV_OK ? 0 : 7);
		}
	}
}

static void a_line_of_1024_bytes_and_64_lines_are_the_most(void **state)
{
	struct rv_armshttp_connect answer = { 0 };
	size_t used = 0;

	(void)state;
	assert_int_equal(sizeof(LINE_1024) - 1, 1024);
	assert_int_equal(feed(&answer, rv_str("HTTP/1.1 200 OK\r\n"), 99, &used), RV_EMORE);
	for (int i = 0; i < RV_ARMSHTTP_PROXY_LINES_MAX - 2; i++)
		assert_int_equal(feed(&answer, rv_str(LINE_1024), 2048, &used), RV_EMORE);
	assert_int_equal(feed(&answer, rv_str("\r\n"), 2, &used), RV_OK);

	answer = (struct rv_armshttp_connect){ 0 };
	assert_int_equal(feed(&answer, rv_str("HTTP/1.1 200 OK\r\n"), 99, &used), RV_EMORE);
	for (int i = 0; i < RV_ARMSHTTP_PROXY_LINES_MAX - 1; i++)
		assert_int_equal(feed(&answer, rv_str("a: b\r\n"), 99, &used), RV_EMORE);
	assert_int_equal(feed(&answer, rv_str("\r\n"), 2, &used), RV_ELIMIT);

	answer = (struct rv_armshttp_connect){ 0 };
	assert_int_equal(feed(&answer, rv_str("HTTP/1.1 200 OK\r\naa"), 99, &used), RV_EMORE);
	assert_int_equal(feed(&answer, rv_str(LINE_1024), 2048, &used), RV_ELIMIT);
}

static const struct {
	unsigned status;
	bool has_login;
	const char *word;
} reasons[] = {
	{ 407, false, "wants a user name and password" },
	{ 407, true, "does not accept the user name" },
	{ 401, false, "wants a user name and password" },
	{ 403, false, "does not allow" },
	{ 405, false, "does not know CONNECT" },
	{ 501, true, "does not know CONNECT" },
	{ 504, false, "in time" },
	{ 408, false, "in time" },
	{ 429, false, "too much" },
	{ 500, false, "cannot reach" },
	{ 502, true, "cannot reach" },
	{ 503, false, "cannot reach" },
	{ 302, false, "refuses" },
	{ 418, true, "refuses" },
};

static void each_refusal_has_its_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(reasons); i++)
		assert_non_null(
			strstr(rv_armshttp_connect_reason(reasons[i].status, reasons[i].has_login),
			       reasons[i].word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_read_with_its_login_or_its_fault_is_named),
		cmocka_unit_test(a_refusal_does_not_quote_the_password),
		cmocka_unit_test(the_request_is_the_original_s_and_a_login_one_line_more),
		cmocka_unit_test(an_answer_is_judged_alike_in_any_pieces),
		cmocka_unit_test(a_line_of_1024_bytes_and_64_lines_are_the_most),
		cmocka_unit_test(each_refusal_has_its_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
