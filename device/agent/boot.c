#include "device/agent/boot.h"

#include <libarms.h>
#include <libarms_reeve.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "device/agent/line.h"

enum {
	LOOK_MS = 500,    /* a line mostly comes up sooner than the library asks again (1 s) */
	LOOK_EVERY_S = 1, /* at the line of stage 2, and for SIGHUP */
	REASON_MAX = 64,  /* of arms_set_pull_reason */
	WAIT_MORE_S = 5,  /* than the driver, which knows better why a line does not come up */
};

struct agent {
	struct agent_born *born;
	arms_context_t *ctx;
	bool is_verbose;
	int hangups;            /* signalfd: SIGHUP asks for a pull */
	int stage;              /* 1 or 2 */
	struct agent_line line; /* stage 1: up during an attempt only */
	bool was_lent;          /* stage 2: the pull that runs has had an attempt over it */
	bool has_pulled, has_isp;
	struct agent_lineconf pulled; /* what the pull that runs has brought */
	struct agent_lineconf isp;    /* what stage 2 was last tried with */
	unsigned failures;            /* of it, in a row */
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)putchar('\n');
}

/* ---- Lines ------------------------------------------------------------------------------- */

static void say_start(int stage, const struct agent_lineconf *conf)
{
	say("stage %d: %s on %s, account %s", stage, agent_line_word(conf->type), conf->interface,
	    conf->account[0] != '\0' ? conf->account : "none");
}

/* From now on what the library sends leaves from the line's own address. */
static void use_line(struct agent *a, int stage)
{
	say("stage %d: up, %s", stage, a->line.address);
	(void)arms_set_source_address(a->ctx, a->line.address);
}

static void drop_line(struct agent *a)
{
	agent_line_stop(&a->line);
	(void)arms_set_source_address(a->ctx, NULL);
}

/* ---- Stage 2 ----------------------------------------------------------------------------- */

long agent_pause_ms(unsigned retry_s, unsigned failures, unsigned dice)
{
	unsigned most_s = retry_s > AGENT_PAUSE_MAX_S ? retry_s : AGENT_PAUSE_MAX_S;
	unsigned pause_s = retry_s;

	for (unsigned i = 1; i < failures && pause_s < most_s; i++)
		pause_s *= 2;
	if (pause_s > most_s)
		pause_s = most_s;
	return (long)pause_s * 500 + (long)(dice % (pause_s * 500 + 1));
}

/* To stage 1, and the next pull says why. */
static void return_to_stage_1(struct agent *a, const char *why)
{
	char reason[REASON_MAX + 1];

	(void)snprintf(reason, sizeof(reason), "stage 2: %s", why);
	say("stage 2 failed: %s; back to stage 1", why);
	drop_line(a);
	a->stage = 1;
	a->failures++;
	(void)arms_set_pull_reason(a->ctx, reason);
}

static void start_stage_2(struct agent *a)
{
	drop_line(a);
	a->stage = 2;
	a->isp = a->pulled;
	a->has_isp = true;
	say_start(2, &a->isp);
	agent_line_start(&a->line, a->born->driver, &a->isp);
	(void)agent_line_look(&a->line, (int)(a->isp.wait_s + WAIT_MORE_S) * 1000);
	if (a->line.state == AGENT_LINE_UP)
		use_line(a, 2);
}

/* After a pull. 0: stage 2 is up, as far as the line itself tells; ARMS_EPULL: it is not. */
static int enter_stage_2(struct agent *a)
{
	bool is_same = a->has_isp && a->has_pulled &&
		       memcmp(&a->isp, &a->pulled, sizeof(a->isp)) == 0;

	if (!is_same)
		a->failures = 0; /* somebody has changed it: it gets its chance at once */
	if (!a->has_pulled) {
		return_to_stage_1(a, "the config names no line (module 1)");
		return ARMS_EPULL;
	}
	if (a->stage != 2 || !is_same)
		start_stage_2(a);
	switch (agent_line_look(&a->line, 0)) {
	case AGENT_LINE_UP:
		return 0;
	case AGENT_LINE_COMING:
		return_to_stage_1(a, "the line did not come up in time");
		return ARMS_EPULL;
	default:
		return_to_stage_1(a, a->line.reason);
		return ARMS_EPULL;
	}
}

/* The query needs the RS and its answer: what it proves of the line is what stage 2 is for. */
static int prove_stage_2(struct agent *a, arms_callback_tbl_t *cb)
{
	int r = arms_push_method_query(a->ctx, cb, a);

	if (r == 0) {
		a->failures = 0;
		say("stage 2: the RS answers; the device is in service");
	} else if (r == ARMS_EPULL) {
		bool is_up = agent_line_look(&a->line, 0) == AGENT_LINE_UP;

		return_to_stage_1(a, is_up ? "the RS is not reached over it" : a->line.reason);
	}
	return r;
}

/* ---- Callbacks --------------------------------------------------------------------------- */

/* Every config is kept in memory by the part of the device that it is for; here there is one such
 * part. What it cannot use it refuses, and the library tells the RS "invalid config". */
static int on_config(uint32_t id, const char *version, const char *infostring, int action,
		     const char *buff, size_t buff_len, int next, void *udata)
{
	struct agent *a = udata;
	struct agent_error error;

	(void)next; /* fragment 0: whole configs */
	if (action != ARMS_PULL_STORE_CONFIG)
		return action == ARMS_REMOVE_MODULE ? 0 : -1; /* no push transport yet */
	say("module %u (%s %s): %zu bytes", id, infostring, version != NULL ? version : "-",
	    buff_len);
	if (id != AGENT_LINE_MODULE)
		return 0;
	a->has_pulled = false;
	if (agent_lineconf_parse(buff, buff_len, a->born->interfaces[0], &a->pulled, &error) != 0) {
		say("module %u is refused: line %u: %s", id, error.line, error.text);
		return -1;
	}
	a->has_pulled = true;
	return 0;
}

/* What line_conf says, in our terms; never printed whole: it may hold passwords. */
static int describe_stage_1(const struct agent *a, int type, const void *line_conf,
			    struct agent_lineconf *out)
{
	const struct agent_born *born = a->born;
	int ifindex = *(const int *)line_conf; /* the first member of all of them */

	if (type != ARMS_LINE_DHCP && type != ARMS_LINE_STATIC) {
		say("stage 1: this device has no line of type %s", agent_line_word(type));
		return -1;
	}
	if (ifindex < 0 || ifindex >= born->interface_count) {
		say("stage 1: this device has no interface %d", ifindex);
		return -1;
	}
	memset(out, 0, sizeof(*out));
	out->type = type;
	out->wait_s = AGENT_WAIT_DEFAULT_S;
	memcpy(out->interface, born->interfaces[ifindex], sizeof(out->interface));
	memcpy(out->account, born->account, sizeof(out->account));
	if (type == ARMS_LINE_STATIC) {
		const arms_line_conf_static_t *fixed = line_conf;
		struct agent_piece address = { fixed->ipaddr, strlen(fixed->ipaddr) };

		memcpy(out->gateway, born->gateway, sizeof(out->gateway));
		if (agent_read_network(address, out->address) != 0 || out->gateway[0] == '\0') {
			say("stage 1: a static line without address or gateway");
			return -1;
		}
	}
	return 0;
}

static int result_of(struct agent *a)
{
	switch (agent_line_look(&a->line, 0)) {
	case AGENT_LINE_UP:
		use_line(a, 1);
		return ARMS_LINE_CONNECTED;
	case AGENT_LINE_COMING:
		return ARMS_LINE_NEEDPOLL;
	case AGENT_LINE_REFUSED:
		say("stage 1: refused: %s", a->line.reason);
		return ARMS_LINE_AUTHFAIL;
	default:
		say("stage 1: %s", a->line.reason);
		return ARMS_LINE_TIMEOUT;
	}
}

static int connect_line(struct agent *a, int type, const void *line_conf)
{
	struct agent_lineconf conf;

	/* A pull that begins in stage 2 goes over its line, once: that the library asks again
	 * means that the attempt has failed. */
	if (a->stage == 2) {
		if (!a->was_lent && agent_line_look(&a->line, 0) == AGENT_LINE_UP) {
			a->was_lent = true;
			return ARMS_LINE_CONNECTED;
		}
		return_to_stage_1(a, a->was_lent ? "a pull over it failed" : a->line.reason);
	}
	if (describe_stage_1(a, type, line_conf, &conf) != 0)
		return ARMS_LINE_NOTAVAILABLE;
	say_start(1, &conf);
	agent_line_start(&a->line, a->born->driver, &conf);
	(void)agent_line_look(&a->line, LOOK_MS);
	return result_of(a);
}

static int on_line(int line_action, int line_type, void *line_conf, void *udata)
{
	struct agent *a = udata;

	switch (line_action) {
	case ARMS_LINE_ACT_CONNECT:
		return connect_line(a, line_type, line_conf);
	case ARMS_LINE_ACT_STATUS:
		return result_of(a);
	default:
		if (a->stage == 1) /* the line of stage 2 is the device's, not the pull's */
			drop_line(a);
		return ARMS_LINE_DISCONNECTED;
	}
}

static int on_log(int log_code, const char *str, void *udata)
{
	const struct agent *a = udata;

	if (a->is_verbose)
		say("  libarms %d: %s", ARMS_LOG_TYPE(log_code), str);
	return 0;
}

static int on_event(void *udata)
{
	struct agent *a = udata;
	struct signalfd_siginfo asked;

	if (agent_line_look(&a->line, 0) != AGENT_LINE_UP) {
		return_to_stage_1(a, a->line.reason);
		return ARMS_EPULL;
	}
	if (read(a->hangups, &asked, sizeof(asked)) <= 0)
		return 0;
	say("stage 2: asked to pull");
	(void)arms_set_pull_reason(a->ctx, "asked by the device's user");
	return ARMS_EPULL;
}

/* ---- The life of a device ---------------------------------------------------------------- */

static void pause_before_retry(const struct agent *a)
{
	unsigned dice = (unsigned)time(NULL) ^ (unsigned)a->born->id.sa_code * 2654435761u;
	long ms = agent_pause_ms(a->born->retry_s, a->failures, dice);
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	say("stage %d: next round in %ld.%ld s", a->stage, ms / 1000, ms % 1000 / 100);
	while (nanosleep(&left, &left) != 0)
		;
}

/* One round: pull, stage 2, service. What ended it: an ARMS_E* code. */
static int live(struct agent *a, arms_callback_tbl_t *cb)
{
	int r;

	a->was_lent = false;
	a->has_pulled = false;
	r = arms_pull(a->ctx, ARMS_DEFAULT_TIMEOUT, 0, cb, a->born->lines, a);
	if (r == 0)
		r = enter_stage_2(a);
	if (r == 0)
		r = prove_stage_2(a, cb);
	if (r == 0)
		r = arms_event_loop(a->ctx, arms_get_proposed_push_port(a->ctx), 0, cb, a);
	return r;
}

/* Out of time or of rounds: a device has nothing better to do than to begin again. */
static bool goes_on(int r)
{
	return r == ARMS_EPULL || r == ARMS_ETIMEOUT || r == ARMS_EMAXRETRY;
}

/* Only pulls over it are worth a round without pause; and of those not many. */
static bool is_hasty(const struct agent *a, time_t began)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return a->stage == 1 || now.tv_sec - began < (time_t)a->born->retry_s;
}

static int go_round(struct agent *a, arms_callback_tbl_t *cb)
{
	struct timespec began;
	int r;

	(void)clock_gettime(CLOCK_MONOTONIC, &began);
	r = live(a, cb);
	if (goes_on(r) && is_hasty(a, began.tv_sec))
		pause_before_retry(a);
	return r;
}

static int catch_hangups(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int set_up(struct agent *a, const char *root, const char *initial)
{
	const struct timeval every = { LOOK_EVERY_S, 0 };
	struct agent_born *born = a->born;

	if (arms_init(&born->id, &a->ctx) == 0 && arms_register_authkey(a->ctx, born->key) == 0 &&
	    arms_register_cert(a->ctx, root) == 0 &&
	    arms_load_config(a->ctx, initial, strlen(initial)) == 0 &&
	    arms_register_description(a->ctx, born->model,
				      born->firmware[0] != '\0' ? born->firmware : NULL) == 0 &&
	    arms_set_app_event_interval(a->ctx, &every) == 0)
		return 0;
	say("set-up failed: look at key, root certificate and Initial-Config");
	return -1;
}

int agent_boot(struct agent_born *born, const char *root, const char *initial, bool is_verbose)
{
	struct agent a = {
		.born = born, .stage = 1, .is_verbose = is_verbose, .hangups = catch_hangups()
	};
	arms_callback_tbl_t cb = { .version = ARMS_API_VERSION,
				   .config_cb = on_config,
				   .line_ctrl_cb = on_line,
				   .log_cb = on_log,
				   .app_event_cb = on_event };
	int r = ARMS_EFATAL;

	if (set_up(&a, root, initial) == 0) {
		do
			r = go_round(&a, &cb);
		while (goes_on(r));
		say("the servers end this with code %d", r);
	}
	agent_line_stop(&a.line);
	arms_end(a.ctx); /* wipes the keys */
	if (a.hangups >= 0)
		(void)close(a.hangups);
	return r == ARMS_EREBOOT ? 0 : 1;
}
