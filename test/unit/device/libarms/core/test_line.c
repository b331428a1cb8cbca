#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/str.h"
#include "base/time.h"
#include "device/libarms/core/line.h"

enum {
	UP = ARMS_LINE_CONNECTED,
	DOWN = ARMS_LINE_DISCONNECTED,
	POLL = ARMS_LINE_NEEDPOLL,
	LATE = ARMS_LINE_TIMEOUT,
	AUTH = ARMS_LINE_AUTHFAIL,
	NONE = ARMS_LINE_NOTAVAILABLE
};

/* Plays results to one machine; a waited second is '.', calls are C S D. */
static void play(struct rv_sa_line_ctl *ctl, const int *results, size_t n, char *trace)
{
	int64_t now_us = 0;
	size_t used = 0;

	for (;;) {
		int act = rv_sa_line_want(ctl, now_us);

		if (act == ARMS_LINE_ACT_NONE && rv_sa_line_is_waiting(ctl)) {
			assert_int_equal(ctl->wake_us, now_us + RV_US_PER_SEC);
			now_us = ctl->wake_us;
			*trace++ = '.';
			continue;
		}
		if (act == ARMS_LINE_ACT_NONE || used == n)
			break;
		*trace++ = "?CDS"[act];
		rv_sa_line_result(ctl, now_us, results[used++]);
	}
	*trace = '\0';
	assert_int_equal(used, n);
}

/* The table of libarms-api 9.2, row CONNECT and STATUS while connecting. */
static const struct {
	int64_t polls;
	int results[6];
	size_t n;
	const char *trace;
	enum rv_sa_line_step end;
	int reason;
} up_cases[] = {
	{ 5, { UP }, 1, "C", RV_SA_LINE_IS_UP, 0 },
	{ 5, { DOWN, UP }, 2, "C.S", RV_SA_LINE_IS_UP, 0 },
	{ 5, { POLL, DOWN, POLL, UP }, 4, "C.S.S.S", RV_SA_LINE_IS_UP, 0 },
	{ 5, { LATE }, 1, "C", RV_SA_LINE_FAILED, LATE },
	{ 5, { AUTH }, 1, "C", RV_SA_LINE_FAILED, AUTH },
	{ 5, { NONE }, 1, "C", RV_SA_LINE_FAILED, NONE },
	{ 5, { -1 }, 1, "C", RV_SA_LINE_BROKEN, 0 },
	{ 5, { 99 }, 1, "C", RV_SA_LINE_BROKEN, 0 },
	{ 5, { POLL, LATE }, 2, "C.S", RV_SA_LINE_FAILED, LATE },
	{ 5, { POLL, AUTH }, 2, "C.S", RV_SA_LINE_FAILED, AUTH },
	{ 5, { POLL, NONE }, 2, "C.S", RV_SA_LINE_BROKEN, 0 },
	{ 5, { POLL, -1 }, 2, "C.S", RV_SA_LINE_BROKEN, 0 },
	/* at most `polls` STATUS calls, a second apart */
	{ 3, { POLL, POLL, POLL, POLL }, 4, "C.S.S.S", RV_SA_LINE_FAILED, LATE },
	{ 0, { POLL }, 1, "C", RV_SA_LINE_FAILED, LATE },
};

static void lines_come_up_as_the_callback_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(up_cases); i++) {
		struct rv_sa_line_ctl ctl;
		char trace[64];

		rv_sa_line_up(&ctl, up_cases[i].polls);
		play(&ctl, up_cases[i].results, up_cases[i].n, trace);
		assert_string_equal(trace, up_cases[i].trace);
		assert_int_equal(ctl.step, up_cases[i].end);
		assert_int_equal(ctl.reason, up_cases[i].reason);
	}
}

/* Row DISCONNECT and STATUS while disconnecting. */
static const struct {
	int64_t polls;
	int results[6];
	size_t n;
	const char *trace;
	enum rv_sa_line_step end;
} down_cases[] = {
	{ 5, { DOWN }, 1, "D", RV_SA_LINE_IS_DOWN },
	{ 5, { UP, DOWN }, 2, "D.S", RV_SA_LINE_IS_DOWN },
	{ 5, { POLL, UP, POLL, DOWN }, 4, "D.S.S.S", RV_SA_LINE_IS_DOWN },
	{ 5, { LATE, DOWN }, 2, "D.D", RV_SA_LINE_IS_DOWN },
	{ 5, { AUTH, AUTH, DOWN }, 3, "D.D.D", RV_SA_LINE_IS_DOWN },
	{ 5, { NONE }, 1, "D", RV_SA_LINE_BROKEN },
	{ 5, { -1 }, 1, "D", RV_SA_LINE_BROKEN },
	{ 5, { POLL, LATE, DOWN }, 3, "D.S.D", RV_SA_LINE_IS_DOWN },
	{ 5, { POLL, NONE }, 2, "D.S", RV_SA_LINE_BROKEN },
	{ 5, { POLL, 7 }, 2, "D.S", RV_SA_LINE_BROKEN },
	/* out of polls: told once more, with fresh polls */
	{ 2, { POLL, POLL, POLL, POLL, POLL, DOWN }, 6, "D.S.S.D.S.S", RV_SA_LINE_IS_DOWN },
	{ 0, { POLL, POLL, DOWN }, 3, "D.D.D", RV_SA_LINE_IS_DOWN },
};

static void lines_go_down_as_the_callback_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(down_cases); i++) {
		struct rv_sa_line_ctl ctl;
		char trace[64];

		rv_sa_line_down(&ctl, down_cases[i].polls);
		play(&ctl, down_cases[i].results, down_cases[i].n, trace);
		assert_string_equal(trace, down_cases[i].trace);
		assert_int_equal(ctl.step, down_cases[i].end);
	}
}

static const struct {
	int type;
	bool v4, v6;
} families[] = {
	{ ARMS_LINE_PPPOE, true, false },  { ARMS_LINE_DHCP, true, false },
	{ ARMS_LINE_MOBILE, true, false }, { ARMS_LINE_STATIC, true, true },
	{ ARMS_LINE_RA, false, true },     { ARMS_LINE_PPPOE_IPV6, false, true },
};

static void each_type_carries_its_address_families(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(families); i++) {
		assert_int_equal(rv_sa_line_carries(families[i].type, false), families[i].v4);
		assert_int_equal(rv_sa_line_carries(families[i].type, true), families[i].v6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_up_as_the_callback_says),
		cmocka_unit_test(lines_go_down_as_the_callback_says),
		cmocka_unit_test(each_type_carries_its_address_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
