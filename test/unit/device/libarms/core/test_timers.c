/* Every retry and time-out of spec appendix B that a pull and a query have, against 1 to 5 RS of
 * which any are down, over IPv4, IPv6 and both, in virtual time.
 *
 * What is to be expected, second by second, says oracle.c from the numbers of the specification.
 * Rows of appendix B are named in quotes. Those of the push (tunnel, confirmation, configure-done,
 * bind, echo) have no code in this library yet; the program's event interval is in test_api.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/time.h"
#include "oracle.h"

enum { RS_MAX = 5, LS_MAX = 4, DAY_S = 86400 };

/* ---- The device ---------------------------------------------------------------------------- */

static void put_url(char *out, size_t size, const struct family *f, size_t i, int first_host)
{
	snprintf(out, size, is_v6(f, i) ? "https://[2001:db8::%x]/arms" : "https://192.0.2.%d/arms",
		 first_host + (int)i);
}

static const char *initial_text(const struct plan *p, int interval, int max)
{
	static char text[1024];
	size_t len = 0;

	for (size_t i = 0; i < p->ls; i++) {
		put_url(text + len, sizeof(text) - len, p->family, i, LS_HOST);
		len += strlen(text + len);
		text[len++] = '\n';
	}
	snprintf(text + len, sizeof(text) - len, "\n%d\n%d\n", interval, max);
	return text;
}

static const char *location_text(const struct plan *p, const char *lines)
{
	char hosts[64] = "";

	for (size_t i = 0; i < p->rs; i++)
		snprintf(hosts + strlen(hosts), 16, i > 0 ? " %s%zu" : "%s%zu",
			 is_v6(p->family, i) ? "6:" : "", RS_HOST + i);
	return ls_answer(hosts, lines, p->retry_max, p->interval_s);
}

/* Success of an RS that names all of them as pull URLs. */
static const char *rs_text(const struct plan *p)
{
	static char text[4096];
	const char *rest = strstr(RS_OK, "<module");
	size_t len;

	len = (size_t)snprintf(text, sizeof(text), "%.*s",
			       (int)(strstr(RS_OK, "<rs-pull-server-url>") - RS_OK), RS_OK);
	for (size_t i = 0; i < p->rs; i++) {
		char url[64];

		put_url(url, sizeof(url), p->family, i, RS_HOST);
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"<rs-pull-server-url>%s</rs-pull-server-url>", url);
	}
	snprintf(text + len, sizeof(text) - len, "%s", rest);
	return text;
}

static void build(struct world *w, const struct plan *p, int ls_interval, int ls_max)
{
	world_init(w, initial_text(p, ls_interval, ls_max));
	w->location = location_text(p, p->family->conf);
	w->split = p->row->kind == HOST_TRICKLES ? 1 : 0;
	for (size_t i = 0; i < p->ls; i++)
		w->hosts[LS_HOST + i].kind = (p->ls_down >> i & 1) != 0 ? p->row->kind
									: HOST_ANSWERS;
	for (size_t i = 0; i < p->rs; i++) {
		w->hosts[RS_HOST + i].kind = (p->rs_down >> i & 1) != 0 ? p->row->kind
									: HOST_ANSWERS;
		w->hosts[RS_HOST + i].body = rs_text(p);
	}
	/* A byte every second: what an LS says first has to be longer than its 30 seconds. */
	for (size_t i = 0; p->row->kind == HOST_TRICKLES && i < p->ls; i++)
		w->hosts[LS_HOST + i].body = w->location;
}

static void tell(const struct plan *p)
{
	print_message("# \"%s\", %s, %zu LS down %x, %zu RS down %x, M %d, N %d, total %lld\n",
		      p->row->name, p->family->name, p->ls, p->ls_down, p->rs, p->rs_down,
		      p->retry_max, p->interval_s, (long long)p->total_s);
}

static void expect(struct world *w, struct oracle *o, int code, int expected_code)
{
	const char *trace = world_trace(w);

	o->words.ptr[o->words.len - 1] = '\0';
	if (strcmp(trace, o->words.ptr) != 0 || code != expected_code)
		tell(o->plan);
	assert_string_equal(trace, o->words.ptr);
	assert_int_equal(code, expected_code);
	assert_int_equal(w->now_us - w->start_us, o->now_s * RV_US_PER_SEC);
	rv_buf_deinit(&o->words);
}

static void check_pull(const struct plan *p, int ls_interval, int ls_max)
{
	struct oracle o = { .plan = p };
	struct world w;
	int expected, code;

	build(&w, p, ls_interval, ls_max);
	/* "LS retry": 20 x I seconds, 1 + 500 x R rounds; a second at least (ours) */
	expected = oracle_pull(&o, 1 + 500 * (int64_t)ls_max,
			       ls_interval > 0 ? 20 * (int64_t)ls_interval : 1);
	code = world_pull(&w, p->total_s, &p->family->line, 1);
	expect(&w, &o, code, expected);
	if ((p->rs_down & 1) != 0 && is_carried(p->family, 0) && (p->ls_down & 1) == 0)
		assert_true(world_logged(&w, p->row->log_type));
	world_deinit(&w);
}

/* ---- The cases ----------------------------------------------------------------------------- */

/* All subsets of 1 to 5 RS: `fn` for each, in each family and each way of being down. */
static void for_each_outage(void (*fn)(struct plan *p))
{
	for (size_t f = 0; f < family_count; f++)
		for (size_t r = 0; r < row_count; r++)
			for (size_t n = 1; n <= RS_MAX; n++)
				for (unsigned down = 0; down < 1U << n; down++) {
					struct plan p = { .family = &families[f],
							  .row = &rows[r],
							  .ls = 1,
							  .rs = n,
							  .rs_down = down,
							  .total_s = DAY_S };

					fn(&p);
				}
}

static bool is_any_up(const struct plan *p)
{
	for (size_t i = 0; i < p->rs; i++)
		if ((p->rs_down >> i & 1) == 0 && is_carried(p->family, i))
			return true;
	return false;
}

static void pull_past_what_is_down(struct plan *p)
{
	p->retry_max = 2;
	p->interval_s = 10;
	if (is_any_up(p))
		check_pull(p, 1, 0);
}

static void a_pull_passes_every_rs_that_is_down_in_its_time_out(void **state)
{
	(void)state;
	for_each_outage(pull_past_what_is_down);
}

/* M and N of an LS; N of 0 is a second (ours). */
static const struct {
	int retry_max, interval_s;
} retries[] = { { 0, 10 }, { 1, 1 }, { 3, 60 }, { 2, 0 } };

static void retry_until_the_time_is_over(struct plan *p)
{
	if (is_any_up(p))
		return;
	for (size_t i = 0; i < RV_ARRAY_LEN(retries); i++) {
		p->retry_max = retries[i].retry_max;
		p->interval_s = retries[i].interval_s > 0 ? retries[i].interval_s : 1;
		p->total_s = 60;
		check_pull(p, 1, 0);
		p->total_s = 607;
		check_pull(p, 1, 0);
	}
}

static void with_all_rs_down_rounds_are_n_apart_then_comes_the_ls_until_the_time_is_over(
	void **state)
{
	(void)state;
	for_each_outage(retry_until_the_time_is_over);
}

/* "query retry" N; the time-outs are those of the pull. */
static void query_past_what_is_down(struct plan *p)
{
	struct oracle o = { .plan = p };
	struct plan up;
	struct world w;
	size_t at = 0;
	bool is_done = false;
	int code;

	if (!is_carried(p->family, 0) || !is_carried(p->family, 1))
		return; /* a query has no line: nothing is left out */
	p->retry_max = 2;
	p->interval_s = 7;
	up = *p;
	up.rs_down = 0;
	build(&w, &up, 1, 0);
	assert_int_equal(world_pull(&w, DAY_S, &p->family->line, 1), 0);
	(void)world_trace(&w);
	for (size_t i = 0; i < p->rs; i++) {
		w.hosts[RS_HOST + i].body = NULL;
		w.hosts[RS_HOST + i].kind = (p->rs_down >> i & 1) != 0 ? p->row->kind
								       : HOST_ANSWERS;
	}
	for (int round = 0; round <= p->retry_max && !is_done; round++) {
		spend(&o, round > 0 ? p->interval_s : 0);
		for (size_t left = p->rs; left > 0 && !is_done; left--) {
			is_done = attempt(&o, at, RS_HOST, p->rs_down, "(Q)");
			at = is_done ? at : (at + 1) % p->rs;
		}
	}
	code = world_query(&w);
	expect(&w, &o, code, is_done ? 0 : ARMS_EPULL);
	if (!is_done)
		assert_string_equal(rv_sa_trigger(w.sa), "retry is over");
	else
		assert_int_equal(rv_sa_is_ipv6(w.sa), is_v6(p->family, at));
	world_deinit(&w);
}

static void a_query_passes_every_rs_that_is_down_and_repeats_n_apart(void **state)
{
	(void)state;
	for_each_outage(query_past_what_is_down);
}

/* "LS retry": any of 1 to 4 LS down, the rest up; and none up: 1 + 500 R rounds, 20 I apart. */
static void an_ls_that_is_down_costs_its_time_out_and_rounds_are_20_i_apart(void **state)
{
	(void)state;
	for (size_t f = 0; f < family_count; f++)
		for (size_t r = 0; r < row_count; r++)
			for (size_t n = 1; n <= LS_MAX; n++)
				for (unsigned down = 0; down < 1U << n; down++) {
					struct plan p = { .family = &families[f],
							  .row = &rows[r],
							  .ls = n,
							  .rs = 1,
							  .ls_down = down,
							  .total_s = 300 };

					check_pull(&p, 1, 1);
					check_pull(&p, 3, 3);
					p.total_s = 60;
					check_pull(&p, 0, 1);
				}
}

static void an_ls_is_given_up_after_1_plus_500_r_rounds(void **state)
{
	static const struct {
		size_t row;
		int interval, max;
	} cases[] = {
		{ 0, 1, 0 }, { 0, 1, 1 }, { 0, 3, 1 }, { 1, 1, 1 }, { 3, 1, 1 }, { 0, 1, 3 }
	};

	(void)state;
	for (size_t f = 0; f < family_count; f++)
		for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
			struct plan p = { .family = &families[f],
					  .row = &rows[cases[i].row],
					  .ls = 2,
					  .rs = 1,
					  .ls_down = 3,
					  .total_s = DAY_S };

			check_pull(&p, cases[i].interval, cases[i].max);
		}
}

/* "pull total": 60 .. 86400 s, 21600 when the program names none. */
static void the_total_ends_a_pull_to_the_second(void **state)
{
	static const int totals[] = { 60, 61, 89, 90, 91, 600, ARMS_DEFAULT_TIMEOUT, DAY_S };

	(void)state;
	assert_int_equal(ARMS_DEFAULT_TIMEOUT, 21600);
	assert_int_equal(ARMS_MIN_TIMEOUT, 60);
	assert_int_equal(ARMS_MAX_TIMEOUT, 86400);
	for (size_t f = 0; f < 2; f++)
		for (size_t r = 0; r < row_count; r++)
			for (size_t i = 0; i < RV_ARRAY_LEN(totals); i++) {
				struct plan p = { .family = &families[f],
						  .row = &rows[r],
						  .ls = 1,
						  .rs = 3,
						  .rs_down = 7,
						  .retry_max = 3,
						  .interval_s = 60,
						  .total_s = totals[i] };

				check_pull(&p, 1, 0);
			}
}

/* Connecting, head, body and answer: 29 s each is in time, for every RS. */
static void progress_renews_what_it_renews(void **state)
{
	static const struct row slow = { "progress of sending a request: renewed", HOST_SLOW, 0,
					 true, 0 };

	(void)state;
	for (size_t f = 0; f < FAMILIES_WHOLE; f++)
		for (size_t n = 1; n <= RS_MAX; n++) {
			struct plan p = { &families[f], &slow, 1, n, 1, 1, 0, 10, DAY_S };
			char expected[128];
			struct world w;

			build(&w, &p, 1, 0);
			assert_int_equal(world_pull(&w, DAY_S, &p.family->line, 1), 0);
			snprintf(expected, sizeof(expected),
				 is_v6(p.family, 0) ? "s1 +%d 6:1 @87 (LS) @116 -%d s2 +%d 6:11 "
						      "@203 (RS) @232 c1.3 -%d s3"
						    : "s1 +%d 1 @87 (LS) @116 -%d s2 +%d 11 @203 "
						      "(RS) @232 c1.3 -%d s3",
				 p.family->line, p.family->line, p.family->line, p.family->line);
			assert_string_equal(world_trace(&w), expected);
			world_deinit(&w);
		}
}

/* "no line defined": 60 s, then the LS again. */
static void without_a_line_the_ls_is_asked_every_60_s(void **state)
{
	(void)state;
	for (size_t f = 0; f < FAMILIES_WHOLE; f++)
		for (size_t n = 1; n <= RS_MAX; n++) {
			struct plan p = { &families[f], &rows[0], 1, n, 0, 0, 5, 1, 150 };
			struct oracle o = { .plan = &p };
			struct world w;
			size_t at = 0;
			int code;

			build(&w, &p, 1, 0);
			w.location = location_text(&p, "");
			while (!o.is_over) {
				say(&o, "s1");
				assert_true(walk(&o, 1, &at, LS_HOST, 0, "(LS)"));
				say(&o, "s2");
				spend(&o, 60);
			}
			say(&o, "s4");
			code = world_pull(&w, 150, &p.family->line, 1);
			expect(&w, &o, code, ARMS_ETIMEOUT);
			world_deinit(&w);
		}
}

/* The line of the running phase takes `polls` seconds to come up, `limit` are allowed. */
static bool line_comes_up(struct oracle *o, int polls, int limit)
{
	int line = o->plan->family->line;

	say_number(o, "+", line);
	for (int i = 0; i < polls && i < limit; i++) {
		spend(o, 1);
		say_number(o, "=", line);
	}
	return polls <= limit;
}

static void script_polls(struct world *w, int polls, int limit)
{
	for (int i = 0; i < polls && i < limit; i++)
		w->lines[w->line_count++] = ARMS_LINE_NEEDPOLL;
	w->lines[w->line_count++] = polls <= limit ? ARMS_LINE_CONNECTED : ARMS_LINE_NEEDPOLL;
	if (polls > limit)
		w->lines[w->line_count++] = ARMS_LINE_DISCONNECTED;
}

static void check_ls_line(const struct family *f, int polls)
{
	struct plan p = { f, &rows[0], 1, 1, 0, 0, 0, 1, DAY_S };
	struct oracle o = { .plan = &p };
	bool is_late = polls > 30;
	struct world w;
	size_t at = 0;
	int code;

	build(&w, &p, 1, 0);
	script_polls(&w, polls, 30);
	say(&o, "s1");
	if (line_comes_up(&o, polls, 30)) {
		assert_true(attempt(&o, 0, LS_HOST, 0, "(LS)"));
		say_number(&o, "-", f->line);
		say(&o, "s2");
		assert_true(walk(&o, 1, &at, RS_HOST, 0, "(RS)"));
	} else {
		say_number(&o, "-", f->line);
	}
	say(&o, is_late ? "s4" : "s3");
	code = world_pull(&w, DAY_S, &f->line, 1);
	expect(&w, &o, code, is_late ? ARMS_EMAXRETRY : 0);
	world_deinit(&w);
}

/* ll-timeout is 2 in ls_answer(). A line that is late leads back to the LS. */
static void check_rs_line(const struct family *f, int polls)
{
	struct plan p = { f, &rows[0], 1, 1, 0, 0, 0, 1, DAY_S };
	struct oracle o = { .plan = &p };
	struct world w;
	size_t at = 0;
	int code;

	build(&w, &p, 1, 0);
	w.lines[w.line_count++] = ARMS_LINE_CONNECTED; /* to the LS, up and down */
	w.lines[w.line_count++] = ARMS_LINE_DISCONNECTED;
	script_polls(&w, polls, 2);
	say(&o, "s1");
	assert_true(walk(&o, 1, &at, LS_HOST, 0, "(LS)"));
	say(&o, "s2");
	if (line_comes_up(&o, polls, 2)) {
		assert_true(attempt(&o, 0, RS_HOST, 0, "(RS)"));
		say(&o, "c1.3");
		say_number(&o, "-", f->line);
	} else {
		say_number(&o, "-", f->line);
		say(&o, "s1");
		assert_true(walk(&o, 1, &at, LS_HOST, 0, "(LS)"));
		say(&o, "s2");
		assert_true(walk(&o, 1, &at, RS_HOST, 0, "(RS)"));
	}
	say(&o, "s3");
	code = world_pull(&w, DAY_S, &f->line, 1);
	expect(&w, &o, code, 0);
	world_deinit(&w);
}

/* "line polling": every second; 30 times to the LS, ll-timeout times to an RS. */
static void a_line_is_polled_every_second_up_to_its_limit(void **state)
{
	(void)state;
	for (size_t f = 0; f < FAMILIES_WHOLE; f++) {
		for (int polls = 0; polls <= 31; polls++)
			check_ls_line(&families[f], polls);
		for (int polls = 0; polls <= 3; polls++)
			check_rs_line(&families[f], polls);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pull_passes_every_rs_that_is_down_in_its_time_out),
		cmocka_unit_test(
			with_all_rs_down_rounds_are_n_apart_then_comes_the_ls_until_the_time_is_over),
		cmocka_unit_test(a_query_passes_every_rs_that_is_down_and_repeats_n_apart),
		cmocka_unit_test(an_ls_that_is_down_costs_its_time_out_and_rounds_are_20_i_apart),
		cmocka_unit_test(an_ls_is_given_up_after_1_plus_500_r_rounds),
		cmocka_unit_test(the_total_ends_a_pull_to_the_second),
		cmocka_unit_test(progress_renews_what_it_renews),
		cmocka_unit_test(without_a_line_the_ls_is_asked_every_60_s),
		cmocka_unit_test(a_line_is_polled_every_second_up_to_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
