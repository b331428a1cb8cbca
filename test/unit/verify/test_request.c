#include "test/unit/lib/base/test_unit.h"

#include "verify/request.h"

#define BODY                                                                                       \
	"<arms-message><arms-request type=\"rs-solicitation\"><distribution-id>X</distribution-"   \
	"id><description></description><rs-solicitation-request><trigger>power on boot</trigger>"  \
	"</rs-solicitation-request></arms-request></arms-message>"
#define HEAD "POST /a HTTP/1.0\r\nContent-Type: text/xml\r\nAuthorization: Basic dTpw\r\n\r\n"

/* All of `text` in pieces of `size`; the result of the last feed. */
static int feed(struct verify_request *req, const char *text, size_t size, size_t *extra)
{
	struct rv_str rest = rv_str(text);
	int r = RV_EMORE;

	verify_request_init(req);
	while (rest.len > 0 && r == RV_EMORE) {
		struct rv_str piece = rv_str_sub(rest, 0, size);

		r = verify_request_feed(req, piece, extra);
		rest = rv_str_sub(rest, piece.len, rest.len);
	}
	assert_int_equal(verify_request_read(req), RV_OK);
	return r;
}

static void a_request_is_complete_with_its_end_tag(void **state)
{
	(void)state;
	for (size_t size = 1; size < 400; size += 57) {
		struct verify_request req;
		size_t extra = 9;

		assert_int_equal(feed(&req, HEAD BODY, size, &extra), RV_OK);
		assert_int_equal(extra, 0);
		assert_str(req.method, "POST");
		assert_str(req.path, "/a");
		assert_str(req.version, "HTTP/1.0");
		assert_int_equal(req.header_count, 2);
		assert_str(req.body, BODY);
		assert_true(req.has_credentials);
		assert_string_equal(req.credentials.user, "u");
		assert_string_equal(req.credentials.password, "p");
		assert_true(req.is_message);
		assert_str(req.message.trigger, "power on boot");
		verify_request_deinit(&req);
	}
}

static void chunks_are_taken_off(void **state)
{
	struct verify_request req;
	char text[1024];
	size_t extra = 9;

	(void)state;
	snprintf(text, sizeof(text),
		 "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n",
		 strlen(BODY), BODY);
	assert_int_equal(feed(&req, text, sizeof(text), &extra), RV_OK);
	assert_int_equal(extra, 0);
	assert_str(req.body, BODY);
	assert_true(req.is_message);
	verify_request_deinit(&req);
}

static void what_follows_is_counted(void **state)
{
	struct verify_request req;
	size_t extra = 0;

	(void)state;
	assert_int_equal(feed(&req, HEAD BODY "more", 4096, &extra), RV_OK);
	assert_int_equal(extra, 4);
	verify_request_deinit(&req);
}

static void faulty_requests_are_read_as_far_as_they_go(void **state)
{
	static const struct {
		const char *text;
		const char *method, *version;
		size_t headers;
	} cases[] = {
		{ "", "", "", 0 },
		{ "POST", "POST", "", 0 },
		{ "GET / HTTP/1.0\r\nA: b", "GET", "HTTP/1.0", 1 },
		{ "GET / HTTP/1.0\nA: b\n\n<x>", "GET", "HTTP/1.0", 1 },
		{ "GET / HTTP/1.0\r\n\r\n\xff\xfe", "GET", "HTTP/1.0", 0 },
		{ "\r\n\r\n", "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct verify_request req;
		size_t extra;

		assert_int_equal(feed(&req, cases[i].text, 4096, &extra), RV_EMORE);
		assert_str(req.method, cases[i].method);
		assert_str(req.version, cases[i].version);
		assert_int_equal(req.header_count, cases[i].headers);
		assert_false(req.has_credentials);
		assert_false(req.is_message);
		verify_request_deinit(&req);
	}
}

static void an_endless_request_is_refused(void **state)
{
	static char text[VERIFY_REQUEST_MAX];
	struct verify_request req;
	size_t extra;

	(void)state;
	memset(text, 'x', sizeof(text));
	verify_request_init(&req);
	assert_int_equal(verify_request_feed(&req, rv_strn(text, sizeof(text)), &extra), RV_EMORE);
	assert_int_equal(verify_request_feed(&req, rv_str("x"), &extra), RV_ELIMIT);
	verify_request_deinit(&req);
}

static void tags_are_what_is_left_without_texts(void **state)
{
	static const struct {
		const char *xml, *tags;
	} cases[] = {
		{ "<a>x</a>", "<a></a>" },
		{ "<?xml version=\"1.0\"?>\n<a b=\"c\"> <d/> </a>", "<a b=\"c\"><d></d></a>" },
		{ "<a/>", "<a></a>" },
		{ "<a b=\"c\" />", "<a b=\"c\"></a>" },
		{ "<!-- x --><a>", "<a>" },
		{ "<", "" },
		{ "<>", "" },
		{ "no tag", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_buf out = { 0 };

		verify_request_tags(rv_str(cases[i].xml), &out);
		assert_str(rv_buf_str(&out), cases[i].tags);
		rv_buf_deinit(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_complete_with_its_end_tag),
		cmocka_unit_test(chunks_are_taken_off),
		cmocka_unit_test(what_follows_is_counted),
		cmocka_unit_test(faulty_requests_are_read_as_far_as_they_go),
		cmocka_unit_test(an_endless_request_is_refused),
		cmocka_unit_test(tags_are_what_is_left_without_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
