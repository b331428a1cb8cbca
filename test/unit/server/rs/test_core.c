/* Opening, the first start, authorisation, the feed, and that nothing secret lies about. */
#include "fixture.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log/log.h"

/* -- tokens --------------------------------------------------------------------------------- */

static const char *token_path(const struct fixture *f)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/admin-token.sha256", f->dir);
	return path;
}

static void write_token_file(const struct fixture *f, const char *text)
{
	FILE *file = fopen(token_path(f), "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Leave the hash of a token as `reeve` does at the first start, and open the store. */
static void import_token(struct fixture *f, uint8_t out_sum[static 32])
{
	static const char token[] = "rvt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	char hex[66];

	crypto_hash_sha256(out_sum, (const uint8_t *)token, strlen(token));
	sodium_bin2hex(hex, sizeof(hex), out_sum, 32);
	write_token_file(f, strcat(hex, "\n"));
	fixture_reopen(f, NULL);
}

static void the_token_of_the_first_start_opens_and_no_other_does(void **state)
{
	struct fixture *f = *state;
	uint8_t sum[32];
	struct rv_device_list_out out;
	struct rv_device_list_in in = { 0 };

	import_token(f, sum);
	assert_int_equal(access(token_path(f), F_OK), -1);
	assert_int_equal(run_op_as(f, "device.list", rv_strn(sum, 32), &in, &out), RV_OK);
	import_token(f, sum); /* twice: as after a crash before the file was removed */
	assert_int_equal(run_op_as(f, "device.list", rv_strn(sum, 32), &in, &out), RV_OK);
	sum[0] ^= 1;
	assert_int_equal(run_op_as(f, "device.list", rv_strn(sum, 32), &in, &out), RV_EAUTH);
	assert_int_equal(run_op_as(f, "device.list", S(""), &in, &out), RV_EAUTH);
}

static const struct {
	const char *text;
	int err;
} bad_token_files[] = {
	{ "", RV_ESYNTAX },
	{ "abcdef", RV_ESYNTAX }, /* too short */
	{ "rvt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", RV_ESYNTAX },
};

static void a_token_file_that_holds_no_hash_is_named_and_kept(void **state)
{
	struct fixture *f = *state;

	rv_rs_close(f->rs);
	f->rs = NULL;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_token_files); i++) {
		write_token_file(f, bad_token_files[i].text);
		assert_int_equal(fixture_try(f, "rs { }\n"), bad_token_files[i].err);
		assert_non_null(strstr(f->diag.text, "admin-token.sha256"));
		assert_int_equal(access(token_path(f), F_OK), 0);
	}
}

static void the_author_of_a_config_is_who_gave_it(void **state)
{
	struct fixture *f = *state;
	uint8_t sum[32];
	struct rv_config_set_in in = { .distid = S(DID), .kind = RV_CONFIG_KIND_WORKING };
	struct rv_config_set_out out;

	import_token(f, sum);
	make_device(f, DID);
	assert_int_equal(run_op_as(f, "config.set", rv_strn(sum, 32), &in, &out), RV_OK);
	assert_true(rv_str_is(out.version.author, "admin"));
}

static void what_is_no_operation_or_no_input_is_refused(void **state)
{
	struct fixture *f = *state;
	struct rv_rs_request request = { .op = S("device.explode"), .is_trusted = true };
	struct rv_buf reply = { 0 };

	assert_int_equal(rv_rs_op_run(f->rs, &request, &reply, &f->diag), RV_EUNSUPPORTED);
	request.op = S("device.get");
	request.body = S("\x01\xff\xff");
	assert_int_equal(rv_rs_op_run(f->rs, &request, &reply, &f->diag), RV_ESYNTAX);
	request.body = S("\x01");
	assert_int_equal(rv_rs_op_run(f->rs, &request, &reply, &f->diag), RV_EINVALID);
	rv_buf_deinit(&reply);
}

/* -- opening -------------------------------------------------------------------------------- */

static const struct {
	const char *conf;
	int err;
	const char *says;
} bad_confs[] = {
	{ "rs { lines = {\"modem\"} }\n", RV_EINVALID, "modem" },
	{ "rs { lines = {\"pppoe account=a\"} }\n", RV_EINVALID, "password" },
	{ "rs { pull_urls = {\"https://rs.example/\"} }\n", RV_EINVALID, NULL },
	{ "rs { heartbeat_servers = {\"hb.example:5115\"} }\n", RV_EINVALID, "hb.example:5115" },
	{ "rs { heartbeat_servers = {\"192.0.2.1\"} }\n", RV_EINVALID, "192.0.2.1" },
	{ "rs { heartbeat_servers = {\"192.0.2.1:0\"} }\n", RV_EINVALID, "192.0.2.1:0" },
	{ "rs { push_addresses = {\"rs.example\"} }\n", RV_EINVALID, "numeric address" },
	{ "rs { push_methods = {\"carrier-pigeon\"} }\n", RV_EINVALID, NULL },
	{ "rs { rs_retry_interval = \"0s\" }\n", RV_EINVALID, NULL },
	{ "ca { certificate = \"pki/none.crt\" }\n", -ENOENT, "pki init" },
};

static void a_wrong_config_is_named_and_nothing_is_opened(void **state)
{
	struct fixture *f = *state;

	fixture_close(f);
	fixture_lose_store(f);
	for (size_t i = 0; i < RV_ARRAY_LEN(bad_confs); i++) {
		assert_int_equal(fixture_try(f, bad_confs[i].conf), bad_confs[i].err);
		assert_null(f->rs);
		assert_int_not_equal(f->diag.text[0], '\0');
		if (bad_confs[i].says != NULL && strstr(f->diag.text, bad_confs[i].says) == NULL)
			fail_msg("no \"%s\" in \"%s\"", bad_confs[i].says, f->diag.text);
	}
}

static void settings_come_from_the_config(void **state)
{
	struct fixture *f = *state;
	const struct rs_settings *s;

	fixture_reopen(
		f,
		"rs { name = \"east\" heartbeat_servers = {\"[2001:db8::1]:99\", \"192.0.2.1:5\"}\n"
		"heartbeat_interval = \"1m\" tunnel_urls = {\"https://192.0.2.3:1/t\"} }\n");
	s = &f->rs->settings;
	assert_string_equal(s->name, "east");
	assert_int_equal(s->heartbeat_count, 2);
	assert_string_equal(s->heartbeats[0].host, "2001:db8::1");
	assert_int_equal(s->heartbeats[0].port, 99);
	assert_int_equal(s->heartbeat_interval_s, 60);
	assert_string_equal(s->tunnel_urls.items[0], "https://192.0.2.3:1/t");
	assert_string_equal(s->location_urls.items[0], s->pull_urls.items[0]);
}

/* -- the feed ------------------------------------------------------------------------------- */

static void the_feed_tells_each_thing_once_in_its_latest_form(void **state)
{
	struct fixture *f = *state;
	struct rv_rs_feed_out feed;
	struct rv_device_update_in update = { .distid = S(DID),
					      .is_enabled = false,
					      .has_is_enabled = true };
	struct rv_device_update_out updated;
	struct rv_device_delete_out deleted;

	assert_int_equal(run_feed(f, 0, 1000, &feed), RV_OK);
	assert_int_equal(feed.records_len, 1); /* the location "default" */
	uint64_t start = feed.cursor;
	make_device(f, DID);
	make_device(f, DID2);
	assert_int_equal(run_op(f, "device.update", &update, &updated), RV_OK);
	assert_int_equal(run_feed(f, start, 1000, &feed), RV_OK);
	assert_int_equal(feed.records_len, 2);
	assert_true(
		rv_str_is(feed.records[0].device.distid, DID2)); /* in order of the last change */
	assert_true(rv_str_is(feed.records[1].device.distid, DID));
	assert_false(feed.records[1].device.is_enabled);
	assert_true(rv_str_is(feed.records[1].device.rs_key, "rs-key"));
	uint64_t before_delete = feed.cursor;
	assert_int_equal(
		run_op(f, "device.delete", &(struct rv_device_delete_in){ S(DID) }, &deleted),
		RV_OK);
	assert_int_equal(run_feed(f, before_delete, 1000, &feed), RV_OK);
	assert_int_equal(feed.records_len, 1);
	assert_true(feed.records[0].is_deleted);
	assert_int_equal(run_feed(f, feed.cursor, 1000, &feed), RV_OK);
	assert_int_equal(feed.records_len, 0);
	assert_true(feed.cursor > before_delete); /* an empty page does not lose the place */
	assert_int_equal(run_feed(f, 0, 1000, &feed), RV_OK);
	assert_int_equal(feed.records_len, 2); /* a snapshot has no tombstones */
}

static void a_long_feed_comes_in_pages(void **state)
{
	struct fixture *f = *state;
	struct rv_rs_feed_out feed;

	make_device(f, DID);
	make_device(f, DID2);
	assert_int_equal(run_feed(f, 0, 2, &feed), RV_OK);
	assert_int_equal(feed.records_len, 2);
	assert_true(feed.has_more);
	assert_int_equal(run_feed(f, feed.cursor, 2, &feed), RV_OK);
	assert_int_equal(feed.records_len, 1);
	assert_false(feed.has_more);
}

static void a_store_made_anew_has_another_epoch(void **state)
{
	struct fixture *f = *state;
	char epoch[RS_EPOCH_LEN + 1];

	strcpy(epoch, f->rs->epoch);
	fixture_reopen(f, NULL);
	assert_string_equal(epoch, f->rs->epoch);
	fixture_close(f);
	fixture_lose_store(f);
	fixture_reopen(f, NULL);
	assert_string_not_equal(epoch, f->rs->epoch);
}

/* -- secrets -------------------------------------------------------------------------------- */

static void no_secret_stands_in_the_store_in_clear(void **state)
{
	static const char *const secrets[] = { "ls-secret-4711", "rs-secret-4712",
					       "hb-secret-4713" };
	struct fixture *f = *state;
	struct rv_device_create_in in = { .distid = S(DID),
					  .ls_key = rv_str(secrets[0]),
					  .rs_key = rv_str(secrets[1]),
					  .has_rs_key = true,
					  .heartbeat_key = rv_str(secrets[2]),
					  .has_heartbeat_key = true };
	struct rv_device_create_out out;

	if (fixture_is_postgresql()) {
		print_message("# not here: the store is no file; the boxes are the same\n");
		return;
	}
	assert_int_equal(run_op(f, "device.create", &in, &out), RV_OK);
	fixture_reopen(f, NULL);                      /* the log is merged into the file */
	assert_true(fixture_store_holds(f, DID, 39)); /* it is the right file */
	for (size_t i = 0; i < RV_ARRAY_LEN(secrets); i++)
		assert_false(fixture_store_holds(f, secrets[i], strlen(secrets[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_token_file_that_holds_no_hash_is_named_and_kept,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			the_token_of_the_first_start_opens_and_no_other_does, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(the_author_of_a_config_is_who_gave_it,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_is_no_operation_or_no_input_is_refused,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_wrong_config_is_named_and_nothing_is_opened,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(settings_come_from_the_config, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(the_feed_tells_each_thing_once_in_its_latest_form,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_long_feed_comes_in_pages, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(a_store_made_anew_has_another_epoch, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(no_secret_stands_in_the_store_in_clear,
						fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
