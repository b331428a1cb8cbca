#include "fixture.h"

#include <string.h>

#include "base/time.h"
#include "pki/pki.h"

static const int64_t day_us = INT64_C(86400) * RV_US_PER_SEC;

/* -- steps ----------------------------------------------------------------------------------- */

struct put {
	const char *distid, *pem;
	int64_t expires_at;
	bool is_of_old_ca;
};

static int put(struct rs_ctx *ctx, void *arg)
{
	const struct put *p = arg;
	struct rv_ca_issued made = { .certificate_pem = rv_str(p->pem),
				     .private_key_pem = S("key"),
				     .expires_at = p->expires_at,
				     .serial = rv_str(p->pem),
				     .subject = S("CN=x"),
				     .issuer = S("CN=Reeve RS CA"),
				     .key = S("P-256"),
				     .ca = p->is_of_old_ca ? S("00")
							   : rv_str(ctx->rs->authority.print) };
	struct rs_device device;

	ctx->author = S("reeve");
	assert_int_equal(rs_device_find(ctx, rv_str(p->distid), &device, NULL), RV_OK);
	return rs_certificate_put(ctx, device.pub.id, &made, false);
}

static void put_one(struct fixture *f, const char *distid, const char *pem, int64_t days)
{
	struct put p = { distid, pem, rv_time_utc_us() + days * day_us, false };

	assert_int_equal(run_tx(f, put, &p), RV_OK);
}

struct lacking {
	struct rs_missing list[4];
	size_t count;
	int64_t after;
};

static int look_missing(struct rs_ctx *ctx, void *arg)
{
	struct lacking *l = arg;

	return rs_certificate_missing(ctx, l->after, l->list, RV_ARRAY_LEN(l->list), &l->count);
}

static size_t missing(struct fixture *f)
{
	struct lacking l = { 0 };

	assert_int_equal(run_tx(f, look_missing, &l), RV_OK);
	return l.count;
}

static struct rv_certificate_list_out list(struct fixture *f, struct rv_certificate_list_in in)
{
	struct rv_certificate_list_out out;

	if (run_op(f, "certificate.list", &in, &out) != RV_OK)
		fail_msg("%s", f->diag.text);
	return out;
}

static struct rv_certificate current(struct fixture *f, const char *distid)
{
	struct rv_certificate_list_out out = list(
		f, (struct rv_certificate_list_in){ .distid = rv_str(distid),
						    .has_distid = true,
						    .state = RV_CERTIFICATE_STATE_CURRENT,
						    .has_state = true });

	assert_int_equal(out.certificates_len, 1);
	return out.certificates[0];
}

static struct rv_rs_pull_out pull(struct fixture *f, struct rs_pull_extra *extra)
{
	struct rv_rs_pull_in in = pull_of(DID, "rs-key");
	struct rv_rs_pull_out out;

	assert_int_equal(run_pull(f, &in, &out, extra), RV_OK);
	return out;
}

/* A pair from a CA of the test's own. */
static void make_given(struct fixture *f, int64_t days, struct rv_str *certificate,
		       struct rv_str *key)
{
	struct rv_pki_request request = { .kind = RV_PKI_ROOT,
					  .subject = { .common_name = "own device" },
					  .now_us = rv_time_utc_us() - 10 * day_us,
					  .lifetime_us = (10 + days) * day_us };
	struct rv_buf pem = { 0 }, key_pem = { 0 };

	assert_int_equal(rv_pki_key_new(&key_pem), RV_OK);
	assert_int_equal(rv_pki_issue(&request, rv_buf_str(&key_pem), S(""), S(""), &pem, NULL),
			 RV_OK);
	*certificate = rv_arena_str(&f->arena, rv_buf_str(&pem));
	*key = rv_arena_str(&f->arena, rv_buf_str(&key_pem));
	rv_buf_deinit(&pem);
	rv_buf_deinit(&key_pem);
}

/* -- tests ----------------------------------------------------------------------------------- */

static void a_certificate_is_delivered_and_renewed_near_its_end(void **state)
{
	struct fixture *f = *state;
	struct rs_pull_extra extra;
	struct rv_rs_pull_out out;

	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "x");
	assert_int_equal(missing(f), 1);
	out = pull(f, &extra);
	assert_true(extra.wants_certificate);
	put_one(f, DID, "cert", 31);
	assert_int_equal(missing(f), 0);
	out = pull(f, &extra);
	assert_true(rv_str_is(out.sa_certificate, "cert"));
	assert_true(rv_str_is(out.sa_private_key, "key"));
	assert_false(extra.wants_certificate);
	put_one(f, DID, "cert2", 29);
	out = pull(f, &extra);
	assert_true(rv_str_is(out.sa_certificate, "cert2"));
	assert_true(extra.wants_certificate);
	fixture_reopen(f, "rs { sa_renew = 7d }\n");
	pull(f, &extra);
	assert_false(extra.wants_certificate);
}

static void every_certificate_stays_on_record(void **state)
{
	struct fixture *f = *state;
	struct rv_certificate_list_out all;

	make_device(f, DID);
	make_device(f, DID2);
	put_one(f, DID, "a", 100);
	put_one(f, DID2, "b", 200);
	put_one(f, DID, "c", 300);
	all = list(f, (struct rv_certificate_list_in){ 0 });
	assert_int_equal(all.certificates_len, 3);
	assert_true(rv_str_is(all.certificates[0].serial, "c")); /* latest first */
	assert_int_equal(all.certificates[0].state, RV_CERTIFICATE_STATE_CURRENT);
	assert_int_equal(all.certificates[2].state, RV_CERTIFICATE_STATE_SUPERSEDED);
	assert_true(all.certificates[2].has_superseded_at);
	assert_true(rv_str_is(all.certificates[0].author, "reeve"));
	assert_true(rv_str_is(current(f, DID).serial, "c"));

	const struct {
		struct rv_certificate_list_in in;
		size_t count;
	} filters[] = {
		{ { .distid = S(DID), .has_distid = true }, 2 },
		{ { .state = RV_CERTIFICATE_STATE_SUPERSEDED, .has_state = true }, 1 },
		{ { .state = RV_CERTIFICATE_STATE_REVOKED, .has_state = true }, 0 },
		{ { .expires_before = rv_time_utc_us() + 250 * day_us, .has_expires_before = true },
		  2 },
		{ { .key = S("RSA-2048"), .has_key = true }, 0 },
		{ { .key = S("P-256"), .has_key = true }, 3 },
		{ { .limit = 2, .has_limit = true }, 2 },
		{ { .before = all.certificates[1].id, .has_before = true }, 1 },
	};
	for (size_t i = 0; i < RV_ARRAY_LEN(filters); i++) {
		size_t n = list(f, filters[i].in).certificates_len;
		if (n != filters[i].count)
			fail_msg("filter %zu: %zu", i, n);
	}
	/* Records outlive their device. */
	struct rv_device_delete_in gone = { .distid = S(DID) };
	struct rv_device_delete_out nothing;
	assert_int_equal(run_op(f, "device.delete", &gone, &nothing), RV_OK);
	assert_int_equal(list(f, (struct rv_certificate_list_in){ 0 }).certificates_len, 3);
}

static int put_for_nobody(struct rs_ctx *ctx, void *arg)
{
	struct rv_ca_issued made = { .certificate_pem = S("c"), .private_key_pem = S("k") };

	(void)arg;
	return rs_certificate_put(ctx, 12345, &made, false);
}

static void a_device_that_is_gone_gets_none(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run_tx(f, put_for_nobody, NULL), RV_OK);
	assert_int_equal(list(f, (struct rv_certificate_list_in){ 0 }).certificates_len, 0);
}

static void renewing_keeps_the_old_one_until_the_new_is_there(void **state)
{
	struct fixture *f = *state;
	struct rv_certificate_renew_in one = { .distid = S(DID), .has_distid = true };
	struct rv_certificate_renew_in many = { .expires_before = rv_time_utc_us() + 150 * day_us,
						.has_expires_before = true };
	struct rv_certificate_renew_in neither = { 0 }, both = many;
	struct rv_certificate_renew_out out;
	struct rs_pull_extra extra;

	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "x");
	make_device(f, DID2);
	put_one(f, DID, "a", 100);
	put_one(f, DID2, "b", 200);
	assert_int_equal(run_op(f, "certificate.renew", &one, &out), RV_OK);
	assert_int_equal(out.count, 1);
	assert_int_equal(missing(f), 1);
	assert_true(rv_str_is(pull(f, &extra).sa_certificate, "a"));
	assert_true(extra.wants_certificate);
	put_one(f, DID, "c", 100);
	assert_int_equal(missing(f), 0);
	assert_int_equal(run_op(f, "certificate.renew", &many, &out), RV_OK);
	assert_int_equal(out.count, 1);

	both.distid = S(DID);
	both.has_distid = true;
	assert_int_equal(run_op(f, "certificate.renew", &neither, &out), RV_EINVALID);
	assert_string_equal(f->diag.key, "certificate.which");
	assert_int_equal(run_op(f, "certificate.renew", &both, &out), RV_EINVALID);
	one.distid = S(STRANGER);
	assert_int_equal(run_op(f, "certificate.renew", &one, &out), RV_ENOTFOUND);
}

static void a_revoked_certificate_is_given_to_nobody(void **state)
{
	struct fixture *f = *state;
	struct rv_certificate_revoke_in in = { .reason = RV_REVOCATION_REASON_KEY_COMPROMISE,
					       .has_reason = true };
	struct rv_certificate_revoke_out out;
	struct rs_pull_extra extra;

	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "x");
	put_one(f, DID, "a", 100);
	put_one(f, DID, "b", 100);
	in.id = current(f, DID).id;
	assert_int_equal(run_op(f, "certificate.revoke", &in, &out), RV_OK);
	assert_int_equal(out.certificate.state, RV_CERTIFICATE_STATE_REVOKED);
	assert_int_equal(out.certificate.reason, RV_REVOCATION_REASON_KEY_COMPROMISE);
	assert_true(rv_str_is(out.certificate.revoked_by, "local"));
	assert_int_equal(pull(f, &extra).sa_certificate.len, 0);
	assert_true(extra.wants_certificate);
	assert_int_equal(missing(f), 1);
	put_one(f, DID, "c", 100);
	assert_true(rv_str_is(pull(f, &extra).sa_certificate, "c"));

	/* Again: as it was. A superseded one: the current one stays. */
	int64_t when = out.certificate.revoked_at;
	in.reason = RV_REVOCATION_REASON_CESSATION;
	assert_int_equal(run_op(f, "certificate.revoke", &in, &out), RV_OK);
	assert_int_equal(out.certificate.revoked_at, when);
	assert_int_equal(out.certificate.reason, RV_REVOCATION_REASON_KEY_COMPROMISE);
	assert_true(rv_str_is(pull(f, &extra).sa_certificate, "c"));
	in.id = 1;
	assert_int_equal(run_op(f, "certificate.revoke", &in, &out), RV_ENOTFOUND);
	assert_string_equal(f->diag.key, "certificate.unknown");
}

static void rekeying_replaces_every_secret_of_the_server_side(void **state)
{
	struct fixture *f = *state;
	struct rv_device_rekey_in in = { .distid = S(DID) };
	struct rv_device_rekey_out out;
	struct rv_rs_feed_out feed;
	struct rs_pull_extra extra;
	struct rv_rs_pull_in again = pull_of(DID, "rs-key");
	struct rv_rs_pull_out answer;

	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "x");
	put_one(f, DID, "a", 100);
	put_one(f, DID, "b", 100);
	struct rv_str passphrase = pull(f, &extra).heartbeats[0].passphrase;
	assert_int_equal(run_feed(f, 0, 0, &feed), RV_OK);
	assert_int_equal(run_op(f, "device.rekey", &in, &out), RV_OK);
	assert_int_equal(out.revoked, 2); /* the superseded one would still be believed */
	assert_int_equal(run_feed(f, feed.cursor, 0, &feed), RV_OK);
	assert_int_equal(feed.records_len, 1);
	struct rv_str rs_key = feed.records[0].device.rs_key;
	assert_false(rv_str_is(rs_key, "rs-key"));
	assert_int_equal(run_pull(f, &again, &answer, &extra), RV_OK);
	assert_int_equal(extra.outcome, RV_PULL_OUTCOME_WRONG_KEY);
	again.key = rs_key;
	assert_int_equal(run_pull(f, &again, &answer, &extra), RV_OK);
	assert_int_equal(extra.outcome, RV_PULL_OUTCOME_DELIVERED);
	assert_true(extra.wants_certificate);
	assert_false(rv_str_eq(answer.heartbeats[0].passphrase, passphrase));
	in.distid = S(STRANGER);
	assert_int_equal(run_op(f, "device.rekey", &in, &out), RV_ENOTFOUND);
}

static void certificates_from_outside_are_checked_and_left_alone(void **state)
{
	struct fixture *f = *state;
	struct rv_device_update_in in = { .distid = S(DID) };
	struct rv_device_update_out out;
	struct rv_certificate_renew_in renew = { .distid = S(DID), .has_distid = true };
	struct rv_certificate_renew_out renewed;
	struct rs_pull_extra extra;
	struct rv_str good, key, old, old_key;

	make_given(f, 5, &good, &key);
	make_given(f, -5, &old, &old_key);
	make_device(f, DID);
	give_text(f, DID, RV_CONFIG_KIND_STARTUP, "x");
	put_one(f, DID, "ours", 100);
	const struct {
		struct rv_str certificate, key;
		const char *diag;
	} bad[] = {
		{ good, { 0 }, "device.pair" },
		{ { 0 }, key, "device.pair" },
		{ good, old_key, "pki.mismatch" },
		{ old, old_key, "pki.expired" },
		{ S(" -----BEGIN"), key, "device.pem" },
		{ S("\xc3\xa9"), key, "device.pem" },
		{ S("-----BEGIN CERTIFICATE-----\nx\n"), key, "pki.certificate" },
	};
	for (size_t i = 0; i < RV_ARRAY_LEN(bad); i++) {
		in.certificate_pem = bad[i].certificate;
		in.private_key_pem = bad[i].key;
		in.has_certificate_pem = in.certificate_pem.len > 0;
		in.has_private_key_pem = in.private_key_pem.len > 0;
		assert_int_equal(run_op(f, "device.update", &in, &out), RV_EINVALID);
		assert_string_equal(f->diag.key, bad[i].diag);
	}
	assert_true(rv_str_is(pull(f, &extra).sa_certificate, "ours")); /* nothing changed */

	in.certificate_pem = good;
	in.private_key_pem = key;
	in.has_certificate_pem = in.has_private_key_pem = true;
	assert_int_equal(run_op(f, "device.update", &in, &out), RV_OK);
	assert_true(rv_str_eq(pull(f, &extra).sa_certificate, good));
	assert_false(extra.wants_certificate); /* though it ends in five days */
	struct rv_certificate c = current(f, DID);
	assert_true(c.is_given);
	assert_true(rv_str_is(c.subject, "CN=own device"));
	assert_true(rv_str_is(c.key, "P-256"));
	assert_int_equal(c.ca.len, 0);
	assert_int_equal(run_op(f, "certificate.renew", &renew, &renewed), RV_OK);
	assert_int_equal(renewed.count, 0);
}

static void one_of_another_ca_is_due_at_once(void **state)
{
	struct fixture *f = *state;
	struct put p = { DID, "a", rv_time_utc_us() + 100 * day_us, true };

	make_device(f, DID);
	assert_int_equal(run_tx(f, put, &p), RV_OK);
	assert_int_equal(missing(f), 1);
}

static int survey(struct rs_ctx *ctx, void *arg)
{
	ctx->now_us += *(int64_t *)arg;
	return rs_expiry_survey(ctx);
}

static size_t incidents(struct fixture *f, int64_t days_from_now, struct rv_incident *first)
{
	int64_t shift = days_from_now * day_us;
	struct rv_incident_list_in in = { 0 };
	struct rv_incident_list_out out;

	assert_int_equal(run_tx(f, survey, &shift), RV_OK);
	assert_int_equal(run_op(f, "incident.list", &in, &out), RV_OK);
	if (out.incidents_len > 0)
		*first = out.incidents[0];
	return out.incidents_len;
}

static void what_nobody_renews_becomes_an_incident_once(void **state)
{
	struct fixture *f = *state;
	struct rv_device_update_in in = { .distid = S(DID),
					  .has_certificate_pem = true,
					  .has_private_key_pem = true };
	struct rv_device_update_out out;
	struct rv_incident incident;

	make_device(f, DID);
	make_device(f, DID2);
	put_one(f, DID2, "ours", 10);
	assert_int_equal(incidents(f, 0, &incident), 0);
	assert_int_equal(incidents(f, 4, &incident), 1);
	assert_int_equal(incident.kind, RV_INCIDENT_KIND_CERTIFICATES_OVERDUE);
	assert_true(rv_str_is(incident.parameters[0].value, "1"));
	assert_int_equal(incidents(f, 5, &incident), 1); /* the same one, counted up */
	put_one(f, DID2, "renewed", 100);
	assert_int_equal(incidents(f, 5, &incident), 0);

	make_given(f, 40, &in.certificate_pem, &in.private_key_pem);
	assert_int_equal(run_op(f, "device.update", &in, &out), RV_OK);
	assert_int_equal(incidents(f, 5, &incident), 0);
	assert_int_equal(incidents(f, 15, &incident), 1);
	assert_int_equal(incident.kind, RV_INCIDENT_KIND_CERTIFICATE_EXPIRES);
	assert_true(rv_str_is(incident.subject, DID));
	make_given(f, 400, &in.certificate_pem, &in.private_key_pem);
	assert_int_equal(run_op(f, "device.update", &in, &out), RV_OK);
	assert_int_equal(incidents(f, 15, &incident), 0);

	put_one(f, DID2, "long", 20 * 365); /* the CA ends in 20 years */
	make_given(f, 21 * 365, &in.certificate_pem, &in.private_key_pem);
	assert_int_equal(run_op(f, "device.update", &in, &out), RV_OK);
	assert_int_equal(incidents(f, 20 * 365 - 91, &incident), 0);
	assert_int_equal(incidents(f, 20 * 365 - 80, &incident), 1);
	assert_true(rv_str_is(incident.subject, "ca.certificate"));
	assert_int_equal(incidents(f, 0, &incident), 0); /* the clock was wrong */
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(a_certificate_is_delivered_and_renewed_near_its_end),
		WITH_FIXTURE(every_certificate_stays_on_record),
		WITH_FIXTURE(a_device_that_is_gone_gets_none),
		WITH_FIXTURE(renewing_keeps_the_old_one_until_the_new_is_there),
		WITH_FIXTURE(a_revoked_certificate_is_given_to_nobody),
		WITH_FIXTURE(rekeying_replaces_every_secret_of_the_server_side),
		WITH_FIXTURE(certificates_from_outside_are_checked_and_left_alone),
		WITH_FIXTURE(one_of_another_ca_is_due_at_once),
		WITH_FIXTURE(what_nobody_renews_becomes_an_incident_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
