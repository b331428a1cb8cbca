#include "base/wheel.h"

#include <assert.h>

#include "base/time.h"

/* A timer lies on the level of the highest 6-bit digit in which its time differs from now, in the
 * slot that this digit names. So on level l > 0 every occupied slot is later than now's own, all
 * of level l is earlier than all of level l + 1, and the slot that now enters is dealt out again
 * to lower levels.
 */
enum { DIGIT_BITS = 6, SPAN_BITS = DIGIT_BITS * RV_WHEEL_LEVELS };

_Static_assert(1 << DIGIT_BITS == RV_WHEEL_SLOTS, "a slot for each digit");

static const int64_t LAST_MS = (INT64_C(1) << SPAN_BITS) - 1;

static unsigned digit(int64_t ms, unsigned level)
{
	return (unsigned)(ms >> (level * DIGIT_BITS)) % RV_WHEEL_SLOTS;
}

void rv_wheel_init(struct rv_wheel *wheel, int64_t now_us)
{
	assert(now_us >= 0);
	for (unsigned l = 0; l < RV_WHEEL_LEVELS; l++) {
		wheel->occupied[l] = 0;
		for (unsigned s = 0; s < RV_WHEEL_SLOTS; s++)
			rv_list_init(&wheel->slots[l][s]);
	}
	rv_list_init(&wheel->due);
	rv_list_init(&wheel->late);
	wheel->now_ms = now_us / RV_US_PER_MS;
	wheel->armed = 0;
	assert(wheel->now_ms < LAST_MS);
}

bool rv_timer_is_armed(const struct rv_timer *timer)
{
	return timer->link.next != NULL && !rv_list_is_empty(&timer->link);
}

/* Rounded up: a timer never fires early. */
static int64_t due_ms(int64_t at_us)
{
	int64_t ms = at_us <= 0 ? 0 : (at_us - 1) / RV_US_PER_MS + 1;

	return ms < LAST_MS ? ms : LAST_MS;
}

static void place(struct rv_wheel *wheel, struct rv_timer *timer, struct rv_list *if_due)
{
	int64_t at_ms = due_ms(timer->at_us);
	unsigned level, slot;

	if (at_ms <= wheel->now_ms) {
		rv_list_add_tail(if_due, &timer->link);
		return;
	}
	level = (unsigned)(63 - __builtin_clzll((uint64_t)(at_ms ^ wheel->now_ms))) / DIGIT_BITS;
	slot = digit(at_ms, level);
	rv_list_add_tail(&wheel->slots[level][slot], &timer->link);
	wheel->occupied[level] |= UINT64_C(1) << slot;
}

void rv_wheel_add(struct rv_wheel *wheel, struct rv_timer *timer, int64_t at_us)
{
	assert(timer->fn != NULL);
	rv_wheel_del(wheel, timer);
	timer->at_us = at_us;
	place(wheel, timer, &wheel->late);
	wheel->armed++;
}

void rv_wheel_del(struct rv_wheel *wheel, struct rv_timer *timer)
{
	struct rv_list *rest = timer->link.next;

	if (!rv_timer_is_armed(timer))
		return;
	rv_list_del(&timer->link);
	wheel->armed--;
	if (!rv_list_is_empty(rest) || rest == &wheel->due || rest == &wheel->late)
		return;
	/* `rest` is the head of a slot that has become empty. */
	size_t index = (size_t)(rest - &wheel->slots[0][0]);
	assert(index < (size_t)RV_WHEEL_LEVELS * RV_WHEEL_SLOTS);
	wheel->occupied[index / RV_WHEEL_SLOTS] &= ~(UINT64_C(1) << index % RV_WHEEL_SLOTS);
}

/* Start of the first occupied slot after now, or INT64_MAX. */
static int64_t next_slot_ms(const struct rv_wheel *wheel)
{
	for (unsigned l = 0; l < RV_WHEEL_LEVELS; l++) {
		if (wheel->occupied[l] == 0)
			continue;
		unsigned above = (l + 1) * DIGIT_BITS;
		int64_t slot = __builtin_ctzll(wheel->occupied[l]);
		return (wheel->now_ms >> above << above) + (slot << (l * DIGIT_BITS));
	}
	return INT64_MAX;
}

/* Timers of the slots that now has entered: due, or to a lower level. */
static void deal_out(struct rv_wheel *wheel)
{
	for (unsigned l = RV_WHEEL_LEVELS; l-- > 0;) {
		unsigned slot = digit(wheel->now_ms, l);
		struct rv_list *link;

		while ((link = rv_list_pop(&wheel->slots[l][slot])) != NULL)
			place(wheel, RV_CONTAINER_OF(link, struct rv_timer, link), &wheel->due);
		wheel->occupied[l] &= ~(UINT64_C(1) << slot);
	}
}

unsigned rv_wheel_advance(struct rv_wheel *wheel, int64_t now_us, unsigned max)
{
	int64_t target_ms = now_us / RV_US_PER_MS;
	unsigned fired = 0;
	struct rv_list *link;

	/* What callbacks arm for the past from here on waits for the next call: no endless loop. */
	while ((link = rv_list_pop(&wheel->late)) != NULL)
		rv_list_add_tail(&wheel->due, link);
	while (fired < max) {
		link = rv_list_pop(&wheel->due);
		if (link != NULL) {
			struct rv_timer *timer = RV_CONTAINER_OF(link, struct rv_timer, link);
			wheel->armed--;
			fired++;
			timer->fn(timer, now_us);
			continue;
		}
		int64_t next_ms = next_slot_ms(wheel);
		if (next_ms > target_ms) {
			if (wheel->now_ms < target_ms)
				wheel->now_ms = target_ms;
			break;
		}
		wheel->now_ms = next_ms;
		deal_out(wheel);
	}
	return fired;
}

int64_t rv_wheel_next_us(const struct rv_wheel *wheel)
{
	int64_t ms = wheel->now_ms;

	if (wheel->armed == 0)
		return INT64_MAX;
	if (rv_list_is_empty(&wheel->due) && rv_list_is_empty(&wheel->late))
		ms = next_slot_ms(wheel);
	return ms * RV_US_PER_MS;
}
