/* Versions of Location-Configs, their roll-out, groups, and what devices were given. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "server/rs/feed.h"
#include "server/rs/location.h"
#include "server/rs/role.h"

static struct rv_str url = S("https://192.0.2.10:8443/arms");

static int set(struct fixture *f, const char *password, int percent, struct rv_location *out)
{
	struct rv_line line = { .kind = RV_LINE_KIND_PPPOE,
				.account = S("user@isp.example"),
				.password = rv_str(password) };
	struct rv_location_set_in in = { .name = S("branch"),
					 .rs_urls = &url,
					 .rs_urls_len = 1,
					 .lines = &line,
					 .lines_len = 1,
					 .percent = (uint32_t)percent,
					 .has_percent = percent >= 0 };
	struct rv_location_set_out set_out;
	int err = run_op(f, "location.set", &in, &set_out);

	if (err == RV_OK && out != NULL)
		*out = set_out.location;
	return err;
}

static struct rv_feed_record last_record(struct fixture *f)
{
	struct rv_rs_feed_out feed;

	assert_int_equal(run_feed(f, 0, 1000, &feed), RV_OK);
	return feed.records[feed.records_len - 1];
}

static void a_new_version_goes_to_a_share_then_to_all(void **state)
{
	struct fixture *f = *state;
	struct rv_location l;
	struct rv_location_rollout_in more = { .name = S("branch"),
					       .percent = 50,
					       .has_percent = true };
	struct rv_location_rollout_out out;

	assert_int_equal(set(f, "first", 5, NULL), RV_EINVALID); /* nothing else to give */
	assert_int_equal(set(f, "first", -1, &l), RV_OK);
	assert_int_equal(l.version, 1);
	assert_int_equal(l.percent, 100);
	assert_int_equal(run_op(f, "location.rollout", &more, &out), RV_ECONFLICT);
	assert_int_equal(set(f, "second", 5, &l), RV_OK);
	assert_int_equal(l.version, 2);
	assert_int_equal(l.stable_version, 1);
	struct rv_feed_record r = last_record(f);
	assert_int_equal(r.location.version, 1);
	assert_true(r.has_next);
	assert_int_equal(r.next.version, 2);
	assert_int_equal(r.next.percent, 5);
	assert_non_null(memmem(r.next.entries[0].md_config.ptr, r.next.entries[0].md_config.len,
			       "second", 6));
	assert_int_equal(run_op(f, "location.rollout", &more, &out), RV_OK);
	assert_int_equal(last_record(f).next.percent, 50);
	more.percent = 100;
	assert_int_equal(run_op(f, "location.rollout", &more, &out), RV_OK);
	assert_int_equal(out.location.stable_version, 2);
	r = last_record(f);
	assert_int_equal(r.location.version, 2);
	assert_false(r.has_next);
}

static void the_same_content_makes_no_version(void **state)
{
	struct fixture *f = *state;
	struct rv_location l;

	assert_int_equal(set(f, "first", -1, &l), RV_OK);
	assert_int_equal(set(f, "first", -1, &l), RV_OK);
	assert_int_equal(l.version, 1);
	assert_int_equal(set(f, "second", 0, &l), RV_OK);
	assert_int_equal(set(f, "second", 30, &l), RV_OK);
	assert_int_equal(l.version, 2);
	assert_int_equal(l.percent, 30);
}

static void a_diff_names_what_changed_and_no_secret(void **state)
{
	struct fixture *f = *state;
	struct rv_location_diff_out diff;

	assert_int_equal(set(f, "s3cret-one", -1, NULL), RV_OK);
	assert_int_equal(set(f, "s3cret-two", -1, NULL), RV_OK);
	assert_int_equal(run_op(f, "location.diff",
				&(struct rv_location_diff_in){ .name = S("branch") }, &diff),
			 RV_OK);
	assert_int_equal(diff.changes_len, 1);
	assert_true(rv_str_is(diff.changes[0].field, "lines[0].password"));
	assert_true(rv_str_is(diff.changes[0].before, "***"));
	assert_true(rv_str_is(diff.changes[0].after, "***"));
	struct rv_location_diff_in none = { .name = S("branch"), .to = 9, .has_to = true };
	assert_int_equal(run_op(f, "location.diff", &none, &diff), RV_ENOTFOUND);
}

static void a_rollback_is_a_new_version_with_the_old_content(void **state)
{
	struct fixture *f = *state;
	struct rv_location_rollback_out back;
	struct rv_location_history_out history;

	assert_int_equal(set(f, "first", -1, NULL), RV_OK);
	assert_int_equal(set(f, "second", 20, NULL), RV_OK);
	assert_int_equal(run_op(f, "location.rollback",
				&(struct rv_location_rollback_in){ .name = S("branch") }, &back),
			 RV_OK);
	assert_int_equal(back.location.version, 3);
	assert_int_equal(back.location.stable_version, 3);
	struct rv_feed_record r = last_record(f);
	assert_false(r.has_next);
	assert_non_null(memmem(r.location.entries[0].md_config.ptr,
			       r.location.entries[0].md_config.len, "first", 5));
	assert_int_equal(run_op(f, "location.history",
				&(struct rv_location_history_in){ .name = S("branch") }, &history),
			 RV_OK);
	assert_int_equal(history.versions_len, 3);
	assert_int_equal(history.versions[0].version, 3);
	assert_true(rv_str_is(history.versions[0].comment, "back to version 1"));
	assert_true(rv_str_is(history.versions[0].author, "local"));
}

static void versions_go_on_when_a_name_is_used_again(void **state)
{
	struct fixture *f = *state;
	struct rv_location_delete_out gone;
	struct rv_location l;

	assert_int_equal(set(f, "first", -1, NULL), RV_OK);
	assert_int_equal(
		run_op(f, "location.delete", &(struct rv_location_delete_in){ S("branch") }, &gone),
		RV_OK);
	assert_int_equal(set(f, "first", -1, &l), RV_OK);
	assert_int_equal(l.version, 2);
}

/* -- groups ----------------------------------------------------------------------------------- */

static void make_group(struct fixture *f, const char *name, const char *location, int err)
{
	struct rv_group_set_in in = { .name = rv_str(name), .location = rv_str(location) };
	struct rv_group_set_out out;

	assert_int_equal(run_op(f, "group.set", &in, &out), err);
}

static void a_group_takes_many_devices_at_once_or_none(void **state)
{
	struct fixture *f = *state;
	struct rv_str ids[] = { S(DID), S(DID2) }, bad[] = { S(DID), S(STRANGER) };
	struct rv_group_assign_in listed = { .name = S("g"), .distids = bad, .distids_len = 2 };
	struct rv_group_assign_in filter = { .name = S("h"),
					     .prefix = S("0001-0000-C0DE"),
					     .has_prefix = true,
					     .from_group = S("g"),
					     .has_from_group = true };
	struct rv_group_assign_out out;
	struct rv_group_get_out group;
	struct rv_group_delete_out gone;

	make_device(f, DID);
	make_device(f, DID2);
	make_group(f, "g", "nowhere", RV_ENOTFOUND);
	make_group(f, "g", "default", RV_OK);
	make_group(f, "h", "default", RV_OK);
	assert_int_equal(run_op(f, "group.assign", &listed, &out), RV_ENOTFOUND);
	assert_int_equal(run_op(f, "group.get", &(struct rv_group_get_in){ S("g") }, &group),
			 RV_OK);
	assert_int_equal(group.group.devices, 0);
	listed.distids = ids;
	assert_int_equal(run_op(f, "group.assign", &listed, &out), RV_OK);
	assert_int_equal(out.changed, 2);
	assert_int_equal(run_op(f, "group.assign", &listed, &out), RV_OK);
	assert_int_equal(out.changed, 0);
	assert_true(rv_str_is(last_record(f).device.group, "g"));
	assert_int_equal(run_op(f, "group.assign", &filter, &out), RV_OK);
	assert_int_equal(out.changed, 2);
	filter.distids = ids;
	filter.distids_len = 2;
	assert_int_equal(run_op(f, "group.assign", &filter, &out), RV_EINVALID);
	assert_int_equal(run_op(f, "group.delete", &(struct rv_group_delete_in){ S("h") }, &gone),
			 RV_EBUSY);
	assert_int_equal(run_op(f, "group.delete", &(struct rv_group_delete_in){ S("g") }, &gone),
			 RV_OK);
	assert_int_equal(run_op(f, "group.get", &(struct rv_group_get_in){ S("g") }, &group),
			 RV_ENOTFOUND);
}

static void a_bounded_call_says_what_is_left_and_a_released_device_stays_released(void **state)
{
	struct fixture *f = *state;
	struct rv_group_assign_in in = { .name = S("g"),
					 .prefix = S("0001"),
					 .has_prefix = true,
					 .limit = 1,
					 .has_limit = true };
	struct rv_device_release_out released;
	struct rv_group_assign_out out;

	make_device(f, DID);
	make_device(f, DID2);
	make_group(f, "g", "default", RV_OK);
	assert_int_equal(
		run_op(f, "device.release", &(struct rv_device_release_in){ S(DID2) }, &released),
		RV_OK);
	assert_int_equal(run_op(f, "group.assign", &in, &out), RV_OK);
	assert_int_equal(out.changed, 1);
	assert_int_equal(out.left, 1);
	assert_true(rv_str_is(last_record(f).device.distid, DID));
	assert_int_equal(run_op(f, "group.assign", &in, &out), RV_OK);
	assert_int_equal(out.changed, 1);
	assert_int_equal(out.left, 0);
	assert_true(
		rv_str_is(last_record(f).device.distid, DID)); /* the other is told of no more */
	assert_int_equal(run_op(f, "group.assign", &in, &out), RV_OK);
	assert_int_equal(out.changed, 0);
}

/* -- given and seen --------------------------------------------------------------------------- */

static int report(struct rs_ctx *ctx, void *arg)
{
	ctx->author = S("east");
	return rs_report(ctx, arg);
}

static void tell_given(struct fixture *f, uint32_t version, const char *anchor, uint64_t age)
{
	struct rv_ls_given given = { .distid = S(DID),
				     .location = S("default"),
				     .version = version,
				     .anchor = rv_str(anchor),
				     .age = age };
	struct rv_rs_report_in in = { .given = &given, .given_len = 1 };

	assert_int_equal(run_tx(f, report, &in), RV_OK);
}

static struct rv_device device_of(struct fixture *f)
{
	struct rv_device_get_out out;

	assert_int_equal(run_op(f, "device.get", &(struct rv_device_get_in){ S(DID) }, &out),
			 RV_OK);
	return out.device;
}

static void pull(struct fixture *f)
{
	struct rv_rs_pull_in in = pull_of(DID, "rs-key");
	struct rv_rs_pull_out out;
	struct rs_pull_extra extra;

	assert_int_equal(run_pull(f, &in, &out, &extra), RV_OK);
}

static void a_version_is_seen_by_a_pull_after_it_was_given(void **state)
{
	struct fixture *f = *state;
	struct rv_device d;

	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "x");
	assert_false(device_of(f).has_location_state);
	tell_given(f, 1, "aa", 0);
	d = device_of(f);
	assert_int_equal(d.location_state.given_version, 1);
	assert_int_equal(d.location_state.seen_version, 0);
	pull(f);
	d = device_of(f);
	assert_int_equal(d.location_state.seen_version, 1);
	assert_true(rv_str_is(d.location_state.seen_anchor, "aa"));
	tell_given(f, 2, "bb", 0); /* that pull was before */
	d = device_of(f);
	assert_int_equal(d.location_state.given_version, 2);
	assert_true(rv_str_is(d.location_state.given_anchor, "bb"));
	assert_int_equal(d.location_state.seen_version, 1);
	tell_given(f, 1, "aa", 3600 * INT64_C(1000000)); /* old news of another LS */
	assert_int_equal(device_of(f).location_state.given_version, 2);
}

static void a_report_may_come_after_the_pull(void **state)
{
	struct fixture *f = *state;

	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "x");
	pull(f);
	tell_given(f, 3, "cc", 10 * 1000 * 1000);
	assert_int_equal(device_of(f).location_state.seen_version, 3);
}

static void tell_claim(struct fixture *f, enum rv_ls_claim_state claim_state)
{
	struct rv_ls_claim claim = { S(DID), claim_state };
	struct rv_rs_report_in in = { .claims = &claim, .claims_len = 1 };

	assert_int_equal(run_tx(f, report, &in), RV_OK);
}

static size_t incidents(struct fixture *f)
{
	struct rv_incident_list_out out;

	assert_int_equal(run_op(f, "incident.list", &(struct rv_incident_list_in){ 0 }, &out),
			 RV_OK);
	return out.incidents_len;
}

static void a_refused_id_is_an_incident_until_it_is_held(void **state)
{
	struct fixture *f = *state;
	struct rv_device_release_out released;

	make_device(f, DID);
	tell_claim(f, RV_LS_CLAIM_STATE_TAKEN);
	tell_claim(f, RV_LS_CLAIM_STATE_TAKEN);
	assert_int_equal(incidents(f), 1);
	assert_true(rv_str_is(device_of(f).ls_refused, "east"));
	tell_claim(f, RV_LS_CLAIM_STATE_HELD);
	assert_int_equal(incidents(f), 0);
	assert_int_equal(device_of(f).ls_refused.len, 0);
	tell_claim(f, RV_LS_CLAIM_STATE_LIMIT);
	assert_int_equal(incidents(f), 1);
	assert_int_equal(
		run_op(f, "device.release", &(struct rv_device_release_in){ S(DID) }, &released),
		RV_OK);
	assert_true(released.device.is_released);
	assert_int_equal(incidents(f), 0);
	assert_true(last_record(f).has_location); /* a snapshot does not know the device */
}

/* -- who follows ------------------------------------------------------------------------------ */

static const struct {
	bool is_known;
	uint64_t cursor, after, trimmed;
	bool is_admitted;
} admissions[] = {
	{ false, 0, 0, 9, true },                            /* from the start, always */
	{ false, 0, 9, 9, true },                            /* nothing was removed after that */
	{ false, 0, 8, 9, false },                           /* a removal was missed */
	{ true, 8, 8, 9, true },                             /* in the middle of a snapshot */
	{ true, 5, 8, 9, true },   { true, 8, 5, 9, false }, /* its store was put back */
	{ true, 8, 5, 4, true },
};

static void who_may_have_missed_a_removal_begins_anew(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(admissions); i++)
		assert_int_equal(rs_feed_admits(admissions[i].is_known, admissions[i].cursor,
						admissions[i].after, admissions[i].trimmed),
				 admissions[i].is_admitted);
}

struct reading {
	struct rv_rs_feed_in in;
	struct rv_rs_feed_out out;
	const char *name;
};

static int read_feed(struct rs_ctx *ctx, void *arg)
{
	struct reading *r = arg;

	ctx->author = rv_str(r->name);
	return rs_feed(ctx, &r->in, &r->out);
}

static struct rv_rs_feed_out follow(struct fixture *f, const char *name, uint64_t after)
{
	struct reading r = { .in = { .after = after,
				     .limit = 100,
				     .reader = S("store"),
				     .is_complete = after > 0 },
			     .name = name };

	assert_int_equal(run_tx(f, read_feed, &r), RV_OK);
	return r.out;
}

static size_t readers(struct fixture *f, struct rv_ls_reader *first)
{
	struct rv_ls_list_out out;

	assert_int_equal(run_op(f, "ls.list", &(struct rv_ls_list_in){ 0 }, &out), RV_OK);
	if (out.readers_len > 0)
		*first = out.readers[0];
	return out.readers_len;
}

/* Without a loop nobody can wait: what is told is how it stands. */
static void who_waits_is_told_what_each_ls_has(void **state)
{
	struct fixture *f = *state;
	struct rv_device_create_in in = {
		.distid = S(DID), .ls_key = S("k"), .wait_ls = true, .has_wait_ls = true
	};
	struct rv_device_create_out out;
	struct rv_device_release_in again = { .distid = S(DID),
					      .wait_ls = true,
					      .has_wait_ls = true };
	struct rv_device_release_out released;

	assert_int_equal(run_op(f, "device.create", &in, &out), RV_OK);
	assert_int_equal(out.ls_len, 0);
	assert_true(rv_str_is(out.device.distid, DID));
	follow(f, "east", follow(f, "east", 0).cursor);
	in.distid = S(DID2);
	assert_int_equal(run_op(f, "device.create", &in, &out), RV_OK);
	assert_int_equal(out.ls_len, 1);
	assert_true(rv_str_is(out.ls[0].name, "east"));
	assert_true(rv_str_is(out.ls[0].reader, "store"));
	assert_false(out.ls[0].has_it);
	assert_int_equal(run_op(f, "device.release", &again, &released), RV_OK);
	assert_int_equal(released.ls_len, 1);
	again.wait_ls = false;
	assert_int_equal(run_op(f, "device.release", &again, &released), RV_OK);
	assert_int_equal(released.ls_len, 0);
}

static void a_removal_is_kept_until_all_have_passed_it(void **state)
{
	struct fixture *f = *state;
	struct rv_device_delete_out deleted;
	struct rv_ls_reader reader;
	struct rv_ls_forget_out forgotten;

	make_device(f, DID);
	uint64_t start = follow(f, "east", 0).cursor;
	follow(f, "east", start);
	follow(f, "west", 0);
	follow(f, "west", start);
	assert_int_equal(
		run_op(f, "device.delete", &(struct rv_device_delete_in){ S(DID) }, &deleted),
		RV_OK);
	make_device(f, DID2);
	assert_int_equal(readers(f, &reader), 2);
	assert_true(rv_str_is(reader.name, "east"));
	assert_int_equal(reader.lag_records, 2);
	struct rv_rs_feed_out page = follow(f, "east", start);
	assert_true(page.records[0].is_deleted);
	uint64_t last = page.cursor;
	follow(f, "east", last);
	page = follow(f, "west", start); /* has not passed it yet */
	assert_int_equal(page.records_len, 2);
	follow(f, "west", last);
	page = follow(f, "west", start); /* now it is gone, and west would have missed it */
	assert_int_equal(page.epoch.len, 0);
	assert_int_equal(follow(f, "other", start).epoch.len, 0);
	assert_int_equal(follow(f, "other", 0).records_len, 2);
	assert_int_equal(run_op(f, "ls.forget", &(struct rv_ls_forget_in){ S("east") }, &forgotten),
			 RV_OK);
	assert_int_equal(run_op(f, "ls.forget", &(struct rv_ls_forget_in){ S("east") }, &forgotten),
			 RV_ENOTFOUND);
	assert_int_equal(readers(f, &reader), 2);
}

/* -- rights ----------------------------------------------------------------------------------- */

static const struct {
	const char *right;
	bool admin, operator, viewer, ls;
} rights[] = {
	{ "device.write", true, true, false, false }, { "device.read", true, true, true, false },
	{ "token.read", true, false, false, false },  { "token.write", true, false, false, false },
	{ "feed.read", true, false, false, true },    { "feed.report", true, false, false, true },
	{ ".read", true, true, false, false },
};

static void a_role_allows_what_it_is_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rights); i++) {
		assert_int_equal(rs_role_allows(RV_ROLE_ADMIN, rights[i].right), rights[i].admin);
		assert_int_equal(rs_role_allows(RV_ROLE_OPERATOR, rights[i].right),
				 rights[i].operator);
		assert_int_equal(rs_role_allows(RV_ROLE_VIEWER, rights[i].right), rights[i].viewer);
		assert_int_equal(rs_role_allows(RV_ROLE_LS, rights[i].right), rights[i].ls);
	}
	assert_false(rs_role_allows((enum rv_role)99, "device.read"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(a_new_version_goes_to_a_share_then_to_all),
		T(the_same_content_makes_no_version),
		T(a_diff_names_what_changed_and_no_secret),
		T(a_rollback_is_a_new_version_with_the_old_content),
		T(versions_go_on_when_a_name_is_used_again),
		T(a_group_takes_many_devices_at_once_or_none),
		T(a_bounded_call_says_what_is_left_and_a_released_device_stays_released),
		T(a_version_is_seen_by_a_pull_after_it_was_given),
		T(a_report_may_come_after_the_pull),
		T(a_refused_id_is_an_incident_until_it_is_held),
		cmocka_unit_test(who_may_have_missed_a_removal_begins_anew),
		T(who_waits_is_told_what_each_ls_has),
		T(a_removal_is_kept_until_all_have_passed_it),
		cmocka_unit_test(a_role_allows_what_it_is_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
