#include "server/ls/spread.h"

uint32_t ls_spread_interval(uint32_t interval_s, uint32_t random)
{
	uint32_t low = interval_s - interval_s / 2;
	uint64_t width = 2 * (uint64_t)(interval_s / 2) + 1;

	return low + (uint32_t)(random * width >> 32);
}
