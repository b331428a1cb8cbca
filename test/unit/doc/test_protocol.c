/* doc/protocol/messages.md says what the code does: each of its tables that follows a comment
 * `<!-- rows of: NAME -->` begins its rows with what is made here from the code's own tables, and
 * has no others. What a row says behind that is for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "device/libarms/core/judge.h"
#include "device/libarms/core/sa.h"
#include "proto/armsconf/initial.h"
#include "proto/armsconf/location.h"
#include "proto/armshttp/client.h"
#include "proto/armshttp/server.h"
#include "proto/armsxml/code.h"
#include "proto/armsxml/parse.h"
#include "proto/armsxml/table_priv.h"

enum { DOCUMENT_MAX = 262144, NAME_MAX_LEN = 63, TABLES_MAX = 64, CODES_END = 600 };

static char *document;
static size_t tables_seen;

static int read_document(void **state)
{
	const char *source = getenv("REEVE_SRC");
	char path[4096];
	size_t len;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/doc/protocol/messages.md", source == NULL ? "." : source);
	document = calloc(1, DOCUMENT_MAX);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(document);
	len = fread(document, 1, DOCUMENT_MAX - 1, f);
	fclose(f);
	assert_in_range(len, 1, DOCUMENT_MAX - 2);
	return 0;
}

static int drop_document(void **state)
{
	(void)state;
	free(document);
	return 0;
}

/* First row of the table: what follows the comment, its head and its rule. */
static const char *find_rows(const char *name)
{
	char mark[NAME_MAX_LEN + sizeof("<!-- rows of:  -->\n\n")];
	const char *at;

	snprintf(mark, sizeof(mark), "<!-- rows of: %s -->\n", name);
	at = strstr(document, mark);
	if (at == NULL)
		fail_msg("doc/protocol/messages.md has no table \"%s\"", name);
	at += strlen(mark);
	for (int line = 0; line < 2; line++) {
		assert_int_equal(at[0], '|');
		at = strchr(at, '\n') + 1;
	}
	tables_seen++;
	return at;
}

/* `rows`: a line each. */
static void expect_rows(const char *name, struct rv_buf *rows)
{
	struct rv_str want = rv_buf_str(rows);
	const char *at = find_rows(name);

	assert_int_equal(rows->err, RV_OK);
	while (want.len > 0) {
		size_t len = rv_str_find(want, '\n');

		if (strncmp(at, want.ptr, len) != 0)
			fail_msg("%s: expected\n%.*s\nas the beginning of\n%.*s", name, (int)len,
				 want.ptr, (int)strcspn(at, "\n"), at);
		at = strchr(at, '\n') + 1;
		want = rv_str_sub(want, len + 1, want.len);
	}
	if (at[0] == '|')
		fail_msg("%s: the code knows nothing of\n%.*s", name, (int)strcspn(at, "\n"), at);
	rv_buf_deinit(rows);
}

static const char *kind_of(const struct rv_armsxml_elem *elem)
{
	static const char *const kinds[] = {
		[RV_ARMSXML_GROUP] = "group",   [RV_ARMSXML_TEXT] = "text",
		[RV_ARMSXML_INT] = "integer",   [RV_ARMSXML_MODULE] = "module",
		[RV_ARMSXML_CONFIG] = "config", [RV_ARMSXML_ITEM] = "item",
	};

	return kinds[elem->kind];
}

static void put_rows(struct rv_buf *out, const struct rv_armsxml_elem *table, const char *before)
{
	for (const struct rv_armsxml_elem *elem = table; elem->name != NULL; elem++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s", before, elem->name);
		rv_buf_printf(out, "| `%s` | %s | ", path, kind_of(elem));
		if (rv_armsxml_is_repeated(elem))
			rv_buf_printf(out, "0..%u | ", elem->max_count);
		else
			rv_buf_puts(out, "0..1 | ");
		if (elem->kind == RV_ARMSXML_GROUP || elem->kind == RV_ARMSXML_INT)
			rv_buf_puts(out, "- |\n");
		else if (elem->max_bytes == UINT32_MAX)
			rv_buf_puts(out, "document |\n");
		else
			rv_buf_printf(out, "%u |\n", elem->max_bytes);
		if (elem->kind != RV_ARMSXML_GROUP)
			continue;
		snprintf(path, sizeof(path), "%s%s/", before, elem->name);
		put_rows(out, elem->children, path);
	}
}

static void expect_table(const char *name, const struct rv_armsxml_elem *table)
{
	struct rv_buf rows;

	rv_buf_init(&rows, 0);
	put_rows(&rows, table, "");
	expect_rows(name, &rows);
}

static void pull_messages_have_the_elements_of_the_tables(void **state)
{
	char name[NAME_MAX_LEN + 1];

	(void)state;
	for (enum rv_armsxml_type type = 0; type < RV_ARMSXML_TYPE_COUNT; type++) {
		snprintf(name, sizeof(name), "%s request", rv_armsxml_type_name(type));
		expect_table(name, rv_armsxml_request_table(type));
		snprintf(name, sizeof(name), "%s response", rv_armsxml_type_name(type));
		expect_table(name, rv_armsxml_response_table(type));
	}
}

static void push_messages_have_the_elements_of_the_tables(void **state)
{
	(void)state;
	expect_table("push envelope, server asks", rv_armsxml_push_request_head);
	expect_table("push envelope, server answers", rv_armsxml_push_response_head);
	expect_table("push envelope, device asks", rv_armsxml_report_request_head);
	expect_table("push envelope, device answers", rv_armsxml_report_response_head);
	for (enum rv_armsxml_op op = 0; op < RV_ARMSXML_OP_COUNT; op++) {
		const struct {
			const char *suffix;
			const struct rv_armsxml_elem *table;
		} tables[] = {
			{ "server asks", rv_armsxml_push_table(op) },
			{ "device asks", rv_armsxml_report_table(op, false) },
			{ "device answers", rv_armsxml_report_table(op, true) },
		};

		for (size_t i = 0; i < RV_ARRAY_LEN(tables); i++) {
			char name[NAME_MAX_LEN + 1];

			snprintf(name, sizeof(name), "%s, %s", rv_armsxml_op_name(op),
				 tables[i].suffix);
			if (tables[i].table->name != NULL)
				expect_table(name, tables[i].table);
		}
	}
}

static void operations_are_of_the_kinds_of_the_table(void **state)
{
	static const char *const kinds[] = {
		[RV_ARMSXML_SYNCHRONOUS] = "synchronous",
		[RV_ARMSXML_ASYNCHRONOUS] = "asynchronous",
		[RV_ARMSXML_OF_DEVICE] = "of the device",
	};
	struct rv_buf rows;

	(void)state;
	rv_buf_init(&rows, 0);
	for (enum rv_armsxml_op op = 0; op < RV_ARMSXML_OP_COUNT; op++) {
		char first[RV_ARMSXML_TYPE_NAME_MAX + 1];
		enum rv_armsxml_op_kind kind = rv_armsxml_op_kind(op);

		rv_armsxml_push_type(op, kind == RV_ARMSXML_OF_DEVICE, false, first);
		rv_buf_printf(&rows, "| `%s` | %s | `%s` |\n", rv_armsxml_op_name(op), kinds[kind],
			      first);
	}
	expect_rows("operations", &rows);
}

static void codes_have_their_texts(void **state)
{
	struct rv_buf rows;

	(void)state;
	rv_buf_init(&rows, 0);
	for (int code = 0; code < CODES_END; code++)
		if (strcmp(rv_arms_code_text(code), "Unknown result") != 0)
			rv_buf_printf(&rows, "| %d | %s |\n", code, rv_arms_code_text(code));
	expect_rows("codes", &rows);
}

static const char *verdict_of(enum rv_sa_phase phase, struct rv_armsxml_int code)
{
	static const char *const verdicts[] = {
		[RV_SA_SUCCESS] = "success",       [RV_SA_NEXT] = "next",
		[RV_SA_BACK_TO_LS] = "back to LS", [RV_SA_PULL] = "EPULL",
		[RV_SA_REBOOT] = "EREBOOT",        [RV_SA_DONTRETRY] = "EDONTRETRY",
		[RV_SA_NO_METHOD] = "no method",
	};

	return verdicts[rv_sa_judge(phase, code)];
}

static void put_verdicts(struct rv_buf *rows, struct rv_armsxml_int code)
{
	rv_buf_printf(rows, " | %s | %s | %s |", verdict_of(RV_SA_LS, code),
		      verdict_of(RV_SA_RS, code), verdict_of(RV_SA_QUERY, code));
}

static void codes_make_a_device_do_what_the_table_says(void **state)
{
	struct rv_armsxml_int none = { 0 };
	struct rv_buf rows, now, before;
	int first = 0;

	(void)state;
	rv_buf_init(&rows, 0);
	rv_buf_init(&now, 0);
	rv_buf_init(&before, 0);
	put_verdicts(&before, (struct rv_armsxml_int){ true, 0 });
	for (int code = 1; code <= CODES_END; code++) {
		rv_buf_clear(&now);
		put_verdicts(&now, (struct rv_armsxml_int){ true, code });
		if (code < CODES_END && rv_str_eq(rv_buf_str(&now), rv_buf_str(&before)))
			continue;
		if (code == CODES_END)
			rv_buf_printf(&rows, "| from %d", first);
		else if (first == code - 1)
			rv_buf_printf(&rows, "| %d", first);
		else
			rv_buf_printf(&rows, "| %d..%d", first, code - 1);
		rv_buf_put_str(&rows, rv_buf_str(&before));
		rv_buf_puts(&rows, "\n");
		rv_buf_clear(&before);
		rv_buf_put_str(&before, rv_buf_str(&now));
		first = code;
	}
	rv_buf_puts(&rows, "| none");
	put_verdicts(&rows, none);
	rv_buf_puts(&rows, "\n");
	expect_rows("verdicts", &rows);
	rv_buf_deinit(&now);
	rv_buf_deinit(&before);
}

struct number {
	const char *what;
	long value;
};

static void expect_numbers(const char *name, const struct number *numbers, size_t n)
{
	struct rv_buf rows;

	rv_buf_init(&rows, 0);
	for (size_t i = 0; i < n; i++)
		rv_buf_printf(&rows, "| %s | %ld |\n", numbers[i].what, numbers[i].value);
	expect_rows(name, &rows);
}

static void limits_are_those_of_the_code(void **state)
{
	static const struct number limits[] = {
		{ "request of a device, bytes of XML", RV_ARMSXML_REQUEST_MAX },
		{ "elements inside each other", RV_ARMSXML_DEPTH_MAX },
		{ "tag or comment, bytes", RV_ARMSXML_TOKEN_MAX },
		{ "modules of an answer", RV_ARMSXML_MODULES_MAX },
		{ "SA certificate, SA private key, bytes of PEM each", RV_ARMSXML_PEM_MAX },
		{ "Location-Config, bytes", RV_ARMSCONF_LOCATION_MAX },
		{ "line of a Location-Config, characters", RV_ARMSCONF_TEXT_LINE_MAX },
		{ "lines that a Location-Config defines", RV_ARMSCONF_LINES_MAX },
		{ "LS URLs of an Initial-Config", RV_ARMSCONF_LS_URLS_MAX },
		{ "line of an Initial-Config, characters", RV_ARMSCONF_INITIAL_LINE_MAX },
		{ "URL of a list, characters", RV_ARMSHTTP_URL_MAX },
		{ "RS URL, characters", RV_ARMSHTTP_RS_URL_MAX },
		{ "host of a URL, characters", RV_ARMSHTTP_HOST_MAX },
		{ "path of a URL, characters after the first `/`", RV_ARMSHTTP_PATH_MAX },
		{ "header line, bytes with its end", RV_ARMSHTTP_LINE_MAX },
		{ "header lines of a request", RV_ARMSHTTP_HEADER_LINES_MAX },
		{ "header lines of an answer", RV_ARMSHTTP_ANSWER_LINES_MAX },
	};

	(void)state;
	expect_numbers("limits", limits, RV_ARRAY_LEN(limits));
}

static void times_are_those_of_the_code(void **state)
{
	static const struct number times[] = {
		{ "connect and TLS handshake, s", RV_SA_CONNECT_S },
		{ "each write, s", RV_SA_SEND_S },
		{ "complete answer after the request's last byte, s", RV_SA_ANSWER_S },
		{ "pause when there is no line to try, s", RV_SA_NO_LINE_S },
		{ "least pause where a server or the Initial-Config says 0, s", RV_SA_PACE_S },
		{ "factor of the Initial-Config's interval, s", RV_SA_LS_INTERVAL_X },
		{ "factor of the Initial-Config's retry count, rounds", RV_SA_LS_RETRY_X },
		{ "whole pull by default, s", ARMS_DEFAULT_TIMEOUT },
		{ "whole pull at least, s", ARMS_MIN_TIMEOUT },
		{ "whole pull at most, s", ARMS_MAX_TIMEOUT },
	};

	(void)state;
	expect_numbers("times", times, RV_ARRAY_LEN(times));
}

/* Runs last: a table of the document that no test has asked for would say anything. */
static void no_table_is_left_over(void **state)
{
	size_t marks = 0;

	(void)state;
	for (const char *at = document; (at = strstr(at, "<!-- rows of: ")) != NULL; at++)
		marks++;
	assert_int_equal(marks, tables_seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pull_messages_have_the_elements_of_the_tables),
		cmocka_unit_test(push_messages_have_the_elements_of_the_tables),
		cmocka_unit_test(operations_are_of_the_kinds_of_the_table),
		cmocka_unit_test(codes_have_their_texts),
		cmocka_unit_test(codes_make_a_device_do_what_the_table_says),
		cmocka_unit_test(limits_are_those_of_the_code),
		cmocka_unit_test(times_are_those_of_the_code),
		cmocka_unit_test(no_table_is_left_over),
	};

	return cmocka_run_group_tests(tests, read_document, drop_document);
}
