/* Operations on configs. */
#include "fixture.h"

#include <string.h>

static int set(struct fixture *f, enum rv_config_kind kind, struct rv_module *modules, size_t n,
	       struct rv_config_version *out)
{
	struct rv_config_set_in in = {
		.distid = S(DID), .kind = kind, .modules = modules, .modules_len = n
	};
	struct rv_config_set_out result;
	int err = run_op(f, "config.set", &in, &result);

	if (err == RV_OK && out != NULL)
		*out = result.version;
	return err;
}

static int get(struct fixture *f, enum rv_config_kind kind, struct rv_config_get_out *out)
{
	struct rv_config_get_in in = { .distid = S(DID), .kind = kind };

	return run_op(f, "config.get", &in, out);
}

static void what_was_set_is_what_is_there_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	struct rv_module modules[] = {
		{ .id = 9,
		  .version = S("3.2"),
		  .infostring = S("edge-os"),
		  .has_config = true,
		  .body = S("hostname x\r\n") },
		{ .id = 2, .has_config = true, .is_binary = true, .body = S("\0\xff\0") },
		{ .id = 4 },
		{ .id = 5, .has_config = true },
	};
	struct rv_config_version version = { 0 };
	struct rv_config_get_out out;

	make_device(f, DID);
	assert_int_equal(set(f, RV_CONFIG_KIND_STARTUP, modules, RV_ARRAY_LEN(modules), &version),
			 RV_OK);
	assert_int_equal(version.module_count, 4);
	assert_true(version.is_startup);
	assert_false(version.is_working);
	assert_true(rv_str_is(version.author, "local"));
	assert_int_equal(get(f, RV_CONFIG_KIND_STARTUP, &out), RV_OK);
	assert_int_equal(out.modules_len, 4);
	for (size_t i = 0; i < out.modules_len; i++)
		assert_true(rv_contract_equal(&rv_module_type, &modules[i], &out.modules[i]));
	assert_int_equal(get(f, RV_CONFIG_KIND_WORKING, &out), RV_ENOTFOUND);
	assert_string_equal(f->diag.key, "config.none");
}

static void the_same_content_is_the_same_version(void **state)
{
	struct fixture *f = *state;
	struct rv_config_history_in in = { .distid = S(DID) };
	struct rv_config_history_out history;

	make_device(f, DID);
	struct rv_config_version one = give_text(f, DID, RV_CONFIG_KIND_STARTUP, "a");
	struct rv_config_version two = give_text(f, DID, RV_CONFIG_KIND_STARTUP, "b");
	struct rv_config_version three = give_text(f, DID, RV_CONFIG_KIND_WORKING, "a");
	assert_int_not_equal(one.id, two.id);
	assert_int_equal(one.id, three.id);
	assert_int_equal(run_op(f, "config.history", &in, &history), RV_OK);
	assert_int_equal(history.versions_len, 2);
	assert_int_equal(history.versions[0].id, two.id); /* latest first */
	assert_true(history.versions[0].is_startup);
	assert_true(history.versions[1].is_working);
	in.before = two.id;
	in.has_before = true;
	assert_int_equal(run_op(f, "config.history", &in, &history), RV_OK);
	assert_int_equal(history.versions_len, 1);
}

static void a_refused_config_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct rv_module bad = { .id = 1, .has_config = true, .body = S("caf\xc3\xa9") };
	struct rv_module good = { .id = 1 };
	struct rv_config_get_out out;

	assert_int_equal(set(f, RV_CONFIG_KIND_STARTUP, &good, 1, NULL), RV_ENOTFOUND);
	make_device(f, DID);
	struct rv_config_version before = give_text(f, DID, RV_CONFIG_KIND_STARTUP, "a");
	assert_int_equal(set(f, RV_CONFIG_KIND_STARTUP, &bad, 1, NULL), RV_EINVALID);
	assert_string_equal(f->diag.where, "modules[0].body");
	assert_int_equal(set(f, RV_CONFIG_KIND_RUNNING, &good, 1, NULL), RV_EINVALID);
	assert_string_equal(f->diag.key, "config.running");
	assert_int_equal(get(f, RV_CONFIG_KIND_STARTUP, &out), RV_OK);
	assert_int_equal(out.version.id, before.id);
}

static void the_working_config_becomes_the_startup_config(void **state)
{
	struct fixture *f = *state;
	struct rv_config_apply_in in = { .distid = S(DID) };
	struct rv_config_apply_out out;

	make_device(f, DID);
	assert_int_equal(run_op(f, "config.apply", &in, &out), RV_ENOTFOUND);
	struct rv_config_version old = give_text(f, DID, RV_CONFIG_KIND_WORKING, "a");
	struct rv_config_version new = give_text(f, DID, RV_CONFIG_KIND_WORKING, "b");
	in.expect = old.id;
	in.has_expect = true;
	assert_int_equal(run_op(f, "config.apply", &in, &out), RV_ECONFLICT);
	in.expect = new.id;
	assert_int_equal(run_op(f, "config.apply", &in, &out), RV_OK);
	assert_true(out.version.is_startup);
	assert_int_equal(out.version.id, new.id);
}

static void a_startup_config_ends_the_wait_for_one(void **state)
{
	struct fixture *f = *state;
	struct rv_rs_pull_in pull = pull_of(DID, "rs-key");
	struct rv_rs_pull_out answer;
	struct rv_waiting_device waiting;

	make_device(f, DID);
	assert_int_equal(run_pull(f, &pull, &answer, NULL), RV_OK);
	assert_int_equal(answer.code, 421);
	assert_int_equal(count_waiting(f, &waiting), 1);
	assert_int_equal(waiting.reason, RV_WAITING_REASON_NO_CONFIG);
	assert_int_equal(waiting.server, RV_WAITING_DEVICE_SERVER_RS);
	give_text(f, DID, RV_CONFIG_KIND_WORKING, "a");
	assert_int_equal(count_waiting(f, NULL), 1); /* a draft is no config */
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "a");
	assert_int_equal(count_waiting(f, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_set_is_what_is_there_byte_for_byte,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_same_content_is_the_same_version, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(a_refused_config_changes_nothing, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(the_working_config_becomes_the_startup_config,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_startup_config_ends_the_wait_for_one,
						fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
