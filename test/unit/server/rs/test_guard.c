/* Devices that go round in circles: the rules. */
#include "server/rs/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_refusal_is_the_trigger_after_a_delivery(void **state)
{
	static const struct {
		bool is_pending;
		const char *trigger;
		bool is_refusal;
	} cases[] = {
		{ true, "invalid config", true },
		{ false, "invalid config", false }, /* the trigger stands; nothing was delivered */
		{ true, "power on boot", false },
		{ true, "Invalid config", false },
		{ true, "", false },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(rs_guard_is_refusal(cases[i].is_pending, rv_str(cases[i].trigger)),
				 cases[i].is_refusal);
}

enum { STARTUP = 10, OLD = 8, OLDER = 7 };

static void what_was_refused_too_often_gives_way_to_what_ran(void **state)
{
	static const struct {
		int64_t max, refusals;
		enum rs_guard_fallback fallback;
		struct rs_guard_version ran[3];
		int64_t serve;
		bool is_held;
	} cases[] = {
		{ 3, 0, RS_GUARD_LAST_RUNNING, { { OLD, 0 } }, STARTUP, false },
		{ 3, 2, RS_GUARD_LAST_RUNNING, { { OLD, 0 } }, STARTUP, false },
		{ 3, 3, RS_GUARD_LAST_RUNNING, { { OLD, 0 } }, OLD, true },
		{ 3, 9, RS_GUARD_LAST_RUNNING, { { OLD, 2 }, { OLDER, 0 } }, OLD, true },
		{ 3, 3, RS_GUARD_HOLD, { { OLD, 0 } }, 0, true },
		{ 3, 3, RS_GUARD_LAST_RUNNING, { { 0, 0 } }, 0, true },
		{ 3, 3, RS_GUARD_LAST_RUNNING, { { STARTUP, 3 }, { OLD, 0 } }, OLD, true },
		{ 3, 3, RS_GUARD_LAST_RUNNING, { { STARTUP, 3 } }, 0, true },
		{ 3, 3, RS_GUARD_LAST_RUNNING, { { OLD, 3 }, { OLDER, 1 } }, OLDER, true },
		{ 3, 3, RS_GUARD_LAST_RUNNING, { { OLD, 3 }, { OLDER, 3 } }, 0, true },
		{ 1, 1, RS_GUARD_LAST_RUNNING, { { OLD, 0 } }, OLD, true },
		{ 0, 99, RS_GUARD_LAST_RUNNING, { { OLD, 0 } }, STARTUP, false }, /* off */
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rs_guard_policy policy = { cases[i].max, cases[i].fallback };
		struct rs_guard_version startup = { STARTUP, cases[i].refusals };
		struct rs_guard_choice choice = rs_guard_choose(&policy, startup, cases[i].ran, 3);

		assert_int_equal(choice.serve, cases[i].serve);
		assert_int_equal(choice.is_held, cases[i].is_held);
	}
}

static void pulls_within_a_window_are_a_loop(void **state)
{
	/* max 3 in 100 us */
	static const struct {
		int64_t at;
		bool is_loop, is_calm;
		int64_t pulls;
	} steps[] = {
		{ 1000, false, true, 1 },  { 1050, false, false, 2 }, { 1100, true, false, 3 },
		{ 1100, true, false, 4 },  { 1101, false, false, 1 }, /* that window was none of
									 calm */
		{ 1202, false, true, 1 },  { 900, false, true, 1 },   /* the clock stepped back */
		{ 1000, false, false, 2 },
	};
	struct rs_guard_pace pace = { 0 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(steps); i++) {
		struct rs_guard_loop loop = rs_guard_count(&pace, steps[i].at, 100, 3);

		assert_int_equal(loop.is_loop, steps[i].is_loop);
		assert_int_equal(loop.is_calm, steps[i].is_calm);
		assert_int_equal(pace.pulls, steps[i].pulls);
	}
	struct rs_guard_loop off = rs_guard_count(&pace, 1000, 100, 0);
	assert_false(off.is_loop);
	assert_true(off.is_calm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_is_the_trigger_after_a_delivery),
		cmocka_unit_test(what_was_refused_too_often_gives_way_to_what_ran),
		cmocka_unit_test(pulls_within_a_window_are_a_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
