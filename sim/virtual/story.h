/* story.h - a scenario (sim/scenario.h) in the virtual world: what it has in store for devices,
 * lines and servers.
 *
 *   arrival, power_cut, firmware   when devices are on, what they say they run, what they refuse
 *   slow_flash                     from the end of a pull to its config being run
 *   network, partition, rebind     lines; `stores` is the way between LS and RS
 *   loss                           connections: they end, or become holes
 *   crash                          a server dies, at a moment or a fail point, and is down so long
 *   clock                          nothing: devices look at no date (spec/arms-protocol.md 2.4)
 *
 * What does not depend on one device follows from the scenario alone, the rest from plan.h.
 */
#ifndef RV_SIM_VIRTUAL_STORY_H
#define RV_SIM_VIRTUAL_STORY_H

#include "sim/plan.h"
#include "sim/virtual/fleet.h"

struct vw_story;

/* A device in it. */
struct vw_role {
	struct vw_story *story;
	struct vw_device *device;
	struct sim_plan plan;
	struct sim_plan_event next;
	unsigned firmware;
	uint32_t pulls, connections;
};

/* A section that comes again. */
struct vw_scene {
	struct vw_story *story;
	size_t index;
	unsigned times; /* left */
};

struct vw_story {
	const struct sim_scenario *scenario;
	struct vw_world *world;
	struct vw_site *site;
	struct vw_fleet *fleet;
	bool is_over;
	struct vw_role *roles; /* of the registered devices */
	struct vw_scene partitions[SIM_EACH_MAX], rebinds[SIM_EACH_MAX], crashes[SIM_EACH_MAX];
};

/* The devices are off; it switches them on. */
void vw_story_start(struct vw_story *story, const struct sim_scenario *scenario,
		    struct vw_site *site, struct vw_fleet *fleet);
/* Nothing more comes of it; all devices are on. */
void vw_story_end(struct vw_story *story);
void vw_story_deinit(struct vw_story *story);

/* For a device of a story, NULL: of none. What strikes its next connection; whether it takes the
 * config of its next pull, and how long that takes. */
const struct sim_loss *vw_role_loss(struct vw_role *role, bool is_ls);
bool vw_role_refuses(struct vw_role *role);
int64_t vw_role_apply_us(struct vw_role *role);
const char *vw_role_version(const struct vw_role *role);

#endif
