/* guard.h - devices that go round in circles: pure rules, no store, no clock.
 *
 *   deliver A --> "invalid config" --> deliver A --> ... N times:  A is held
 *   then: the version that ran last, or, when there is none that was not refused as often: wait
 *
 * A device that refuses a config asks every RS URL again, at once and for ever, with the trigger
 * "invalid config" (spec/arms-protocol.md 7.3); the trigger stands until something else sets it, so
 * it counts only when the pull before it delivered something. What it does not tell is which module
 * it disliked, nor why. A device that is told to wait gets a result code of 300..499: it retries
 * at its pace, for ever (4.4).
 */
#ifndef RV_RS_GUARD_H
#define RV_RS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Is this pull the refusal of what the last one delivered? */
bool rs_guard_is_refusal(bool is_pending, struct rv_str trigger);

enum rs_guard_fallback { RS_GUARD_LAST_RUNNING, RS_GUARD_HOLD };

struct rs_guard_policy {
	int64_t refusals_max; /* 0: off */
	enum rs_guard_fallback fallback;
};

struct rs_guard_version {
	int64_t id;       /* 0: there is none */
	int64_t refusals; /* since the device last took it */
};

struct rs_guard_choice {
	int64_t serve; /* version, 0: tell it to wait */
	bool is_held;  /* the startup version is held back */
};

/* What to deliver; `ran` are versions that the device took, latest first, the startup version
 * possibly among them. */
struct rs_guard_choice rs_guard_choose(const struct rs_guard_policy *policy,
				       struct rs_guard_version startup,
				       const struct rs_guard_version *ran, size_t n);

/* Pulls of a device within a window, counted in two numbers. */
struct rs_guard_pace {
	int64_t from_us; /* when the window began */
	int64_t pulls;   /* in it */
};

struct rs_guard_loop {
	bool is_loop; /* pulls_max within the window */
	bool is_calm; /* a whole window, or more, has gone by without that */
};

/* Count a pull at now_us. A clock that stepped back begins a new window. pulls_max 0: never a
 * loop. */
struct rs_guard_loop rs_guard_count(struct rs_guard_pace *pace, int64_t now_us, int64_t window_us,
				    int64_t pulls_max);

#endif
