/* bus/bus.h over a world: messages take their time, keep their order between two processes, and
 * are lost with them, or between machines that do not hear each other. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sim/virtual/site.h"

enum { SERVE_MAX = 24, REPLY_GONE_US = 200 };

struct handler {
	char name[RV_BUS_NAME_MAX + 1];
	rv_bus_serve_fn fn;
	rv_bus_event_fn event;
	void *arg;
};

struct rv_bus {
	struct vw_proc *proc;
	struct handler methods[SERVE_MAX], topics[SERVE_MAX];
	size_t method_count, topic_count;
	rv_bus_link_fn link;
	void *link_arg;
	struct rv_list pending;        /* struct pending: what we asked */
	struct rv_list calls;          /* struct rv_bus_call: what we were asked */
	int64_t last_us[VW_PROCS_MAX]; /* when what we sent to each arrives */
	bool is_silent;
	uint64_t asked;
};

struct pending {
	struct rv_list link;
	struct rv_bus *bus;
	uint64_t id;
	rv_bus_reply_fn fn;
	void *arg;
	struct vw_task *timeout;
	int status; /* of a failure on its way */
};

struct rv_bus_call {
	struct rv_list link;
	struct rv_bus *bus;
	struct vw_proc *from;
	uint64_t from_lives, id;
	char method[RV_BUS_NAME_MAX + 1];
};

/* On its way. */
struct message {
	enum { REQUEST, REPLY, EVENT, LINK } kind;
	struct vw_proc *from, *to;
	uint64_t from_lives, to_lives, id;
	char name[RV_BUS_NAME_MAX + 1];
	int status; /* REPLY; LINK: is it up */
	size_t len;
	char body[];
};

/* -- sending -------------------------------------------------------------------------------- */

static bool can_hear(const struct vw_proc *from, const struct vw_proc *to)
{
	return from->machine == to->machine ||
	       from->site->feed_down_until_us <= from->world->now_us;
}

static void message_due(void *arg);

static void post(struct vw_proc *from, const struct message *head, struct rv_str body)
{
	struct vw_site *site = from->site;
	struct vw_world *w = from->world;
	struct message *m = vw_alloc(1, sizeof(*m) + body.len + 1);
	size_t at = (size_t)(head->to - site->procs);
	int64_t high = from->machine == head->to->machine ? site->bus_slow_us
							  : site->bus_slow_us + 30000;
	int64_t due = w->now_us + vw_between(w, VW_BUS, 10, high);

	*m = *head;
	m->from = from;
	m->from_lives = from->lives;
	m->to_lives = head->to->lives;
	m->len = body.len;
	if (body.len > 0)
		memcpy(m->body, body.ptr, body.len);
	if (due < from->bus->last_us[at])
		due = from->bus->last_us[at];
	from->bus->last_us[at] = due;
	vw_post_owned(w, due - w->now_us, message_due, m);
}

/* A process that is dead says nothing more. */
static void send_message(struct vw_proc *from, const struct message *head, struct rv_str body)
{
	if (from->life == VW_UP && !from->is_dead && can_hear(from, head->to))
		post(from, head, body);
}

/* -- requests ------------------------------------------------------------------------------- */

static void pending_end(struct pending *p, int status, struct rv_str body)
{
	rv_bus_reply_fn fn = p->fn;
	void *arg = p->arg;

	vw_task_cancel(p->timeout);
	rv_list_del(&p->link);
	free(p);
	fn(arg, status, body);
}

static void timed_out(struct vw_task *task)
{
	struct pending *p = task->arg;

	p->timeout = NULL; /* it is running */
	pending_end(p, p->status, (struct rv_str){ 0 });
}

/* Round robin, among those that are there. */
static struct vw_proc *choose(struct rv_bus *bus, const char *peer, int instance)
{
	struct vw_site *site = bus->proc->site;

	for (size_t i = 0; i < site->proc_count; i++) {
		struct vw_proc *to = &site->procs[(bus->asked + i) % site->proc_count];

		if (strcmp(to->name, peer) != 0 || to->life != VW_UP || to->is_dead)
			continue;
		if (instance < 0 || to->instance == (unsigned)instance)
			return to;
	}
	return NULL;
}

int rv_bus_request(struct rv_bus *bus, const char *peer, int instance, const char *method,
		   struct rv_str body, int64_t timeout_us, rv_bus_reply_fn fn, void *arg)
{
	struct vw_proc *to = choose(bus, peer, instance);
	struct message m = { .kind = REQUEST, .to = to };
	struct pending *p;

	bus->asked++;
	if (to == NULL || bus->proc->life != VW_UP)
		return RV_ENOTFOUND;
	p = vw_alloc(1, sizeof(*p));
	*p = (struct pending){ .bus = bus, .fn = fn, .arg = arg, .status = RV_ETIMEOUT };
	p->id = m.id = bus->proc->world->posted++;
	rv_list_add_tail(&bus->pending, &p->link);
	p->timeout = vw_task_post(bus->proc, timeout_us, timed_out, p, false);
	rv_str_copy(rv_str(method), m.name, sizeof(m.name));
	send_message(bus->proc, &m, body);
	return RV_OK;
}

static void answer(struct vw_proc *from, struct vw_proc *to, uint64_t to_lives, uint64_t id,
		   int status, struct rv_str body)
{
	struct message m = { .kind = REPLY, .to = to, .id = id, .status = status };

	if (to->life == VW_UP && to->lives == to_lives)
		send_message(from, &m, body);
}

void rv_bus_reply(struct rv_bus_call *call, int status, struct rv_str body)
{
	struct vw_proc *proc = call->bus->proc;
	struct rv_buf changed = { 0 };

	if (status == RV_OK && vw_sabotage_reply(proc->site, call->method, body, &changed))
		body = rv_buf_str(&changed);
	answer(proc, call->from, call->from_lives, call->id, status, body);
	rv_buf_deinit(&changed);
	rv_list_del(&call->link);
	free(call);
}

const char *rv_bus_call_peer(const struct rv_bus_call *call, unsigned *out_instance)
{
	*out_instance = call->from->instance;
	return call->from->name;
}

static const struct handler *find(const struct handler *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static void on_request(struct vw_proc *to, const struct message *m)
{
	const struct handler *h = find(to->bus->methods, to->bus->method_count, m->name);
	struct rv_bus_call *call;

	if (h == NULL) {
		answer(to, m->from, m->from_lives, m->id, RV_EUNSUPPORTED, (struct rv_str){ 0 });
		return;
	}
	call = vw_alloc(1, sizeof(*call));
	*call = (struct rv_bus_call){
		.bus = to->bus, .from = m->from, .from_lives = m->from_lives, .id = m->id
	};
	memcpy(call->method, m->name, sizeof(call->method));
	rv_list_add_tail(&to->bus->calls, &call->link);
	h->fn(h->arg, call, rv_strn(m->body, m->len));
}

static void on_reply(struct vw_proc *to, const struct message *m)
{
	struct rv_list *link;

	rv_list_for_each (link, &to->bus->pending) {
		struct pending *p = RV_CONTAINER_OF(link, struct pending, link);

		if (p->id != m->id)
			continue;
		pending_end(p, m->status, rv_strn(m->body, m->len));
		return;
	}
}

static void deliver(const struct message *m)
{
	struct rv_bus *bus = m->to->bus;
	const struct handler *h;

	switch (m->kind) {
	case REQUEST:
		on_request(m->to, m);
		break;
	case REPLY:
		on_reply(m->to, m);
		break;
	case EVENT:
		h = find(bus->topics, bus->topic_count, m->name);
		if (h != NULL)
			h->event(h->arg, m->from->name, rv_strn(m->body, m->len));
		break;
	case LINK:
		if (bus->link != NULL)
			bus->link(bus->link_arg, m->from->name, m->from->instance, m->status != 0);
		break;
	}
}

static void message_due(void *arg)
{
	struct message *m = arg;
	struct rv_virtual *before;

	if (m->to->life == VW_UP && m->to->lives == m->to_lives && !m->to->is_dead) {
		before = vw_proc_enter(m->to);
		deliver(m);
		vw_proc_leave(m->to, before);
	} else if (m->kind == REQUEST && m->from->machine == m->to->machine &&
		   m->from->life == VW_UP && m->from->lives == m->from_lives) {
		/* The link broke with it in its queue. */
		struct message gone = { .kind = REPLY,
					.from = m->to,
					.to = m->from,
					.to_lives = m->from_lives,
					.id = m->id,
					.status = RV_ECLOSED };

		before = vw_proc_enter(m->from);
		on_reply(m->from, &gone);
		vw_proc_leave(m->from, before);
	}
}

/* -- the rest ------------------------------------------------------------------------------- */

static int put(struct handler *list, size_t *count, const char *name, struct handler **out)
{
	if (find(list, *count, name) != NULL)
		return RV_EEXISTS;
	if (*count == SERVE_MAX)
		return RV_ELIMIT;
	*out = &list[(*count)++];
	rv_str_copy(rv_str(name), (*out)->name, sizeof((*out)->name));
	return RV_OK;
}

int rv_bus_serve(struct rv_bus *bus, const char *method, rv_bus_serve_fn fn, void *arg)
{
	struct handler *h;
	int err = put(bus->methods, &bus->method_count, method, &h);

	if (err == RV_OK) {
		h->fn = fn;
		h->arg = arg;
	}
	return err;
}

int rv_bus_subscribe(struct rv_bus *bus, const char *topic, rv_bus_event_fn fn, void *arg)
{
	struct handler *h;
	int err = put(bus->topics, &bus->topic_count, topic, &h);

	if (err == RV_OK) {
		h->event = fn;
		h->arg = arg;
	}
	return err;
}

void rv_bus_on_link(struct rv_bus *bus, rv_bus_link_fn fn, void *arg)
{
	bus->link = fn;
	bus->link_arg = arg;
}

void rv_bus_publish(struct rv_bus *bus, const char *topic, struct rv_str body)
{
	struct vw_site *site = bus->proc->site;

	for (size_t i = 0; i < site->proc_count; i++) {
		struct message m = { .kind = EVENT, .to = &site->procs[i] };

		rv_str_copy(rv_str(topic), m.name, sizeof(m.name));
		if (m.to != bus->proc && m.to->life == VW_UP)
			send_message(bus->proc, &m, body);
	}
}

/* -- life ----------------------------------------------------------------------------------- */

struct rv_bus *vw_bus_new(struct vw_proc *proc)
{
	struct rv_bus *bus = vw_alloc(1, sizeof(*bus));

	bus->proc = proc;
	rv_list_init(&bus->pending);
	rv_list_init(&bus->calls);
	return bus;
}

void vw_bus_link(struct vw_proc *proc, bool is_up)
{
	struct vw_site *site = proc->site;

	for (size_t i = 0; i < site->proc_count; i++) {
		struct vw_proc *other = &site->procs[i];
		struct message here = { .kind = LINK, .to = other, .status = is_up };
		struct message there = { .kind = LINK, .to = proc, .status = is_up };

		if (other == proc || other->life != VW_UP)
			continue;
		if (is_up) {
			send_message(proc, &here, (struct rv_str){ 0 });
			send_message(other, &there, (struct rv_str){ 0 });
		} else if (can_hear(other, proc)) {
			/* The kernel tells it: the dead cannot. */
			here.to = other;
			here.from = proc;
			struct rv_virtual *before = vw_proc_enter(other);

			if (other->bus->link != NULL)
				other->bus->link(other->bus->link_arg, proc->name, proc->instance,
						 false);
			vw_proc_leave(other, before);
		}
	}
}

/* Somebody who is still there hears that its answer will not come. */
static void tell_gone(struct rv_bus_call *call)
{
	struct vw_proc *from = call->from;
	struct rv_list *link;

	if (from->life != VW_UP || from->lives != call->from_lives ||
	    !can_hear(call->bus->proc, from))
		return;
	rv_list_for_each (link, &from->bus->pending) {
		struct pending *p = RV_CONTAINER_OF(link, struct pending, link);

		if (p->id != call->id)
			continue;
		p->status = RV_ECLOSED;
		vw_task_cancel(p->timeout);
		p->timeout = vw_task_post(from, REPLY_GONE_US, timed_out, p, false);
		return;
	}
}

static void fail_now(struct vw_task *task)
{
	struct pending *p = task->arg;

	p->timeout = NULL;
	pending_end(p, RV_ECANCELED, (struct rv_str){ 0 });
}

void vw_bus_end(struct rv_bus *bus, bool is_silent)
{
	struct rv_list *link;

	rv_list_for_each (link, &bus->calls) {
		if (!is_silent)
			tell_gone(RV_CONTAINER_OF(link, struct rv_bus_call, link));
	}
	rv_list_for_each (link, &bus->pending) {
		struct pending *p = RV_CONTAINER_OF(link, struct pending, link);

		vw_task_cancel(p->timeout);
		p->timeout = vw_task_post(bus->proc, 0, fail_now, p, true);
	}
}

void vw_bus_free(struct rv_bus *bus)
{
	struct rv_list *link;

	assert(rv_list_is_empty(&bus->pending)); /* they failed */
	while ((link = rv_list_pop(&bus->calls)) != NULL)
		free(RV_CONTAINER_OF(link, struct rv_bus_call, link));
	free(bus);
}
