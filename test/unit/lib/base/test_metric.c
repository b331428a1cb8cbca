#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/metric.h"

static void every_metric_has_help_and_type(void **state)
{
	static const struct rv_metric rows[] = { { "calls_total", "Calls.", UINT64_MAX },
						 { "open", "Calls open.", 0 } };
	static const struct rv_metric time = { "busy_seconds_total", "Time.", 3000042 };
	struct rv_buf out = { 0 };

	(void)state;
	rv_metric_put(&out, "t", rows, RV_ARRAY_LEN(rows));
	rv_metric_put_seconds(&out, "t", &time);
	rv_buf_putc(&out, '\0');
	assert_int_equal(out.err, RV_OK);
	assert_string_equal(out.ptr, "# HELP reeve_t_calls_total Calls.\n"
				     "# TYPE reeve_t_calls_total counter\n"
				     "reeve_t_calls_total 18446744073709551615\n"
				     "# HELP reeve_t_open Calls open.\n"
				     "# TYPE reeve_t_open gauge\n"
				     "reeve_t_open 0\n"
				     "# HELP reeve_t_busy_seconds_total Time.\n"
				     "# TYPE reeve_t_busy_seconds_total counter\n"
				     "reeve_t_busy_seconds_total 3.000042\n");
	rv_buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_metric_has_help_and_type) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
