/* Files of UTF-8 and CP932: found out strictly, converted piece by piece. */
#include "cmd/ctl/charset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define AUTO  RV_CSV_ENCODING_AUTO
#define UTF8  RV_CSV_ENCODING_UTF8
#define BOM   RV_CSV_ENCODING_UTF8_BOM
#define CP932 RV_CSV_ENCODING_CP932

static const char *write_file(const void *data, size_t len)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/reeve-charset-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
	return path;
}

static const struct {
	const char *bytes;
	enum rv_csv_encoding as;
	int result;
	enum rv_csv_encoding found;
	const char *text; /* UTF-8 */
	unsigned line;    /* of a refusal */
} cases[] = {
	{ "abc\n", AUTO, RV_OK, UTF8, "abc\n", 0 },
	{ "", AUTO, RV_OK, UTF8, "", 0 },
	{ "新宿\n", AUTO, RV_OK, UTF8, "新宿\n", 0 },
	{ "\xef\xbb\xbf新宿\n", AUTO, RV_OK, BOM, "新宿\n", 0 },
	{ "\xef\xbb\xbf新宿\n", UTF8, RV_OK, BOM, "新宿\n", 0 },
	{ "新宿\n", BOM, RV_OK, UTF8, "新宿\n", 0 },
	{ "\x90\x56\x8f\x68\n", AUTO, RV_OK, CP932, "新宿\n", 0 },
	{ "\x90\x56\x8f\x68\n", CP932, RV_OK, CP932, "新宿\n", 0 },
	/* A second byte that is a backslash, a half-width kana, what only Windows has. */
	{ "\x95\x5c\xb1\x87\x40\xfa\xb1", AUTO, RV_OK, CP932, "表ｱ①\xef\xa8\x91", 0 },
	{ "a\n\x90\x56\n", UTF8, RV_ESYNTAX, 0, NULL, 2 },
	{ "\xef\xbb\xbf"
	  "a\n\x90\x56\n",
	  AUTO, RV_ESYNTAX, 0, NULL, 2 },
	{ "a\n\x90\x56\nb\n\x90\xff\n", AUTO, RV_ESYNTAX, 0, NULL, 4 },
	{ "a\n\x90", AUTO, RV_ESYNTAX, 0, NULL, 2 },       /* cut */
	{ "a\n\xe6\x96", UTF8, RV_ESYNTAX, 0, NULL, 2 },   /* cut */
	{ "a\xed\xa0\x80", UTF8, RV_ESYNTAX, 0, NULL, 1 }, /* a surrogate */
	{ "新宿\xe3\x81\n\xff", CP932, RV_ESYNTAX, 0, NULL, 2 },
	{ "\xff\xfe"
	  "a",
	  AUTO, RV_ESYNTAX, 0, NULL, 1 },
	{ "\xfe\xff"
	  "a",
	  UTF8, RV_ESYNTAX, 0, NULL, 1 },
};

static void read_all(struct ctl_text_file *file, struct rv_buf *out)
{
	struct rv_str piece;
	int r;

	while ((r = ctl_text_next(file, &piece)) == RV_OK) {
		assert_true(rv_str_is_utf8(piece, NULL));
		rv_buf_put_str(out, piece);
	}
	assert_int_equal(r, RV_ENOTFOUND);
	assert_int_equal(out->err, RV_OK);
}

static void an_encoding_is_found_or_the_line_that_has_none_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct ctl_text_file file = CTL_TEXT_FILE_NONE;
		const char *path = write_file(cases[i].bytes, strlen(cases[i].bytes));
		struct rv_diag diag = { 0 };
		int r = ctl_text_open(&file, path, cases[i].as, &diag);

		if (r != cases[i].result)
			print_message("# case %zu: %s\n", i, diag.text);
		assert_int_equal(r, cases[i].result);
		assert_int_equal(diag.line, cases[i].line);
		for (int pass = 0; r == RV_OK && pass < 2; pass++) {
			struct rv_buf text = { 0 };

			assert_int_equal(file.encoding, cases[i].found);
			read_all(&file, &text);
			assert_true(rv_str_is(rv_buf_str(&text), cases[i].text));
			rv_buf_deinit(&text);
			assert_int_equal(ctl_text_rewind(&file), RV_OK);
		}
		ctl_text_close(&file);
		unlink(path);
	}
}

/* Characters across every border of a piece. */
static void long_files_are_read_whole(void **state)
{
	static const struct {
		const char *unit, *utf8;
		enum rv_csv_encoding found;
	} kinds[] = { { "新", "新", UTF8 }, { "\x90\x56", "新", CP932 }, { "\xb1", "ｱ", CP932 } };

	(void)state;
	for (size_t k = 0; k < RV_ARRAY_LEN(kinds); k++)
		for (size_t before = 0; before < 3; before++) {
			struct ctl_text_file file = CTL_TEXT_FILE_NONE;
			struct rv_buf bytes = { 0 };
			struct rv_buf text = { 0 };
			struct rv_buf expected = { 0 };
			const char *path;

			for (size_t i = 0; i < before; i++) {
				rv_buf_putc(&bytes, 'x');
				rv_buf_putc(&expected, 'x');
			}
			while (bytes.len < 3 * CTL_TEXT_PIECE) {
				rv_buf_puts(&bytes, kinds[k].unit);
				rv_buf_puts(&expected, kinds[k].utf8);
			}
			path = write_file(bytes.ptr, bytes.len);
			assert_int_equal(ctl_text_open(&file, path, AUTO, NULL), RV_OK);
			assert_int_equal(file.encoding, kinds[k].found);
			read_all(&file, &text);
			assert_true(rv_str_eq(rv_buf_str(&text), rv_buf_str(&expected)));
			ctl_text_close(&file);
			unlink(path);
			rv_buf_deinit(&bytes);
			rv_buf_deinit(&text);
			rv_buf_deinit(&expected);
		}
}

static void a_file_that_is_not_there_or_too_large_is_told(void **state)
{
	struct ctl_text_file file = CTL_TEXT_FILE_NONE;
	struct rv_diag diag = { 0 };
	const char *path = write_file("a", 1);

	(void)state;
	assert_int_equal(ctl_text_open(&file, "/nonexistent/file", AUTO, &diag), -ENOENT);
	assert_string_equal(diag.key, "csv.read");
	assert_int_equal(truncate(path, (off_t)CTL_TEXT_FILE_MAX + 1), 0);
	assert_int_equal(ctl_text_open(&file, path, AUTO, &diag), RV_ELIMIT);
	assert_string_equal(diag.key, "csv.size");
	assert_int_equal(ctl_text_open(&file, "/", AUTO, &diag), -EISDIR);
	unlink(path);
}

static void a_pipe_is_read_twice(void **state)
{
	struct ctl_text_file file = CTL_TEXT_FILE_NONE;
	int ends[2];
	int saved = dup(STDIN_FILENO);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "\x90\x56\n", 3), 3);
	close(ends[1]);
	assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
	close(ends[0]);
	assert_int_equal(ctl_text_open(&file, "-", AUTO, NULL), RV_OK);
	for (int pass = 0; pass < 2; pass++) {
		struct rv_buf text = { 0 };

		read_all(&file, &text);
		assert_true(rv_str_is(rv_buf_str(&text), "新\n"));
		rv_buf_deinit(&text);
		assert_int_equal(ctl_text_rewind(&file), RV_OK);
	}
	ctl_text_close(&file);
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	close(saved);
}

static void a_file_that_changes_meanwhile_is_noticed(void **state)
{
	struct ctl_text_file file = CTL_TEXT_FILE_NONE;
	const char *path = write_file("abc", 3);
	struct rv_str piece;
	FILE *f;

	(void)state;
	assert_int_equal(ctl_text_open(&file, path, AUTO, NULL), RV_OK);
	f = fopen(path, "r+b");
	assert_non_null(f);
	fputs("\xff\xff", f);
	fclose(f);
	assert_int_equal(ctl_text_next(&file, &piece), RV_ESYNTAX);
	ctl_text_close(&file);
	unlink(path);
}

static void text_is_encoded_or_the_character_is_named(void **state)
{
	struct rv_buf out = { 0 };
	size_t at = 99;

	(void)state;
	assert_int_equal(ctl_text_encode(rv_str("a新①"), CP932, &out, &at), RV_OK);
	assert_true(rv_str_is(rv_buf_str(&out), "a\x90\x56\x87\x40"));
	assert_int_equal(ctl_text_encode(rv_str(""), CP932, &out, &at), RV_OK);
	rv_buf_clear(&out);
	assert_int_equal(ctl_text_encode(rv_str("a新\xf0\x9f\x98\x80"), CP932, &out, &at),
			 RV_EINVALID);
	assert_int_equal(at, 4);
	rv_buf_clear(&out);
	assert_int_equal(ctl_text_encode(rv_str("新"), UTF8, &out, &at), RV_OK);
	assert_true(rv_str_is(rv_buf_str(&out), "新"));
	rv_buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_encoding_is_found_or_the_line_that_has_none_is_named),
		cmocka_unit_test(long_files_are_read_whole),
		cmocka_unit_test(a_file_that_is_not_there_or_too_large_is_told),
		cmocka_unit_test(a_pipe_is_read_twice),
		cmocka_unit_test(a_file_that_changes_meanwhile_is_noticed),
		cmocka_unit_test(text_is_encoded_or_the_character_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
