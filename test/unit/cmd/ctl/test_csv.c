/* CSV in any pieces (RFC 4180), and written so that it is read back the same. */
#include "cmd/ctl/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Everything that is in a text: "line:cell|cell;" for a row, "line:!CODE;" for an error. */
static void transcribe(struct rv_str in, size_t piece, struct rv_buf *out)
{
	struct ctl_csv csv = { 0 };
	int r = RV_EMORE;

	for (size_t at = 0; at < in.len || r != RV_EMORE;) {
		size_t used = 0;

		if (at >= in.len)
			break;
		r = ctl_csv_feed(&csv, rv_str_sub(in, at, piece), &used);
		at += used;
		if (r == RV_EMORE)
			continue;
		rv_buf_printf(out, "%llu:", (unsigned long long)csv.line);
		for (size_t i = 0; r == RV_OK && i < csv.count; i++)
			rv_buf_printf(out, "%s%.*s", i > 0 ? "|" : "",
				      RV_STR_ARG(ctl_csv_cell(&csv, i)));
		rv_buf_printf(out, r == RV_OK ? ";" : "!%s@%zu;", rv_err_name(r), csv.count);
	}
	r = ctl_csv_end(&csv);
	if (r == RV_OK) {
		rv_buf_printf(out, "%llu:", (unsigned long long)csv.line);
		for (size_t i = 0; i < csv.count; i++)
			rv_buf_printf(out, "%s%.*s", i > 0 ? "|" : "",
				      RV_STR_ARG(ctl_csv_cell(&csv, i)));
		rv_buf_puts(out, ";");
	} else if (r != RV_ENOTFOUND) {
		rv_buf_printf(out, "%llu:!%s;", (unsigned long long)csv.line, rv_err_name(r));
	}
	rv_buf_putc(out, '\0');
	ctl_csv_deinit(&csv);
}

static const struct {
	const char *text, *rows;
} cases[] = {
	{ "", "" },
	{ "a", "1:a;" },
	{ "a,b\r\nc,d\r\n", "1:a|b;2:c|d;" },
	{ "a,b\nc,d", "1:a|b;2:c|d;" },
	{ "\n", "1:;" },
	{ ",\n,,", "1:|;2:||;" },
	{ " a , b\t\n", "1: a | b\t;" },
	{ "\"a\",\"b,c\"\n", "1:a|b,c;" },
	{ "\"a\"\"b\",\"\"\"\"\n", "1:a\"b|\";" },
	{ "\"\",x\n", "1:|x;" },
	{ "\"a\r\nb\nc\",d\ne\n", "1:a\r\nb\nc|d;4:e;" }, /* lines count inside of quotes, too */
	{ "新宿,\"三\n階\"\r\n", "1:新宿|三\n階;" },
	{ "a\"b,c\nd\n", "1:!ESYNTAX@0;2:d;" },
	{ "x,\"a\"b\nd\n", "1:!ESYNTAX@1;2:d;" },
	{ "\"a\" ,b\nd\n", "1:!ESYNTAX@0;2:d;" },
	{ "a\rb\nc\n", "1:!ESYNTAX@0;2:c;" },
	{ "a\r", "1:!ESYNTAX;" },
	{ "\"a\nb", "1:!ESYNTAX;" },
	{ "x\n\"a,b\nc", "1:x;2:!ESYNTAX;" },
	{ "\"a\"", "1:a;" },
	{ "a\n\"b\"\"", "1:a;2:!ESYNTAX;" },
	{ "a\"\n\nb", "1:!ESYNTAX@0;2:;3:b;" },
};

static void rows_and_mistakes_are_the_same_in_any_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_str text = rv_str(cases[i].text);

		for (size_t piece = 1; piece <= text.len + 1; piece++) {
			struct rv_buf out = { 0 };

			transcribe(text, piece, &out);
			if (strcmp(out.ptr, cases[i].rows) != 0)
				fail_msg("%zu in %zu: %s", i, piece, out.ptr);
			rv_buf_deinit(&out);
		}
	}
}

static void a_nul_is_no_text(void **state)
{
	static const char text[] = "a,b\0c\nd\n";
	struct rv_buf out = { 0 };

	(void)state;
	transcribe(rv_strn(text, sizeof(text) - 1), 99, &out);
	assert_string_equal(out.ptr, "1:!ESYNTAX@1;2:d;");
	rv_buf_deinit(&out);
}

static void a_row_holds_64_cells_and_256_kib(void **state)
{
	struct rv_buf text = { 0 };
	struct ctl_csv csv = { 0 };
	size_t used;

	(void)state;
	for (int row = 0; row < 2; row++) {
		for (int i = 0; i < CTL_CSV_CELLS_MAX + row; i++)
			rv_buf_puts(&text, i > 0 ? ",x" : "x");
		rv_buf_putc(&text, '\n');
	}
	for (int row = 0; row < 2; row++) {
		for (int i = 0; i < CTL_CSV_ROW_MAX + row; i++)
			rv_buf_putc(&text, 'y');
		rv_buf_putc(&text, '\n');
	}
	struct rv_str rest = rv_buf_str(&text);
	static const int results[] = { RV_OK, RV_ELIMIT, RV_OK, RV_ELIMIT, RV_EMORE };

	for (size_t i = 0; i < RV_ARRAY_LEN(results); i++) {
		assert_int_equal(ctl_csv_feed(&csv, rest, &used), results[i]);
		assert_int_equal(csv.line, i < 4 ? i + 1 : 4);
		rest = rv_str_sub(rest, used, rest.len);
	}
	assert_int_equal(ctl_csv_end(&csv), RV_ENOTFOUND);
	ctl_csv_deinit(&csv);
	rv_buf_deinit(&text);
}

static void blank_rows_say_nothing(void **state)
{
	static const struct {
		const char *text;
		bool is_blank;
	} rows[] = { { "\n", true }, { ",,,\n", true }, { "\"\",\n", true }, { ", \n", false } };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		struct ctl_csv csv = { 0 };
		size_t used;

		assert_int_equal(ctl_csv_feed(&csv, rv_str(rows[i].text), &used), RV_OK);
		assert_int_equal(ctl_csv_is_blank(&csv), rows[i].is_blank);
		assert_int_equal(ctl_csv_cell(&csv, 63).len, 0);
		ctl_csv_deinit(&csv);
	}
}

static void what_is_written_is_read_back(void **state)
{
	static const char *const cells[] = { "plain", "",       "a,b", "a\"b",
					     "\"",    "a\r\nb", " x ", "機器" };
	struct rv_buf line = { 0 };
	struct ctl_csv csv = { 0 };
	size_t used;

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cells); i++)
		ctl_csv_put(&line, rv_str(cells[i]), i == 0);
	rv_buf_puts(&line, "\r\n");
	assert_true(rv_str_is(rv_buf_str(&line),
			      "plain,,\"a,b\",\"a\"\"b\",\"\"\"\",\"a\r\nb\", x ,機器\r\n"));
	assert_int_equal(ctl_csv_feed(&csv, rv_buf_str(&line), &used), RV_OK);
	assert_int_equal(used, line.len);
	assert_int_equal(csv.count, RV_ARRAY_LEN(cells));
	for (size_t i = 0; i < RV_ARRAY_LEN(cells); i++)
		assert_true(rv_str_is(ctl_csv_cell(&csv, i), cells[i]));
	ctl_csv_deinit(&csv);
	rv_buf_deinit(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_mistakes_are_the_same_in_any_pieces),
		cmocka_unit_test(a_nul_is_no_text),
		cmocka_unit_test(a_row_holds_64_cells_and_256_kib),
		cmocka_unit_test(blank_rows_say_nothing),
		cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
