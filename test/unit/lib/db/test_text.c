#include "db/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *sqlite;
	const char *postgresql;
} cases[] = {
	{ "", "" },
	{ "SELECT 1", "SELECT 1" },
	{ "a = ?1", "a = $1" },
	{ "?2 ?1 ?2", "$2 $1 $2" },
	{ "?32", "$32" },
	{ "?12x", "$12x" },
	{ "(?, ?, ?)", "($1, $2, $3)" },
	{ "?3, ?, ?1, ?", "$3, $4, $1, $5" }, /* SQLite's count */
	{ "$1, ?2", "$1, $2" },
	{ "'?1' ?1", "'?1' $1" },
	{ "'it''s ?1' ?2", "'it''s ?1' $2" },
	{ "\"?1\" ?1", "\"?1\" $1" },
	{ "'\"' ?1 '\"'", "'\"' $1 '\"'" },
	{ "?1 -- ?2\n?3", "$1 -- ?2\n$3" },
	{ "?1 - ?2", "$1 - $2" },
	{ "?1 / ?2 * ?3", "$1 / $2 * $3" },
	{ "?1 /* ?2 ' */ ?3", "$1 /* ?2 ' */ $3" },
	{ "/*/ ?1 */ ?2", "/*/ ?1 */ $2" },
	/* without an end */
	{ "?1 '?2", "$1 '?2" },
	{ "?1 \"?2", "$1 \"?2" },
	{ "?1 --?2", "$1 --?2" },
	{ "?1 /*?2", "$1 /*?2" },
	{ "?", "$1" },
};

static void parameters_are_renamed_and_nothing_else_is_touched(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_buf out = { 0 };

		rv_db_text_to_postgresql(cases[i].sqlite, &out);
		assert_int_equal(out.err, RV_OK);
		rv_buf_putc(&out, '\0');
		assert_string_equal(out.ptr, cases[i].postgresql);
		rv_buf_deinit(&out);
	}
}

static void a_full_buffer_is_told_by_the_buffer(void **state)
{
	struct rv_buf out = { .max = 4 };

	(void)state;
	rv_db_text_to_postgresql("SELECT ?1", &out);
	assert_int_equal(out.err, RV_ELIMIT);
	rv_buf_deinit(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_renamed_and_nothing_else_is_touched),
		cmocka_unit_test(a_full_buffer_is_told_by_the_buffer),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
