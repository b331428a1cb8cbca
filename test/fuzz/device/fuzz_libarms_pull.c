/* The device core against servers and lines that do anything.
 *
 * The input answers the core's actions in turn: LINE takes one byte (result - 1, modulo 8), OPEN
 * and SEND one (0 fails, 1 runs into the deadline, else works), READ two bytes of length n, then n
 * bytes of the answer; n = 0 ends the connection, 0xffff runs into the deadline, 0xfffe delivers a
 * good LS answer and 0xfffd the head of an answer and the start of an RS document. The first
 * byte is the fragment size, the second what the program answers to configs. When the input
 * is used up everything fails, and the pull must end by its own deadline.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "device/libarms/core/sa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD "HTTP/1.1 200 OK\r\n\r\n"
#define PEM  "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

enum { STEPS_MAX = 200000, TIMEOUT_S = 120 };

static const char ls_answer[] = HEAD
	"<arms-message><arms-response><result-code>100</result-code><rs-solicitation-response>"
	"<rs-preshared-key>k</rs-preshared-key><ll-timeout>2</ll-timeout><rs-retry-max>1"
	"</rs-retry-max><rs-retry-interval>2</rs-retry-interval><rs-info><url>"
	"https://192.0.2.11/arms</url><md-config>line-dhcp {\n};\nline-static {\n};\n"
	"rs-certificate {\n" PEM "};\n</md-config></rs-info><rs-info><url>"
	"https://[2001:db8::1]/arms</url><md-config>x</md-config></rs-info>"
	"</rs-solicitation-response></arms-response></arms-message>";
static const char rs_start[] = HEAD
	"<arms-message><arms-response><result-code>100</result-code>"
	"<config-solicitation-response><rs-pull-server-url>https://192.0.2.11/"
	"</rs-pull-server-url>";

struct run {
	const uint8_t *data;
	size_t size;
	struct rv_sa *sa;
	size_t fragment;
	int config_result;
	int64_t open_module; /* whose config is being delivered; -1 none */
	bool is_over;
};

static uint8_t take(struct run *r)
{
	if (r->size == 0) {
		r->is_over = true;
		return 0;
	}
	r->size--;
	return *r->data++;
}

static int on_config(void *arg, const struct rv_sa_module *m, int action, const char *data,
		     size_t len, int next)
{
	struct run *r = arg;

	if (action == ARMS_REMOVE_MODULE)
		return r->config_result & 1;
	assert(action == ARMS_PULL_STORE_CONFIG);
	assert(rv_sa_modules_find(rv_sa_modules(r->sa), m->id) == m);
	assert(data[len] == '\0');
	assert(r->fragment == 0 ? next == (ARMS_FRAG_FIRST | ARMS_FRAG_FINISHED)
				: len <= r->fragment);
	if (next & ARMS_FRAG_FIRST)
		r->open_module = m->id;
	assert(r->open_module == m->id); /* pieces of one config are never mixed with another's */
	if (next & ARMS_FRAG_FINISHED)
		r->open_module = -1;
	return r->config_result;
}

static int on_identity(void *arg, struct rv_str certificate, struct rv_str key,
		       struct rv_diag *diag)
{
	(void)arg, (void)diag;
	return certificate.len > key.len ? RV_ETLS : RV_OK;
}

static void on_state(void *arg, int old_state, int new_state)
{
	(void)arg;
	assert(old_state != new_state && new_state >= ARMS_ST_LSPULL &&
	       new_state <= ARMS_ST_BOOT_FAIL);
}

static void on_log(void *arg, int type, const char *text)
{
	(void)arg;
	assert(type >= 0 && type <= ARMS_LOG_DEBUG && strlen(text) <= RV_SA_LOG_MAX);
}

/* Returns the new time. */
static int64_t on_read(struct run *r, int64_t now_us, const struct rv_sa_action *act)
{
	size_t n = take(r);

	n |= (size_t)take(r) << 8;
	if (n == 0xffff)
		return act->deadline_us;
	if (n == 0xfffe) {
		rv_sa_on_data(r->sa, now_us, rv_str(ls_answer));
	} else if (n == 0xfffd) {
		rv_sa_on_data(r->sa, now_us, rv_str(rs_start));
	} else if (n == 0 || r->size == 0) {
		rv_sa_on_fail(r->sa, now_us, ARMS_LOG_EHTTP, "ended");
	} else {
		n = n < r->size ? n : r->size;
		r->data += n;
		r->size -= n;
		rv_sa_on_data(r->sa, now_us, rv_strn(r->data - n, n));
	}
	return now_us;
}

static int64_t on_network(struct run *r, int64_t now_us, const struct rv_sa_action *act)
{
	uint8_t b = take(r);

	if (b == 1)
		return act->deadline_us;
	if (b == 0)
		rv_sa_on_fail(r->sa, now_us, ARMS_LOG_ECONNECT, "refused");
	else
		rv_sa_on_ok(r->sa, now_us);
	return now_us;
}

static void on_line(struct run *r, int64_t now_us, const struct rv_sa_action *act)
{
	int result = take(r) % 8 - 1;

	assert(act->line_conf != NULL && act->line_type != ARMS_LINE_ANONPPPOE);
	if (r->is_over)
		result = act->line_action == ARMS_LINE_ACT_CONNECT ? ARMS_LINE_CONNECTED
								   : ARMS_LINE_DISCONNECTED;
	rv_sa_on_line(r->sa, now_us, result);
}

static int64_t run(struct run *r, int64_t now_us, int *code)
{
	struct rv_sa_action act;

	for (unsigned steps = 0;; steps++) {
		assert(steps < STEPS_MAX);
		rv_sa_next(r->sa, now_us, &act);
		switch (act.act) {
		case RV_SA_ACT_LINE:
			on_line(r, now_us, &act);
			break;
		case RV_SA_ACT_OPEN:
			assert(act.anchor.len > 0);
			now_us = on_network(r, now_us, &act);
			break;
		case RV_SA_ACT_SEND:
			assert(act.bytes.len > 0 && act.bytes.len <= 16384);
			now_us = on_network(r, now_us, &act);
			break;
		case RV_SA_ACT_READ:
			now_us = on_read(r, now_us, &act);
			break;
		case RV_SA_ACT_CLOSE:
			rv_sa_on_ok(r->sa, now_us);
			break;
		case RV_SA_ACT_WAIT:
			assert(act.deadline_us > now_us);
			now_us = act.deadline_us;
			break;
		case RV_SA_ACT_DONE:
			*code = act.code;
			return now_us;
		}
	}
}

static void check_state_round_trip(struct rv_sa *sa)
{
	static char blob[RV_SA_STATE_SIZE], again[RV_SA_STATE_SIZE];
	int r;

	rv_sa_dump(sa, blob);
	r = rv_sa_restore(sa, blob);
	assert(r == RV_OK);
	rv_sa_dump(sa, again);
	assert(memcmp(blob, again, sizeof(blob)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = { .data = data, .size = size, .open_module = -1 };
	struct rv_sa_host host = { on_config, on_identity, on_state, on_log, &r };
	struct rv_distid id = { .version = 1, .vendor = 1, .model = 0x80, .serial = 1 };
	struct rv_sa_line lines[2] = { { .type = ARMS_LINE_DHCP },
				       { .type = ARMS_LINE_ANONPPPOE } };
	struct rv_sa_pull pull = { TIMEOUT_S, take(&r), lines, 2, false };
	int64_t now_us = 0;
	int code = 0;

	r.fragment = pull.fragment;
	r.config_result = take(&r) % 3 - 1;
	if (rv_sa_new(&host, &id, &r.sa) != RV_OK)
		return 0;
	if (rv_sa_set_initial(r.sa, RV_STR_LIT("https://192.0.2.1/\nhttps://192.0.2.2/\n\n1\n1\n"),
			      NULL) == RV_OK &&
	    rv_sa_set_ls_anchor(r.sa, RV_STR_LIT(PEM)) == RV_OK) {
		rv_sa_start_pull(r.sa, now_us, &pull);
		now_us = run(&r, now_us, &code);
		/* The line gets its DISCONNECT even beyond the deadline, but no time. */
		assert(now_us <= TIMEOUT_S * INT64_C(1000000));
		if (code == 0 && rv_sa_service(r.sa)->pull_urls.count > 0) {
			rv_sa_start_query(r.sa, now_us);
			(void)run(&r, now_us, &code);
		}
		check_state_round_trip(r.sa);
		rv_sa_remove_modules(r.sa);
	}
	rv_sa_free(r.sa);
	return 0;
}
