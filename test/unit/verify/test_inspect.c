#include "test/unit/lib/base/test_unit.h"

#include "verify/inspect.h"

#include "proto/armshttp/basic.h"

#define DISTID "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"

/* A request with one fault at a time: in its head, in its body, before the length is counted. */
struct fault {
	const char *head, *head_to;
	const char *body, *body_to;
	unsigned number; /* 0: it is none */
};

static const char ls_body[] =
	"<arms-message><arms-request type=\"rs-solicitation\"><distribution-id>" DISTID
	"</distribution-id><description>box</description><rs-solicitation-request><trigger>power "
	"on "
	"boot</trigger></rs-solicitation-request></arms-request></arms-message>";
static const char rs_body[] =
	"<arms-message><arms-request type=\"config-solicitation\"><distribution-id>" DISTID
	"</distribution-id><description></description><config-solicitation-request>"
	"<protocol-version>4.0</protocol-version><trigger>power on boot</trigger><firmware-info>1"
	"</firmware-info></config-solicitation-request></arms-request></arms-message>";
static const char query_body[] =
	"<arms-message><arms-request type=\"push-method-query\"><distribution-id>" DISTID
	"</distribution-id><description></description><push-method-query-request><push-method>"
	"https-simple</push-method><push-method>https-tunnel</push-method></push-method-query-"
	"request></arms-request></arms-message>";

static void replace(struct rv_buf *text, const char *from, const char *to)
{
	char *at = from != NULL ? memmem(text->ptr, text->len, from, strlen(from)) : NULL;
	struct rv_buf out = { 0 };

	if (from == NULL)
		return;
	assert_non_null(at);
	rv_buf_put(&out, text->ptr, (size_t)(at - text->ptr));
	rv_buf_puts(&out, to);
	at += strlen(from);
	rv_buf_put(&out, at, text->len - (size_t)(at - text->ptr));
	rv_buf_deinit(text);
	*text = out;
}

static void judge(const char *good_body, const struct fault *fault, struct verify_board *board)
{
	const struct verify_expected expected = {
		.path = "/a", .distid = DISTID, .key = "secret", .trigger = "power on boot"
	};
	struct rv_buf head = { 0 }, body = { 0 };
	struct verify_request req;
	size_t extra;

	rv_buf_puts(&body, good_body);
	replace(&body, fault->body, fault->body_to);
	rv_buf_puts(&head, "POST /a HTTP/1.0\r\nContent-Type: text/xml\r\n");
	rv_buf_printf(&head, "Content-Length: %zu\r\nAuthorization: ", body.len);
	rv_armshttp_basic_encode(&head, rv_str(DISTID), rv_str("secret"));
	rv_buf_puts(&head, "\r\n\r\n");
	replace(&head, fault->head, fault->head_to);
	verify_request_init(&req);
	(void)!verify_request_feed(&req, rv_buf_str(&head), &extra);
	(void)!verify_request_feed(&req, rv_buf_str(&body), &extra);
	assert_int_equal(verify_request_read(&req), RV_OK);
	board->step = "test";
	verify_inspect(&req, &expected, board);
	verify_request_deinit(&req);
	rv_buf_deinit(&head);
	rv_buf_deinit(&body);
}

static void expect(const char *body, const struct fault *fault)
{
	struct verify_board board = { 0 };

	judge(body, fault, &board);
	for (unsigned n = 0; n <= VERIFY_NUMBER_MAX; n++) {
		bool is_failed = board.findings[n].verdict == VERIFY_FAILED;

		if (is_failed != (n == fault->number && n != 0))
			fail_msg("%s%s: %u %s (%s)", fault->head != NULL ? fault->head : "",
				 fault->body != NULL ? fault->body : "", n,
				 verify_verdict_name(board.findings[n].verdict),
				 board.findings[n].detail);
	}
}

static void the_bytes_of_the_original_pass(void **state)
{
	static const struct fault none;
	static const unsigned always[] = { 17, 126, 201, 202, 203, 204, 208 };
	static const struct {
		const char *body;
		unsigned also;
	} cases[] = { { ls_body, 127 }, { rs_body, 126 }, { query_body, 222 } };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct verify_board board = { 0 };

		expect(cases[i].body, &none);
		judge(cases[i].body, &none, &board);
		for (size_t k = 0; k < RV_ARRAY_LEN(always); k++)
			assert_int_equal(board.findings[always[k]].verdict, VERIFY_PASSED);
		assert_int_equal(board.findings[cases[i].also].verdict, VERIFY_PASSED);
	}
}

static void each_fault_of_an_ls_request_fails_its_number(void **state)
{
	static const struct fault faults[] = {
		{ "HTTP/1.0", "HTTP/1.1", .number = 17 },
		{ "HTTP/1.0\r\n", "HTTP/1.0\r\nHost: x\r\n", .number = 17 },
		{ "Content-Type", "content-type", .number = 17 },
		{ "text/xml", "text/plain", .number = 17 },
		{ "Content-Type: text/xml\r\n", "", .number = 17 },
		{ "Content-Length: 2", "Content-Length: 1", .number = 201 },
		{ "Content-Length: ", "Content-Length: +", .number = 201 },
		{ "Authorization: Basic", "Authorization: Bearer", .number = 202 },
		{ "Authorization: Basic M", "Authorization: Basic N", .number = 202 },
		{ "POST", "PUT", .number = 208 },
		{ "/a ", "/b ", .number = 208 },
		{ NULL, NULL, "C0DE", "c0de", .number = 203 },
		{ NULL, NULL, DISTID, "", .number = 203 },
		{ NULL, NULL, "power on boot", "retry is over", .number = 126 },
		{ NULL, NULL, "<description>box</description>", "", .number = 126 },
		{ NULL, NULL, "<trigger>", "<x></x><trigger>", .number = 126 },
		{ NULL, NULL, "rs-solicitation\"", "rs-solicitation\" x=\"y\"", .number = 126 },
		{ NULL, NULL, "type=\"rs-solicitation\"", "type=\"weather\"", .number = 126 },
		{ NULL, NULL, "<trigger>", "<firmware-info>1</firmware-info><trigger>",
		  .number = 127 },
		{ NULL, NULL, "<trigger>", "<protocol-version>4.0</protocol-version><trigger>",
		  .number = 127 },
		{ NULL, NULL, "<arms-message>", "<?xml version=\"1.0\"?><arms-message>",
		  .number = 204 },
		{ NULL, NULL, "<description>", "\n <description>", .number = 204 },
		{ NULL, NULL, "box", "a & b", .number = 126 }, /* no XML at all */
		{ NULL, NULL, "box", "&#98;ox", .number = 204 },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(faults); i++)
		expect(ls_body, &faults[i]);
}

static void each_fault_of_the_others_fails_its_number(void **state)
{
	static const struct fault rs_faults[] = {
		{ .body = "4.0", .body_to = "3.0", .number = 126 },
		{ .body = "<firmware-info>1</firmware-info>", .body_to = "" },
		{ .body = "<firmware-info>1</firmware-info>",
		  .body_to = "<hardware-info/>",
		  .number = 126 },
	};
	static const struct fault query_faults[] = {
		{ .body = "<push-method>https-simple</push-method>", .body_to = "", .number = 222 },
		{ .body = "https-simple", .body_to = "https-tunnel", .number = 222 },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rs_faults); i++)
		expect(rs_body, &rs_faults[i]);
	for (size_t i = 0; i < RV_ARRAY_LEN(query_faults); i++)
		expect(query_body, &query_faults[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_of_the_original_pass),
		cmocka_unit_test(each_fault_of_an_ls_request_fails_its_number),
		cmocka_unit_test(each_fault_of_the_others_fails_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
