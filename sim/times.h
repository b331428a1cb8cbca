/* times.h - a set of durations and what is said of it: first, median, p99, last.
 *
 * Pure but for its memory. Quantiles are by nearest rank: always a value that was measured.
 */
#ifndef RV_SIM_TIMES_H
#define RV_SIM_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sim_times { /* all-zero: empty */
	int64_t *us;
	size_t count, cap;
	bool is_sorted;
};

int sim_times_put(struct sim_times *times, int64_t us) RV_MUSTCHECK; /* -ENOMEM */
/* The smallest value that at least `permille` of 1,000 do not exceed: 0 gives the first, 1000 the
 * last. -1 when there is none. Sorts when needed. */
int64_t sim_times_quantile(struct sim_times *times, unsigned permille);
void sim_times_deinit(struct sim_times *times);

#endif
