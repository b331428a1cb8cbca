/* options.h - the command line of `reeve sim virtual`. */
#ifndef RV_SIM_VIRTUAL_OPTIONS_H
#define RV_SIM_VIRTUAL_OPTIONS_H

#include "sim/options.h"
#include "sim/virtual/run.h"

enum { VW_SEEDS_MAX = 100000000, VW_JOBS_MAX = 64, VW_SECONDS_MAX = 86400 };

struct vw_options {
	uint64_t seed;
	uint64_t seeds; /* seed, seed + 1, ... */
	uint32_t devices, duration_s, jobs;
	unsigned faults; /* enum vw_fault, ORed */
	enum vw_sabotage sabotage;
	bool is_twice, is_json, is_traced;
	const char *svg_path;         /* NULL: no picture */
	const char *scenario_name;    /* NULL: none */
	struct sim_scenario scenario; /* of that name */
	const char *trace_who;        /* with is_traced; NULL: everybody */
};

/* True: the run is to go on; false: *status is the exit code (help was shown, or a message). */
bool vw_options_parse(int argc, char **argv, struct vw_options *out, enum sim_exit *status);
/* The command that plays this seed again, appended. */
void vw_options_replay(const struct vw_options *o, uint64_t seed, struct rv_buf *out);

const char *vw_sabotage_name(enum vw_sabotage sabotage);

#endif
