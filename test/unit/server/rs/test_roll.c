#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "pki/pki.h"
#include "server/rs/roll.h"

static const int64_t day_us = INT64_C(86400) * RV_US_PER_SEC;

/* -- steps ----------------------------------------------------------------------------------- */

static struct rv_str make_root(struct fixture *f)
{
	struct rv_pki_request request = { .kind = RV_PKI_ROOT,
					  .subject = { .common_name = "Reeve RS CA" },
					  .now_us = rv_time_utc_us(),
					  .lifetime_us = 1000 * day_us };
	struct rv_buf pem = { 0 }, key = { 0 };

	assert_int_equal(rv_pki_key_new(&key), RV_OK);
	assert_int_equal(rv_pki_issue(&request, rv_buf_str(&key), S(""), S(""), &pem, NULL), RV_OK);
	struct rv_str copy = rv_arena_str(&f->arena, rv_buf_str(&pem));
	rv_buf_deinit(&pem);
	rv_buf_deinit(&key);
	return copy;
}

/* The file ca.certificate, and a start with it. */
static void start_with(struct fixture *f, struct rv_str first, struct rv_str second)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/pki/rs-ca.crt", f->dir);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(first.ptr, 1, first.len, file), first.len);
	assert_int_equal(fwrite(second.ptr, 1, second.len, file), second.len);
	assert_int_equal(fclose(file), 0);
	fixture_reopen(f, NULL);
}

/* What the LS would hand out now. */
static struct rv_rs_entry entry(struct fixture *f)
{
	struct rv_rs_feed_out feed;

	assert_int_equal(run_feed(f, 0, 0, &feed), RV_OK);
	for (size_t i = 0; i < feed.records_len; i++) {
		if (feed.records[i].kind == RV_FEED_RECORD_KIND_LOCATION)
			return feed.records[i].location.entries[0];
	}
	fail_msg("no location");
	return (struct rv_rs_entry){ 0 };
}

static bool hands_out(struct fixture *f, struct rv_str root)
{
	struct rv_str text = entry(f).md_config;

	return memmem(text.ptr, text.len, root.ptr, root.len) != NULL;
}

struct keeping {
	struct rs_pull_extra extra;
	bool is_of_old_ca;
};

static int keep(struct rs_ctx *ctx, void *arg)
{
	const struct keeping *k = arg;
	struct rv_ca_issued made = { .certificate_pem = S("c"),
				     .private_key_pem = S("k"),
				     .serial = S("1"),
				     .key = S("P-256"),
				     .expires_at = ctx->now_us + 100 * day_us,
				     .ca = k->is_of_old_ca ? S("00")
							   : rv_str(ctx->rs->authority.print) };

	return rs_contact_keep(ctx, &k->extra, &made);
}

/* A pull as the device would do it with what the LS gave it, the certificate made for it included.
 */
static void pull_by(struct fixture *f, const char *distid, struct rv_str url, bool is_of_old_ca)
{
	struct rv_rs_pull_in in = pull_of(distid, "rs-key");
	struct keeping k = { .is_of_old_ca = is_of_old_ca };
	struct rv_rs_pull_out out;
	struct rv_str rest = rv_str_sub(url, 8, url.len);

	in.path = rv_str_sub(rest, rv_str_find(rest, '/'), rest.len);
	assert_int_equal(run_pull(f, &in, &out, &k.extra), RV_OK);
	assert_int_equal(out.code, 100);
	if (k.extra.wants_certificate)
		assert_int_equal(run_tx(f, keep, &k), RV_OK);
}

static struct rv_roll status(struct fixture *f)
{
	struct rv_roll_status_out out;

	assert_int_equal(run_op(f, "roll.status", &(struct rv_roll_status_in){ 0 }, &out), RV_OK);
	return out.roll;
}

static void expect(struct fixture *f, enum rv_roll_state state, uint64_t done, uint64_t left)
{
	struct rv_roll roll = status(f);

	assert_int_equal(roll.state, state);
	assert_int_equal(roll.done, done);
	assert_int_equal(roll.left, left);
	assert_int_equal(roll.devices, done + left);
}

static int finish(struct fixture *f, bool is_forced)
{
	struct rv_roll_finish_in in = { .is_forced = is_forced };
	struct rv_roll_finish_out out;

	return run_op(f, "roll.finish", &in, &out);
}

static void two_devices(struct fixture *f)
{
	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "x");
	make_device(f, DID2);
	give_text(f, DID2, RV_CONFIG_KIND_STARTUP, "x");
}

/* -- tests ----------------------------------------------------------------------------------- */

static void without_a_roll_over_nothing_is_marked(void **state)
{
	struct fixture *f = *state;

	two_devices(f);
	assert_true(rv_str_is(entry(f).url, "https://127.0.0.1:8443/arms"));
	pull_by(f, DID, entry(f).url, false);
	expect(f, RV_ROLL_STATE_NONE, 1, 0);
	assert_int_equal(status(f).new_ca.len, RS_PRINT_LEN);
	assert_int_equal(finish(f, true), RV_ENOTFOUND);
	assert_string_equal(f->diag.key, "roll.none");
}

static void a_roll_over_ends_when_every_device_was_seen_on_the_new_ca(void **state)
{
	struct fixture *f = *state;
	struct rv_str old = S(""), fresh = make_root(f);
	struct rv_rs_entry before;
	struct rv_roll_left_in in = { 0 };
	struct rv_roll_left_out left;

	old = rv_str(fixture_file(f, "pki/rs-ca.crt"));
	two_devices(f);
	before = entry(f);
	pull_by(f, DID, before.url, false);
	start_with(f, fresh, old);
	assert_true(hands_out(f, fresh));
	assert_false(hands_out(f, old));
	expect(f, RV_ROLL_STATE_OVERLAP, 0, 1); /* the other one holds nothing yet */
	assert_true(status(f).is_dual);

	pull_by(f, DID, before.url, false); /* holds the old root, is served as ever */
	expect(f, RV_ROLL_STATE_OVERLAP, 0, 1);
	pull_by(f, DID2, entry(f).url, false);
	expect(f, RV_ROLL_STATE_OVERLAP, 1, 1);
	assert_int_equal(run_op(f, "roll.left", &in, &left), RV_OK);
	assert_int_equal(left.devices_len, 1);
	assert_true(rv_str_is(left.devices[0].distid, DID));
	assert_int_equal(finish(f, false), RV_ECONFLICT);
	assert_string_equal(f->diag.key, "roll.left");

	fixture_reopen(f, NULL); /* a restart in the middle changes nothing */
	expect(f, RV_ROLL_STATE_OVERLAP, 1, 1);
	pull_by(f, DID, entry(f).url, false);
	expect(f, RV_ROLL_STATE_OVERLAP, 2, 0);
	pull_by(f, DID, before.url, false); /* a state restored from before the roll-over */
	expect(f, RV_ROLL_STATE_OVERLAP, 1, 1);
	pull_by(f, DID, entry(f).url, false);
	assert_int_equal(finish(f, false), RV_OK);
	expect(f, RV_ROLL_STATE_FINISHED, 2, 0);
	assert_int_equal(finish(f, false), RV_OK); /* again: as it is */

	start_with(f, fresh, S(""));
	expect(f, RV_ROLL_STATE_FINISHED, 2, 0);
	assert_true(rv_str_starts(entry(f).url, "https://127.0.0.1:8443/arms?anchor="));
}

static void a_certificate_of_the_old_ca_keeps_a_device_back(void **state)
{
	struct fixture *f = *state;
	struct rv_str old = rv_str(fixture_file(f, "pki/rs-ca.crt"));

	two_devices(f);
	start_with(f, make_root(f), old);
	pull_by(f, DID, entry(f).url, true); /* the ca has not been told of the new CA yet */
	expect(f, RV_ROLL_STATE_OVERLAP, 0, 1);
	pull_by(f, DID, entry(f).url, false);
	expect(f, RV_ROLL_STATE_OVERLAP, 1, 0);
}

static void an_abort_is_a_roll_over_back(void **state)
{
	struct fixture *f = *state;
	struct rv_str old = rv_str(fixture_file(f, "pki/rs-ca.crt")), fresh = make_root(f);
	struct rv_rs_entry before, during;

	two_devices(f);
	before = entry(f);
	pull_by(f, DID, before.url, false);
	start_with(f, fresh, old);
	during = entry(f);
	pull_by(f, DID2, during.url, false);
	start_with(f, old, fresh);
	assert_true(hands_out(f, old));
	/* Who never left the old one is done by its next pull: its certificate was never another.
	 */
	pull_by(f, DID, before.url, false);
	expect(f, RV_ROLL_STATE_OVERLAP, 1, 1);
	pull_by(f, DID2, during.url, false);
	expect(f, RV_ROLL_STATE_OVERLAP, 1, 1);
	pull_by(f, DID2, entry(f).url, false);
	expect(f, RV_ROLL_STATE_OVERLAP, 2, 0);
	assert_int_equal(finish(f, false), RV_OK);
}

static void force_ends_it_and_tells_how_many_were_left(void **state)
{
	struct fixture *f = *state;
	struct rv_str old = rv_str(fixture_file(f, "pki/rs-ca.crt"));

	two_devices(f);
	pull_by(f, DID, entry(f).url, false);
	start_with(f, make_root(f), S(""));
	assert_false(status(f).is_dual);
	start_with(f, rv_str(fixture_file(f, "pki/rs-ca.crt")), old);
	assert_true(status(f).is_dual);
	assert_int_equal(finish(f, true), RV_OK);
	expect(f, RV_ROLL_STATE_FINISHED, 0, 1);
	assert_true(rv_str_is(status(f).ended_by, "local"));
}

static void certificates_are_all_due_when_it_begins(void **state)
{
	struct fixture *f = *state;
	struct rv_str old = rv_str(fixture_file(f, "pki/rs-ca.crt"));
	struct rv_rs_pull_in in = pull_of(DID, "rs-key");
	struct rs_pull_extra extra;
	struct rv_rs_pull_out out;

	two_devices(f);
	pull_by(f, DID, entry(f).url, false);
	assert_int_equal(run_pull(f, &in, &out, &extra), RV_OK);
	assert_false(extra.wants_certificate);
	start_with(f, make_root(f), old);
	assert_int_equal(run_pull(f, &in, &out, &extra), RV_OK);
	assert_true(extra.wants_certificate);
}

static void only_a_tag_of_ours_is_read_from_a_path(void **state)
{
	static const struct {
		const char *path, *tag;
	} cases[] = {
		{ "/arms?anchor=0123abcd", "0123abcd" },
		{ "/?anchor=0123abcd", "0123abcd" },
		{ "/arms", "" },
		{ "", "" },
		{ "?anchor=0123abcd", "" }, /* no path begins so */
		{ "/arms?anchor=0123abc", "" },
		{ "/arms?anchor=0123ABCD", "" },
		{ "/arms?anchor=0123abcg", "" },
		{ "/arms?anchor=0123abcd0", "" },
		{ "/arms?anchor=0123abcd&x=1", "" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		char tag[RS_TAG_LEN + 1] = "dirty";

		rs_roll_tag_of(rv_str(cases[i].path), tag);
		assert_string_equal(tag, cases[i].tag);
	}
}

static void a_url_without_room_for_the_tag_is_refused_by_name(void **state)
{
	struct fixture *f = *state;
	struct rv_str old = rv_str(fixture_file(f, "pki/rs-ca.crt"));
	struct rv_str url = S("https://127.0.0.1:8443/"
			      "012345678901234567890123456789012345678901234567890123456789abcd");
	struct rv_line dhcp = { .kind = RV_LINE_KIND_DHCP };
	struct rv_location_set_in in = {
		.name = S("long"), .rs_urls = &url, .rs_urls_len = 1, .lines = &dhcp, .lines_len = 1
	};
	struct rv_location_set_out out;

	assert_int_equal(run_op(f, "location.set", &in, &out), RV_OK);
	rv_rs_close(f->rs);
	f->rs = NULL;
	char path[96];
	struct rv_str fresh = make_root(f);
	snprintf(path, sizeof(path), "%s/pki/rs-ca.crt", f->dir);
	FILE *file = fopen(path, "w");
	assert_int_equal(fwrite(fresh.ptr, 1, fresh.len, file), fresh.len);
	assert_int_equal(fwrite(old.ptr, 1, old.len, file), old.len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(fixture_try(f, "rs { }\n"), RV_ELIMIT);
	assert_string_equal(f->diag.key, "location.ca");
	assert_non_null(strstr(f->diag.text, "\"long\""));
	start_with(f, old, S("")); /* as it was */
	expect(f, RV_ROLL_STATE_NONE, 0, 0);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(without_a_roll_over_nothing_is_marked),
		WITH_FIXTURE(a_roll_over_ends_when_every_device_was_seen_on_the_new_ca),
		WITH_FIXTURE(a_certificate_of_the_old_ca_keeps_a_device_back),
		WITH_FIXTURE(an_abort_is_a_roll_over_back),
		WITH_FIXTURE(force_ends_it_and_tells_how_many_were_left),
		WITH_FIXTURE(certificates_are_all_due_when_it_begins),
		cmocka_unit_test(only_a_tag_of_ours_is_read_from_a_path),
		WITH_FIXTURE(a_url_without_room_for_the_tag_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
