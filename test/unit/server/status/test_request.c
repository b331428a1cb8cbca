#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "server/status/request.h"

static const struct {
	const char *head;
	int result;
	const char *path;
} cases[] = {
	{ "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", RV_OK, "/metrics" },
	{ "GET /readyz?verbose HTTP/1.0\r\n\r\nrest", RV_OK, "/readyz" },
	{ "GET / HTTP/1.1\r\nA:\t b\r\n\r\n", RV_OK, "/" },
	{ "", RV_EMORE, NULL },
	{ "GET / HTTP/1.1", RV_EMORE, NULL },
	{ "GET / HTTP/1.1\r\nHost: x\r\n", RV_EMORE, NULL },
	{ "POST / HTTP/1.1\r\n\r\n", RV_EUNSUPPORTED, NULL },
	{ "get / HTTP/1.1\r\n\r\n", RV_EUNSUPPORTED, NULL }, /* methods know their case */
	{ "GET / HTTP/2.0\r\n\r\n", RV_EVERSION, NULL },
	{ "GET / HTTP/1.10\r\n\r\n", RV_EVERSION, NULL },
	{ "GET /\r\n\r\n", RV_ESYNTAX, NULL }, /* HTTP/0.9 */
	{ "GET  / HTTP/1.1\r\n\r\n", RV_ESYNTAX, NULL },
	{ "GET / HTTP/1.1 \r\n\r\n", RV_EVERSION, NULL },
	{ "GET x HTTP/1.1\r\n\r\n", RV_ESYNTAX, NULL },
	{ "GET http://x/ HTTP/1.1\r\n\r\n", RV_ESYNTAX, NULL },
	{ "GET /\xc3\xa9 HTTP/1.1\r\n\r\n", RV_ESYNTAX, NULL },
	{ "G(T / HTTP/1.1\r\n\r\n", RV_ESYNTAX, NULL },
	{ "GET / HTTP/1.1\nHost: x\n\n\r\n\r\n", RV_EVERSION, NULL },
	{ "GET / HTTP/1.1\r\nHost\r\n\r\n", RV_ESYNTAX, NULL },
	{ "GET / HTTP/1.1\r\nHost : x\r\n\r\n", RV_ESYNTAX, NULL },
	{ "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", RV_ESYNTAX, NULL }, /* folding */
	{ "GET / HTTP/1.1\r\nA: b\nB: c\r\n\r\n", RV_ESYNTAX, NULL },
	{ "\r\n\r\n", RV_ESYNTAX, NULL },
};

static void each_head_has_its_judgement(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_str path = RV_STR_LIT("untouched");
		int r = rv_status_request_parse(rv_str(cases[i].head), &path);

		if (r != cases[i].result)
			fail_msg("case %zu: %s", i, rv_err_name(r));
		assert_true(rv_str_is(path, r == RV_OK ? cases[i].path : "untouched"));
	}
}

static void a_head_may_fill_the_limit_and_no_more(void **state)
{
	static const char start[] = "GET / HTTP/1.1\r\na: ";
	char head[RV_STATUS_HEAD_MAX + 1];
	struct rv_str path;

	(void)state;
	memset(head, 'x', sizeof(head));
	memcpy(head, start, sizeof(start) - 1);
	memcpy(head + RV_STATUS_HEAD_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(rv_status_request_parse(rv_strn(head, RV_STATUS_HEAD_MAX), &path), RV_OK);
	assert_int_equal(rv_status_request_parse(rv_strn(head, RV_STATUS_HEAD_MAX - 1), &path),
			 RV_EMORE);
	memcpy(head + RV_STATUS_HEAD_MAX - 4, "x\r\n\r\n", 5);
	assert_int_equal(rv_status_request_parse(rv_strn(head, RV_STATUS_HEAD_MAX + 1), &path),
			 RV_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_head_has_its_judgement),
		cmocka_unit_test(a_head_may_fill_the_limit_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
