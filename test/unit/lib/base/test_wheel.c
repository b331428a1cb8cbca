#include "test_unit.h"

#include "base/wheel.h"

static struct rv_wheel wheel;

struct counter {
	struct rv_timer timer;
	unsigned fired;
	int64_t rearm_us; /* after firing, this much later; -1: no more */
	struct rv_timer *victim;
};

static void on_fire(struct rv_timer *timer, int64_t now_us)
{
	struct counter *c = RV_CONTAINER_OF(timer, struct counter, timer);

	c->fired++;
	if (c->victim != NULL)
		rv_wheel_del(&wheel, c->victim);
	if (c->rearm_us >= 0)
		rv_wheel_add(&wheel, timer, now_us + c->rearm_us);
}

static void fires_not_early_and_within_a_millisecond(void **state)
{
	static const int64_t deadlines[] = { 1,       999,         1000,          1001,
					     63999,   64000,       64001,         4095999,
					     4096000, 86400000000, 31536000000000 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(deadlines); i++) {
		struct counter c = { .timer.fn = on_fire, .rearm_us = -1 };
		int64_t rounded = (deadlines[i] + 999) / 1000 * 1000;

		rv_wheel_init(&wheel, 0);
		rv_wheel_add(&wheel, &c.timer, deadlines[i]);
		assert_int_equal(rv_wheel_advance(&wheel, rounded - 1, 10), 0);
		assert_true(rv_timer_is_armed(&c.timer));
		assert_int_equal(rv_wheel_advance(&wheel, rounded, 10), 1);
		assert_false(rv_timer_is_armed(&c.timer));
		assert_int_equal(rv_wheel_next_us(&wheel), INT64_MAX);
	}
}

static void rearming_for_now_waits_for_the_next_call(void **state)
{
	struct counter c = { .timer.fn = on_fire, .rearm_us = 0 };

	(void)state;
	rv_wheel_init(&wheel, 5000);
	rv_wheel_add(&wheel, &c.timer, 0);
	assert_int_equal(rv_wheel_next_us(&wheel), 5000);
	assert_int_equal(rv_wheel_advance(&wheel, 5000, 100), 1);
	assert_int_equal(rv_wheel_advance(&wheel, 5000, 100), 1);
	assert_int_equal(rv_wheel_advance(&wheel, 4000, 100), 1); /* a clock that steps back */
	assert_int_equal(c.fired, 3);
}

static void a_callback_may_delete_the_next_one(void **state)
{
	struct counter second = { .timer.fn = on_fire, .rearm_us = -1 };
	struct counter first = { .timer.fn = on_fire, .rearm_us = -1, .victim = &second.timer };

	(void)state;
	rv_wheel_init(&wheel, 0);
	rv_wheel_add(&wheel, &first.timer, 7000);
	rv_wheel_add(&wheel, &second.timer, 7000);
	assert_int_equal(rv_wheel_advance(&wheel, 10000, 100), 1);
	assert_int_equal(second.fired, 0);
	assert_int_equal(wheel.armed, 0);
	rv_wheel_del(&wheel, &second.timer); /* idle */
}

static void at_most_max_fire_in_one_call(void **state)
{
	struct counter c[5];

	(void)state;
	rv_wheel_init(&wheel, 0);
	for (unsigned i = 0; i < 5; i++) {
		c[i] = (struct counter){ .timer.fn = on_fire, .rearm_us = -1 };
		rv_wheel_add(&wheel, &c[i].timer, 1000);
	}
	assert_int_equal(rv_wheel_advance(&wheel, 1000, 3), 3);
	assert_true(rv_wheel_next_us(&wheel) <= 1000);
	assert_int_equal(rv_wheel_advance(&wheel, 1000, 3), 2);
}

static void never_is_never(void **state)
{
	struct counter c = { .timer.fn = on_fire, .rearm_us = -1 };

	(void)state;
	rv_wheel_init(&wheel, 0);
	rv_wheel_add(&wheel, &c.timer, INT64_MAX);
	assert_int_equal(rv_wheel_advance(&wheel, INT64_C(100000000000000000), 10), 0);
	rv_wheel_add(&wheel, &c.timer, INT64_C(100000000000000001)); /* re-arm */
	assert_int_equal(wheel.armed, 1);
	assert_int_equal(rv_wheel_advance(&wheel, INT64_C(100000000000001000), 10), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_not_early_and_within_a_millisecond),
		cmocka_unit_test(rearming_for_now_waits_for_the_next_call),
		cmocka_unit_test(a_callback_may_delete_the_next_one),
		cmocka_unit_test(at_most_max_fire_in_one_call),
		cmocka_unit_test(never_is_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
