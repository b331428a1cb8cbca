#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "app/roster_priv.h"

static const struct rv_duty_info examples[] = {
	{ .name = "proxy", .instance = 3, .run = RV_DUTY_READY, .pid = 4711 },
	{
		.name = "rs",
		.run = RV_DUTY_WAITING,
		.restarts = UINT64_C(0x123456789a),
		.started_us = INT64_C(1764000000000000),
		.note = "signal 11 (Segmentation fault)",
	},
};

static void encode_examples(struct rv_buf *out)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(examples); i++)
		rv_roster_encode(&examples[i], out);
	assert_int_equal(out->err, RV_OK);
}

static void what_is_encoded_is_decoded(void **state)
{
	struct rv_duty_info list[2];
	struct rv_buf body = { 0 };
	size_t n = 0;

	(void)state;
	encode_examples(&body);
	assert_int_equal(rv_roster_decode(rv_buf_str(&body), list, 2, &n), RV_OK);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(list[i].name, examples[i].name);
		assert_string_equal(list[i].note, examples[i].note);
		assert_int_equal(list[i].instance, examples[i].instance);
		assert_int_equal(list[i].run, examples[i].run);
		assert_int_equal(list[i].pid, examples[i].pid);
		assert_int_equal(list[i].restarts, examples[i].restarts);
		assert_int_equal(list[i].started_us, examples[i].started_us);
	}
	rv_buf_deinit(&body);
}

static void every_cut_is_a_syntax_error(void **state)
{
	struct rv_duty_info list[2];
	struct rv_buf body = { 0 };
	size_t first;

	(void)state;
	rv_roster_encode(&examples[0], &body);
	first = body.len;
	rv_buf_clear(&body);
	encode_examples(&body);
	for (size_t len = 1; len < body.len; len++) {
		size_t n = 7;
		int r = rv_roster_decode(rv_strn(body.ptr, len), list, 2, &n);

		assert_int_equal(r, len == first ? RV_OK : RV_ESYNTAX);
		assert_int_equal(n, len == first ? 1 : 7);
	}
	rv_buf_deinit(&body);
}

static void an_entry_too_many_is_refused(void **state)
{
	struct rv_duty_info list[1];
	struct rv_buf body = { 0 };
	size_t n = 7;

	(void)state;
	encode_examples(&body);
	assert_int_equal(rv_roster_decode(rv_buf_str(&body), list, 1, &n), RV_ELIMIT);
	assert_int_equal(n, 7);
	rv_buf_deinit(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_is_decoded),
		cmocka_unit_test(every_cut_is_a_syntax_error),
		cmocka_unit_test(an_entry_too_many_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
