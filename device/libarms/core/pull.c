/* The machine from outside: actions out, events in. Where they lead is in walk.c. */
#include <assert.h>

#include "base/time.h"
#include "device/libarms/core/sa_priv.h"

/* ---- Actions ----------------------------------------------------------------------------- */

static int64_t soonest(const struct rv_sa *sa, int64_t us)
{
	return us < sa->deadline_us ? us : sa->deadline_us;
}

static void want_line(struct rv_sa *sa, int line_action, struct rv_sa_action *out)
{
	size_t count = 0;
	struct rv_sa_line *line = rv_sa_line_list(sa, &count) + sa->line_at;

	out->act = RV_SA_ACT_LINE;
	out->line_action = line_action;
	out->line_type = line->type;
	out->line_conf = &line->conf;
}

static void log_line_failure(struct rv_sa *sa)
{
	switch (sa->line.reason) {
	case ARMS_LINE_AUTHFAIL:
		rv_sa_log(sa, ARMS_LOG_ELINE_AUTH_FAIL, "line: authentication failed");
		break;
	case ARMS_LINE_NOTAVAILABLE:
		rv_sa_log(sa, ARMS_LOG_ELINE_NOTAVAIL, "line: not available");
		break;
	default:
		rv_sa_log(sa, ARMS_LOG_ELINE_TIMEOUT, "line: did not come up");
	}
}

/* Returns whether *out is set; otherwise the state has changed and is to be looked at again. */
static bool act_line_up(struct rv_sa *sa, struct rv_sa_action *out)
{
	int line_action = rv_sa_line_want(&sa->line, sa->now_us);

	if (line_action != ARMS_LINE_ACT_NONE) {
		want_line(sa, line_action, out);
		return true;
	}
	switch (sa->line.step) {
	case RV_SA_LINE_IS_UP:
		rv_sa_log(sa, ARMS_LOG_ILINE_CONNECTED, "line connected");
		sa->urls_left = rv_sa_url_count(sa);
		rv_sa_next_attempt(sa);
		return false;
	case RV_SA_LINE_FAILED:
		log_line_failure(sa);
		rv_sa_leave(sa, RV_SA_THEN_NEXT_LINE);
		return false;
	case RV_SA_LINE_BROKEN:
		rv_sa_end_broken(sa);
		return false;
	default:
		out->act = RV_SA_ACT_WAIT;
		out->deadline_us = soonest(sa, sa->line.wake_us);
		return true;
	}
}

static bool act_line_down(struct rv_sa *sa, struct rv_sa_action *out)
{
	int line_action = rv_sa_line_want(&sa->line, sa->now_us);
	bool is_late = sa->now_us >= sa->deadline_us;

	if (line_action == ARMS_LINE_ACT_DISCONNECT ||
	    (line_action != ARMS_LINE_ACT_NONE && !is_late)) {
		want_line(sa, line_action, out);
		return true;
	}
	if (sa->line.step == RV_SA_LINE_BROKEN) {
		rv_sa_end_broken(sa);
		return false;
	}
	if (sa->line.step != RV_SA_LINE_IS_DOWN && !is_late) {
		out->act = RV_SA_ACT_WAIT;
		out->deadline_us = soonest(sa, sa->line.wake_us);
		return true;
	}
	rv_sa_log(sa, ARMS_LOG_ILINE_DISCONNECTED, "line disconnected");
	sa->line.step = RV_SA_LINE_IS_DOWN;
	rv_sa_follow(sa, sa->then);
	return false;
}

static void want_open(struct rv_sa *sa, struct rv_sa_action *out)
{
	out->act = RV_SA_ACT_OPEN;
	out->url = &sa->url;
	out->phase = sa->phase;
	out->anchor = rv_str(sa->phase == RV_SA_LS ? sa->ls_anchor : sa->cache.loc.anchor);
	out->certificate = sa->certificate;
	out->private_key = sa->private_key;
}

static bool act_network(struct rv_sa *sa, struct rv_sa_action *out)
{
	if (sa->now_us >= sa->step_us) {
		rv_sa_attempt_failed(sa, ARMS_LOG_ENETTIMEOUT,
				     sa->step == RV_SA_STEP_OPEN   ? "no connection in time"
				     : sa->step == RV_SA_STEP_READ ? "no complete answer in time"
								   : "request not taken in time");
		return false;
	}
	out->deadline_us = soonest(sa, sa->step_us);
	switch (sa->step) {
	case RV_SA_STEP_OPEN:
		want_open(sa, out);
		break;
	case RV_SA_STEP_READ:
		out->act = RV_SA_ACT_READ;
		break;
	default:
		out->act = RV_SA_ACT_SEND;
		out->has_more = sa->step == RV_SA_STEP_SEND_HEAD;
		out->bytes = rv_buf_str(sa->step == RV_SA_STEP_SEND_HEAD ? &sa->exchange.head
									 : &sa->exchange.body);
	}
	return true;
}

static bool act(struct rv_sa *sa, struct rv_sa_action *out)
{
	switch (sa->step) {
	case RV_SA_STEP_PAUSE:
		if (sa->now_us >= sa->wake_us) {
			rv_sa_follow(sa, sa->then);
			return false;
		}
		out->act = RV_SA_ACT_WAIT;
		out->deadline_us = soonest(sa, sa->wake_us);
		return true;
	case RV_SA_STEP_LINE_UP:
		return act_line_up(sa, out);
	case RV_SA_STEP_LINE_DOWN:
		return act_line_down(sa, out);
	case RV_SA_STEP_CLOSE:
		out->act = RV_SA_ACT_CLOSE;
		return true;
	case RV_SA_STEP_IDLE:
	case RV_SA_STEP_DONE:
		out->act = RV_SA_ACT_DONE;
		out->code = sa->end_code;
		return true;
	default:
		return act_network(sa, out);
	}
}

void rv_sa_next(struct rv_sa *sa, int64_t now_us, struct rv_sa_action *out)
{
	sa->now_us = now_us;
	if (now_us >= sa->deadline_us && !sa->is_ending && sa->step != RV_SA_STEP_DONE &&
	    sa->step != RV_SA_STEP_IDLE) {
		rv_sa_log(sa, ARMS_LOG_ERETRY, "the time for this pull is over");
		rv_sa_end(sa, ARMS_ETIMEOUT);
	}
	do
		*out = (struct rv_sa_action){ 0 };
	while (!act(sa, out));
}

/* ---- Events ------------------------------------------------------------------------------ */

void rv_sa_on_line(struct rv_sa *sa, int64_t now_us, int result)
{
	assert(sa->step == RV_SA_STEP_LINE_UP || sa->step == RV_SA_STEP_LINE_DOWN);
	sa->now_us = now_us;
	rv_sa_line_result(&sa->line, now_us, result);
}

void rv_sa_on_ok(struct rv_sa *sa, int64_t now_us)
{
	sa->now_us = now_us;
	switch (sa->step) {
	case RV_SA_STEP_OPEN:
		sa->is_open = true;
		sa->step = RV_SA_STEP_SEND_HEAD;
		sa->step_us = rv_sa_after(sa, RV_SA_SEND_S);
		break;
	case RV_SA_STEP_SEND_HEAD:
		sa->step = RV_SA_STEP_SEND_BODY;
		sa->step_us = rv_sa_after(sa, RV_SA_SEND_S);
		break;
	case RV_SA_STEP_SEND_BODY:
		sa->step = RV_SA_STEP_READ;
		sa->step_us = rv_sa_after(sa, RV_SA_ANSWER_S);
		break;
	default:
		assert(sa->step == RV_SA_STEP_CLOSE);
		sa->is_open = false;
		rv_sa_after_close(sa);
	}
}

void rv_sa_on_fail(struct rv_sa *sa, int64_t now_us, int log_type, const char *text)
{
	assert(sa->step >= RV_SA_STEP_OPEN && sa->step <= RV_SA_STEP_READ);
	sa->now_us = now_us;
	rv_sa_attempt_failed(sa, log_type, text);
}

void rv_sa_on_data(struct rv_sa *sa, int64_t now_us, struct rv_str bytes)
{
	assert(sa->step == RV_SA_STEP_READ);
	sa->now_us = now_us;
	rv_sa_answer_bytes(sa, bytes);
}

/* ---- Calls ------------------------------------------------------------------------------- */

/* Anonymous lines become real ones before the program sees them. */
static struct rv_sa_line named_line(const struct rv_sa *sa, const struct rv_sa_line *line)
{
	struct rv_sa_line named = *line;

	switch (line->type) {
	case ARMS_LINE_ANONPPPOE:
		named = sa->initial.pppoe;
		break;
	case ARMS_LINE_ANONPPPOE_IPV6:
		named = sa->initial.pppoe_ipv6;
		break;
	case ARMS_LINE_ANONMOBILE:
		named = sa->initial.mobile;
		break;
	default:
		break;
	}
	named.conf.ifindex = line->conf.ifindex;
	return named;
}

static void start(struct rv_sa *sa, int64_t now_us)
{
	assert(sa->step == RV_SA_STEP_IDLE || sa->step == RV_SA_STEP_DONE);
	assert(!sa->is_open);
	sa->now_us = now_us;
	sa->end_code = 0;
	sa->is_ending = false;
	sa->fallbacks = 0;
	sa->line = (struct rv_sa_line_ctl){ 0 };
}

void rv_sa_start_pull(struct rv_sa *sa, int64_t now_us, const struct rv_sa_pull *pull)
{
	assert(pull->line_count <= ARMS_MAX_LINE && pull->timeout_s > 0);
	start(sa, now_us);
	sa->deadline_us = rv_sa_after(sa, pull->timeout_s);
	sa->fragment = pull->fragment;
	sa->is_deaf = pull->is_deaf;
	rv_wipe(sa->lines, sizeof(sa->lines));
	sa->line_count = pull->line_count;
	for (size_t i = 0; i < pull->line_count; i++)
		sa->lines[i] = named_line(sa, &pull->lines[i]);
	rv_sa_service_deinit(&sa->service);
	if (!rv_sa_has_endpoint(sa)) {
		rv_sa_begin_ls(sa);
		return;
	}
	rv_sa_log(sa, ARMS_LOG_IRS_ACCESS_START, "LS skipped");
	rv_sa_begin_rs(sa);
}

void rv_sa_start_query(struct rv_sa *sa, int64_t now_us)
{
	start(sa, now_us);
	sa->phase = RV_SA_QUERY;
	sa->deadline_us = INT64_MAX;
	if (sa->service.pull_urls.count == 0) {
		rv_sa_set_trigger(sa, "push server not found");
		rv_sa_log(sa, ARMS_LOG_EURL, "the RS named no rs-pull-server-url");
		rv_sa_end(sa, ARMS_ESYSTEM);
		return;
	}
	rv_sa_start_phase(sa, 1 + (int64_t)sa->cache.loc.retry_max, sa->cache.loc.retry_interval_s);
}
