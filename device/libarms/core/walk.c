/* The walk: phases, rounds, lines, URLs, attempts; and where each of them leads. */
#include <assert.h>
#include <string.h>

#include "base/time.h"
#include "device/libarms/core/sa_priv.h"

int64_t rv_sa_after(const struct rv_sa *sa, int64_t seconds)
{
	return sa->now_us + seconds * RV_US_PER_SEC;
}

static void pause_then(struct rv_sa *sa, int64_t seconds, enum rv_sa_then then)
{
	sa->step = RV_SA_STEP_PAUSE;
	sa->wake_us = rv_sa_after(sa, seconds);
	sa->then = then;
}

/* ---- Where we are in the lists ----------------------------------------------------------- */

size_t rv_sa_url_count(const struct rv_sa *sa)
{
	switch (sa->phase) {
	case RV_SA_LS:
		return sa->initial.url_count;
	case RV_SA_RS:
		return sa->cache.loc.rs_count;
	default:
		return sa->service.pull_urls.count;
	}
}

static size_t *url_index(struct rv_sa *sa)
{
	switch (sa->phase) {
	case RV_SA_LS:
		return &sa->ls_at;
	case RV_SA_RS:
		return &sa->cache.loc.rs_index;
	default:
		return &sa->service.query_index;
	}
}

static const char *url_text(struct rv_sa *sa)
{
	size_t i = *url_index(sa);

	switch (sa->phase) {
	case RV_SA_LS:
		return sa->initial.urls[i];
	case RV_SA_RS:
		return sa->cache.loc.rs_urls[i];
	default:
		return sa->service.pull_urls.item[i];
	}
}

struct rv_sa_line *rv_sa_line_list(struct rv_sa *sa, size_t *count)
{
	bool is_ls = sa->phase == RV_SA_LS;

	*count = is_ls ? sa->line_count : sa->cache.loc.line_count;
	return is_ls ? sa->lines : sa->cache.loc.lines;
}

int64_t rv_sa_line_polls(const struct rv_sa *sa)
{
	return sa->phase == RV_SA_LS ? RV_SA_LINE_POLLS_LS : sa->cache.loc.ll_timeout_s;
}

/* ---- Ends -------------------------------------------------------------------------------- */

static void finish(struct rv_sa *sa)
{
	sa->step = RV_SA_STEP_DONE;
	if (sa->phase != RV_SA_QUERY)
		rv_sa_set_state(sa, sa->end_code == 0 ? ARMS_ST_PULLDONE : ARMS_ST_BOOT_FAIL);
}

/* The connection is gone; the line goes too, unless the next attempt uses it. */
void rv_sa_after_close(struct rv_sa *sa)
{
	if (sa->then == RV_SA_THEN_ATTEMPT || sa->line.step == RV_SA_LINE_IS_DOWN) {
		rv_sa_follow(sa, sa->then);
		return;
	}
	rv_sa_line_down(&sa->line, rv_sa_line_polls(sa));
	sa->step = RV_SA_STEP_LINE_DOWN;
}

void rv_sa_leave(struct rv_sa *sa, enum rv_sa_then then)
{
	rv_sa_exchange_end(&sa->exchange);
	sa->then = then;
	if (sa->is_open)
		sa->step = RV_SA_STEP_CLOSE;
	else
		rv_sa_after_close(sa);
}

void rv_sa_end(struct rv_sa *sa, int code)
{
	sa->end_code = code;
	sa->is_ending = true;
	rv_sa_leave(sa, RV_SA_THEN_END);
}

/* The line callback returned what it may not: its line is not touched again. */
void rv_sa_end_broken(struct rv_sa *sa)
{
	rv_sa_log(sa, ARMS_LOG_ECALLBACK, "line callback returned an impossible value");
	sa->line.step = RV_SA_LINE_IS_DOWN;
	rv_sa_end(sa, ARMS_ECALLBACK);
}

void rv_sa_attempt_failed(struct rv_sa *sa, int log_type, const char *text)
{
	bool is_ls = sa->phase == RV_SA_LS;
	size_t *at = url_index(sa);

	rv_sa_log(sa, log_type, "%s", text);
	rv_sa_log(sa, is_ls ? ARMS_LOG_ELS_ACCESS_FAIL : ARMS_LOG_ERS_ACCESS_FAIL,
		  "%s access failed: %s", is_ls ? "LS" : "RS", url_text(sa));
	*at = (*at + 1) % rv_sa_url_count(sa);
	sa->urls_left--;
	rv_sa_leave(sa, RV_SA_THEN_ATTEMPT);
}

/* ---- Phases ------------------------------------------------------------------------------ */

static void next_line(struct rv_sa *sa);

static void start_round(struct rv_sa *sa)
{
	size_t count = 0;

	sa->rounds_left--;
	if (sa->phase == RV_SA_QUERY) {
		sa->urls_left = rv_sa_url_count(sa);
		rv_sa_next_attempt(sa);
		return;
	}
	(void)rv_sa_line_list(sa, &count);
	sa->lines_left = count;
	sa->line_at = sa->phase == RV_SA_RS ? sa->cache.loc.line_index : 0;
	next_line(sa);
}

void rv_sa_start_phase(struct rv_sa *sa, int64_t rounds, int64_t interval_s)
{
	sa->rounds_left = rounds;
	sa->interval_s = interval_s > RV_SA_PACE_S ? interval_s : RV_SA_PACE_S;
	start_round(sa);
}

void rv_sa_begin_ls(struct rv_sa *sa)
{
	sa->phase = RV_SA_LS;
	rv_sa_set_state(sa, ARMS_ST_LSPULL);
	rv_sa_location_deinit(&sa->cache.loc);
	if (sa->initial.url_count == 0) {
		rv_sa_set_trigger(sa, "LS not found");
		rv_sa_log(sa, ARMS_LOG_EINITIAL_CONFIG, "no LS known: load an Initial-Config");
		rv_sa_end(sa, ARMS_ESYSTEM);
		return;
	}
	if (sa->line_count == 0) {
		rv_sa_set_trigger(sa, "LS not found");
		rv_sa_log(sa, ARMS_LOG_ELINE_NOTAVAIL, "no line to the LS");
		sa->end_code = ARMS_EPULL;
		pause_then(sa, RV_SA_NO_LINE_S, RV_SA_THEN_END);
		/* Both may end in the same second: then it is this one that counts. */
		sa->is_ending = sa->wake_us <= sa->deadline_us;
		return;
	}
	sa->ls_at %= sa->initial.url_count;
	rv_sa_start_phase(sa, 1 + (int64_t)RV_SA_LS_RETRY_X * sa->initial.max,
			  (int64_t)RV_SA_LS_INTERVAL_X * sa->initial.interval);
}

void rv_sa_begin_rs(struct rv_sa *sa)
{
	const struct rv_sa_location *loc = &sa->cache.loc;

	sa->phase = RV_SA_RS;
	rv_sa_set_state(sa, ARMS_ST_RSPULL);
	if (loc->line_count == 0 || loc->rs_count == 0) {
		rv_sa_set_trigger(sa, "RS not found");
		rv_sa_log(sa, ARMS_LOG_ELINE_NOTAVAIL, "the LS named no %s",
			  loc->rs_count == 0 ? "RS" : "line to the RS");
		sa->cache.endpoint[0] = '\0';
		pause_then(sa, RV_SA_NO_LINE_S, RV_SA_THEN_LS);
		return;
	}
	rv_sa_start_phase(sa, 1 + (int64_t)loc->retry_max, loc->retry_interval_s);
}

/* At once, as the original does it; but an RS and LS that send a device round and round get
 * one round per second, not as many as the network carries. */
static void fall_back(struct rv_sa *sa)
{
	rv_sa_log(sa, ARMS_LOG_EFALLBACK, "back to the LS");
	sa->cache.endpoint[0] = '\0';
	if (sa->fallbacks++ == 0)
		rv_sa_begin_ls(sa);
	else
		pause_then(sa, RV_SA_PACE_S, RV_SA_THEN_LS);
}

static void phase_over(struct rv_sa *sa)
{
	switch (sa->phase) {
	case RV_SA_LS:
		rv_sa_log(sa, ARMS_LOG_ERETRY, "LS retries are used up");
		rv_sa_end(sa, ARMS_EMAXRETRY);
		break;
	case RV_SA_RS:
		rv_sa_log(sa, ARMS_LOG_ERETRY, "RS retries are used up");
		fall_back(sa);
		break;
	default:
		rv_sa_set_trigger(sa, "retry is over");
		rv_sa_log(sa, ARMS_LOG_ERETRY, "method query: retries are used up");
		rv_sa_end(sa, ARMS_EPULL);
	}
}

static void round_over(struct rv_sa *sa)
{
	if (sa->rounds_left == 0) {
		phase_over(sa);
		return;
	}
	rv_sa_log(sa, sa->phase == RV_SA_LS ? ARMS_LOG_ILS_ACCESS_RETRY : ARMS_LOG_IRS_ACCESS_RETRY,
		  "next round in %lld s", (long long)sa->interval_s);
	pause_then(sa, sa->interval_s, RV_SA_THEN_ROUND);
}

static void next_line(struct rv_sa *sa)
{
	if (sa->phase == RV_SA_QUERY || sa->lines_left == 0) {
		round_over(sa);
		return;
	}
	rv_sa_line_up(&sa->line, rv_sa_line_polls(sa));
	sa->step = RV_SA_STEP_LINE_UP;
}

static void leave_line(struct rv_sa *sa)
{
	size_t count = 0;

	(void)rv_sa_line_list(sa, &count);
	if (sa->phase != RV_SA_QUERY) {
		assert(sa->lines_left > 0 && count > 0);
		sa->lines_left--;
		sa->line_at = (sa->line_at + 1) % count;
	}
	next_line(sa);
}

void rv_sa_follow(struct rv_sa *sa, enum rv_sa_then then)
{
	switch (then) {
	case RV_SA_THEN_ATTEMPT:
		rv_sa_next_attempt(sa);
		break;
	case RV_SA_THEN_NEXT_LINE:
		leave_line(sa);
		break;
	case RV_SA_THEN_ROUND:
		start_round(sa);
		break;
	case RV_SA_THEN_LS:
		rv_sa_begin_ls(sa);
		break;
	case RV_SA_THEN_RS:
		rv_sa_begin_rs(sa);
		break;
	case RV_SA_THEN_FALLBACK:
		fall_back(sa);
		break;
	case RV_SA_THEN_END:
		finish(sa);
		break;
	}
}

/* ---- Attempts ---------------------------------------------------------------------------- */

static bool is_reachable(struct rv_sa *sa)
{
	size_t count = 0;
	const struct rv_sa_line *lines = rv_sa_line_list(sa, &count);

	if (sa->phase == RV_SA_QUERY)
		return true; /* the network is the program's by then */
	return rv_sa_line_carries(lines[sa->line_at].type, sa->url.is_ipv6);
}

/* Everything that can be known to fail without a connection. */
static bool prepare(struct rv_sa *sa)
{
	struct rv_diag diag = { 0 };
	const char *text = url_text(sa);

	if (rv_armshttp_url_parse(rv_str(text), RV_ARMSHTTP_URL_MAX, &sa->url, &diag) != RV_OK) {
		rv_sa_attempt_failed(sa, ARMS_LOG_EURL, diag.text);
		return false;
	}
	if (!is_reachable(sa)) {
		rv_sa_attempt_failed(sa, ARMS_LOG_EHOST,
				     "the line does not carry this address family");
		return false;
	}
	if ((sa->phase == RV_SA_LS ? sa->ls_anchor : sa->cache.loc.anchor) == NULL) {
		rv_sa_attempt_failed(sa, ARMS_LOG_ECERTIFICATE,
				     "no CA certificate to check the server with");
		return false;
	}
	if (rv_sa_request_begin(sa) != RV_OK) {
		rv_sa_attempt_failed(sa, ARMS_LOG_ENETNOMEM, "out of memory");
		return false;
	}
	return true;
}

void rv_sa_next_attempt(struct rv_sa *sa)
{
	bool is_ls = sa->phase == RV_SA_LS;

	if (sa->urls_left == 0 || rv_sa_url_count(sa) == 0) {
		rv_sa_leave(sa, RV_SA_THEN_NEXT_LINE);
		return;
	}
	/* A callback may have loaded another Initial-Config. */
	*url_index(sa) %= rv_sa_url_count(sa);
	rv_sa_log(sa, is_ls ? ARMS_LOG_ILS_ACCESS_START : ARMS_LOG_IRS_ACCESS_START,
		  "%s access: %s", is_ls ? "LS" : "RS", url_text(sa));
	if (!prepare(sa))
		return;
	sa->step = RV_SA_STEP_OPEN;
	sa->step_us = rv_sa_after(sa, RV_SA_CONNECT_S);
}
