/* Whole runs: the invariants hold, and each can be broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "log/log.h"
#include "sim/virtual/run.h"

enum { DEVICES = 4, STORM_S = 90, SEEDS = 12 };

static void play(uint64_t seed, enum vw_sabotage sabotage, struct vw_result *out)
{
	const struct vw_opt opt = { .seed = seed,
				    .devices = DEVICES,
				    .storm_us = STORM_S * RV_US_PER_SEC,
				    .faults = VW_ALL,
				    .sabotage = sabotage };

	assert_int_equal(vw_run(&opt, out), RV_OK);
}

static void an_honest_run_breaks_nothing_and_much_goes_wrong_in_it(void **state)
{
	uint64_t crashes = 0, power_cuts = 0, dropped = 0, torn = 0, lost = 0, cuts = 0, holes = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct vw_result r;

		play(seed, VW_HONEST, &r);
		assert_string_equal(r.complaint, "");
		assert_int_equal(r.up, DEVICES);
		assert_true(r.settled_us >= 0 && r.acknowledged > 0 && r.looks > 0);
		crashes += r.crashes;
		power_cuts += r.power_cuts;
		dropped += r.dropped;
		torn += r.torn;
		lost += r.lost;
		cuts += r.cuts;
		holes += r.holes;
	}
	assert_true(crashes > 0 && power_cuts > 0 && dropped > 0 && torn > 0);
	assert_true(lost > 0 && cuts > 0 && holes > 0);
}

/* Not every seed meets what is broken; some one must. */
static void each_invariant_can_be_broken(void **state)
{
	static const struct {
		enum vw_sabotage sabotage;
		const char *invariants; /* those that may be the first to show it */
	} cases[] = {
		{ VW_LYING_DISK, "acknowledged store start" },
		{ VW_FORGOTTEN_ACK, "acknowledged" },
		{ VW_FOREIGN_ANSWER, "secret" },
		{ VW_HALF_ANSWER, "whole" },
		{ VW_WRONG_RS, "up" },
		{ VW_LAZY_DEVICE, "up" },
		{ VW_HAMMER, "hammer" },
		{ VW_STALE_ANSWER, "approved" },
		{ VW_TRUSTING, "secret" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct vw_result r = { .invariant = "" };

		for (uint64_t seed = 1; seed <= SEEDS && r.invariant[0] == '\0'; seed++)
			play(seed, cases[i].sabotage, &r);
		assert_string_not_equal(r.invariant, "");
		assert_non_null(strstr(cases[i].invariants, r.invariant));
	}
}

static void a_seed_is_the_same_whatever_ran_before(void **state)
{
	struct vw_result first, other, again;

	(void)state;
	play(3, VW_HONEST, &first);
	play(4, VW_HONEST, &other);
	play(3, VW_HONEST, &again);
	assert_int_equal(first.hash, again.hash);
	assert_int_equal(first.events, again.events);
	assert_true(first.hash != other.hash);
	play(3, VW_UNSEEDED, &other); /* and a difference is seen */
	play(3, VW_UNSEEDED, &again);
	assert_true(other.hash != again.hash);
}

/* With nothing going wrong nobody has to wait for anything. */
static void a_calm_run_has_no_faults(void **state)
{
	const struct vw_opt opt = { .seed = 1, .devices = DEVICES, .storm_us = 30 * RV_US_PER_SEC };
	struct vw_result r;

	(void)state;
	assert_int_equal(vw_run(&opt, &r), RV_OK);
	assert_string_equal(r.complaint, "");
	assert_int_equal(r.crashes + r.power_cuts + r.lost + r.cuts + r.unknown, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_honest_run_breaks_nothing_and_much_goes_wrong_in_it),
		cmocka_unit_test(each_invariant_can_be_broken),
		cmocka_unit_test(a_seed_is_the_same_whatever_ran_before),
		cmocka_unit_test(a_calm_run_has_no_faults),
	};

	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, -1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
