#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/clock.h"
#include "base/str.h"

static void a_step_is_told_once_and_slewing_never(void **state)
{
	static const int64_t s = 1000000;
	static const struct {
		int64_t utc_us, boot_us, step_us;
	} looks[] = {
		{ 1000 * s, 5 * s, 0 },
		{ 1001 * s, 6 * s, 0 },
		{ 1002 * s + 500, 7 * s, 0 },                     /* slewed */
		{ 1002 * s + 500 + 86401 * s, 8 * s, 86400 * s }, /* a day forward */
		{ 1003 * s + 500 + 86401 * s, 9 * s, 0 },
		{ 1004 * s + 500, 10 * s, -86401 * s + 0 }, /* and back */
		{ 1006 * s + 400, 11 * s, 0 },              /* 0.9999 s: no step */
		{ 1008 * s + 400, 12 * s, 1 * s },
		{ 1108 * s + 400, 112 * s, 0 }, /* nobody looked for a while */
	};
	struct rv_clock clock = { 0 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(looks); i++)
		assert_int_equal(rv_clock_look(&clock, looks[i].utc_us, looks[i].boot_us),
				 looks[i].step_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_is_told_once_and_slewing_never),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
