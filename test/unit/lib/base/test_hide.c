#include "base/hide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void passwords_are_hidden_and_nothing_else(void **state)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
		{ "postgresql://reeve:s3cret@db.example/reeve",
		  "postgresql://reeve:***@db.example/reeve" },
		{ "postgresql://reeve:a@b/c:d@db/reeve?sslmode=require",
		  "postgresql://reeve:***@db/reeve?sslmode=require" },
		{ "postgresql://reeve:a?b@db/reeve?user=x@y",
		  "postgresql://reeve:***@db/reeve?user=x@y" },
		{ "postgresql://:s3cret@db/reeve", "postgresql://:***@db/reeve" },
		{ "postgresql://db/reeve?user=a&password=s3cret&sslmode=require",
		  "postgresql://db/reeve?user=a&password=***&sslmode=require" },
		{ "postgresql://u:s@db/r?sslpassword=x y",
		  "postgresql://u:***@db/r?sslpassword=***" },
		{ "postgresql:host=db password=s3cret dbname=r",
		  "postgresql:host=db password=*** dbname=r" },
		{ "postgresql:password = 's3 \\' cret' dbname=r",
		  "postgresql:password = *** dbname=r" },
		{ "postgresql:dbname=r password=s3\\ cret", "postgresql:dbname=r password=***" },
		{ "postgresql:password='no end dbname=r", "postgresql:password=***" },
		{ "password=a password=b", "password=*** password=***" },
	};
	static const char *const plain[] = {
		"",
		"sqlite:/var/lib/reeve/rs.db",
		"postgresql://reeve@db.example:5432/reeve",
		"postgresql://[2001:db8::1]:5432/reeve",
		"postgresql://db:5432/reeve?user=a@b",
		"postgresql:host=/run/postgresql dbname=r passfile=/x",
		"postgresql:host=db password= ",
		"postgresql:password",
		"//",
		"x:/",
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_buf out = { 0 };

		assert_true(rv_hide_password(rv_str(cases[i].url), &out));
		rv_buf_putc(&out, '\0');
		assert_string_equal(out.ptr, cases[i].shown);
		rv_buf_deinit(&out);
	}
	for (size_t i = 0; i < RV_ARRAY_LEN(plain); i++) {
		struct rv_buf out = { 0 };

		assert_false(rv_hide_password(rv_str(plain[i]), &out));
		rv_buf_putc(&out, '\0');
		assert_string_equal(out.ptr, plain[i]);
		rv_buf_deinit(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		passwords_are_hidden_and_nothing_else) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
