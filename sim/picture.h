/* picture.h - a run as one SVG picture: devices by state over time, stacked.
 *
 *   devices |        ______ up
 *           |    ___/ ....  asking RS      title: what was played, with seed
 *           | __/..........  asking LS     subtitle: devices, how it ended
 *           +---------------- s            a mark: something of the scenario begins
 *
 * Stands alone: no script, no font, no network; colours follow the reader's light or dark
 * scheme and differ in lightness, too. <title> and <desc> say the same in words. Pure.
 */
#ifndef RV_SIM_PICTURE_H
#define RV_SIM_PICTURE_H

#include "base/buf.h"
#include "sim/series.h"

enum { SIM_MARKS_MAX = 64 };

struct sim_mark {
	int64_t at_us;
	const char *label; /* UTF-8, lent; the title of a section */
};

struct sim_picture {
	const char *title, *subtitle;    /* UTF-8, lent; whatever stands in them is escaped */
	const struct sim_series *series; /* at least one sample; numbers are those of `now` */
	const struct sim_mark *marks;    /* in order of time; those beyond the run are left out */
	size_t mark_count;
	bool is_ja;
};

/* Appends the document; errors are the buffer's. */
void sim_picture_put(const struct sim_picture *picture, struct rv_buf *out);

/* The marks of a scenario: its cuts, upgrades, losses that begin, crashes, partitions. What
 * holds from the start needs no mark. Returns how many; labels point into it. */
struct sim_scenario;
size_t sim_picture_marks(const struct sim_scenario *scenario, struct sim_mark out[SIM_MARKS_MAX]);

#endif
