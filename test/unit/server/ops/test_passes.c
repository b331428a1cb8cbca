#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "server/ops/passes.h"

static struct rv_str hash_of(unsigned char c)
{
	static unsigned char bytes[256][RV_PASS_HASH_LEN];

	memset(bytes[c], c, RV_PASS_HASH_LEN);
	return rv_strn(bytes[c], RV_PASS_HASH_LEN);
}

static void a_pass_is_for_one_token_one_right_and_a_minute(void **state)
{
	struct rv_passes passes = { 0 };

	(void)state;
	rv_passes_put(&passes, hash_of(1), "system.read", 10);
	assert_true(rv_passes_has(&passes, hash_of(1), "system.read", 10));
	assert_true(rv_passes_has(&passes, hash_of(1), "system.read", 9 + RV_PASS_US));
	assert_false(rv_passes_has(&passes, hash_of(1), "system.read", 10 + RV_PASS_US));
	assert_false(rv_passes_has(&passes, hash_of(2), "system.read", 10));
	assert_false(rv_passes_has(&passes, hash_of(1), "system.write", 10));
}

static void a_pass_can_be_renewed_and_taken_back(void **state)
{
	struct rv_passes passes = { 0 };

	(void)state;
	rv_passes_put(&passes, hash_of(1), "a", 10);
	rv_passes_put(&passes, hash_of(1), "a", 20);
	assert_true(rv_passes_has(&passes, hash_of(1), "a", 19 + RV_PASS_US));
	rv_passes_drop(&passes, hash_of(1), "b");
	rv_passes_drop(&passes, hash_of(2), "a");
	assert_true(rv_passes_has(&passes, hash_of(1), "a", 20));
	rv_passes_drop(&passes, hash_of(1), "a");
	assert_false(rv_passes_has(&passes, hash_of(1), "a", 20));
}

static void the_oldest_gives_way(void **state)
{
	struct rv_passes passes = { 0 };

	(void)state;
	for (unsigned i = 0; i <= RV_PASSES_MAX; i++)
		rv_passes_put(&passes, hash_of((unsigned char)i), "a", 1 + i);
	assert_false(rv_passes_has(&passes, hash_of(0), "a", 100));
	for (unsigned i = 1; i <= RV_PASSES_MAX; i++)
		assert_true(rv_passes_has(&passes, hash_of((unsigned char)i), "a", 100));
}

static void what_does_not_fit_is_not_kept(void **state)
{
	struct rv_passes passes = { 0 };
	char right[RV_PASS_RIGHT_MAX + 2];

	(void)state;
	memset(right, 'r', sizeof(right));
	right[RV_PASS_RIGHT_MAX + 1] = '\0';
	rv_passes_put(&passes, hash_of(1), right, 1);
	assert_false(rv_passes_has(&passes, hash_of(1), right, 1));
	rv_passes_put(&passes, rv_str_sub(hash_of(1), 0, 31), "a", 1);
	assert_false(rv_passes_has(&passes, rv_str_sub(hash_of(1), 0, 31), "a", 1));
	rv_passes_put(&passes, rv_str(NULL), "a", 1); /* no token at all */
	assert_false(rv_passes_has(&passes, rv_str(NULL), "a", 1));
	right[RV_PASS_RIGHT_MAX] = '\0';
	rv_passes_put(&passes, hash_of(1), right, 1);
	assert_true(rv_passes_has(&passes, hash_of(1), right, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pass_is_for_one_token_one_right_and_a_minute),
		cmocka_unit_test(a_pass_can_be_renewed_and_taken_back),
		cmocka_unit_test(the_oldest_gives_way),
		cmocka_unit_test(what_does_not_fit_is_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
