/* Against recorded bytes of the original client and of a server it was content with: each
 * document of the recordings is read, in pieces of several sizes, and built again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/codec.h"
#include "collect.h"
#include "proto/armsxml/push_build.h"
#include "pushdoc.h"

static const size_t pieces[] = { 1, 7, 100, 1000, SIZE_MAX };

/* The next line of a data file, with \n, \r, \xNN and \\ undone; false at the end. */
static bool next_document(struct rv_str *rest, struct rv_buf *out)
{
	size_t end = rv_str_find(*rest, '\n');
	struct rv_str line = rv_str_sub(*rest, 0, end);

	rv_buf_clear(out);
	*rest = rv_str_sub(*rest, end + 1, rest->len);
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] != '\\') {
			rv_buf_putc(out, line.ptr[i]);
			continue;
		}
		i++;
		assert_true(i < line.len);
		if (line.ptr[i] == 'x') {
			assert_int_equal(rv_hex_decode(out, rv_str_sub(line, i + 1, 2), NULL),
					 RV_OK);
			i += 2;
		} else {
			rv_buf_putc(out, line.ptr[i] == 'n'   ? '\n'
					 : line.ptr[i] == 'r' ? '\r'
							      : '\\');
		}
	}
	return out->len > 0;
}

static void assert_same(struct rv_buf *built, struct rv_str recorded)
{
	assert_int_equal(built->err, RV_OK);
	if (!rv_str_eq(rv_buf_str(built), recorded))
		fail_msg("built    %.*s\nrecorded %.*s", RV_STR_ARG(rv_buf_str(built)),
			 RV_STR_ARG(recorded));
	rv_buf_clear(built);
}

static void rebuild_push(struct rv_str recorded, size_t piece, struct rv_buf *built)
{
	struct pushdoc doc = { 0 };

	assert_int_equal(read_push(&doc, recorded, piece), RV_OK);
	assert_int_equal(rv_armsxml_build_push(&doc.push, built, &doc.diag), RV_OK);
	assert_same(built, recorded);
	pushdoc_free(&doc);
}

static void rebuild_report(struct rv_str recorded, size_t piece, struct rv_buf *built)
{
	struct pushdoc doc = { .fragment_bytes = piece };

	assert_int_equal(read_report(&doc, recorded, piece), RV_OK);
	assert_false(doc.in.is_pull);
	rv_armsxml_build_report(&doc.in.report, built);
	assert_same(built, recorded);
	pushdoc_free(&doc);
}

static size_t for_each_document(const char *file, void (*fn)(struct rv_str recorded, size_t piece,
							     struct rv_buf *built))
{
	struct rv_buf text = { 0 };
	struct rv_buf document = { 0 };
	struct rv_buf built = { 0 };
	struct rv_str rest;
	size_t count = 0;

	load(file, &text);
	rest = rv_buf_str(&text);
	for (; next_document(&rest, &document); count++)
		for (size_t i = 0; i < RV_ARRAY_LEN(pieces); i++)
			fn(rv_buf_str(&document), pieces[i], &built);
	rv_buf_deinit(&text);
	rv_buf_deinit(&document);
	rv_buf_deinit(&built);
	return count;
}

static void what_the_server_sent_is_read_and_rebuilt(void **state)
{
	(void)state;
	assert_int_equal(for_each_document("push-to-device.txt", rebuild_push), 22);
}

static void what_the_original_sent_is_read_and_rebuilt(void **state)
{
	(void)state;
	assert_int_equal(for_each_document("push-from-device.txt", rebuild_report), 25);
}

/* One connection of a device carries both phases. */
static void pull_requests_are_read_by_the_same_reader(void **state)
{
	static const char *const files[] = { "ls-request.xml", "rs-request.xml",
					     "query-request.xml" };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(files); i++) {
		struct rv_armsxml_request want;
		struct pushdoc doc = { 0 };
		struct rv_buf text = { 0 };

		load(files[i], &text);
		assert_int_equal(read_report(&doc, rv_buf_str(&text), 9), RV_OK);
		assert_int_equal(
			rv_armsxml_parse_request(&doc.arena, rv_buf_str(&text), &want, NULL),
			RV_OK);
		assert_true(doc.in.is_pull);
		assert_int_equal(doc.in.pull.type, want.type);
		assert_true(rv_str_eq(doc.in.pull.distid, want.distid));
		assert_true(rv_str_eq(doc.in.pull.trigger, want.trigger));
		assert_int_equal(doc.in.pull.method_count, want.method_count);
		pushdoc_free(&doc);
		rv_buf_deinit(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_server_sent_is_read_and_rebuilt),
		cmocka_unit_test(what_the_original_sent_is_read_and_rebuilt),
		cmocka_unit_test(pull_requests_are_read_by_the_same_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
