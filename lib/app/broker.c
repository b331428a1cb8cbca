#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/join.h"
#include "app/plan.h"
#include "app/supervisor_priv.h"
#include "log/log.h"

enum { BACKLOG = 16, ACCEPT_BATCH = 8 };

static void outsider_free(struct rv_sv_outsider *out)
{
	if (out->sv->upgrade.successor == out)
		rv_sv_yield_lost(out->sv);
	rv_list_del(&out->link);
	out->sv->broker.outsider_count--;
	rv_control_chan_free(out->chan);
	free(out);
}

static bool is_same(const struct rv_control_party *a, const struct rv_control_party *b)
{
	return a->instance == b->instance && strcmp(a->name, b->name) == 0;
}

/* Does a duty of ours, or one joined by somebody else, have that name and number? */
static bool is_taken(const struct rv_sv_outsider *asking, const struct rv_control_party *party)
{
	const struct rv_sv *sv = asking->sv;
	const struct rv_list *it;

	for (size_t i = 0; i < sv->child_count; i++) {
		if (sv->children[i].instance == party->instance &&
		    strcmp(sv->children[i].spec->name, party->name) == 0)
			return true;
	}
	rv_list_for_each (it, &sv->broker.outsiders) {
		const struct rv_sv_outsider *out = RV_CONTAINER_OF(it, struct rv_sv_outsider, link);

		for (size_t i = 0; out != asking && i < out->party_count; i++) {
			if (is_same(&out->parties[i], party))
				return true;
		}
	}
	return false;
}

/* Remember the duty, so that it gets a link whenever one of ours is restarted. */
static int remember(struct rv_sv_outsider *out, const struct rv_control_party *party,
		    const struct rv_duty_spec *spec)
{
	for (size_t i = 0; i < out->party_count; i++) {
		if (is_same(&out->parties[i], party))
			return RV_OK;
	}
	if (out->party_count == RV_SUPERVISOR_PARTIES_MAX)
		return RV_ELIMIT;
	out->parties[out->party_count] = *party;
	out->specs[out->party_count++] = spec;
	return RV_OK;
}

static int join(struct rv_sv_outsider *out, struct rv_control_party *self, const char *peer)
{
	struct rv_sv *sv = out->sv;
	const struct rv_duty_spec *spec = rv_plan_find(sv->opt->known, self->name);
	int err;

	if (spec == NULL || (peer[0] != '\0' && rv_plan_find(sv->opt->known, peer) == NULL))
		return RV_EINVALID;
	if (spec->component == NULL) {
		self->instance = sv->broker.next_instance;
		sv->broker.next_instance = (uint16_t)((self->instance + 1) % RV_APP_INSTANCE_ANY);
	} else if (is_taken(out, self)) {
		return RV_EEXISTS;
	}
	if (peer[0] != '\0')
		return rv_sv_pair_party(out, self, spec, peer);
	err = remember(out, self, spec);
	if (err != RV_OK)
		return err;
	/* Whatever is missing now is linked when it starts. */
	err = rv_sv_pair_party(out, self, spec, "");
	return err == RV_ENOTFOUND || err == RV_EBUSY ? RV_OK : err;
}

static void on_msg(void *arg, struct rv_control_msg *msg)
{
	struct rv_sv_outsider *out = arg;
	struct rv_control_msg answer = { .kind = RV_CONTROL_REFUSED,
					 .self = msg->self,
					 .peer = msg->peer };

	if (msg->kind >= RV_CONTROL_TAKEOVER) {
		rv_sv_yield_msg(out, msg);
		return;
	}
	if (msg->kind != RV_CONTROL_JOIN || msg->self.name[0] == '\0')
		answer.status = RV_ESYNTAX;
	else
		answer.status = join(out, &msg->self, msg->peer.name);
	rv_log(RV_LOG_INFO, answer.status == RV_OK ? "app.outsider.joined" : "app.outsider.refused",
	       RV_KS("who", msg->self.name), RV_KI("instance", msg->self.instance),
	       RV_KS("peer", msg->peer.name), RV_KS("result", rv_err_name(answer.status)));
	if (answer.status != RV_OK && rv_control_chan_send(out->chan, &answer) != RV_OK)
		outsider_free(out);
}

static void on_end(void *arg, int reason)
{
	struct rv_sv_outsider *out = arg;

	rv_log(RV_LOG_DEBUG, "app.outsider.left", RV_KS("reason", rv_err_name(reason)));
	outsider_free(out);
}

static const struct rv_control_chan_callbacks callbacks = { on_msg, on_end };

/* Same uid, or root: whoever could ptrace our duties anyway. */
static bool is_allowed(int fd, pid_t *out_pid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return false;
	*out_pid = cred.pid;
	if (cred.uid == 0 || cred.uid == geteuid())
		return true;
	rv_log(RV_LOG_WARN, "app.outsider.refused", RV_KI("uid", cred.uid), RV_KI("pid", cred.pid),
	       RV_KS("result", rv_err_name(RV_EDENIED)));
	return false;
}

static void refuse(int fd, int status)
{
	const struct rv_control_msg msg = { .kind = RV_CONTROL_REFUSED, .status = status };
	int err = rv_control_send(fd, &msg);

	(void)err; /* it asked; whether it still listens is its own affair */
	close(fd);
}

static void admit(struct rv_sv *sv, int fd)
{
	struct rv_sv_outsider *out;
	pid_t pid;

	if (!is_allowed(fd, &pid)) {
		refuse(fd, RV_EDENIED);
		return;
	}
	if (sv->broker.outsider_count == RV_SUPERVISOR_OUTSIDERS_MAX) {
		refuse(fd, RV_EBUSY);
		return;
	}
	out = calloc(1, sizeof(*out));
	if (out == NULL) {
		close(fd);
		return;
	}
	out->sv = sv;
	out->pid = pid;
	if (rv_control_chan_new(&sv->loop, fd, &callbacks, out, &out->chan) != RV_OK) {
		free(out);
		return;
	}
	rv_list_add_tail(&sv->broker.outsiders, &out->link);
	sv->broker.outsider_count++;
}

static void on_accept(uv_poll_t *poll, int status, int events)
{
	struct rv_sv *sv = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		int fd = accept4(sv->broker.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			break;
		admit(sv, fd);
	}
}

static int lock(struct rv_sv *sv)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/bus.lock", sv->opt->state_dir);
	sv->broker.lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (sv->broker.lock_fd < 0)
		return rv_diag_set(sv->diag, rv_err_from_errno(), "app.lock", path, "%s",
				   strerror(errno));
	if (flock(sv->broker.lock_fd, LOCK_EX | LOCK_NB) != 0)
		return rv_diag_set(sv->diag, RV_EBUSY, "app.locked", sv->opt->state_dir,
				   "another reeve runs with this state directory");
	return RV_OK;
}

static int listen_at(struct rv_sv *sv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int err;

	err = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/bus.sock", sv->opt->state_dir);
	if (err < 0 || (size_t)err >= sizeof(addr.sun_path))
		return rv_diag_set(sv->diag, RV_ELIMIT, "app.state-dir", sv->opt->state_dir,
				   "the path of the state directory is too long for a socket in it "
				   "(at most %zu bytes)",
				   sizeof(addr.sun_path) - sizeof("/bus.sock"));
	sv->broker.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sv->broker.fd < 0)
		goto fail;
	unlink(addr.sun_path); /* of one that was killed: we hold the lock */
	mask = umask(0177);
	err = bind(sv->broker.fd, (struct sockaddr *)&addr, sizeof(addr));
	umask(mask);
	if (err != 0 || listen(sv->broker.fd, BACKLOG) != 0)
		goto fail;
	memcpy(sv->broker.path, addr.sun_path, sizeof(addr.sun_path));
	return RV_OK;

fail:
	return rv_diag_set(sv->diag, rv_err_from_errno(), "app.bus-socket", addr.sun_path, "%s",
			   strerror(errno));
}

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void close_listener(struct rv_sv_broker *broker)
{
	if (broker->poll == NULL)
		return;
	uv_close((uv_handle_t *)broker->poll, on_poll_closed);
	broker->poll = NULL;
	broker->path[0] = '\0';
	close(broker->fd);
	broker->fd = -1;
}

static void end_outsiders(struct rv_sv_broker *broker)
{
	while (!rv_list_is_empty(&broker->outsiders))
		outsider_free(RV_CONTAINER_OF(broker->outsiders.next, struct rv_sv_outsider, link));
}

int rv_sv_broker_listen(struct rv_sv *sv)
{
	int err;

	close_listener(&sv->broker);
	err = listen_at(sv);
	if (err != RV_OK)
		return err;
	sv->broker.poll = calloc(1, sizeof(*sv->broker.poll));
	if (sv->broker.poll == NULL)
		return -ENOMEM;
	err = uv_poll_init(&sv->loop, sv->broker.poll, sv->broker.fd);
	assert(err == 0);
	sv->broker.poll->data = sv;
	uv_poll_start(sv->broker.poll, UV_READABLE, on_accept);
	return RV_OK;
}

int rv_sv_broker_open(struct rv_sv *sv)
{
	int err = lock(sv);

	return err == RV_OK ? rv_sv_broker_listen(sv) : err;
}

void rv_sv_broker_leave(struct rv_sv *sv)
{
	close_listener(&sv->broker);
	end_outsiders(&sv->broker);
	if (sv->broker.lock_fd >= 0)
		close(sv->broker.lock_fd);
	sv->broker.lock_fd = -1;
}

void rv_sv_broker_close(struct rv_sv *sv)
{
	if (sv->broker.path[0] != '\0')
		unlink(sv->broker.path);
	rv_sv_broker_leave(sv);
}
