/* The blocking calls: the core's actions carried out with real sockets and a real clock. */
#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/time.h"
#include "device/libarms/context.h"

enum {
	CONFIRM_S = 60,   /* how long a confirmation may take (appendix B) */
	API_OF_QUERY = 5, /* programs of an older one leave the method query to the event loop */
	SLEEP_MAX_MS = 60 * 1000,
};

/* ---- What the core tells ----------------------------------------------------------------- */

static int host_config(void *arg, const struct rv_sa_module *module, int action, const char *data,
		       size_t len, int next)
{
	struct arms_context *ctx = arg;

	if (ctx->cb.config_cb == NULL)
		return -1;
	if (action == ARMS_REMOVE_MODULE)
		return ctx->cb.config_cb(module->id, "", "", action, NULL, 0, 0, ctx->udata);
	return ctx->cb.config_cb(module->id, module->version, module->infostring, action, data, len,
				 next, ctx->udata);
}

static int host_identity(void *arg, struct rv_str certificate, struct rv_str key,
			 struct rv_diag *diag)
{
	struct rv_tls_opt opt = { .peer = RV_TLS_PEER_INSECURE,
				  .cert_pem = certificate,
				  .key_pem = key };
	struct rv_tls_ctx *tls = NULL;
	int r;

	(void)arg;
	r = rv_tls_ctx_new(&opt, &tls, diag);
	rv_tls_ctx_unref(tls);
	return r;
}

static void host_state(void *arg, int old_state, int new_state)
{
	struct arms_context *ctx = arg;

	if (ctx->cb.state_cb != NULL)
		(void)ctx->cb.state_cb(old_state, new_state, ctx->udata);
}

static void host_log(void *arg, int type, const char *text)
{
	struct arms_context *ctx = arg;

	if (ctx->cb.log_cb != NULL)
		(void)ctx->cb.log_cb(ARMS_LOG_CODE(0, 0, type), text, ctx->udata);
}

const struct rv_sa_host rv_shell_host = { host_config, host_identity, host_state, host_log, NULL };

/* ---- Carrying out actions ---------------------------------------------------------------- */

static void sleep_until(int64_t deadline_us)
{
	int64_t left_ms;

	while ((left_ms = (deadline_us - rv_time_boot_us() + 999) / RV_US_PER_MS) > 0)
		(void)poll(NULL, 0, (int)(left_ms < SLEEP_MAX_MS ? left_ms : SLEEP_MAX_MS));
}

static int call_line(struct arms_context *ctx, const struct rv_sa_action *act)
{
	if (ctx->cb.line_ctrl_cb != NULL)
		return ctx->cb.line_ctrl_cb(act->line_action, act->line_type, act->line_conf,
					    ctx->udata);
	return act->line_action == ARMS_LINE_ACT_DISCONNECT ? ARMS_LINE_DISCONNECTED
							    : ARMS_LINE_NOTAVAILABLE;
}

static int open_connection(struct arms_context *ctx, const struct rv_sa_action *act)
{
	/* Every certificate of an LS chain has one of these in its subject (spec 2.4). */
	static const char *const ls_subjects[] = { "CN=ARMS Root CA", "CN=Location Server ", NULL };
	struct rv_conn_opt opt = {
		.url = act->url,
		.proxy = ctx->has_proxy ? &ctx->proxy : NULL,
		.source = &ctx->source,
		.tls = { .peer = RV_TLS_PEER_ANCHOR,
			 .ca_pem = act->anchor,
			 .cert_pem = act->certificate,
			 .key_pem = act->private_key,
			 .subject_contains = act->phase == RV_SA_LS ? ls_subjects : NULL,
			 .versions = ctx->tls_versions },
	};
	int r = rv_conn_open(&ctx->conn, &opt, act->deadline_us);

	if (ctx->conn.is_past_proxy)
		rv_sa_log(ctx->sa, ARMS_LOG_IHTTP_PROXY_CONNECTED, "web proxy: connected");
	if (r == RV_OK)
		rv_sa_log(ctx->sa, ARMS_LOG_ISSL_CONNECTED, "%s", rv_tls_describe(ctx->conn.tls));
	return r;
}

/* A failure that is not just the deadline, which the core sees by itself. */
static void report(struct arms_context *ctx, int r)
{
	int64_t now_us = rv_time_boot_us();

	if (r == RV_OK)
		rv_sa_on_ok(ctx->sa, now_us);
	else if (r != RV_ETIMEOUT)
		rv_sa_on_fail(ctx->sa, now_us, ctx->conn.log_type, ctx->conn.error);
}

static void read_some(struct arms_context *ctx, int64_t deadline_us)
{
	char buf[RV_TLS_RECORD_MAX];
	size_t len = 0;
	int r = rv_conn_read(&ctx->conn, buf, sizeof(buf), &len, deadline_us);

	if (r == RV_OK)
		rv_sa_on_data(ctx->sa, rv_time_boot_us(), rv_strn(buf, len));
	else
		report(ctx, r);
	rv_wipe(buf, len);
}

static void carry_out(struct arms_context *ctx, const struct rv_sa_action *act)
{
	switch (act->act) {
	case RV_SA_ACT_LINE: {
		int result = call_line(ctx, act);

		rv_sa_on_line(ctx->sa, rv_time_boot_us(), result);
		break;
	}
	case RV_SA_ACT_OPEN:
		report(ctx, open_connection(ctx, act));
		break;
	case RV_SA_ACT_SEND:
		report(ctx, rv_conn_send(&ctx->conn, act->bytes, act->has_more, act->deadline_us));
		break;
	case RV_SA_ACT_READ:
		read_some(ctx, act->deadline_us);
		break;
	case RV_SA_ACT_CLOSE:
		rv_conn_close(&ctx->conn);
		rv_sa_on_ok(ctx->sa, rv_time_boot_us());
		break;
	case RV_SA_ACT_WAIT:
		sleep_until(act->deadline_us);
		break;
	case RV_SA_ACT_DONE:
		break;
	}
}

static int run(struct arms_context *ctx)
{
	struct rv_sa_action act;

	for (;;) {
		rv_sa_next(ctx->sa, rv_time_boot_us(), &act);
		if (act.act == RV_SA_ACT_DONE)
			return act.code;
		carry_out(ctx, &act);
	}
}

static void enter(struct arms_context *ctx, struct sigaction *old)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	ctx->is_busy = true;
	(void)sigaction(SIGPIPE, &ignore, old);
}

static void leave(struct arms_context *ctx, const struct sigaction *old)
{
	(void)sigaction(SIGPIPE, old, NULL);
	ctx->is_busy = false;
}

/* ---- arms_pull --------------------------------------------------------------------------- */

static size_t conf_size(int type)
{
	switch (type) {
	case ARMS_LINE_PPPOE:
	case ARMS_LINE_PPPOE_IPV6:
		return sizeof(arms_line_conf_pppoe_t);
	case ARMS_LINE_MOBILE:
		return sizeof(arms_line_conf_mobile_t);
	case ARMS_LINE_STATIC:
		return sizeof(arms_line_conf_static_t);
	default:
		return sizeof(int);
	}
}

/* Strings of a program may fill their arrays to the last byte. */
static void end_strings(struct rv_sa_line *line)
{
	arms_line_conf_pppoe_t *p = &line->conf.pppoe;
	arms_line_conf_mobile_t *m = &line->conf.mobile;

	switch (line->type) {
	case ARMS_LINE_PPPOE:
	case ARMS_LINE_PPPOE_IPV6:
		p->id[sizeof(p->id) - 1] = p->pass[sizeof(p->pass) - 1] = '\0';
		break;
	case ARMS_LINE_MOBILE:
		m->telno[sizeof(m->telno) - 1] = m->apn[sizeof(m->apn) - 1] = '\0';
		m->pdp[sizeof(m->pdp) - 1] = m->ipaddr[sizeof(m->ipaddr) - 1] = '\0';
		m->id[sizeof(m->id) - 1] = m->pass[sizeof(m->pass) - 1] = '\0';
		break;
	case ARMS_LINE_STATIC:
		line->conf.fixed.ipaddr[sizeof(line->conf.fixed.ipaddr) - 1] = '\0';
		break;
	default:
		break;
	}
}

/* False: a type that is none. Entries without parameters are left out. */
static bool copy_lines(const arms_line_desc_t *from, struct rv_sa_line to[ARMS_MAX_LINE],
		       size_t *count)
{
	size_t n = 0;

	for (; n < ARMS_MAX_LINE && from->type != ARMS_LINE_NONE; from++) {
		if (from->type < ARMS_LINE_NONE || from->type >= ARMS_LINE_LAST)
			return false;
		if (from->line_conf == NULL)
			continue;
		to[n] = (struct rv_sa_line){ .type = from->type };
		memcpy(&to[n].conf, from->line_conf, conf_size(from->type));
		end_strings(&to[n]);
		n++;
	}
	*count = n;
	return true;
}

int arms_pull(arms_context_t *ctx, time_t timeout, size_t fragment, arms_callback_tbl_t *cb_tbl,
	      arms_line_desc_t *lines, void *udata)
{
	struct rv_sa_line copy[ARMS_MAX_LINE] = { 0 };
	struct rv_sa_pull pull = { .fragment = fragment, .lines = copy };
	struct sigaction old;
	int code;

	if (ctx == NULL || cb_tbl == NULL || lines == NULL || ctx->is_busy || !ctx->has_root)
		return ARMS_EINVAL;
	if (timeout != 0 && (timeout < ARMS_MIN_TIMEOUT || timeout > ARMS_MAX_TIMEOUT))
		return ARMS_EINVAL;
	pull.is_deaf = cb_tbl->config_cb == NULL;
	pull.timeout_s = timeout != 0 ? timeout : ARMS_DEFAULT_TIMEOUT;
	if (!copy_lines(lines, copy, &pull.line_count))
		return ARMS_EINVAL;
	ctx->cb = *cb_tbl;
	ctx->udata = udata;
	rv_hb_clear(&ctx->hb, &ctx->id);
	enter(ctx, &old);
	rv_sa_start_pull(ctx->sa, rv_time_boot_us(), &pull);
	code = run(ctx);
	leave(ctx, &old);
	rv_wipe(copy, sizeof(copy));
	return code;
}

/* ---- arms_push_method_query, arms_event_loop --------------------------------------------- */

int arms_push_method_query(arms_context_t *ctx, arms_callback_tbl_t *cb_tbl, void *udata)
{
	struct sigaction old;
	int code;

	if (ctx == NULL || cb_tbl == NULL || ctx->is_busy)
		return ARMS_EINVAL;
	ctx->udata = udata;
	enter(ctx, &old);
	rv_sa_start_query(ctx->sa, rv_time_boot_us());
	code = run(ctx);
	leave(ctx, &old);
	return code;
}

static int64_t interval_us(const struct arms_context *ctx)
{
	return (int64_t)ctx->event_interval.tv_sec * RV_US_PER_SEC + ctx->event_interval.tv_usec;
}

/* The time a confirmation would take, with the program's events in it. Without it a program that
 * answers EPULL with a pull, as it should, would pull without pause. True: the program wants to
 * pull before that. */
static bool wait_confirmation(struct arms_context *ctx)
{
	int64_t now_us = rv_time_boot_us();
	int64_t end_us = now_us + CONFIRM_S * RV_US_PER_SEC;
	int64_t last_us = now_us;

	while (now_us < end_us) {
		/* Read anew each time: the callback may set another interval. */
		int64_t event_us = last_us + interval_us(ctx);

		if (event_us > end_us || ctx->cb.app_event_cb == NULL)
			event_us = end_us;
		sleep_until(event_us);
		now_us = last_us = rv_time_boot_us();
		if (now_us < end_us && ctx->cb.app_event_cb(ctx->udata) == ARMS_EPULL)
			return true;
	}
	return false;
}

/* A tunnel needs somewhere to go: statement 77 of spec section 10. */
static bool has_usable_method(const struct rv_sa_service *service)
{
	for (size_t i = 0; i < service->method_count; i++) {
		if (service->methods[i] != ARMS_PUSH_METHOD_TUNNEL ||
		    service->tunnel_urls.count > 0)
			return true;
	}
	return false;
}

int arms_event_loop(arms_context_t *ctx, int port, size_t fragment, arms_callback_tbl_t *cb_tbl,
		    void *udata)
{
	struct sigaction old;
	bool is_asked = false;

	(void)fragment; /* of configs pushed */
	if (ctx == NULL || cb_tbl == NULL || ctx->is_busy || port < 0 || port > UINT16_MAX)
		return ARMS_EINVAL;
	if (ctx->cb.version < API_OF_QUERY) {
		int code = arms_push_method_query(ctx, cb_tbl, udata);

		if (code != 0)
			return code;
	}
	ctx->udata = udata;
	enter(ctx, &old);
	if (has_usable_method(rv_sa_service(ctx->sa))) {
		rv_sa_log(ctx->sa, ARMS_LOG_IPROTO_CONFIRM_FAILED,
			  "this library has no push transport yet: pull again in %d s", CONFIRM_S);
		is_asked = wait_confirmation(ctx);
	}
	if (!is_asked) { /* else the reason to pull is the program's */
		rv_sa_set_trigger(ctx->sa, "no push method");
		rv_sa_log(ctx->sa, ARMS_LOG_EFATAL, "no push method left");
	}
	leave(ctx, &old);
	return ARMS_EPULL;
}
