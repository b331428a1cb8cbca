#include "test_unit.h"

#include "base/jsonw.h"

static void every_kind_of_value_is_written(void **state)
{
	struct rv_buf b = { 0 };
	struct rv_jsonw w;

	(void)state;
	rv_jsonw_init(&w, &b);
	rv_jsonw_object(&w);
	rv_jsonw_key(&w, "s");
	rv_jsonw_str(&w, rv_str("text"));
	rv_jsonw_key(&w, "i");
	rv_jsonw_i64(&w, INT64_MIN);
	rv_jsonw_key(&w, "u");
	rv_jsonw_u64(&w, UINT64_MAX);
	rv_jsonw_key(&w, "list");
	rv_jsonw_array(&w);
	rv_jsonw_bool(&w, true);
	rv_jsonw_bool(&w, false);
	rv_jsonw_null(&w);
	rv_jsonw_object(&w);
	rv_jsonw_end_object(&w);
	rv_jsonw_array(&w);
	rv_jsonw_end_array(&w);
	rv_jsonw_end_array(&w);
	rv_jsonw_key(&w, "b");
	rv_jsonw_base64(&w, RV_STR_LIT("\x00\x01"));
	rv_jsonw_key(&w, "t");
	rv_jsonw_time(&w, 0);
	rv_jsonw_end_object(&w);
	assert_str(rv_buf_str(&b), "{\"s\":\"text\",\"i\":-9223372036854775808,"
				   "\"u\":18446744073709551615,\"list\":[true,false,null,{},[]],"
				   "\"b\":\"AAE=\",\"t\":\"1970-01-01T00:00:00.000000Z\"}");
	rv_buf_deinit(&b);
}

static void text_is_always_valid_json(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "\"\"" },
		{ "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
		{ "\n\r\t\b\x01\x1f\x7f", "\"\\n\\r\\t\\u0008\\u0001\\u001f\x7f\"" },
		{ "\xe7\x99\xbb\xe9\x8c\xb2", "\"\xe7\x99\xbb\xe9\x8c\xb2\"" },
		{ "a\xffz", "\"a\xef\xbf\xbdz\"" },
		{ "\xe3\x81", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xc0\"", "\"\xef\xbf\xbd\\\"\"" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_buf b = { 0 };
		struct rv_jsonw w;

		rv_jsonw_init(&w, &b);
		rv_jsonw_str(&w, rv_str(cases[i].in));
		assert_str(rv_buf_str(&b), cases[i].out);
		rv_buf_deinit(&b);
	}
}

static void a_full_buffer_shows_in_its_error(void **state)
{
	struct rv_jsonw w;
	struct rv_buf b;

	(void)state;
	rv_buf_init(&b, 8);
	rv_jsonw_init(&w, &b);
	rv_jsonw_array(&w);
	rv_jsonw_str(&w, rv_str("too long for it"));
	rv_jsonw_end_array(&w);
	assert_int_equal(b.err, RV_ELIMIT);
	rv_buf_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value_is_written),
		cmocka_unit_test(text_is_always_valid_json),
		cmocka_unit_test(a_full_buffer_shows_in_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
