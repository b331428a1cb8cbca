/* plan.h - what the tables imply: who gets a pair, who is stopped when, how long a restart waits.
 *
 * Pure functions over app/duty.h; safe from any thread.
 */
#ifndef RV_APP_PLAN_H
#define RV_APP_PLAN_H

#include "app/duty.h"

#define RV_PLAN_BACKOFF_MIN_US INT64_C(100000)
#define RV_PLAN_BACKOFF_MAX_US INT64_C(30000000)
#define RV_PLAN_STEADY_US      INT64_C(60000000) /* ran that long: back to the minimum */

/* True when one calls what the other serves, or publishes what the other hears, or, for two of the
 * same supervisor (is_local), one watches all. Never for a duty and itself. */
bool rv_plan_is_paired(const struct rv_duty_spec *a, const struct rv_duty_spec *b, bool is_local);

/* Append the methods of `callee` that `caller` may call, one a line: what the tables name, and for
 * a watcher of the same supervisor `duty.metrics` and `duty.health`. */
void rv_plan_may_call(const struct rv_duty_spec *caller, const struct rv_duty_spec *callee,
		      bool is_local, struct rv_buf *out);

/* The table's `name`, or NULL. */
const struct rv_duty_spec *rv_plan_find(const struct rv_duty_spec *const *duties, const char *name);

/* Stage in which each of the n duties is stopped: 0 = edges (they listen), then callers before what
 * they call, watchers last. Circles of calls are broken at the last one in the table. O(n^3). */
void rv_plan_stop_stages(const struct rv_duty_spec *const *duties, size_t n, unsigned *out_stages);

/* Wait before the next start. last_us: the wait before (0 = none yet); ran_us: how long it lived.
 */
int64_t rv_plan_backoff_us(int64_t last_us, int64_t ran_us);

#endif
