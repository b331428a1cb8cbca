#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/plan.h"
#include "app/roster_priv.h"
#include "app/supervisor_priv.h"
#include "log/log.h"

enum { ROSTER_RETRY_MS = 100 };

static struct rv_control_party party_of(const struct rv_sv_child *child)
{
	struct rv_control_party party = { 0 };
	int err = rv_control_party_set(&party, child->spec->name, child->instance);

	/* The tables are ours; rv_supervisor_run has checked their names. */
	return err == RV_OK ? party : (struct rv_control_party){ 0 };
}

/* One of two to be linked. */
struct end {
	struct rv_control_chan *chan;
	struct rv_control_party party;
	const struct rv_duty_spec *spec;
};

static struct end end_of(const struct rv_sv_child *child)
{
	return (struct end){ child->control, party_of(child), child->spec };
}

static int send_link(const struct end *to, const struct end *peer, bool is_local, int fd)
{
	struct rv_control_msg msg = { .kind = RV_CONTROL_LINK,
				      .self = to->party,
				      .peer = peer->party,
				      .fds = { fd },
				      .fd_count = 1 };
	struct rv_buf methods = { 0 };
	int err;

	rv_plan_may_call(peer->spec, to->spec, is_local, &methods);
	msg.body = rv_buf_str(&methods);
	err = methods.err != RV_OK ? methods.err : rv_control_chan_send(to->chan, &msg);
	rv_buf_deinit(&methods);
	return err;
}

/* One end of a new pair over each channel. A duty that does not even read its control socket
 * cannot be given a link; it shows in its missing answers. */
static int link_two(const struct end *a, const struct end *b, bool is_local)
{
	int pair[2];
	int err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
		err = rv_err_from_errno();
		goto out;
	}
	err = send_link(a, b, is_local, pair[0]);
	if (err == RV_OK)
		err = send_link(b, a, is_local, pair[1]);
	close(pair[0]);
	close(pair[1]);
out:
	if (err != RV_OK)
		rv_log(RV_LOG_WARN, "app.pair.failed", RV_KS("a", a->party.name),
		       RV_KS("b", b->party.name), RV_KS("error", rv_err_name(err)));
	return err;
}

static bool is_linkable(const struct rv_sv_child *child)
{
	return child->control != NULL && child->run != RV_DUTY_STOPPING;
}

static int send_line(const struct end *to, const struct end *peer, int status, int fd)
{
	struct rv_control_msg msg = { .kind = RV_CONTROL_LINE,
				      .status = status,
				      .self = to->party,
				      .peer = peer->party,
				      .fds = { fd },
				      .fd_count = 1 };

	return rv_control_chan_send(to->chan, &msg);
}

/* A line over which giver hands sockets to taker. */
static void draw_line(const struct end *giver, const struct end *taker)
{
	const int sndbuf = RV_DUTY_HANDOVER_SNDBUF;
	int pair[2];
	int err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
		err = rv_err_from_errno();
	} else {
		setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
		err = send_line(taker, giver, 1, pair[1]);
		if (err == RV_OK)
			err = send_line(giver, taker, 0, pair[0]);
		close(pair[0]);
		close(pair[1]);
	}
	if (err != RV_OK)
		rv_log(RV_LOG_WARN, "app.line.failed", RV_KS("giver", giver->party.name),
		       RV_KS("taker", taker->party.name), RV_KS("error", rv_err_name(err)));
}

static void draw_lines(const struct end *a, const struct end *b)
{
	if (a->spec->hands_to != NULL && strcmp(a->spec->hands_to, b->spec->name) == 0)
		draw_line(a, b);
	if (b->spec->hands_to != NULL && strcmp(b->spec->hands_to, a->spec->name) == 0)
		draw_line(b, a);
}

static void pair_with_outsiders(struct rv_sv_child *child)
{
	const struct end self = end_of(child);
	struct rv_list *it;

	rv_list_for_each (it, &child->sv->broker.outsiders) {
		struct rv_sv_outsider *out = RV_CONTAINER_OF(it, struct rv_sv_outsider, link);

		for (size_t i = 0; i < out->party_count; i++) {
			const struct end peer = { out->chan, out->parties[i], out->specs[i] };

			if (rv_plan_is_paired(child->spec, peer.spec, false))
				(void)link_two(&self, &peer, false);
		}
	}
}

void rv_sv_pair_child(struct rv_sv_child *child)
{
	const struct end self = end_of(child);

	for (size_t i = 0; i < child->sv->child_count; i++) {
		struct rv_sv_child *other = &child->sv->children[i];
		const struct end peer = end_of(other);

		if (other == child || !is_linkable(other))
			continue;
		if (rv_plan_is_paired(child->spec, other->spec, true))
			(void)link_two(&self, &peer, true);
		draw_lines(&self, &peer);
	}
	pair_with_outsiders(child);
}

int rv_sv_pair_party(struct rv_sv_outsider *outsider, const struct rv_control_party *party,
		     const struct rv_duty_spec *spec, const char *only_name)
{
	const struct end self = { outsider->chan, *party, spec };
	struct rv_sv *sv = outsider->sv;
	int result = RV_ENOTFOUND;

	for (size_t i = 0; i < sv->child_count; i++) {
		struct rv_sv_child *child = &sv->children[i];
		const struct end peer = end_of(child);

		if (only_name[0] != '\0' && strcmp(child->spec->name, only_name) != 0)
			continue;
		if (!rv_plan_is_paired(spec, child->spec, false)) {
			result = result == RV_ENOTFOUND ? RV_EDENIED : result;
			continue;
		}
		if (!is_linkable(child)) {
			result = result == RV_OK ? RV_OK : RV_EBUSY;
			continue;
		}
		if (link_two(&self, &peer, false) != RV_OK)
			return RV_EBUSY;
		result = RV_OK;
		if (only_name[0] != '\0')
			break;
	}
	return result;
}

void rv_sv_roster_changed(struct rv_sv *sv)
{
	/* One message for all that happens in this turn of the loop. */
	if (!uv_is_closing((uv_handle_t *)&sv->roster_timer))
		uv_timer_start(&sv->roster_timer, rv_sv_roster_send, 0, 0);
}

static void fill_info(const struct rv_sv_child *child, struct rv_duty_info *out)
{
	*out = (struct rv_duty_info){
		.instance = child->instance,
		.run = child->run,
		.pid = (int)child->pid,
		.restarts = child->restarts,
		.started_us = child->started_us,
	};
	memcpy(out->name, party_of(child).name, sizeof(out->name));
	memcpy(out->note, child->run == RV_DUTY_READY ? child->pending : child->note,
	       sizeof(out->note));
}

void rv_sv_roster_send(uv_timer_t *timer)
{
	struct rv_sv *sv = timer->data;
	struct rv_control_msg msg = { .kind = RV_CONTROL_ROSTER };
	struct rv_buf body = { 0 };

	for (size_t i = 0; i < sv->child_count; i++) {
		struct rv_duty_info info;

		fill_info(&sv->children[i], &info);
		rv_roster_encode(&info, &body);
	}
	msg.body = rv_buf_str(&body);
	for (size_t i = 0; body.err == RV_OK && i < sv->child_count; i++) {
		struct rv_sv_child *child = &sv->children[i];

		if (child->spec->watches_all && child->control != NULL &&
		    rv_control_chan_send(child->control, &msg) == RV_EBUSY)
			uv_timer_start(timer, rv_sv_roster_send, ROSTER_RETRY_MS, 0);
	}
	rv_buf_deinit(&body);
}
