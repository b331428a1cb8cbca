/* run.h - one run: a seed, a fleet, an operator's servers, operators at work, and what goes wrong.
 *
 *   0 .. storm_us            faults, orders, devices switched on and off
 *   storm_us ..              no fault any more; operators bring everything to its last state
 *   .. + vw_bound_us()       by then every device is up with the newest config
 *   then                     everything acknowledged is looked at once more
 *
 * The bound: all that a device may be in the middle of (an attempt in a hole, a pause, the pause of
 * its program), one round over every address, its next pull; appendix B of the protocol's numbers.
 */
#ifndef RV_SIM_VIRTUAL_RUN_H
#define RV_SIM_VIRTUAL_RUN_H

#include "sim/virtual/orders.h"
#include "sim/virtual/story.h"

/* What may go wrong; 0: everything. */
enum vw_fault {
	VW_KILLS = 1,
	VW_POWER = 2,    /* of servers */
	VW_LINES = 4,    /* loss, cuts, rebinding, lines that are down */
	VW_FEED = 8,     /* LS and RS do not hear each other */
	VW_DISKS = 16,   /* slow ones */
	VW_CLOCKS = 32,  /* servers' that step */
	VW_OFF = 64,     /* devices without power */
	VW_MIDDLE = 128, /* an impostor on a line */
	VW_ALL = 255,
};

struct vw_opt {
	uint64_t seed;
	uint32_t devices;
	int64_t storm_us;
	unsigned faults;                     /* enum vw_fault, ORed */
	const struct sim_scenario *scenario; /* NULL: devices come within seconds, and stay */
	enum vw_sabotage sabotage;
	FILE *trace;
	const char *trace_who;
	void (*tell)(void *arg, int64_t at_us, const struct vw_device *device, enum sim_what what,
		     int code);
	void *arg;
};

struct vw_result {
	char invariant[32], complaint[256]; /* "" = all held */
	int64_t complained_us;
	uint64_t hash, events;
	int64_t end_us, settled_us; /* settled: since the storm's end; -1: never */
	uint64_t crashes, power_cuts, fail_points, dropped, torn;
	uint64_t connections, segments, lost, cuts, holes;
	uint64_t orders, acknowledged, unknown, looks, pulls, attempts;
	uint32_t up;
	int64_t first_up_us, last_up_us; /* of all devices; -1: none */
};

int64_t vw_bound_us(const struct vw_fleet *fleet);
/* -errno: there is no temporary directory. What is broken is in the result. */
int vw_run(const struct vw_opt *opt, struct vw_result *out) RV_MUSTCHECK;

#endif
