/* plan.h - what a scenario has in store for one device; computed, never kept.
 *
 * Everything follows from (scenario, seed, number of the device): the same in every process, in
 * both forms of the simulator, and in any order of asking. Pure. Times: us since the start.
 */
#ifndef RV_SIM_PLAN_H
#define RV_SIM_PLAN_H

#include "sim/scenario.h"

struct sim_plan { /* who is asked about; lent */
	const struct sim_scenario *scenario;
	uint64_t seed;
	uint32_t number;
};

enum sim_plan_kind { SIM_PLAN_CUT, SIM_PLAN_UPGRADE };

struct sim_plan_event {
	int64_t at_us;
	int64_t off_us; /* how long it stays off then */
	enum sim_plan_kind kind;
	bool keeps_state;
	uint8_t index; /* of the power cut; UPGRADE: of the firmware that boots then */
};

/* The first event after `after_us` (-1: from the start) of a device that runs `firmware` then
 * (index, SIM_FIRMWARE_NONE). Of several at one moment the first of the file, the others are lost.
 * False: nothing is left. O(sections). */
bool sim_plan_next(const struct sim_plan *plan, unsigned firmware, int64_t after_us,
		   struct sim_plan_event *out);
/* How many there are, each until the run's end counted. */
uint32_t sim_plan_count(const struct sim_plan *plan, int64_t until_us);

/* At the start of the run: an index, or SIM_FIRMWARE_NONE. */
unsigned sim_plan_firmware(const struct sim_plan *plan);
const char *sim_plan_version(const struct sim_scenario *scenario, unsigned firmware);
enum sim_tls sim_plan_tls(const struct sim_scenario *scenario, unsigned firmware);

/* The nth pull of a device: how long its config takes to apply; whether it refuses it. */
int64_t sim_plan_apply_us(const struct sim_plan *plan, uint32_t nth);
bool sim_plan_refuses(const struct sim_plan *plan, unsigned firmware, uint32_t nth);

int sim_plan_clock_days(const struct sim_plan *plan); /* 0: right */

/* The nth connection, begun at now_us, to the LS or another server: the index of the loss that
 * strikes it; -1: none. The first of the file that does. */
int sim_plan_loss(const struct sim_plan *plan, uint32_t nth, int64_t now_us, bool is_ls);

/* Is it among `share` percent, for the section of that title? What sections above go by; for
 * those of the virtual form. */
bool sim_plan_is_in(const struct sim_plan *plan, const char *title, unsigned share);
/* A moment in [0, span_us) of its own, for that title; 0 when the span is. */
int64_t sim_plan_moment(const struct sim_plan *plan, const char *title, uint32_t nth,
			int64_t span_us);

#endif
