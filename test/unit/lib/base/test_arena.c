#include "test_unit.h"

#include "base/arena.h"

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 4000, 100, 5000, 3, 100000, 8 };
	struct rv_arena a = { 0 };
	unsigned char *p[RV_ARRAY_LEN(sizes)];

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(sizes); i++) {
		p[i] = rv_arena_alloc(&a, sizes[i]);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[i][k], 0);
		memset(p[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < RV_ARRAY_LEN(sizes); i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[i][k], i + 1);
	rv_arena_deinit(&a);
	assert_int_equal(a.used, 0);
	assert_non_null(rv_arena_alloc(&a, 1)); /* usable again */
	rv_arena_wipe(&a);
	rv_arena_deinit(NULL);
	rv_arena_wipe(NULL);
}

static void the_limit_holds(void **state)
{
	struct rv_arena a;

	(void)state;
	rv_arena_init(&a, 64);
	assert_non_null(rv_arena_alloc(&a, 48));
	assert_null(rv_arena_alloc(&a, 17));
	assert_int_equal(a.used, 48);
	assert_non_null(rv_arena_alloc(&a, 16));
	assert_null(rv_arena_alloc(&a, 0));
	assert_null(rv_arena_copy(&a, "x", 1));
	assert_null(rv_arena_str(&a, rv_str("x")).ptr);
	assert_null(rv_arena_printf(&a, "x"));
	rv_arena_deinit(&a);
}

static void overflowing_sizes_are_refused(void **state)
{
	struct rv_arena a = { 0 };

	(void)state;
	assert_null(rv_arena_array(&a, SIZE_MAX / 2, 3));
	assert_null(rv_arena_alloc(&a, SIZE_MAX));
	assert_null(rv_arena_copy(&a, "", SIZE_MAX));
	assert_non_null(rv_arena_array(&a, 10, 10));
	rv_arena_deinit(&a);
}

static void copies_end_in_nul(void **state)
{
	struct rv_arena a = { 0 };
	struct rv_str s;

	(void)state;
	assert_string_equal(rv_arena_copy(&a, "abcd", 2), "ab");
	s = rv_arena_str(&a, rv_str("text"));
	assert_int_equal(s.len, 4);
	assert_string_equal(s.ptr, "text");
	s = rv_arena_str(&a, rv_str(NULL));
	assert_non_null(s.ptr);
	assert_int_equal(s.len, 0);
	assert_string_equal(rv_arena_printf(&a, "%s-%d", "x", 7), "x-7");
	rv_arena_deinit(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(overflowing_sizes_are_refused),
		cmocka_unit_test(copies_end_in_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
