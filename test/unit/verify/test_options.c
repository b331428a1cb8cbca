#include "test/unit/lib/base/test_unit.h"

#include "verify/options.h"

#include <getopt.h>

static bool parse(const char *const *words, struct verify_options *out, enum verify_exit *status)
{
	char *args[16] = { (char[]){ "x" } };
	int count = 1;

	for (; *words != NULL; words++)
		args[count++] = (char *)*words;
	optind = 0; /* getopt(3): begin anew */
	return verify_options_parse(count, args, out, status);
}

static void without_options_it_listens_on_loopback(void **state)
{
	struct verify_options options;
	enum verify_exit status;

	(void)state;
	assert_true(parse((const char *[]){ NULL }, &options, &status));
	assert_string_equal(options.listen, "127.0.0.1");
	assert_int_equal(options.port, 17443);
	assert_int_equal(strlen(options.distid), 39);
	assert_false(options.has_selection);
}

static void everything_given_is_taken(void **state)
{
	struct verify_options options;
	enum verify_exit status;

	(void)state;
	assert_true(parse((const char *[]){ "--listen", "2001:db8::1", "--port", "0", "--distid",
					    "0001-0000-c0de-0091-0000-0000-00a1-b2c3", "--only",
					    "17,201-203", "--slack", "9", "--quick", "--tls", "1.0",
					    NULL },
			  &options, &status));
	assert_string_equal(options.listen, "2001:db8::1");
	assert_int_equal(options.port, 0);
	assert_string_equal(options.distid, "0001-0000-C0DE-0091-0000-0000-00A1-B2C3");
	assert_true(options.is_selected[17] && options.is_selected[201] &&
		    options.is_selected[203] && !options.is_selected[204]);
	assert_int_equal(options.slack_us, 9000000);
	assert_true(options.is_quick && options.is_old_tls && options.has_selection);
}

static void bad_usage_is_told(void **state)
{
	static const char *const cases[][5] = {
		{ "--listen", "localhost" },
		{ "--port", "65535" },
		{ "--port", "-1" },
		{ "--distid", "0001" },
		{ "--key", "" },
		{ "--key", "12345678901234567890123456789012345678901234567890123456789012345" },
		{ "--only", "8" },
		{ "--only", "20-17" },
		{ "--only", "999" },
		{ "--slack", "0" },
		{ "--wait", "x" },
		{ "--tls", "1.1" },
		{ "--json" },
		{ "--weather" },
		{ "--launcher" },
		{ "--warm" },
		{ "word" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct verify_options options;
		enum verify_exit status = VERIFY_EXIT_PASSED;

		if (parse(cases[i], &options, &status))
			fail_msg("%s %s was taken", cases[i][0], cases[i][1]);
		assert_int_equal(status, VERIFY_EXIT_USAGE);
	}
}

static void help_is_no_failure(void **state)
{
	struct verify_options options;
	enum verify_exit status = VERIFY_EXIT_FAILED;

	(void)state;
	assert_false(parse((const char *[]){ "--help", NULL }, &options, &status));
	assert_int_equal(status, VERIFY_EXIT_PASSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_it_listens_on_loopback),
		cmocka_unit_test(everything_given_is_taken),
		cmocka_unit_test(bad_usage_is_told),
		cmocka_unit_test(help_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
