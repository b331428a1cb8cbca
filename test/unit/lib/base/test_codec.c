#include "test_unit.h"

#include "base/codec.h"

/* RFC 4648 section 10, and the two last digits of the alphabet. */
static const struct {
	const char *bytes, *text;
} base64_pairs[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff", "+/8=" },
};

static void base64_goes_there_and_back(void **state)
{
	struct rv_buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(base64_pairs); i++) {
		rv_buf_clear(&b);
		rv_base64_encode(&b, rv_str(base64_pairs[i].bytes));
		assert_str(rv_buf_str(&b), base64_pairs[i].text);
		rv_buf_clear(&b);
		assert_int_equal(rv_base64_decode(&b, rv_str(base64_pairs[i].text), NULL), RV_OK);
		assert_str(rv_buf_str(&b), base64_pairs[i].bytes);
	}
	rv_buf_clear(&b);
	assert_int_equal(rv_base64_decode(&b, rv_str("\r\nZm\n9vY\r\ng=\n=\r\n"), NULL), RV_OK);
	assert_str(rv_buf_str(&b), "foob");
	rv_buf_deinit(&b);
}

static void base64_blames_the_wrong_character(void **state)
{
	static const struct {
		const char *text;
		size_t err_at;
	} cases[] = {
		{ "Z", 1 },        { "Zg", 2 },        { "Zg=", 3 },      { "=", 0 },
		{ "Z=", 1 },       { "Zg==Zg==", 4 },  { "Zg=g", 3 },     { "Zh==", 2 },
		{ "Zm9=", 3 },     { "Zm9v Zg==", 4 }, { "Zm9v-_==", 4 }, { "Zm9v\xff", 4 },
		{ "Zm9v====", 4 }, { "Zg===", 4 },
	};
	struct rv_buf b = { 0 };

	(void)state;
	rv_buf_puts(&b, "before");
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		size_t at = 99;
		assert_int_equal(rv_base64_decode(&b, rv_str(cases[i].text), &at), RV_ESYNTAX);
		assert_int_equal(at, cases[i].err_at);
		assert_str(rv_buf_str(&b), "before");
	}
	assert_int_equal(rv_base64_decode(&b, rv_str("!"), NULL), RV_ESYNTAX);
	rv_buf_deinit(&b);
}

static void a_full_buffer_is_reported(void **state)
{
	struct rv_buf b;

	(void)state;
	rv_buf_init(&b, 2);
	assert_int_equal(rv_base64_decode(&b, rv_str("Zm9v"), NULL), RV_ELIMIT);
	rv_buf_clear(&b);
	b.max = 4;
	assert_int_equal(rv_base64_decode(&b, rv_str("Zm9vYmFy"), NULL), RV_ELIMIT);
	assert_int_equal(b.len, 0); /* not even what would have fitted */
	rv_buf_clear(&b);
	b.max = 2;
	assert_int_equal(rv_hex_decode(&b, rv_str("00112233"), NULL), RV_ELIMIT);
	rv_buf_clear(&b);
	rv_base64_encode(&b, rv_str("x"));
	assert_int_equal(b.err, RV_ELIMIT);
	rv_buf_clear(&b);
	rv_hex_encode(&b, rv_str("xy"));
	assert_int_equal(b.err, RV_ELIMIT);
	rv_buf_deinit(&b);
}

static void hex_goes_there_and_back(void **state)
{
	struct rv_buf b = { 0 };

	(void)state;
	rv_hex_encode(&b, RV_STR_LIT("\x00\x9f\xff"));
	assert_str(rv_buf_str(&b), "009fff");
	rv_buf_clear(&b);
	assert_int_equal(rv_hex_decode(&b, rv_str("009FfF"), NULL), RV_OK);
	assert_true(rv_str_eq(rv_buf_str(&b), RV_STR_LIT("\x00\x9f\xff")));
	rv_buf_deinit(&b);
}

static void hex_blames_the_wrong_character(void **state)
{
	static const struct {
		const char *text;
		size_t err_at;
	} cases[] = { { "0", 1 }, { "0g", 1 }, { "x0", 0 }, { "00 1", 2 }, { "00:1", 2 } };
	struct rv_buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		size_t at = 99;
		assert_int_equal(rv_hex_decode(&b, rv_str(cases[i].text), &at), RV_ESYNTAX);
		assert_int_equal(at, cases[i].err_at);
		assert_int_equal(b.len, 0);
	}
	assert_int_equal(rv_hex_decode(&b, rv_str("0"), NULL), RV_ESYNTAX);
	rv_buf_deinit(&b);
}

static void big_endian_words(void **state)
{
	uint8_t p[8];

	(void)state;
	rv_put_be64(p, 0x8182838485868788);
	assert_memory_equal(p, "\x81\x82\x83\x84\x85\x86\x87\x88", 8);
	assert_int_equal(rv_be16(p), 0x8182);
	assert_int_equal(rv_be32(p), 0x81828384);
	assert_int_equal(rv_be64(p), 0x8182838485868788);
	rv_put_be16(p, 0xfffe);
	rv_put_be32(p + 2, 0xfdfcfbfa);
	assert_memory_equal(p, "\xff\xfe\xfd\xfc\xfb\xfa\x87\x88", 8);
}

static void a_reader_takes_a_version_and_the_one_before(void **state)
{
	static const struct {
		unsigned version, current;
		bool is_read;
	} cases[] = {
		{ 0, 1, false }, { 1, 1, true },  { 2, 1, false },   { 0, 2, false },
		{ 1, 2, true },  { 2, 2, true },  { 3, 2, false },   { 6, 8, false },
		{ 7, 8, true },  { 9, 8, false }, { 255, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(rv_version_is_read(cases[i].version, cases[i].current),
				 cases[i].is_read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_goes_there_and_back),
		cmocka_unit_test(base64_blames_the_wrong_character),
		cmocka_unit_test(a_full_buffer_is_reported),
		cmocka_unit_test(hex_goes_there_and_back),
		cmocka_unit_test(hex_blames_the_wrong_character),
		cmocka_unit_test(big_endian_words),
		cmocka_unit_test(a_reader_takes_a_version_and_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
