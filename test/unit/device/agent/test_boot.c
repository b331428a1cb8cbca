/* The one judgement of boot.c that needs no server; the rest is test/e2e/test_boot.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "device/agent/boot.h"

static const struct {
	unsigned retry_s, failures;
	long least_ms, most_ms;
} cases[] = {
	{ 60, 0, 30000, 60000 },       { 60, 1, 30000, 60000 },
	{ 60, 2, 60000, 120000 },      { 60, 4, 240000, 480000 },
	{ 60, 5, 450000, 900000 },     { 60, 4000000, 450000, 900000 },
	{ 1, 1, 500, 1000 },           { 3600, 1, 1800000, 3600000 },
	{ 3600, 9, 1800000, 3600000 }, { 1000, 2, 500000, 1000000 },
};

static void the_pause_doubles_to_its_end_and_is_spread_over_its_second_half(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		long least = cases[i].most_ms, most = 0;

		for (unsigned dice = 0; dice < 4000000; dice += 499) {
			long ms = agent_pause_ms(cases[i].retry_s, cases[i].failures, dice);

			least = ms < least ? ms : least;
			most = ms > most ? ms : most;
		}
		assert_in_range(least, cases[i].least_ms, cases[i].least_ms + 499);
		assert_in_range(most, cases[i].most_ms - 499, cases[i].most_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pause_doubles_to_its_end_and_is_spread_over_its_second_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
