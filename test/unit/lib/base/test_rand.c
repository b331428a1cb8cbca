#include "test_unit.h"

#include "base/rand.h"

static void one_seed_gives_one_sequence(void **state)
{
	struct rv_rand a, b, c;
	unsigned same = 0;

	(void)state;
	rv_rand_seed(&a, 1);
	rv_rand_seed(&b, 1);
	rv_rand_seed(&c, 2);
	for (unsigned i = 0; i < 100; i++) {
		uint64_t v = rv_rand_u64(&a);
		assert_int_equal(v, rv_rand_u64(&b));
		same += v == rv_rand_u64(&c);
	}
	assert_int_equal(same, 0);
}

static void below_reaches_every_value_and_no_other(void **state)
{
	unsigned seen[7] = { 0 };
	struct rv_rand r;

	(void)state;
	rv_rand_seed(&r, 3);
	for (unsigned i = 0; i < 7000; i++) {
		uint64_t v = rv_rand_below(&r, 7);
		assert_true(v < 7);
		seen[v]++;
	}
	for (unsigned i = 0; i < 7; i++)
		assert_in_range(seen[i], 800, 1200);
	assert_int_equal(rv_rand_below(&r, 1), 0);
}

static void secrets_differ(void **state)
{
	unsigned char a[300] = { 0 }, b[300] = { 0 };

	(void)state;
	rv_rand_secret(a, sizeof(a));
	rv_rand_secret(b, sizeof(b));
	rv_rand_secret(NULL, 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a + 268, b + 268, 32); /* also beyond one getrandom(2) */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_seed_gives_one_sequence),
		cmocka_unit_test(below_reaches_every_value_and_no_other),
		cmocka_unit_test(secrets_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
