/* line.h - bringing one line up and down through the program's line callback.
 *
 *   rv_sa_line_up    CONNECT -> up | failed | STATUS every second -> up | failed
 *   rv_sa_line_down  DISCONNECT -> down | STATUS every second -> down, or DISCONNECT again
 *
 * A state machine without I/O: rv_sa_line_want says what is to be done at `now_us`,
 * rv_sa_line_result takes what the callback returned. The program owns the line; this only
 * keeps count. Source: spec/libarms-api.md 9.2, spec/arms-protocol.md 6, appendix B.
 */
#ifndef RV_DEVICE_LIBARMS_CORE_LINE_H
#define RV_DEVICE_LIBARMS_CORE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "device/libarms/include/libarms.h"

enum { RV_SA_LINE_POLLS_LS = 30 }; /* seconds an LS line may take; RS lines: ll-timeout */

/* One line as the callback sees it: never of an anonymous type. */
struct rv_sa_line {
	int type; /* enum arms_line_types */
	union {
		int ifindex; /* first in every one of them */
		arms_line_conf_pppoe_t pppoe;
		arms_line_conf_mobile_t mobile;
		arms_line_conf_static_t fixed;
	} conf;
};

/* Which addresses are reachable over a line of this type. */
bool rv_sa_line_carries(int type, bool is_ipv6);

enum rv_sa_line_step {
	RV_SA_LINE_IS_DOWN,
	RV_SA_LINE_IS_UP,
	RV_SA_LINE_FAILED, /* CONNECT did not work; .reason is the callback's result */
	RV_SA_LINE_BROKEN, /* the callback returned what it may not */
	RV_SA_LINE_CONNECT,
	RV_SA_LINE_UP_WAIT,
	RV_SA_LINE_UP_STATUS,
	RV_SA_LINE_DISCONNECT,
	RV_SA_LINE_DOWN_WAIT,
	RV_SA_LINE_DOWN_STATUS,
};

struct rv_sa_line_ctl { /* all-zero: down */
	enum rv_sa_line_step step;
	int64_t polls;      /* STATUS calls allowed */
	int64_t polls_left; /* of them */
	int64_t wake_us;    /* end of a wait */
	int reason;
};

/* Begin; `polls` >= 0 is the number of seconds to go on asking. */
void rv_sa_line_up(struct rv_sa_line_ctl *ctl, int64_t polls);
/* From any state. The line may be down already: the program is told in any case. */
void rv_sa_line_down(struct rv_sa_line_ctl *ctl, int64_t polls);

/* What to do now: an arms_line_actions value to pass to the callback (its result goes to
 * rv_sa_line_result), or ARMS_LINE_ACT_NONE: wait until ctl->wake_us (step *_WAIT), or an end
 * state is reached. */
int rv_sa_line_want(struct rv_sa_line_ctl *ctl, int64_t now_us);
void rv_sa_line_result(struct rv_sa_line_ctl *ctl, int64_t now_us, int result);

static inline bool rv_sa_line_is_waiting(const struct rv_sa_line_ctl *ctl)
{
	return ctl->step == RV_SA_LINE_UP_WAIT || ctl->step == RV_SA_LINE_DOWN_WAIT;
}

#endif
