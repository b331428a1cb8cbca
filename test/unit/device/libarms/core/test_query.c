/* The method query: its walk, its codes, its memory (spec 1.4, 1.5, 3.6, 4.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "world.h"

static const int dhcp[] = { ARMS_LINE_DHCP };

/* A device that has pulled: RS hosts 11 and 12, pull URLs the same; retry M = 1, N = 5. */
static void pulled(struct world *w)
{
	world_init(w, INITIAL_1_1_0);
	w->hosts[1].kind = w->hosts[11].kind = w->hosts[12].kind = HOST_ANSWERS;
	w->location = ls_answer("11 12", ONE_LINE, 1, 5);
	assert_int_equal(world_pull(w, 60, dhcp, 1), 0);
	(void)world_trace(w);
}

static void the_first_url_is_asked_over_no_line(void **state)
{
	struct world w;

	(void)state;
	pulled(&w);
	assert_int_equal(world_query(&w), 0);
	assert_string_equal(world_trace(&w), "11 (Q)");
	assert_int_equal(rv_sa_service(w.sa)->method_count, 1);
	assert_int_equal(rv_sa_service(w.sa)->methods[0], ARMS_PUSH_METHOD_TUNNEL);
	assert_string_equal(rv_sa_service(w.sa)->tunnel_urls.item[0], "https://192.0.2.11:8444/t");
	assert_int_equal(rv_sa_service(w.sa)->echo_interval_s, 60);
	assert_false(rv_sa_is_ipv6(w.sa));
	assert_int_equal(rv_sa_state(w.sa), ARMS_ST_PULLDONE);
	world_deinit(&w);
}

static void simple_then_tunnel_are_offered_and_only_tunnel_behind_a_proxy(void **state)
{
	struct world w;

	(void)state;
	pulled(&w);
	assert_int_equal(world_query(&w), 0);
	assert_non_null(strstr(
		w.sent.ptr, "<push-method-query-request><push-method>https-simple</push-method>"
			    "<push-method>https-tunnel</push-method></push-method-query-request>"));
	rv_sa_set_proxied(w.sa, true);
	assert_int_equal(world_query(&w), 0);
	assert_non_null(strstr(w.sent.ptr, "<push-method-query-request><push-method>https-tunnel"
					   "</push-method></push-method-query-request>"));
	world_deinit(&w);
}

static void dead_servers_are_asked_1_plus_m_times_n_apart(void **state)
{
	struct world w;

	(void)state;
	pulled(&w);
	w.hosts[11].kind = w.hosts[12].kind = HOST_DOWN;
	assert_int_equal(world_query(&w), ARMS_EPULL);
	assert_string_equal(world_trace(&w), "11 12 @5 11 12");
	assert_string_equal(rv_sa_trigger(w.sa), "retry is over");
	world_deinit(&w);
}

/* Same number of RSs and pull URLs: the lists correspond, in both directions. */
static void the_position_of_the_rs_that_answered_is_asked_first(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, INITIAL_1_1_0);
	w.hosts[1].kind = w.hosts[12].kind = HOST_ANSWERS;
	w.location = ls_answer("11 12", ONE_LINE, 1, 5);
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	(void)world_trace(&w);
	assert_int_equal(world_query(&w), 0);
	assert_string_equal(world_trace(&w), "12 (Q)");
	/* And back: the query's server is the next pull's first RS. */
	w.hosts[11].kind = HOST_ANSWERS;
	w.hosts[12].kind = HOST_DOWN;
	assert_int_equal(world_query(&w), 0);
	assert_string_equal(world_trace(&w), "12 11 (Q)");
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	assert_string_equal(world_trace(&w), "s2 +3 11 (RS) c1.3 -3 s3");
	world_deinit(&w);
}

static void lists_of_other_lengths_do_not_correspond(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, INITIAL_1_1_0);
	w.hosts[1].kind = w.hosts[12].kind = HOST_ANSWERS;
	w.location = ls_answer("11 12 13", ONE_LINE, 1, 5);
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	(void)world_trace(&w);
	assert_int_equal(world_query(&w), 0);
	assert_string_equal(world_trace(&w), "11 12 (Q)");
	world_deinit(&w);
}

static const struct {
	int code;
	int result;
	const char *trigger;
	int state;
	const char *trace;
} codes[] = {
	{ 99, 0, "power on boot", ARMS_ST_PULLDONE, "11 (Q)" },
	{ 150, 0, "power on boot", ARMS_ST_PULLDONE, "11 (Q)" },
	{ 200, ARMS_EPULL, "boot failed", ARMS_ST_BOOT_FAIL, "11 (Q) s4" },
	{ 301, 0, "power on boot", ARMS_ST_PULLDONE, "11 (Q) 12 (Q)" },
	{ 499, 0, "power on boot", ARMS_ST_PULLDONE, "11 (Q) 12 (Q)" },
	{ 500, ARMS_EREBOOT, "boot failed", ARMS_ST_BOOT_FAIL, "11 (Q) s4" },
	{ 501, ARMS_EDONTRETRY, "boot failed", ARMS_ST_BOOT_FAIL, "11 (Q) s4" },
	{ 502, ARMS_EPULL, "boot failed", ARMS_ST_BOOT_FAIL, "11 (Q) s4" },
	{ 503, ARMS_EREBOOT, "boot failed", ARMS_ST_BOOT_FAIL, "11 (Q) s4" },
	{ 506, ARMS_EREBOOT, "boot failed", ARMS_ST_BOOT_FAIL, "11 (Q) s4" },
	{ 507, 0, "got result of failure from server", ARMS_ST_PULLDONE, "11 (Q)" },
	{ 508, ARMS_EPULL, "boot failed", ARMS_ST_BOOT_FAIL, "11 (Q) s4" },
	{ 509, ARMS_EREBOOT, "boot failed", ARMS_ST_BOOT_FAIL, "11 (Q) s4" },
};

static void codes_end_the_query_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(codes); i++) {
		struct world w;

		pulled(&w);
		w.hosts[11].body = coded("push-method-query", codes[i].code);
		assert_int_equal(world_query(&w), codes[i].result);
		assert_string_equal(world_trace(&w), codes[i].trace);
		assert_string_equal(rv_sa_trigger(w.sa), codes[i].trigger);
		assert_int_equal(rv_sa_state(w.sa), codes[i].state);
		world_deinit(&w);
	}
}

#define QUERY(inner)                                                                               \
	"<arms-message><arms-response><result-code>100</"                                          \
	"result-code><push-method-query-response>" inner                                           \
	"</push-method-query-response></arms-response></arms-message>"
#define M(name) "<push-method>" name "</push-method>"

static const struct {
	const char *body;
	size_t listed, known;
	int first;
	int echo_s;
} methods[] = {
	{ QUERY(M("https-simple") M("https-tunnel")), 2, 2, ARMS_PUSH_METHOD_SIMPLE, 60 },
	{ QUERY(M("https-tunnel") M("https-simple")), 2, 2, ARMS_PUSH_METHOD_TUNNEL, 60 },
	{ QUERY(M("carrier-pigeon") M("https-simple")), 2, 1, ARMS_PUSH_METHOD_SIMPLE, 60 },
	{ QUERY(M("HTTPS-simple") M(" https-tunnel")), 2, 0, 0, 60 },
	{ QUERY(""), 0, 0, 0, 60 },
	{ QUERY(M("https-tunnel") "<https-tunnel-echo-interval>7</https-tunnel-echo-interval>"), 1,
	  1, ARMS_PUSH_METHOD_TUNNEL, 7 },
};

static void methods_are_kept_in_the_rs_s_order_and_unknown_ones_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(methods); i++) {
		struct world w;
		const struct rv_sa_service *s;

		pulled(&w);
		w.hosts[11].body = methods[i].body;
		assert_int_equal(world_query(&w), 0);
		s = rv_sa_service(w.sa);
		assert_int_equal(s->listed_count, methods[i].listed);
		assert_int_equal(s->method_count, methods[i].known);
		if (s->method_count > 0)
			assert_int_equal(s->methods[0], methods[i].first);
		assert_int_equal(s->echo_interval_s, methods[i].echo_s);
		world_deinit(&w);
	}
}

static void without_pull_urls_the_query_cannot_begin(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, INITIAL_1_1_0);
	assert_int_equal(world_query(&w), ARMS_ESYSTEM);
	assert_string_equal(rv_sa_trigger(w.sa), "push server not found");
	world_deinit(&w);
}

static void a_url_with_blanks_around_it_fails_and_the_next_is_asked(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, INITIAL_1_1_0);
	w.hosts[1].kind = w.hosts[11].kind = w.hosts[12].kind = HOST_ANSWERS;
	w.location = ls_answer("11", ONE_LINE, 1, 5);
	w.hosts[11].body = "<arms-message><arms-response><result-code>100</result-code>"
			   "<config-solicitation-response><rs-pull-server-url> https://192.0.2.11/ "
			   "</rs-pull-server-url><rs-pull-server-url>https://192.0.2.12/"
			   "</rs-pull-server-url></config-solicitation-response></arms-response>"
			   "</arms-message>";
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	(void)world_trace(&w);
	assert_int_equal(world_query(&w), 0);
	assert_string_equal(world_trace(&w), "12 (Q)");
	assert_true(world_logged(&w, ARMS_LOG_EURL));
	world_deinit(&w);
}

/* Logs are lines on somebody's console; a server must not write other lines there. */
static void what_a_server_says_reaches_the_log_as_printable_text(void **state)
{
	struct world w;

	(void)state;
	pulled(&w);
	w.hosts[11].body =
		"<arms-message><arms-response><result-code>501</result-code>"
		"<description>a\n&#9;b&#x9b;31mc</description></arms-response></arms-message>";
	assert_int_equal(world_query(&w), ARMS_EDONTRETRY);
	rv_buf_putc(&w.log, '\0');
	assert_int_equal(w.log.err, RV_OK);
	assert_non_null(strstr(w.log.ptr, "result 501 a??b??31mc\n"));
	world_deinit(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_url_is_asked_over_no_line),
		cmocka_unit_test(simple_then_tunnel_are_offered_and_only_tunnel_behind_a_proxy),
		cmocka_unit_test(dead_servers_are_asked_1_plus_m_times_n_apart),
		cmocka_unit_test(the_position_of_the_rs_that_answered_is_asked_first),
		cmocka_unit_test(lists_of_other_lengths_do_not_correspond),
		cmocka_unit_test(codes_end_the_query_as_the_table_says),
		cmocka_unit_test(methods_are_kept_in_the_rs_s_order_and_unknown_ones_left_out),
		cmocka_unit_test(without_pull_urls_the_query_cannot_begin),
		cmocka_unit_test(a_url_with_blanks_around_it_fails_and_the_next_is_asked),
		cmocka_unit_test(what_a_server_says_reaches_the_log_as_printable_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
