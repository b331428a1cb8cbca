/* fleet.h - the devices of a run, and what is held true of each of them at every moment.
 *
 *   invariant      it is broken when
 *   approved       a device runs what no operator gave it: refused, taken back before it asked,
 *                  older than what was acknowledged before it asked, after it was disabled or
 *                  deleted; or a caller who is not registered, or does not know the key, runs
 *                  anything
 *   whole          what it runs is not all modules of one revision, byte by byte
 *   secret         anything another device's reaches it: key, certificate, config, name; or
 *                  anybody but the servers is told a key
 *   hammer         it opens more connections within a minute than the retry rules allow
 *   up             (at the end) it is not up with the newest config in time after the last fault
 *   acknowledged   an order that was acknowledged is not so (orders.h); a delivery that a device
 *                  has is not on record
 *   store, start, stop, state   a store is damaged; a duty does not start or end; a device cannot
 *                  read its own state
 *   replay         (run.h) two runs of one seed differ
 */
#ifndef RV_SIM_VIRTUAL_FLEET_H
#define RV_SIM_VIRTUAL_FLEET_H

#include "sim/virtual/device.h"
#include "sim/virtual/ledger.h"

enum {
	VW_DEVICES_MAX = 1000,
	VW_STRANGERS = 2, /* one nobody registered, one that names another and lacks its key */
	VW_MINUTE_OPENS = 48,
};

enum vw_being { VW_NO, VW_YES, VW_MAYBE };

/* What operators did about one device. */
struct vw_subject {
	struct vw_device *device;
	enum vw_being being;
	bool was_asked;          /* some order about it is on its way */
	uint32_t births;         /* times that it was made anew, or taken away */
	struct vw_ledger config; /* startup config: revision = order */
	struct vw_ledger switched;
	bool is_on[VW_ORDERS_MAX]; /* by order of `switched` */
	struct vw_ledger text;     /* description "order N" */
	/* As the device last asked an RS. */
	uint32_t since_config, since_switched, since_births;
	enum vw_being since_being;
	uint32_t running;                  /* revision; 0 = none */
	int64_t opens_us[VW_MINUTE_OPENS]; /* when it opened its last ones */
	unsigned open_at;
	bool is_stranger;
};

struct vw_fleet {
	struct vw_world *world;
	struct vw_device_host host;
	struct vw_device *devices; /* count of them, then VW_STRANGERS */
	struct vw_subject *subjects;
	uint32_t count;
	struct rv_buf initial;
	/* What befalls devices, for whoever reports it. May be NULL. */
	void (*tell)(void *arg, const struct vw_device *device, enum sim_what what, int code);
	void *arg;
};

void vw_fleet_init(struct vw_fleet *fleet, struct vw_world *w, struct vw_net *net, uint32_t count);
void vw_fleet_deinit(struct vw_fleet *fleet);

/* Is every registered one up, with the newest config, and known so? Complains of the first that is
 * not. */
void vw_fleet_judge_end(struct vw_fleet *fleet);
bool vw_fleet_is_settled(const struct vw_fleet *fleet);

#endif
