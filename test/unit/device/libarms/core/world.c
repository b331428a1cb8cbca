#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/time.h"

#define ANCHOR "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

const char ONE_LINE[] = "line-dhcp {\n ifindex 0;\n};\n";
const char INITIAL_1_1_0[] = "https://192.0.2.1/ls\n\n1\n0\n";
const char RS_OK[] =
	"<arms-message><arms-response type=\"config-solicitation\"><result-code>100</result-code>"
	"<config-solicitation-response>"
	"<heartbeat-info><host>192.0.2.20</host><port>5115</port><passphrase>p</passphrase>"
	"<interval>60</interval><algorithm>hmac-sha1</algorithm></heartbeat-info>"
	"<rs-pull-server-url>https://192.0.2.11/arms</rs-pull-server-url>"
	"<rs-pull-server-url>https://192.0.2.12/arms</rs-pull-server-url>"
	"<module id=\"1\" version=\"1.0\">os</module><md-config id=\"1\">hostname x</md-config>"
	"</config-solicitation-response></arms-response></arms-message>";

static const char QUERY_OK[] =
	"<arms-message><arms-response type=\"push-method-query\"><result-code>100</result-code>"
	"<push-method-query-response><push-method>https-tunnel</push-method>"
	"<https-tunnel-url>https://192.0.2.11:8444/t</https-tunnel-url>"
	"</push-method-query-response></arms-response></arms-message>";

static void RV_PRINTF(2, 3) trace(struct world *w, const char *fmt, ...)
{
	char word[64];
	va_list args;

	if (w->is_quiet)
		return;
	if (w->now_us != w->told_us) {
		w->told_us = w->now_us;
		rv_buf_printf(&w->trace, "@%lld ",
			      (long long)((w->now_us - w->start_us) / RV_US_PER_SEC));
	}
	va_start(args, fmt);
	vsnprintf(word, sizeof(word), fmt, args);
	va_end(args);
	rv_buf_printf(&w->trace, "%s ", word);
}

/* ---- Host functions ---------------------------------------------------------------------- */

static int on_config(void *arg, const struct rv_sa_module *m, int action, const char *data,
		     size_t len, int next)
{
	struct world *w = arg;

	assert_non_null(m->infostring);
	if (action == ARMS_REMOVE_MODULE) {
		trace(w, "r%u", m->id);
		return w->remove_result;
	}
	assert_int_equal(action, ARMS_PULL_STORE_CONFIG);
	assert_int_equal(data[len], '\0');
	trace(w, "c%u.%d", m->id, next);
	rv_buf_put(&w->configs, data, len);
	return w->config_result;
}

static int on_identity(void *arg, struct rv_str certificate, struct rv_str key,
		       struct rv_diag *diag)
{
	struct world *w = arg;

	assert_true(certificate.len > 0 && key.len > 0);
	return w->identity_result == RV_OK ? RV_OK
					   : rv_diag_set(diag, w->identity_result, "tls.material",
							 "certificate", "bad");
}

static void on_state(void *arg, int old_state, int new_state)
{
	assert_int_not_equal(old_state, new_state);
	trace(arg, "s%d", new_state);
}

static void on_log(void *arg, int type, const char *text)
{
	struct world *w = arg;

	assert_true(strlen(text) <= RV_SA_LOG_MAX && text[0] != '\0');
	if (!w->is_quiet)
		rv_buf_printf(&w->log, "%d %s\n", type, text);
}

/* ---- Servers ----------------------------------------------------------------------------- */

static const char *kind_of(struct world *w)
{
	rv_buf_putc(&w->sent, '\0');
	assert_int_equal(w->sent.err, RV_OK);
	if (strstr(w->sent.ptr, "type=\"rs-solicitation\"") != NULL)
		return "LS";
	return strstr(w->sent.ptr, "type=\"config-solicitation\"") != NULL ? "RS" : "Q";
}

static const char *body_of(struct world *w, const struct host *h)
{
	const char *kind = kind_of(w);

	if (h->body != NULL)
		return h->body;
	if (strcmp(kind, "LS") == 0)
		return w->location;
	return strcmp(kind, "RS") == 0 ? RS_OK : QUERY_OK;
}

/* A host that takes its time, and still is in time. */
static void take_time(struct world *w, const struct host *h)
{
	if (h->kind == HOST_SLOW)
		w->now_us += 29 * RV_US_PER_SEC;
}

/* The whole answer, or as much of it as the call is still about. */
static void deliver(struct world *w, const struct host *h)
{
	struct rv_buf out = { 0 };
	const char *body = body_of(w, h);
	struct rv_sa_action act;
	struct rv_str rest;

	rv_buf_printf(&out, "HTTP/1.1 %u OK\r\nContent-Length: %zu\r\n\r\n%s",
		      h->status != 0 ? h->status : 200, strlen(body), body);
	assert_int_equal(out.err, RV_OK);
	rest = rv_buf_str(&out);
	take_time(w, h);
	if (h->kind == HOST_CUTS)
		rest.len /= 2;
	do {
		struct rv_str piece = rv_str_sub(rest, 0, w->split > 0 ? w->split : rest.len);

		rest = rv_str_sub(rest, piece.len, rest.len);
		if (h->kind == HOST_TRICKLES)
			w->now_us += RV_US_PER_SEC;
		rv_sa_on_data(w->sa, w->now_us, piece);
		rv_sa_next(w->sa, w->now_us, &act);
	} while (rest.len > 0 && act.act == RV_SA_ACT_READ);
	if (h->kind == HOST_CUTS && act.act == RV_SA_ACT_READ)
		rv_sa_on_fail(w->sa, w->now_us, ARMS_LOG_EHTTP, "the server has ended");
	rv_buf_deinit(&out);
}

static struct host *host_of(struct world *w, const struct rv_armshttp_url *url)
{
	unsigned n = url->address[url->is_ipv6 ? 15 : 3];

	assert_true(n < WORLD_HOSTS);
	return &w->hosts[n];
}

static void on_open(struct world *w, const struct rv_sa_action *act)
{
	struct host *h = host_of(w, act->url);

	assert_int_equal(act->deadline_us - w->now_us <= 30 * RV_US_PER_SEC, true);
	assert_true(act->anchor.len > 0);
	rv_buf_clear(&w->sent);
	w->attempts++;
	trace(w, "%s%u", act->url->is_ipv6 ? "6:" : "",
	      act->url->address[act->url->is_ipv6 ? 15 : 3]);
	if (h->down_first > 0 || h->kind == HOST_DOWN) {
		h->down_first -= h->down_first > 0;
		rv_sa_on_fail(w->sa, w->now_us, ARMS_LOG_ECONNECT, "connection refused");
	} else if (h->kind == HOST_HANGS) {
		w->now_us = act->deadline_us;
	} else {
		take_time(w, h);
		rv_sa_on_ok(w->sa, w->now_us);
	}
}

static void on_send(struct world *w, const struct host *h, const struct rv_sa_action *act)
{
	bool is_head = w->sent.len == 0;

	assert_true(act->bytes.len > 0 && act->bytes.len <= 16384);
	if (h->kind == HOST_DEAF && !is_head) {
		w->now_us = act->deadline_us;
		return;
	}
	take_time(w, h);
	rv_buf_put_str(&w->sent, act->bytes);
	if (!is_head)
		trace(w, "(%s)", kind_of(w));
	rv_sa_on_ok(w->sa, w->now_us);
}

static void on_line(struct world *w, const struct rv_sa_action *act)
{
	static const int otherwise[] = { -1, ARMS_LINE_CONNECTED, ARMS_LINE_DISCONNECTED, -1 };
	int result = w->line_at < w->line_count ? w->lines[w->line_at++]
						: otherwise[act->line_action];

	assert_non_null(act->line_conf);
	trace(w, "%c%d", "?+-="[act->line_action], act -> line_type);
	rv_sa_on_line(w->sa, w->now_us, result);
}

static void pause_at(struct world *w)
{
	if (w->on_pause != NULL)
		w->on_pause(w);
}

static int run(struct world *w)
{
	struct rv_sa_action act;
	const struct host *h = NULL;

	for (unsigned steps = 0; steps < 5000000; steps++) {
		rv_sa_next(w->sa, w->now_us, &act);
		switch (act.act) {
		case RV_SA_ACT_LINE:
			on_line(w, &act);
			break;
		case RV_SA_ACT_OPEN:
			h = host_of(w, act.url);
			on_open(w, &act);
			break;
		case RV_SA_ACT_SEND:
			on_send(w, h, &act);
			break;
		case RV_SA_ACT_READ:
			if (h->kind == HOST_SILENT)
				w->now_us = act.deadline_us;
			else
				deliver(w, h);
			break;
		case RV_SA_ACT_CLOSE:
			rv_sa_on_ok(w->sa, w->now_us);
			break;
		case RV_SA_ACT_WAIT:
			assert_true(act.deadline_us > w->now_us);
			pause_at(w);
			w->now_us = act.deadline_us;
			break;
		case RV_SA_ACT_DONE:
			pause_at(w);
			return act.code;
		}
	}
	fail_msg("the call does not end");
	return -1;
}

/* ---- For the tests ----------------------------------------------------------------------- */

void world_init(struct world *w, const char *initial)
{
	struct rv_sa_host host = { on_config, on_identity, on_state, on_log, w };
	struct rv_distid id = { .version = 1, .vendor = 0xc0de, .model = 0x91, .serial = 0xa1b2c3 };

	memset(w, 0, sizeof(*w));
	w->now_us = 1000 * RV_US_PER_SEC;
	w->location = "";
	assert_int_equal(rv_sa_new(&host, &id, &w->sa), RV_OK);
	assert_int_equal(rv_sa_set_initial(w->sa, rv_str(initial), NULL), RV_OK);
	assert_int_equal(rv_sa_set_ls_anchor(w->sa, rv_str(ANCHOR)), RV_OK);
	assert_true(rv_sa_set_ls_key(w->sa, rv_str("ls-key")));
}

void world_deinit(struct world *w)
{
	rv_sa_free(w->sa);
	rv_buf_deinit(&w->trace);
	rv_buf_deinit(&w->configs);
	rv_buf_deinit(&w->sent);
	rv_buf_deinit(&w->log);
}

static void begin(struct world *w)
{
	w->start_us = w->told_us = w->now_us;
	rv_buf_clear(&w->configs);
}

int world_pull(struct world *w, int64_t timeout_s, const int *types, size_t n)
{
	struct rv_sa_line lines[ARMS_MAX_LINE] = { 0 };
	struct rv_sa_pull pull = { .timeout_s = timeout_s, .lines = lines, .line_count = n };

	for (size_t i = 0; i < n; i++)
		lines[i].type = types[i];
	begin(w);
	rv_sa_start_pull(w->sa, w->now_us, &pull);
	return run(w);
}

int world_pull_fragment(struct world *w, size_t fragment)
{
	struct rv_sa_line line = { .type = ARMS_LINE_DHCP };
	struct rv_sa_pull pull = { 86400, fragment, &line, 1, false };

	begin(w);
	rv_sa_start_pull(w->sa, w->now_us, &pull);
	return run(w);
}

int world_query(struct world *w)
{
	begin(w);
	rv_sa_start_query(w->sa, w->now_us);
	return run(w);
}

const char *world_trace(struct world *w)
{
	static char text[65536];

	assert_int_equal(w->trace.err, RV_OK);
	assert_true(w->trace.len < sizeof(text));
	memcpy(text, w->trace.ptr != NULL ? w->trace.ptr : "", w->trace.len);
	text[w->trace.len > 0 ? w->trace.len - 1 : 0] = '\0';
	rv_buf_clear(&w->trace);
	return text;
}

bool world_logged(struct world *w, int type)
{
	char word[16];

	snprintf(word, sizeof(word), "%d ", type);
	rv_buf_putc(&w->log, '\0');
	w->log.len--;
	for (const char *line = w->log.ptr; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');

		if (strncmp(line, word, strlen(word)) == 0)
			return true;
		line = end != NULL ? end + 1 : NULL;
	}
	return false;
}

const char *ls_answer(const char *rs, const char *lines, int retry_max, int retry_interval)
{
	static char text[16384];
	int n = snprintf(text, sizeof(text),
			 "<arms-message><arms-response type=\"rs-solicitation\"><result-code>100"
			 "</result-code><rs-solicitation-response><rs-preshared-key>rs-key"
			 "</rs-preshared-key><ll-timeout>2</ll-timeout><rs-retry-max>%d"
			 "</rs-retry-max><rs-retry-interval>%d</rs-retry-interval>",
			 retry_max, retry_interval);

	while (*rs != '\0') {
		bool is_ipv6 = strncmp(rs, "6:", 2) == 0;
		char *end;
		long host = strtol(rs + (is_ipv6 ? 2 : 0), &end, 10);

		char authority[32];

		snprintf(authority, sizeof(authority), is_ipv6 ? "[2001:db8::%lx]" : "192.0.2.%ld",
			 host);
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      "<rs-info><url>https://%s/arms</url><md-config>%srs-certificate {\n"
			      "%s};\n</md-config></rs-info>",
			      authority, lines, ANCHOR);
		rs = *end == ' ' ? end + 1 : end;
	}
	snprintf(text + n, sizeof(text) - (size_t)n,
		 "</rs-solicitation-response></arms-response></arms-message>");
	return text;
}

const char *coded(const char *type, int code)
{
	static char text[4][512];
	static unsigned at;
	char *out = text[at++ % 4];

	snprintf(out, sizeof(text[0]),
		 "<arms-message><arms-response type=\"%s\"><result-code>%d</result-code>"
		 "</arms-response></arms-message>",
		 type, code);
	return out;
}
