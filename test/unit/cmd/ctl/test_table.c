#include "cmd/ctl/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *text;
	size_t width;
	const char *safe; /* NULL: the same */
} width_cases[] = {
	{ "", 0, NULL },
	{ "abc", 3, NULL },
	{ "機器", 4, NULL },
	{ "ルータ1", 7, NULL },
	{ "ﾙｰﾀ", 3, NULL },       /* half width */
	{ "１", 2, NULL },        /* full width */
	{ "e\xcc\x81", 1, NULL }, /* combining accent */
	{ "\xf0\x9f\x98\x80", 2, NULL },
	{ "a\x1b[31mb", 7, "a\xef\xbf\xbd[31mb" },
	{ "a\nb", 3,
	  "a\xef\xbf\xbd"
	  "b" },
	{ "\xc2\x9b"
	  "2J",
	  3,
	  "\xef\xbf\xbd"
	  "2J" },                                      /* C1 control */
	{ "\xff\xfe", 2, "\xef\xbf\xbd\xef\xbf\xbd" }, /* not UTF-8 */
	{ "a\xe2\x80\xae"
	  "b",
	  3,
	  "a\xef\xbf\xbd"
	  "b" },                                       /* turns the line around */
	{ "\xe6\xa9", 2, "\xef\xbf\xbd\xef\xbf\xbd" }, /* cut */
};

static void widths_are_cells_and_nothing_moves_the_cursor(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(width_cases); i++) {
		const char *safe = width_cases[i].safe;
		struct rv_buf out = { 0 };

		ctl_put_safe(&out, rv_str(width_cases[i].text), false);
		if (!rv_str_is(rv_buf_str(&out), safe != NULL ? safe : width_cases[i].text))
			fail_msg("%zu: %.*s", i, RV_STR_ARG(rv_buf_str(&out)));
		if (ctl_text_width(rv_buf_str(&out)) != width_cases[i].width)
			fail_msg("%zu: %zu cells", i, ctl_text_width(rv_buf_str(&out)));
		rv_buf_deinit(&out);
	}
}

static void columns_are_aligned_without_blanks_at_line_ends(void **state)
{
	static const char *const cells[] = { "名前", "state", "x", "東京 1", "up",
					     "",     "a",     "",  "z  " };
	struct ctl_table table;
	struct rv_buf out = { 0 };

	(void)state;
	ctl_table_init(&table, 3);
	for (size_t i = 0; i < RV_ARRAY_LEN(cells); i++)
		ctl_table_add(&table, rv_str(cells[i]));
	ctl_table_print(&table, &out);
	rv_buf_putc(&out, '\0');
	assert_string_equal(out.ptr, "名前    state  x\n"
				     "東京 1  up\n"
				     "a              z\n");
	ctl_table_deinit(&table);
	rv_buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths_are_cells_and_nothing_moves_the_cursor),
		cmocka_unit_test(columns_are_aligned_without_blanks_at_line_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
