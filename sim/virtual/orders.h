/* orders.h - operators at work: devices come and go, get configs, are disabled and described; the
 * Location-Config is rolled out to more and more of them. Each order is remembered with what became
 * of it, and looked after: what was acknowledged is asked for again and again, above all after
 * somebody died.
 *
 * One order about one thing at a time, over the bus, as `reeve ctl` does it on the servers'
 * machine.
 */
#ifndef RV_SIM_VIRTUAL_ORDERS_H
#define RV_SIM_VIRTUAL_ORDERS_H

#include "sim/virtual/fleet.h"

/* Whose order is next. */
struct vw_turn {
	struct vw_orders *orders;
	struct vw_subject *subject;
	unsigned audit; /* how far looking at it is, at the end */
};

struct vw_orders {
	struct vw_world *world;
	struct vw_site *site;
	struct vw_fleet *fleet;
	struct vw_ledger location; /* comment "order N" of the Location-Config "default" */
	bool is_location_busy;
	bool is_ending;   /* only what brings everything to its last state, and looks */
	bool *is_audited; /* at the end: each device */
	struct vw_turn *turns;
	uint64_t given, acknowledged, refused, unknown, looks;
};

void vw_orders_start(struct vw_orders *orders, struct vw_site *site, struct vw_fleet *fleet);
/* From now on: every device registered, enabled and with a config; nothing changes any more after
 * that. */
void vw_orders_finish(struct vw_orders *orders);
/* It is so. */
bool vw_orders_is_final(const struct vw_orders *orders);
/* After vw_orders_is_final(): look at everything once more. */
void vw_orders_audit(struct vw_orders *orders);
bool vw_orders_is_audited(const struct vw_orders *orders);
void vw_orders_deinit(struct vw_orders *orders);

#endif
