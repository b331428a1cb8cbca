#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/armshttp/basic.h"

/* From a recording of the original client. */
static const char recorded[] = "Basic MDAwMS0wMDAwLTAwMDEtMDAwMi0wMDAwLTAwMDAtMDAwMC0wMEFCOmxzLXNhL"
			       "WtleS0wMTIz";

static void encode_writes_what_the_original_client_writes(void **state)
{
	struct rv_buf out = { 0 };

	(void)state;
	rv_armshttp_basic_encode(&out, rv_str("0001-0000-0001-0002-0000-0000-0000-00AB"),
				 rv_str("ls-sa-key-0123"));
	assert_int_equal(out.err, RV_OK);
	assert_true(rv_str_is(rv_buf_str(&out), recorded));
	rv_buf_deinit(&out);
}

#define P64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const struct {
	const char *value;
	int result;
	const char *user;
	const char *password;
} decode_cases[] = {
	{ recorded, RV_OK, "0001-0000-0001-0002-0000-0000-0000-00AB", "ls-sa-key-0123" },
	{ "  basic   dTpw  ", RV_OK, "u", "p" },
	{ "Basic dTo=", RV_OK, "u", "" },
	{ "Basic OnA=", RV_OK, "", "p" },
	{ "Basic dTphOmI=", RV_OK, "u", "a:b" }, /* the first colon divides */
	{ "Bearer dTpw", RV_EUNSUPPORTED, NULL, NULL },
	{ "", RV_EUNSUPPORTED, NULL, NULL },
	{ "Basic", RV_EUNSUPPORTED, NULL, NULL },
	{ "Basic dTpw!", RV_ESYNTAX, NULL, NULL },
	{ "Basic dTp", RV_ESYNTAX, NULL, NULL },      /* cut off */
	{ "Basic dXA=", RV_ESYNTAX, NULL, NULL },     /* "up": no colon */
	{ "Basic dToAcA==", RV_ESYNTAX, NULL, NULL }, /* NUL inside */
};

static void decode_takes_credentials_apart_or_says_why_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(decode_cases); i++) {
		struct rv_armshttp_credentials c = { .user = "before" };
		int r = rv_armshttp_basic_decode(rv_str(decode_cases[i].value), &c);

		assert_int_equal(r, decode_cases[i].result);
		assert_string_equal(c.user, r == RV_OK ? decode_cases[i].user : "before");
		if (r == RV_OK)
			assert_string_equal(c.password, decode_cases[i].password);
	}
}

static void user_and_password_have_limits(void **state)
{
	static const struct {
		const char *user;
		const char *password;
		int result;
	} rows[] = {
		{ P64, P64, RV_OK },
		{ P64 "c", "p", RV_ELIMIT },
		{ "u", P64 "c", RV_ELIMIT },
		{ P64, P64 "c", RV_ELIMIT },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		struct rv_armshttp_credentials c;
		struct rv_buf value = { 0 };

		rv_armshttp_basic_encode(&value, rv_str(rows[i].user), rv_str(rows[i].password));
		assert_int_equal(rv_armshttp_basic_decode(rv_buf_str(&value), &c), rows[i].result);
		rv_buf_deinit(&value);
	}
}

static void encode_leaves_a_full_buffer_in_error(void **state)
{
	struct rv_buf out = { .max = 8 };

	(void)state;
	rv_armshttp_basic_encode(&out, rv_str("user"), rv_str("password"));
	assert_int_equal(out.err, RV_ELIMIT);
	rv_buf_deinit(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(encode_writes_what_the_original_client_writes),
		cmocka_unit_test(decode_takes_credentials_apart_or_says_why_not),
		cmocka_unit_test(user_and_password_have_limits),
		cmocka_unit_test(encode_leaves_a_full_buffer_in_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
