#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/virtual/config.h"

enum { SEED = 5, DEVICE = 7 };

/* A revision of that device that has `n` modules. */
static uint32_t revision_with(uint32_t n)
{
	uint32_t revision = 1;

	while (vw_config_modules(SEED, DEVICE, revision) != n)
		revision++;
	return revision;
}

static void put(struct vw_set *set, uint32_t device, uint32_t revision, uint32_t module,
		uint32_t id)
{
	struct rv_buf body = { 0 };

	vw_config_make(SEED, device, revision, module, &body);
	assert_true(vw_set_put(set, id, rv_buf_str(&body)));
	rv_buf_deinit(&body);
}

static void a_whole_config_is_known_by_its_revision(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= VW_MODULES_MAX; n++) {
		struct vw_set set = { 0 };
		uint32_t revision = revision_with(n), found = 0;

		for (uint32_t i = 0; i < n; i++)
			put(&set, DEVICE, revision, i, i);
		assert_int_equal(vw_set_judge(&set, SEED, DEVICE, &found), VW_WHOLE);
		assert_int_equal(found, revision);
		assert_int_equal(vw_set_judge(&set, SEED, DEVICE + 1, &found), VW_FOREIGN);
		assert_int_equal(vw_set_judge(&set, SEED + 1, DEVICE, &found), VW_FOREIGN);
		vw_set_clear(&set);
		assert_int_equal(vw_set_judge(&set, SEED, DEVICE, &found), VW_EMPTY);
	}
}

static void what_is_missing_mixed_or_changed_is_told(void **state)
{
	struct vw_set set = { 0 }, moved = { 0 };
	uint32_t revision = revision_with(2), other = revision + 1, found = 0;

	(void)state;
	while (vw_config_modules(SEED, DEVICE, other) != 2)
		other++;
	put(&set, DEVICE, revision, 0, 0); /* half */
	assert_int_equal(vw_set_judge(&set, SEED, DEVICE, &found), VW_BROKEN);
	put(&set, DEVICE, other, 1, 1); /* two halves */
	assert_int_equal(vw_set_judge(&set, SEED, DEVICE, &found), VW_BROKEN);
	put(&set, DEVICE, revision, 1, 1);
	assert_int_equal(vw_set_judge(&set, SEED, DEVICE, &found), VW_WHOLE);
	put(&set, DEVICE, revision, 1, 2); /* one twice */
	assert_int_equal(vw_set_judge(&set, SEED, DEVICE, &found), VW_BROKEN);
	vw_set_remove(&set, 2);
	vw_set_remove(&set, 3); /* not there: nothing */
	assert_int_equal(vw_set_judge(&set, SEED, DEVICE, &found), VW_WHOLE);
	vw_set_move(&moved, &set);
	assert_int_equal(set.count, 0);
	moved.pieces[0].body.ptr[moved.pieces[0].body.len - 1] ^= 1; /* one bit */
	assert_int_equal(vw_set_judge(&moved, SEED, DEVICE, &found), VW_BROKEN);
	vw_set_clear(&moved);
	put(&set, DEVICE + 1, revision, 0, 0);
	assert_int_equal(vw_set_judge(&set, SEED, DEVICE, &found), VW_FOREIGN);
	vw_set_clear(&set);
	assert_true(vw_set_put(&set, 0, RV_STR_LIT("hello")));
	assert_int_equal(vw_set_judge(&set, SEED, DEVICE, &found), VW_BROKEN);
	vw_set_clear(&set);
}

static void a_set_has_its_limit(void **state)
{
	struct vw_set set = { 0 };

	(void)state;
	for (uint32_t i = 0; i < VW_MODULES_MAX; i++)
		assert_true(vw_set_put(&set, i, RV_STR_LIT("x")));
	assert_false(vw_set_put(&set, VW_MODULES_MAX, RV_STR_LIT("x")));
	assert_true(vw_set_put(&set, 0, RV_STR_LIT("y")));
	vw_set_clear(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_config_is_known_by_its_revision),
		cmocka_unit_test(what_is_missing_mixed_or_changed_is_told),
		cmocka_unit_test(a_set_has_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
