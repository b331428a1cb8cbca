#include "app/supervisor.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/plan.h"
#include "app/supervisor_priv.h"
#include "base/time.h"
#include "log/log.h"

static const char *const level_choices[] = { "error", "warn", "info", "debug", NULL };
static const char *const format_choices[] = { "logfmt", "json", NULL };

static const struct rv_conf_item reeve_items[] = {
	{
		.name = "log_level",
		.type = RV_CONF_ENUM,
		.def = "info",
		.choices = level_choices,
		.reload = RV_CONF_LIVE,
		.doc = "Least severe level that is logged.",
		.doc_ja = "ログに出力する最低レベル。",
	},
	{
		.name = "log_format",
		.type = RV_CONF_ENUM,
		.def = "logfmt",
		.choices = format_choices,
		.reload = RV_CONF_LIVE,
		.doc = "Form of a log line: key=value pairs, or one JSON object.",
		.doc_ja = "ログ行の形式。key=value の並び、または JSON オブジェクト。",
	},
	{
		.name = "shutdown_timeout",
		.type = RV_CONF_DURATION,
		.def = "10s",
		.min = 100 * RV_US_PER_MS,
		.max = 600 * RV_US_PER_SEC,
		.reload = RV_CONF_LIVE,
		.doc = "How long each part may take to end before it is killed.",
		.doc_ja = "各プロセスの終了を待つ時間。過ぎると強制終了する。",
	},
	{
		.name = "drain_timeout",
		.type = RV_CONF_DURATION,
		.def = "5m",
		.min = 100 * RV_US_PER_MS,
		.max = 7 * 86400 * RV_US_PER_SEC,
		.reload = RV_CONF_LIVE,
		.doc = "After an upgrade: how long the old processes may keep the connections that "
		       "they have; then those are closed.",
		.doc_ja = "アップグレード後、旧プロセスが既存の接続を保持する時間の上限。",
	},
	{
		.name = "ticket_rotation",
		.type = RV_CONF_DURATION,
		.def = "12h",
		.min = RV_US_PER_SEC,
		.max = 7 * 86400 * RV_US_PER_SEC,
		.reload = RV_CONF_LIVE,
		.doc = "How often the keys of TLS session tickets change. A device resumes its "
		       "session for "
		       "once to twice this time; whoever steals a key reads no more than that.",
		.doc_ja =
			"TLSセッションチケットの鍵の更新間隔。機器はこの1〜2倍の間、セッションを再"
			"開できる。",
	},
	{
		.name = "sandbox",
		.type = RV_CONF_BOOL,
		.def = "on",
		.doc = "Each process gives up all rights that its task does not need. Off: for "
		       "emergencies only, and with a warning.",
		.doc_ja =
			"各プロセスが不要な権限を放棄する。off は非常時のみ使う(警告を出力する)。",
	},
	{
		.name = "user",
		.type = RV_CONF_STR,
		.doc = "User of the processes that own data, when started as root. Left out: "
		       "reeve, "
		       "or nobody (with a warning) where there is no such user.",
		.doc_ja = "root で起動したときにデータを持つプロセスが使うユーザ。省略時は reeve、"
			  "なければ nobody(警告を出力する)。",
	},
	{
		.name = "edge_user",
		.type = RV_CONF_STR,
		.doc = "User of the processes that speak with the network and own nothing, when "
		       "started as root. Left out: reeve-edge, or nobody.",
		.doc_ja =
			"root で起動したときにネットワークと通信するプロセスが使うユーザ。省略時は "
			"reeve-edge、なければ nobody。",
	},
};

const struct rv_conf_section rv_app_sections[] = {
	{
		.name = "reeve",
		.doc = "What concerns every part.",
		.doc_ja = "全体に関わる設定。",
		.items = reeve_items,
		.item_count = RV_ARRAY_LEN(reeve_items),
	},
};
const size_t rv_app_section_count = RV_ARRAY_LEN(rv_app_sections);

#define SECOND_SIGNAL_US INT64_C(500000)

void rv_sv_apply_settings(struct rv_sv *sv)
{
	const struct rv_conf_sec *sec = rv_conf_get(sv->conf, "reeve", NULL);
	bool is_json = strcmp(rv_conf_str(sec, "log_format"), "json") == 0;
	enum rv_log_level level = RV_LOG_INFO;
	int err = rv_log_level_parse(rv_str(rv_conf_str(sec, "log_level")), &level);

	assert(err == RV_OK); /* its choices are those of lib/log */
	rv_log_init("reeve", level, is_json ? RV_LOG_JSON : RV_LOG_LOGFMT, STDERR_FILENO);
	sv->shutdown_us = rv_conf_int(sec, "shutdown_timeout");
	sv->drain_us = rv_conf_int(sec, "drain_timeout");
	rv_sv_tickets_schedule(sv);
}

static const int signal_numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD };

static void notify_progress(struct rv_sv *sv)
{
	char text[96];
	size_t ready = 0;

	for (size_t i = 0; i < sv->child_count; i++)
		ready += sv->children[i].run == RV_DUTY_READY;
	if (ready == sv->child_count && !sv->was_ready) {
		sv->was_ready = true;
		snprintf(text, sizeof(text), "READY=1\nSTATUS=%zu processes ready", ready);
		rv_notify(text);
		if (sv->opt->on_ready != NULL)
			sv->opt->on_ready(sv->opt->arg);
		if (sv->reload.is_again) {
			sv->reload.is_again = false;
			rv_sv_reload(sv);
		}
		return;
	}
	snprintf(text, sizeof(text), "STATUS=%zu of %zu processes ready", ready, sv->child_count);
	rv_notify(text);
}

/* Nothing is left to run: with its handles gone the loop ends. libuv gives the signals back to
 * their default, so one that comes now would end us as if by accident: they are blocked from here
 * on. */
static void close_all(struct rv_sv *sv)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < RV_ARRAY_LEN(signal_numbers); i++)
		sigaddset(&blocked, signal_numbers[i]);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	rv_sv_broker_close(sv);
	rv_sv_joiner_close(sv);
	rv_sv_upgrade_close(sv); /* last: the old one goes on when it sees this */
	for (size_t i = 0; i < RV_ARRAY_LEN(sv->signals); i++)
		uv_close((uv_handle_t *)&sv->signals[i], NULL);
	uv_close((uv_handle_t *)&sv->roster_timer, NULL);
	uv_close((uv_handle_t *)&sv->clock_timer, NULL);
	uv_close((uv_handle_t *)&sv->ticket_timer, NULL);
	uv_close((uv_handle_t *)&sv->reload.timer, NULL);
	for (size_t i = 0; i < sv->child_count; i++)
		rv_sv_child_close(&sv->children[i]);
}

/* Stop the first stage that still has a process; all gone: close. */
static void advance_stop(struct rv_sv *sv)
{
	unsigned stage = ~0u;

	for (size_t i = 0; i < sv->child_count; i++) {
		if (sv->children[i].pid > 0 && sv->children[i].stop_stage < stage)
			stage = sv->children[i].stop_stage;
	}
	if (stage == ~0u) {
		close_all(sv);
		return;
	}
	for (size_t i = 0; i < sv->child_count; i++) {
		struct rv_sv_child *child = &sv->children[i];

		if (child->pid > 0 && child->stop_stage == stage && child->run != RV_DUTY_STOPPING)
			rv_sv_child_stop(child);
	}
}

void rv_sv_stop(struct rv_sv *sv)
{
	if (sv->is_stopping)
		return;
	sv->is_stopping = true;
	sv->stop_boot_us = rv_time_boot_us();
	/* To systemd, one that has a successor is no longer the service. */
	if (!sv->upgrade.is_retiring)
		rv_notify("STOPPING=1\nSTATUS=stopping");
	rv_log(RV_LOG_INFO, "app.supervisor.stopping");
	for (size_t i = 0; i < sv->child_count; i++) {
		if (sv->children[i].run == RV_DUTY_WAITING)
			uv_timer_stop(&sv->children[i].timer);
	}
	advance_stop(sv);
}

void rv_sv_fail(struct rv_sv *sv, int err, const char *where, const char *text)
{
	if (sv->err == RV_OK)
		sv->err = rv_diag_set(sv->diag, err, "app.start", where, "%s", text);
	rv_sv_stop(sv);
}

void rv_sv_child_ready(struct rv_sv_child *child)
{
	rv_log(RV_LOG_INFO, "app.duty.ready", RV_KS("child", child->spec->name),
	       RV_KI("instance", child->instance), RV_KI("pid", child->pid));
	rv_sv_roster_changed(child->sv);
	if (child->sv->is_stopping)
		return;
	rv_sv_upgrade_advance(child->sv);
	notify_progress(child->sv);
}

void rv_sv_child_gone(struct rv_sv_child *child)
{
	if (child->sv->is_stopping) {
		advance_stop(child->sv);
		return;
	}
	rv_sv_yield_advance(child->sv);
	notify_progress(child->sv);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	struct rv_sv *sv = handle->data;

	if (signum == SIGCHLD) {
		for (size_t i = 0; i < sv->child_count; i++)
			rv_sv_child_reap(&sv->children[i]);
		if (sv->upgrade.child > 0 && waitpid(sv->upgrade.child, NULL, WNOHANG) > 0)
			sv->upgrade.child = 0;
		return;
	}
	if (signum == SIGHUP) {
		rv_sv_reload(sv);
		return;
	}
	if (signum == SIGUSR2) {
		rv_sv_yield_spawn(sv);
		return;
	}
	if (!sv->is_stopping) {
		rv_sv_stop(sv);
		return;
	}
	/* timeout(1) sends it to us and to our group: twice at once is once. */
	if (rv_time_boot_us() - sv->stop_boot_us < SECOND_SIGNAL_US)
		return;
	for (size_t i = 0; i < sv->child_count; i++)
		rv_sv_child_kill(&sv->children[i]);
}

static size_t worker_count(const struct rv_sv *sv, const struct rv_duty_spec *spec)
{
	int64_t n = 1;

	if (spec->workers_item != NULL)
		n = rv_conf_int(rv_conf_get(sv->conf, spec->listen_section, NULL),
				spec->workers_item);
	if (n <= 0)
		n = uv_available_parallelism();
	return n > RV_SUPERVISOR_WORKERS_MAX ? RV_SUPERVISOR_WORKERS_MAX : (size_t)n;
}

/* Lay out the children of all duties, callers after what they call. */
static int plan(struct rv_sv *sv)
{
	const struct rv_duty_spec *const *duties = sv->opt->duties;
	unsigned stages[RV_DUTY_ROSTER_MAX];
	size_t n = 0, total = 0, at = 0;

	for (; duties[n] != NULL; n++)
		total += worker_count(sv, duties[n]);
	if (n == 0)
		return rv_diag_set(sv->diag, RV_EINVALID, "app.nothing", "",
				   "there is nothing to run: no listen address is configured");
	if (total > RV_DUTY_ROSTER_MAX)
		return rv_diag_set(sv->diag, RV_ELIMIT, "app.duties", "",
				   "%zu processes asked for; at most %d are possible", total,
				   RV_DUTY_ROSTER_MAX);
	sv->children = calloc(total, sizeof(*sv->children));
	if (sv->children == NULL)
		return -ENOMEM;
	rv_plan_stop_stages(duties, n, stages);
	for (unsigned stage = (unsigned)n + 2; stage-- > 0;) {
		for (size_t i = 0; i < n; i++) {
			size_t workers = stages[i] == stage ? worker_count(sv, duties[i]) : 0;

			for (size_t w = 0; w < workers; w++)
				sv->children[at++] = (struct rv_sv_child){
					.spec = duties[i],
					.instance = sv->first_instance + (unsigned)w,
					.stop_stage = stage,
					.conf_fd = -1,
					.next_conf_fd = -1,
				};
		}
	}
	assert(at == total);
	sv->child_count = total;
	return RV_OK;
}

/* Sockets for all instances of a duty, of which `first` is number 0. */
static int open_listeners(struct rv_sv *sv, struct rv_sv_child *first)
{
	const struct rv_duty_spec *spec = first->spec;
	int fds[RV_SUPERVISOR_WORKERS_MAX * RV_DUTY_LISTEN_MAX];
	struct rv_listen_group group = {
		.section = spec->listen_section,
		.item = spec->listen_item,
		.duty = spec->name,
		.workers = worker_count(sv, spec),
	};
	int err;

	group.addr_count = rv_conf_list(rv_conf_get(sv->conf, spec->listen_section, NULL),
					spec->listen_item, &group.addrs);
	if (group.addr_count > RV_DUTY_LISTEN_MAX)
		return rv_diag_set(sv->diag, RV_EINVALID, "listen.many", spec->listen_section,
				   "%s: at most %d addresses", spec->listen_item,
				   RV_DUTY_LISTEN_MAX);
	for (size_t i = 0; i < group.workers * group.addr_count; i++)
		fds[i] = rv_sv_upgrade_take(sv, spec->name, (unsigned)(i / group.addr_count),
					    group.addrs[i % group.addr_count]);
	err = rv_listen_open(&group, fds, sv->diag);
	if (err != RV_OK)
		return err;
	for (size_t w = 0; w < group.workers; w++) {
		memcpy(first[w].listeners, fds + w * group.addr_count,
		       group.addr_count * sizeof(int));
		first[w].listener_count = group.addr_count;
	}
	return RV_OK;
}

static int load_files(struct rv_sv *sv)
{
	int err = RV_OK;

	for (size_t i = 0; err == RV_OK && i < sv->child_count; i++)
		err = rv_conf_files_read(sv->conf, sv->children[i].spec->files, sv->opt->state_dir,
					 sv->diag);
	return err;
}

static int prepare(struct rv_sv *sv)
{
	int err = sv->opt->take_over ? rv_sv_upgrade_begin(sv) : RV_ENOTFOUND;

	if (err == RV_ENOTFOUND)
		err = RV_OK;
	if (err == RV_OK)
		err = plan(sv);
	if (err == RV_OK)
		err = load_files(sv);
	for (size_t i = 0; err == RV_OK && i < sv->child_count; i++) {
		if (sv->children[i].instance == sv->first_instance &&
		    sv->children[i].spec->listen_section != NULL)
			err = open_listeners(sv, &sv->children[i]);
	}
	if (err == RV_OK)
		rv_sv_upgrade_share_out(sv);
	if (err == RV_OK)
		err = rv_rights_prepare(sv);
	for (size_t i = 0; err == RV_OK && i < sv->child_count; i++)
		err = rv_sv_child_init(sv, &sv->children[i]);
	rv_conf_files_drop(sv->conf);
	if (err == RV_OK && sv->opt->join == NULL && !sv->upgrade.is_following)
		err = rv_sv_broker_open(sv);
	if (err == RV_OK && sv->opt->join != NULL)
		rv_sv_joiner_open(sv, sv->opt->join);
	return err;
}

static void look_at_clock(uv_timer_t *timer)
{
	struct rv_sv *sv = timer->data;
	int64_t step_us = rv_clock_look(&sv->clock, rv_time_utc_us(), rv_time_boot_us());

	if (step_us != 0)
		rv_log(RV_LOG_WARN, "app.clock.stepped", RV_KI("seconds", step_us / RV_US_PER_SEC));
}

int rv_supervisor_run(const struct rv_supervisor_opt *opt, struct rv_diag *diag)
{
	struct rv_sv sv = { .opt = opt,
			    .conf = rv_conf_ref(opt->conf),
			    .diag = diag,
			    .broker = { .fd = -1, .lock_fd = -1 } };
	int err = uv_loop_init(&sv.loop);

	if (err != 0)
		return rv_diag_set(diag, err, "app.loop", "", "no event loop: %s",
				   uv_strerror(err));
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < RV_ARRAY_LEN(signal_numbers); i++) {
		uv_signal_init(&sv.loop, &sv.signals[i]);
		sv.signals[i].data = &sv;
		uv_signal_start(&sv.signals[i], on_signal, signal_numbers[i]);
	}
	uv_timer_init(&sv.loop, &sv.roster_timer);
	sv.roster_timer.data = &sv;
	uv_timer_init(&sv.loop, &sv.clock_timer);
	sv.clock_timer.data = &sv;
	uv_timer_start(&sv.clock_timer, look_at_clock, 0, RV_CLOCK_EVERY_US / RV_US_PER_MS);
	uv_timer_init(&sv.loop, &sv.ticket_timer);
	sv.ticket_timer.data = &sv;
	rv_ticket_ring_init(&sv.tickets);
	uv_timer_init(&sv.loop, &sv.reload.timer);
	sv.reload.timer.data = &sv;
	rv_sv_apply_settings(&sv);
	rv_list_init(&sv.broker.outsiders);
	sv.err = prepare(&sv);
	if (sv.err == RV_OK) {
		for (size_t i = 0; i < sv.child_count && !sv.is_stopping; i++) {
			if (rv_sv_may_start(&sv.children[i]))
				rv_sv_child_start(&sv.children[i]);
		}
		rv_sv_upgrade_watch(&sv);
	} else {
		close_all(&sv);
	}
	uv_run(&sv.loop, UV_RUN_DEFAULT);
	err = uv_loop_close(&sv.loop);
	assert(err == 0);
	rv_ticket_ring_wipe(&sv.tickets);
	rv_conf_free(sv.conf);
	free(sv.children);
	return sv.err;
}
