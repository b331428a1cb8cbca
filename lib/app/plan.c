#include "app/plan.h"

#include <assert.h>
#include <string.h>

static bool share_a_name(const char *const *a, const char *const *b)
{
	for (; a != NULL && *a != NULL; a++) {
		for (const char *const *p = b; p != NULL && *p != NULL; p++) {
			if (strcmp(*a, *p) == 0)
				return true;
		}
	}
	return false;
}

bool rv_plan_is_paired(const struct rv_duty_spec *a, const struct rv_duty_spec *b, bool is_local)
{
	if (strcmp(a->name, b->name) == 0)
		return false;
	if (is_local && (a->watches_all || b->watches_all))
		return true;
	return share_a_name(a->calls, b->serves) || share_a_name(b->calls, a->serves) ||
	       share_a_name(a->publishes, b->hears) || share_a_name(b->publishes, a->hears);
}

static bool has_name(const char *const *names, const char *name)
{
	const char *const one[] = { name, NULL };

	return share_a_name(names, one);
}

void rv_plan_may_call(const struct rv_duty_spec *caller, const struct rv_duty_spec *callee,
		      bool is_local, struct rv_buf *out)
{
	for (const char *const *m = caller->calls; m != NULL && *m != NULL; m++) {
		if (has_name(callee->serves, *m))
			rv_buf_printf(out, "%s\n", *m);
	}
	if (is_local && caller->watches_all)
		rv_buf_puts(out, "duty.metrics\nduty.health\n");
}

const struct rv_duty_spec *rv_plan_find(const struct rv_duty_spec *const *duties, const char *name)
{
	for (; *duties != NULL; duties++) {
		if (strcmp((*duties)->name, name) == 0)
			return *duties;
	}
	return NULL;
}

enum { UNSET = ~0u };

/* An inner duty that no other inner duty without a stage calls; in a circle the last of the
 * table; n when every inner duty has a stage. */
static size_t next_to_stop(const struct rv_duty_spec *const *duties, size_t n,
			   const unsigned *stages)
{
	size_t last = n;

	for (size_t i = 0; i < n; i++) {
		bool is_called = false;

		if (stages[i] != UNSET)
			continue;
		for (size_t j = 0; j < n && !is_called; j++)
			is_called = j != i && stages[j] == UNSET &&
				    share_a_name(duties[j]->calls, duties[i]->serves);
		if (!is_called)
			return i;
		last = i;
	}
	return last;
}

void rv_plan_stop_stages(const struct rv_duty_spec *const *duties, size_t n, unsigned *out_stages)
{
	unsigned stage = 1;
	size_t next;

	assert(n < UNSET - 1);
	for (size_t i = 0; i < n; i++) {
		if (duties[i]->watches_all)
			out_stages[i] = (unsigned)n + 1; /* there are at most n stages between */
		else
			out_stages[i] = duties[i]->listen_section != NULL ? 0 : UNSET;
	}
	while ((next = next_to_stop(duties, n, out_stages)) != n)
		out_stages[next] = stage++;
}

int64_t rv_plan_backoff_us(int64_t last_us, int64_t ran_us)
{
	if (last_us == 0 || ran_us >= RV_PLAN_STEADY_US)
		return RV_PLAN_BACKOFF_MIN_US;
	if (last_us > RV_PLAN_BACKOFF_MAX_US / 2)
		return RV_PLAN_BACKOFF_MAX_US;
	return last_us * 2;
}
