#include "test/unit/lib/base/test_unit.h"

#include "sim/pool.h"

enum { N = 3000 };

static struct sim_pool pool;

static size_t size_of(size_t i)
{
	static const size_t sizes[] = { 1, 100, 128, 129, 1500, 4000, SIM_POOL_MAX };

	return sizes[i % RV_ARRAY_LEN(sizes)];
}

static void blocks_do_not_overlap(void **state)
{
	static unsigned char *blocks[N];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		blocks[i] = sim_pool_get(&pool, size_of(i));
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
		memset(blocks[i], (int)(i & 0xff), size_of(i));
	}
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < size_of(i); k++)
			assert_int_equal(blocks[i][k], i & 0xff);
	sim_pool_deinit(&pool);
}

static void what_was_given_back_is_given_again(void **state)
{
	void *first = sim_pool_get(&pool, 1000), *other = sim_pool_get(&pool, 1000);

	(void)state;
	assert_ptr_not_equal(first, other);
	sim_pool_put(&pool, first, 1000);
	assert_ptr_not_equal(sim_pool_get(&pool, 100), first); /* of another class */
	assert_ptr_equal(sim_pool_get(&pool, 1024), first);
	sim_pool_put(&pool, NULL, 5);
	sim_pool_deinit(&pool);
	assert_null(pool.chunks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_do_not_overlap),
		cmocka_unit_test(what_was_given_back_is_given_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
