/* Being followed by a new supervisor (upgrade.c is the other side).
 *
 *   TAKEOVER -> our sockets, ticket keys and lock go to it; nothing of ours changes
 *   YIELD    -> our stores stop, edges go on (and answer "busy")    -> YIELDED
 *   RETIRE   -> our edges drain, reaching the stores of the new one; then we end
 *
 * Whenever its connection ends before RETIRE, all is as before: stores are started again, and
 * bus.sock is ours again. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/supervisor_priv.h"
#include "log/log.h"

bool rv_sv_is_store(const struct rv_duty_spec *spec)
{
	return spec->serves != NULL && spec->listen_section == NULL;
}

static const char *address_of(const struct rv_sv_child *child, size_t i)
{
	const struct rv_conf_sec *sec = rv_conf_get(child->sv->conf, child->spec->listen_section,
						    NULL);
	const char *const *addrs;
	size_t n = rv_conf_list(sec, child->spec->listen_item, &addrs);

	return i < n ? addrs[i] : "-"; /* of a worker that was once, shared out */
}

static int send_listeners(const struct rv_sv_child *child, struct rv_sv_outsider *out)
{
	struct rv_control_msg msg = { .kind = RV_CONTROL_LISTENER,
				      .fd_count = child->listener_count };
	struct rv_buf body = { 0 };
	int err = rv_control_party_set(&msg.self, child->spec->name,
				       child->instance - child->sv->first_instance);

	for (size_t i = 0; i < child->listener_count; i++) {
		rv_buf_printf(&body, "%s\n", address_of(child, i));
		msg.fds[i] = child->listeners[i];
	}
	msg.body = rv_buf_str(&body);
	if (err == RV_OK)
		err = body.err;
	if (err == RV_OK)
		err = rv_control_chan_send(out->chan, &msg);
	rv_buf_deinit(&body);
	return err;
}

static int send_all(struct rv_sv *sv, struct rv_sv_outsider *out)
{
	struct rv_control_msg msg = { .kind = RV_CONTROL_HANDED,
				      .body = rv_ticket_ring_bytes(&sv->tickets),
				      .fds = { sv->broker.lock_fd },
				      .fd_count = 1 };
	int err = rv_control_party_set(&msg.self, "reeve", sv->first_instance);

	for (size_t i = 0; i < sv->child_count && err == RV_OK; i++) {
		if (sv->children[i].listener_count > 0)
			err = send_listeners(&sv->children[i], out);
	}
	return err == RV_OK ? rv_control_chan_send(out->chan, &msg) : err;
}

static void refuse(struct rv_sv_outsider *out, int status)
{
	const struct rv_control_msg msg = { .kind = RV_CONTROL_REFUSED, .status = status };
	int err = rv_control_chan_send(out->chan, &msg);

	rv_log(RV_LOG_WARN, "app.upgrade.refused", RV_KI("pid", out->pid),
	       RV_KS("reason", rv_err_name(status)));
	(void)err; /* it asked; whether it still listens is its own affair */
}

static void hand_over(struct rv_sv_outsider *out)
{
	struct rv_sv *sv = out->sv;
	int err = RV_EBUSY;

	if (!sv->is_stopping && sv->was_ready && sv->upgrade.successor == NULL)
		err = send_all(sv, out);
	if (err != RV_OK) {
		refuse(out, err);
		return;
	}
	sv->upgrade.successor = out;
	rv_log(RV_LOG_INFO, "app.upgrade.begun", RV_KI("pid", out->pid));
}

/* Callers before what they call, as in a shutdown; when none is left the successor is told. */
void rv_sv_yield_advance(struct rv_sv *sv)
{
	const struct rv_control_msg msg = { .kind = RV_CONTROL_YIELDED };
	unsigned stage = ~0u;

	if (!sv->upgrade.is_yielding || sv->upgrade.has_yielded)
		return;
	for (size_t i = 0; i < sv->child_count; i++) {
		struct rv_sv_child *child = &sv->children[i];

		if (child->pid > 0 && rv_sv_is_store(child->spec) && child->stop_stage < stage)
			stage = child->stop_stage;
	}
	for (size_t i = 0; i < sv->child_count; i++) {
		struct rv_sv_child *child = &sv->children[i];

		if (child->pid > 0 && rv_sv_is_store(child->spec) && child->stop_stage == stage &&
		    child->run != RV_DUTY_STOPPING)
			rv_sv_child_stop(child);
	}
	if (stage != ~0u)
		return;
	sv->upgrade.has_yielded = true;
	rv_log(RV_LOG_INFO, "app.upgrade.yielded");
	if (rv_control_chan_send(sv->upgrade.successor->chan, &msg) != RV_OK)
		rv_log(RV_LOG_WARN, "app.upgrade.unheard"); /* its end follows */
}

static void yield(struct rv_sv *sv)
{
	sv->upgrade.is_yielding = true;
	for (size_t i = 0; i < sv->child_count; i++) {
		if (rv_sv_is_store(sv->children[i].spec) && sv->children[i].pid == 0)
			uv_timer_stop(&sv->children[i].timer);
	}
	rv_sv_yield_advance(sv);
}

/* systemd learns the new main process from the old one; then this one may end. */
static void retire(struct rv_sv *sv)
{
	char path[sizeof(sv->broker.path)], text[64];

	snprintf(text, sizeof(text), "MAINPID=%d", (int)sv->upgrade.successor->pid);
	rv_notify(text);
	rv_log(RV_LOG_INFO, "app.upgrade.retired", RV_KI("successor", sv->upgrade.successor->pid));
	sv->upgrade.successor = NULL;
	sv->upgrade.is_retiring = true;
	memcpy(path, sv->broker.path, sizeof(path));
	rv_sv_broker_leave(sv);
	if (sv->joiner.path[0] == '\0')
		rv_sv_joiner_open(sv, path);           /* our edges reach its stores */
	for (size_t i = 0; i < sv->child_count; i++) { /* its pages are those of the new one now */
		if (sv->children[i].spec->watches_all && sv->children[i].pid > 0)
			rv_sv_child_stop(&sv->children[i]);
	}
	rv_sv_stop(sv);
}

void rv_sv_yield_msg(struct rv_sv_outsider *out, const struct rv_control_msg *msg)
{
	struct rv_sv *sv = out->sv;

	if (msg->kind == RV_CONTROL_TAKEOVER)
		hand_over(out);
	else if (out != sv->upgrade.successor)
		refuse(out, RV_EDENIED);
	else if (msg->kind == RV_CONTROL_YIELD && !sv->upgrade.is_yielding)
		yield(sv);
	else if (msg->kind == RV_CONTROL_RETIRE && sv->upgrade.has_yielded)
		retire(sv);
	else
		refuse(out, RV_ESYNTAX);
}

void rv_sv_yield_lost(struct rv_sv *sv)
{
	bool had_yielded = sv->upgrade.is_yielding;
	int err;

	sv->upgrade.successor = NULL;
	sv->upgrade.is_yielding = sv->upgrade.has_yielded = false;
	if (sv->is_stopping)
		return;
	rv_log(RV_LOG_WARN, "app.upgrade.failed", RV_KS("text", "the new reeve went; going on"));
	if (!had_yielded)
		return;
	err = rv_sv_broker_listen(sv);
	if (err != RV_OK)
		rv_log(RV_LOG_ERROR, "app.upgrade.no_socket", RV_KS("error", rv_err_name(err)));
	for (size_t i = 0; i < sv->child_count; i++) {
		if (sv->children[i].pid == 0 && rv_sv_is_store(sv->children[i].spec))
			rv_sv_child_start(&sv->children[i]);
	}
}

void rv_sv_yield_spawn(struct rv_sv *sv)
{
	char *const *argv = (char *const *)sv->opt->upgrade_argv;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int err;

	if (argv == NULL || sv->is_stopping || sv->upgrade.child > 0)
		return;
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	err = posix_spawn(&sv->upgrade.child, argv[0], NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	if (err != 0) {
		sv->upgrade.child = 0;
		rv_log(RV_LOG_ERROR, "app.upgrade.not_started", RV_KS("path", argv[0]),
		       RV_KS("error", strerror(err)));
		return;
	}
	rv_log(RV_LOG_INFO, "app.upgrade.started", RV_KS("path", argv[0]),
	       RV_KI("pid", sv->upgrade.child));
}
