/* fleet.h - the devices of one process: their schedule, their loop, their records. */
#ifndef RV_SIM_FLEET_H
#define RV_SIM_FLEET_H

#include "sim/options.h"

/* What a process of the run is given; everything was made before the fork. */
struct sim_fleet_opt {
	const struct sim_options *options;
	struct rv_str ls_anchor;     /* PEM */
	const int64_t *arrival_us;   /* of all devices of the run */
	unsigned process, processes; /* devices whose index is `process` modulo `processes` */
	int64_t start_us;            /* of the run, rv_time_boot_us() */
	int out_fd;                  /* records go here */
};

/* Until SIGTERM, or the reader of out_fd is gone. Exit status of the process. */
int sim_fleet_run(const struct sim_fleet_opt *opt);

#endif
