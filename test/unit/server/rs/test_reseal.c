/* Every secret of the store survives a rotation of the key. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "secret/keyfile.h"

static int do_step(struct rs_ctx *ctx, void *arg)
{
	struct rv_key_reseal_rs_out *out = arg;
	struct rv_key_reseal_rs_in in = { .is_first = out->number == 0, .limit = 2 };

	return rs_reseal(ctx, &in, out);
}

/* A whole pass; how many boxes it replaced. */
static uint64_t run_pass(struct fixture *f)
{
	struct rv_key_reseal_rs_out out = { 0 };
	uint64_t resealed = 0;

	while (!out.is_done) {
		assert_int_equal(run_tx(f, do_step, &out), RV_OK);
		resealed += out.resealed;
	}
	return resealed;
}

static void rotate(struct fixture *f, uint8_t expected)
{
	char path[128];
	uint8_t number;

	snprintf(path, sizeof(path), "%s/secret.key", f->dir);
	assert_int_equal(rv_keyfile_add(path, &number, NULL), RV_OK);
	assert_int_equal(number, expected);
	assert_true(run_pass(f) > 0);
	assert_int_equal(run_pass(f), 0); /* nothing is left */
	assert_int_equal(rv_keyfile_drop(path, NULL), RV_OK);
}

static void nothing_is_lost_with_the_old_key(void **state)
{
	struct fixture *f = *state;
	struct rv_secret_set_in secret = { .name = S("ppp"), .value = S("hunter2") };
	struct rv_secret_set_out set;
	struct rv_module module = {
		.id = 1, .has_config = true, .uses_secrets = true, .body = S("${secret:ppp}")
	};
	struct rv_config_set_in config = { .kind = RV_CONFIG_KIND_STARTUP,
					   .modules = &module,
					   .modules_len = 1 };
	struct rv_config_set_out given;
	static const char *const distids[] = { DID, DID2, STRANGER };

	assert_int_equal(run_op(f, "secret.set", &secret, &set), RV_OK);
	for (size_t i = 0; i < RV_ARRAY_LEN(distids); i++) {
		make_device(f, distids[i]);
		config.distid = rv_str(distids[i]);
		assert_int_equal(run_op(f, "config.set", &config, &given), RV_OK);
	}
	rotate(f, 2);
	fixture_reopen(f, NULL); /* knows the new key only */
	rotate(f, 3);
	fixture_reopen(f, NULL);
	for (size_t i = 0; i < RV_ARRAY_LEN(distids); i++) {
		struct rv_rs_pull_in in = pull_of(distids[i], "rs-key");
		struct rv_rs_pull_out out;

		assert_int_equal(run_pull(f, &in, &out, NULL), RV_OK);
		assert_int_equal(out.code, 100);
		assert_true(rv_str_is(out.modules[0].body, "hunter2"));
		assert_true(out.heartbeats[0].passphrase.len > 0);
	}
	struct rv_location_list_in list = { 0 };
	struct rv_location_list_out locations;
	assert_int_equal(run_op(f, "location.list", &list, &locations), RV_OK);
	assert_int_equal(locations.locations_len, 1);
}

/* What rs.db holds under any label must be in the list of columns. */
static void every_column_with_boxes_is_known(void **state)
{
	struct fixture *f = *state;
	char path[128];
	uint8_t number;

	make_device(f, DID);
	snprintf(path, sizeof(path), "%s/secret.key", f->dir);
	assert_int_equal(rv_keyfile_add(path, &number, NULL), RV_OK);
	/* Two keys of the device; the Location-Config "default" and its first version. */
	assert_int_equal(run_pass(f), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_lost_with_the_old_key, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(every_column_with_boxes_is_known, fixture_setup,
						fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
