#include "server/rs/guard.h"

bool rs_guard_is_refusal(bool is_pending, struct rv_str trigger)
{
	return is_pending && rv_str_is(trigger, "invalid config");
}

static bool is_refused(const struct rs_guard_policy *policy, struct rs_guard_version version)
{
	return policy->refusals_max > 0 && version.refusals >= policy->refusals_max;
}

struct rs_guard_choice rs_guard_choose(const struct rs_guard_policy *policy,
				       struct rs_guard_version startup,
				       const struct rs_guard_version *ran, size_t n)
{
	struct rs_guard_choice choice = { .is_held = true };

	if (!is_refused(policy, startup))
		return (struct rs_guard_choice){ .serve = startup.id };
	for (size_t i = 0; policy->fallback == RS_GUARD_LAST_RUNNING && i < n; i++) {
		if (ran[i].id == 0 || ran[i].id == startup.id || is_refused(policy, ran[i]))
			continue;
		choice.serve = ran[i].id;
		break;
	}
	return choice;
}

struct rs_guard_loop rs_guard_count(struct rs_guard_pace *pace, int64_t now_us, int64_t window_us,
				    int64_t pulls_max)
{
	bool is_new = now_us < pace->from_us || now_us - pace->from_us > window_us;
	struct rs_guard_loop loop = { .is_calm = is_new && pace->pulls < pulls_max };

	if (is_new)
		*pace = (struct rs_guard_pace){ .from_us = now_us };
	pace->pulls++;
	loop.is_loop = pulls_max > 0 && pace->pulls >= pulls_max;
	loop.is_calm |= pulls_max == 0;
	return loop;
}
