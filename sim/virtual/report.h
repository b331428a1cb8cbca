/* report.h - what a run, or many, came to: a table, or JSON lines.
 *
 *   {"at":12.5,"event":"up","seed":1,"device":3}          as it happens; the words of report.h of
 *                                                         the wire form
 *                                                         (with one seed only)
 *   {"event":"result","seed":1,"held":true,...}           one for each seed
 *   {"event":"summary","seeds":200,"failed":0,...}        times in virtual milliseconds, but
 *                                                         real_ms
 */
#ifndef RV_SIM_VIRTUAL_REPORT_H
#define RV_SIM_VIRTUAL_REPORT_H

#include "sim/virtual/options.h"

struct vw_report {
	const struct vw_options *options;
	FILE *out;
	uint64_t seeds, failed;
	struct vw_result sum; /* of the counts */
	int64_t slowest_us, virtual_us;
	uint64_t slowest_seed;
};

/* How a seed ended for whoever played it. */
struct vw_played {
	uint64_t seed;
	struct vw_result result;
	uint64_t second_hash; /* with is_twice */
	int64_t took_us;      /* real */
	int signal;           /* it died */
};

/* What befell a device. */
void vw_report_event(struct vw_report *report, uint64_t seed, int64_t at_us, uint32_t device,
		     enum sim_what what, int code);
void vw_report_take(struct vw_report *report, struct vw_played *played);
void vw_report_end(struct vw_report *report, int64_t took_us);

#endif
