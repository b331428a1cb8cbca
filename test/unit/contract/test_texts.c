#include "contract/texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void the_catalogue_is_sorted_and_complete(void **state)
{
	(void)state;
	assert_true(rv_text_count > 100);
	for (size_t i = 0; i < rv_text_count; i++) {
		if (i > 0)
			assert_true(strcmp(rv_texts[i - 1].key, rv_texts[i].key) < 0);
		for (size_t lang = 0; lang < RV_LANG_COUNT; lang++) {
			const char *text = rv_texts[i].text[lang];

			assert_true(text[0] != '\0');
			assert_true(rv_str_is_utf8(rv_str(text), NULL));
			assert_ptr_equal(rv_text((enum rv_lang)lang, rv_texts[i].key), text);
		}
	}
	assert_null(rv_text(RV_LANG_EN, "error:no.such.key"));
}

static void locales_choose_the_language(void **state)
{
	static const struct {
		const char *locale;
		enum rv_lang lang;
	} cases[] = {
		{ "ja", RV_LANG_JA },  { "ja_JP.UTF-8", RV_LANG_JA }, { "ja.UTF-8", RV_LANG_JA },
		{ "jax", RV_LANG_EN }, { "C", RV_LANG_EN },           { "en_US", RV_LANG_EN },
		{ "", RV_LANG_EN },    { NULL, RV_LANG_EN },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(rv_lang_of(cases[i].locale), cases[i].lang);
}

static void arguments_are_put_in_once_and_never_as_a_template(void **state)
{
	struct rv_buf out = { 0 };

	(void)state;
	rv_text_put(&out, RV_LANG_EN, "ctl:err.file", "{2}", "gone");
	rv_buf_putc(&out, '|');
	rv_text_put(&out, RV_LANG_EN, "ctl:err.argument", NULL, NULL);
	rv_buf_putc(&out, '|');
	rv_text_put(&out, RV_LANG_JA, "no:such", "x", NULL);
	rv_buf_putc(&out, '\0');
	assert_string_equal(out.ptr, "cannot read {2}: gone|argument  is missing|no:such");
	rv_buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_catalogue_is_sorted_and_complete),
		cmocka_unit_test(locales_choose_the_language),
		cmocka_unit_test(arguments_are_put_in_once_and_never_as_a_template),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
