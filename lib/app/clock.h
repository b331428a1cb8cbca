/* clock.h - was the clock set? Told as an event; nothing here runs on that clock.
 *
 *   the difference between UTC and the time since boot is constant, but for what NTP slews
 *   and for steps: that is how a step is seen
 *
 * Pure. Deadlines run on the time since boot (base/time.h), so a step changes none of them.
 */
#ifndef RV_APP_CLOCK_H
#define RV_APP_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define RV_CLOCK_STEP_US  INT64_C(1000000) /* less than this between two looks is no step */
#define RV_CLOCK_EVERY_US INT64_C(1000000) /* how often to look; slewing is 500 us in that time */

struct rv_clock {
	bool is_known;
	int64_t offset_us; /* UTC minus time since boot, when last looked */
};

/* Microseconds by which the clock was set since the last look, forward > 0; 0: it was not. */
int64_t rv_clock_look(struct rv_clock *clock, int64_t utc_us, int64_t boot_us);

#endif
