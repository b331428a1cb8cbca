#include "sim/virtual/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

enum { WORDS_MAX = 256 };

void vw_view_init(struct vw_view *view, const struct vw_options *options)
{
	view->options = options;
	view->states = vw_alloc(options->devices, sizeof(*view->states));
	sim_series_init(&view->series, options->devices);
}

void vw_view_deinit(struct vw_view *view)
{
	free(view->states);
	view->states = NULL;
}

void vw_view_take(struct vw_view *view, int64_t at_us, const struct vw_device *device,
		  enum sim_what what, int code)
{
	const struct sim_record record = { .at_us = at_us,
					   .device = device->number,
					   .code = (int16_t)code,
					   .what = (uint8_t)what,
					   .phase = (uint8_t)device->phase };
	enum sim_state from, to;

	if (device->number >= view->options->devices)
		return;
	from = (enum sim_state)view->states[device->number];
	to = sim_state_after(from, &record);
	if (to != from)
		sim_series_move(&view->series, at_us, from, to);
	view->states[device->number] = (uint8_t)to;
}

static void put_picture(struct vw_view *view, const struct vw_result *r, struct rv_buf *out)
{
	const struct vw_options *o = view->options;
	struct sim_mark marks[SIM_MARKS_MAX + 1];
	char title[WORDS_MAX], subtitle[WORDS_MAX];
	struct sim_picture picture = { .title = title,
				       .subtitle = subtitle,
				       .series = &view->series,
				       .marks = marks,
				       .is_ja = sim_is_ja() };

	if (o->scenario_name != NULL)
		picture.mark_count = sim_picture_marks(&o->scenario, marks);
	sim_series_advance(&view->series, r->end_us);
	snprintf(title, sizeof(title), "%s — %s %" PRIu64,
		 o->scenario_name != NULL ? o->scenario_name : "reeve sim virtual",
		 sim_tr("seed", "シード"), o->seed);
	snprintf(subtitle, sizeof(subtitle), "%s %u / %u  (%.1f s)  %.40s %.120s",
		 sim_tr("devices up:", "起動した機器:"), r->up, o->devices,
		 (double)r->end_us / (double)RV_US_PER_SEC, r->invariant, r->complaint);
	sim_picture_put(&picture, out);
}

bool vw_view_draw(struct vw_view *view, const struct vw_result *result)
{
	const char *path = view->options->svg_path;
	struct rv_buf svg = { 0 };
	FILE *out;
	bool is_written;

	put_picture(view, result, &svg);
	out = svg.err == RV_OK ? fopen(path, "we") : NULL;
	is_written = out != NULL && fwrite(svg.ptr, 1, svg.len, out) == svg.len;
	if (out != NULL)
		is_written = fclose(out) == 0 && is_written;
	if (!is_written)
		sim_error("%s: %s", path, strerror(errno));
	rv_buf_deinit(&svg);
	return is_written;
}
