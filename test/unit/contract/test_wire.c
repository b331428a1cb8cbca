#include "contract/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	uint64_t value;
	struct rv_str bytes;
} varint_cases[] = {
	{ 0, RV_STR_LIT("\x00") },
	{ 1, RV_STR_LIT("\x01") },
	{ 127, RV_STR_LIT("\x7f") },
	{ 128, RV_STR_LIT("\x80\x01") },
	{ 300, RV_STR_LIT("\xac\x02") },
	{ UINT32_MAX, RV_STR_LIT("\xff\xff\xff\xff\x0f") },
	{ INT64_MAX, RV_STR_LIT("\xff\xff\xff\xff\xff\xff\xff\xff\x7f") },
	{ UINT64_MAX, RV_STR_LIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
};

static void varints_are_as_short_as_they_can_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(varint_cases); i++) {
		struct rv_buf buf = { 0 };
		struct rv_wire_writer w = { .out = &buf };
		struct rv_wire_writer counter = { 0 };
		struct rv_wire_field field = { 0 };
		struct rv_str in;

		rv_wire_put_varint(&counter, varint_cases[i].value);
		rv_wire_put_varint(&w, varint_cases[i].value);
		assert_int_equal(counter.len, varint_cases[i].bytes.len);
		assert_int_equal(buf.len, varint_cases[i].bytes.len);
		assert_memory_equal(buf.ptr, varint_cases[i].bytes.ptr, buf.len);

		rv_buf_clear(&buf);
		w.len = 0;
		rv_wire_put_key(&w, 5, RV_WIRE_VARINT);
		rv_wire_put_varint(&w, varint_cases[i].value);
		in = rv_buf_str(&buf);
		assert_int_equal(rv_wire_next(&in, &field), RV_OK);
		assert_int_equal(field.tag, 5);
		assert_true(field.number == varint_cases[i].value);
		assert_int_equal(in.len, 0);
		rv_buf_deinit(&buf);
	}
}

static void zigzag_keeps_small_negatives_short(void **state)
{
	static const int64_t cases[] = { 0, -1, 1, -64, 64, -1018, INT64_MIN, INT64_MAX };

	(void)state;
	assert_true(rv_wire_zigzag(-1) == 1);
	assert_true(rv_wire_zigzag(1) == 2);
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_true(rv_wire_unzigzag(rv_wire_zigzag(cases[i])) == cases[i]);
}

static const struct {
	const char *what;
	struct rv_str bytes;
} bad_cases[] = {
	{ "nothing", RV_STR_LIT("") },
	{ "key cut", RV_STR_LIT("\x88") },
	{ "value missing", RV_STR_LIT("\x08") },
	{ "value cut", RV_STR_LIT("\x08\x80") },
	{ "tag 0", RV_STR_LIT("\x00\x01") },
	{ "tag over the maximum", RV_STR_LIT("\x80\x80\x02\x01") },
	{ "overlong varint", RV_STR_LIT("\x08\x80\x00") },
	{ "overlong key", RV_STR_LIT("\x88\x00\x01") },
	{ "varint over 64 bits", RV_STR_LIT("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02") },
	{ "varint of eleven bytes",
	  RV_STR_LIT("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01") },
	{ "wire type 1", RV_STR_LIT("\x09\x01\x01\x01\x01\x01\x01\x01\x01") },
	{ "wire type 5", RV_STR_LIT("\x0d\x01\x01\x01\x01") },
	{ "length beyond the end", RV_STR_LIT("\x0a\x03"
					      "ab") },
	{ "length of 2^63", RV_STR_LIT("\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01") },
};

static void malformed_fields_are_refused_and_nothing_moves(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_cases); i++) {
		struct rv_wire_field field = { .tag = 77 };
		struct rv_str in = bad_cases[i].bytes;

		if (rv_wire_next(&in, &field) != RV_ESYNTAX)
			fail_msg("%s was accepted", bad_cases[i].what);
		assert_int_equal(field.tag, 77);
		assert_ptr_equal(in.ptr, bad_cases[i].bytes.ptr);
		assert_int_equal(in.len, bad_cases[i].bytes.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(varints_are_as_short_as_they_can_be),
		cmocka_unit_test(zigzag_keeps_small_negatives_short),
		cmocka_unit_test(malformed_fields_are_refused_and_nothing_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
