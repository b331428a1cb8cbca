#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "server/http/gate.h"

enum { BODY_MAX = 1000 };

#define GET  "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

/* NULL `passes`: the same bytes as went in, all of them. `rest`: what stays with the caller. */
static const struct {
	const char *in;
	const char *passes;
	const char *rest;
} good[] = {
	{ GET "\r\n", NULL, "" },
	{ GET "\r\nGET /next", GET "\r\n", "GET /next" },
	{ "\r\n" GET "\r\n", GET "\r\n", "" },
	{ "GET /a/b%20c?x=1&y=(;~) HTTP/1.1\r\nhOsT:a\r\n\r\n", NULL, "" },
	{ "GET http://a.example:8080/x HTTP/1.1\r\nHost: \t[2001:db8::1]:8080 \t\r\n\r\n",
	  "GET http://a.example:8080/x HTTP/1.1\r\nHost: \t[2001:db8::1]:8080\r\n\r\n", "" },
	{ GET "X: \t \r\nY: a b \r\n\r\n", GET "X:\r\nY: a b\r\n\r\n", "" },
	{ POST "Content-Length: 2 \r\n\r\nok", POST "Content-Length: 2\r\n\r\nok", "" },
	{ POST "Transfer-Encoding:chunked\t\r\n\r\n0\r\n\r\n",
	  POST "Transfer-Encoding:chunked\r\n\r\n0\r\n\r\n", "" },
	{ "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", NULL, "" },
	{ "GET / HTTP/1.0\r\n\r\n", NULL, "" },
	{ GET "X: \xff tab\there \"quotes\"\r\nY:\r\n\r\n", NULL, "" },
	{ POST "Content-Length: 5\r\n\r\nhellorest", POST "Content-Length: 5\r\n\r\nhello",
	  "rest" },
	{ POST "Content-Length: 0005\r\n\r\n\r\n\0\n\n", NULL, "" }, /* shortened below */
	{ POST "Content-Length: 0\r\n\r\nGET", POST "Content-Length: 0\r\n\r\n", "GET" },
	{ "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nok", NULL, "" },
	{ POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
	  POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "GET" },
	{ POST "transfer-encoding:chunked\r\n\r\n5\r\nhello\r\n00A\r\n0123456789\r\n0000\r\n\r\n",
	  POST "transfer-encoding:chunked\r\n\r\n5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n", "" },
	{ POST "Transfer-Encoding: chunked\r\n\r\n1;name=\"v\\\"\"; x\r\nx\r\n0;last\r\nA: b\r\n"
	       "Content-Length: 7\r\n\r\n",
	  POST "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "" },
};

struct outcome {
	int err;
	unsigned status;
	enum rv_http_gate_state state;
	size_t used;
	struct rv_buf out;
};

/* Feed in pieces of `piece` bytes. */
static struct outcome run(struct rv_str in, size_t piece)
{
	struct outcome o = { 0 };
	struct rv_http_gate gate;

	rv_http_gate_init(&gate, BODY_MAX);
	while (o.used < in.len && o.err == RV_OK && gate.state != RV_HTTP_GATE_DONE) {
		size_t used = 0;

		o.err = rv_http_gate_feed(&gate, rv_str_sub(in, o.used, piece), &used, &o.out);
		o.used += used;
	}
	o.status = gate.status;
	o.state = gate.state;
	if (gate.state == RV_HTTP_GATE_REFUSED) {
		size_t used = 9;
		assert_non_null(gate.reason);
		assert_int_equal(rv_http_gate_feed(&gate, rv_str("GET"), &used, &o.out),
				 RV_EINVALID);
		assert_int_equal(used, 0);
	}
	rv_http_gate_deinit(&gate);
	return o;
}

static void requests_with_one_meaning_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(good); i++) {
		struct rv_str in = rv_str(good[i].in);
		struct rv_str passes = good[i].passes != NULL ? rv_str(good[i].passes) : in;

		if (strstr(good[i].in, "0005") != NULL)
			in.len = passes.len = sizeof(POST
						     "Content-Length: 0005\r\n\r\n\r\n\0\n\n") -
					      1;
		for (size_t piece = 1; piece <= in.len; piece++) {
			struct outcome o = run(in, piece);

			if (o.err != RV_OK || o.state != RV_HTTP_GATE_DONE ||
			    !rv_str_eq(rv_buf_str(&o.out), passes) ||
			    !rv_str_is(rv_str_sub(in, o.used, in.len), good[i].rest))
				fail_msg("case %zu in pieces of %zu: %d, state %d, passed \"%.*s\"",
					 i, piece, o.err, (int)o.state,
					 RV_STR_ARG(rv_buf_str(&o.out)));
			rv_buf_deinit(&o.out);
		}
	}
}

#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
	const char *in;
	unsigned status;
} bad[] = {
	/* lines */
	{ "GET / HTTP/1.1\nHost: a\n\n", 400 },
	{ GET "\n", 400 },
	{ "\n" GET "\r\n", 400 },
	{ "\r" GET "\r\n", 400 },
	{ "\r\n\r\n" GET "\r\n", 400 },
	{ GET "X: a\rb\r\n\r\n", 400 },
	{ GET "X: a\r\r\n\r\n", 400 },
	{ GET "X: a\x01"
	      "b\r\n\r\n",
	  400 },
	{ GET "X: a\x7f"
	      "b\r\n\r\n",
	  400 },
	{ GET "X: a\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	/* request line */
	{ "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /\r\nHost: a\r\n\r\n", 400 },
	{ "GET\r\n\r\n", 400 },
	{ "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET http://?a HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ GET " \r\n\r\n", 400 },
	{ GET "X: a\r\n\t\r\n\r\n", 400 },
	{ "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /<x> HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /\\x HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET / http/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/11\r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.x\r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505 },
	{ "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505 },
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
	/* names */
	{ GET "X\r\n\r\n", 400 },
	{ GET ": x\r\n\r\n", 400 },
	{ GET " X: folded\r\n\r\n", 400 },
	{ GET "X: a\r\n folded\r\n\r\n", 400 },
	{ GET "X: a\r\n\tfolded\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400 },
	{ GET "X : a\r\n\r\n", 400 },
	{ POST "Content-Length : 5\r\n\r\nhello", 400 },
	{ POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400 },
	{ GET "X\t: a\r\n\r\n", 400 },
	{ GET "X(y): a\r\n\r\n", 400 },
	{ GET "\xc3\xa9: a\r\n\r\n", 400 },
	/* host */
	{ "GET / HTTP/1.1\r\n\r\n", 400 },
	{ GET "Host: a\r\n\r\n", 400 },
	{ GET "HOST: b\r\n\r\n", 400 },
	{ "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400 },
	{ GET "Authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n", 400 },
	/* lengths */
	{ POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400 },
	{ POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400 },
	{ POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n", 400 },
	{ POST "Content-Length:\r\n\r\n", 400 },
	{ POST "Content-Length: +3\r\n\r\nabc", 400 },
	{ POST "Content-Length: -1\r\n\r\n", 400 },
	{ POST "Content-Length: 3, 3\r\n\r\nabc", 400 },
	{ POST "Content-Length: 3 3\r\n\r\nabc", 400 },
	{ POST "Content-Length: 0x3\r\n\r\nabc", 400 },
	{ POST "Content-Length: 3.0\r\n\r\nabc", 400 },
	{ POST "Content-Length: \xc2\xb3\r\n\r\nabc", 400 },
	{ POST "Content-Length: \"3\"\r\n\r\nabc", 400 },
	{ POST "Content-Length: 1001\r\n\r\n", 413 },
	{ POST "Content-Length: 4294967297\r\n\r\n", 413 },
	{ POST "Content-Length: 18446744073709551617\r\n\r\n", 413 },
	{ POST "Content-Length: 99999999999999999999\r\n\r\n", 413 },
	/* codings */
	{ POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: \x0b"
	       "chunked\r\n\r\n0\r\n\r\n",
	  400 },
	{ POST "Transfer-Encoding:\r\n\r\n", 400 },
	{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
	/* chunks */
	{ CHUNKED "\r\n", 400 },
	{ CHUNKED "g\r\n", 400 },
	{ CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400 },
	{ CHUNKED "-1\r\n", 400 },
	{ CHUNKED "+1\r\nx\r\n", 400 },
	{ CHUNKED " 1\r\nx\r\n", 400 },
	{ CHUNKED "1 \r\nx\r\n", 400 },
	{ CHUNKED "1\nx\r\n", 400 },
	{ CHUNKED "1\rx", 400 },
	{ CHUNKED "1;a\nx\r\n", 400 },
	{ CHUNKED "1;a\x00\r\n", 400 }, /* ends here for strlen: made longer below */
	{ CHUNKED "1\r\nxy\r\n", 400 },
	{ CHUNKED "1\r\nx\n", 400 },
	{ CHUNKED "1\r\nx\r0", 400 },
	{ CHUNKED "000000001\r\nx\r\n", 400 },
	{ CHUNKED "10000000000000005\r\nhello\r\n", 400 },
	{ CHUNKED "ffffffff\r\n", 413 },
	{ CHUNKED "3e9\r\n", 413 },
	{ CHUNKED "1\r\nx\r\n3e8\r\n", 413 },
	/* trailers */
	{ CHUNKED "0\r\nno colon\r\n\r\n", 400 },
	{ CHUNKED "0\r\nX : a\r\n\r\n", 400 },
	{ CHUNKED "0\r\n X: a\r\n\r\n", 400 },
	{ CHUNKED "0\r\n\n", 400 },
	{ CHUNKED "0\r\n\rx", 400 },
};

static void everything_ambiguous_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad); i++) {
		struct rv_str in = rv_str(bad[i].in);
		struct outcome whole;

		if (strstr(bad[i].in, "1;a") != NULL && in.ptr[in.len - 1] == 'a')
			in.len += 3; /* the NUL and what follows it */
		whole = run(in, in.len);
		if (whole.err != RV_EINVALID || whole.status != bad[i].status)
			fail_msg("case %zu: %d, status %u: %s", i, whole.err, whole.status,
				 bad[i].in);
		for (size_t piece = 1; piece < in.len; piece++) {
			struct outcome o = run(in, piece);
			assert_int_equal(o.err, RV_EINVALID);
			assert_int_equal(o.status, whole.status);
			assert_int_equal(o.used, whole.used);
			assert_true(rv_str_eq(rv_buf_str(&o.out), rv_buf_str(&whole.out)));
			rv_buf_deinit(&o.out);
		}
		rv_buf_deinit(&whole.out);
	}
}

static void nul_is_refused_everywhere(void **state)
{
	static const char text[] =
		"\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1;x\r\nx\r\n0\r\nA: b\r\n\r\n";
	size_t data_at = (size_t)(strstr(text, "\r\nx\r\n") + 2 - text);

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		char copy[sizeof(text)];
		struct outcome o;

		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		o = run(rv_strn(copy, sizeof(text) - 1), sizeof(text));
		assert_int_equal(o.err, i == data_at ? RV_OK : RV_EINVALID);
		rv_buf_deinit(&o.out);
	}
}

/* The body that would smuggle never reaches out: only whole heads do. */
static void nothing_of_a_refused_head_passes(void **state)
{
	struct outcome o = run(rv_str(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
			       1000);

	(void)state;
	assert_int_equal(o.out.len, 0);
	rv_buf_deinit(&o.out);
}

static void heads_and_trailers_are_limited(void **state)
{
	struct rv_buf in = { 0 };
	struct outcome o;

	(void)state;
	rv_buf_printf(&in, GET "X: %*s\r\n\r\n", RV_HTTP_HEAD_MAX - (int)strlen(GET "X: \r\n\r\n"),
		      "x");
	o = run(rv_buf_str(&in), in.len);
	assert_int_equal(o.state, RV_HTTP_GATE_DONE); /* exactly the limit */
	rv_buf_deinit(&o.out);
	rv_buf_clear(&in);
	rv_buf_printf(&in, GET "X: %*s", RV_HTTP_HEAD_MAX, "x");
	o = run(rv_buf_str(&in), in.len);
	assert_int_equal(o.status, 431);
	rv_buf_clear(&in);
	rv_buf_puts(&in, GET);
	for (int i = 0; i < RV_HTTP_FIELDS_MAX; i++)
		rv_buf_puts(&in, "X: y\r\n");
	o = run(rv_buf_str(&in), in.len);
	assert_int_equal(o.status, 431);
	rv_buf_clear(&in);
	rv_buf_printf(&in, CHUNKED "0\r\nX: %*s", RV_HTTP_TRAILER_MAX, "x");
	o = run(rv_buf_str(&in), in.len);
	assert_int_equal(o.status, 431);
	rv_buf_deinit(&o.out);
	rv_buf_clear(&in);
	rv_buf_printf(&in, CHUNKED "1;%*s\r\n", RV_HTTP_CHUNK_EXT_MAX + 1, "x");
	o = run(rv_buf_str(&in), in.len);
	assert_int_equal(o.status, 400);
	rv_buf_deinit(&o.out);
	rv_buf_deinit(&in);
}

static void query_fields_and_cookies_are_limited(void **state)
{
	struct rv_buf in = { 0 };
	struct outcome o;

	(void)state;
	for (int extra = 0; extra < 3; extra++) {
		rv_buf_clear(&in);
		rv_buf_puts(&in, "GET /?");
		for (int i = 1; i < RV_HTTP_PARTS_MAX / 2 + RV_HTTP_PARTS_MAX / 2 * (extra == 2);
		     i++)
			rv_buf_puts(&in, "a&");
		rv_buf_printf(&in, "%s HTTP/1.1\r\nHost: a\r\nCookie: a", extra == 2 ? "&" : "");
		for (int i = 1; i < RV_HTTP_PARTS_MAX / 2; i++)
			rv_buf_puts(&in, ";a");
		rv_buf_printf(&in, "%s\r\n\r\n", extra == 1 ? "\r\ncookie: b" : "");
		o = run(rv_buf_str(&in), in.len);
		assert_int_equal(o.status, extra == 0 ? 0 : extra == 1 ? 431 : 414);
		assert_int_equal(o.state == RV_HTTP_GATE_DONE, extra == 0);
		rv_buf_deinit(&o.out);
	}
	rv_buf_deinit(&in);
}

static void requests_follow_each_other(void **state)
{
	static const char text[] = POST "Content-Length: 2\r\n\r\nok" CHUNKED
					"1\r\nx\r\n0\r\n\r\n" GET "\r\n";
	struct rv_str in = rv_str(text);
	struct rv_buf out = { 0 };
	struct rv_http_gate gate;

	(void)state;
	rv_http_gate_init(&gate, BODY_MAX);
	for (int i = 0; i < 3; i++) {
		size_t used;

		assert_int_equal(rv_http_gate_feed(&gate, in, &used, &out), RV_OK);
		assert_int_equal(gate.state, RV_HTTP_GATE_DONE);
		in = rv_str_sub(in, used, in.len);
		assert_int_equal(rv_http_gate_feed(&gate, in, &used, &out), RV_OK);
		assert_int_equal(used, 0);
		rv_http_gate_next(&gate);
	}
	assert_true(rv_str_is(rv_buf_str(&out), text));
	rv_http_gate_deinit(&gate);
	rv_buf_deinit(&out);
}

static void a_full_output_ends_it(void **state)
{
	struct rv_http_gate gate;
	struct rv_buf out;
	size_t used;

	(void)state;
	rv_buf_init(&out, 10);
	rv_http_gate_init(&gate, BODY_MAX);
	assert_int_equal(rv_http_gate_feed(&gate, rv_str(GET "\r\n"), &used, &out), RV_ELIMIT);
	assert_int_equal(gate.state, RV_HTTP_GATE_REFUSED);
	assert_int_equal(gate.status, 0);
	rv_http_gate_deinit(&gate);
	rv_buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_with_one_meaning_pass),
		cmocka_unit_test(everything_ambiguous_is_refused),
		cmocka_unit_test(nul_is_refused_everywhere),
		cmocka_unit_test(nothing_of_a_refused_head_passes),
		cmocka_unit_test(heads_and_trailers_are_limited),
		cmocka_unit_test(query_fields_and_cookies_are_limited),
		cmocka_unit_test(requests_follow_each_other),
		cmocka_unit_test(a_full_output_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
