/* hold.h - guard.h in the store: refusals counted, startup configs held back, people told.
 *
 * Inside a db work function. */
#ifndef RV_RS_HOLD_H
#define RV_RS_HOLD_H

#include "server/rs/core.h"
#include "server/rs/guard.h"

/* What the store knows of a device that is about to be answered. */
struct rs_hold_device {
	int64_t id;
	struct rv_str distid;
	int64_t startup_id, running_id, delivered_id; /* 0 = none */
	bool is_pending; /* the last pull delivered delivered_id, and nothing was heard since */
};

/* Count the refusal that this pull may be, and choose what to deliver; a hold that begins, or goes
 * on, raises its incident. */
int rs_hold_choose(struct rs_ctx *ctx, const struct rs_hold_device *device,
		   const struct rv_rs_pull_in *pull, struct rs_guard_choice *out) RV_MUSTCHECK;

/* The device took what was delivered to it: its refusals of that version are forgotten. */
int rs_hold_taken(struct rs_ctx *ctx, const struct rs_hold_device *device) RV_MUSTCHECK;

/* Forget refusals of the version (0: of all), and that a config was held. */
int rs_hold_end(struct rs_ctx *ctx, int64_t device_id, struct rv_str distid,
		int64_t version_id) RV_MUSTCHECK;

/* Resolve the incidents "pull_loop" of devices that have not pulled for a whole window: those never
 * come back to say so. */
int rs_hold_survey(struct rs_ctx *ctx) RV_MUSTCHECK;

/* Count a pull; raise or resolve the incident "pull_loop". */
int rs_hold_pace(struct rs_ctx *ctx, struct rv_str distid, struct rv_str trigger,
		 struct rs_guard_pace *pace) RV_MUSTCHECK;

#endif
