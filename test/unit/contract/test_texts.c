#include "contract/texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "contract/rv_contract.h"
#include "contract/sentence.h"

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

static void a_reader_of_the_api_chooses_by_header(void **state)
{
	static const struct {
		const char *header;
		enum rv_lang lang;
	} cases[] = {
		{ NULL, RV_LANG_EN },
		{ "", RV_LANG_EN },
		{ "ja", RV_LANG_JA },
		{ "JA-jp", RV_LANG_JA },
		{ "en", RV_LANG_EN },
		{ "fr", RV_LANG_EN },
		{ "jaa", RV_LANG_EN },
		{ "ja,en;q=0.9", RV_LANG_JA },
		{ "en, ja", RV_LANG_EN },
		{ "en;q=0.8, ja;q=0.9", RV_LANG_JA },
		{ "en;q=0.8, ja;q=0.799", RV_LANG_EN },
		{ "ja;q=0", RV_LANG_EN },
		{ "ja;q=9", RV_LANG_EN },
		{ "ja;q=0.x", RV_LANG_EN },
		{ "ja;q=", RV_LANG_EN },
		{ "ja;level=1", RV_LANG_EN },
		{ ",,;q=1;;, ja ; q=0.5 ,", RV_LANG_JA },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(rv_lang_accepted(rv_str(cases[i].header)), cases[i].lang);
}

static void assert_says(const struct rv_incident *incident, enum rv_lang lang, const char *text)
{
	struct rv_buf out = { 0 };

	assert_true(rv_contract_sentence(&rv_incident_type, incident, lang, &out));
	rv_buf_putc(&out, '\0');
	assert_string_equal(out.ptr, text);
	rv_buf_deinit(&out);
}

static void a_thing_says_what_it_is_in_the_words_of_its_reader(void **state)
{
	struct rv_incident_parameter list[] = { { RV_STR_LIT("seconds"), RV_STR_LIT("60") },
						{ RV_STR_LIT("pulls"), RV_STR_LIT("{seconds}") } };
	struct rv_incident incident = { .kind = RV_INCIDENT_KIND_PULL_LOOP,
					.parameters = list,
					.parameters_len = 2 };
	struct rv_buf out = { 0 };

	(void)state;
	assert_says(&incident, RV_LANG_EN,
		    "The device pulled {seconds} times within 60 seconds (last trigger: ?).");
	assert_says(&incident, RV_LANG_JA,
		    "機器が60秒間に{seconds}回プルしました(最後のトリガ: ?)。");
	incident.kind = 99; /* of a newer server */
	assert_false(rv_contract_sentence(&rv_incident_type, &incident, RV_LANG_EN, &out));
	assert_false(rv_contract_sentence(&rv_incident_parameter_type, list, RV_LANG_EN, &out));
	assert_int_equal(out.len, 0);
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
		cmocka_unit_test(a_reader_of_the_api_chooses_by_header),
		cmocka_unit_test(a_thing_says_what_it_is_in_the_words_of_its_reader),
		cmocka_unit_test(arguments_are_put_in_once_and_never_as_a_template),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
