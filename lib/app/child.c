#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/plan.h"
#include "app/supervisor_priv.h"
#include "base/time.h"
#include "log/log.h"

enum {
	CONTROL_FD = 3,              /* in the duty */
	CONTROL_SNDBUF = 512 * 1024, /* room for a link to each of RV_DUTY_ROSTER_MAX peers */
};
#define CONTROL_FD_TEXT "3"

static void on_timer(uv_timer_t *timer);

static int write_and_seal(int fd, struct rv_str bytes)
{
	size_t done = 0;

	while (done < bytes.len) {
		ssize_t n = write(fd, bytes.ptr + done, bytes.len - done);

		if (n < 0)
			return rv_err_from_errno();
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
		return rv_err_from_errno();
	return RV_OK;
}

int rv_sv_seal(struct rv_str bytes, int *out_fd)
{
	int fd = memfd_create("reeve-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return rv_err_from_errno();
	err = write_and_seal(fd, bytes);
	if (err != RV_OK) {
		close(fd);
		return err;
	}
	*out_fd = fd;
	return RV_OK;
}

int rv_sv_child_pack(const struct rv_sv_child *child, const struct rv_conf *conf,
		     struct rv_buf *out)
{
	static const char *const none[] = { NULL };
	const char *const *sections = child->spec->sections;

	return rv_conf_pack(conf, sections != NULL ? sections : none, child->spec->files, out);
}

int rv_sv_child_init(struct rv_sv *sv, struct rv_sv_child *child)
{
	struct rv_buf packed = { .wipe = true };
	int err;

	child->sv = sv;
	child->run = RV_DUTY_WAITING;
	err = rv_sv_child_pack(child, sv->conf, &packed);
	if (err == RV_OK)
		err = rv_sv_seal(rv_buf_str(&packed), &child->conf_fd);
	rv_buf_deinit(&packed);
	if (err != RV_OK)
		return err;
	uv_timer_init(&sv->loop, &child->timer);
	child->timer.data = child;
	return RV_OK;
}

void rv_sv_child_close(struct rv_sv_child *child)
{
	assert(child->pid == 0);
	rv_control_chan_free(child->control);
	child->control = NULL;
	for (size_t i = 0; i < child->listener_count; i++)
		close(child->listeners[i]);
	if (child->conf_fd >= 0)
		close(child->conf_fd);
	if (child->next_conf_fd >= 0)
		close(child->next_conf_fd);
	if (child->timer.data != NULL)
		uv_close((uv_handle_t *)&child->timer, NULL);
}

/* The duty told why start() refused; its end follows. */
static void take_failure(struct rv_sv_child *child, const struct rv_control_msg *msg)
{
	char text[RV_DIAG_TEXT_MAX];
	char who[RV_BUS_NAME_MAX + 16];

	snprintf(who, sizeof(who), "%s.%u", child->spec->name, child->instance);
	snprintf(text, sizeof(text), "%.*s", RV_STR_ARG(msg->body));
	if (!child->sv->was_ready && !child->sv->is_stopping)
		rv_sv_fail(child->sv, msg->status < 0 ? msg->status : RV_EINVALID, who, text);
	else
		rv_log(RV_LOG_ERROR, "app.duty.refused", RV_KS("child", who),
		       RV_KS("reason", text));
}

static void take_reloaded(struct rv_sv_child *child, const struct rv_control_msg *msg)
{
	char text[RV_DIAG_TEXT_MAX];

	snprintf(text, sizeof(text), "%.*s", RV_STR_ARG(msg->body));
	rv_sv_reload_answered(child, msg->status, text);
}

static void on_msg(void *arg, struct rv_control_msg *msg)
{
	struct rv_sv_child *child = arg;

	if (msg->kind == RV_CONTROL_READY && child->run == RV_DUTY_STARTING) {
		child->run = RV_DUTY_READY;
		rv_sv_child_ready(child);
	} else if (msg->kind == RV_CONTROL_FAILED) {
		take_failure(child, msg);
	} else if (msg->kind == RV_CONTROL_RELOADED) {
		take_reloaded(child, msg);
	}
}

/* It ends, or talks rubbish: it has `shutdown_timeout` to be reaped. */
static void on_end(void *arg, int reason)
{
	struct rv_sv_child *child = arg;

	if (reason != RV_ECLOSED)
		rv_log(RV_LOG_ERROR, "app.control.broken", RV_KS("child", child->spec->name),
		       RV_KI("instance", child->instance), RV_KS("error", rv_err_name(reason)));
	rv_control_chan_free(child->control);
	child->control = NULL;
	if (child->run != RV_DUTY_STOPPING)
		rv_sv_child_stop(child);
}

static const struct rv_control_chan_callbacks callbacks = { on_msg, on_end };

/* The variables a duty may see: what the C library and the sanitizers look at. Whatever else the
 * caller's environment holds (tokens, NOTIFY_SOCKET) is not for processes that read foreign bytes.
 */
static const char *const passed_variables[] = {
	"PATH",
	"TZ",
	"LANG",
	"LC_ALL",
	"LC_MESSAGES",
	"TMPDIR",
	"OPENSSL_CONF",
	"OPENSSL_MODULES",
	"GLIBC_TUNABLES",
	"ASAN_OPTIONS",
	"LSAN_OPTIONS",
	"UBSAN_OPTIONS",
	"TSAN_OPTIONS",
	"LLVM_PROFILE_FILE",
	"LD_LIBRARY_PATH",
#ifdef RV_FAIL_POINTS
	"REEVE_FAIL_POINT",
#endif
};

/* Those of them that are set, lent from our own environment. */
static void choose_environment(char *out[static RV_ARRAY_LEN(passed_variables) + 1])
{
	size_t n = 0;

	for (char **entry = environ; *entry != NULL; entry++) {
		struct rv_str name = rv_str_sub(rv_str(*entry), 0,
						rv_str_find(rv_str(*entry), '='));

		for (size_t i = 0; i < RV_ARRAY_LEN(passed_variables); i++) {
			if (rv_str_is(name, passed_variables[i]) &&
			    n < RV_ARRAY_LEN(passed_variables))
				out[n++] = *entry;
		}
	}
	out[n] = NULL;
}

/* Execute argv[0] with `fd` as CONTROL_FD and no other descriptor but 0 (null), 1 and 2. */
static int execute(const char *path, int fd, pid_t *out)
{
	char flag[] = "--duty", number[] = CONTROL_FD_TEXT;
	char *argv[] = { strdup(path), flag, number, NULL };
	char *environment[RV_ARRAY_LEN(passed_variables) + 1];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int err;

	if (argv[0] == NULL)
		return -ENOMEM;
	choose_environment(environment);
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	err = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (err == 0)
		err = posix_spawn_file_actions_adddup2(&actions, fd, CONTROL_FD);
	if (err == 0)
		err = posix_spawn_file_actions_addclosefrom_np(&actions, CONTROL_FD + 1);
	if (err == 0)
		err = posix_spawn(out, path, &actions, &attr, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	free(argv[0]);
	return -err;
}

static int send_start(struct rv_sv_child *child)
{
	const struct rv_conf_sec *sec = rv_conf_get(child->sv->conf, "reeve", NULL);
	const char *level = rv_conf_str(sec, "log_level");
	const char *format = rv_conf_str(sec, "log_format");
	struct rv_control_msg msg = { .kind = RV_CONTROL_START,
				      .fd_count = 1 + child->listener_count };
	struct rv_buf body = { .wipe = true };
	int err = rv_control_party_set(&msg.self, child->spec->name, child->instance);

	if (err != RV_OK)
		return err;
	rv_buf_put(&body, level, strlen(level) + 1);
	rv_buf_put(&body, format, strlen(format) + 1);
	rv_rights_encode(rv_rights_of(child->sv, child->spec), &body);
	rv_buf_putc(&body, '\0');
	rv_buf_puts(&body, child->sv->opt->state_dir);
	if (child->spec->wants_tickets) {
		rv_buf_putc(&body, '\0');
		rv_buf_put_str(&body, rv_ticket_ring_bytes(&child->sv->tickets));
	}
	msg.body = rv_buf_str(&body);
	msg.fds[0] = child->conf_fd;
	memcpy(msg.fds + 1, child->listeners, child->listener_count * sizeof(int));
	err = body.err != RV_OK ? body.err : rv_control_chan_send(child->control, &msg);
	rv_buf_deinit(&body);
	return err;
}

static int open_control(struct rv_sv_child *child, int *out_theirs)
{
	const int sndbuf = CONTROL_SNDBUF;
	int pair[2];
	int err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return rv_err_from_errno();
	/* Cut to what the system allows; a full socket is met where it happens. */
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	err = rv_control_chan_new(&child->sv->loop, pair[0], &callbacks, child, &child->control);
	if (err == RV_OK)
		err = send_start(child);
	if (err != RV_OK) {
		rv_control_chan_free(child->control);
		child->control = NULL;
		close(pair[1]);
		return err;
	}
	*out_theirs = pair[1];
	return RV_OK;
}

/* No process: again later. */
static void wait_for_restart(struct rv_sv_child *child, int64_t ran_us)
{
	child->run = RV_DUTY_WAITING;
	child->backoff_us = rv_plan_backoff_us(child->backoff_us, ran_us);
	if (rv_sv_may_start(child))
		uv_timer_start(&child->timer, on_timer, (uint64_t)child->backoff_us / 1000, 0);
	rv_sv_roster_changed(child->sv);
}

void rv_sv_child_start(struct rv_sv_child *child)
{
	char path[4096];
	int theirs = -1;
	int err = open_control(child, &theirs);

	snprintf(path, sizeof(path), "%s/reeve-%s", child->sv->opt->libexec_dir, child->spec->name);
	if (err == RV_OK) {
		err = execute(path, theirs, &child->pid);
		close(theirs);
	}
	if (err != RV_OK) {
		rv_control_chan_free(child->control);
		child->control = NULL;
		child->pid = 0;
		snprintf(child->note, sizeof(child->note), "not started: %s", rv_err_name(err));
		if (!child->sv->was_ready)
			rv_sv_fail(child->sv, err, path, strerror(err > -1000 ? -err : EIO));
		else
			rv_log(RV_LOG_ERROR, "app.duty.failed", RV_KS("path", path),
			       RV_KS("error", rv_err_name(err)));
		wait_for_restart(child, 0);
		return;
	}
	child->run = RV_DUTY_STARTING;
	child->started_us = rv_time_utc_us();
	child->started_boot_us = rv_time_boot_us();
	rv_log(RV_LOG_INFO, "app.duty.started", RV_KS("child", child->spec->name),
	       RV_KI("instance", child->instance), RV_KI("pid", child->pid));
	rv_sv_pair_child(child);
	rv_sv_joiner_child_started(child);
	rv_sv_roster_changed(child->sv);
}

static void send_stop(struct rv_sv_child *child, enum rv_control_kind kind, int64_t patience_us)
{
	const struct rv_control_msg msg = { .kind = kind };

	uv_timer_start(&child->timer, on_timer, (uint64_t)patience_us / 1000, 0);
	if (child->control != NULL && rv_control_chan_send(child->control, &msg) == RV_EBUSY)
		rv_sv_child_kill(child); /* has not read its control socket for long */
}

static void on_timer(uv_timer_t *timer)
{
	struct rv_sv_child *child = timer->data;

	if (child->run == RV_DUTY_STOPPING && child->is_draining) {
		child->is_draining = false; /* long enough: now without waiting for anybody */
		send_stop(child, RV_CONTROL_STOP, child->sv->shutdown_us);
		return;
	}
	if (child->run == RV_DUTY_WAITING) {
		child->restarts++;
		rv_sv_child_start(child);
		return;
	}
	rv_log(RV_LOG_ERROR, "app.duty.killed", RV_KS("child", child->spec->name),
	       RV_KI("instance", child->instance), RV_KI("pid", child->pid),
	       RV_KS("reason", "did not end in time"));
	rv_sv_child_kill(child);
}

void rv_sv_child_kill(struct rv_sv_child *child)
{
	if (child->pid > 0)
		kill(child->pid, SIGKILL);
}

void rv_sv_child_stop(struct rv_sv_child *child)
{
	assert(child->pid > 0 && child->run != RV_DUTY_STOPPING);
	child->run = RV_DUTY_STOPPING;
	child->is_draining = child->sv->upgrade.is_retiring;
	if (child->is_draining)
		send_stop(child, RV_CONTROL_DRAIN, child->sv->drain_us);
	else
		send_stop(child, RV_CONTROL_STOP, child->sv->shutdown_us);
	rv_sv_roster_changed(child->sv);
}

static void describe_end(int status, char *out, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(out, size, "signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(out, size, "exit %d", WEXITSTATUS(status));
}

void rv_sv_child_reap(struct rv_sv_child *child)
{
	int64_t ran_us;
	int status;

	if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) != child->pid)
		return;
	ran_us = rv_time_boot_us() - child->started_boot_us;
	describe_end(status, child->note, sizeof(child->note));
	/* What it said last may still be unread: why it refused to start. */
	if (child->control != NULL)
		rv_control_chan_drain(child->control);
	rv_log(child->sv->is_stopping ? RV_LOG_INFO : RV_LOG_WARN, "app.duty.died",
	       RV_KS("child", child->spec->name), RV_KI("instance", child->instance),
	       RV_KI("pid", child->pid), RV_KS("how", child->note), RV_KI("ran_ms", ran_us / 1000));
	rv_control_chan_free(child->control);
	child->control = NULL;
	child->pid = 0;
	uv_timer_stop(&child->timer);
	rv_sv_reload_answered(child, RV_ECLOSED, child->note);
	if (child->sv->upgrade.is_following) /* the old one goes on; no second try */
		rv_sv_fail(child->sv, RV_ECLOSED, child->spec->name, child->note);
	wait_for_restart(child, ran_us);
	rv_sv_child_gone(child);
}
