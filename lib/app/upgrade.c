/* Following a supervisor that runs (yield.c is the other side). In this order, so that whatever
 * fails leaves the old one as it was:
 *
 *   1. before anything is started: its sockets, ticket keys and lock on the state directory
 *   2. all that is no store is started, linked to the stores of the old one; both accept
 *   3. YIELD: its stores stop; ours start, migrate, become ready
 *   4. RETIRE: its edges drain, and reach our stores over our bus.sock */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/join_priv.h"
#include "app/supervisor_priv.h"
#include "base/time.h"
#include "log/log.h"

enum {
	INHERITED_MAX = 1024,
	INSTANCES = RV_SUPERVISOR_WORKERS_MAX, /* numbers of one supervisor: rv_duty_worker() */
	INSTANCE_END = 1024, /* where they begin again: the old ones have gone by then */
	ANSWER_WAIT_MS = 5000,
	PATIENCE_MS = 120000, /* for all to be ready: a migration may take its time */
};

/* -- what comes before the loop ------------------------------------------------------------- */

static void keep(struct rv_sv *sv, struct rv_control_msg *msg)
{
	struct rv_sv_upgrade *u = &sv->upgrade;
	struct rv_str rest = msg->body;

	for (size_t i = 0; i < msg->fd_count && u->inherited_count < INHERITED_MAX; i++) {
		struct rv_sv_inherited *in = &u->inherited[u->inherited_count];
		size_t end = rv_str_find(rest, '\n');

		if (!rv_str_copy(rv_str_sub(rest, 0, end), in->address, sizeof(in->address)))
			in->address[0] = '\0'; /* of nobody: for any worker */
		memcpy(in->duty, msg->self.name, sizeof(in->duty));
		in->worker = msg->self.instance;
		in->fd = msg->fds[i];
		msg->fds[i] = -1;
		rest = rv_str_sub(rest, end + 1, rest.len);
		u->inherited_count++;
	}
}

static int take_handed(struct rv_sv *sv, struct rv_control_msg *msg)
{
	if (msg->fd_count != 1 || msg->body.len != sizeof(sv->tickets.keys))
		return RV_ESYNTAX;
	memcpy(sv->tickets.keys, msg->body.ptr, msg->body.len);
	sv->first_instance = (msg->self.instance + INSTANCES) % INSTANCE_END;
	sv->broker.lock_fd = msg->fds[0];
	msg->fds[0] = -1;
	return RV_OK;
}

static int refused(struct rv_sv *sv, int status)
{
	return rv_diag_set(sv->diag, status < 0 ? status : RV_ESYNTAX, "app.takeover",
			   sv->opt->state_dir, "the running reeve does not hand over: %s",
			   status == RV_EBUSY ? "it is starting, stopping or handing over already"
					      : rv_err_name(status));
}

/* Everything up to HANDED. */
static int receive_all(struct rv_sv *sv, int fd, char *packet)
{
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		struct rv_control_msg msg;
		int err;

		if (poll(&wait, 1, ANSWER_WAIT_MS) == 0)
			return refused(sv, RV_ETIMEOUT);
		err = rv_control_recv(fd, packet, &msg);
		if (err == RV_EWANTREAD)
			continue;
		if (err != RV_OK)
			return refused(sv, err); /* an older release closes */
		if (msg.kind == RV_CONTROL_LISTENER) {
			keep(sv, &msg);
			rv_control_close_fds(&msg);
			continue;
		}
		err = msg.kind == RV_CONTROL_HANDED ? take_handed(sv, &msg)
						    : refused(sv, msg.status);
		rv_control_close_fds(&msg);
		return err;
	}
}

static int ask(struct rv_sv *sv, int fd)
{
	const struct rv_control_msg msg = { .kind = RV_CONTROL_TAKEOVER };
	char *packet = malloc(RV_CONTROL_PACKET_MAX);
	int err = packet != NULL ? rv_control_send(fd, &msg) : -ENOMEM;

	if (err == RV_OK)
		err = receive_all(sv, fd, packet);
	if (packet != NULL)
		explicit_bzero(packet, RV_CONTROL_PACKET_MAX); /* ticket keys */
	free(packet);
	return err;
}

static void on_msg(void *arg, struct rv_control_msg *msg);
static void on_end(void *arg, int reason);
static const struct rv_control_chan_callbacks callbacks = { on_msg, on_end };

int rv_sv_upgrade_begin(struct rv_sv *sv)
{
	char path[sizeof(sv->broker.path)];
	int fd, err;

	if (snprintf(path, sizeof(path), "%s/bus.sock", sv->opt->state_dir) >= (int)sizeof(path))
		return RV_ENOTFOUND; /* nobody could listen there */
	err = rv_join_connect(path, &fd);
	if (err != RV_OK)
		return err == RV_ENOTFOUND ? err : refused(sv, err);
	sv->upgrade.inherited = calloc(INHERITED_MAX, sizeof(*sv->upgrade.inherited));
	err = sv->upgrade.inherited != NULL ? ask(sv, fd) : -ENOMEM;
	if (err != RV_OK) {
		close(fd);
		return err;
	}
	uv_timer_init(&sv->loop, &sv->upgrade.timer);
	sv->upgrade.timer.data = sv;
	sv->upgrade.is_following = true;
	rv_sv_joiner_open(sv, path);
	err = rv_control_chan_new(&sv->loop, fd, &callbacks, sv, &sv->upgrade.chan);
	if (err == RV_OK)
		rv_log(RV_LOG_INFO, "app.upgrade.handed",
		       RV_KI("sockets", sv->upgrade.inherited_count));
	return err;
}

int rv_sv_upgrade_take(struct rv_sv *sv, const char *duty, unsigned worker, const char *address)
{
	for (size_t i = 0; i < sv->upgrade.inherited_count; i++) {
		struct rv_sv_inherited *in = &sv->upgrade.inherited[i];
		int fd = in->fd;

		if (fd < 0 || in->worker != worker || strcmp(in->duty, duty) != 0 ||
		    strcmp(in->address, address) != 0)
			continue;
		in->fd = -1;
		return fd;
	}
	return -1;
}

static bool is_listened_to(const struct rv_sv *sv, const struct rv_duty_spec *spec,
			   const char *address)
{
	const char *const *addrs;
	size_t n = rv_conf_list(rv_conf_get(sv->conf, spec->listen_section, NULL),
				spec->listen_item, &addrs);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(addrs[i], address) == 0)
			return true;
	}
	return false;
}

/* The worker of that duty with the fewest sockets and room for one more. */
static struct rv_sv_child *find_worker(struct rv_sv *sv, const struct rv_sv_inherited *in)
{
	struct rv_sv_child *best = NULL;

	for (size_t i = 0; i < sv->child_count; i++) {
		struct rv_sv_child *child = &sv->children[i];

		if (child->spec->listen_section == NULL ||
		    strcmp(child->spec->name, in->duty) != 0 ||
		    child->listener_count == RV_DUTY_LISTEN_MAX ||
		    !is_listened_to(sv, child->spec, in->address))
			continue;
		if (best == NULL || child->listener_count < best->listener_count)
			best = child;
	}
	return best;
}

/* Whoever waits in the queue of a socket must be served by somebody. Those of addresses that are no
 * more are closed here; the old workers still have them. */
void rv_sv_upgrade_share_out(struct rv_sv *sv)
{
	for (size_t i = 0; i < sv->upgrade.inherited_count; i++) {
		struct rv_sv_inherited *in = &sv->upgrade.inherited[i];
		struct rv_sv_child *child = in->fd >= 0 ? find_worker(sv, in) : NULL;

		if (child != NULL)
			child->listeners[child->listener_count++] = in->fd;
		else if (in->fd >= 0)
			close(in->fd);
		in->fd = -1;
	}
	free(sv->upgrade.inherited);
	sv->upgrade.inherited = NULL;
	sv->upgrade.inherited_count = 0;
}

/* -- on the loop ---------------------------------------------------------------------------- */

static void on_late(uv_timer_t *timer)
{
	rv_sv_fail(timer->data, RV_ETIMEOUT, "upgrade", "not all was ready in time");
}

static void start_stores(struct rv_sv *sv)
{
	int err;

	sv->upgrade.are_stores_ours = true;
	rv_sv_joiner_close(sv);
	sv->joiner.path[0] = '\0';
	err = rv_sv_broker_listen(sv);
	if (err != RV_OK) {
		rv_sv_fail(sv, err, "bus.sock", rv_err_name(err));
		return;
	}
	for (size_t i = 0; i < sv->child_count && !sv->is_stopping; i++) {
		if (sv->children[i].pid == 0)
			rv_sv_child_start(&sv->children[i]);
	}
}

static void on_msg(void *arg, struct rv_control_msg *msg)
{
	struct rv_sv *sv = arg;

	if (msg->kind == RV_CONTROL_YIELDED && !sv->upgrade.are_stores_ours && !sv->is_stopping)
		start_stores(sv);
	else if (msg->kind == RV_CONTROL_REFUSED)
		rv_sv_fail(sv, msg->status < 0 ? msg->status : RV_ESYNTAX, "upgrade",
			   "the running reeve does not go on with it");
}

static void end_chan(struct rv_sv *sv)
{
	rv_control_chan_free(sv->upgrade.chan);
	sv->upgrade.chan = NULL;
}

/* The old one is gone, and with it its stores: there is nobody to go back to. */
static void on_end(void *arg, int reason)
{
	struct rv_sv *sv = arg;

	end_chan(sv);
	rv_log(RV_LOG_WARN, "app.upgrade.alone", RV_KS("error", rv_err_name(reason)));
	if (!sv->upgrade.are_stores_ours && !sv->is_stopping)
		start_stores(sv);
}

static void tell(struct rv_sv *sv, enum rv_control_kind kind)
{
	const struct rv_control_msg msg = { .kind = kind };

	if (sv->upgrade.chan != NULL && rv_control_chan_send(sv->upgrade.chan, &msg) != RV_OK)
		rv_log(RV_LOG_WARN, "app.upgrade.unheard"); /* on_end follows */
}

bool rv_sv_may_start(const struct rv_sv_child *child)
{
	const struct rv_sv *sv = child->sv;
	bool is_store = rv_sv_is_store(child->spec);

	if (sv->is_stopping || (is_store && sv->upgrade.is_yielding))
		return false;
	return !is_store || !sv->upgrade.is_following || sv->upgrade.are_stores_ours;
}

static size_t count_unready(const struct rv_sv *sv)
{
	size_t n = 0;

	for (size_t i = 0; i < sv->child_count; i++) {
		const struct rv_sv_child *child = &sv->children[i];
		bool counts = sv->upgrade.are_stores_ours || !rv_sv_is_store(child->spec);

		n += counts && child->run != RV_DUTY_READY;
	}
	return n;
}

void rv_sv_upgrade_advance(struct rv_sv *sv)
{
	if (!sv->upgrade.is_following || sv->is_stopping || count_unready(sv) > 0)
		return;
	if (!sv->upgrade.are_stores_ours) {
		tell(sv, RV_CONTROL_YIELD);
		return;
	}
	sv->upgrade.is_following = false;
	uv_timer_stop(&sv->upgrade.timer);
	tell(sv, RV_CONTROL_RETIRE);
	end_chan(sv);
	rv_log(RV_LOG_INFO, "app.upgrade.done");
}

void rv_sv_upgrade_watch(struct rv_sv *sv)
{
	if (!sv->upgrade.is_following)
		return;
	uv_timer_start(&sv->upgrade.timer, on_late, PATIENCE_MS, 0);
	rv_sv_upgrade_advance(sv); /* stores alone: there is nothing to wait for */
}

void rv_sv_upgrade_close(struct rv_sv *sv)
{
	for (size_t i = 0; i < sv->upgrade.inherited_count; i++) {
		if (sv->upgrade.inherited[i].fd >= 0)
			close(sv->upgrade.inherited[i].fd);
	}
	free(sv->upgrade.inherited);
	sv->upgrade.inherited = NULL;
	sv->upgrade.inherited_count = 0;
	end_chan(sv);
	if (sv->upgrade.timer.data != NULL)
		uv_close((uv_handle_t *)&sv->upgrade.timer, NULL);
}
