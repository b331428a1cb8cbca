/* view.h - one run as a picture: devices by state over time (sim/picture.h). */
#ifndef RV_SIM_VIRTUAL_VIEW_H
#define RV_SIM_VIRTUAL_VIEW_H

#include "sim/picture.h"
#include "sim/virtual/options.h"

struct vw_view {
	const struct vw_options *options;
	struct sim_series series;
	uint8_t *states; /* per device: enum sim_state */
};

void vw_view_init(struct vw_view *view, const struct vw_options *options);
void vw_view_deinit(struct vw_view *view);
/* What befell a device; those nobody registered are not in the picture. */
void vw_view_take(struct vw_view *view, int64_t at_us, const struct vw_device *device,
		  enum sim_what what, int code);
/* Writes options->svg_path; a message and false when it cannot. */
bool vw_view_draw(struct vw_view *view, const struct vw_result *result);

#endif
