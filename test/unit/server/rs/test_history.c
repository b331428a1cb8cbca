/* Which config was what when, holds, secrets: on a real store. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "server/rs/hold.h"

static struct rv_rs_pull_out pull(struct fixture *f, const char *trigger)
{
	struct rv_rs_pull_in in = pull_of(DID, "rs-key");
	struct rv_rs_pull_out out;

	in.trigger = rv_str(trigger);
	assert_int_equal(run_pull(f, &in, &out, NULL), RV_OK);
	return out;
}

/* The device asks for push methods: it has taken what it pulled. */
static void take(struct fixture *f)
{
	struct rv_str offered = S("https-tunnel");
	struct rv_rs_method_query_in in = {
		.distid = S(DID), .key = S("rs-key"), .methods = &offered, .methods_len = 1
	};
	struct rv_rs_method_query_out out;

	assert_int_equal(run_query(f, &in, &out), RV_OK);
	assert_int_equal(out.code, 100);
}

static void assert_delivers(const struct rv_rs_pull_out *out, const char *text)
{
	assert_int_equal(out->code, 100);
	assert_int_equal(out->modules_len, 1);
	assert_true(rv_str_is(out->modules[0].body, text));
}

static struct rv_pull last_pull(struct fixture *f)
{
	struct rv_pull_list_in in = { .has_limit = true, .limit = 1 };
	struct rv_pull_list_out out;

	assert_int_equal(run_op(f, "pull.list", &in, &out), RV_OK);
	assert_int_equal(out.pulls_len, 1);
	return out.pulls[0];
}

static struct rv_config_events_out events(struct fixture *f)
{
	struct rv_config_events_in in = { .distid = S(DID) };
	struct rv_config_events_out out;

	assert_int_equal(run_op(f, "config.events", &in, &out), RV_OK);
	return out;
}

static void assert_event(const struct rv_config_event *e, enum rv_config_kind kind,
			 enum rv_config_cause cause, int64_t version, int64_t previous,
			 const char *author)
{
	assert_int_equal(e->kind, kind);
	assert_int_equal(e->cause, cause);
	assert_int_equal(e->version, version);
	assert_int_equal(e->has_version, version != 0);
	assert_int_equal(e->previous, previous);
	assert_true(rv_str_is(e->author, author));
	assert_true(e->at > 0);
}

static struct rv_incident_list_out incidents(struct fixture *f)
{
	struct rv_incident_list_in in = { 0 };
	struct rv_incident_list_out out;

	assert_int_equal(run_op(f, "incident.list", &in, &out), RV_OK);
	return out;
}

static void every_change_is_logged_with_who_and_what_it_was(void **state)
{
	struct fixture *f = *state;
	struct rv_config_apply_in apply = { .distid = S(DID) };
	struct rv_config_apply_out applied;

	make_device(f, DID);
	int64_t a = give_text(f, DID, RV_CONFIG_KIND_STARTUP, "a").id;
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "a"); /* no change */
	pull(f, "power on boot");
	take(f);
	take(f); /* nor this */
	int64_t b = give_text(f, DID, RV_CONFIG_KIND_WORKING, "b").id;
	assert_int_equal(run_op(f, "config.apply", &apply, &applied), RV_OK);
	struct rv_config_events_out log = events(f);
	assert_int_equal(log.events_len, 4);
	assert_event(&log.events[3], RV_CONFIG_KIND_STARTUP, RV_CONFIG_CAUSE_SET, a, 0, "local");
	assert_event(&log.events[2], RV_CONFIG_KIND_RUNNING, RV_CONFIG_CAUSE_TAKEN, a, 0, "device");
	assert_event(&log.events[1], RV_CONFIG_KIND_WORKING, RV_CONFIG_CAUSE_SET, b, 0, "local");
	assert_event(&log.events[0], RV_CONFIG_KIND_STARTUP, RV_CONFIG_CAUSE_APPLIED, b, a,
		     "local");
}

static void a_deleted_device_leaves_its_history_to_its_distribution_id(void **state)
{
	struct fixture *f = *state;
	struct rv_device_delete_in del = { .distid = S(DID) };
	struct rv_device_delete_out deleted;
	struct rv_config_version_in old = { .distid = S(DID) };
	struct rv_config_version_out got;
	struct rv_config_history_in history = { .distid = S(DID) };
	struct rv_config_history_out versions;

	make_device(f, DID);
	old.version = give_text(f, DID, RV_CONFIG_KIND_STARTUP, "a").id;
	assert_int_equal(run_op(f, "device.delete", &del, &deleted), RV_OK);
	assert_event(&events(f).events[0], RV_CONFIG_KIND_STARTUP, RV_CONFIG_CAUSE_DELETED, 0,
		     old.version, "local");
	make_device(f, DID); /* another one under that name */
	int64_t new = give_text(f, DID, RV_CONFIG_KIND_STARTUP, "a").id;
	assert_int_not_equal(new, old.version);
	assert_int_equal(run_op(f, "config.history", &history, &versions), RV_OK);
	assert_int_equal(versions.versions_len, 2);
	assert_true(versions.versions[0].is_startup);
	assert_false(versions.versions[1].is_startup);
	assert_int_equal(run_op(f, "config.version", &old, &got), RV_OK);
	assert_true(rv_str_is(got.modules[0].body, "a"));
	old.distid = S(DID2);
	assert_int_equal(run_op(f, "config.version", &old, &got), RV_ENOTFOUND);
	assert_string_equal(f->diag.key, "device.unknown");
	old.distid = S(DID);
	old.version = 1;
	assert_int_equal(run_op(f, "config.version", &old, &got), RV_ENOTFOUND);
	assert_string_equal(f->diag.key, "config.no-version");
}

static void the_same_body_is_stored_once(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	char distid[RS_EPOCH_LEN + 8];

	if (fixture_is_postgresql())
		return; /* looks into the file */
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 40; i++) {
		snprintf(distid, sizeof(distid), "0001-0000-C0DE-0091-0000-0000-0000-%04X", i);
		make_device(f, distid);
		give_text(f, distid, RV_CONFIG_KIND_STARTUP, text);
	}
	fixture_reopen(f, NULL); /* the log is written back */
	struct rv_buf file = { 0 };
	char path[128];
	snprintf(path, sizeof(path), "%s/rs.db", f->dir);
	assert_int_equal(rv_buf_read_file(&file, path, 1 << 24), RV_OK);
	size_t found = 0;
	for (size_t i = 0; i + 2048 < file.len; i++) {
		if (file.ptr[i] == 'x' && memcmp(file.ptr + i, text, 2048) == 0) {
			found++;
			i += 2047;
		}
	}
	rv_buf_deinit(&file);
	assert_in_range(found, 1, 2); /* one body of 4095 bytes, whole or in two pages */
}

static void two_configs_are_compared_module_by_module(void **state)
{
	struct fixture *f = *state;
	struct rv_module one[] = {
		{ .id = 1, .version = S("1"), .has_config = true, .body = S("a\nb\n") },
		{ .id = 2, .has_config = true, .is_binary = true, .body = S("\0") },
		{ .id = 3, .has_config = true, .body = S("same") },
	};
	struct rv_module two[] = {
		{ .id = 3, .has_config = true, .body = S("same") },
		{ .id = 1, .version = S("2"), .has_config = true, .body = S("a\nc\n") },
		{ .id = 4, .has_config = true, .body = S("new\n") },
	};
	struct rv_config_set_in set = {
		.distid = S(DID), .kind = RV_CONFIG_KIND_STARTUP, .modules = one, .modules_len = 3
	};
	struct rv_config_set_out done;
	struct rv_config_diff_in in = { .distid = S(DID) };
	struct rv_config_diff_out out;

	make_device(f, DID);
	assert_int_equal(run_op(f, "config.set", &set, &done), RV_OK);
	assert_int_equal(run_op(f, "config.diff", &in, &out), RV_ENOTFOUND); /* no draft yet */
	set.kind = RV_CONFIG_KIND_WORKING;
	set.modules = two;
	assert_int_equal(run_op(f, "config.set", &set, &done), RV_OK);
	assert_int_equal(run_op(f, "config.diff", &in, &out), RV_OK);
	assert_int_equal(out.modules_len, 3);
	const struct rv_module_diff *d = out.modules;
	assert_int_equal(d[0].id, 1);
	assert_int_equal(d[0].change, RV_MODULE_CHANGE_CHANGED);
	assert_true(rv_str_is(d[0].version_from, "1") && rv_str_is(d[0].version_to, "2"));
	assert_int_equal(d[0].position_from, 1);
	assert_int_equal(d[0].position_to, 2);
	assert_true(d[0].has_diff);
	assert_true(rv_str_is(d[0].diff, "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"));
	assert_int_equal(d[0].sha256_from.len, 64);
	assert_int_equal(d[1].id, 4);
	assert_int_equal(d[1].change, RV_MODULE_CHANGE_ADDED);
	assert_int_equal(d[1].position_from, 0);
	assert_true(rv_str_is(d[1].diff, "@@ -0,0 +1,1 @@\n+new\n"));
	assert_int_equal(d[2].id, 2);
	assert_int_equal(d[2].change, RV_MODULE_CHANGE_REMOVED);
	assert_true(d[2].is_binary);
	assert_false(d[2].has_diff);
	assert_int_equal(d[2].size_from, 1);
	in.is_all = true;
	in.from = S("working");
	in.has_from = true;
	assert_int_equal(run_op(f, "config.diff", &in, &out), RV_OK); /* with itself */
	assert_int_equal(out.modules_len, 3);
	assert_int_equal(out.modules[0].change, RV_MODULE_CHANGE_SAME);
	in.from = S("yesterday");
	assert_int_equal(run_op(f, "config.diff", &in, &out), RV_EINVALID);
	assert_string_equal(f->diag.where, "from");
}

/* -- refusals ------------------------------------------------------------------------------- */

static void a_refused_config_is_held_and_what_ran_is_served(void **state)
{
	struct fixture *f = *state;

	make_device(f, DID);
	int64_t good = give_text(f, DID, RV_CONFIG_KIND_STARTUP, "good").id;
	struct rv_rs_pull_out out = pull(f, "power on boot");
	take(f);
	int64_t bad = give_text(f, DID, RV_CONFIG_KIND_STARTUP, "bad").id;
	out = pull(f, "power on boot");
	for (int i = 0; i < 2; i++) {
		out = pull(f, "invalid config");
		assert_delivers(&out, "bad");
	}
	assert_int_equal(incidents(f).incidents_len, 0);
	out = pull(f, "invalid config"); /* the third refusal */
	assert_delivers(&out, "good");
	assert_int_equal(last_pull(f).outcome, RV_PULL_OUTCOME_FALLBACK);
	assert_int_equal(last_pull(f).config, good);
	take(f);

	struct rv_incident held = incidents(f).incidents[0];
	assert_int_equal(held.kind, RV_INCIDENT_KIND_CONFIG_HELD);
	assert_true(rv_str_is(held.subject, DID));
	assert_true(rv_str_is(held.detail, "invalid config; EdgeBox; 2.4"));
	char id[RV_ID_TEXT_MAX + 1];
	rv_id_format(bad, "cfg", id);
	assert_true(rv_str_is(held.parameters[0].value, id));
	assert_true(rv_str_is(held.parameters[1].value, "1"));
	assert_true(rv_str_is(held.parameters[2].value, "3"));
	rv_id_format(good, "cfg", id);
	assert_true(rv_str_is(held.parameters[3].value, id));
	assert_event(&events(f).events[0], RV_CONFIG_KIND_STARTUP, RV_CONFIG_CAUSE_HELD, bad, bad,
		     "reeve");
	struct rv_device_get_in get = { .distid = S(DID) };
	struct rv_device_get_out device;
	assert_int_equal(run_op(f, "device.get", &get, &device), RV_OK);
	assert_int_equal(device.device.state, RV_DEVICE_STATE_HELD);

	out = pull(f, "power on boot"); /* held still, also for a device that starts anew */
	assert_delivers(&out, "good");
	take(f);
	fixture_reopen(f, NULL);
	out = pull(f, "power on boot");
	assert_delivers(&out, "good");
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "bad"); /* the same content: no change */
	out = pull(f, "power on boot");
	assert_delivers(&out, "good");
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "better");
	assert_int_equal(incidents(f).incidents_len, 0);
	out = pull(f, "power on boot");
	assert_delivers(&out, "better");
}

static void without_one_that_ran_the_device_waits(void **state)
{
	struct fixture *f = *state;
	struct rv_config_retry_in retry = { .distid = S(DID) };
	struct rv_config_retry_out retried;

	fixture_reopen(f, "rs { config_refusals_max = 1 }\n");
	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "bad");
	struct rv_rs_pull_out out = pull(f, "power on boot");
	assert_delivers(&out, "bad");
	for (int i = 0; i < 3; i++) {
		out = pull(f, "invalid config");
		assert_int_equal(out.code, 421); /* ask again later: 300..499 */
		assert_int_equal(out.modules_len, 0);
		assert_int_equal(last_pull(f).outcome, RV_PULL_OUTCOME_HELD);
		assert_false(last_pull(f).has_config);
	}
	assert_int_equal(incidents(f).incidents[0].count, 3);
	assert_int_equal(run_op(f, "config.retry", &retry, &retried), RV_OK);
	assert_int_equal(incidents(f).incidents_len, 0);
	assert_int_equal(events(f).events[0].cause, RV_CONFIG_CAUSE_RETRIED);
	out = pull(f, "invalid config"); /* the trigger stands, but nothing was delivered before */
	assert_delivers(&out, "bad");
	take(f); /* and now it likes it */
	out = pull(f, "invalid config");
	assert_delivers(&out, "bad");
	retry.distid = S(DID2);
	assert_int_equal(run_op(f, "config.retry", &retry, &retried), RV_ENOTFOUND);
}

static void the_policy_may_be_to_hold_or_to_do_nothing(void **state)
{
	struct fixture *f = *state;

	fixture_reopen(f, "rs { config_refusals_max = 1\n config_fallback = hold }\n");
	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "good");
	pull(f, "power on boot");
	take(f);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "bad");
	pull(f, "power on boot");
	assert_int_equal(pull(f, "invalid config").code, 421);
	fixture_reopen(f, "rs { config_refusals_max = 0 }\n");
	for (int i = 0; i < 5; i++) {
		struct rv_rs_pull_out out = pull(f, "invalid config");
		assert_delivers(&out, "bad");
	}
}

static void a_device_that_pulls_and_pulls_is_told_of(void **state)
{
	struct fixture *f = *state;

	fixture_reopen(f, "rs { pull_loop_max = 3\n pull_loop_window = 1h }\n");
	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "a");
	pull(f, "power on boot");
	pull(f, "power on boot");
	assert_int_equal(incidents(f).incidents_len, 0);
	pull(f, "power on boot");
	assert_int_equal(incidents(f).incidents_len, 1);
	assert_int_equal(incidents(f).incidents[0].kind, RV_INCIDENT_KIND_PULL_LOOP);
	assert_true(rv_str_is(incidents(f).incidents[0].parameters[0].value, "3"));
	struct rv_rs_pull_out out = pull(f, "power on boot"); /* only told of */
	assert_delivers(&out, "a");
	assert_int_equal(incidents(f).incidents[0].count, 2);
	fixture_reopen(f, "rs { pull_loop_max = 0 }\n");
	pull(f, "power on boot");
	assert_int_equal(incidents(f).incidents_len, 0);
}

static int survey_later(struct rs_ctx *ctx, void *arg)
{
	ctx->now_us += *(const int64_t *)arg;
	return rs_hold_survey(ctx);
}

static void a_loop_is_over_when_the_device_is_silent_for_a_window(void **state)
{
	struct fixture *f = *state;
	int64_t minute = 60 * RV_US_PER_SEC, hours = 61 * minute;

	fixture_reopen(f, "rs { pull_loop_max = 2\n pull_loop_window = 1h }\n");
	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "a");
	pull(f, "power on boot");
	pull(f, "power on boot");
	assert_int_equal(incidents(f).incidents_len, 1);
	assert_int_equal(run_tx(f, survey_later, &minute), RV_OK);
	assert_int_equal(incidents(f).incidents_len, 1);
	assert_int_equal(run_tx(f, survey_later, &hours), RV_OK);
	assert_int_equal(incidents(f).incidents_len, 0);
}

/* -- secrets -------------------------------------------------------------------------------- */

static int set_secret(struct fixture *f, const char *name, const char *value)
{
	struct rv_secret_set_in in = { .name = rv_str(name), .value = rv_str(value) };
	struct rv_secret_set_out out;

	return run_op(f, "secret.set", &in, &out);
}

static int give_module(struct fixture *f, const char *text, bool uses_secrets)
{
	struct rv_module module = {
		.id = 1, .has_config = true, .uses_secrets = uses_secrets, .body = rv_str(text)
	};
	struct rv_config_set_in in = { .distid = S(DID),
				       .kind = RV_CONFIG_KIND_STARTUP,
				       .modules = &module,
				       .modules_len = 1 };
	struct rv_config_set_out out;

	return run_op(f, "config.set", &in, &out);
}

static struct rv_secret_list_out secrets(struct fixture *f)
{
	struct rv_secret_list_in in = { 0 };
	struct rv_secret_list_out out;

	assert_int_equal(run_op(f, "secret.list", &in, &out), RV_OK);
	return out;
}

static void a_device_gets_the_value_and_everybody_else_the_reference(void **state)
{
	struct fixture *f = *state;
	static const char body[] = "password ${secret:ppp}\necho $${x}\n";
	struct rv_config_get_in get = { .distid = S(DID), .kind = RV_CONFIG_KIND_STARTUP };
	struct rv_config_get_out got;

	make_device(f, DID);
	assert_int_equal(give_module(f, body, true), RV_EINVALID);
	assert_string_equal(f->diag.key, "config.no-secret");
	assert_string_equal(f->diag.where, "modules[0].body");
	assert_int_equal(set_secret(f, "ppp", "hunter2"), RV_OK);
	assert_int_equal(give_module(f, body, true), RV_OK);
	struct rv_rs_pull_out out = pull(f, "power on boot");
	assert_delivers(&out, "password hunter2\necho ${x}\n");
	assert_int_equal(run_op(f, "config.get", &get, &got), RV_OK);
	assert_true(rv_str_is(got.modules[0].body, body));
	assert_true(got.modules[0].uses_secrets);

	assert_int_equal(give_module(f, body, false), RV_OK); /* another config: as it is */
	out = pull(f, "power on boot");
	assert_delivers(&out, body);
	assert_int_equal(give_module(f, "${HOME}", true), RV_EINVALID);
	assert_string_equal(f->diag.key, "config.reference");
	assert_string_equal(f->diag.where, "modules[0].body");
}

static void a_past_pull_is_rebuilt_with_the_values_of_its_time(void **state)
{
	struct fixture *f = *state;
	struct rv_pull_get_in get = { 0 };
	struct rv_pull_get_out got;
	struct rv_pull_reveal_in reveal = { 0 };
	struct rv_pull_reveal_out revealed;

	make_device(f, DID);
	assert_int_equal(set_secret(f, "ppp", "one"), RV_OK);
	assert_int_equal(give_module(f, "p ${secret:ppp}", true), RV_OK);
	pull(f, "power on boot");
	reveal.id = get.id = last_pull(f).id;
	assert_int_equal(set_secret(f, "ppp", "two"), RV_OK);
	struct rv_rs_pull_out out = pull(f, "power on boot");
	assert_delivers(&out, "p two");
	assert_int_equal(secrets(f).secrets[0].versions, 2);
	assert_int_equal(give_module(f, "other", false), RV_OK);
	struct rv_secret_delete_in del = { .name = S("ppp") };
	struct rv_secret_delete_out deleted;
	assert_int_equal(run_op(f, "secret.delete", &del, &deleted), RV_OK);

	assert_int_equal(run_op(f, "pull.get", &get, &got), RV_OK);
	assert_true(rv_str_is(got.modules[0].body, "p ${secret:ppp}"));
	assert_int_equal(run_op(f, "pull.reveal", &reveal, &revealed), RV_OK);
	assert_true(rv_str_is(revealed.modules[0].body, "p one"));
	get.id = reveal.id = 1;
	assert_int_equal(run_op(f, "pull.get", &get, &got), RV_ENOTFOUND);
	assert_int_equal(run_op(f, "pull.reveal", &reveal, &revealed), RV_ENOTFOUND);
}

static void a_secret_in_use_is_not_deleted_and_a_bad_one_not_made(void **state)
{
	struct fixture *f = *state;
	struct rv_secret_delete_in del = { .name = S("ppp") };
	struct rv_secret_delete_out deleted;

	make_device(f, DID);
	assert_int_equal(set_secret(f, "a b", "x"), RV_EINVALID);
	assert_string_equal(f->diag.key, "secret.name");
	assert_int_equal(set_secret(f, "ppp", "caf\xc3\xa9"), RV_EINVALID);
	assert_string_equal(f->diag.key, "secret.value");
	assert_int_equal(run_op(f, "secret.delete", &del, &deleted), RV_ENOTFOUND);
	assert_int_equal(set_secret(f, "ppp", "x"), RV_OK);
	assert_int_equal(secrets(f).secrets[0].uses, 0);
	assert_int_equal(give_module(f, "${secret:ppp}", true), RV_OK);
	assert_int_equal(secrets(f).secrets[0].uses, 1);
	assert_int_equal(run_op(f, "secret.delete", &del, &deleted), RV_EBUSY);
	assert_string_equal(f->diag.key, "secret.used");
	assert_int_equal(give_module(f, "x", false), RV_OK);
	assert_int_equal(run_op(f, "secret.delete", &del, &deleted), RV_OK);
	assert_int_equal(secrets(f).secrets_len, 0);
}

static void a_value_is_sealed_in_the_store(void **state)
{
	struct fixture *f = *state;
	static const char value[] = "quite-a-secret-value";

	if (fixture_is_postgresql())
		return; /* looks into the file */
	assert_int_equal(set_secret(f, "ppp", value), RV_OK);
	fixture_reopen(f, NULL);
	assert_false(fixture_store_holds(f, value, strlen(value)));
	assert_true(fixture_store_holds(f, "ppp", 3)); /* so it is the right file */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_change_is_logged_with_who_and_what_it_was),
		TEST(a_deleted_device_leaves_its_history_to_its_distribution_id),
		TEST(the_same_body_is_stored_once),
		TEST(two_configs_are_compared_module_by_module),
		TEST(a_refused_config_is_held_and_what_ran_is_served),
		TEST(without_one_that_ran_the_device_waits),
		TEST(the_policy_may_be_to_hold_or_to_do_nothing),
		TEST(a_device_that_pulls_and_pulls_is_told_of),
		TEST(a_loop_is_over_when_the_device_is_silent_for_a_window),
		TEST(a_device_gets_the_value_and_everybody_else_the_reference),
		TEST(a_past_pull_is_rebuilt_with_the_values_of_its_time),
		TEST(a_secret_in_use_is_not_deleted_and_a_bad_one_not_made),
		TEST(a_value_is_sealed_in_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
