#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/rand.h"
#include "server/ls/spread.h"

static const struct {
	uint32_t interval, low, high;
} spreads[] = {
	{ 0, 0, 0 },
	{ 1, 1, 1 },
	{ 2, 1, 3 },
	{ 5, 3, 7 },
	{ 60, 30, 90 },
	{ 61, 31, 91 },
	{ 86400, 43200, 129600 },
};

static void an_interval_is_drawn_from_half_to_one_and_a_half(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spreads) / sizeof(spreads[0]); i++) {
		assert_int_equal(ls_spread_interval(spreads[i].interval, 0), spreads[i].low);
		assert_int_equal(ls_spread_interval(spreads[i].interval, UINT32_MAX),
				 spreads[i].high);
	}
}

static void every_second_of_it_is_as_likely(void **state)
{
	enum { INTERVAL = 60, DRAWS = 61000 };
	unsigned seen[2 * INTERVAL] = { 0 };
	struct rv_rand rand;

	(void)state;
	rv_rand_seed(&rand, 1);
	for (int i = 0; i < DRAWS; i++)
		seen[ls_spread_interval(INTERVAL, (uint32_t)rv_rand_u64(&rand))]++;
	for (int s = 0; s < 2 * INTERVAL; s++) {
		bool is_possible = s >= 30 && s <= 90;
		assert_in_range(seen[s], is_possible ? 800 : 0, is_possible ? 1200 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interval_is_drawn_from_half_to_one_and_a_half),
		cmocka_unit_test(every_second_of_it_is_as_likely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
