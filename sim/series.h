/* series.h - how many devices were in which state, over the whole run, in bounded memory.
 *
 *   off --> asking LS --> asking RS --> applying --> up
 *    ^         |              |             |         |      failed: a round or a call is over
 *    +---------+---- failed <-+-------------+         |      without success; until it asks again
 *    +------------------------------------------------+      up: also while it pulls again
 *
 * Samples are equally spaced from 0; when there is no room for more, every second one goes and the
 * step doubles. Pure.
 */
#ifndef RV_SIM_SERIES_H
#define RV_SIM_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/record.h"

enum sim_state {
	SIM_STATE_OFF,
	SIM_STATE_LS,
	SIM_STATE_RS,
	SIM_STATE_APPLYING,
	SIM_STATE_UP,
	SIM_STATE_FAILED,
	SIM_STATES,
};

/* What a record makes of a device in that state; most leave it. */
enum sim_state sim_state_after(enum sim_state state, const struct sim_record *record);
/* "off", "asking LS", ...: in the user's words, or one word for programs ("ls"). */
const char *sim_state_text(enum sim_state state, bool is_ja);
const char *sim_state_word(enum sim_state state);

enum { SIM_SERIES_MAX = 1024, SIM_SERIES_STEP_US = 100000 }; /* samples; their step at first */

struct sim_series {
	int64_t step_us;
	size_t count;             /* sample i is of i * step_us */
	uint32_t now[SIM_STATES]; /* after the last change */
	uint32_t at[SIM_SERIES_MAX][SIM_STATES];
};

void sim_series_init(struct sim_series *series, uint32_t devices); /* all off */
/* A device goes from one state to another at that time. A time before one that was told already
 * counts as that one. */
void sim_series_move(struct sim_series *series, int64_t at_us, enum sim_state from,
		     enum sim_state to);
/* Until then nothing else changed. */
void sim_series_advance(struct sim_series *series, int64_t at_us);

#endif
