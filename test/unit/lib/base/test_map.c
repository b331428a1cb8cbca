#include "test_unit.h"

#include "base/map.h"

static struct rv_str key_of(const void *item)
{
	return rv_str(item);
}

static void an_empty_map_answers(void **state)
{
	struct rv_map map;
	size_t pos = 0;

	(void)state;
	rv_map_init(&map, key_of, 1);
	assert_null(rv_map_get(&map, rv_str("a")));
	assert_null(rv_map_del(&map, rv_str("a")));
	assert_null(rv_map_next(&map, &pos));
	rv_map_deinit(&map);
	rv_map_deinit(NULL);
}

static void a_second_item_of_the_same_key_is_refused(void **state)
{
	char first[] = "key", second[] = "key";
	struct rv_map map;

	(void)state;
	rv_map_init(&map, key_of, 1);
	assert_int_equal(rv_map_put(&map, first), RV_OK);
	assert_int_equal(rv_map_put(&map, second), RV_EEXISTS);
	assert_ptr_equal(rv_map_get(&map, rv_str("key")), first);
	assert_ptr_equal(rv_map_del(&map, rv_str("key")), first);
	assert_int_equal(rv_map_put(&map, second), RV_OK);
	assert_int_equal(map.count, 1);
	rv_map_deinit(&map);
	assert_int_equal(map.count, 0);
}

static void one_seed_gives_one_order(void **state)
{
	char items[64][8];
	struct rv_map a, b;
	size_t at_a = 0, at_b = 0;

	(void)state;
	rv_map_init(&a, key_of, 5);
	rv_map_init(&b, key_of, 5);
	for (unsigned i = 0; i < 64; i++) {
		snprintf(items[i], sizeof(items[i]), "%u", i);
		assert_int_equal(rv_map_put(&a, items[i]), RV_OK);
		assert_int_equal(rv_map_put(&b, items[i]), RV_OK);
	}
	for (unsigned i = 0; i <= 64; i++)
		assert_ptr_equal(rv_map_next(&a, &at_a), rv_map_next(&b, &at_b));
	rv_map_deinit(&a);
	rv_map_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_answers),
		cmocka_unit_test(a_second_item_of_the_same_key_is_refused),
		cmocka_unit_test(one_seed_gives_one_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
