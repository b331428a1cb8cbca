/* The timer wheel against a naive model: the same random adds, deletes and advances on both. The
 * seed is printed; REEVE_SEED repeats a run. */
#include "test_seed.h"

#include "base/wheel.h"
#include "base/time.h"

enum { TIMERS = 300, STEPS = 20000 };

struct owner {
	struct rv_timer timer;
	bool is_armed; /* the model */
	int64_t at_us;
};

static struct owner owners[TIMERS];
static struct rv_wheel wheel;
static int64_t model_now_us;
static int64_t last_fired_ms;
static unsigned fired_late;

static int64_t rounded_ms(int64_t at_us)
{
	return (at_us + 999) / 1000;
}

static void on_fire(struct rv_timer *timer, int64_t now_us)
{
	struct owner *o = RV_CONTAINER_OF(timer, struct owner, timer);
	int64_t ms = rounded_ms(o->at_us);

	assert_true(o->is_armed);
	assert_false(rv_timer_is_armed(timer));
	assert_int_equal(now_us, model_now_us);
	assert_true(o->at_us <= now_us);
	if (ms > last_fired_ms)
		last_fired_ms = ms;
	else if (ms < last_fired_ms)
		fired_late++; /* only what was armed for the past may be out of order */
	o->is_armed = false;
}

/* Spans of all sizes, from this millisecond to beyond every level's edge, past times too. */
static int64_t random_time(struct rv_rand *r)
{
	unsigned bits = (unsigned)rv_rand_below(r, 52);
	int64_t delta = (int64_t)rv_rand_below(r, UINT64_C(1) << bits);

	if (rv_rand_below(r, 10) == 0)
		delta = -delta;
	return model_now_us + delta > 0 ? model_now_us + delta : 0;
}

static void check_advance(struct rv_rand *r)
{
	int64_t next_us = rv_wheel_next_us(&wheel);
	unsigned due = 0, fired = 0, n;
	bool had_past = false;

	for (unsigned i = 0; i < TIMERS; i++) {
		if (owners[i].is_armed && owners[i].at_us < model_now_us)
			had_past = true;
		if (owners[i].is_armed && owners[i].at_us > model_now_us)
			assert_true(next_us <= rounded_ms(owners[i].at_us) * 1000);
	}
	/* Often exactly to where the wheel wants to be called, or just before. */
	if (next_us != INT64_MAX && next_us > model_now_us && rv_rand_below(r, 2) == 0)
		model_now_us = next_us - (int64_t)rv_rand_below(r, 2);
	else
		model_now_us += (int64_t)rv_rand_below(r, UINT64_C(1) << rv_rand_below(r, 40));
	for (unsigned i = 0; i < TIMERS; i++)
		due += owners[i].is_armed && rounded_ms(owners[i].at_us) <= model_now_us / 1000;
	last_fired_ms = 0;
	fired_late = 0;
	do {
		n = rv_wheel_advance(&wheel, model_now_us, 1 + (unsigned)rv_rand_below(r, 50));
		fired += n;
	} while (n > 0);
	assert_int_equal(fired, due);
	if (!had_past)
		assert_int_equal(fired_late, 0);
}

static void wheel_agrees_with_the_model(void **state)
{
	struct rv_rand r;
	unsigned armed = 0;

	(void)state;
	rv_rand_seed(&r, test_seed());
	model_now_us = (int64_t)rv_rand_below(&r, UINT64_C(1) << 52);
	rv_wheel_init(&wheel, model_now_us);
	for (unsigned i = 0; i < TIMERS; i++)
		owners[i].timer.fn = on_fire;
	for (unsigned step = 0; step < STEPS; step++) {
		struct owner *o = &owners[rv_rand_below(&r, TIMERS)];
		uint64_t what = rv_rand_below(&r, 10);

		if (what < 6) {
			o->at_us = random_time(&r);
			o->is_armed = true;
			rv_wheel_add(&wheel, &o->timer, o->at_us);
		} else if (what < 8) {
			rv_wheel_del(&wheel, &o->timer);
			o->is_armed = false;
		} else {
			check_advance(&r);
		}
		assert_int_equal(rv_timer_is_armed(&o->timer), o->is_armed);
	}
	for (unsigned i = 0; i < TIMERS; i++)
		armed += owners[i].is_armed;
	assert_int_equal(wheel.armed, armed);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(wheel_agrees_with_the_model) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
