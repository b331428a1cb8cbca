#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armshttp/server.h"

/* A request as it came out of the parser. */
struct result {
	int err;
	unsigned status;
	struct rv_armshttp_head head;
	bool is_complete;
	size_t used;
	char body[256];
	size_t body_len;
};

/* Feeds `in` in pieces of at most `piece` bytes. */
static struct result parse(struct rv_str in, size_t piece, size_t body_max)
{
	struct result res = { 0 };
	struct rv_armshttp_request req;
	enum rv_armshttp_event event = RV_ARMSHTTP_MORE;

	rv_armshttp_request_init(&req, body_max);
	while (event != RV_ARMSHTTP_END && (res.used < in.len || event != RV_ARMSHTTP_MORE)) {
		struct rv_str body = { 0 };
		size_t n = 0;

		res.err = rv_armshttp_request_feed(&req, rv_str_sub(in, res.used, piece), &n,
						   &event, &body);
		if (res.err != RV_OK) {
			enum rv_armshttp_event same = event;
			size_t none = 77;
			assert_int_equal(rv_armshttp_request_feed(&req, in, &none, &same, &body),
					 res.err);
			assert_int_equal(none, 77);
			assert_non_null(req.reason);
			break;
		}
		res.used += n;
		if (event == RV_ARMSHTTP_BODY) {
			assert_true(body.len > 0 && body.len <= sizeof(res.body) - res.body_len);
			memcpy(res.body + res.body_len, body.ptr, body.len);
			res.body_len += body.len;
		}
	}
	res.is_complete = res.err == RV_OK && event == RV_ARMSHTTP_END;
	res.status = req.status;
	res.head = req.head;
	rv_armshttp_request_deinit(&req);
	return res;
}

#define AUTH                                                                                       \
	"Authorization: Basic "                                                                    \
	"MDAwMS0wMDAwLTAwMDEtMDAwMi0wMDAwLTAwMDAtMDAwMC0wMEFCOmxzLXNhLWtleS0wMTIz\r\n"

static const char shape_a[] = "POST /arms.cgi HTTP/1.0\r\nContent-Type: text/xml\r\n"
			      "Content-Length: 14\r\n" AUTH "\r\n<arms-message>";
static const char shape_b[] =
	"POST /rs/pull HTTP/1.1\r\nHost: 2001:db8::1:8443\r\nConnection: close\r\n"
	"Content-Type: text/xml\r\nTransfer-Encoding: chunked\r\n" AUTH "\r\n"
	"5\r\n<arms\r\n9;id=5;trail\r\n-message>\r\n0\r\nX: trailer\r\n\r\n";

/* S17: no Host in shape A; S15: an odd one in shape B. */
static void both_shapes_are_read_in_any_pieces(void **state)
{
	static const char *const shapes[] = { shape_a, shape_b };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(shapes); i++) {
		for (size_t piece = 1; piece <= strlen(shapes[i]); piece++) {
			struct result r = parse(rv_str(shapes[i]), piece, 14);

			assert_true(r.is_complete);
			assert_int_equal(r.used, strlen(shapes[i]));
			assert_string_equal(r.head.path, i == 0 ? "/arms.cgi" : "/rs/pull");
			assert_int_equal(r.head.minor, i);
			assert_int_equal(r.head.is_chunked, i == 1);
			assert_int_equal(r.head.content_length, i == 0 ? 14 : 0);
			assert_true(r.head.has_credentials);
			assert_string_equal(r.head.credentials.user,
					    "0001-0000-0001-0002-0000-0000-0000-00AB");
			assert_string_equal(r.head.credentials.password, "ls-sa-key-0123");
			assert_true(rv_str_is(rv_strn(r.body, r.body_len), "<arms-message>"));
		}
	}
}

#define POST "POST / HTTP/1.1\r\n"
#define A10  "aaaaaaaaaa"
#define A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10

static const struct {
	const char *text;
	int result;
	unsigned status;
} bad_cases[] = {
	/* request line */
	{ "\r\n" POST, RV_ESYNTAX, 400 },
	{ "POST  / HTTP/1.0\r\n", RV_ESYNTAX, 400 },
	{ "POST / HTTP/1.0 \r\n", RV_EUNSUPPORTED, 505 },
	{ "POST /a b HTTP/1.0\r\n", RV_ESYNTAX, 400 },
	{ "POST https://192.0.2.1/ HTTP/1.0\r\n", RV_ESYNTAX, 400 },
	{ "POST /\xff HTTP/1.0\r\n", RV_ESYNTAX, 400 },
	{ "POST /\r\n", RV_ESYNTAX, 400 },
	{ "\x16\x03\x01\x02", RV_OK, 0 }, /* a TLS hello: no line yet */
	{ "GET / HTTP/1.0\r\n", RV_EUNSUPPORTED, 405 },
	{ "post / HTTP/1.0\r\n", RV_EUNSUPPORTED, 405 },
	{ "POST / HTTP/2.0\r\n", RV_EUNSUPPORTED, 505 },
	{ "POST /" A100 " HTTP/1.0\r\n", RV_ELIMIT, 414 },
	/* lines */
	{ "POST / HTTP/1.0\n", RV_ESYNTAX, 400 },
	{ POST "A: b\rc\r\n", RV_ESYNTAX, 400 },
	{ POST "A: b\x01\r\n", RV_ESYNTAX, 400 },
	{ POST "A b\r\n", RV_ESYNTAX, 400 },
	{ POST "A : b\r\n", RV_ESYNTAX, 400 },
	{ POST ": b\r\n", RV_ESYNTAX, 400 },
	{ POST "A: b\r\n folded\r\n", RV_ESYNTAX, 400 },
	{ POST "A: " A100 A100 A100 A100 A100 A100 A100 A100 A100 A100 A10 A10 "\r\n", RV_ELIMIT,
	  431 },
	/* lengths */
	{ POST "\r\n", RV_ESYNTAX, 411 },
	{ POST "Content-Length: 1\r\nContent-Length: 1\r\n", RV_ESYNTAX, 400 },
	{ POST "Content-Length: 1\r\ncontent-length: 2\r\n", RV_ESYNTAX, 400 },
	{ POST "Content-Length: -1\r\n", RV_ESYNTAX, 400 },
	{ POST "Content-Length: +1\r\n", RV_ESYNTAX, 400 },
	{ POST "Content-Length: 1, 1\r\n", RV_ESYNTAX, 400 },
	{ POST "Content-Length: 0x1\r\n", RV_ESYNTAX, 400 },
	{ POST "Content-Length:\r\n", RV_ESYNTAX, 400 },
	{ POST "Content-Length: 18446744073709551617\r\n", RV_ESYNTAX, 400 },
	{ POST "Content-Length: 101\r\n", RV_ELIMIT, 413 },
	{ POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", RV_ESYNTAX, 400 },
	{ POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", RV_ESYNTAX, 400 },
	{ POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", RV_ESYNTAX, 400 },
	{ POST "Transfer-Encoding: gzip, chunked\r\n", RV_EUNSUPPORTED, 501 },
	{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", RV_ESYNTAX, 400 },
	/* credentials: twice is a contradiction, unreadable is none */
	{ POST AUTH AUTH, RV_ESYNTAX, 400 },
	{ POST "Authorization: Basic !\r\n", RV_OK, 0 },
};

static void malformed_heads_are_refused_with_the_status_to_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_cases); i++) {
		for (size_t piece = 1; piece < 4000; piece += 1999) {
			struct result r = parse(rv_str(bad_cases[i].text), piece, 100);

			if (r.err != bad_cases[i].result || r.status != bad_cases[i].status)
				print_message("# case %zu: %s\n", i, bad_cases[i].text);
			assert_int_equal(r.err, bad_cases[i].result);
			assert_int_equal(r.status, bad_cases[i].status);
			assert_false(r.is_complete);
		}
	}
}

static const struct {
	const char *chunks;
	int result;
	unsigned status;
} chunk_cases[] = {
	{ "x\r\n", RV_ESYNTAX, 400 },
	{ "\r\n", RV_ESYNTAX, 400 },
	{ "-1\r\n", RV_ESYNTAX, 400 },
	{ "1 \r\n", RV_ESYNTAX, 400 },
	{ "1\n", RV_ESYNTAX, 400 },
	{ "1\r\nab\r\n", RV_ESYNTAX, 400 },
	{ "80000000\r\n", RV_ELIMIT, 413 },
	{ "fffffffffffffffff1\r\n", RV_ELIMIT, 413 },
	{ "4\r\nabcd\r\n1\r\ne\r\n", RV_ELIMIT, 413 }, /* 5 of 4 bytes */
};

static void malformed_chunks_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(chunk_cases); i++) {
		char text[256];

		snprintf(text, sizeof(text), "%sTransfer-Encoding: Chunked\r\n\r\n%s", POST,
			 chunk_cases[i].chunks);
		struct result r = parse(rv_str(text), i % 2 == 0 ? 1 : 1000, 4);
		assert_int_equal(r.err, chunk_cases[i].result);
		assert_int_equal(r.status, chunk_cases[i].status);
	}
}

static void header_lines_are_counted(void **state)
{
	char text[4096] = POST;
	size_t len = strlen(text);

	(void)state;
	for (int i = 0; i < RV_ARMSHTTP_HEADER_LINES_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "A: b\r\n");
	struct result r = parse(rv_str(text), 1000, 100);
	assert_int_equal(r.err, RV_ELIMIT);
	assert_int_equal(r.status, 431);
}

static void header_line_limit_counts_the_line_end(void **state)
{
	char text[RV_ARMSHTTP_LINE_MAX + 64];
	int head = snprintf(text, sizeof(text), "%s", POST);
	char *line = text + head;

	(void)state;
	memset(line, 'a', RV_ARMSHTTP_LINE_MAX + 1);
	line[1] = ':';
	memcpy(line + RV_ARMSHTTP_LINE_MAX - 2, "\r\n", 3);
	assert_int_equal(parse(rv_str(text), 100, 9).err, RV_OK);
	line[RV_ARMSHTTP_LINE_MAX - 2] = 'a';
	memcpy(line + RV_ARMSHTTP_LINE_MAX - 1, "\r\n", 3);
	assert_int_equal(parse(rv_str(text), 100, 9).err, RV_ELIMIT);
}

static void nothing_is_taken_beyond_the_end_or_the_head(void **state)
{
	static const char text[] = POST "Content-Length: 0\r\n\r\nrest";
	struct rv_armshttp_request req;
	enum rv_armshttp_event event;
	struct rv_str body;
	size_t n = 0;

	(void)state;
	rv_armshttp_request_init(&req, 10);
	assert_int_equal(rv_armshttp_request_feed(&req, rv_str(text), &n, &event, &body), RV_OK);
	assert_int_equal(event, RV_ARMSHTTP_HEAD);
	assert_int_equal(n, sizeof(text) - 1 - strlen("rest"));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rv_armshttp_request_feed(&req, rv_str("rest"), &n, &event, &body),
				 RV_OK);
		assert_int_equal(event, RV_ARMSHTTP_END);
		assert_int_equal(n, 0);
	}
	assert_false(req.head.has_credentials);
	rv_armshttp_request_deinit(&req);
}

static void answer_is_canonical_and_in_one_piece(void **state)
{
	struct rv_buf out = { 0 };

	(void)state;
	rv_armshttp_put_answer(&out, rv_str("<arms-message></arms-message>"));
	assert_int_equal(out.err, RV_OK);
	assert_true(rv_str_is(rv_buf_str(&out), "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
						"Content-Length: 29\r\nConnection: close\r\n\r\n"
						"<arms-message></arms-message>"));
	rv_buf_deinit(&out);
}

static void error_answers_say_what_the_status_demands(void **state)
{
	static const struct {
		unsigned status;
		const char *line;
		const char *header;
	} rows[] = {
		{ 401, "HTTP/1.1 401 Unauthorized\r\n", "\r\nWWW-Authenticate: Basic realm=" },
		{ 405, "HTTP/1.1 405 Method Not Allowed\r\n", "\r\nAllow: POST\r\n" },
		{ 413, "HTTP/1.1 413 Content Too Large\r\n", "\r\nContent-Length: 4\r\n" },
		{ 499, "HTTP/1.1 499 Error\r\n", "\r\nConnection: close\r\n\r\nwhy\n" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		struct rv_buf out = { 0 };

		rv_armshttp_put_error(&out, rows[i].status, "why");
		rv_buf_putc(&out, '\0');
		assert_true(rv_str_starts(rv_buf_str(&out), rows[i].line));
		assert_non_null(strstr(out.ptr, rows[i].header));
		rv_buf_deinit(&out);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_shapes_are_read_in_any_pieces),
		cmocka_unit_test(malformed_heads_are_refused_with_the_status_to_answer),
		cmocka_unit_test(malformed_chunks_are_refused),
		cmocka_unit_test(header_lines_are_counted),
		cmocka_unit_test(header_line_limit_counts_the_line_end),
		cmocka_unit_test(nothing_is_taken_beyond_the_end_or_the_head),
		cmocka_unit_test(answer_is_canonical_and_in_one_piece),
		cmocka_unit_test(error_answers_say_what_the_status_demands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
