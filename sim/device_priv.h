/* device_priv.h - inside of a device: device.c (its life), attempt.c (one connection), heard.c
 * (what the core calls), rest.c (when it has nothing to do). */
#ifndef RV_SIM_DEVICE_PRIV_H
#define RV_SIM_DEVICE_PRIV_H

#include "sim/device.h"

struct sim_plan sim_device_plan(const struct sim_device *d);
void sim_device_woke(void *device); /* the connection has something */

/* ---- heard.c ---- */
void sim_device_tell(struct sim_device *d, enum sim_what what, int code, int64_t took_us);
void sim_device_tell_failure(struct sim_device *d, enum sim_failure why);
extern const struct rv_sa_host sim_device_hears; /* without its arg */

/* ---- attempt.c ---- */

/* What the core wants of a connection. True: it has something new to say; false: wait. */
bool sim_attempt_open(struct sim_device *d, const struct rv_sa_action *act);
bool sim_attempt_transfer(struct sim_device *d, const struct rv_sa_action *act);
void sim_attempt_end(struct sim_device *d);  /* the exchange is over */
void sim_attempt_drop(struct sim_device *d); /* given up */

/* ---- rest.c ---- */

/* Fold, if nothing is going on; unfold, if it was folded. Out of memory ends the process. */
void sim_device_fold(struct sim_device *d);
void sim_device_unfold(struct sim_device *d);
/* Over a power cut: the state cache is all that is left of a device, and comes back into the core
 * of the next life; -ENOMEM. */
void sim_device_keep_state(struct sim_device *d);
int sim_device_restore_state(struct sim_device *d) RV_MUSTCHECK;
void sim_device_forget(struct sim_device *d); /* what was folded or kept */

#endif
