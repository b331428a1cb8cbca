/* Which configs every device can take unaltered; when two are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "server/rs/config_check.h"

#define S(text) RV_STR_LIT(text)

static const struct {
	struct rv_module modules[2];
	size_t n;
	int err;
	const char *key, *where, *says; /* says: part of the text */
	unsigned line;
} cases[] = {
	{ .n = 0 },
	{ .modules = { { .id = 1, .has_config = true, .body = S("hostname x\n\ttab\r\n~") } },
	  .n = 1 },
	{ .modules = { { .id = 4294967295, .version = S("3.2 <&>"), .infostring = S("a b") } },
	  .n = 1 },
	{ .modules = { { .id = 1,
			 .has_config = true,
			 .is_binary = true,
			 .body = S("\xff\0\x01") } },
	  .n = 1 },
	{ .modules = { { .id = 7 }, { .id = 7 } },
	  .n = 2,
	  .err = RV_EINVALID,
	  .key = "config.duplicate",
	  .where = "modules[1].id",
	  .says = "module 7" },
	{ .modules = { { .id = 1 }, { .id = 3, .has_config = true, .body = S("a\nb\xc3\xa9") } },
	  .n = 2,
	  .err = RV_EINVALID,
	  .key = "config.not-ascii",
	  .where = "modules[1].body",
	  .says = "module 3: byte 0xC3 at offset 3 (line 2) is not US-ASCII; give this body as "
		  "binary",
	  .line = 2 },
	{ .modules = { { .id = 1, .has_config = true, .body = S("a\0b") } },
	  .n = 1,
	  .err = RV_EINVALID,
	  .key = "config.control",
	  .where = "modules[0].body",
	  .says = "byte 0x00 at offset 1",
	  .line = 1 },
	{ .modules = { { .id = 1, .has_config = true, .body = S("\x1b[0m") } },
	  .n = 1,
	  .err = RV_EINVALID,
	  .key = "config.control",
	  .where = "modules[0].body",
	  .says = "0x1B",
	  .line = 1 },
	{ .modules = { { .id = 1, .body = S("x") } },
	  .n = 1,
	  .err = RV_EINVALID,
	  .key = "config.body-without-config",
	  .where = "modules[0].has_config",
	  .says = "module 1" },
	{ .modules = { { .id = 1, .version = S("1\n") } },
	  .n = 1,
	  .err = RV_EINVALID,
	  .key = "config.word",
	  .where = "modules[0].version",
	  .says = "0x0A at offset 1" },
	{ .modules = { { .id = 1, .infostring = S("\xe3") } },
	  .n = 1,
	  .err = RV_EINVALID,
	  .key = "config.word",
	  .where = "modules[0].infostring",
	  .says = "0xE3" },
	/* As sent: 4 for 3 in Base64, six for a quote, five for CR and &, four for < and >;
	 * the words and 101 for the elements of each module. */
	{ .modules = { { .id = 1,
			 .version = S("\"\""),
			 .has_config = true,
			 .is_binary = true,
			 .body = S("1234") },
		       { .id = 2, .has_config = true, .body = S("1\"'&\r<>") } },
	  .n = 2,
	  .err = RV_ELIMIT,
	  .key = "config.too-big",
	  .where = "modules",
	  .says = "253 bytes together as they are sent, of 252 allowed" },
};

static void a_config_that_would_not_arrive_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_diag diag = { 0 };
		size_t max = cases[i].err == RV_ELIMIT ? 252 : 1000;

		assert_int_equal(rs_config_check(cases[i].modules, cases[i].n, max, &diag),
				 cases[i].err);
		if (cases[i].err == RV_OK)
			continue;
		assert_string_equal(diag.key, cases[i].key);
		assert_string_equal(diag.where, cases[i].where);
		assert_non_null(strstr(diag.text, cases[i].says));
		assert_int_equal(diag.line, cases[i].line);
	}
}

/* Each differs from the first in one thing; none may have its sum. */
static const struct rv_module variants[][2] = {
	{ { .id = 1, .version = S("1"), .infostring = S("ab"), .has_config = true, .body = S("c") },
	  { .id = 2 } },
	{ { .id = 2 },
	  { .id = 1,
	    .version = S("1"),
	    .infostring = S("ab"),
	    .has_config = true,
	    .body = S("c") } },
	{ { .id = 1, .version = S("1"), .infostring = S("a"), .has_config = true, .body = S("bc") },
	  { .id = 2 } },
	{ { .id = 1, .version = S("1a"), .infostring = S("b"), .has_config = true, .body = S("c") },
	  { .id = 2 } },
	{ { .id = 1, .version = S("1"), .infostring = S("ab"), .has_config = true, .body = S("") },
	  { .id = 2 } },
	{ { .id = 1,
	    .version = S("1"),
	    .infostring = S("ab"),
	    .has_config = true,
	    .is_binary = true,
	    .body = S("c") },
	  { .id = 2 } },
	{ { .id = 1, .version = S("1"), .infostring = S("ab"), .has_config = true, .body = S("c") },
	  { .id = 2, .has_config = true } },
};

static void equal_content_has_one_sum_and_no_other(void **state)
{
	char first[RS_CONFIG_SHA_LEN + 1], again[RS_CONFIG_SHA_LEN + 1],
		other[RS_CONFIG_SHA_LEN + 1];

	(void)state;
	rs_config_sha(variants[0], 2, first);
	rs_config_sha(variants[0], 2, again);
	assert_string_equal(first, again);
	assert_int_equal(strlen(first), RS_CONFIG_SHA_LEN);
	for (size_t i = 1; i < RV_ARRAY_LEN(variants); i++) {
		rs_config_sha(variants[i], 2, other);
		assert_string_not_equal(first, other);
	}
	rs_config_sha(variants[0], 1, other);
	assert_string_not_equal(first, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_config_that_would_not_arrive_is_refused_with_its_place),
		cmocka_unit_test(equal_content_has_one_sum_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
