#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "contract/rv_contract.h"
#include "server/status/report.h"

#define NOW INT64_C(1795369721000000)
#define DAY INT64_C(86400000000)

static const struct rv_duty_info roster[] = {
	{ .name = "status", .run = RV_DUTY_READY, .pid = 10, .started_us = NOW },
	{ .name = "rs", .run = RV_DUTY_READY, .pid = 11, .started_us = NOW },
	{ .name = "ls", .instance = 0, .run = RV_DUTY_READY, .pid = 12, .started_us = NOW },
	{ .name = "ls", .instance = 1, .run = RV_DUTY_READY, .pid = 13, .started_us = NOW },
};

enum { STATUS, RS, LS0, LS1 };

struct fix {
	struct rv_arena arena;
	struct rv_report report;
	struct rv_duty_info list[RV_ARRAY_LEN(roster)];
};

static int set_up(void **state)
{
	static struct fix f;

	rv_arena_deinit(&f.arena); /* of a case that begins several times */
	f = (struct fix){ 0 };
	memcpy(f.list, roster, sizeof(roster));
	rv_report_init(&f.report, &f.arena, NOW, f.list, RV_ARRAY_LEN(roster));
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fix *f = *state;

	rv_arena_deinit(&f->arena);
	return 0;
}

/* Every report keeps the limits of the contract. */
static const struct rv_system_status_out *finish(struct fix *f)
{
	const struct rv_system_status_out *out;

	assert_int_equal(rv_report_finish(&f->report, &out), RV_OK);
	assert_int_equal(rv_system_status_out_check(out, NULL), RV_OK);
	return out;
}

static const struct rv_notice *only_notice(const struct rv_system_status_out *out,
					   enum rv_notice_kind kind)
{
	assert_int_equal(out->notices_len, 1);
	assert_int_equal(out->notices[0].kind, kind);
	return &out->notices[0];
}

static void assert_parameter(const struct rv_notice *notice, const char *name, const char *value)
{
	for (size_t i = 0; i < notice->parameters_len; i++) {
		if (rv_str_is(notice->parameters[i].name, name)) {
			assert_true(rv_str_is(notice->parameters[i].value, value));
			return;
		}
	}
	fail_msg("there is no %s", name);
}

static void all_is_well_when_everybody_is_ready(void **state)
{
	struct fix *f = *state;
	const struct rv_system_status_out *out;

	for (size_t i = 0; i < RV_ARRAY_LEN(roster); i++)
		rv_report_health(&f->report, i, RV_OK, rv_str(NULL));
	out = finish(f);
	assert_true(out->is_ready);
	assert_int_equal(out->notices_len, 0);
	assert_int_equal(out->processes_len, 4);
	assert_true(rv_str_is(out->processes[LS1].process, "ls.1"));
	assert_int_equal(out->processes[LS1].pid, 13);
	assert_false(out->has_devices); /* rs said nothing */
	assert_false(out->processes[RS].has_is_confined);
}

static void nobody_is_not_ready(void **state)
{
	struct fix *f = *state;

	rv_report_init(&f->report, &f->arena, NOW, NULL, 0);
	assert_false(finish(f)->is_ready);
}

static const struct {
	enum rv_duty_run run;
	int status;
	const char *reason;
	enum rv_process_state state;
	enum rv_notice_kind notice;
	const char *detail;
} state_cases[] = {
	{ RV_DUTY_READY, RV_OK, "the database does not answer", RV_PROCESS_STATE_NOT_READY,
	  RV_NOTICE_KIND_NOT_READY, "the database does not answer" },
	{ RV_DUTY_READY, RV_ETIMEOUT, "", RV_PROCESS_STATE_SILENT, RV_NOTICE_KIND_SILENT,
	  "ETIMEOUT" },
	{ RV_DUTY_STARTING, RV_ENOTFOUND, "", RV_PROCESS_STATE_STARTING, RV_NOTICE_KIND_STARTING,
	  NULL },
	{ RV_DUTY_WAITING, RV_ENOTFOUND, "", RV_PROCESS_STATE_WAITING, RV_NOTICE_KIND_WAITING,
	  "signal 9" },
	{ RV_DUTY_STOPPING, RV_OK, "", RV_PROCESS_STATE_STOPPING, RV_NOTICE_KIND_STOPPING, NULL },
};

static void one_that_is_not_ready_is_named_and_the_whole_is_not(void **state)
{
	struct fix *f = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(state_cases); i++) {
		const struct rv_system_status_out *out;
		const struct rv_notice *notice;

		f->list[RS].run = state_cases[i].run;
		f->list[RS].restarts = 3;
		snprintf(f->list[RS].note, sizeof(f->list[RS].note), "signal 9");
		rv_report_init(&f->report, &f->arena, NOW, f->list, RV_ARRAY_LEN(roster));
		rv_report_health(&f->report, RS, state_cases[i].status,
				 rv_str(state_cases[i].reason));
		out = finish(f);
		assert_false(out->is_ready);
		assert_int_equal(out->processes[RS].state, state_cases[i].state);
		assert_int_equal(out->processes[RS].restarts, 3);
		notice = only_notice(out, state_cases[i].notice);
		assert_true(rv_str_is(notice->subject, "rs.0"));
		if (state_cases[i].detail != NULL)
			assert_parameter(notice, "detail", state_cases[i].detail);
		if (state_cases[i].run == RV_DUTY_WAITING)
			assert_parameter(notice, "value", "3");
	}
}

static void figures_of_workers_are_one_edge(void **state)
{
	struct fix *f = *state;
	const struct rv_edge_state *edge;
	const struct rv_system_status_out *out;

	for (size_t i = LS0; i <= LS1; i++)
		rv_report_metrics(&f->report, i,
				  rv_str("# TYPE reeve_ls_connections_open gauge\n"
					 "reeve_ls_connections_open 3\n"
					 "reeve_ls_connections_total 100\n"
					 "reeve_ls_connections_refused_total 1\n"
					 "reeve_ls_connections_refused_source_total 10\n"
					 "reeve_ls_tls_handshakes_refused_total 4\n"
					 "reeve_ls_tls_handshake_failures_total 5\n"
					 "reeve_tls_legacy_refused_total 6\n"
					 "reeve_listener{address=\"127.0.0.1:7443\"} 1\n"
					 "reeve_sandbox_on 1\n"));
	out = finish(f);
	assert_int_equal(out->edges_len, 1);
	edge = &out->edges[0];
	assert_true(rv_str_is(edge->name, "ls"));
	assert_int_equal(edge->connections, 6);
	assert_int_equal(edge->connections_refused, 22);
	assert_int_equal(edge->handshakes_refused, 8);
	assert_int_equal(edge->handshakes_failed, 10);
	assert_int_equal(edge->legacy_refused, 12);
	assert_int_equal(out->processes[LS0].listeners_len, 1);
	assert_true(rv_str_is(out->processes[LS1].listeners[0], "127.0.0.1:7443"));
	assert_true(out->processes[LS0].has_is_confined && out->processes[LS0].is_confined);
	assert_int_equal(out->notices_len, 0);
}

static void rs_counts_and_its_store(void **state)
{
	struct fix *f = *state;
	const struct rv_system_status_out *out;
	const struct rv_notice *notice;

	rv_report_metrics(&f->report, STATUS,
			  rv_str("reeve_supervisor_start_time_seconds 1700000000.5\n"));
	rv_report_metrics(&f->report, RS,
			  rv_str("reeve_rs_devices 100000\nreeve_rs_waiting_devices 7\n"
				 "reeve_rs_incidents 2\nreeve_rs_db_queued 9\nreeve_rs_db_away 1\n"
				 "reeve_rs_db_away_now_seconds 61.500000\n"
				 "reeve_rs_db_driver{driver=\"postgresql\"} 1\n"));
	out = finish(f);
	assert_int_equal(out->started_at, INT64_C(1700000000500000));
	assert_int_equal(out->devices, 100000);
	assert_int_equal(out->waiting_devices, 7);
	assert_int_equal(out->open_incidents, 2);
	assert_int_equal(out->stores_len, 1);
	assert_true(rv_str_is(out->stores[0].driver, "postgresql"));
	assert_int_equal(out->stores[0].queued, 9);
	notice = only_notice(out, RV_NOTICE_KIND_STORE_AWAY);
	assert_parameter(notice, "value", "61");
}

static void nobody_speaks_for_rs(void **state)
{
	struct fix *f = *state;
	const struct rv_system_status_out *out;

	rv_report_metrics(&f->report, LS0,
			  rv_str("reeve_rs_devices 1\nreeve_rs_devices{duty=\"rs\"} 1\n"
				 "reeve_supervisor_start_time_seconds 1\nreeve_rs_db_away 1\n"));
	out = finish(f);
	assert_false(out->has_devices);
	assert_false(out->has_started_at);
	assert_int_equal(out->stores_len, 0);
}

static void addresses_that_need_legacy_are_not_counted_twice(void **state)
{
	struct fix *f = *state;
	const struct rv_system_status_out *out;

	rv_report_metrics(&f->report, LS0, rv_str("reeve_tls_legacy_refused_addresses 2\n"));
	rv_report_metrics(&f->report, LS1, rv_str("reeve_tls_legacy_refused_addresses 1\n"));
	out = finish(f);
	assert_int_equal(out->legacy_devices, 2);
	assert_parameter(only_notice(out, RV_NOTICE_KIND_NEEDS_LEGACY), "value", "2");
	assert_true(out->is_ready); /* worth knowing, nothing is broken */
}

static const struct {
	int64_t left_us;
	bool is_told, has_ended;
	const char *days;
} certificate_cases[] = {
	{ 31 * DAY, false, false, NULL }, { 30 * DAY, true, false, "30" },
	{ DAY / 2, true, false, "0" },    { 0, true, true, NULL },
	{ -5 * DAY, true, true, NULL },
};

static void certificates_are_told_in_time(void **state)
{
	struct fix *f = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(certificate_cases); i++) {
		const struct rv_system_status_out *out;
		char line[128];

		set_up(state);
		snprintf(line, sizeof(line),
			 "reeve_certificate_expires_seconds{name=\"ls.certificate\"} %lld\n",
			 (long long)(certificate_cases[i].left_us / 1000000));
		rv_report_metrics(&f->report, LS0, rv_str(line));
		rv_report_metrics(&f->report, LS1, rv_str(line));
		out = finish(f);
		assert_int_equal(out->own_certificates_len, 1);
		assert_int_equal(out->own_certificates[0].expires_at,
				 NOW + certificate_cases[i].left_us);
		assert_int_equal(out->notices_len, certificate_cases[i].is_told);
		if (certificate_cases[i].has_ended)
			only_notice(out, RV_NOTICE_KIND_CERTIFICATE_ENDED);
		else if (certificate_cases[i].is_told)
			assert_parameter(only_notice(out, RV_NOTICE_KIND_CERTIFICATE_ENDS), "value",
					 certificate_cases[i].days);
		tear_down(state);
	}
}

static void settings_that_wait_and_a_missing_sandbox_are_told(void **state)
{
	struct fix *f = *state;
	const struct rv_system_status_out *out;

	snprintf(f->list[LS0].note, sizeof(f->list[LS0].note), RV_DUTY_RESTART_NOTE "ls.listen");
	rv_report_init(&f->report, &f->arena, NOW, f->list, RV_ARRAY_LEN(roster));
	rv_report_metrics(&f->report, LS1, rv_str("reeve_sandbox_on 0\n"));
	out = finish(f);
	assert_true(out->is_ready);
	assert_int_equal(out->notices_len, 2);
	assert_int_equal(out->notices[0].kind, RV_NOTICE_KIND_NEEDS_RESTART);
	assert_parameter(&out->notices[0], "detail", "ls.listen");
	assert_int_equal(out->notices[1].kind, RV_NOTICE_KIND_UNCONFINED);
	assert_true(rv_str_is(out->notices[1].subject, "ls.1"));
}

/* Odd numbers count nothing; what is no text is made one; what is too much is left out. */
static void hostile_texts_do_no_harm(void **state)
{
	struct fix *f = *state;
	const struct rv_system_status_out *out;
	char line[128], reason[RV_DUTY_REASON_MAX + 2];

	rv_report_metrics(&f->report, LS0,
			  rv_str("reeve_ls_connections_open NaN\nreeve_ls_connections_open -1\n"
				 "reeve_ls_connections_open +Inf\nreeve_ls_connections_open 2\n"
				 "reeve_\nreeve_x 1\nx\n{ 1\nreeve__connections_open 1\n"
				 "reeve_listener{address=\"\xff\"} 1\n"
				 "reeve_certificate_expires_seconds{name=\"a\"} 1e300\n"
				 "reeve_certificate_expires_seconds 5\n"));
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line),
			 "reeve_listener{address=\"%d\"} 1\n"
			 "reeve_certificate_expires_seconds{name=\"c%d\"} 9e9\n",
			 i, i);
		rv_report_metrics(&f->report, LS0, rv_str(line));
	}
	memset(reason, 'x', sizeof(reason));
	memcpy(reason + RV_DUTY_REASON_MAX - 1, "\xc3\xa9", 2); /* cut in the middle of a letter */
	rv_report_health(&f->report, LS0, RV_OK, rv_strn(reason, sizeof(reason) - 1));
	rv_report_health(&f->report, LS1, RV_OK, rv_strn("a\0\xff", 3));
	out = finish(f);
	assert_int_equal(out->edges[0].connections, 3);
	assert_int_equal(out->processes[LS0].listeners_len, 16);
	assert_int_equal(out->own_certificates_len, RV_REPORT_CERTIFICATES_MAX);
	assert_int_equal(out->processes[LS0].reason.len, RV_DUTY_REASON_MAX - 1);
	assert_true(rv_str_is(out->processes[LS1].reason, "a??"));
}

static void a_full_arena_is_told(void **state)
{
	struct fix *f = *state;
	const struct rv_system_status_out *out = NULL;
	struct rv_arena small = { .max = 100 };

	rv_report_init(&f->report, &small, NOW, f->list, RV_ARRAY_LEN(roster));
	rv_report_health(&f->report, 0, RV_OK, rv_str("x"));
	rv_report_metrics(&f->report, 0, rv_str("reeve_sandbox_on 1\n"));
	assert_int_equal(rv_report_finish(&f->report, &out), -ENOMEM);
	assert_null(out);
	rv_arena_deinit(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_is_well_when_everybody_is_ready, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(nobody_is_not_ready, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_is_not_ready_is_named_and_the_whole_is_not,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(figures_of_workers_are_one_edge, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rs_counts_and_its_store, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_speaks_for_rs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(addresses_that_need_legacy_are_not_counted_twice,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(certificates_are_told_in_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(settings_that_wait_and_a_missing_sandbox_are_told,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(hostile_texts_do_no_harm, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_arena_is_told, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
