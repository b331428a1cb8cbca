#include "cmd/ctl/help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "contract/json.h"
#include "contract/rv_contract.h"

/* Call with out empty; ends with NUL. */
static const char *help_of(enum rv_lang lang, const char *op, struct rv_buf *out)
{
	rv_buf_clear(out);
	ctl_help(lang, rv_contract_op_find(rv_str(op)), NULL, out);
	rv_buf_putc(out, '\0');
	assert_int_equal(out->err, RV_OK);
	return out->ptr;
}

static void help_tells_what_only_a_file_can_give(void **state)
{
	struct rv_buf out = { 0 };
	const char *text = help_of(RV_LANG_EN, "location.set", &out);

	(void)state;
	assert_non_null(strstr(text, "\nThe file of --file is one JSON object: "));
	assert_non_null(strstr(text, "\n  lines  "));
	assert_non_null(
		strstr(text, "kind; required: pppoe, dhcp, mobile, static, ra, pppoe_ipv6\n"));
	assert_non_null(strstr(text, "\n  lines[].password  "));
	assert_non_null(strstr(help_of(RV_LANG_JA, "location.set", &out), "ファイルでのみ"));
	assert_null(strstr(help_of(RV_LANG_EN, "device.create", &out), "The file of --file"));
	rv_buf_deinit(&out);
}

static void help_on_a_noun_lists_its_commands_only(void **state)
{
	struct rv_buf out = { 0 };

	(void)state;
	for (size_t lang = 0; lang < RV_LANG_COUNT; lang++) {
		rv_buf_clear(&out);
		ctl_help((enum rv_lang)lang, NULL, "device", &out);
		rv_buf_putc(&out, '\0');
		assert_non_null(strstr(out.ptr, "\n  device create DISTID "));
		assert_non_null(strstr(out.ptr, "\n  device list "));
		assert_null(strstr(out.ptr, "\n  pull list"));
		assert_null(strstr(out.ptr, "\n  config "));
	}
	rv_buf_clear(&out);
	ctl_help(RV_LANG_EN, NULL, NULL, &out);
	rv_buf_putc(&out, '\0');
	assert_non_null(strstr(out.ptr, "\n  device list "));
	assert_non_null(strstr(out.ptr, "\n  pull list "));
	rv_buf_deinit(&out);
}

static void examples_of_files_are_what_the_command_takes(void **state)
{
	static const struct rv_str prefix = RV_STR_LIT("ctl:example.");
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < rv_text_count; i++) {
		struct rv_str key = rv_str(rv_texts[i].key);
		const struct rv_contract_op *op;

		if (!rv_str_starts(key, "ctl:example."))
			continue;
		op = rv_contract_op_find(rv_str_sub(key, prefix.len, key.len));
		assert_non_null(op);
		for (size_t lang = 0; lang < RV_LANG_COUNT; lang++, tried++) {
			struct rv_arena arena = { 0 };
			struct rv_contract_input in;
			struct rv_diag diag = { 0 };
			struct rv_str json = rv_str(rv_texts[i].text[lang]);
			void *value = rv_arena_alloc(&arena, op->in->size);

			assert_int_equal(rv_contract_input_init(&in, op->in, &arena, 0), RV_OK);
			assert_int_equal(rv_contract_input_json(&in, json, &diag), RV_OK);
			assert_int_equal(rv_contract_input_text(&in, RV_STR_LIT("name"),
								RV_STR_LIT("x"), &diag),
					 RV_OK);
			assert_int_equal(rv_contract_input_end(&in, value, &diag), RV_OK);
			rv_arena_deinit(&arena);
		}
	}
	assert_true(tried > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_tells_what_only_a_file_can_give),
		cmocka_unit_test(help_on_a_noun_lists_its_commands_only),
		cmocka_unit_test(examples_of_files_are_what_the_command_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
