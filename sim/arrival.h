/* arrival.h - when the devices of a fleet are switched on.
 *
 *   at-once      all at the start
 *   uniform:S    each at its own moment of the first S seconds, evenly distributed
 *   poisson:R    R of them per second on average, as independent people do it
 *   waves:N:S    N groups of equal size, each at once, the first at the start, spread over S
 * seconds
 *
 * Pure: the same seed gives the same schedule, on every machine and in every process of a run.
 */
#ifndef RV_SIM_ARRIVAL_H
#define RV_SIM_ARRIVAL_H

#include "base/err.h"
#include "base/str.h"

enum sim_arrival_kind {
	SIM_ARRIVAL_AT_ONCE,
	SIM_ARRIVAL_UNIFORM,
	SIM_ARRIVAL_POISSON,
	SIM_ARRIVAL_WAVES
};

struct sim_arrival {
	enum sim_arrival_kind kind;
	double value;   /* UNIFORM, WAVES: seconds; POISSON: devices per second */
	unsigned waves; /* WAVES: 1 .. SIM_ARRIVAL_WAVES_MAX */
};

enum {
	SIM_ARRIVAL_SECONDS_MAX = 7 * 86400,
	SIM_ARRIVAL_RATE_MAX = 1000000,
	SIM_ARRIVAL_WAVES_MAX = 1000
};

/* RV_ESYNTAX: none of the forms. RV_EINVALID: the number is not above 0, or above its limit.
 */
int sim_arrival_parse(struct rv_str text, struct sim_arrival *out) RV_MUSTCHECK;

/* Microseconds after the start, for each of n devices, in order of device. */
void sim_arrival_fill(const struct sim_arrival *arrival, uint64_t seed, int64_t *at_us, size_t n);

#endif
