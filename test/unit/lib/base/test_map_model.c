/* The map against an array of flags: the same random puts, gets and deletes on both. */
#include "test_seed.h"

#include "base/map.h"

enum { ITEMS = 2000, STEPS = 200000 };

struct item {
	char key[8];
	bool is_in; /* the model */
};

static struct item items[ITEMS];

static struct rv_str key_of(const void *p)
{
	return rv_str(((const struct item *)p)->key);
}

static void check_iteration(const struct rv_map *map, size_t count)
{
	const struct item *item;
	size_t seen = 0;

	for (size_t pos = 0; (item = rv_map_next(map, &pos)) != NULL;) {
		assert_true(item->is_in);
		seen++;
	}
	assert_int_equal(seen, count);
}

static void map_agrees_with_the_model(void **state)
{
	struct rv_map map;
	struct rv_rand r;
	size_t count = 0;

	(void)state;
	rv_rand_seed(&r, test_seed());
	rv_map_init(&map, key_of, rv_rand_u64(&r));
	for (unsigned i = 0; i < ITEMS; i++)
		snprintf(items[i].key, sizeof(items[i].key), "%u", i);
	for (unsigned step = 0; step < STEPS; step++) {
		/* Phases of growing and shrinking, so that long runs form and dissolve. */
		bool is_growing = step / (STEPS / 10) % 2 == 0;
		struct item *item = &items[rv_rand_below(&r, ITEMS)];
		struct rv_str key = key_of(item);

		assert_ptr_equal(rv_map_get(&map, key), item->is_in ? item : NULL);
		if (rv_rand_below(&r, 10) < (is_growing ? 7 : 3)) {
			assert_int_equal(rv_map_put(&map, item), item->is_in ? RV_EEXISTS : RV_OK);
			count += !item->is_in;
			item->is_in = true;
		} else {
			assert_ptr_equal(rv_map_del(&map, key), item->is_in ? item : NULL);
			count -= item->is_in;
			item->is_in = false;
		}
		assert_int_equal(map.count, count);
		if (step % 5000 == 0)
			check_iteration(&map, count);
	}
	rv_map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(map_agrees_with_the_model) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
