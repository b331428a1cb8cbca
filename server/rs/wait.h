/* wait.h - answers that are held until every LS has the change, or their time is over.
 *
 *   rs.op commits --> rs_waits_add --.                         .-- every LS has it --> done
 *   an LS asked on: its cursor moved -+--> a look at readers --+-- deadline ---------> done
 *   timer at the earliest deadline --'    (one work item)      '-- the duty stops ---> done
 *
 * Nothing polls: readers are looked at when one of them moved, at the earliest deadline, and when
 * somebody begins to wait; one look serves all. All on the loop thread of the duty.
 */
#ifndef RV_RS_WAIT_H
#define RV_RS_WAIT_H

#include <uv.h>

#include "server/rs/core.h"

enum { RS_WAITS_MAX = 64 }; /* of RS_JOBS_MAX, so that pulls find room; one more is not kept */

struct rs_duty;

/* Its memory belongs to who waits, until done. */
struct rs_wait {
	struct rs_wanted wanted;
	/* The LSs as they are, valid during the call; none if they could not be looked at. */
	void (*done)(struct rs_wait *wait, const struct rv_ls_outcomes *outcomes);
	/* private */
	int64_t deadline_us; /* boot time */
	struct rv_ls_outcomes seen;
	struct rs_wait *next;
};

struct rs_waits {
	struct rs_duty *duty;
	struct rs_wait *first, *looked_at; /* a look has its own list: the writer thread reads it */
	size_t count;
	bool is_looking, is_due; /* due: look once more when this look is over */
	struct rv_arena arena;   /* of the look */
	uv_timer_t *timer;       /* frees itself when closed */
};

int rs_waits_init(struct rs_waits *waits, struct rs_duty *duty) RV_MUSTCHECK;
/* wait->wanted and done are set; done may be called before this returns. */
void rs_waits_add(struct rs_waits *waits, struct rs_wait *wait);
/* A reader of the feed moved on. */
void rs_waits_moved(struct rs_waits *waits);
/* Everybody is told how it stands; rs_duty_settle is called when nothing is under way any more.
 * Not needed after a failed init. */
void rs_waits_stop(struct rs_waits *waits);

#endif
