#include "device/libarms/core/line.h"

#include <assert.h>

#include "base/time.h"

bool rv_sa_line_carries(int type, bool is_ipv6)
{
	switch (type) {
	case ARMS_LINE_STATIC:
		return true;
	case ARMS_LINE_RA:
	case ARMS_LINE_PPPOE_IPV6:
		return is_ipv6;
	default:
		return !is_ipv6;
	}
}

void rv_sa_line_up(struct rv_sa_line_ctl *ctl, int64_t polls)
{
	assert(polls >= 0);
	*ctl = (struct rv_sa_line_ctl){ RV_SA_LINE_CONNECT, polls, polls, 0, 0 };
}

void rv_sa_line_down(struct rv_sa_line_ctl *ctl, int64_t polls)
{
	assert(polls >= 0);
	*ctl = (struct rv_sa_line_ctl){ RV_SA_LINE_DISCONNECT, polls, polls, 0, 0 };
}

int rv_sa_line_want(struct rv_sa_line_ctl *ctl, int64_t now_us)
{
	if (rv_sa_line_is_waiting(ctl) && now_us >= ctl->wake_us) {
		/* Out of polls while going down: the line is told once more to go. */
		if (ctl->step == RV_SA_LINE_UP_WAIT)
			ctl->step = RV_SA_LINE_UP_STATUS;
		else if (ctl->polls_left > 0)
			ctl->step = RV_SA_LINE_DOWN_STATUS;
		else
			rv_sa_line_down(ctl, ctl->polls);
	}
	switch (ctl->step) {
	case RV_SA_LINE_CONNECT:
		return ARMS_LINE_ACT_CONNECT;
	case RV_SA_LINE_DISCONNECT:
		return ARMS_LINE_ACT_DISCONNECT;
	case RV_SA_LINE_UP_STATUS:
	case RV_SA_LINE_DOWN_STATUS:
		return ARMS_LINE_ACT_STATUS;
	default:
		return ARMS_LINE_ACT_NONE;
	}
}

static void fail(struct rv_sa_line_ctl *ctl, int reason)
{
	ctl->step = RV_SA_LINE_FAILED;
	ctl->reason = reason;
}

static void poll_later(struct rv_sa_line_ctl *ctl, int64_t now_us, enum rv_sa_line_step wait)
{
	ctl->step = wait;
	ctl->wake_us = now_us + RV_US_PER_SEC;
}

static void result_up(struct rv_sa_line_ctl *ctl, int64_t now_us, int result)
{
	bool is_status = ctl->step == RV_SA_LINE_UP_STATUS;

	switch (result) {
	case ARMS_LINE_CONNECTED:
		ctl->step = RV_SA_LINE_IS_UP;
		break;
	case ARMS_LINE_DISCONNECTED:
	case ARMS_LINE_NEEDPOLL:
		if (ctl->polls_left == 0) {
			fail(ctl, ARMS_LINE_TIMEOUT);
			break;
		}
		ctl->polls_left--;
		poll_later(ctl, now_us, RV_SA_LINE_UP_WAIT);
		break;
	case ARMS_LINE_TIMEOUT:
	case ARMS_LINE_AUTHFAIL:
		fail(ctl, result);
		break;
	case ARMS_LINE_NOTAVAILABLE:
		/* A line that is being connected cannot stop to exist. */
		if (is_status)
			ctl->step = RV_SA_LINE_BROKEN;
		else
			fail(ctl, result);
		break;
	default:
		ctl->step = RV_SA_LINE_BROKEN;
	}
}

static void result_down(struct rv_sa_line_ctl *ctl, int64_t now_us, int result)
{
	switch (result) {
	case ARMS_LINE_DISCONNECTED:
		ctl->step = RV_SA_LINE_IS_DOWN;
		break;
	case ARMS_LINE_CONNECTED:
	case ARMS_LINE_NEEDPOLL:
		if (ctl->step == RV_SA_LINE_DOWN_STATUS)
			ctl->polls_left--;
		poll_later(ctl, now_us, RV_SA_LINE_DOWN_WAIT);
		break;
	case ARMS_LINE_TIMEOUT:
	case ARMS_LINE_AUTHFAIL:
		/* DISCONNECT again, but a second later: the original repeats at once. */
		ctl->polls_left = 0;
		poll_later(ctl, now_us, RV_SA_LINE_DOWN_WAIT);
		break;
	default:
		ctl->step = RV_SA_LINE_BROKEN;
	}
}

void rv_sa_line_result(struct rv_sa_line_ctl *ctl, int64_t now_us, int result)
{
	switch (ctl->step) {
	case RV_SA_LINE_CONNECT:
	case RV_SA_LINE_UP_STATUS:
		result_up(ctl, now_us, result);
		break;
	case RV_SA_LINE_DISCONNECT:
	case RV_SA_LINE_DOWN_STATUS:
		result_down(ctl, now_us, result);
		break;
	default:
		assert(0 && "no line callback was asked for");
	}
}
