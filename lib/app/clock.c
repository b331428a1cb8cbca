#include "app/clock.h"

int64_t rv_clock_look(struct rv_clock *clock, int64_t utc_us, int64_t boot_us)
{
	int64_t offset_us = utc_us - boot_us;
	int64_t step_us = clock->is_known ? offset_us - clock->offset_us : 0;

	clock->is_known = true;
	clock->offset_us = offset_us;
	return step_us >= RV_CLOCK_STEP_US || step_us <= -RV_CLOCK_STEP_US ? step_us : 0;
}
