/* config.h - configs that tell whose they are, which revision, and whether they are whole. Pure.
 *
 *   # reeve virtual <seed> <device> <revision> <module> <modules>
 *   <bytes that follow from these>
 *
 * So whoever is given a set of modules can judge it without knowing what was meant for him.
 */
#ifndef RV_SIM_VIRTUAL_CONFIG_H
#define RV_SIM_VIRTUAL_CONFIG_H

#include "base/buf.h"

enum { VW_MODULES_MAX = 4 };

/* Of revision 1, 2, ...: how many modules it has. */
uint32_t vw_config_modules(uint64_t seed, uint32_t device, uint32_t revision);
/* One of them, appended. */
void vw_config_make(uint64_t seed, uint32_t device, uint32_t revision, uint32_t module,
		    struct rv_buf *out);

/* What a device has. */
struct vw_set {
	struct vw_piece {
		uint32_t id;
		struct rv_buf body;
	} pieces[VW_MODULES_MAX];
	size_t count;
};

void vw_set_clear(struct vw_set *set);
/* A module comes (replacing one of its id) or goes. False: more than VW_MODULES_MAX. */
bool vw_set_put(struct vw_set *set, uint32_t id, struct rv_str body);
void vw_set_remove(struct vw_set *set, uint32_t id);
void vw_set_move(struct vw_set *to, struct vw_set *from); /* from is empty afterwards */

enum vw_verdict { VW_WHOLE, VW_EMPTY, VW_FOREIGN, VW_BROKEN };
/* VW_WHOLE: all of one revision of that device, byte by byte: *revision. VW_FOREIGN: something in
 * it is another device's. VW_BROKEN: parts are missing, mixed, or not what they say. */
enum vw_verdict vw_set_judge(const struct vw_set *set, uint64_t seed, uint32_t device,
			     uint32_t *revision);

#endif
