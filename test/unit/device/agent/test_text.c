#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "device/agent/text.h"

#define LONG_255 "x" LONG_254
#define LONG_254 LONG_127 LONG_127
#define LONG_127                                                                                   \
	"0123456789012345678901234567890123456789012345678901234567890123"                         \
	"012345678901234567890123456789012345678901234567890123456789012"

/* What is read, as "line:key=value|", and how it ends: 0 or -1. */
static const struct {
	const char *text, *read;
	int end;
	const char *error;
} cases[] = {
	{ "", "", 0, NULL },
	{ "\n\r\n  \t\n# a b\n  #c", "", 0, NULL },
	{ "a b\n", "1:a=b|", 0, NULL },
	{ "a b", "1:a=b|", 0, NULL },
	{ "\t a \t b  c \r\nd\n", "1:a=b  c|2:d=|", 0, NULL },
	{ "a b # c\n", "1:a=b # c|", 0, NULL },
	{ "a 1\n\n\na 2\n", "1:a=1|4:a=2|", 0, NULL },
	{ "a b\nc \x01\n", "1:a=b|", -1, "2: character 3 is not printable ASCII" },
	{ "caf\xc3\xa9 x\n", "", -1, "1: character 4 is not printable ASCII" },
	{ "a\rb\n", "", -1, "1: character 2 is not printable ASCII" },
	{ LONG_255 "\n", "1:" LONG_255 "=|", 0, NULL },
	{ "\ny" LONG_255 "\n", "", -1, "2: more than 255 characters" },
};

static void settings_are_read_one_to_a_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct agent_text text = { .at = cases[i].text, .left = strlen(cases[i].text) };
		struct agent_piece key, value;
		struct agent_error error;
		char seen[400] = "", where[AGENT_ERROR_SIZE + 20];
		int r;

		while ((r = agent_text_next(&text, &key, &value, &error)) == 1)
			snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%u:%.*s=%.*s|",
				 text.line, (int)key.len, key.ptr, (int)value.len, value.ptr);
		assert_string_equal(seen, cases[i].read);
		assert_int_equal(r, cases[i].end);
		if (r == 0)
			continue;
		snprintf(where, sizeof(where), "%u: %s", error.line, error.text);
		assert_string_equal(where, cases[i].error);
	}
}

static void a_nul_is_no_end_of_the_text(void **state)
{
	static const char bytes[] = "a \0b\n";
	struct agent_text text = { .at = bytes, .left = sizeof(bytes) - 1 };
	struct agent_piece key, value;
	struct agent_error error;

	(void)state;
	assert_int_equal(agent_text_next(&text, &key, &value, &error), -1);
	assert_string_equal(error.text, "character 3 is not printable ASCII");
}

static void a_piece_is_copied_when_it_fits_with_its_nul(void **state)
{
	struct agent_piece piece = { "12345", 4 };
	char out[5] = "----";

	(void)state;
	assert_int_equal(agent_piece_copy(piece, out, 4), -1);
	assert_string_equal(out, "----");
	assert_int_equal(agent_piece_copy(piece, out, 5), 0);
	assert_string_equal(out, "1234");
	assert_true(agent_piece_is(piece, "1234"));
	assert_false(agent_piece_is(piece, "12345"));
	assert_false(agent_piece_is(piece, "1235"));
}

static const struct {
	const char *text;
	int result;
	unsigned value;
} numbers[] = {
	{ "1", 0, 1 },    { "0300", 0, 300 },      { "300", 0, 300 }, { "0", -1, 7 },
	{ "301", -1, 7 }, { "", -1, 7 },           { "-1", -1, 7 },   { "1 ", -1, 7 },
	{ "1a", -1, 7 },  { "0000000001", -1, 7 },
};

static void numbers_are_decimal_and_within_their_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct agent_piece piece = { numbers[i].text, strlen(numbers[i].text) };
		unsigned value = 7;

		assert_int_equal(agent_piece_number(piece, 1, 300, &value), numbers[i].result);
		assert_int_equal(value, numbers[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_read_one_to_a_line),
		cmocka_unit_test(a_nul_is_no_end_of_the_text),
		cmocka_unit_test(a_piece_is_copied_when_it_fits_with_its_nul),
		cmocka_unit_test(numbers_are_decimal_and_within_their_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
