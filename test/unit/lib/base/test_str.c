#include "test_unit.h"

static void comparison_knows_lengths_and_nul(void **state)
{
	(void)state;
	assert_true(rv_str_eq((struct rv_str){ 0 }, rv_str("")));
	assert_true(rv_str_eq(rv_str(NULL), RV_STR_LIT("")));
	assert_true(rv_str_eq(RV_STR_LIT("a\0b"), rv_strn("a\0b", 3)));
	assert_false(rv_str_eq(RV_STR_LIT("a\0b"), RV_STR_LIT("a\0c")));
	assert_false(rv_str_eq(rv_str("ab"), rv_str("a")));
	assert_false(rv_str_is(RV_STR_LIT("a\0"), "a"));
	assert_true(rv_str_ieq(rv_str("Host"), rv_str("hOST")));
	assert_false(rv_str_ieq(rv_str("Host"), rv_str("Hosts")));
	assert_false(rv_str_ieq(rv_str("["), rv_str("{"))); /* differ by 0x20, no letters */
}

static void prefixes_are_found(void **state)
{
	(void)state;
	assert_true(rv_str_starts(rv_str("chunked"), "chunk"));
	assert_true(rv_str_starts(rv_str(""), ""));
	assert_false(rv_str_starts(rv_str("chun"), "chunk"));
	assert_false(rv_str_starts(rv_str("Chunked"), "chunk"));
	assert_true(rv_str_istarts(rv_str("BEARER x"), "Bearer "));
	assert_false(rv_str_istarts(rv_str("Bear"), "Bearer "));
}

static void order_is_bytewise_and_shorter_first(void **state)
{
	static const char *const sorted[] = { "", "a", "aa", "ab", "b", "\xff" };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(sorted); i++) {
		for (size_t j = 0; j < RV_ARRAY_LEN(sorted); j++) {
			int order = rv_str_cmp(rv_str(sorted[i]), rv_str(sorted[j]));
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void parts_are_clamped(void **state)
{
	(void)state;
	assert_int_equal(rv_str_find(rv_str("a=b=c"), '='), 1);
	assert_int_equal(rv_str_find(rv_str("abc"), '='), 3);
	assert_int_equal(rv_str_find(rv_str(NULL), '='), 0);
	assert_str(rv_str_sub(rv_str("hello"), 1, 3), "ell");
	assert_str(rv_str_sub(rv_str("hello"), 3, SIZE_MAX), "lo");
	assert_str(rv_str_sub(rv_str("hello"), 9, 1), "");
	assert_str(rv_str_sub(rv_str(NULL), 1, 1), "");
	assert_str(rv_str_trim(rv_str(" \t\r\na b\n ")), "a b");
	assert_str(rv_str_trim(rv_str(" \t")), "");
}

static void numbers_are_digits_within_the_limit(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool is_ok;
		uint64_t value;
	} cases[] = {
		{ "0", 0, true, 0 },
		{ "1", 0, false, 0 },
		{ "007", 9, true, 7 },
		{ "65535", 65535, true, 65535 },
		{ "65536", 65535, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "99999999999999999999", UINT64_MAX, false, 0 },
		{ "", 9, false, 0 },
		{ "+1", 9, false, 0 },
		{ "-1", 9, false, 0 },
		{ " 1", 9, false, 0 },
		{ "1 ", 9, false, 0 },
		{ "0x1", 9, false, 0 },
		{ "9", 5, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		uint64_t v = 42;
		assert_int_equal(rv_str_to_u64(rv_str(cases[i].text), cases[i].max, &v),
				 cases[i].is_ok);
		assert_int_equal(v, cases[i].is_ok ? cases[i].value : 42);
	}
}

static void copy_fits_or_leaves_an_empty_string(void **state)
{
	char buf[4] = "xyz";

	(void)state;
	assert_true(rv_str_copy(rv_str("abc"), buf, sizeof(buf)));
	assert_string_equal(buf, "abc");
	assert_false(rv_str_copy(rv_str("abcd"), buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_true(rv_str_copy(rv_str(NULL), buf, sizeof(buf)));
	assert_false(rv_str_copy(RV_STR_LIT("a\0"), buf, sizeof(buf)));
	assert_false(rv_str_copy(rv_str(""), buf, 0));
}

static void secrets_compare_by_content(void **state)
{
	(void)state;
	assert_true(rv_str_secret_eq(rv_str("secret"), rv_str("secret")));
	assert_true(rv_str_secret_eq(rv_str(""), rv_str(NULL)));
	assert_false(rv_str_secret_eq(rv_str("secret"), rv_str("secres")));
	assert_false(rv_str_secret_eq(rv_str("secret"), rv_str("xecret")));
	assert_false(rv_str_secret_eq(rv_str("secret"), rv_str("secre")));
}

/* From Unicode table 3-7: each row's first and last, and their neighbours outside. */
static void utf8_is_judged_strictly(void **state)
{
	static const struct {
		const char *text;
		size_t bad_at; /* SIZE_MAX: well-formed */
	} cases[] = {
		{ "", SIZE_MAX },
		{ "plain", SIZE_MAX },
		{ "\xc2\x80\xdf\xbf", SIZE_MAX },
		{ "\xe0\xa0\x80\xec\xbf\xbf\xed\x9f\xbf\xef\xbf\xbf", SIZE_MAX },
		{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", SIZE_MAX },
		{ "\x80", 0 },
		{ "a\xc1\xbf", 1 }, /* overlong */
		{ "ab\xc2", 2 },    /* cut */
		{ "\xc2\x7f", 0 },
		{ "\xe0\x9f\xbf", 0 }, /* overlong */
		{ "\xed\xa0\x80", 0 }, /* surrogate */
		{ "\xe3\x81", 0 },     /* cut */
		{ "\xe3\x81\x41", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 }, /* overlong */
		{ "\xf4\x90\x80\x80", 0 }, /* above U+10FFFF */
		{ "\xf5\x80\x80\x80", 0 },
		{ "\xe3\x81\x82x\xff", 4 },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		size_t at = SIZE_MAX;
		bool is_good = rv_str_is_utf8(rv_str(cases[i].text), &at);

		assert_int_equal(at, cases[i].bad_at);
		assert_int_equal(is_good, cases[i].bad_at == SIZE_MAX);
		assert_int_equal(rv_str_is_utf8(rv_str(cases[i].text), NULL), is_good);
	}
	assert_int_equal(rv_str_utf8_len(rv_str("")), 0);
	assert_int_equal(rv_str_utf8_len(rv_str("\xe3\x81\x82x")), 3);
}

static void ascii_ends_at_0x80(void **state)
{
	size_t at = 9;

	(void)state;
	assert_true(rv_str_is_ascii(rv_str("\x01~\x7f"), &at));
	assert_int_equal(at, 9);
	assert_false(rv_str_is_ascii(rv_str("ab\x80"), &at));
	assert_int_equal(at, 2);
	assert_false(rv_str_is_ascii(rv_str("\xff"), NULL));
}

static void wipe_leaves_zeros(void **state)
{
	char secret[] = "secret";

	(void)state;
	rv_wipe(secret, 6);
	rv_wipe(NULL, 0);
	for (size_t i = 0; i < sizeof(secret); i++)
		assert_int_equal(secret[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparison_knows_lengths_and_nul),
		cmocka_unit_test(prefixes_are_found),
		cmocka_unit_test(order_is_bytewise_and_shorter_first),
		cmocka_unit_test(parts_are_clamped),
		cmocka_unit_test(numbers_are_digits_within_the_limit),
		cmocka_unit_test(copy_fits_or_leaves_an_empty_string),
		cmocka_unit_test(secrets_compare_by_content),
		cmocka_unit_test(utf8_is_judged_strictly),
		cmocka_unit_test(ascii_ends_at_0x80),
		cmocka_unit_test(wipe_leaves_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
