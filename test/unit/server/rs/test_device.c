/* Operations on devices. */
#include "fixture.h"

#include <string.h>

static void a_new_device_is_complete_and_can_be_found(void **state)
{
	struct fixture *f = *state;
	struct rv_device made = make_device(f, "0001-0000-c0de-0091-0000-0000-00a1-b2c3");
	struct rv_device_get_in in = { .distid = S(DID) };
	struct rv_device_get_out out;

	assert_true(rv_str_is(made.distid, DID)); /* upper case, however it was written */
	assert_true(made.is_enabled);
	assert_true(rv_str_is(made.location, "default"));
	assert_true(rv_str_is(made.rs, "main"));
	assert_int_equal(made.state, RV_DEVICE_STATE_NEW);
	assert_false(made.has_startup);
	assert_false(made.has_last_contact_at);
	assert_false(made.has_certificate_expires_at);
	assert_int_equal(run_op(f, "device.get", &in, &out), RV_OK);
	assert_true(rv_contract_equal(&rv_device_type, &made, &out.device));
}

static const struct {
	struct rv_device_create_in in;
	int err;
	const char *key, *where;
} bad_creates[] = {
	{ { .distid = S("0001-0000-C0DE-0091-0000-0000-00A1-B2CX"), .ls_key = S("k") },
	  RV_EINVALID,
	  "device.distid",
	  "distid" },
	{ { .distid = S("0001"), .ls_key = S("k") }, RV_EINVALID, NULL, NULL },
	{ { .distid = S(DID), .ls_key = S("") }, RV_EINVALID, NULL, NULL },
	{ { .distid = S(DID), .ls_key = S("k\x01") },
	  RV_EINVALID,
	  "device.not-printable",
	  "ls_key" },
	{ { .distid = S(DID), .ls_key = S("\xc3\xa9") },
	  RV_EINVALID,
	  "device.not-printable",
	  "ls_key" },
	{ { .distid = S(DID), .ls_key = S("k"), .rs_key = S("\t"), .has_rs_key = true },
	  RV_EINVALID,
	  "device.not-printable",
	  "rs_key" },
	{ { .distid = S(DID),
	    .ls_key = S("k"),
	    .heartbeat_key = S("\n"),
	    .has_heartbeat_key = true },
	  RV_EINVALID,
	  "device.not-printable",
	  "heartbeat_key" },
	{ { .distid = S(DID), .ls_key = S("k"), .rs = S("\x7f"), .has_rs = true },
	  RV_EINVALID,
	  "device.not-printable",
	  "rs" },
	{ { .distid = S(DID), .ls_key = S("k"), .location = S("nowhere"), .has_location = true },
	  RV_ENOTFOUND,
	  "location.unknown",
	  "location" },
	{ { .distid = S(DID),
	    .ls_key = S("k"),
	    .certificate_pem = S("x"),
	    .has_certificate_pem = true },
	  RV_EINVALID,
	  "device.pair",
	  "private_key_pem" },
	{ { .distid = S(DID),
	    .ls_key = S("k"),
	    .private_key_pem = S("x"),
	    .has_private_key_pem = true },
	  RV_EINVALID,
	  "device.pair",
	  "certificate_pem" },
	{ { .distid = S(DID),
	    .ls_key = S("k"),
	    .certificate_pem = S("  -----BEGIN CERTIFICATE-----\n"),
	    .has_certificate_pem = true,
	    .private_key_pem = S("-----BEGIN"),
	    .has_private_key_pem = true },
	  RV_EINVALID,
	  "device.pem",
	  "certificate_pem" },
	{ { .distid = S(DID),
	    .ls_key = S("k"),
	    .certificate_pem = S("-----BEGIN \xc3\xa9"),
	    .has_certificate_pem = true,
	    .private_key_pem = S("-----BEGIN"),
	    .has_private_key_pem = true },
	  RV_EINVALID,
	  "device.pem",
	  "certificate_pem" },
	{ { .distid = S(DID),
	    .ls_key = S("k"),
	    .certificate_pem = S("\n-----BEGIN nonsense"),
	    .has_certificate_pem = true,
	    .private_key_pem = S("-----BEGIN"),
	    .has_private_key_pem = true },
	  RV_EINVALID,
	  NULL,
	  NULL },
};

static void a_bad_device_is_refused_with_the_field_and_nothing_is_kept(void **state)
{
	struct fixture *f = *state;
	struct rv_device_list_out list;

	for (size_t i = 0; i < RV_ARRAY_LEN(bad_creates); i++) {
		struct rv_device_create_out out;
		assert_int_equal(run_op(f, "device.create", &bad_creates[i].in, &out),
				 bad_creates[i].err);
		if (bad_creates[i].key != NULL)
			assert_string_equal(f->diag.key, bad_creates[i].key);
		if (bad_creates[i].where != NULL)
			assert_string_equal(f->diag.where, bad_creates[i].where);
	}
	assert_int_equal(run_op(f, "device.list", &(struct rv_device_list_in){ 0 }, &list), RV_OK);
	assert_int_equal(list.devices_len, 0);
}

static void the_same_device_twice_is_refused(void **state)
{
	struct fixture *f = *state;
	struct rv_device_create_in in = { .distid = S(DID), .ls_key = S("other") };
	struct rv_device_create_out out;

	make_device(f, DID);
	assert_int_equal(run_op(f, "device.create", &in, &out), RV_EEXISTS);
	assert_string_equal(f->diag.key, "device.exists");
}

static void an_operator_may_bring_certificate_and_key(void **state)
{
	struct fixture *f = *state;
	struct rv_device_create_in in = { .distid = S(DID),
					  .ls_key = S("k"),
					  .certificate_pem = rv_str(fixture_file(f, "pki/rs.crt")),
					  .has_certificate_pem = true,
					  .private_key_pem = rv_str(fixture_file(f, "pki/rs.key")),
					  .has_private_key_pem = true };
	struct rv_device_create_out out;

	assert_int_equal(run_op(f, "device.create", &in, &out), RV_OK);
	assert_true(out.device.has_certificate_expires_at);
	in.distid = S(DID2);
	in.private_key_pem = rv_str(fixture_file(f, "pki/ls.key"));
	assert_int_equal(run_op(f, "device.create", &in, &out), RV_EINVALID);
}

static void a_list_comes_in_pages_in_order(void **state)
{
	struct fixture *f = *state;
	struct rv_device_list_in in = { .limit = 1, .has_limit = true };
	struct rv_device_list_out out;

	make_device(f, DID2);
	make_device(f, DID);
	assert_int_equal(run_op(f, "device.list", &in, &out), RV_OK);
	assert_int_equal(out.devices_len, 1);
	assert_true(rv_str_is(out.devices[0].distid, DID));
	assert_true(rv_str_is(out.next, DID));
	in.after = out.next;
	in.has_after = true;
	assert_int_equal(run_op(f, "device.list", &in, &out), RV_OK);
	assert_int_equal(out.devices_len, 1);
	assert_true(rv_str_is(out.devices[0].distid, DID2));
	assert_int_equal(out.next.len, 0);
	in.limit = 0;
	assert_int_equal(run_op(f, "device.list", &in, &out), RV_EINVALID);
}

static void an_update_changes_what_is_given_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct rv_device_update_in in = { .distid = S(DID),
					  .is_enabled = false,
					  .has_is_enabled = true,
					  .rs_key = S("new"),
					  .has_rs_key = true };
	struct rv_device_update_out out;
	struct rv_rs_pull_in pull = pull_of(DID, "new");
	struct rv_rs_pull_out answer;

	make_device(f, DID);
	assert_int_equal(run_op(f, "device.update", &in, &out), RV_OK);
	assert_false(out.device.is_enabled);
	assert_true(rv_str_is(out.device.location, "default"));
	assert_int_equal(run_pull(f, &pull, &answer, NULL), RV_OK);
	assert_int_equal(answer.code, 404); /* the new key is right, the device disabled */
	in = (struct rv_device_update_in){ .distid = S(DID),
					   .location = S("x"),
					   .has_location = true };
	assert_int_equal(run_op(f, "device.update", &in, &out), RV_ENOTFOUND);
	in = (struct rv_device_update_in){ .distid = S(DID),
					   .ls_key = S("\x80"),
					   .has_ls_key = true };
	assert_int_equal(run_op(f, "device.update", &in, &out), RV_EINVALID);
	in = (struct rv_device_update_in){ .distid = S(DID2) };
	assert_int_equal(run_op(f, "device.update", &in, &out), RV_ENOTFOUND);
}

static void a_deleted_device_is_unknown_but_its_pulls_remain(void **state)
{
	struct fixture *f = *state;
	struct rv_device_delete_in in = { .distid = S(DID) };
	struct rv_device_delete_out out;
	struct rv_pull_list_in pulls_in = { .distid = S(DID), .has_distid = true };
	struct rv_pull_list_out pulls;
	struct rv_rs_pull_in pull = pull_of(DID, "rs-key");
	struct rv_rs_pull_out answer;

	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "x");
	assert_int_equal(run_pull(f, &pull, &answer, NULL), RV_OK);
	assert_int_equal(answer.code, 100);
	assert_int_equal(run_op(f, "device.delete", &in, &out), RV_OK);
	assert_int_equal(run_op(f, "device.delete", &in, &out), RV_ENOTFOUND);
	assert_int_equal(run_pull(f, &pull, &answer, NULL), RV_OK);
	assert_int_equal(answer.code, 420);
	assert_int_equal(run_op(f, "pull.list", &pulls_in, &pulls), RV_OK);
	assert_int_equal(pulls.pulls_len, 2);
	make_device(f, DID); /* and may come back */
}

/* -- claiming ------------------------------------------------------------------------------- */

static void call_ls(struct fixture *f, const char *key, uint8_t mac[static RV_SECRET_MAC_LEN])
{
	rv_secret_mac(f->rs->secret, S(STRANGER), rv_str(key), mac);
	struct rv_rs_waiting_note_in note = { .distid = S(STRANGER),
					      .reason = RV_WAITING_REASON_UNKNOWN,
					      .address = S("192.0.2.9:1"),
					      .description = S("box"),
					      .key_mac = rv_strn(mac, RV_SECRET_MAC_LEN),
					      .at = 7 };
	assert_int_equal(run_note(f, &note), RV_OK);
}

static struct rv_feed_device fed(struct fixture *f, const char *distid)
{
	struct rv_rs_feed_out feed;

	assert_int_equal(run_feed(f, 0, 1000, &feed), RV_OK);
	for (size_t i = 0; i < feed.records_len; i++) {
		if (feed.records[i].has_device && rv_str_is(feed.records[i].device.distid, distid))
			return feed.records[i].device;
	}
	fail_msg("%s is not in the feed", distid);
	return (struct rv_feed_device){ 0 };
}

static void a_claim_trusts_the_key_presented_and_ends_the_wait(void **state)
{
	struct fixture *f = *state;
	uint8_t mac[RV_SECRET_MAC_LEN];
	struct rv_waiting_device waiting;
	struct rv_device_claim_in in = { .distid = S(STRANGER) };
	struct rv_device_claim_out out;

	call_ls(f, "on-the-label", mac);
	assert_int_equal(count_waiting(f, &waiting), 1);
	in.key_print = waiting.key_print;
	in.has_key_print = true;
	struct rv_module module = { .id = 1, .has_config = true, .body = S("x") };
	in.modules = &module;
	in.modules_len = 1;
	assert_int_equal(run_op(f, "device.claim", &in, &out), RV_OK);
	assert_true(out.device.has_startup);
	assert_int_equal(count_waiting(f, NULL), 0);
	assert_memory_equal(fed(f, STRANGER).ls_key_mac.ptr, mac, sizeof(mac));
}

static void a_claim_may_name_the_key_itself(void **state)
{
	struct fixture *f = *state;
	uint8_t mac[RV_SECRET_MAC_LEN], named[RV_SECRET_MAC_LEN];
	struct rv_device_claim_in in = { .distid = S(STRANGER),
					 .ls_key = S("named"),
					 .has_ls_key = true };
	struct rv_device_claim_out out;

	call_ls(f, "presented", mac);
	assert_int_equal(run_op(f, "device.claim", &in, &out), RV_OK);
	rv_secret_mac(f->rs->secret, S(STRANGER), S("named"), named);
	assert_memory_equal(fed(f, STRANGER).ls_key_mac.ptr, named, sizeof(named));
}

static void a_claim_is_refused_when_something_does_not_fit(void **state)
{
	struct fixture *f = *state;
	uint8_t mac[RV_SECRET_MAC_LEN];
	struct rv_device_claim_in in = { .distid = S(STRANGER) };
	struct rv_device_claim_out out;
	struct rv_rs_pull_in pull = pull_of(DID2, "?");
	struct rv_rs_pull_out answer;

	assert_int_equal(run_op(f, "device.claim", &in, &out), RV_ENOTFOUND); /* nobody called */
	call_ls(f, "k", mac);
	in.key_print = S("00000000");
	in.has_key_print = true;
	assert_int_equal(run_op(f, "device.claim", &in, &out), RV_ECONFLICT);
	in.has_key_print = false;
	struct rv_module module = { .id = 1, .has_config = true, .body = S("\xff") };
	in.modules = &module;
	in.modules_len = 1;
	assert_int_equal(run_op(f, "device.claim", &in, &out), RV_EINVALID);
	assert_int_equal(count_waiting(f, NULL), 1); /* nothing of it happened */
	make_device(f, DID);
	in = (struct rv_device_claim_in){ .distid = S(DID) };
	assert_int_equal(run_op(f, "device.claim", &in, &out), RV_EEXISTS);
	/* Who only called the RS has shown no LS-SA key. */
	assert_int_equal(run_pull(f, &pull, &answer, NULL), RV_OK);
	in.distid = S(DID2);
	assert_int_equal(run_op(f, "device.claim", &in, &out), RV_EINVALID);
	assert_string_equal(f->diag.key, "device.no-key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_new_device_is_complete_and_can_be_found,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_bad_device_is_refused_with_the_field_and_nothing_is_kept, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(the_same_device_twice_is_refused, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(an_operator_may_bring_certificate_and_key,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_list_comes_in_pages_in_order, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(an_update_changes_what_is_given_and_nothing_else,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_deleted_device_is_unknown_but_its_pulls_remain,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_claim_trusts_the_key_presented_and_ends_the_wait,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_claim_may_name_the_key_itself, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(a_claim_is_refused_when_something_does_not_fit,
						fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
