#include "sim/times.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int sim_times_put(struct sim_times *times, int64_t us)
{
	if (times->count == times->cap) {
		size_t cap = times->cap == 0 ? 1024 : 2 * times->cap;
		int64_t *grown = realloc(times->us, cap * sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		times->us = grown;
		times->cap = cap;
	}
	times->us[times->count++] = us;
	times->is_sorted = false;
	return RV_OK;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t sim_times_quantile(struct sim_times *times, unsigned permille)
{
	size_t rank;

	assert(permille <= 1000);
	if (times->count == 0)
		return -1;
	if (!times->is_sorted)
		qsort(times->us, times->count, sizeof(*times->us), by_value);
	times->is_sorted = true;
	rank = (times->count * permille + 999) / 1000;
	return times->us[rank == 0 ? 0 : rank - 1];
}

void sim_times_deinit(struct sim_times *times)
{
	free(times->us);
	*times = (struct sim_times){ 0 };
}
