#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armsxml/build.h"
#include "proto/armsxml/parse.h"

#define MSG(type, inner)                                                                           \
	"<arms-message><arms-request type=\"" type "\">" inner "</arms-request></arms-message>"
#define DID    "<distribution-id>0001-0000-C0DE-0091-0000-0000-00A1-B2C3</distribution-id>"
#define OP     "<rs-solicitation-request><trigger>t</trigger></rs-solicitation-request>"
#define NO_OP  "<rs-solicitation-request/>"
#define A10    "aaaaaaaaaa"
#define A64    A10 A10 A10 A10 A10 A10 "aaaa"
#define D4     "<x><x><x><x>"
#define E4     "</x></x></x></x>"
#define METHOD "<push-method>m</push-method>"
#define M4     METHOD METHOD METHOD METHOD

/* What a strict reader still takes; the trigger is always "t". */
static const char *const good_cases[] = {
	MSG("rs-solicitation", DID OP),
	"<?xml version=\"1.0\" encoding=\"US-ASCII\" ?>\r" MSG("rs-solicitation", DID OP),
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" MSG("rs-solicitation", OP DID) "\r\n ",
	MSG("rs-solicitation", "<unknown a='b'><trigger>no</trigger></unknown>" DID OP),
	MSG("rs-solicitation", "<config-solicitation-request/>" OP),
	"<!-- c --><arms-message xmlns='x' y='z'><arms-request a='1' type='rs-solicitation'> " OP
	" </arms-request></arms-message>",
	MSG("rs-solicitation", "<rs-solicitation-request><trigger><![CDATA[t]]></trigger>"
			       "</rs-solicitation-request>"),
	MSG("rs-solicitation", D4 D4 "<x><x><x><x/></x></x></x>" E4 E4 OP), /* depth 14 */
};

static void unusual_but_legal_requests_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(good_cases); i++) {
		struct rv_arena arena = { 0 };
		struct rv_armsxml_request req;

		if (rv_armsxml_parse_request(&arena, rv_str(good_cases[i]), &req, NULL) != RV_OK)
			fail_msg("case %zu", i);
		assert_int_equal(req.type, RV_ARMSXML_RS_SOLICITATION);
		assert_true(rv_str_is(req.trigger, "t"));
		assert_null(req.firmware.ptr);
		rv_arena_deinit(&arena);
	}
}

static const struct {
	const char *text;
	int result;
	const char *where;
	unsigned column;
} bad_cases[] = {
	{ "", RV_ESYNTAX, "", 1 },
	{ "x", RV_ESYNTAX, "", 1 },
	{ "<arms-message>", RV_ESYNTAX, "", 15 },
	{ "<arms-messag></arms-messag>", RV_ESYNTAX, "", 1 },
	{ "<x:arms-message/>", RV_ESYNTAX, "", 1 }, /* S44 */
	{ "<arms-message></arms-message>", RV_EINVALID, "", 30 },
	{ "\n<?xml version='1.0'?>" MSG("rs-solicitation", OP), RV_ESYNTAX, "", 1 },
	{ MSG("rs-solicitation", OP) "x", RV_ESYNTAX, "", 153 },
	{ MSG("rs-solicitation", OP "</x>"), RV_ESYNTAX, "", 125 },
	{ MSG("reboot", OP), RV_EUNSUPPORTED, "arms-request", 15 },
	{ MSG("RS-solicitation", OP), RV_EUNSUPPORTED, "arms-request", 15 },
	{ "<arms-message><arms-request>" OP "</arms-request></arms-message>", RV_EUNSUPPORTED,
	  "arms-request", 15 },
	{ MSG("rs-solicitation", DID), RV_EINVALID, "", 156 },
	{ MSG("rs-solicitation", DID DID OP), RV_EINVALID, "distribution-id", 126 },
	{ MSG("rs-solicitation", NO_OP NO_OP), RV_EINVALID, "rs-solicitation-request", 78 },
	{ "<arms-message><arms-request type=\"rs-solicitation\">" OP "</arms-request>"
	  "<arms-request type=\"push-method-query\"/></arms-message>",
	  RV_EINVALID, "arms-request", 138 },
	{ MSG("rs-solicitation", "<description>\xe3\x81\x82</description>" OP), RV_ESYNTAX, "",
	  65 },
	{ MSG("rs-solicitation", "<description>\xff</description>" OP), RV_ESYNTAX, "", 65 },
	{ MSG("rs-solicitation", "<description>a<b/></description>" OP), RV_EINVALID, "description",
	  66 },
	{ MSG("rs-solicitation", "<description>" A64 "</description>" OP), RV_OK, "", 0 },
	{ MSG("rs-solicitation", "<description>" A64 "a</description>" OP), RV_ELIMIT,
	  "description", 65 },
	{ MSG("rs-solicitation", "<distribution-id>" A64 "a</distribution-id>" OP), RV_ELIMIT,
	  "distribution-id", 69 },
	{ MSG("push-method-query",
	      "<push-method-query-request>" M4 M4 M4 M4 METHOD "</push-method-query-request>"),
	  RV_ELIMIT, "push-method", 529 },
	{ MSG("rs-solicitation", D4 D4 D4 "<x><x><x/></x></x>" E4 E4 E4 OP), RV_ELIMIT, "", 94 },
	{ "<!DOCTYPE arms-message>" MSG("rs-solicitation", OP), RV_ESYNTAX, "", 0 },
	{ "<!DOCTYPE a [<!ENTITY e 'x'>]>" MSG("rs-solicitation", "&e;" OP), RV_ESYNTAX, "", 0 },
	{ "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>" MSG("rs-solicitation", OP), RV_ESYNTAX, "",
	  0 },
	{ MSG("rs-solicitation", "<description>&e;</description>" OP), RV_ESYNTAX, "", 65 },
};

static void bad_requests_are_refused_with_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_cases); i++) {
		struct rv_arena arena = { 0 };
		struct rv_armsxml_request req = { .method_count = 77 };
		struct rv_diag diag = { 0 };
		int r = rv_armsxml_parse_request(&arena, rv_str(bad_cases[i].text), &req, &diag);

		if (r != bad_cases[i].result ||
		    (bad_cases[i].column > 0 && diag.column != bad_cases[i].column))
			print_message("# case %zu: %d, column %u, %s\n", i, r, diag.column,
				      diag.text);
		assert_int_equal(r, bad_cases[i].result);
		assert_string_equal(diag.where, bad_cases[i].where);
		if (bad_cases[i].column > 0)
			assert_int_equal(diag.column, bad_cases[i].column);
		if (r != RV_OK) {
			assert_int_equal(req.method_count, 77); /* untouched */
			assert_int_equal(diag.line, bad_cases[i].text[0] == '\n' ? 2 : 1);
		}
		rv_arena_deinit(&arena);
	}
}

static void size_is_limited(void **state)
{
	char text[RV_ARMSXML_REQUEST_MAX + 1];
	static const char message[] = MSG("rs-solicitation", DID OP);

	(void)state;
	for (size_t extra = 0; extra < 2; extra++) {
		struct rv_arena arena = { 0 };
		struct rv_armsxml_request req;

		memset(text, ' ', sizeof(text));
		memcpy(text, message, sizeof(message) - 1);
		assert_int_equal(
			rv_armsxml_parse_request(
				&arena, rv_strn(text, RV_ARMSXML_REQUEST_MAX + extra), &req, NULL),
			extra == 0 ? RV_OK : RV_ELIMIT);
		rv_arena_deinit(&arena);
	}
}

static void character_references_arrive_as_utf8(void **state)
{
	struct rv_arena arena = { 0 };
	struct rv_armsxml_request req;

	(void)state;
	assert_int_equal(rv_armsxml_parse_request(
				 &arena,
				 RV_STR_LIT(MSG("rs-solicitation",
						"<description>&#12354;&lt;&#13;</description>" OP)),
				 &req, NULL),
			 RV_OK);
	assert_true(rv_str_is(req.description, "\xe3\x81\x82<\r"));
	rv_arena_deinit(&arena);
}

static void a_full_arena_is_out_of_memory(void **state)
{
	struct rv_arena arena = { .max = 8 };
	struct rv_armsxml_request req;

	(void)state;
	assert_int_equal(rv_armsxml_parse_request(
				 &arena, RV_STR_LIT(MSG("rs-solicitation", DID OP)), &req, NULL),
			 -ENOMEM);
	rv_arena_deinit(&arena);
}

/* Bytes that ASCII XML cannot hold become '?', as the original does it. */
static void built_requests_are_escaped(void **state)
{
	static const struct rv_armsxml_request req = { .distid = { "<&>\"'", 5 },
						       .description = { "a\xe3\x81\x01\tb", 6 } };
	struct rv_buf out = { 0 };

	(void)state;
	rv_armsxml_build_request(&req, &out);
	assert_true(rv_str_is(
		rv_buf_str(&out),
		"<arms-message><arms-request type=\"rs-solicitation\">"
		"<distribution-id>&lt;&amp;&gt;&quot;&apos;</distribution-id>"
		"<description>a???\tb</description><rs-solicitation-request><trigger></trigger>"
		"</rs-solicitation-request></arms-request></arms-message>"));
	rv_buf_deinit(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(unusual_but_legal_requests_are_read),
		cmocka_unit_test(bad_requests_are_refused_with_their_place),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(character_references_arrive_as_utf8),
		cmocka_unit_test(a_full_arena_is_out_of_memory),
		cmocka_unit_test(built_requests_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
