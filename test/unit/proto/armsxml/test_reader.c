/* The device's side: what spec appendix D asks of new clients, and delivery of configs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collect.h"

#define MSG(inner)                                                                                 \
	"<arms-message><arms-response type=\"x\">" inner "</arms-response></arms-message>"
#define OK         "<result-code>100</result-code>"
#define LS(inner)  MSG(OK "<rs-solicitation-response>" inner "</rs-solicitation-response>")
#define RS(inner)  MSG(OK "<config-solicitation-response>" inner "</config-solicitation-response>")
#define M1         "<module id=\"1\" version=\"1.0\">one</module>"
#define M2         "<module id=\"2\">two</module>"
#define LEAF(text) RS(M1 "<md-config id=\"1\">" text "</md-config>")
#define B64(text)  RS(M1 "<md-config id=\"1\" encoding=\"base64\">" text "</md-config>")

static const struct {
	const char *text;
	int result;
	const char *events;
} rs_cases[] = {
	/* lists and configs, spec 7.2 */
	{ RS(M1 M2 "<md-config id=\"2\">b</md-config><md-config id=\"1\">a</md-config>"), RV_OK,
	  "[1,2](2:^b$)(1:^a$)" },
	{ RS(M1 M2), RV_OK, "[1,2]" },
	{ RS(""), RV_OK, "" },
	{ RS(M1 "<md-config id=\"1\"></md-config>"), RV_OK, "[1](1:^$)" },
	{ RS(M1 "<md-config id=\"1\"/>"), RV_OK, "[1](1:^$)" },
	{ RS(M1 "<md-config id=\"1\">a</md-config>" M2 "<md-config id=\"2\">b</md-config>"), RV_OK,
	  "[1](1:^a$)[2](2:^b$)" }, /* S65 */
	{ RS(M1 "<md-config id=\"1\">a</md-config>" M2), RV_OK, "[1](1:^a$)[2]" },
	{ RS("<md-config id=\"1\">a</md-config>" M1), RV_EINVALID, "" }, /* S66 */
	{ RS(M1 "<md-config id=\"3\">a</md-config>"), RV_EINVALID, "[1]" },
	{ RS("<module id=\"0x10\">x</module>"), RV_OK, "[0]" }, /* S67 */
	{ RS("<module>x</module>"), RV_OK, "[0]" },
	{ RS("<module id=\"4294967295\">x</module>"), RV_OK, "[4294967295]" },
	{ RS("<module id=\" 7 \">x</module>"), RV_OK, "[7]" },
	/* Base64, spec 7.4 */
	{ B64("YWJj"), RV_OK, "[1](1:^abc$)" },
	{ B64("YW\nJj\r\nZA==\n"), RV_OK, "[1](1:^abcd$)" },
	{ B64(""), RV_OK, "[1](1:^$)" },
	{ B64("YW Jj"), RV_ESYNTAX, "[1]" },
	{ B64("YWJjZA"), RV_ESYNTAX, "[1]" }, /* S69 */
	{ B64("YWJjZA==YQ=="), RV_ESYNTAX, "[1]" },
	{ RS(M1 "<md-config id=\"1\" encoding=\"Base64\">YWJj</md-config>"), RV_OK,
	  "[1](1:^YWJj$)" }, /* S70 */
	/* text */
	{ LEAF("a&#233;&#13;\r\n&lt;<![CDATA[<x>]]><!-- c -->b"), RV_OK,
	  "[1](1:^a\xc3\xa9\r\n<<x>b$)" }, /* S32, S45 */
	{ LEAF("a<b>c<d/></b>e"), RV_OK, "[1](1:^ace$)" },
	{ LEAF("\xe3\x81\x82"), RV_ESYNTAX, "[1]" },
	/* tolerance */
	{ RS("<module id=\"1\" sub=\"x\">one</module><md-config id=\"1\" commit-order=\"1\" "
	     "content-type=\"t\" new=\"n\">a</md-config>"),
	  RV_OK, "[1](1:^a$)" },                                           /* S34 for others */
	{ RS("<new><module id=\"9\">x</module></new>" M1), RV_OK, "[1]" }, /* S40 */
	{ "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>" RS(M1), RV_OK, "[1]" },
	{ "<!DOCTYPE arms-message SYSTEM \"x.dtd\">" RS(M1), RV_OK, "[1]" },
	{ "<!DOCTYPE a [<!ENTITY e \"x\">]>" RS(M1), RV_ESYNTAX, "" },
	{ "<!DOCTYPE a [<!ENTITY % e \"x\">]>" RS(M1), RV_ESYNTAX, "" },
	{ "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" RS(M1), RV_ESYNTAX, "" },
	{ RS(M1) "<junk", RV_OK, "[1]" },
	{ RS(M1) "\xff\xff", RV_OK, "[1]" },
	{ " \r\n" RS(M1) " \n", RV_OK, "[1]" },
	/* a refusal must not change the device */
	{ MSG("<result-code>301</result-code><config-solicitation-response>" M1
	      "<md-config id=\"1\">a</md-config><md-config id=\"5\">a</md-config>"
	      "</config-solicitation-response>"),
	  RV_OK, "" },
	/* broken */
	{ "", RV_ESYNTAX, "" },
	{ "<arms-message><arms-response type=\"x\">" OK, RV_ESYNTAX, "" },
	{ "<arms-reply></arms-reply>", RV_ESYNTAX, "" },
	{ "<arms-message><a><b></a></b></arms-message>", RV_ESYNTAX, "" },
};

static void rs_answers_give_the_same_events_however_they_arrive(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rs_cases); i++) {
		struct rv_str text = rv_str(rs_cases[i].text);

		for (size_t piece = 1; piece <= text.len + 1; piece += piece < 4 ? 1 : 29) {
			struct collected c = { 0 };
			int r = read_answer(&c, RV_ARMSXML_CONFIG_SOLICITATION, text, piece);

			if (r != rs_cases[i].result ||
			    !rv_str_is(rv_buf_str(&c.events), rs_cases[i].events))
				print_message("# case %zu, pieces of %zu: %d %.*s %s\n", i, piece,
					      r, RV_STR_ARG(rv_buf_str(&c.events)), c.diag.text);
			assert_int_equal(r, rs_cases[i].result);
			assert_true(rv_str_is(rv_buf_str(&c.events), rs_cases[i].events));
			assert_false(c.has_no_nul);
			assert_int_equal(c.is_done, r == RV_OK);
			assert_int_equal(c.res != NULL, r == RV_OK);
			collected_free(&c);
		}
	}
}

static void configs_are_cut_into_full_fragments(void **state)
{
	static const struct {
		size_t fragment;
		const char *text;
		const char *events;
	} rows[] = {
		{ 4, LEAF("abcdefghij"), "[1](1:^abcd)(1:efgh)(1:ij$)" },
		{ 5, LEAF("abcdefghij"), "[1](1:^abcde)(1:fghij$)" },
		{ 10, LEAF("abcdefghij"), "[1](1:^abcdefghij$)" },
		{ 1, LEAF("ab"), "[1](1:^a)(1:b$)" },
		{ 4, LEAF(""), "[1](1:^$)" },
		{ 2, B64("YWJjZA=="), "[1](1:^ab)(1:cd$)" },
		{ 0, B64("YWJjZA=="), "[1](1:^abcd$)" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		for (size_t piece = 1; piece < 400; piece += 57) {
			struct collected c = { .fragment_bytes = rows[i].fragment };

			assert_int_equal(read_answer(&c, RV_ARMSXML_CONFIG_SOLICITATION,
						     rv_str(rows[i].text), piece),
					 RV_OK);
			assert_true(rv_str_is(rv_buf_str(&c.events), rows[i].events));
			assert_false(c.has_no_nul);
			collected_free(&c);
		}
	}
}

static void whatever_the_callback_returns_ends_the_document(void **state)
{
	struct collected c = { .result_of_config = 42 };

	(void)state;
	assert_int_equal(read_answer(&c, RV_ARMSXML_CONFIG_SOLICITATION,
				     rv_str(RS(M1 M2 "<md-config id=\"1\">a</md-config>"
						     "<md-config id=\"2\">b</md-config>")),
				     1000),
			 42);
	assert_true(rv_str_is(rv_buf_str(&c.events), "[1,2](1:^a$)"));
	assert_string_equal(c.diag.where, "md-config");
	collected_free(&c);
}

static const struct {
	const char *text;
	bool is_set;
	int32_t value;
} int_cases[] = {
	{ "100", true, 100 },
	{ " 100", true, 100 }, /* S38 */
	{ "100 \n", true, 100 },
	{ "+7", true, 7 },
	{ "-7", true, -7 },
	{ "", true, 0 },
	{ "2147483647", true, INT32_MAX },
	{ "2147483648", false, 0 },
	{ "1x", false, 0 },
	{ "one", false, 0 },
	{ "1 2", false, 0 },
	{ "0x10", false, 0 },
};

static void integers_may_have_white_space_and_garbage_counts_as_absent(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(int_cases); i++) {
		struct rv_buf text = { 0 };
		struct collected c = { 0 };

		rv_buf_printf(&text,
			      "<arms-message><arms-response><result-code>%s</result-code>"
			      "</arms-response></arms-message>",
			      int_cases[i].text);
		assert_int_equal(
			read_answer(&c, RV_ARMSXML_PUSH_METHOD_QUERY, rv_buf_str(&text), 5), RV_OK);
		assert_int_equal(c.res->code.is_set, int_cases[i].is_set);
		if (int_cases[i].is_set)
			assert_int_equal(c.res->code.value, int_cases[i].value);
		rv_buf_deinit(&text);
		collected_free(&c);
	}
}

static void a_missing_result_code_is_not_set(void **state)
{
	struct collected c = { 0 };

	(void)state;
	assert_int_equal(read_answer(&c, RV_ARMSXML_RS_SOLICITATION, rv_str(MSG("")), 9), RV_OK);
	assert_false(c.res->code.is_set);
	collected_free(&c);
}

#define A64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define INFO "<rs-info x=\"y\"><url>u</url><md-config>m</md-config></rs-info>"

static void ls_answers_are_trimmed_cut_and_limited(void **state)
{
	struct collected c = { 0 };

	(void)state;
	assert_int_equal(read_answer(&c, RV_ARMSXML_RS_SOLICITATION,
				     rv_str(LS("<rs-preshared-key>" A64 "bcd</rs-preshared-key>"
					       "<lifetime>5</lifetime><lifetime>6</lifetime>"
					       "<rs-info><url>\n \thttps://192.0.2.1/ \nx</url>"
					       "<md-config></md-config></rs-info>" INFO INFO INFO
						       INFO INFO INFO)),
				     11),
			 RV_OK);
	assert_true(rv_str_is(c.res->rs_key, A64));
	assert_int_equal(c.res->lifetime.value, 6); /* the last one wins */
	assert_int_equal(c.res->rs_count, 5);       /* the rest is dropped */
	assert_true(rv_str_is(c.res->rs[0].url, "https://192.0.2.1/"));
	assert_non_null(c.res->rs[0].md_config.ptr); /* there, but empty */
	assert_int_equal(c.res->rs[0].md_config.len, 0);
	assert_true(rv_str_is(c.res->rs[4].url, "u"));
	collected_free(&c);
}

static void texts_and_documents_have_limits(void **state)
{
	static const char head[] = "<arms-message><arms-response><config-solicitation-response>"
				   "<sa-certificate>";
	struct rv_buf text = { 0 };

	(void)state;
	rv_buf_puts(&text, head);
	for (size_t i = 0; i < RV_ARMSXML_TEXT_MAX + 1; i++)
		rv_buf_putc(&text, 'a');
	rv_buf_puts(&text, "</sa-certificate>");
	struct collected c = { 0 };
	assert_int_equal(read_answer(&c, RV_ARMSXML_CONFIG_SOLICITATION, rv_buf_str(&text), 4096),
			 RV_ELIMIT);
	assert_string_equal(c.diag.where, "sa-certificate");
	collected_free(&c);
	rv_buf_deinit(&text);

	/* Two faults in one run of text: the same one is told however it was cut. */
	static const size_t pieces[] = { SIZE_MAX, 100, 7, 1 };
	for (size_t i = 0; i < RV_ARRAY_LEN(pieces); i++) {
		struct collected two = { 0 };
		assert_int_equal(read_answer(&two, RV_ARMSXML_RS_SOLICITATION,
					     rv_str("<arms-message><arms-response><rs-solicitation-"
						    "response><rs-preshared-key>" A64 A64 "]]>"),
					     pieces[i]),
				 RV_ESYNTAX);
		assert_string_equal(two.diag.where, "");
		collected_free(&two);
	}

	struct rv_arena arena = { 0 };
	struct rv_armsxml_reader *reader;
	assert_int_equal(
		rv_armsxml_reader_new(RV_ARMSXML_RS_SOLICITATION, &arena, 10, NULL, &reader),
		RV_OK);
	assert_int_equal(rv_armsxml_reader_feed(reader, RV_STR_LIT("<arms-mess"), NULL), RV_OK);
	assert_int_equal(rv_armsxml_reader_feed(reader, RV_STR_LIT("a"), NULL), RV_ELIMIT);
	rv_armsxml_reader_free(reader);
	rv_armsxml_reader_free(NULL);
	rv_arena_deinit(&arena);
}

/* Each piece makes expat read an unfinished token from its beginning: without a limit 16 MiB of it
 * keep a device busy for as long as it waits for an answer. */
static void a_tag_or_comment_without_end_is_refused_early(void **state)
{
	static const char *const heads[] = { "<arms-message",
					     "<arms-message a='",
					     "<arms-message><",
					     "<arms-message><!--",
					     "<arms-message></arms-mess",
					     "<?x ",
					     "<!-- ",
					     "x" };
	static char piece[4096];

	(void)state;
	memset(piece, 'a', sizeof(piece));
	for (size_t i = 0; i < RV_ARRAY_LEN(heads); i++) {
		struct rv_arena arena = { 0 };
		struct rv_armsxml_reader *reader;
		size_t sent = 0;
		int r;

		assert_int_equal(rv_armsxml_reader_new(RV_ARMSXML_RS_SOLICITATION, &arena, 1 << 24,
						       NULL, &reader),
				 RV_OK);
		r = rv_armsxml_reader_feed(reader, rv_str(heads[i]), NULL);
		for (; r == RV_OK; sent += sizeof(piece))
			r = rv_armsxml_reader_feed(reader, rv_strn(piece, sizeof(piece)), NULL);
		assert_int_equal(r, RV_ELIMIT);
		assert_in_range(sent, RV_ARMSXML_TOKEN_MAX,
				RV_ARMSXML_TOKEN_MAX + 2 * sizeof(piece));
		rv_armsxml_reader_free(reader);
		rv_arena_deinit(&arena);
	}
}

/* The same number of bytes in tokens that end: text, short comments, white space. */
static void a_long_document_of_short_tokens_is_read(void **state)
{
	static const char *const units[] = { "text ", "<!-- -->", "<u/>", "  \n", "&#65;" };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(units); i++) {
		struct rv_buf text = { 0 };
		struct collected c = { 0 };

		rv_buf_puts(&text,
			    "<arms-message><arms-response><result-code>100</result-code><u>");
		while (text.len < 3 * (size_t)RV_ARMSXML_TOKEN_MAX)
			rv_buf_puts(&text, units[i]);
		rv_buf_puts(&text, "</u></arms-response></arms-message>");
		assert_int_equal(
			read_answer(&c, RV_ARMSXML_RS_SOLICITATION, rv_buf_str(&text), 999), RV_OK);
		collected_free(&c);
		rv_buf_deinit(&text);
	}
}

static void modules_have_a_limit(void **state)
{
	struct rv_buf text = { 0 };

	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		struct collected c = { 0 };

		rv_buf_clear(&text);
		rv_buf_puts(&text, "<arms-message><arms-response><config-solicitation-response>");
		for (int i = 0; i < RV_ARMSXML_MODULES_MAX + extra; i++)
			rv_buf_printf(&text, "<module id=\"%d\"/>", i);
		rv_buf_puts(&text,
			    "</config-solicitation-response></arms-response></arms-message>");
		assert_int_equal(
			read_answer(&c, RV_ARMSXML_CONFIG_SOLICITATION, rv_buf_str(&text), 999),
			extra == 0 ? RV_OK : RV_ELIMIT);
		if (extra == 0)
			assert_int_equal(c.res->modules[RV_ARMSXML_MODULES_MAX - 1].id,
					 RV_ARMSXML_MODULES_MAX - 1);
		collected_free(&c);
	}
	rv_buf_deinit(&text);
}

static void a_full_arena_is_out_of_memory(void **state)
{
	struct rv_arena tiny = { .max = 16 };
	struct rv_armsxml_reader *reader = NULL;
	struct collected c = { .arena.max = sizeof(struct rv_armsxml_response) + 16 };

	(void)state;
	assert_int_equal(
		rv_armsxml_reader_new(RV_ARMSXML_RS_SOLICITATION, &tiny, 100, NULL, &reader),
		-ENOMEM);
	assert_null(reader);
	rv_arena_deinit(&tiny);
	assert_int_equal(read_answer(&c, RV_ARMSXML_CONFIG_SOLICITATION, rv_str(RS(M1 M2)), 100),
			 -ENOMEM);
	collected_free(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rs_answers_give_the_same_events_however_they_arrive),
		cmocka_unit_test(configs_are_cut_into_full_fragments),
		cmocka_unit_test(whatever_the_callback_returns_ends_the_document),
		cmocka_unit_test(integers_may_have_white_space_and_garbage_counts_as_absent),
		cmocka_unit_test(a_missing_result_code_is_not_set),
		cmocka_unit_test(ls_answers_are_trimmed_cut_and_limited),
		cmocka_unit_test(texts_and_documents_have_limits),
		cmocka_unit_test(a_tag_or_comment_without_end_is_refused_early),
		cmocka_unit_test(a_long_document_of_short_tokens_is_read),
		cmocka_unit_test(modules_have_a_limit),
		cmocka_unit_test(a_full_arena_is_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
