/* wheel.h - hierarchical timer wheel: a million deadlines, O(1) each.
 *
 * Resolution 1 ms, 8 levels of 64 slots (span 8,900 years). Timers are embedded
 * in their owners; the wheel allocates nothing and reads no clock. A timer never
 * fires early and at most 1 ms after the time given to rv_wheel_advance. Times are 0 or more
 * and below 2^48 ms; the clock of one wheel never runs backwards (it then stands still).
 */
#ifndef RV_BASE_WHEEL_H
#define RV_BASE_WHEEL_H

#include <stdint.h>

#include "base/list.h"

enum { RV_WHEEL_LEVELS = 8, RV_WHEEL_SLOTS = 64 };

struct rv_timer;
typedef void (*rv_timer_fn)(struct rv_timer *timer, int64_t now_us);

struct rv_timer {
	struct rv_list link; /* all-zero: not armed */
	int64_t at_us;
	rv_timer_fn fn;
};

struct rv_wheel {
	struct rv_list slots[RV_WHEEL_LEVELS][RV_WHEEL_SLOTS];
	uint64_t occupied[RV_WHEEL_LEVELS]; /* bit s: slot s is not empty */
	struct rv_list due;                 /* being fired */
	struct rv_list late; /* armed for a time already past: fired by the next advance */
	int64_t now_ms;
	unsigned armed; /* timers in the wheel */
};

void rv_wheel_init(struct rv_wheel *wheel, int64_t now_us);

/* Arm, or re-arm, for at_us (a past time fires at the next advance; INT64_MAX: never). */
void rv_wheel_add(struct rv_wheel *wheel, struct rv_timer *timer, int64_t at_us);
void rv_wheel_del(struct rv_wheel *wheel, struct rv_timer *timer); /* idle timers allowed */
bool rv_timer_is_armed(const struct rv_timer *timer);

/* Fire what is due, in order of deadline (millisecond grain), at most `max` of them; the
 * callbacks may add and delete any timer. Those armed for a time already past come in the order in
 * which they were armed. Returns how many fired; == max: call again. */
unsigned rv_wheel_advance(struct rv_wheel *wheel, int64_t now_us, unsigned max);

/* Earliest time at which advance can have work; INT64_MAX when empty. May be early, never late. */
int64_t rv_wheel_next_us(const struct rv_wheel *wheel);

#endif
