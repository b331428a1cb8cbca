/* Incidents: raised, counted, acknowledged, resolved, forgotten. */
#include "fixture.h"

#include <string.h>

#include "server/rs/incident.h"

static const struct rv_incident_parameter parameters[] = { { S("config"), S("cfg_1") },
							   { S("count"), S("3") } };

struct step {
	struct rs_incident incident;
	bool is_new;
	int64_t later_us; /* the clock of this step is so much ahead */
};

static int do_raise(struct rs_ctx *ctx, void *arg)
{
	struct step *step = arg;

	ctx->now_us += step->later_us;
	return rs_incident_raise(ctx, &step->incident, &step->is_new);
}

static int do_resolve(struct rs_ctx *ctx, void *arg)
{
	struct step *step = arg;

	ctx->now_us += step->later_us;
	return rs_incident_resolve(ctx, step->incident.kind, step->incident.subject);
}

static struct step step_of(const char *subject)
{
	return (struct step){ .incident = { .kind = RV_INCIDENT_KIND_CONFIG_HELD,
					    .subject = rv_str(subject),
					    .parameters = parameters,
					    .parameter_count = RV_ARRAY_LEN(parameters),
					    .detail = S("line 3: no such word") } };
}

static bool raise_it(struct fixture *f, struct step *step)
{
	assert_int_equal(run_tx(f, do_raise, step), RV_OK);
	return step->is_new;
}

static size_t list(struct fixture *f, const struct rv_incident_list_in *in,
		   struct rv_incident_list_out *out)
{
	assert_int_equal(run_op(f, "incident.list", in, out), RV_OK);
	return out->incidents_len;
}

static struct rv_incident only(struct fixture *f)
{
	struct rv_incident_list_in in = { .is_all = true };
	struct rv_incident_list_out out;

	assert_int_equal(list(f, &in, &out), 1);
	return out.incidents[0];
}

static void the_same_trouble_counts_up_until_it_is_over(void **state)
{
	struct fixture *f = *state;
	struct step step = step_of(DID);

	assert_true(raise_it(f, &step));
	step.later_us = 5;
	step.incident.detail = S("other words");
	assert_false(raise_it(f, &step));
	struct rv_incident one = only(f);
	assert_int_equal(one.count, 2);
	assert_true(one.last_at > one.first_at);
	assert_int_equal(one.state, RV_INCIDENT_STATE_OPEN);
	assert_true(rv_str_is(one.detail, "other words"));
	assert_int_equal(one.parameters_len, 2);
	assert_true(rv_str_is(one.parameters[1].value, "3"));

	assert_int_equal(run_tx(f, do_resolve, &step), RV_OK);
	one = only(f);
	assert_int_equal(one.state, RV_INCIDENT_STATE_RESOLVED);
	assert_true(one.has_resolved_at);
	assert_int_equal(run_tx(f, do_resolve, &step), RV_OK); /* nothing to resolve */
	assert_true(raise_it(f, &step));                       /* anew */
	struct rv_incident_list_in in = { .is_all = true };
	struct rv_incident_list_out out;
	assert_int_equal(list(f, &in, &out), 2);
	assert_int_equal(out.incidents[0].count, 1); /* latest first */
}

static void acknowledged_it_stays_quiet_until_it_gets_worse(void **state)
{
	struct fixture *f = *state;
	struct step step = step_of(DID);
	struct rv_incident_ack_out out;

	raise_it(f, &step);
	struct rv_incident_ack_in ack = { .id = only(f).id, .note = S("at it"), .has_note = true };
	assert_int_equal(run_op(f, "incident.ack", &ack, &out), RV_OK);
	assert_int_equal(out.incident.state, RV_INCIDENT_STATE_ACKNOWLEDGED);
	assert_true(rv_str_is(out.incident.acknowledged_by, "local"));
	assert_true(rv_str_is(out.incident.note, "at it"));
	raise_it(f, &step);
	assert_int_equal(only(f).state, RV_INCIDENT_STATE_ACKNOWLEDGED);
	step.incident.is_worse = true;
	raise_it(f, &step);
	assert_int_equal(only(f).state, RV_INCIDENT_STATE_OPEN);

	run_tx(f, do_resolve, &step);
	assert_int_equal(run_op(f, "incident.ack", &ack, &out), RV_ECONFLICT);
	assert_string_equal(f->diag.key, "incident.resolved");
	ack.id = 1;
	assert_int_equal(run_op(f, "incident.ack", &ack, &out), RV_ENOTFOUND);
}

static void a_list_is_filtered_and_paged(void **state)
{
	struct fixture *f = *state;
	struct step a = step_of(DID), b = step_of(DID2), c = step_of(DID);
	struct rv_incident_list_out out;

	c.incident.kind = RV_INCIDENT_KIND_PULL_LOOP;
	raise_it(f, &a);
	raise_it(f, &b);
	raise_it(f, &c);
	run_tx(f, do_resolve, &b);
	const struct {
		struct rv_incident_list_in in;
		size_t count;
	} cases[] = {
		{ { 0 }, 2 },
		{ { .is_all = true }, 3 },
		{ { .has_state = true, .state = RV_INCIDENT_STATE_RESOLVED }, 1 },
		{ { .has_state = true, .state = RV_INCIDENT_STATE_ACKNOWLEDGED }, 0 },
		{ { .has_kind = true, .kind = RV_INCIDENT_KIND_CONFIG_HELD }, 1 },
		{ { .has_kind = true, .kind = RV_INCIDENT_KIND_CONFIG_HELD, .is_all = true }, 2 },
		{ { .has_subject = true, .subject = S(DID) }, 2 },
		{ { .has_subject = true, .subject = S(STRANGER), .is_all = true }, 0 },
		{ { .has_limit = true, .limit = 1 }, 1 },
	};
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++)
		assert_int_equal(list(f, &cases[i].in, &out), cases[i].count);
	struct rv_incident_list_in next = { .has_before = true, .before = out.incidents[0].id };
	assert_int_equal(list(f, &next, &out), 1);
	assert_int_equal(out.incidents[0].kind, RV_INCIDENT_KIND_CONFIG_HELD);
}

static void resolved_ones_are_forgotten_after_a_time_and_others_never(void **state)
{
	struct fixture *f = *state;
	const int64_t year_us = INT64_C(365) * 86400 * 1000000;
	struct step old = step_of(DID), open = step_of(DID2), late = step_of(STRANGER);

	old.later_us = open.later_us = -year_us;
	raise_it(f, &old);
	raise_it(f, &open);
	run_tx(f, do_resolve, &old);
	raise_it(f, &late);
	run_tx(f, do_resolve, &late); /* and with it, the old ones go */
	struct rv_incident_list_in in = { .is_all = true };
	struct rv_incident_list_out out;
	assert_int_equal(list(f, &in, &out), 2);
	assert_true(rv_str_is(out.incidents[0].subject, STRANGER));
	assert_true(rv_str_is(out.incidents[1].subject, DID2));
}

static void a_device_that_is_no_more_has_no_open_incidents(void **state)
{
	struct fixture *f = *state;
	struct rv_device_delete_in in = { .distid = S(DID) };
	struct rv_device_delete_out out;
	struct step step = step_of(DID);

	make_device(f, DID);
	raise_it(f, &step);
	assert_int_equal(run_op(f, "device.delete", &in, &out), RV_OK);
	assert_int_equal(only(f).state, RV_INCIDENT_STATE_RESOLVED);
}

static void words_that_are_too_long_are_cut_at_a_character(void **state)
{
	struct fixture *f = *state;
	char text[RS_INCIDENT_DETAIL_MAX + 1];
	struct step step = step_of(DID);

	memset(text, 'x', sizeof(text));
	memcpy(text + RS_INCIDENT_DETAIL_MAX - 1, "\xc3\xa9", 2); /* e with an accent */
	step.incident.detail = rv_strn(text, sizeof(text));
	raise_it(f, &step);
	assert_int_equal(only(f).detail.len, RS_INCIDENT_DETAIL_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_same_trouble_counts_up_until_it_is_over,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(acknowledged_it_stays_quiet_until_it_gets_worse,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_list_is_filtered_and_paged, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(
			resolved_ones_are_forgotten_after_a_time_and_others_never, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(a_device_that_is_no_more_has_no_open_incidents,
						fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(words_that_are_too_long_are_cut_at_a_character,
						fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
