#include "sim/virtual/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "base/time.h"

struct vw_event {
	int64_t at_us;
	uint64_t number;
	vw_fn fn; /* NULL: cancelled */
	void *arg;
	bool is_owned;
};

void *vw_alloc(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size);

	if (p == NULL)
		abort();
	return p;
}

void vw_init(struct vw_world *w, uint64_t seed)
{
	*w = (struct vw_world){ .seed = seed };
	for (uint64_t i = 0; i < VW_PURPOSES; i++)
		rv_rand_seed(&w->rand[i], rv_siphash(seed, i, RV_STR_LIT("purpose")));
}

void vw_deinit(struct vw_world *w)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->heap[i]->is_owned)
			free(w->heap[i]->arg);
		free(w->heap[i]);
	}
	free(w->heap);
	w->heap = NULL;
	w->count = w->cap = 0;
}

/* -- the heap ------------------------------------------------------------------------------- */

static bool is_before(const struct vw_event *a, const struct vw_event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static void swap(struct vw_world *w, size_t a, size_t b)
{
	struct vw_event *e = w->heap[a];

	w->heap[a] = w->heap[b];
	w->heap[b] = e;
}

static void sift_up(struct vw_world *w, size_t i)
{
	for (; i > 0 && is_before(w->heap[i], w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(w, i, (i - 1) / 2);
}

static void sift_down(struct vw_world *w)
{
	size_t i = 0, child;

	while ((child = 2 * i + 1) < w->count) {
		if (child + 1 < w->count && is_before(w->heap[child + 1], w->heap[child]))
			child++;
		if (!is_before(w->heap[child], w->heap[i]))
			return;
		swap(w, i, child);
		i = child;
	}
}

struct vw_event *vw_post(struct vw_world *w, int64_t delay_us, vw_fn fn, void *arg)
{
	struct vw_event *e = vw_alloc(1, sizeof(*e));

	assert(delay_us >= 0 && fn != NULL);
	*e = (struct vw_event){ w->now_us + delay_us, w->posted++, fn, arg, false };
	if (w->count == w->cap) {
		w->cap = w->cap > 0 ? 2 * w->cap : 256;
		w->heap = realloc(w->heap, w->cap * sizeof(*w->heap));
		if (w->heap == NULL)
			abort();
	}
	w->heap[w->count++] = e;
	sift_up(w, w->count - 1);
	return e;
}

struct vw_event *vw_post_owned(struct vw_world *w, int64_t delay_us, vw_fn fn, void *arg)
{
	struct vw_event *e = vw_post(w, delay_us, fn, arg);

	e->is_owned = true;
	return e;
}

void vw_cancel(struct vw_event *event)
{
	if (event != NULL)
		event->fn = NULL;
}

static struct vw_event *pop(struct vw_world *w)
{
	struct vw_event *e = w->heap[0];

	w->heap[0] = w->heap[--w->count];
	sift_down(w);
	return e;
}

bool vw_step(struct vw_world *w, int64_t end_us)
{
	while (w->count > 0 && w->heap[0]->at_us <= end_us) {
		struct vw_event e = *w->heap[0];

		free(pop(w));
		if (e.fn == NULL)
			continue;
		assert(e.at_us >= w->now_us);
		w->now_us = e.at_us;
		w->events++;
		e.fn(e.arg);
		if (e.is_owned)
			free(e.arg);
		return true;
	}
	if (end_us > w->now_us)
		w->now_us = end_us;
	return false;
}

/* -- chance --------------------------------------------------------------------------------- */

int64_t vw_between(struct vw_world *w, enum vw_purpose purpose, int64_t low, int64_t high)
{
	assert(low <= high);
	return low + (int64_t)rv_rand_below(&w->rand[purpose], (uint64_t)(high - low) + 1);
}

bool vw_chance(struct vw_world *w, enum vw_purpose purpose, uint32_t per_million)
{
	return rv_rand_below(&w->rand[purpose], 1000000) < per_million;
}

/* -- notes ---------------------------------------------------------------------------------- */

void vw_note(struct vw_world *w, const char *who, const char *what, int64_t a, int64_t b)
{
	const int64_t numbers[] = { w->now_us, a, b };

	w->notes++;
	w->hash = rv_siphash(w->hash, 1, rv_strn(numbers, sizeof(numbers)));
	w->hash = rv_siphash(w->hash, 2, rv_str(who));
	w->hash = rv_siphash(w->hash, 3, rv_str(what));
	if (w->trace == NULL || (w->trace_who != NULL && strcmp(w->trace_who, who) != 0))
		return;
	fprintf(w->trace, "%12.6f %-10s %s %" PRId64 " %" PRId64 "\n",
		(double)w->now_us / (double)RV_US_PER_SEC, who, what, a, b);
}

void vw_complain(struct vw_world *w, const char *invariant, const char *fmt, ...)
{
	va_list args;

	if (w->invariant[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(w->complaint, sizeof(w->complaint), fmt, args);
	va_end(args);
	rv_str_copy(rv_str(invariant), w->invariant, sizeof(w->invariant));
	w->complained_us = w->now_us;
	vw_note(w, "checker", w->complaint, 0, 0);
}
