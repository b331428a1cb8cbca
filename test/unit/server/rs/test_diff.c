/* Unified diffs. */
#include "server/rs/diff.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct rv_str diff(const char *from, const char *to, struct rv_buf *out)
{
	struct rv_arena arena = { 0 };

	rv_buf_clear(out);
	assert_int_equal(rs_diff_unified(rv_str(from), rv_str(to), &arena, out), RV_OK);
	rv_arena_deinit(&arena);
	return rv_buf_str(out);
}

static const struct {
	const char *from, *to, *diff;
} cases[] = {
	{ "", "", "" },
	{ "a\nb\n", "a\nb\n", "" },
	{ "", "a\n", "@@ -0,0 +1,1 @@\n+a\n" },
	{ "a\n", "", "@@ -1,1 +0,0 @@\n-a\n" },
	{ "a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n" },
	{ "a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n" },
	{ "1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n", "@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n" },
	/* far apart: two hunks; near: one */
	{ "x\n1\n2\n3\n4\n5\n6\n7\ny\n", "X\n1\n2\n3\n4\n5\n6\n7\nY\n",
	  "@@ -1,4 +1,4 @@\n-x\n+X\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-y\n+Y\n" },
	{ "x\n1\n2\n3\n4\n5\n6\ny\n", "X\n1\n2\n3\n4\n5\n6\nY\n",
	  "@@ -1,8 +1,8 @@\n-x\n+X\n 1\n 2\n 3\n 4\n 5\n 6\n-y\n+Y\n" },
};

static void changes_are_shown_with_three_lines_around(void **state)
{
	struct rv_buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_true(rv_str_is(diff(cases[i].from, cases[i].to, &out), cases[i].diff));
	rv_buf_deinit(&out);
}

/* -- what patch(1) would make of it ---------------------------------------------------------- */

static struct rv_str take_line(struct rv_str *text)
{
	size_t end = rv_str_find(*text, '\n') + 1;
	struct rv_str line = rv_str_sub(*text, 0, end);

	*text = rv_str_sub(*text, end, text->len);
	return line;
}

static void skip_lines(struct rv_str *from, size_t n, struct rv_buf *out)
{
	while (n-- > 0)
		rv_buf_put_str(out, take_line(from));
}

static void apply(struct rv_str from, struct rv_str patch, struct rv_buf *out)
{
	size_t line = 1;

	while (patch.len > 0) {
		struct rv_str p = take_line(&patch);

		if (rv_str_starts(p, "@@")) {
			size_t at = strtoul(p.ptr + 4, NULL, 10);
			size_t len = strtoul(p.ptr + rv_str_find(p, ',') + 1, NULL, 10);

			at += len == 0; /* names the line before */
			skip_lines(&from, at - line, out);
			line = at;
			continue;
		}
		if (p.ptr[0] == '\\') {
			if (out->len > 0 && out->ptr[out->len - 1] == '\n')
				out->len--; /* of an added or kept line */
			continue;
		}
		struct rv_str body = rv_str_sub(p, 1, p.len);
		if (p.ptr[0] != '+') {
			struct rv_str was = take_line(&from);
			bool is_whole = rv_str_eq(was, body);

			assert_true(is_whole || rv_str_eq(was, rv_str_sub(body, 0, body.len - 1)));
			line++;
			/* The mark that follows then belongs to a removed line. */
			if (p.ptr[0] == '-' && !is_whole && rv_str_starts(patch, "\\"))
				take_line(&patch);
		}
		if (p.ptr[0] != '-')
			rv_buf_put_str(out, body);
	}
	rv_buf_put_str(out, from);
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static void make_text(uint32_t *seed, unsigned lines, struct rv_buf *out)
{
	for (unsigned i = next(seed) % lines; i > 0; i--)
		rv_buf_printf(out, "%c\n", 'a' + (char)(next(seed) % 4));
	if (next(seed) % 3 == 0)
		rv_buf_puts(out, "end");
}

static void a_patch_makes_the_second_text_of_the_first(void **state)
{
	(void)state;
	for (uint32_t round = 1; round <= 400; round++) {
		struct rv_buf from = { 0 }, to = { 0 }, patch = { 0 }, made = { 0 };
		struct rv_arena arena = { 0 };
		uint32_t seed = round;

		make_text(&seed, round % 40 == 0 ? 2000 : 30, &from); /* some are too different */
		make_text(&seed, round % 40 == 0 ? 2000 : 30, &to);
		assert_int_equal(
			rs_diff_unified(rv_buf_str(&from), rv_buf_str(&to), &arena, &patch), RV_OK);
		apply(rv_buf_str(&from), rv_buf_str(&patch), &made);
		if (!rv_str_eq(rv_buf_str(&made), rv_buf_str(&to)))
			fail_msg("seed %u", (unsigned)round);
		rv_buf_deinit(&from);
		rv_buf_deinit(&to);
		rv_buf_deinit(&patch);
		rv_buf_deinit(&made);
		rv_arena_deinit(&arena);
	}
}

static void bounds_are_kept(void **state)
{
	struct rv_arena arena;
	struct rv_buf out;

	(void)state;
	rv_arena_init(&arena, 1024);
	rv_buf_init(&out, 4);
	assert_int_equal(rs_diff_unified(RV_STR_LIT("a\n"), RV_STR_LIT("b\n"), &arena, &out),
			 RV_ELIMIT);
	rv_arena_deinit(&arena);
	rv_arena_init(&arena, 8);
	rv_buf_deinit(&out);
	rv_buf_init(&out, 1000);
	assert_int_equal(rs_diff_unified(RV_STR_LIT("a\n"), RV_STR_LIT("b\n"), &arena, &out),
			 -ENOMEM);
	rv_arena_deinit(&arena);
	rv_buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_shown_with_three_lines_around),
		cmocka_unit_test(a_patch_makes_the_second_text_of_the_first),
		cmocka_unit_test(bounds_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
