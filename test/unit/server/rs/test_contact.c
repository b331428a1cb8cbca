/* Pulls, method queries and notes: answered, recorded, waiting. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"

static struct rv_pull last_pull(struct fixture *f, const char *distid, size_t expected)
{
	struct rv_pull_list_in in = { .distid = rv_str(distid), .has_distid = true };
	struct rv_pull_list_out out;

	assert_int_equal(run_op(f, "pull.list", &in, &out), RV_OK);
	assert_int_equal(out.pulls_len, expected);
	return out.pulls[0];
}

static struct rv_device get_device(struct fixture *f)
{
	struct rv_device_get_out out;

	assert_int_equal(run_op(f, "device.get", &(struct rv_device_get_in){ S(DID) }, &out),
			 RV_OK);
	return out.device;
}

static void a_pull_delivers_exactly_the_startup_config_and_is_recorded(void **state)
{
	struct fixture *f = *state;
	struct rv_rs_pull_in in = pull_of(DID, "rs-key");
	struct rv_rs_pull_out out;
	struct rs_pull_extra extra;

	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_WORKING, "draft");
	struct rv_config_version startup = give_text(f, DID, RV_CONFIG_KIND_STARTUP, "real");
	assert_int_equal(run_pull(f, &in, &out, &extra), RV_OK);
	assert_int_equal(out.code, 100);
	assert_int_equal(out.modules_len, 1);
	assert_true(rv_str_is(out.modules[0].body, "real"));
	assert_int_equal(out.push_port, 10443);
	assert_int_equal(out.heartbeats_len, 1);
	assert_true(rv_str_is(out.heartbeats[0].host, "127.0.0.1"));
	assert_int_equal(out.heartbeats[0].port, 5115);
	assert_int_equal(out.heartbeats[0].interval, 300);
	assert_int_equal(out.heartbeats[0].passphrase.len, 32); /* one of its own, made with it */
	assert_int_equal(out.pull_urls_len, 1);
	assert_true(extra.wants_certificate);

	struct rv_pull pull = last_pull(f, DID, 1);
	assert_int_equal(pull.code, 100);
	assert_int_equal(pull.outcome, RV_PULL_OUTCOME_DELIVERED);
	assert_int_equal(pull.config, startup.id); /* so a pull of the past can be reproduced */
	assert_true(rv_str_is(pull.trigger, "power on boot"));
	assert_true(rv_str_is(pull.address, "192.0.2.7:4011"));
	assert_true(rv_str_is(pull.firmware, "2.4"));
	assert_true(rv_str_is(pull.protocol_version, "4.0"));
	assert_true(rv_str_is(pull.description, "EdgeBox"));

	struct rv_device device = get_device(f);
	assert_int_equal(device.state, RV_DEVICE_STATE_CONFIGURED);
	assert_true(device.has_last_contact_at);
	assert_true(rv_str_is(device.last_address, "192.0.2.7:4011"));
	assert_true(rv_str_is(device.firmware, "2.4"));
}

static const struct {
	const char *distid, *key, *message_distid;
	bool is_disabled, is_foreign, has_config;
	unsigned code;
	enum rv_pull_outcome outcome;
	int waiting; /* reason, or -1 */
	enum rv_device_state state;
} refusals[] = {
	{ STRANGER, "rs-key", STRANGER, false, false, true, 420, RV_PULL_OUTCOME_UNKNOWN,
	  RV_WAITING_REASON_UNKNOWN, RV_DEVICE_STATE_NEW },
	{ DID, "guess", DID, false, false, true, 403, RV_PULL_OUTCOME_WRONG_KEY,
	  RV_WAITING_REASON_WRONG_KEY, RV_DEVICE_STATE_NEW },
	{ DID, "rs-key", STRANGER, false, false, true, 423, RV_PULL_OUTCOME_ERROR, -1,
	  RV_DEVICE_STATE_FAILED },
	{ DID, "rs-key", DID, false, true, true, 416, RV_PULL_OUTCOME_OTHER_RS,
	  RV_WAITING_REASON_OTHER_RS, RV_DEVICE_STATE_FAILED },
	{ DID, "rs-key", DID, true, false, true, 404, RV_PULL_OUTCOME_DISABLED,
	  RV_WAITING_REASON_DISABLED, RV_DEVICE_STATE_FAILED },
	{ DID, "rs-key", DID, false, false, false, 421, RV_PULL_OUTCOME_NO_CONFIG,
	  RV_WAITING_REASON_NO_CONFIG, RV_DEVICE_STATE_WAITING },
};

static void every_refusal_is_recorded_delivers_nothing_and_shows_who_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(refusals); i++) {
		void *inner = NULL;
		struct rv_rs_pull_out out;
		struct rs_pull_extra extra;
		struct rv_waiting_device waiting;
		struct rv_device_update_out updated;

		assert_int_equal(fixture_setup(&inner), 0);
		struct fixture *f = inner;
		make_device(f, DID);
		if (refusals[i].has_config)
			give_text(f, DID, RV_CONFIG_KIND_STARTUP, "secret plans");
		struct rv_device_update_in update = { .distid = S(DID),
						      .is_enabled = !refusals[i].is_disabled,
						      .has_is_enabled = true,
						      .rs = S("elsewhere"),
						      .has_rs = refusals[i].is_foreign };
		assert_int_equal(run_op(f, "device.update", &update, &updated), RV_OK);
		struct rv_rs_pull_in in = pull_of(refusals[i].distid, refusals[i].key);
		in.message_distid = rv_str(refusals[i].message_distid);

		assert_int_equal(run_pull(f, &in, &out, &extra), RV_OK);
		assert_int_equal(out.code, refusals[i].code);
		assert_int_equal(out.modules_len, 0);
		assert_int_equal(out.heartbeats_len, 0);
		assert_int_equal(out.sa_private_key.len, 0);
		assert_false(extra.wants_certificate);
		struct rv_pull pull = last_pull(f, refusals[i].distid, 1);
		assert_int_equal(pull.outcome, refusals[i].outcome);
		assert_int_equal(pull.code, refusals[i].code);
		assert_false(pull.has_config);
		assert_int_equal(count_waiting(f, &waiting), refusals[i].waiting >= 0);
		if (refusals[i].waiting >= 0)
			assert_int_equal(waiting.reason, refusals[i].waiting);
		assert_int_equal(get_device(f).state, refusals[i].state);
		fixture_teardown(&inner);
	}
}

static void a_delivered_pull_ends_the_wait(void **state)
{
	struct fixture *f = *state;
	struct rv_rs_pull_in wrong = pull_of(DID, "typo"), right = pull_of(DID, "rs-key");
	struct rv_rs_pull_out out;
	struct rv_waiting_device waiting;

	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "x");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(run_pull(f, &wrong, &out, NULL), RV_OK);
	assert_int_equal(count_waiting(f, &waiting), 1);
	assert_int_equal(waiting.count, 3);
	assert_true(waiting.first_at <= waiting.last_at);
	assert_int_equal(run_pull(f, &right, &out, NULL), RV_OK);
	assert_int_equal(count_waiting(f, NULL), 0);
}

static void the_waiting_list_is_bounded_and_the_oldest_gives_way(void **state)
{
	struct fixture *f = *state;
	struct rv_waiting_device latest;

	fixture_reopen(f, "rs { waiting_max = 3 }\n");
	for (int i = 0; i < 5; i++) {
		char distid[40];
		snprintf(distid, sizeof(distid), "0001-0000-C0DE-0091-0000-0000-0000-%04X", i);
		struct rv_rs_waiting_note_in note = { .distid = rv_str(distid), .at = 1000 + i };
		assert_int_equal(run_note(f, &note), RV_OK);
	}
	assert_int_equal(count_waiting(f, &latest), 3);
	assert_true(rv_str_is(latest.distid, "0001-0000-C0DE-0091-0000-0000-0000-0004"));
	/* Calling again keeps one in. */
	struct rv_rs_waiting_note_in again = {
		.distid = S("0001-0000-C0DE-0091-0000-0000-0000-0002"), .at = 2000
	};
	assert_int_equal(run_note(f, &again), RV_OK);
	struct rv_rs_waiting_note_in other = { .distid = S(STRANGER), .at = 2001 };
	assert_int_equal(run_note(f, &other), RV_OK);
	struct rv_device_waiting_out list;
	assert_int_equal(run_op(f, "device.waiting", &(struct rv_device_waiting_in){ 0 }, &list),
			 RV_OK);
	assert_int_equal(list.devices_len, 3);
	assert_true(rv_str_is(list.devices[1].distid, "0001-0000-C0DE-0091-0000-0000-0000-0002"));
	assert_int_equal(list.devices[1].count, 2);
}

static void pulls_of_strangers_are_bounded_and_others_are_not(void **state)
{
	struct fixture *f = *state;
	struct rv_rs_pull_in stranger = pull_of(STRANGER, "x"), ours = pull_of(DID, "rs-key");
	struct rv_rs_pull_out out;
	struct rv_pull_list_in in = {
		.limit = 1000, .has_limit = true, .distid = S(STRANGER), .has_distid = true
	};
	struct rv_pull_list_out list;

	fixture_reopen(f, "rs { strangers_max = 10 }\n");
	make_device(f, DID);
	assert_int_equal(run_pull(f, &ours, &out, NULL), RV_OK);
	for (unsigned i = 0; i < RS_PULLS_TRIM_EVERY; i++)
		assert_int_equal(run_pull(f, &stranger, &out, NULL), RV_OK);
	assert_int_equal(run_op(f, "pull.list", &in, &list), RV_OK);
	assert_int_equal(list.pulls_len, 10);
	last_pull(f, DID, 1);
}

/* -- push-method-query ---------------------------------------------------------------------- */

static void a_query_makes_the_delivered_config_the_running_one(void **state)
{
	struct fixture *f = *state;
	struct rv_str methods[] = { S("https-simple"), S("https-tunnel") };
	struct rv_rs_method_query_in in = { .distid = S(DID),
					    .key = S("rs-key"),
					    .message_distid = S(DID),
					    .methods = methods,
					    .methods_len = 2,
					    .address = S("192.0.2.7:4012") };
	struct rv_rs_method_query_out out;
	struct rv_rs_pull_in pull = pull_of(DID, "rs-key");
	struct rv_rs_pull_out answer;
	struct rv_config_get_in get = { .distid = S(DID), .kind = RV_CONFIG_KIND_RUNNING };
	struct rv_config_get_out running;

	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "one");
	assert_int_equal(run_pull(f, &pull, &answer, NULL), RV_OK);
	assert_int_equal(run_op(f, "config.get", &get, &running), RV_ENOTFOUND);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "two"); /* after the pull: not what it runs */
	assert_int_equal(run_query(f, &in, &out), RV_OK);
	assert_int_equal(out.code, 100);
	assert_int_equal(out.methods_len, 2);
	assert_true(rv_str_is(out.methods[0], "https-tunnel"));
	assert_int_equal(out.tunnel_urls_len, 1);
	assert_int_equal(out.echo_interval, 60);
	assert_int_equal(run_op(f, "config.get", &get, &running), RV_OK);
	assert_true(rv_str_is(running.modules[0].body, "one"));
}

static void no_common_method_is_a_refusal_that_the_device_paces(void **state)
{
	struct fixture *f = *state;
	struct rv_str simple = S("https-simple");
	struct rv_rs_method_query_in in = {
		.distid = S(DID), .key = S("rs-key"), .methods = &simple, .methods_len = 1
	};
	struct rv_rs_method_query_out out;

	fixture_reopen(f, "rs { push_methods = {\"https-tunnel\"} }\n");
	make_device(f, DID);
	assert_int_equal(run_query(f, &in, &out), RV_OK);
	assert_int_equal(out.code, 416);
	assert_int_equal(out.methods_len, 0);
	in.key = S("guess");
	assert_int_equal(run_query(f, &in, &out), RV_OK);
	assert_int_equal(out.code, 403);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_pull_delivers_exactly_the_startup_config_and_is_recorded, fixture_setup,
			fixture_teardown),
		cmocka_unit_test(every_refusal_is_recorded_delivers_nothing_and_shows_who_waits),
		cmocka_unit_test_setup_teardown(a_delivered_pull_ends_the_wait, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(
			the_waiting_list_is_bounded_and_the_oldest_gives_way, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(pulls_of_strangers_are_bounded_and_others_are_not,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_query_makes_the_delivered_config_the_running_one,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(no_common_method_is_a_refusal_that_the_device_paces,
						fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
