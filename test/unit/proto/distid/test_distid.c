#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "proto/distid/distid.h"

/* Where each malformed text must be blamed; the first two rows are well-formed. */
static const struct {
	const char *text;
	int result;
	size_t err_at;
} parse_cases[] = {
	{ "0001-0203-0405-0607-0809-0A0B-0C0D-0E0F", RV_OK, 0 },
	{ "0001-0203-0405-0607-0809-0a0b-0c0d-0e0f", RV_OK, 0 },
	{ "", RV_ESYNTAX, 0 },
	{ "0", RV_ESYNTAX, 1 },
	{ "0001-0203-0405-0607-0809-0A0B-0C0D-0E0", RV_ESYNTAX, 38 },   /* one short */
	{ "0001-0203-0405-0607-0809-0A0B-0C0D-0E0F ", RV_ESYNTAX, 39 }, /* one long */
	{ "0001:0203-0405-0607-0809-0A0B-0C0D-0E0F", RV_ESYNTAX, 4 },   /* separator */
	{ "000102030405060708090A0B0C0D0E0F0000000", RV_ESYNTAX, 4 },   /* no separators */
	{ " 001-0203-0405-0607-0809-0A0B-0C0D-0E0F", RV_ESYNTAX, 0 },
	{ "0001-0203-0405-0607-0809-0A0B-0C0D-0E0G", RV_ESYNTAX, 38 },
	{ "0001-0203-0405-0607-0809-0A0B-0C0D--E0F", RV_ESYNTAX, 35 },
	{ "\xff", RV_ESYNTAX, 0 }, /* negative char */
};

static void parse_blames_the_first_wrong_character(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(parse_cases); i++) {
		struct rv_distid id = { .serial = 7 };
		size_t at = 0;
		int r = rv_distid_parse(parse_cases[i].text, strlen(parse_cases[i].text), &id, &at);

		assert_int_equal(r, parse_cases[i].result);
		assert_int_equal(at, parse_cases[i].err_at);
		assert_true(id.serial == (r == RV_OK ? 0x08090A0B0C0D0E0F : 7)); /* untouched */
	}
}

static void parse_does_not_need_an_error_position(void **state)
{
	struct rv_distid id;

	(void)state;
	assert_int_equal(rv_distid_parse(NULL, 0, &id, NULL), RV_ESYNTAX);
}

static void fields_stand_at_their_offsets_big_endian(void **state)
{
	static const char text[] = "0001-0000-C0DE-0091-0000-0000-00A1-B2C3";
	static const uint8_t wire[RV_DISTID_WIRE_LEN] = { 0x00, 0x01, 0x00, 0x00, 0xC0, 0xDE,
							  0x00, 0x91, 0x00, 0x00, 0x00, 0x00,
							  0x00, 0xA1, 0xB2, 0xC3 };
	uint8_t back[RV_DISTID_WIRE_LEN];
	struct rv_distid id;
	struct rv_distid from_wire;

	(void)state;
	assert_int_equal(rv_distid_parse(text, RV_DISTID_TEXT_LEN, &id, NULL), RV_OK);
	assert_int_equal(id.version, 1);
	assert_int_equal(id.vendor, 0xC0DE);
	assert_int_equal(id.model, 0x91);
	assert_true(id.serial == 0xA1B2C3);
	rv_distid_to_wire(&id, back);
	assert_memory_equal(back, wire, sizeof(wire));
	rv_distid_from_wire(wire, &from_wire);
	assert_true(from_wire.version == id.version && from_wire.vendor == id.vendor &&
		    from_wire.model == id.model && from_wire.serial == id.serial);
}

static void format_is_upper_case(void **state)
{
	static const char lower[] = "abcd-ef01-2345-6789-0000-0000-00a1-b2c3";
	char out[RV_DISTID_TEXT_LEN + 1];
	struct rv_distid id;

	(void)state;
	assert_int_equal(rv_distid_parse(lower, RV_DISTID_TEXT_LEN, &id, NULL), RV_OK);
	rv_distid_format(&id, out);
	assert_string_equal(out, "ABCD-EF01-2345-6789-0000-0000-00A1-B2C3");
}

/* Borders of each reserved range, and the value just outside. */
static const struct {
	struct rv_distid id;
	const char *field;
} reserved_cases[] = {
	{ { .version = 1, .vendor = 1, .model = 0x80 }, NULL },
	{ { .version = 0xFFFE, .vendor = 0xFFFFFFFE, .model = 0xFFFE, .serial = UINT64_MAX },
	  NULL },
	{ { .version = 0, .vendor = 1, .model = 0x80 }, "version" },
	{ { .version = 0xFFFF, .vendor = 0, .model = 0 }, "version" },
	{ { .version = 1, .vendor = 0, .model = 0x80 }, "vendor" },
	{ { .version = 1, .vendor = 0xFFFFFFFF, .model = 0x80 }, "vendor" },
	{ { .version = 1, .vendor = 1, .model = 0 }, "model" },
	{ { .version = 1, .vendor = 1, .model = 0x7F }, "model" },
	{ { .version = 1, .vendor = 1, .model = 0xFFFF }, "model" },
};

static void reserved_values_are_named_by_their_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(reserved_cases); i++) {
		const char *field = rv_distid_reserved_field(&reserved_cases[i].id);

		if (reserved_cases[i].field == NULL)
			assert_null(field);
		else
			assert_string_equal(field, reserved_cases[i].field);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_blames_the_first_wrong_character),
		cmocka_unit_test(parse_does_not_need_an_error_position),
		cmocka_unit_test(fields_stand_at_their_offsets_big_endian),
		cmocka_unit_test(format_is_upper_case),
		cmocka_unit_test(reserved_values_are_named_by_their_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
