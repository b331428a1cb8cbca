/* The walk under virtual time: spec 1.4, 1.5, 1.6 and the rows of appendix B that concern a
 * pull. The words of the traces are explained in world.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "world.h"

static const int dhcp[] = { ARMS_LINE_DHCP };
enum { DAY_S = 86400 };

/* A world with an LS at host 1 that names RSs 11 to 15, all up. */
static void five_rs(struct world *w, int m, int n)
{
	world_init(w, INITIAL_1_1_0);
	w->hosts[1].kind = HOST_ANSWERS;
	for (int i = 11; i <= 15; i++)
		w->hosts[i].kind = HOST_ANSWERS;
	w->location = ls_answer("11 12 13 14 15", ONE_LINE, m, n);
}

static void a_pull_goes_to_the_ls_then_to_the_first_rs(void **state)
{
	struct world w;

	(void)state;
	five_rs(&w, 1, 10);
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
	assert_string_equal(world_trace(&w), "s1 +3 1 (LS) -3 s2 +3 11 (RS) c1.3 -3 s3");
	assert_string_equal(rv_sa_trigger(w.sa), "power on boot");
	assert_true(rv_sa_has_endpoint(w.sa));
	world_deinit(&w);
}

/* 1 + 500 R rounds, 20 I seconds apart; lines in the program's order, URLs in theirs. */
static void an_ls_that_is_down_is_asked_501_times_20_s_apart(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "https://192.0.2.1/ls\n\n1\n1\n");
	w.is_quiet = true;
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), ARMS_EMAXRETRY);
	assert_int_equal(w.attempts, 501);
	assert_int_equal(w.now_us - w.start_us, 500 * 20 * INT64_C(1000000));
	assert_int_equal(rv_sa_state(w.sa), ARMS_ST_BOOT_FAIL);
	assert_string_equal(rv_sa_trigger(w.sa), "power on boot");
	world_deinit(&w);
}

static void an_ls_round_walks_all_lines_and_over_each_all_urls(void **state)
{
	static const int lines[] = { ARMS_LINE_PPPOE, ARMS_LINE_DHCP };
	struct world w;

	(void)state;
	world_init(&w, "https://192.0.2.1/\nhttps://192.0.2.2/\n\n3\n0\n");
	assert_int_equal(world_pull(&w, DAY_S, lines, 2), ARMS_EMAXRETRY);
	assert_string_equal(world_trace(&w), "s1 +2 1 2 -2 +3 1 2 -3 s4");
	world_deinit(&w);
}

static void the_ls_index_is_kept_where_it_worked(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "https://192.0.2.1/\nhttps://192.0.2.2/\n\n0\n1\n");
	w.hosts[2] = (struct host){ .kind = HOST_ANSWERS, .body = coded("rs-solicitation", 502) };
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), ARMS_EPULL);
	assert_string_equal(world_trace(&w), "s1 +3 1 2 (LS) -3 s4");
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), ARMS_EPULL);
	assert_string_equal(world_trace(&w), "s1 +3 2 (LS) -3 s4");
	world_deinit(&w);
}

static void ls_rounds_with_interval_3_are_60_s_apart(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "https://192.0.2.1/\n\n3\n3\n");
	w.hosts[1].kind = HOST_ANSWERS;
	w.hosts[1].down_first = 2;
	w.hosts[11].kind = HOST_ANSWERS;
	w.location = ls_answer("11", ONE_LINE, 0, 1);
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
	assert_string_equal(world_trace(&w),
			    "s1 +3 1 -3 @60 +3 1 -3 @120 +3 1 (LS) -3 s2 +3 11 (RS) "
			    "c1.3 -3 s3");
	assert_true(world_logged(&w, ARMS_LOG_ILS_ACCESS_RETRY));
	world_deinit(&w);
}

/* Which of 1 .. 5 RSs answers; the trace of the RS phase of the first pull and of the second,
 * which skips the LS and starts where the first ended. */
static const struct {
	const char *rs;
	int up;
	const char *first, *second;
} redundancy[] = {
	{ "11", 11, "11 (RS) c1.3", "11 (RS) c1.3" },
	{ "11 12", 12, "11 12 (RS) c1.3", "12 (RS) c1.3" },
	{ "11 12 13", 13, "11 12 13 (RS) c1.3", "13 (RS) c1.3" },
	{ "11 12 13 14", 12, "11 12 (RS) c1.3", "12 (RS) c1.3" },
	{ "11 12 13 14 15", 15, "11 12 13 14 15 (RS) c1.3", "15 (RS) c1.3" },
};

static void the_rs_that_answered_last_is_asked_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(redundancy); i++) {
		struct world w;
		char expected[256];

		world_init(&w, INITIAL_1_1_0);
		w.hosts[1].kind = w.hosts[redundancy[i].up].kind = HOST_ANSWERS;
		w.location = ls_answer(redundancy[i].rs, ONE_LINE, 0, 1);
		assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
		snprintf(expected, sizeof(expected), "s1 +3 1 (LS) -3 s2 +3 %s -3 s3",
			 redundancy[i].first);
		assert_string_equal(world_trace(&w), expected);
		assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
		snprintf(expected, sizeof(expected), "s2 +3 %s -3 s3", redundancy[i].second);
		assert_string_equal(world_trace(&w), expected);
		world_deinit(&w);
	}
}

static void an_rs_walk_goes_round_the_list_from_where_it_stands(void **state)
{
	struct world w;

	(void)state;
	five_rs(&w, 0, 1);
	w.hosts[11].kind = w.hosts[12].kind = w.hosts[13].kind = HOST_DOWN;
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
	(void)world_trace(&w);
	w.hosts[14].kind = w.hosts[15].kind = HOST_DOWN;
	w.hosts[12].kind = HOST_ANSWERS;
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
	assert_string_equal(world_trace(&w), "s2 +3 14 15 11 12 (RS) c1.3 -3 s3");
	world_deinit(&w);
}

/* 1 + M rounds, N seconds apart, unscaled; then the LS at once, where the list starts anew. */
static void a_dead_rs_is_retried_m_times_n_apart_then_the_ls_at_once(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, INITIAL_1_1_0);
	w.hosts[1].kind = HOST_ANSWERS;
	w.hosts[12] = (struct host){ .kind = HOST_ANSWERS, .down_first = 3 };
	w.location = ls_answer("11 12", ONE_LINE, 2, 7);
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
	assert_string_equal(world_trace(&w),
			    "s1 +3 1 (LS) -3 s2 +3 11 12 -3 @7 +3 11 12 -3 @14 +3 11 12 -3 "
			    "s1 +3 1 (LS) -3 s2 +3 11 12 (RS) c1.3 -3 s3");
	assert_true(world_logged(&w, ARMS_LOG_EFALLBACK));
	assert_true(world_logged(&w, ARMS_LOG_IRS_ACCESS_RETRY));
	world_deinit(&w);
}

static void the_way_back_to_the_ls_is_taken_until_the_time_is_over(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, INITIAL_1_1_0);
	w.is_quiet = true;
	w.hosts[1].kind = HOST_ANSWERS;
	w.location = ls_answer("11", ONE_LINE, 1, 30);
	assert_int_equal(world_pull(&w, 21600, dhcp, 1), ARMS_ETIMEOUT);
	assert_int_equal(w.now_us - w.start_us, 21600 * INT64_C(1000000));
	assert_int_equal(rv_sa_state(w.sa), ARMS_ST_BOOT_FAIL);
	assert_false(rv_sa_has_endpoint(w.sa));
	/* LS, RS, 30 s, RS, 1 s of pace: about 3 x 21600 / 31 attempts. */
	assert_in_range(w.attempts, 2050, 2100);
	world_deinit(&w);
}

/* Spec 10.49 and 10.74: the original repeats without pause where the servers put it at 0. */
static void repetitions_without_pause_are_a_second_apart(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, INITIAL_1_1_0);
	w.is_quiet = true;
	w.hosts[1].kind = HOST_ANSWERS;
	w.hosts[11] = (struct host){ .kind = HOST_ANSWERS,
				     .body = coded("config-solicitation", 502) };
	w.location = ls_answer("11", ONE_LINE, 9, 0);
	assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_ETIMEOUT);
	assert_in_range(w.attempts, 118, 124); /* LS and RS, once a second */
	w.hosts[11] = (struct host){ .kind = HOST_DOWN };
	w.attempts = 0;
	assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_ETIMEOUT);
	assert_in_range(w.attempts, 60, 72);
	world_deinit(&w);
}

static void a_502_from_an_rs_goes_to_the_ls_at_once_with_its_trigger(void **state)
{
	struct world w;

	(void)state;
	five_rs(&w, 3, 60);
	w.hosts[11].body = coded("config-solicitation", 502);
	w.hosts[12].body = coded("config-solicitation", 502);
	assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_ETIMEOUT);
	assert_true(strstr(world_trace(&w),
			   "s1 +3 1 (LS) -3 s2 +3 11 (RS) -3 s1 +3 1 (LS) -3 s2 +3 11 "
			   "(RS) -3 @1 s1 +3 1 (LS)") != NULL);
	assert_string_equal(rv_sa_trigger(w.sa), "received 502 Push failed");
	world_deinit(&w);
}

/* The time-outs of appendix B: connect and handshake, sending, the whole answer. */
static const struct {
	enum host_kind kind;
	const char *trace;
	int log_type;
} time_outs[] = {
	{ HOST_DOWN, "s1 +3 1 2 (LS) -3 s4", ARMS_LOG_ECONNECT },
	{ HOST_HANGS, "s1 +3 1 @30 2 (LS) -3 s4", ARMS_LOG_ENETTIMEOUT },
	{ HOST_DEAF, "s1 +3 1 @30 2 (LS) -3 s4", ARMS_LOG_ENETTIMEOUT },
	{ HOST_SILENT, "s1 +3 1 (LS) @30 2 (LS) -3 s4", ARMS_LOG_ENETTIMEOUT },
	{ HOST_TRICKLES, "s1 +3 1 (LS) @30 2 (LS) -3 s4", ARMS_LOG_ENETTIMEOUT },
	{ HOST_CUTS, "s1 +3 1 (LS) 2 (LS) -3 s4", ARMS_LOG_EHTTP },
};

static void each_time_out_is_30_s_and_leads_to_the_next_url(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(time_outs); i++) {
		struct world w;

		world_init(&w, "https://192.0.2.1/\nhttps://192.0.2.2/\n\n1\n0\n");
		w.split = 1;
		w.hosts[1] = (struct host){ .kind = time_outs[i].kind,
					    .body = coded("rs-solicitation", 100) };
		w.hosts[2] = (struct host){ .kind = HOST_ANSWERS,
					    .body = coded("rs-solicitation", 503) };
		assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), ARMS_EREBOOT);
		assert_string_equal(world_trace(&w), time_outs[i].trace);
		assert_true(world_logged(&w, time_outs[i].log_type));
		assert_true(world_logged(&w, ARMS_LOG_ELS_ACCESS_FAIL));
		world_deinit(&w);
	}
}

/* The pull's own deadline cuts every wait short; the line is told to go once. */
static const struct {
	enum host_kind kind;
	int lines[4];
	size_t line_count;
	const char *trace;
} deadlines[] = {
	{ HOST_DOWN, { 0 }, 0, "s1 +3 1 -3 @40 +3 1 -3 @61 s4" },
	{ HOST_SILENT, { 0 }, 0, "s1 +3 1 (LS) @30 -3 @70 +3 1 (LS) @61 -3 s4" },
	{ HOST_DOWN,
	  { ARMS_LINE_CONNECTED, ARMS_LINE_NEEDPOLL, ARMS_LINE_NEEDPOLL, ARMS_LINE_DISCONNECTED },
	  4,
	  "s1 +3 1 -3 @1 =3 @2 =3 @42 +3 1 -3 @61 s4" },
};

static void the_deadline_of_the_pull_cuts_every_wait(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(deadlines); i++) {
		struct world w;

		world_init(&w, "https://192.0.2.1/\n\n2\n9\n");
		w.hosts[1].kind = deadlines[i].kind;
		memcpy(w.lines, deadlines[i].lines, sizeof(deadlines[i].lines));
		w.line_count = deadlines[i].line_count;
		/* The second row starts its second round beyond the deadline. */
		assert_int_equal(world_pull(&w, 61, dhcp, 1), ARMS_ETIMEOUT);
		if (i != 1)
			assert_string_equal(world_trace(&w), deadlines[i].trace);
		assert_int_equal(w.now_us - w.start_us, 61 * INT64_C(1000000));
		world_deinit(&w);
	}
}

static void a_deadline_during_an_attempt_closes_it_and_takes_the_line_down(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, "https://192.0.2.1/\nhttps://192.0.2.2/\nhttps://192.0.2.3/\n\n2\n9\n");
	w.hosts[1].kind = w.hosts[2].kind = w.hosts[3].kind = HOST_SILENT;
	/* DISCONNECT never succeeds: told once, and not asked again after the deadline. */
	w.lines[0] = ARMS_LINE_CONNECTED;
	w.lines[1] = ARMS_LINE_NEEDPOLL;
	w.line_count = 2;
	assert_int_equal(world_pull(&w, 65, dhcp, 1), ARMS_ETIMEOUT);
	assert_string_equal(world_trace(&w), "s1 +3 1 (LS) @30 2 (LS) @60 3 (LS) @65 -3 s4");
	world_deinit(&w);
}

static void a_line_that_does_not_come_up_leads_to_the_next_line(void **state)
{
	static const int lines[] = { ARMS_LINE_PPPOE, ARMS_LINE_DHCP };
	struct world w;

	(void)state;
	five_rs(&w, 0, 1);
	w.lines[0] = ARMS_LINE_AUTHFAIL;
	w.lines[1] = ARMS_LINE_DISCONNECTED; /* DISCONNECT after the failure */
	w.line_count = 2;
	assert_int_equal(world_pull(&w, DAY_S, lines, 2), 0);
	assert_string_equal(world_trace(&w), "s1 +2 -2 +3 1 (LS) -3 s2 +3 11 (RS) c1.3 -3 s3");
	assert_true(world_logged(&w, ARMS_LOG_ELINE_AUTH_FAIL));
	world_deinit(&w);
}

static void ls_lines_are_polled_30_times_and_rs_lines_ll_timeout_times(void **state)
{
	struct world w;
	char expected[1024] = "s1 +3 ";

	(void)state;
	five_rs(&w, 0, 1);
	for (size_t i = 0; i < 31; i++)
		w.lines[i] = ARMS_LINE_NEEDPOLL;
	w.line_count = 31;
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), ARMS_EMAXRETRY);
	for (int i = 1; i <= 30; i++)
		snprintf(expected + strlen(expected), 16, "@%d =3 ", i);
	strcat(expected, "-3 s4");
	assert_string_equal(world_trace(&w), expected);

	/* LS line up and down, then the RS line: ll-timeout is 2. */
	w.line_at = 0;
	w.lines[0] = ARMS_LINE_CONNECTED;
	w.lines[1] = w.lines[6] = ARMS_LINE_DISCONNECTED;
	w.line_count = 7;
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	assert_string_equal(world_trace(&w), "s1 +3 1 (LS) -3 s2 +3 @1 =3 @2 =3 -3 @3 =3 "
					     "s1 +3 1 (LS) -3 s2 +3 11 (RS) c1.3 -3 s3");
	world_deinit(&w);
}

static void without_ll_timeout_a_line_that_needs_polling_fails_at_once(void **state)
{
	struct world w;
	char location[4096];
	char *ll;

	(void)state;
	five_rs(&w, 0, 1);
	snprintf(location, sizeof(location), "%s", ls_answer("11", ONE_LINE, 0, 1));
	ll = strstr(location, "<ll-timeout>2");
	assert_non_null(ll);
	ll[strlen("<ll-timeout>")] = '0';
	w.location = location;
	w.lines[0] = ARMS_LINE_CONNECTED;
	w.lines[1] = ARMS_LINE_DISCONNECTED;
	w.lines[2] = ARMS_LINE_NEEDPOLL;
	w.line_count = 3;
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
	assert_string_equal(world_trace(&w), "s1 +3 1 (LS) -3 s2 +3 -3 s1 +3 1 (LS) -3 s2 +3 11 "
					     "(RS) c1.3 -3 s3");
	world_deinit(&w);
}

static void an_impossible_line_result_ends_the_pull(void **state)
{
	struct world w;

	(void)state;
	five_rs(&w, 0, 1);
	w.lines[0] = -1;
	w.line_count = 1;
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), ARMS_ECALLBACK);
	assert_string_equal(world_trace(&w), "s1 +3 s4");
	w.line_at = 0;
	w.lines[0] = ARMS_LINE_CONNECTED;
	w.lines[1] = ARMS_LINE_NOTAVAILABLE;
	w.line_count = 2;
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), ARMS_ECALLBACK);
	assert_string_equal(world_trace(&w), "s1 +3 1 (LS) -3 s4");
	world_deinit(&w);
}

static void rs_lines_are_walked_from_the_one_that_worked_last(void **state)
{
	struct world w;

	(void)state;
	five_rs(&w, 0, 1);
	w.location = ls_answer("11",
			       "line-pppoe {\n account a;\n password b;\n};\n"
			       "line-dhcp {\n};\nline-static {\n ipaddress 192.0.2.7;\n};\n",
			       0, 1);
	w.hosts[11].down_first = 1;
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
	assert_string_equal(world_trace(&w), "s1 +3 1 (LS) -3 s2 +2 11 -2 +3 11 (RS) c1.3 -3 s3");
	w.hosts[11].down_first = 2;
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
	assert_string_equal(world_trace(&w), "s2 +3 11 -3 +6 11 -6 +2 11 (RS) c1.3 -2 s3");
	world_deinit(&w);
}

/* Spec 2.1, 10.16: a URL that the line cannot carry is skipped without a connection. */
static const struct {
	const char *rs, *lines, *trace;
} family_cases[] = {
	{ "6:11 12", "line-dhcp {\n};\n", "+3 12 (RS) c1.3 -3" },
	{ "11 6:12", "line-ra {\n};\n", "+7 6:12 (RS) c1.3 -7" },
	{ "11 6:12", "line-pppoe-ipv6 {\n account a;\n password b;\n};\n", "+8 6:12 (RS) c1.3 -8" },
	{ "6:11 12", "line-static {\n ipaddress 2001:db8::7;\n};\n", "+6 6:11 (RS) c1.3 -6" },
	{ "11 6:12", "line-pppoe {\n account a;\n password b;\n};\n", "+2 11 (RS) c1.3 -2" },
	{ "6:11", "line-dhcp {\n};\nline-ra {\n};\n", "+3 -3 +7 6:11 (RS) c1.3 -7" },
};

static void a_url_of_the_other_family_is_skipped(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(family_cases); i++) {
		struct world w;
		char expected[256];

		five_rs(&w, 0, 1);
		w.location = ls_answer(family_cases[i].rs, family_cases[i].lines, 0, 1);
		assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
		snprintf(expected, sizeof(expected), "s1 +3 1 (LS) -3 s2 %s s3",
			 family_cases[i].trace);
		assert_string_equal(world_trace(&w), expected);
		world_deinit(&w);
	}
}

static void no_line_in_the_location_config_pauses_60_s_then_the_ls_again(void **state)
{
	struct world w;

	(void)state;
	five_rs(&w, 0, 1);
	w.location = ls_answer("11", "", 0, 1);
	assert_int_equal(world_pull(&w, 100, dhcp, 1), ARMS_ETIMEOUT);
	assert_string_equal(world_trace(&w), "s1 +3 1 (LS) -3 s2 @60 s1 +3 1 (LS) -3 s2 @100 s4");
	assert_string_equal(rv_sa_trigger(w.sa), "RS not found");
	world_deinit(&w);
}

static void no_line_of_the_program_s_own_pauses_60_s_and_asks_for_a_pull(void **state)
{
	struct world w;

	(void)state;
	five_rs(&w, 0, 1);
	assert_int_equal(world_pull(&w, DAY_S, NULL, 0), ARMS_EPULL);
	assert_string_equal(world_trace(&w), "s1 @60 s4");
	assert_string_equal(rv_sa_trigger(w.sa), "LS not found");
	/* Not ETIMEOUT, though that second is the last one, too. */
	assert_int_equal(world_pull(&w, 60, NULL, 0), ARMS_EPULL);
	world_deinit(&w);
}

static void anonymous_lines_become_the_accounts_of_the_initial_config(void **state)
{
	static const int lines[] = { ARMS_LINE_ANONPPPOE, ARMS_LINE_ANONPPPOE_IPV6,
				     ARMS_LINE_ANONMOBILE };
	struct world w;

	(void)state;
	world_init(&w, "https://192.0.2.1/\n\n1\n0\n");
	assert_int_equal(world_pull(&w, DAY_S, lines, 3), ARMS_EMAXRETRY);
	assert_string_equal(world_trace(&w), "s1 +2 1 -2 +8 -8 +5 1 -5 s4");
	world_deinit(&w);
}

static void a_line_of_the_program_keeps_its_ifindex(void **state)
{
	static const int types[] = { ARMS_LINE_RA, ARMS_LINE_ANONPPPOE, ARMS_LINE_STATIC };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(types); i++) {
		struct world w;
		struct rv_sa_line line = { .type = types[i], .conf.ifindex = 42 };
		struct rv_sa_pull pull = { 60, 0, &line, 1, false };
		struct rv_sa_action act;

		world_init(&w, INITIAL_1_1_0);
		w.is_quiet = true;
		rv_sa_start_pull(w.sa, 0, &pull);
		rv_sa_next(w.sa, 0, &act);
		assert_int_equal(act.act, RV_SA_ACT_LINE);
		assert_int_equal(*(int *)act.line_conf, 42);
		world_deinit(&w);
	}
}

static void a_restored_state_skips_the_ls_and_begins_where_it_was(void **state)
{
	char blob[RV_SA_STATE_SIZE];
	struct world w;

	(void)state;
	five_rs(&w, 1, 10);
	w.hosts[11].kind = HOST_DOWN;
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
	rv_sa_dump(w.sa, blob);
	world_deinit(&w);

	five_rs(&w, 1, 10);
	assert_int_equal(rv_sa_restore(w.sa, blob), RV_OK);
	assert_int_equal(world_pull(&w, DAY_S, dhcp, 1), 0);
	assert_string_equal(world_trace(&w), "s2 +3 12 (RS) c1.3 -3 s3");
	assert_true(strstr(w.sent.ptr,
			   "Basic MDAwMS0wMDAwLUMwREUtMDA5MS0wMDAwLTAwMDAtMDBBMS1CMkMzOn"
			   "JzLWtleQ==") != NULL);
	/* A state that does not check out changes nothing. */
	blob[100] ^= 1;
	assert_int_equal(rv_sa_restore(w.sa, blob), RV_ECORRUPT);
	assert_true(rv_sa_has_endpoint(w.sa));
	world_deinit(&w);
}

static void without_an_ls_the_pull_ends_at_once(void **state)
{
	struct rv_sa_host host = { 0 };
	struct rv_distid id = { .version = 1 };
	struct rv_sa_pull pull = { 60, 0, NULL, 0, false };
	struct rv_sa_action act;
	struct rv_sa *sa;

	(void)state;
	assert_int_equal(rv_sa_new(&host, &id, &sa), RV_OK);
	rv_sa_start_pull(sa, 0, &pull);
	rv_sa_next(sa, 0, &act);
	assert_int_equal(act.act, RV_SA_ACT_DONE);
	assert_int_equal(act.code, ARMS_ESYSTEM);
	assert_string_equal(rv_sa_trigger(sa), "LS not found");
	rv_sa_free(sa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pull_goes_to_the_ls_then_to_the_first_rs),
		cmocka_unit_test(an_ls_that_is_down_is_asked_501_times_20_s_apart),
		cmocka_unit_test(an_ls_round_walks_all_lines_and_over_each_all_urls),
		cmocka_unit_test(the_ls_index_is_kept_where_it_worked),
		cmocka_unit_test(ls_rounds_with_interval_3_are_60_s_apart),
		cmocka_unit_test(the_rs_that_answered_last_is_asked_first),
		cmocka_unit_test(an_rs_walk_goes_round_the_list_from_where_it_stands),
		cmocka_unit_test(a_dead_rs_is_retried_m_times_n_apart_then_the_ls_at_once),
		cmocka_unit_test(the_way_back_to_the_ls_is_taken_until_the_time_is_over),
		cmocka_unit_test(repetitions_without_pause_are_a_second_apart),
		cmocka_unit_test(a_502_from_an_rs_goes_to_the_ls_at_once_with_its_trigger),
		cmocka_unit_test(each_time_out_is_30_s_and_leads_to_the_next_url),
		cmocka_unit_test(the_deadline_of_the_pull_cuts_every_wait),
		cmocka_unit_test(a_deadline_during_an_attempt_closes_it_and_takes_the_line_down),
		cmocka_unit_test(a_line_that_does_not_come_up_leads_to_the_next_line),
		cmocka_unit_test(ls_lines_are_polled_30_times_and_rs_lines_ll_timeout_times),
		cmocka_unit_test(without_ll_timeout_a_line_that_needs_polling_fails_at_once),
		cmocka_unit_test(an_impossible_line_result_ends_the_pull),
		cmocka_unit_test(rs_lines_are_walked_from_the_one_that_worked_last),
		cmocka_unit_test(a_url_of_the_other_family_is_skipped),
		cmocka_unit_test(no_line_in_the_location_config_pauses_60_s_then_the_ls_again),
		cmocka_unit_test(no_line_of_the_program_s_own_pauses_60_s_and_asks_for_a_pull),
		cmocka_unit_test(anonymous_lines_become_the_accounts_of_the_initial_config),
		cmocka_unit_test(a_line_of_the_program_keeps_its_ifindex),
		cmocka_unit_test(a_restored_state_skips_the_ls_and_begins_where_it_was),
		cmocka_unit_test(without_an_ls_the_pull_ends_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
