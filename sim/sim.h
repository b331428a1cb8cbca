/* sim.h - `reeve sim`: a fleet of devices in processes of their own, against a real Reeve. */
#ifndef RV_SIM_SIM_H
#define RV_SIM_SIM_H

#include "sim/options.h"

/* argv[0] is the program. Exit status: enum sim_exit. */
int rv_sim_main(int argc, char **argv);

/* Registers the devices of these options; a message on failure. Those that are registered already
 * are given their config again. */
enum sim_exit sim_register(const struct sim_options *options);
/* `reeve sim scenarios [NAME | --man]`: lists the shipped ones, prints one, prints their manual. */
enum sim_exit sim_scenarios(int argc, char **argv);
/* Plays them. */
enum sim_exit sim_run(const struct sim_options *options);

#endif
