#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armshttp/client.h"

static const char did[] = "0001-0000-0001-0002-0000-0000-0000-00AB";

static void parse_url(const char *text, struct rv_armshttp_url *url)
{
	assert_int_equal(rv_armshttp_url_parse(rv_str(text), RV_ARMSHTTP_URL_MAX, url, NULL),
			 RV_OK);
}

/* Recording simple-tls12-all, messages 3, 21, 22, 23. */
static void request_heads_equal_the_recorded_bytes(void **state)
{
	struct rv_armshttp_url url;
	struct rv_buf out = { 0 };

	(void)state;
	parse_url("https://127.0.0.1:18443/arms.cgi", &url);
	rv_armshttp_put_head_a(&out, &url, rv_str(did), rv_str("ls-sa-key-0123"), 284);
	assert_true(rv_str_is(
		rv_buf_str(&out),
		"POST /arms.cgi HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: 284\r\n"
		"Authorization: Basic "
		"MDAwMS0wMDAwLTAwMDEtMDAwMi0wMDAwLTAwMDAtMDAwMC0wMEFCOmxzLXNhLWtleS0wMTIz\r\n\r"
		"\n"));
	rv_buf_clear(&out);

	parse_url("https://127.0.0.1:18444/rs/pull", &url);
	rv_armshttp_put_head_b(&out, &url, rv_str(did), rv_str("rs-sa-key-4567"));
	assert_true(rv_str_is(
		rv_buf_str(&out),
		"POST /rs/pull HTTP/1.1\r\nHost: 127.0.0.1:18444\r\nConnection: close\r\n"
		"Content-Type: text/xml\r\nTransfer-Encoding: chunked\r\nAuthorization: Basic "
		"MDAwMS0wMDAwLTAwMDEtMDAwMi0wMDAwLTAwMDAtMDAwMC0wMEFCOnJzLXNhLWtleS00NTY3\r\n\r"
		"\n"));
	rv_buf_deinit(&out);
}

static void chunks_have_a_lower_case_size_and_empty_ones_are_left_out(void **state)
{
	char data[0x172];
	struct rv_buf out = { 0 };

	(void)state;
	memset(data, 'x', sizeof(data));
	rv_armshttp_put_chunk(&out, rv_strn(data, sizeof(data)));
	assert_int_equal(out.len, 377); /* recorded message 22 */
	assert_memory_equal(out.ptr, "172\r\nx", 6);
	assert_memory_equal(out.ptr + out.len - 3, "x\r\n", 3);
	rv_buf_clear(&out);
	rv_armshttp_put_chunk(&out, rv_str("abcdefghijkl"));
	rv_armshttp_put_chunk(&out, rv_str(""));
	rv_armshttp_put_last_chunk(&out);
	assert_true(rv_str_is(rv_buf_str(&out), "c\r\nabcdefghijkl\r\n0\r\n\r\n"));
	rv_buf_deinit(&out);
}

struct result {
	int err;
	int finish;
	unsigned status;
	bool has_head;
	bool is_complete;
	char body[64];
	size_t body_len;
};

static struct result parse(struct rv_str in, size_t piece, size_t body_max)
{
	struct result res = { 0 };
	struct rv_armshttp_answer answer;
	enum rv_armshttp_event event = RV_ARMSHTTP_MORE;
	size_t used = 0;

	rv_armshttp_answer_init(&answer, body_max);
	while (event != RV_ARMSHTTP_END && used < in.len) {
		struct rv_str body = { 0 };
		size_t n = 0;

		res.err = rv_armshttp_answer_feed(&answer, rv_str_sub(in, used, piece), &n, &event,
						  &body);
		if (res.err != RV_OK) {
			assert_int_equal(rv_armshttp_answer_feed(&answer, in, &n, &event, &body),
					 res.err);
			break;
		}
		used += n;
		res.has_head |= event == RV_ARMSHTTP_HEAD;
		if (event == RV_ARMSHTTP_BODY) {
			assert_true(body.len > 0 && body.len <= sizeof(res.body) - res.body_len);
			memcpy(res.body + res.body_len, body.ptr, body.len);
			res.body_len += body.len;
		}
	}
	res.is_complete = res.err == RV_OK && event == RV_ARMSHTTP_END;
	res.status = answer.status;
	res.finish = rv_armshttp_answer_finish(&answer);
	return res;
}

#define OK "HTTP/1.1 200 OK\r\n"
#define TE "Transfer-Encoding: chunked\r\n\r\n"

/* Everything that appendix D wants a new client to take; the body is always "<arms/>". */
static const struct {
	const char *text;
	bool is_complete; /* else the XML has to end it */
} good_cases[] = {
	{ OK "Content-Type: text/xml\r\nContent-Length: 7\r\nConnection: close\r\n\r\n<arms/>",
	  false },
	{ OK "\r\n<arms/>", false },
	{ "HTTP/1.0 200\r\n\r\n<arms/>", false },
	{ "HTTP/2.17 204  No Content\r\n\r\n<arms/>", false },
	{ "HTTP/1.1 301 Moved\r\nLocation: https://192.0.2.9/\r\n\r\n<arms/>", false }, /* S20 */
	{ OK "Content-Length: 99999\r\n\r\n<arms/>", false },
	{ OK "Content-Length: -3\r\nno colon here\r\n\r\n<arms/>", false },
	{ "HTTP/1.1 200 OK\nTRANSFER-encoding : x, Chunked\n\n3\n<ar\n04 ; a=b\r\nms/>\n0\n\n",
	  true },
	{ OK TE "7\r\n<arms/>\r\n0\r\n\r\n", true },
	{ OK TE "0007;id=1;trail\r\n<arms/>\r\n000\r\nTrailer: x\r\n\r\n", true },
	{ OK TE "1\r\n<\r\n1\r\na\r\n1\r\nr\r\n4\r\nms/>\r\n0\r\n\r\n", true },
	{ OK TE "7\r\n<arms/>\r\n", false }, /* last chunk missing */
	{ "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n" OK "\r\n<arms/>", false },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" OK "\r\n<arms/>", false },
};

static void unusual_answers_are_read_in_any_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(good_cases); i++) {
		struct rv_str text = rv_str(good_cases[i].text);

		for (size_t piece = 1; piece <= text.len; piece++) {
			struct result r = parse(text, piece, 7);

			if (r.err != RV_OK || r.body_len != 7)
				print_message("# case %zu, pieces of %zu\n", i, piece);
			assert_int_equal(r.err, RV_OK);
			assert_true(r.has_head);
			assert_true(rv_str_is(rv_strn(r.body, r.body_len), "<arms/>"));
			assert_int_equal(r.is_complete, good_cases[i].is_complete);
			assert_int_equal(r.finish, RV_OK);
		}
	}
}

#define A10  "aaaaaaaaaa"
#define A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10

static const struct {
	const char *text;
	int result;
	int finish;
} bad_cases[] = {
	{ "HTTP/1.1 400 Bad\r\n", RV_EDENIED, RV_ECLOSED },
	{ "HTTP/1.1 401 Unauthorized\r\n", RV_EDENIED, RV_ECLOSED },
	{ "HTTP/1.0 503\r\n", RV_EDENIED, RV_ECLOSED },
	{ "HTTP/1.1 099 x\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ "HTTP/1.1 2000 x\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ "HTTP/1.1 200x\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ "HTTP/1.1200 OK\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ "HTTP/11 200 OK\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ "HTTP/.1 200 OK\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ "HTTP/1. 200 OK\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ "HTTP/", RV_OK, RV_ECLOSED },
	{ "HTTP/\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ "http/1.1 200 OK\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ "<arms-message>\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ "\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ OK "A: b\rc\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ OK "A: b", RV_OK, RV_ECLOSED },
	{ OK "A: " A100 A100 A100 A100 A100 A100 A100 A100 A100 A100 A10 A10 "\r\n", RV_ELIMIT,
	  RV_ECLOSED },
	{ OK TE "g\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ OK TE "7\r\n<arms/>x\r\n", RV_ESYNTAX, RV_ECLOSED },
	{ OK TE "7\r\n<arms", RV_OK, RV_ECLOSED },
	{ OK TE "8\r\n<arms/> \r\n", RV_ELIMIT, RV_ECLOSED },
	{ OK "\r\n<arms/> ", RV_ELIMIT, RV_ECLOSED },
};

static void failures_have_their_code_and_stay(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_cases); i++) {
		struct result r = parse(rv_str(bad_cases[i].text), i % 2 == 0 ? 1 : 4000, 7);

		if (r.err != bad_cases[i].result || r.finish != bad_cases[i].finish)
			print_message("# case %zu: %s\n", i, bad_cases[i].text);
		assert_int_equal(r.err, bad_cases[i].result);
		assert_int_equal(r.finish, bad_cases[i].finish);
	}
	assert_int_equal(parse(rv_str("HTTP/1.1 403 No\r\n"), 9, 7).status, 403);
}

static void endless_interim_answers_are_stopped(void **state)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	char text[sizeof(interim) * RV_ARMSHTTP_ANSWER_LINES_MAX];
	size_t len = 0;

	(void)state;
	while (len + sizeof(interim) < sizeof(text))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", interim);
	assert_int_equal(parse(rv_strn(text, len), 1000, 7).err, RV_ELIMIT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_heads_equal_the_recorded_bytes),
		cmocka_unit_test(chunks_have_a_lower_case_size_and_empty_ones_are_left_out),
		cmocka_unit_test(unusual_answers_are_read_in_any_pieces),
		cmocka_unit_test(failures_have_their_code_and_stay),
		cmocka_unit_test(endless_interim_answers_are_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
