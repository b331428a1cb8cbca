/* What answers do: codes, triggers, modules, configs, certificates, heartbeat settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "world.h"

static const int dhcp[] = { ARMS_LINE_DHCP };

/* LS at 1, one RS at 11 with M = 0, and nothing behind it: the pull ends after one RS attempt
 * and one more LS attempt that orders a reboot. */
static void one_rs(struct world *w, const char *rs_body)
{
	world_init(w, INITIAL_1_1_0);
	w->hosts[1].kind = w->hosts[11].kind = HOST_ANSWERS;
	w->hosts[11].body = rs_body;
	w->location = ls_answer("11", ONE_LINE, 0, 1);
}

#define CONFIG(code, inner)                                                                        \
	"<arms-message><arms-response type=\"config-solicitation\">" code                          \
	"<config-solicitation-response>" inner                                                     \
	"</config-solicitation-response></arms-response></arms-message>"
#define OK        "<result-code>100</result-code>"
#define URL       "<rs-pull-server-url>https://192.0.2.11/arms</rs-pull-server-url>"
#define MODULE(i) "<module id=\"" i "\" version=\"1\">m" i "</module>"
#define MD(i, t)  "<md-config id=\"" i "\">" t "</md-config>"

/* ---- Codes ------------------------------------------------------------------------------- */

static const struct {
	const char *type; /* of the answer that carries the code */
	int code;
	int result;
	const char *trigger;
} codes[] = {
	{ "rs-solicitation", 99, ARMS_EMAXRETRY, "power on boot" },
	{ "rs-solicitation", 200, ARMS_EREBOOT, "got result of failure from server" },
	{ "rs-solicitation", 301, ARMS_EMAXRETRY, "power on boot" },
	{ "rs-solicitation", 420, ARMS_EMAXRETRY, "power on boot" },
	{ "rs-solicitation", 500, ARMS_EREBOOT, "got result of failure from server" },
	{ "rs-solicitation", 501, ARMS_EDONTRETRY, "received 501 Out of service" },
	{ "rs-solicitation", 502, ARMS_EPULL, "received 502 Push failed" },
	{ "rs-solicitation", 503, ARMS_EREBOOT, "received 503 Need reboot" },
	{ "rs-solicitation", 508, ARMS_EREBOOT, "got result of failure from server" },
	{ "config-solicitation", 203, ARMS_EREBOOT, "got result of failure from server" },
	{ "config-solicitation", 501, ARMS_EDONTRETRY, "received 501 Out of service" },
	{ "config-solicitation", 503, ARMS_EREBOOT, "received 503 Need reboot" },
	{ "config-solicitation", 507, ARMS_EREBOOT, "got result of failure from server" },
	{ "config-solicitation", 1000, ARMS_EREBOOT, "got result of failure from server" },
};

static void codes_end_the_pull_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(codes); i++) {
		bool is_ls = strcmp(codes[i].type, "rs-solicitation") == 0;
		struct world w;

		one_rs(&w, NULL);
		w.hosts[is_ls ? 1 : 11].body = coded(codes[i].type, codes[i].code);
		assert_int_equal(world_pull(&w, 86400, dhcp, 1), codes[i].result);
		assert_string_equal(rv_sa_trigger(w.sa), codes[i].trigger);
		assert_int_equal(rv_sa_state(w.sa), ARMS_ST_BOOT_FAIL);
		world_deinit(&w);
	}
}

static void rs_codes_that_are_retried_lead_to_the_next_rs(void **state)
{
	static const int retried[] = { 0, 99, 300, 404, 499 };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(retried); i++) {
		struct world w;

		one_rs(&w, coded("config-solicitation", retried[i]));
		w.location = ls_answer("11 12", ONE_LINE, 0, 1);
		w.hosts[12].kind = HOST_ANSWERS;
		assert_int_equal(world_pull(&w, 86400, dhcp, 1), 0);
		assert_string_equal(world_trace(&w),
				    "s1 +3 1 (LS) -3 s2 +3 11 (RS) 12 (RS) c1.3 -3 s3");
		world_deinit(&w);
	}
}

static void a_missing_code_reboots_from_the_ls_and_is_retried_from_the_rs(void **state)
{
	struct world w;

	(void)state;
	one_rs(&w, NULL);
	w.hosts[1].body = "<arms-message><arms-response type=\"rs-solicitation\">"
			  "</arms-response></arms-message>";
	assert_int_equal(world_pull(&w, 86400, dhcp, 1), ARMS_EREBOOT);
	world_deinit(&w);

	one_rs(&w, CONFIG("", URL));
	w.location = ls_answer("11 12", ONE_LINE, 0, 1);
	w.hosts[12].kind = HOST_ANSWERS;
	assert_int_equal(world_pull(&w, 86400, dhcp, 1), 0);
	world_deinit(&w);
}

static void http_errors_and_broken_documents_are_retried(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
	} bad[] = {
		{ 401, "" },
		{ 500, "no" },
		{ 200, "" },
		{ 200, "<html></html>" },
		{ 200, "<arms-message><arms-response" },
		{ 200, "<arms-message><arms-response>\xc3\xa9</arms-response></arms-message>" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(bad); i++) {
		struct world w;

		one_rs(&w, NULL);
		w.hosts[1] = (struct host){ HOST_CUTS, bad[i].body, bad[i].status, 0 };
		assert_int_equal(world_pull(&w, 86400, dhcp, 1), ARMS_EMAXRETRY);
		assert_true(world_logged(&w, ARMS_LOG_EHTTP));
		world_deinit(&w);
	}
}

/* ---- LS answers that are faults of the LS (spec 10.46 - 48) ------------------------------- */

static void an_empty_location_config_reboots_the_device(void **state)
{
	struct world w;

	(void)state;
	one_rs(&w, NULL);
	w.hosts[1].body = "<arms-message><arms-response><result-code>100</result-code>"
			  "<rs-solicitation-response><rs-info><url>https://192.0.2.11/</url>"
			  "<md-config></md-config></rs-info></rs-solicitation-response>"
			  "</arms-response></arms-message>";
	assert_int_equal(world_pull(&w, 86400, dhcp, 1), ARMS_EREBOOT);
	world_deinit(&w);
}

static void an_unreadable_location_config_is_a_failed_attempt(void **state)
{
	static char body[8192];
	struct world w;

	(void)state;
	one_rs(&w, NULL);
	snprintf(body, sizeof(body),
		 "<arms-message><arms-response><result-code>100</result-code>"
		 "<rs-solicitation-response><rs-info><url>https://192.0.2.11/</url>"
		 "<md-config>%s%2048s</md-config></rs-info></rs-solicitation-response>"
		 "</arms-response></arms-message>",
		 ONE_LINE, "");
	w.hosts[1].body = body;
	assert_int_equal(world_pull(&w, 86400, dhcp, 1), ARMS_EMAXRETRY);
	world_deinit(&w);
}

static void without_rs_certificate_no_rs_is_connected(void **state)
{
	struct world w;

	(void)state;
	one_rs(&w, NULL);
	w.location = "<arms-message><arms-response><result-code>100</result-code>"
		     "<rs-solicitation-response><rs-info><url>https://192.0.2.11/</url>"
		     "<md-config>line-dhcp {\n};\n</md-config></rs-info>"
		     "</rs-solicitation-response></arms-response></arms-message>";
	assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_ETIMEOUT);
	assert_true(world_logged(&w, ARMS_LOG_ECERTIFICATE));
	assert_null(strstr(world_trace(&w), " 11 "));
	world_deinit(&w);
}

static void an_ls_answer_without_key_keeps_the_previous_one(void **state)
{
	struct world w;

	(void)state;
	one_rs(&w, coded("config-solicitation", 502));
	assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_ETIMEOUT);
	w.hosts[11].body = NULL;
	w.location = "<arms-message><arms-response><result-code>100</result-code>"
		     "<rs-solicitation-response><rs-info><url>https://192.0.2.11/</url>"
		     "<md-config>line-dhcp {\n};\nrs-certificate {\n-----BEGIN CERTIFICATE-----\n"
		     "MIIB\n-----END CERTIFICATE-----\n};\n</md-config></rs-info>"
		     "</rs-solicitation-response></arms-response></arms-message>";
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	/* ...:rs-key */
	assert_non_null(strstr(w.sent.ptr, "Authorization: Basic MDAwMS0wMDAwLUMwREUtMDA5MS0wMDAwLT"
					   "AwMDAtMDBBMS1CMkMzOnJzLWtleQ==\r\n"));
	world_deinit(&w);
}

/* ---- Modules and configs ------------------------------------------------------------------ */

/* Answers of one RS and what the program sees of them; "!" ends a failed attempt. */
static const struct {
	const char *body;
	const char *trace; /* of the RS attempt */
	const char *configs;
	int result;
} deliveries[] = {
	{ CONFIG(OK, URL MODULE("1") MODULE("2") MD("1", "a") MD("2", "b")), "c1.3 c2.3", "ab", 0 },
	{ CONFIG(OK, URL MODULE("4294967295") MD("4294967295", "x")), "c4294967295.3", "x", 0 },
	/* an empty config is one call */
	{ CONFIG(OK, URL MODULE("1") MD("1", "")), "c1.3", "", 0 },
	/* character references arrive as UTF-8, CDATA as text */
	{ CONFIG(OK, URL MODULE("1") MD("1", "&#233;<![CDATA[<&]]>")), "c1.3", "\xc3\xa9<&", 0 },
	{ CONFIG(OK, URL MODULE("1") "<md-config id=\"1\" encoding=\"base64\">YWJj</md-config>"),
	  "c1.3", "abc", 0 },
	/* another spelling of base64 is text */
	{ CONFIG(OK, URL MODULE("1") "<md-config id=\"1\" encoding=\"Base64\">YWJj</md-config>"),
	  "c1.3", "YWJj", 0 },
	/* unknown attributes do not lose the config, as they do in the original */
	{ CONFIG(OK, URL
		 "<module id=\"1\" x=\"y\">m</module><md-config id=\"1\" x=\"y\">z</md-config>"),
	  "c1.3", "z", 0 },
	/* a module behind a config starts a new list */
	{ CONFIG(OK, URL MODULE("1") MD("1", "a") MODULE("2") MD("2", "b")), "c1.3 r1 c2.3", "ab",
	  0 },
	/* no module: nothing is installed, nothing removed */
	{ CONFIG(OK, URL), "", "", 0 },
	/* a config whose module is not listed */
	{ CONFIG(OK, URL MD("1", "a")), "", "", ARMS_EREBOOT },
	{ CONFIG(OK, URL MODULE("1") MD("2", "a")), "", "", ARMS_EREBOOT },
	/* bad Base64 */
	{ CONFIG(OK, URL MODULE("1") "<md-config id=\"1\" encoding=\"base64\">YW Jj</md-config>"),
	  "", "", ARMS_EREBOOT },
	/* configs of an answer that is known to be a refusal are not given to the program */
	{ CONFIG("<result-code>420</result-code>", URL MODULE("1") MD("1", "a")), "", "",
	  ARMS_EREBOOT },
	/* heartbeat-info without host or passphrase */
	{ CONFIG(OK, URL "<heartbeat-info><port>1</port><interval>1</interval></heartbeat-info>"),
	  "", "", ARMS_EREBOOT },
};

static void deliveries_reach_the_program_as_documented(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(deliveries); i++) {
		struct world w;
		char expected[256];
		const char *got;

		one_rs(&w, deliveries[i].body);
		/* After a failed attempt the LS is asked again and ends the pull. */
		w.hosts[1].body = w.location;
		if (deliveries[i].result != 0)
			w.hosts[11].kind = HOST_ANSWERS;
		snprintf(expected, sizeof(expected), "s1 +3 1 (LS) -3 s2 +3 11 (RS)%s%s -3 s%s",
			 deliveries[i].trace[0] != '\0' ? " " : "", deliveries[i].trace,
			 deliveries[i].result == 0 ? "3" : "1");
		if (deliveries[i].result != 0)
			assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_ETIMEOUT);
		else
			assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
		got = world_trace(&w);
		assert_memory_equal(got, expected, strlen(expected));
		rv_buf_putc(&w.configs, '\0');
		assert_string_equal(w.configs.ptr, deliveries[i].configs);
		world_deinit(&w);
	}
}

static void a_refused_config_is_tried_again_everywhere_with_its_trigger(void **state)
{
	struct world w;
	const char *got;

	(void)state;
	one_rs(&w, NULL);
	w.location = ls_answer("11 12", ONE_LINE, 1, 5);
	w.hosts[12].kind = HOST_ANSWERS;
	w.config_result = -1;
	assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_ETIMEOUT);
	got = world_trace(&w);
	assert_non_null(
		strstr(got, "s2 +3 11 (RS) c1.3 12 (RS) c1.3 -3 @5 +3 11 (RS) c1.3 12 (RS) c1.3 -3 "
			    "s1 +3 1 (LS)"));
	assert_string_equal(rv_sa_trigger(w.sa), "invalid config");
	assert_non_null(strstr(w.sent.ptr, "<trigger>invalid config</trigger>"));
	world_deinit(&w);
}

static void a_positive_result_accepts_a_config(void **state)
{
	struct world w;

	(void)state;
	one_rs(&w, NULL);
	w.config_result = 1;
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	world_deinit(&w);
}

static void modules_that_are_no_longer_listed_are_removed_by_the_next_pull(void **state)
{
	struct world w;

	(void)state;
	one_rs(&w, CONFIG(OK, URL MODULE("1") MODULE("2") MD("2", "x")));
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	(void)world_trace(&w);
	w.hosts[11].body = CONFIG(OK, URL);
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	assert_string_equal(world_trace(&w), "s2 +3 11 (RS) -3 s3");
	w.hosts[11].body = CONFIG(OK, URL MODULE("2") MODULE("3"));
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	assert_string_equal(world_trace(&w), "s2 +3 11 (RS) r1 -3 s3");
	assert_int_equal(rv_sa_modules(w.sa)->count, 2);
	w.remove_result = -1;
	w.hosts[11].body = CONFIG(OK, URL MODULE("4"));
	assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_ETIMEOUT);
	w.remove_result = 0;
	(void)world_trace(&w);
	rv_sa_remove_modules(w.sa);
	assert_string_equal(world_trace(&w), "r2 r3");
	world_deinit(&w);
}

static void a_deaf_program_never_completes_a_pull(void **state)
{
	struct rv_sa_line line = { .type = ARMS_LINE_DHCP };
	struct rv_sa_pull pull = { 60, 0, &line, 1, true };
	struct world w;

	(void)state;
	one_rs(&w, CONFIG(OK, URL));
	w.is_quiet = true;
	w.hosts[12].kind = HOST_ANSWERS;
	rv_sa_start_pull(w.sa, w.now_us, &pull);
	/* world_pull would start it anew: step by hand to the end. */
	for (struct rv_sa_action act;;) {
		rv_sa_next(w.sa, w.now_us, &act);
		if (act.act == RV_SA_ACT_DONE) {
			assert_int_equal(act.code, ARMS_ETIMEOUT);
			break;
		}
		w.now_us += 1000000;
		if (act.act == RV_SA_ACT_LINE)
			rv_sa_on_line(w.sa, w.now_us,
				      act.line_action == ARMS_LINE_ACT_CONNECT
					      ? ARMS_LINE_CONNECTED
					      : ARMS_LINE_DISCONNECTED);
		else if (act.act == RV_SA_ACT_OPEN || act.act == RV_SA_ACT_SEND ||
			 act.act == RV_SA_ACT_CLOSE)
			rv_sa_on_ok(w.sa, w.now_us);
		else if (act.act == RV_SA_ACT_READ) {
			char text[8192];

			snprintf(text, sizeof(text), "HTTP/1.0 200 OK\r\n\r\n%s",
				 rv_sa_state(w.sa) == ARMS_ST_LSPULL ? w.location
								     : w.hosts[11].body);
			rv_sa_on_data(w.sa, w.now_us, rv_str(text));
		}
	}
	world_deinit(&w);
}

/* ---- Fragments ---------------------------------------------------------------------------- */

static const struct {
	size_t fragment;
	size_t config; /* bytes */
	const char *trace;
} fragments[] = {
	{ 0, 70000, "c1.3" },          { 100, 0, "c1.3" },  { 100, 100, "c1.3" },
	{ 100, 101, "c1.1 c1.2" },     { 100, 99, "c1.3" }, { 40, 100, "c1.1 c1.0 c1.2" },
	{ 35000, 70000, "c1.1 c1.2" },
};

static void configs_come_in_pieces_of_the_fragment_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(fragments); i++) {
		for (size_t split = 0; split < 3; split++) {
			struct world w;
			char *body = malloc(fragments[i].config + 1024);
			char *text = calloc(1, fragments[i].config + 1);
			const char *got;

			assert_true(body != NULL && text != NULL);
			for (size_t k = 0; k < fragments[i].config; k++)
				text[k] = (char)('a' + k % 26);
			snprintf(body, fragments[i].config + 1024,
				 CONFIG(OK, URL MODULE("1") MD("1", "%s")), text);
			one_rs(&w, body);
			w.split = split == 0 ? 0 : split * 777;
			assert_int_equal(world_pull_fragment(&w, fragments[i].fragment), 0);
			got = strstr(world_trace(&w), "(RS) ");
			assert_non_null(got);
			assert_memory_equal(got + 5, fragments[i].trace,
					    strlen(fragments[i].trace));
			assert_int_equal(w.configs.len, fragments[i].config);
			if (w.configs.len > 0)
				assert_memory_equal(w.configs.ptr, text, w.configs.len);
			world_deinit(&w);
			free(body);
			free(text);
		}
	}
}

/* ---- What the program can ask for afterwards --------------------------------------------- */

#define IDENTITY                                                                                   \
	"<sa-certificate>-----BEGIN CERTIFICATE-----\n</sa-certificate>"                           \
	"<sa-private-key>-----BEGIN PRIVATE KEY-----\n</sa-private-key>"

static void the_answer_s_lists_are_kept(void **state)
{
	const struct rv_sa_service *s;
	struct world w;

	(void)state;
	one_rs(&w, CONFIG(OK, IDENTITY
			  "<proposal-for-sa><push-port>10443</push-port><push-timeout>120</"
			  "push-timeout>"
			  "</proposal-for-sa>"
			  "<heartbeat-info><host>192.0.2.20</host><port>5115</port><passphrase>p "
			  "q</passphrase>"
			  "<interval>60</interval><algorithm>a</algorithm><algorithm>b</algorithm>"
			  "<algorithm>c</algorithm><algorithm>d</algorithm></heartbeat-info>"
			  "<rs-push-server-address>192.0.2.10</rs-push-server-address>" URL));
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	s = rv_sa_service(w.sa);
	assert_int_equal(s->push_port, 10443);
	assert_int_equal(s->push_timeout_s, 120);
	assert_int_equal(s->heartbeat_count, 1);
	assert_string_equal(s->heartbeats[0].host, "192.0.2.20");
	assert_string_equal(s->heartbeats[0].passphrase, "p q");
	assert_int_equal(s->heartbeats[0].interval, 60);
	assert_int_equal(s->heartbeats[0].numalg, 3);
	assert_string_equal(s->heartbeats[0].algorithm[2], "c");
	assert_int_equal(s->push_addresses.count, 1);
	assert_string_equal(s->push_addresses.item[0], "192.0.2.10");
	assert_string_equal(s->pull_urls.item[0], "https://192.0.2.11/arms");
	assert_true(s->certificate.len > 0);
	/* The next pull forgets them at its start. */
	w.hosts[11].kind = HOST_DOWN;
	w.hosts[1].body = coded("rs-solicitation", 503);
	assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_EREBOOT);
	assert_int_equal(rv_sa_service(w.sa)->heartbeat_count, 0);
	assert_int_equal(rv_sa_service(w.sa)->pull_urls.count, 0);
	world_deinit(&w);
}

#define HB(host, port, interval)                                                                   \
	"<heartbeat-info><host>" host "</host><port>" port "</port><passphrase>p</passphrase>"     \
	"<interval>" interval "</interval></heartbeat-info>"

/* Spec 8 and 10.75: numbers that make no sense switch heartbeat off; the pull succeeds. */
static const struct {
	const char *body;
	size_t count;
} heartbeats[] = {
	{ CONFIG(OK, URL HB("192.0.2.1", "1", "60") HB("192.0.2.2", "2", "60")), 2 },
	{ CONFIG(OK, URL), 0 },
	{ CONFIG(OK, URL HB("192.0.2.1", "1", "60") HB("192.0.2.2", "2", "61")), 0 },
	{ CONFIG(OK, URL HB("192.0.2.1", "1", "0")), 0 },
	{ CONFIG(OK, URL HB("192.0.2.1", "1", "")), 0 },
	{ CONFIG(OK, URL HB("192.0.2.1", "65536", "60")), 0 },
	{ CONFIG(OK, URL HB("192.0.2.1", "-1", "60")), 0 },
	/* a sixth is left out */
	{ CONFIG(OK, URL HB("192.0.2.1", "1", "9") HB("192.0.2.2", "1", "9")
			     HB("192.0.2.3", "1", "9") HB("192.0.2.4", "1", "9")
				     HB("192.0.2.5", "1", "9") HB("192.0.2.6", "1", "9")),
	  5 },
};

static void heartbeat_settings_count_only_when_all_of_them_make_sense(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(heartbeats); i++) {
		struct world w;

		one_rs(&w, heartbeats[i].body);
		assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
		assert_int_equal(rv_sa_service(w.sa)->heartbeat_count, heartbeats[i].count);
		world_deinit(&w);
	}
}

static void a_certificate_that_cannot_be_used_fails_the_attempt(void **state)
{
	struct world w;

	(void)state;
	one_rs(&w, CONFIG(OK, URL IDENTITY MODULE("1") MD("1", "x")));
	w.identity_result = RV_ETLS;
	assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_ETIMEOUT);
	assert_non_null(strstr(world_trace(&w), "11 (RS) c1.3 -3 s1")); /* delivered, then failed */
	world_deinit(&w);

	one_rs(&w,
	       CONFIG(OK, URL "<sa-certificate>-----BEGIN CERTIFICATE-----\n</sa-certificate>"));
	assert_int_equal(world_pull(&w, 60, dhcp, 1), ARMS_ETIMEOUT);
	world_deinit(&w);
}

static void the_certificate_is_shown_from_the_next_connection_on_to_the_ls_too(void **state)
{
	struct rv_sa_line line = { .type = ARMS_LINE_DHCP };
	struct rv_sa_pull pull = { 60, 0, &line, 1, false };
	struct rv_sa_action act;
	struct world w;

	(void)state;
	one_rs(&w, CONFIG(OK, URL IDENTITY));
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	rv_sa_start_query(w.sa, w.now_us);
	rv_sa_next(w.sa, w.now_us, &act);
	assert_int_equal(act.act, RV_SA_ACT_OPEN);
	assert_true(act.certificate.len > 0 && act.private_key.len > 0);
	rv_sa_on_fail(w.sa, w.now_us, ARMS_LOG_ECONNECT, "x");
	w.now_us += 60 * 1000000;
	rv_sa_next(w.sa, w.now_us, &act);
	assert_int_equal(act.act, RV_SA_ACT_DONE);
	/* A pull that begins forgets the lists, not the certificate. */
	rv_sa_start_pull(w.sa, w.now_us, &pull);
	rv_sa_next(w.sa, w.now_us, &act);
	rv_sa_on_line(w.sa, w.now_us, ARMS_LINE_CONNECTED);
	rv_sa_next(w.sa, w.now_us, &act);
	assert_int_equal(act.act, RV_SA_ACT_OPEN);
	assert_true(act.certificate.len > 0);
	world_deinit(&w);
}

/* ---- Requests ------------------------------------------------------------------------------ */

static void requests_carry_what_was_registered(void **state)
{
	struct world w;

	(void)state;
	one_rs(&w, NULL);
	assert_true(rv_sa_set_description(w.sa, rv_str("EdgeBox E1")));
	assert_true(rv_sa_set_firmware(w.sa, rv_str("2.4.1")));
	rv_sa_set_trigger(w.sa, "module sync failed");
	assert_int_equal(world_pull(&w, 60, dhcp, 1), 0);
	assert_non_null(strstr(
		w.sent.ptr,
		"\r\n\r\n<arms-message><arms-request "
		"type=\"config-solicitation\"><distribution-id>0001-0000"
		"-C0DE-0091-0000-0000-00A1-B2C3</distribution-id><description>EdgeBox "
		"E1</description>"
		"<config-solicitation-request><protocol-version>4.0</"
		"protocol-version><trigger>module sync "
		"failed</trigger><firmware-info>2.4.1</firmware-info></config-solicitation-request>"
		"</arms-request></arms-message>"));
	/* The trigger persists until something sets another. */
	assert_string_equal(rv_sa_trigger(w.sa), "module sync failed");
	assert_false(rv_sa_set_description(w.sa, rv_str("0123456789012345678901234567890123")));
	assert_false(
		rv_sa_set_ls_key(w.sa, rv_str("01234567890123456789012345678901234567890123456789"
					      "012345678901234")));
	world_deinit(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_end_the_pull_as_the_table_says),
		cmocka_unit_test(rs_codes_that_are_retried_lead_to_the_next_rs),
		cmocka_unit_test(a_missing_code_reboots_from_the_ls_and_is_retried_from_the_rs),
		cmocka_unit_test(http_errors_and_broken_documents_are_retried),
		cmocka_unit_test(an_empty_location_config_reboots_the_device),
		cmocka_unit_test(an_unreadable_location_config_is_a_failed_attempt),
		cmocka_unit_test(without_rs_certificate_no_rs_is_connected),
		cmocka_unit_test(an_ls_answer_without_key_keeps_the_previous_one),
		cmocka_unit_test(deliveries_reach_the_program_as_documented),
		cmocka_unit_test(a_refused_config_is_tried_again_everywhere_with_its_trigger),
		cmocka_unit_test(a_positive_result_accepts_a_config),
		cmocka_unit_test(modules_that_are_no_longer_listed_are_removed_by_the_next_pull),
		cmocka_unit_test(a_deaf_program_never_completes_a_pull),
		cmocka_unit_test(configs_come_in_pieces_of_the_fragment_size),
		cmocka_unit_test(the_answer_s_lists_are_kept),
		cmocka_unit_test(heartbeat_settings_count_only_when_all_of_them_make_sense),
		cmocka_unit_test(a_certificate_that_cannot_be_used_fails_the_attempt),
		cmocka_unit_test(
			the_certificate_is_shown_from_the_next_connection_on_to_the_ls_too),
		cmocka_unit_test(requests_carry_what_was_registered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
