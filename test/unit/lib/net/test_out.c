#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "net/out.h"
#include "tls/tls.h"

static void each_put_is_a_record(void **state)
{
	struct rv_net_out out = { 0 };

	(void)state;
	assert_int_equal(rv_net_out_front(&out).len, 0);
	assert_int_equal(rv_net_out_put(&out, rv_str("one")), RV_OK);
	assert_int_equal(rv_net_out_put(&out, rv_str("")), RV_OK);
	assert_int_equal(rv_net_out_put(&out, rv_str("three")), RV_OK);
	assert_int_equal(out.bytes, 8);
	assert_true(rv_str_is(rv_net_out_front(&out), "one"));
	rv_net_out_pop(&out);
	assert_true(rv_str_is(rv_net_out_front(&out), "three"));
	rv_net_out_pop(&out);
	assert_int_equal(rv_net_out_front(&out).len, 0);
	assert_null(out.buf.ptr); /* an idle connection keeps no memory */
	rv_net_out_deinit(&out);
}

static void long_data_becomes_full_records_and_a_rest(void **state)
{
	static char data[2 * RV_TLS_RECORD_MAX + 5];
	static const size_t lengths[] = { RV_TLS_RECORD_MAX, RV_TLS_RECORD_MAX, 5 };
	struct rv_net_out out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i % 251);
	assert_int_equal(rv_net_out_put(&out, rv_strn(data, sizeof(data))), RV_OK);
	for (size_t i = 0, at = 0; i < RV_ARRAY_LEN(lengths); at += lengths[i++]) {
		assert_int_equal(rv_net_out_front(&out).len, lengths[i]);
		assert_memory_equal(rv_net_out_front(&out).ptr, data + at, lengths[i]);
		rv_net_out_pop(&out);
	}
	assert_int_equal(out.bytes, 0);
}

/* A reader that is always a little behind must not make the queue grow. */
static void spent_room_is_used_again(void **state)
{
	struct rv_net_out out = { 0 };

	(void)state;
	assert_int_equal(rv_net_out_put(&out, rv_str("first")), RV_OK);
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(rv_net_out_put(&out, rv_str("more")), RV_OK);
		rv_net_out_pop(&out);
	}
	assert_true(rv_str_is(rv_net_out_front(&out), "more"));
	assert_in_range(out.buf.cap, 1, 1024);
	rv_net_out_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_put_is_a_record),
		cmocka_unit_test(long_data_becomes_full_records_and_a_rest),
		cmocka_unit_test(spent_room_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
