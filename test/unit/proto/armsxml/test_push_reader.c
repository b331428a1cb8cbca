/* Reading the push phase: leniently as a device, strictly as a server. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pushdoc.h"

#define REQUEST(type, inner)                                                                       \
	"<arms-message><arms-request type=\"" type "\">" inner "</arms-request></arms-message>"
#define RESPONSE(type, inner)                                                                      \
	"<arms-message><arms-response type=\"" type "\">" inner "</arms-response></arms-message>"

/* -- device ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *text;
	int err;
	enum rv_armsxml_op op; /* seen, also of a document that failed */
	const char *events;
} device_cases[] = {
	{ "every phase of a type counts as equal", REQUEST("ping", "<ping-start-request/>"), RV_OK,
	  RV_ARMSXML_PING, "" },
	{ "the done type too", REQUEST("reboot-done", "<reboot-request/>"), RV_OK,
	  RV_ARMSXML_REBOOT, "" },
	{ "a longer name is another type", REQUEST("ping-start-x", ""), RV_EUNSUPPORTED,
	  RV_ARMSXML_GENERIC_ERROR, "" },
	{ "an unknown type", REQUEST("push-ready", ""), RV_EUNSUPPORTED, RV_ARMSXML_GENERIC_ERROR,
	  "" },
	{ "generic-error is no operation", REQUEST("generic-error", ""), RV_EUNSUPPORTED,
	  RV_ARMSXML_GENERIC_ERROR, "" },
	{ "no type", "<arms-message><arms-request></arms-request></arms-message>", RV_EUNSUPPORTED,
	  RV_ARMSXML_GENERIC_ERROR, "" },
	{ "broken behind the type", REQUEST("md-command", "<md-command-request>"), RV_ESYNTAX,
	  RV_ARMSXML_MD_COMMAND, "" },
	{ "broken before it", "<arms-message></x>", RV_ESYNTAX, RV_ARMSXML_GENERIC_ERROR, "" },
	{ "cut off", "<arms-message>", RV_ESYNTAX, RV_ARMSXML_GENERIC_ERROR, "" },
	{ "not ASCII", REQUEST("reboot", "\xe3"), RV_ESYNTAX, RV_ARMSXML_REBOOT, "" },
	{ "a list without modules is one",
	  REQUEST("configure-start", "<configure-start-request></configure-start-request>"), RV_OK,
	  RV_ARMSXML_CONFIGURE, "[]" },
	{ "no list of another operation", REQUEST("reboot", "<reboot-request/>"), RV_OK,
	  RV_ARMSXML_REBOOT, "" },
	{ "modules and configs",
	  REQUEST("configure-start",
		  "<configure-start-request><module id=\"1\" version=\"2\" install-order=\"3\">u"
		  "</module><module id=\"2\">v</module><md-config id=\"1\" "
		  "commit-order=\"1\">a&#10;b"
		  "</md-config><md-config id=\"2\" encoding=\"base64\">AA\nE=</md-config>"
		  "</configure-start-request>"),
	  RV_OK, RV_ARMSXML_CONFIGURE, "[1,2](1:^a\nb$)(2:^" },
	{ "a config that no module has",
	  REQUEST("configure-start", "<configure-start-request><module id=\"1\">u</module>"
				     "<md-config id=\"2\">x</md-config></configure-start-request>"),
	  RV_EINVALID, RV_ARMSXML_CONFIGURE, "[1]" },
	{ "status requests, one without id and one empty",
	  REQUEST("read-status-start",
		  "<read-status-start-request><status-request id=\"7\">a</status-request>"
		  "<status-request>b</status-request><status-request id=\"8\" x=\"y\"/>"
		  "</read-status-start-request>"),
	  RV_OK, RV_ARMSXML_READ_STATUS, "{7:^a$}{0:^b$}{8:^$}" },
	{ "bad Base64",
	  REQUEST("md-command", "<md-command-request><md-command id=\"1\" encoding=\"base64\">A A="
				"</md-command></md-command-request>"),
	  RV_ESYNTAX, RV_ARMSXML_MD_COMMAND, "" },
	{ "Base64 without padding",
	  REQUEST("md-command", "<md-command-request><md-command id=\"1\" encoding=\"base64\">AAA"
				"</md-command></md-command-request>"),
	  RV_ESYNTAX, RV_ARMSXML_MD_COMMAND, "" },
	{ "another encoding is text",
	  REQUEST("md-command", "<md-command-request><md-command id=\"1\" encoding=\"BASE64\">AAA"
				"</md-command></md-command-request>"),
	  RV_OK, RV_ARMSXML_MD_COMMAND, "{1:^AAA$}" },
	{ "an answer of its type", RESPONSE("ping-done", "<result-code>100</result-code>"), RV_OK,
	  RV_ARMSXML_PING, "" },
	{ "an answer of another phase", RESPONSE("ping-start", "<result-code>100</result-code>"),
	  RV_OK, RV_ARMSXML_GENERIC_ERROR, "" },
	{ "an answer without type",
	  "<arms-message><arms-response><result-code>100</result-code></arms-response>"
	  "</arms-message>",
	  RV_OK, RV_ARMSXML_GENERIC_ERROR, "" },
	{ "not even a message", "<html></html>", RV_ESYNTAX, RV_ARMSXML_GENERIC_ERROR, "" },
};

static void devices_read_what_servers_send(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(device_cases); i++) {
		struct rv_str text = rv_str(device_cases[i].text);

		for (size_t piece = 1; piece < text.len + 50; piece += 13) {
			struct pushdoc doc = { 0 };
			struct rv_str want = rv_str(device_cases[i].events);
			int r = read_push(&doc, text, piece);

			if (r != device_cases[i].err || doc.seen_op != device_cases[i].op ||
			    !rv_str_eq(rv_str_sub(rv_buf_str(&doc.events), 0, want.len), want))
				fail_msg("%s: %d, op %d, %.*s", device_cases[i].name, r,
					 doc.seen_op, RV_STR_ARG(rv_buf_str(&doc.events)));
			assert_true(r == RV_OK || doc.diag.key != NULL);
			pushdoc_free(&doc);
		}
	}
}

static void a_request_has_its_values(void **state)
{
	static const char text[] = REQUEST(
		"traceroute-start",
		"<distribution-id>0001-0000-C0DE-0091-0000-0000-00A1-B2C3</distribution-id>"
		"<result-url>https://192.0.2.1:8443/</result-url><unknown><x/></unknown>"
		"<traceroute-start-request><address>198.51.100.9</address><count> 3</count>"
		"<max-hop>16x</max-hop></traceroute-start-request>");
	struct pushdoc doc = { 0 };

	(void)state;
	assert_int_equal(read_push(&doc, rv_str(text), 11), RV_OK);
	assert_false(doc.push.is_response);
	assert_true(rv_str_is(doc.push.distid, "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"));
	assert_true(rv_str_is(doc.push.result_url, "https://192.0.2.1:8443/"));
	assert_true(rv_str_is(doc.push.address, "198.51.100.9"));
	assert_true(doc.push.count.is_set && doc.push.count.value == 3);
	assert_false(doc.push.max_hop.is_set);
	assert_false(doc.push.transaction_id.is_set);
	pushdoc_free(&doc);
}

static void pull_types_missing_and_empty_differ(void **state)
{
	static const struct {
		const char *inner;
		bool is_there;
		const char *type;
	} rows[] = {
		{ "<pull-config-request><type>LS</type></pull-config-request>", true, "LS" },
		{ "<pull-config-request><type></type></pull-config-request>", true, "" },
		{ "<pull-config-request></pull-config-request>", false, "" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		struct pushdoc doc = { 0 };
		char text[256];

		snprintf(text, sizeof(text), REQUEST("pull-config", "%s"), rows[i].inner);
		assert_int_equal(read_push(&doc, rv_str(text), 5), RV_OK);
		assert_int_equal(doc.push.pull_type.ptr != NULL, rows[i].is_there);
		assert_true(rv_str_is(doc.push.pull_type, rows[i].type));
		pushdoc_free(&doc);
	}
}

/* -- server ---------------------------------------------------------------------------------- */

#define DONE(inner)                                                                                \
	REQUEST("read-status-done",                                                                \
		"<transaction-result>100</transaction-result><transaction-id>7</transaction-id>"   \
		"<read-status-done-request>" inner "</read-status-done-request>")

static const struct {
	const char *name;
	const char *text;
	int err;
	const char *events;
} server_cases[] = {
	{ "reports", DONE("<status-report id=\"1\" result=\"402\">a</status-report>"), RV_OK,
	  "{1:^a$}" },
	{ "an unknown element", DONE("<x><y/></x>"), RV_OK, "" },
	{ "declaration and the lone CR of the original",
	  "<?xml version=\"1.0\" encoding=\"US-ASCII\" ?>\r" RESPONSE(
		  "reboot", "<result-code>100</result-code><reboot-response></reboot-response>"),
	  RV_OK, "" },
	{ "white space behind", RESPONSE("reboot", "<result-code>1</result-code>") "\r\n", RV_OK,
	  "" },
	{ "anything else behind", RESPONSE("reboot", "") "x", RV_ESYNTAX, "" },
	{ "a second document", RESPONSE("reboot", "") RESPONSE("reboot", ""), RV_ESYNTAX, "" },
	{ "the start of an operation", REQUEST("configure-start", "<configure-start-request/>"),
	  RV_EUNSUPPORTED, "" },
	{ "a synchronous request", REQUEST("md-command", "<md-command-request/>"), RV_EUNSUPPORTED,
	  "" },
	{ "the done of a push-confirmation",
	  REQUEST("push-confirmation-done", "<push-confirmation-done-request/>"), RV_EUNSUPPORTED,
	  "" },
	{ "an answer to what only devices ask", RESPONSE("ping-done", ""), RV_EUNSUPPORTED, "" },
	{ "no type", "<arms-message><arms-response/></arms-message>", RV_EUNSUPPORTED, "" },
	{ "a request without its operation", REQUEST("ping-done", ""), RV_EINVALID, "" },
	{ "a doubled value",
	  RESPONSE("reboot", "<result-code>100</result-code><result-code>100</result-code>"),
	  RV_EINVALID, "" },
	{ "children in a leaf", RESPONSE("reboot", "<result-code><x/></result-code>"), RV_EINVALID,
	  "" },
	{ "a DTD", "<!DOCTYPE a>" RESPONSE("reboot", ""), RV_ESYNTAX, "" },
	{ "bad Base64",
	  RESPONSE("md-command", "<md-command-response><md-result id=\"1\" encoding=\"base64\">!"
				 "</md-result></md-command-response>"),
	  RV_ESYNTAX, "" },
	{ "an overlong text",
	  REQUEST("push-confirmation-start",
		  "<push-confirmation-start-request><push-method>"
		  "0123456789012345678901234567890123456789</push-method>"
		  "</push-confirmation-start-request>"),
	  RV_ELIMIT, "" },
	{ "a pull",
	  REQUEST("rs-solicitation",
		  "<rs-solicitation-request><trigger>t</trigger></rs-solicitation-request>"),
	  RV_OK, "" },
	{ "a pull without its operation", REQUEST("rs-solicitation", ""), RV_EINVALID, "" },
};

static void servers_read_what_devices_send(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(server_cases); i++) {
		struct rv_str text = rv_str(server_cases[i].text);

		for (size_t piece = 1; piece < text.len + 50; piece += 13) {
			struct pushdoc doc = { 0 };
			int r = read_report(&doc, text, piece);

			if (r != server_cases[i].err ||
			    !rv_str_is(rv_buf_str(&doc.events), server_cases[i].events))
				fail_msg("%s: %d, %.*s", server_cases[i].name, r,
					 RV_STR_ARG(rv_buf_str(&doc.events)));
			assert_true(r == RV_OK || doc.diag.key != NULL);
			pushdoc_free(&doc);
		}
	}
}

static void a_report_has_its_values(void **state)
{
	struct pushdoc doc = { .fragment_bytes = 4 };

	(void)state;
	assert_int_equal(
		read_report(
			&doc,
			rv_str(DONE("<status-report id=\"1\" result=\"402\">abcdefgh"
				    "</status-report><status-report id=\"2\" result=\"99999999999\""
				    " encoding=\"base64\">YWJjZGU=</status-report>")),
			3),
		RV_OK);
	assert_true(rv_str_is(rv_buf_str(&doc.events), "{1:^abcd}{1:efgh$}{2:^abcd}{2:e$}"));
	assert_int_equal(doc.in.report.op, RV_ARMSXML_READ_STATUS);
	assert_int_equal(doc.in.report.code.value, 100);
	assert_int_equal(doc.in.report.transaction_id.value, 7);
	assert_int_equal(doc.in.report.item_count, 2);
	assert_int_equal(doc.in.report.items[0].result.value, 402);
	assert_int_equal(doc.in.report.items[1].result.value, INT32_MAX);
	assert_true(doc.in.report.items[1].is_binary);
	pushdoc_free(&doc);
}

static void a_sink_that_refuses_ends_the_document(void **state)
{
	struct pushdoc doc = { .result_of_item = -ECANCELED };

	(void)state;
	assert_int_equal(
		read_report(&doc, rv_str(DONE("<status-report id=\"1\">a</status-report>")), 100),
		-ECANCELED);
	pushdoc_free(&doc);
}

static void items_and_transactions_are_bounded(void **state)
{
	static const struct {
		const char *before, *item, *after;
		size_t max;
	} rows[] = {
		{ "<arms-message><arms-request type=\"traceroute-done\"><traceroute-done-request>",
		  "<nodeinfo/>", "</traceroute-done-request></arms-request></arms-message>",
		  RV_ARMSXML_ITEMS_MAX },
		{ "<arms-message><arms-response type=\"check-transaction\">"
		  "<check-transaction-response>",
		  "<transaction-id>1</transaction-id>",
		  "</check-transaction-response></arms-response></arms-message>",
		  RV_ARMSXML_TRANSACTIONS_MAX },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		for (size_t more = 0; more < 2; more++) {
			const struct rv_armsxml_from_device *in;
			struct rv_armsxml_reader *reader;
			struct rv_arena arena = { 0 };
			struct rv_buf text = { 0 };
			int r;

			rv_buf_puts(&text, rows[i].before);
			for (size_t k = 0; k < rows[i].max + more; k++)
				rv_buf_puts(&text, rows[i].item);
			rv_buf_puts(&text, rows[i].after);
			assert_int_equal(
				rv_armsxml_report_reader_new(&arena, text.len, NULL, &reader),
				RV_OK);
			r = rv_armsxml_reader_feed(reader, rv_buf_str(&text), NULL);
			if (r == RV_OK)
				r = rv_armsxml_report_reader_finish(reader, &in, NULL);
			assert_int_equal(r, more == 0 ? RV_OK : RV_ELIMIT);
			rv_armsxml_reader_free(reader);
			rv_arena_deinit(&arena);
			rv_buf_deinit(&text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_read_what_servers_send),
		cmocka_unit_test(a_request_has_its_values),
		cmocka_unit_test(pull_types_missing_and_empty_differ),
		cmocka_unit_test(servers_read_what_devices_send),
		cmocka_unit_test(a_report_has_its_values),
		cmocka_unit_test(a_sink_that_refuses_ends_the_document),
		cmocka_unit_test(items_and_transactions_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
