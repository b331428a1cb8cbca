#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/fail.h"
#include "base/list.h"
#include "base/time.h"
#include "base/virtual.h"

struct seen {
	struct rv_virtual world;
	char names[64];
};

static void note(struct rv_virtual *world, const char *name)
{
	struct seen *seen = RV_CONTAINER_OF(world, struct seen, world);

	strncat(seen->names, name, sizeof(seen->names) - strlen(seen->names) - 1);
}

static void time_stands_where_the_world_says(void **state)
{
	struct rv_virtual world = { .utc_us = 12345, .boot_us = 678 };

	(void)state;
	assert_null(rv_virtual_here());
	assert_null(rv_virtual_enter(&world));
	assert_ptr_equal(rv_virtual_here(), &world);
	assert_int_equal(rv_time_utc_us(), 12345);
	assert_int_equal(rv_time_boot_us(), 678);
	world.boot_us = 679;
	assert_int_equal(rv_time_boot_us(), 679);
	assert_ptr_equal(rv_virtual_enter(NULL), &world);
	assert_true(rv_time_utc_us() > INT64_C(1735689600) * RV_US_PER_SEC);
}

static void secrets_follow_from_the_seed_and_only_there(void **state)
{
	struct rv_virtual world = { 0 };
	uint8_t a[21], b[21], c[21];

	(void)state;
	rv_rand_seed(&world.rand, 7);
	rv_virtual_enter(&world);
	rv_rand_secret(a, sizeof(a));
	rv_rand_secret(b, sizeof(b));
	rv_rand_seed(&world.rand, 7);
	rv_rand_secret(c, sizeof(c));
	assert_memory_equal(a, c, sizeof(a));
	assert_memory_not_equal(a, b, sizeof(a));
	rv_virtual_enter(NULL);
	rv_rand_secret(b, sizeof(b));
	rv_rand_secret(c, sizeof(c));
	assert_memory_not_equal(b, c, sizeof(b));
	assert_memory_not_equal(a, c, sizeof(a));
}

static void fail_points_ask_the_world_in_every_build(void **state)
{
	struct seen seen = { .world.fail = note };
	struct rv_virtual silent = { 0 };

	(void)state;
	rv_virtual_enter(&seen.world);
	rv_fail_point("a.b.done;");
	rv_fail_point("c.d.done;");
	rv_virtual_enter(&silent);
	rv_fail_point("e.f.done;");
	rv_virtual_enter(NULL);
	rv_fail_point("g.h.done;");
	assert_string_equal(seen.names, "a.b.done;c.d.done;");
}

static void *look(void *arg)
{
	*(struct rv_virtual **)arg = rv_virtual_here();
	return NULL;
}

static void other_threads_stay_where_they_are(void **state)
{
	struct rv_virtual world = { 0 }, *there = &world;
	pthread_t thread;

	(void)state;
	rv_virtual_enter(&world);
	assert_int_equal(pthread_create(&thread, NULL, look, &there), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_null(there);
	rv_virtual_enter(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_stands_where_the_world_says),
		cmocka_unit_test(secrets_follow_from_the_seed_and_only_there),
		cmocka_unit_test(fail_points_ask_the_world_in_every_build),
		cmocka_unit_test(other_threads_stay_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
