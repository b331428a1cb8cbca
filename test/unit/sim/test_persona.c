#include "test/unit/lib/base/test_unit.h"

#include "sim/persona.h"

static void number_and_seed_stand_in_the_id(void **state)
{
	struct sim_persona p;

	(void)state;
	sim_persona_make(0xABCD, 0x12345, &p);
	assert_string_equal(p.distid, "0001-0000-51B0-0080-0000-ABCD-0001-2345");
	assert_null(rv_distid_reserved_field(&p.id));
}

static void keys_differ_by_use_number_and_seed(void **state)
{
	struct sim_persona a, b, c, again;

	(void)state;
	sim_persona_make(1, 1, &a);
	sim_persona_make(1, 1, &again);
	sim_persona_make(1, 2, &b);
	sim_persona_make(2, 1, &c);
	assert_string_equal(a.ls_key, again.ls_key);
	assert_string_equal(a.rs_key, again.rs_key);
	assert_int_equal(strlen(a.ls_key), SIM_KEY_LEN);
	assert_string_not_equal(a.ls_key, a.rs_key);
	assert_string_not_equal(a.ls_key, b.ls_key);
	assert_string_not_equal(a.rs_key, c.rs_key);
}

static void a_config_is_judged_byte_by_byte(void **state)
{
	static const size_t sizes[] = { SIM_CONFIG_MIN, 1365, 4096 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(sizes); i++) {
		struct rv_buf config = { 0 };

		sim_config_make(7, 3, 1, sizes[i], &config);
		assert_int_equal(config.err, RV_OK);
		assert_int_equal(config.len, sizes[i]);
		assert_true(sim_config_is_right(7, 3, 1, rv_buf_str(&config)));
		assert_false(sim_config_is_right(8, 3, 1, rv_buf_str(&config)));
		assert_false(sim_config_is_right(7, 4, 1, rv_buf_str(&config)));
		assert_false(sim_config_is_right(7, 3, 2, rv_buf_str(&config)));
		assert_false(sim_config_is_right(7, 3, 1, rv_strn(config.ptr, config.len - 1)));
		config.ptr[config.len - 1] ^= 1;
		assert_false(sim_config_is_right(7, 3, 1, rv_buf_str(&config)));
		rv_buf_deinit(&config);
	}
}

static void an_operators_config_is_never_wrong(void **state)
{
	(void)state;
	assert_true(sim_config_is_right(1, 1, 1, rv_str("hostname x\n")));
	assert_true(sim_config_is_right(1, 1, 1, rv_str("")));
	assert_false(sim_config_is_right(1, 1, 1, rv_str("# reeve sim 1 1 1 20\n")));
}

static void configs_follow_each_other_in_a_buffer(void **state)
{
	struct rv_buf both = { 0 };

	(void)state;
	sim_config_make(1, 1, 0, 200, &both);
	sim_config_make(1, 1, 1, 300, &both);
	assert_int_equal(both.len, 500);
	assert_true(sim_config_is_right(1, 1, 1, rv_strn(both.ptr + 200, 300)));
	rv_buf_deinit(&both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_and_seed_stand_in_the_id),
		cmocka_unit_test(keys_differ_by_use_number_and_seed),
		cmocka_unit_test(a_config_is_judged_byte_by_byte),
		cmocka_unit_test(an_operators_config_is_never_wrong),
		cmocka_unit_test(configs_follow_each_other_in_a_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
