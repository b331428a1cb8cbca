#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "app/join_priv.h"
#include "app/plan.h"
#include "app/supervisor_priv.h"
#include "log/log.h"

enum { RETRY_MS = 1000 };

static void try_to_connect(uv_timer_t *timer);

static void join_child(struct rv_sv_joiner *joiner, const struct rv_sv_child *child)
{
	const struct rv_duty_spec *spec = child->spec;
	struct rv_control_msg msg = { .kind = RV_CONTROL_JOIN };
	int err;

	if (spec->calls == NULL && spec->serves == NULL && spec->publishes == NULL &&
	    spec->hears == NULL)
		return; /* has nothing to say to anybody elsewhere */
	err = rv_control_party_set(&msg.self, child->spec->name, child->instance);

	if (err == RV_OK)
		err = rv_control_chan_send(joiner->chan, &msg);
	if (err != RV_OK && err != RV_ECLOSED) /* the end of the channel is told by itself */
		rv_log(RV_LOG_WARN, "app.join.refused", RV_KS("child", child->spec->name),
		       RV_KI("instance", child->instance), RV_KS("error", rv_err_name(err)));
}

/* The methods that it may call are those of our tables, too. */
static void pass_link(struct rv_sv_child *child, const struct rv_duty_spec *peer,
		      struct rv_control_msg *msg)
{
	struct rv_buf methods = { 0 };
	int err;

	rv_plan_may_call(peer, child->spec, false, &methods);
	msg->body = rv_buf_str(&methods);
	err = methods.err != RV_OK ? methods.err : rv_control_chan_send(child->control, msg);
	if (err != RV_OK)
		rv_log(RV_LOG_WARN, "app.pair.failed", RV_KS("a", msg->self.name),
		       RV_KS("b", msg->peer.name), RV_KS("error", rv_err_name(err)));
	else
		rv_log(RV_LOG_INFO, "app.join.linked", RV_KS("child", msg->self.name),
		       RV_KI("instance", msg->self.instance), RV_KS("peer", msg->peer.name));
	msg->body = (struct rv_str){ 0 };
	rv_buf_deinit(&methods);
}

static bool runs_here(const struct rv_sv *sv, const char *name)
{
	for (size_t i = 0; i < sv->child_count; i++) {
		if (sv->children[i].pid > 0 && strcmp(sv->children[i].spec->name, name) == 0)
			return true;
	}
	return false;
}

/* Only names that do not run here are wanted from there, and only what the tables allow: the other
 * supervisor is believed no more than that. */
static void take_link(struct rv_sv *sv, struct rv_control_msg *msg)
{
	const struct rv_duty_spec *peer = rv_plan_find(sv->opt->known, msg->peer.name);

	if (msg->fd_count != 1 || peer == NULL || runs_here(sv, msg->peer.name))
		return;
	for (size_t i = 0; i < sv->child_count; i++) {
		struct rv_sv_child *child = &sv->children[i];

		if (child->instance == msg->self.instance &&
		    strcmp(child->spec->name, msg->self.name) == 0 && child->control != NULL &&
		    rv_plan_is_paired(child->spec, peer, false))
			pass_link(child, peer, msg);
	}
}

static void on_msg(void *arg, struct rv_control_msg *msg)
{
	struct rv_sv *sv = arg;

	if (msg->kind == RV_CONTROL_LINK)
		take_link(sv, msg);
	else if (msg->kind == RV_CONTROL_REFUSED)
		rv_log(RV_LOG_WARN, "app.join.refused", RV_KS("path", sv->joiner.path),
		       RV_KS("child", msg->self.name), RV_KI("instance", msg->self.instance),
		       RV_KS("error", rv_err_name(msg->status)));
}

static void retry_later(struct rv_sv *sv, int reason)
{
	rv_log(sv->joiner.is_lost_logged ? RV_LOG_DEBUG : RV_LOG_WARN, "app.join.lost",
	       RV_KS("path", sv->joiner.path), RV_KS("error", rv_err_name(reason)));
	sv->joiner.is_lost_logged = true;
	uv_timer_start(&sv->joiner.timer, try_to_connect, RETRY_MS, 0);
}

static void on_end(void *arg, int reason)
{
	struct rv_sv *sv = arg;

	rv_control_chan_free(sv->joiner.chan);
	sv->joiner.chan = NULL;
	retry_later(sv, reason);
}

static const struct rv_control_chan_callbacks callbacks = { on_msg, on_end };

static void try_to_connect(uv_timer_t *timer)
{
	struct rv_sv *sv = timer->data;
	int fd;
	int err = rv_join_connect(sv->joiner.path, &fd);

	if (err == RV_OK)
		err = rv_control_chan_new(&sv->loop, fd, &callbacks, sv, &sv->joiner.chan);
	if (err != RV_OK) {
		retry_later(sv, err);
		return;
	}
	sv->joiner.is_lost_logged = false;
	rv_log(RV_LOG_INFO, "app.join.connected", RV_KS("path", sv->joiner.path));
	for (size_t i = 0; i < sv->child_count; i++) {
		if (sv->children[i].control != NULL)
			join_child(&sv->joiner, &sv->children[i]);
	}
}

void rv_sv_joiner_open(struct rv_sv *sv, const char *path)
{
	if (!rv_str_copy(rv_str(path), sv->joiner.path, sizeof(sv->joiner.path)))
		rv_log(RV_LOG_ERROR, "app.join.refused", RV_KS("path", path),
		       RV_KS("error", rv_err_name(RV_ELIMIT)));
	if (sv->joiner.path[0] == '\0')
		return;
	uv_timer_init(&sv->loop, &sv->joiner.timer);
	sv->joiner.timer.data = sv;
	uv_timer_start(&sv->joiner.timer, try_to_connect, 0, 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
	(void)handle; /* it may be opened again after this turn of the loop */
}

void rv_sv_joiner_close(struct rv_sv *sv)
{
	if (sv->joiner.timer.data == NULL)
		return;
	rv_control_chan_free(sv->joiner.chan);
	sv->joiner.chan = NULL;
	uv_close((uv_handle_t *)&sv->joiner.timer, on_timer_closed);
	sv->joiner.timer.data = NULL;
}

void rv_sv_joiner_child_started(struct rv_sv_child *child)
{
	if (child->sv->joiner.chan != NULL)
		join_child(&child->sv->joiner, child);
}
