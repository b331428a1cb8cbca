/* ${secret:NAME} in the bodies of modules. */
#include "server/rs/reference.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* A value is its name in brackets; "gone" has none. */
static int look_up(void *arg, struct rv_str name, struct rv_str *value)
{
	static char text[80];

	(void)arg;
	if (rv_str_is(name, "gone"))
		return RV_ENOTFOUND;
	text[0] = '<';
	memcpy(text + 1, name.ptr, name.len);
	text[name.len + 1] = '>';
	*value = rv_strn(text, name.len + 2);
	return RV_OK;
}

#define LONG_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 64 */

static const struct {
	const char *body;
	int result;
	const char *rendered;
} cases[] = {
	{ "", RV_OK, "" },
	{ "plain $ and $x {y}", RV_OK, "plain $ and $x {y}" },
	{ "${secret:a}", RV_OK, "<a>" },
	{ "p ${secret:ppp.B-7_x}${secret:b}\n", RV_OK, "p <ppp.B-7_x><b>\n" },
	{ "$${HOME} $$ $$x $$${secret:a}", RV_OK, "${HOME} $$ $$x $${secret:a}" },
	{ "$", RV_OK, "$" },
	{ "a$", RV_OK, "a$" },
	{ "$$", RV_OK, "$$" },
	{ "${secret:" LONG_NAME "}", RV_OK, "<" LONG_NAME ">" },
	{ "${secret:" LONG_NAME "a}", RV_EINVALID, NULL },
	{ "${HOME}", RV_EINVALID, NULL },
	{ "x${", RV_EINVALID, NULL },
	{ "${secret:}", RV_EINVALID, NULL },
	{ "${secret:a", RV_EINVALID, NULL },
	{ "${secret:a b}", RV_EINVALID, NULL },
	{ "${Secret:a}", RV_EINVALID, NULL },
	{ "${secret:${secret:a}}", RV_EINVALID, NULL },
	{ "ok ${secret:gone}", RV_ENOTFOUND, NULL },
};

static void references_are_put_in_and_nothing_else_is_touched(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rv_buf out = { 0 };
		int err = rs_reference_render(rv_str(cases[i].body), look_up, NULL, &out);

		assert_int_equal(err, cases[i].result);
		if (err == RV_OK)
			assert_true(rv_str_is(rv_buf_str(&out), cases[i].rendered));
		rv_buf_deinit(&out);
	}
}

static void a_mistake_is_shown(void **state)
{
	struct rv_str body = RV_STR_LIT("${HOME}/x");
	struct rs_reference_piece piece;
	struct rv_diag diag = { 0 };
	int err;

	(void)state;
	assert_false(rs_reference_next(&body, &piece, &err, &diag));
	assert_int_equal(err, RV_EINVALID);
	assert_string_equal(diag.key, "config.reference");
	assert_non_null(strstr(diag.text, "\"${HOME}\""));
}

static void a_full_buffer_is_told(void **state)
{
	struct rv_buf out;

	(void)state;
	rv_buf_init(&out, 2);
	assert_int_equal(rs_reference_render(RV_STR_LIT("abc"), look_up, NULL, &out), RV_ELIMIT);
	rv_buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_put_in_and_nothing_else_is_touched),
		cmocka_unit_test(a_mistake_is_shown),
		cmocka_unit_test(a_full_buffer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
