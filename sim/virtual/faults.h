/* faults.h - what goes wrong during a run, each kind at its own random moments. */
#ifndef RV_SIM_VIRTUAL_FAULTS_H
#define RV_SIM_VIRTUAL_FAULTS_H

#include "sim/virtual/fleet.h"

enum { VW_FAULT_KINDS = 16 };

struct vw_faults;

struct vw_fault_turn {
	struct vw_faults *faults;
	unsigned kind;
};

struct vw_faults {
	struct vw_world *world;
	struct vw_site *site;
	struct vw_fleet *fleet;
	unsigned mask; /* enum vw_fault */
	bool is_over;
	struct vw_fault_turn turns[VW_FAULT_KINDS];
};

void vw_faults_start(struct vw_faults *faults, unsigned mask, struct vw_site *site,
		     struct vw_fleet *fleet);
/* None any more, and what is broken is mended; who is down comes back in its time. */
void vw_faults_end(struct vw_faults *faults);

#endif
