/* scenario_priv.h - the table of a scenario, for its reader and for the man page. */
#ifndef RV_SIM_SCENARIO_PRIV_H
#define RV_SIM_SCENARIO_PRIV_H

#include "conf/conf.h"
#include "sim/scenario.h"

enum { SIM_SECTIONS = 11 };
extern const struct rv_conf_section sim_scenario_table[SIM_SECTIONS];

#endif
