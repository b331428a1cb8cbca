#include "bus/bus_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/log.h"

static struct rv_str pending_key(const void *item)
{
	return rv_strn(&((const struct rv_bus_request *)item)->id, sizeof(uint32_t));
}

static struct rv_str call_key(const void *item)
{
	return rv_strn(&((const struct rv_bus_call *)item)->id, sizeof(uint32_t));
}

/* -- out ---------------------------------------------------------------------------------- */

static void break_soon(struct rv_bus_peer *peer, int err)
{
	peer->broken = err;
	rv_bus_kick(peer->bus);
}

void rv_bus_peer_flush(struct rv_bus_peer *peer)
{
	struct rv_bus_frame frame;

	while (!peer->is_gone && !peer->is_blocked && peer->broken == RV_OK &&
	       rv_bus_link_take(&peer->frames, &frame)) {
		uint8_t head[RV_BUS_HEAD_MAX];
		size_t len = rv_bus_frame_head(&frame, head);
		int err = peer->port->driver->send(peer->port, rv_strn(head, len), frame.body);

		if (err == RV_EWANTWRITE) {
			peer->is_blocked = true;
		} else if (err != RV_OK) {
			break_soon(peer, err);
		} else {
			rv_bus_link_taken(&peer->frames);
			peer->bus->stats.frames_out++;
		}
	}
}

int rv_bus_peer_send(struct rv_bus_peer *peer, const struct rv_bus_frame *head,
		     struct rv_bus_out **handle)
{
	int err = rv_bus_link_push(&peer->frames, head, handle);

	if (err == RV_OK)
		rv_bus_peer_flush(peer);
	return err;
}

void rv_bus_peer_owe(struct rv_bus_peer *peer, const struct rv_bus_frame *head)
{
	int err = rv_bus_peer_send(peer, head, NULL);

	if (err != RV_OK)
		break_soon(peer, err);
}

/* -- messages ----------------------------------------------------------------------------- */

static int add_topic(struct rv_bus_peer *peer, struct rv_str topic)
{
	if (!rv_bus_name_ok(topic))
		return RV_ESYNTAX;
	if (peer->topic_count == RV_BUS_TOPICS_MAX)
		return RV_ELIMIT;
	rv_bus_name_set(&peer->topics[peer->topic_count++], topic);
	return RV_OK;
}

static int on_hello(struct rv_bus_peer *peer, const struct rv_bus_frame *msg)
{
	struct rv_str rest = msg->body;

	if (!rv_str_is(msg->name, peer->name.text) || (unsigned)msg->number != peer->instance)
		return RV_EDENIED;
	while (rest.len > 0) {
		size_t end = rv_str_find(rest, '\n');
		int err = add_topic(peer, rv_str_sub(rest, 0, end));

		if (err != RV_OK)
			return err;
		rest = rv_str_sub(rest, end + 1, rest.len);
	}
	peer->is_up = true;
	if (peer->bus->link_fn != NULL)
		peer->bus->link_fn(peer->bus->link_arg, peer->name.text, peer->instance, true);
	return RV_OK;
}

static void refuse(struct rv_bus_peer *peer, uint32_t id, int status)
{
	struct rv_bus_frame reply = { .kind = RV_BUS_REPLY, .id = id, .number = status };

	peer->bus->stats.refused++;
	rv_bus_peer_owe(peer, &reply);
}

static bool may_call(const struct rv_bus_peer *peer, struct rv_str method)
{
	struct rv_str rest = rv_str(peer->may_call);

	while (rest.len > 0) {
		size_t end = rv_str_find(rest, '\n');

		if (rv_str_eq(rv_str_sub(rest, 0, end), method))
			return true;
		rest = rv_str_sub(rest, end + 1, rest.len);
	}
	return peer->may_call == NULL;
}

static int on_request(struct rv_bus_peer *peer, const struct rv_bus_frame *msg)
{
	struct rv_bus_handler *method = rv_map_get(&peer->bus->methods, msg->name);
	struct rv_bus_call *call;
	int err;

	if (!may_call(peer, msg->name)) {
		rv_log(RV_LOG_ERROR, "bus.request.denied", RV_KS("peer", peer->name.text),
		       RV_KI("instance", peer->instance), RV_KV("method", msg->name));
		refuse(peer, msg->id, RV_EDENIED);
		return RV_OK;
	}
	if (method == NULL) {
		refuse(peer, msg->id, RV_EUNSUPPORTED);
		return RV_OK;
	}
	if (peer->calls.count >= RV_BUS_CALLS_MAX) {
		refuse(peer, msg->id, RV_EBUSY);
		return RV_OK;
	}
	call = calloc(1, sizeof(*call));
	if (call == NULL)
		return -ENOMEM;
	call->id = msg->id;
	call->peer = peer;
	call->peer_name = peer->name;
	call->peer_instance = peer->instance;
	err = rv_map_put(&peer->calls, call);
	if (err != RV_OK) {
		free(call);
		return err == RV_EEXISTS ? RV_ESYNTAX : err;
	}
	rv_list_add_tail(&peer->bus->calls, &call->link);
	method->serve(method->arg, call, msg->body);
	return RV_OK;
}

static int on_reply(struct rv_bus_peer *peer, const struct rv_bus_frame *msg)
{
	struct rv_bus_request *req = rv_map_get(&peer->pending, rv_strn(&msg->id, sizeof(msg->id)));

	if (req == NULL) {
		peer->bus->stats.late_replies++;
		return RV_OK;
	}
	if (req->out != NULL) /* an answer to a question not yet asked in full */
		return RV_ESYNTAX;
	peer->bus->stats.replies++;
	rv_bus_finish_request(req, msg->number, msg->body);
	return RV_OK;
}

static void on_event(struct rv_bus_peer *peer, const struct rv_bus_frame *msg)
{
	struct rv_bus_handler *topic = rv_map_get(&peer->bus->topics, msg->name);

	if (topic != NULL)
		topic->event(topic->arg, peer->name.text, msg->body);
}

static void on_cancel(struct rv_bus_peer *peer, const struct rv_bus_frame *msg)
{
	struct rv_bus_call *call = rv_map_get(&peer->calls, rv_strn(&msg->id, sizeof(msg->id)));

	if (call != NULL)
		call->is_canceled = true; /* it counts until it is answered */
	else
		rv_bus_link_withdraw_reply(&peer->frames, msg->id);
}

static int dispatch(struct rv_bus_peer *peer, const struct rv_bus_frame *msg)
{
	if (peer->is_up == (msg->kind == RV_BUS_HELLO))
		return RV_ESYNTAX;
	switch (msg->kind) {
	case RV_BUS_HELLO:
		return on_hello(peer, msg);
	case RV_BUS_SUBSCRIBE:
		return add_topic(peer, msg->name);
	case RV_BUS_REQUEST:
		return on_request(peer, msg);
	case RV_BUS_REPLY:
		return on_reply(peer, msg);
	case RV_BUS_EVENT:
		on_event(peer, msg);
		return RV_OK;
	case RV_BUS_CANCEL:
		on_cancel(peer, msg);
		return RV_OK;
	case RV_BUS_MORE:
	case RV_BUS_CREDIT:
	case RV_BUS_STOP:
		break; /* the link keeps these to itself */
	}
	return RV_ESYNTAX;
}

/* -- the port's events -------------------------------------------------------------------- */

static void on_frame(void *arg, struct rv_str data)
{
	struct rv_bus_peer *peer = arg;
	struct rv_bus_frame msg;
	int err;

	peer->bus->stats.frames_in++;
	err = rv_bus_link_input(&peer->frames, data, &msg);
	if (err == RV_OK) {
		err = dispatch(peer, &msg);
		if (peer->is_gone) /* a callback ended it */
			return;
		if (err == RV_OK)
			err = rv_bus_link_release(&peer->frames);
	} else if (err == RV_EMORE) {
		err = RV_OK;
	}
	if (err != RV_OK)
		rv_bus_peer_end(peer, err);
	else
		rv_bus_peer_flush(peer); /* credits */
}

static void on_writable(void *arg)
{
	struct rv_bus_peer *peer = arg;

	peer->is_blocked = false;
	rv_bus_peer_flush(peer);
}

static void on_end(void *arg, int err)
{
	rv_bus_peer_end(arg, err);
}

static void on_closed(void *arg)
{
	struct rv_bus_peer *peer = arg;
	struct rv_bus *bus = peer->bus;

	rv_bus_link_deinit(&peer->frames);
	rv_map_deinit(&peer->pending);
	rv_map_deinit(&peer->calls);
	free(peer->topics);
	free(peer->may_call);
	free(peer);
	bus->ports--;
	rv_bus_unref(bus);
}

static const struct rv_bus_port_events port_events = {
	.on_frame = on_frame,
	.on_writable = on_writable,
	.on_end = on_end,
	.on_closed = on_closed,
};

/* -- life --------------------------------------------------------------------------------- */

static void send_hello(struct rv_bus_peer *peer)
{
	struct rv_bus *bus = peer->bus;
	char topics[RV_BUS_TOPICS_MAX * (RV_BUS_NAME_MAX + 1)];
	struct rv_bus_frame hello = {
		.kind = RV_BUS_HELLO,
		.number = (int32_t)bus->instance,
		.name = rv_str(bus->self.text),
	};
	struct rv_bus_handler *topic;
	size_t len = 0;

	for (size_t i = 0; (topic = rv_map_next(&bus->topics, &i)) != NULL;) {
		struct rv_str name = rv_str(topic->name.text);

		memcpy(topics + len, name.ptr, name.len);
		len += name.len;
		topics[len++] = '\n';
	}
	hello.body = rv_strn(topics, len);
	rv_bus_peer_owe(peer, &hello);
}

int rv_bus_peer_open(struct rv_bus *bus, const char *name, unsigned instance, int fd,
		     char *may_call)
{
	struct rv_bus_peer *peer = calloc(1, sizeof(*peer));
	int err = -ENOMEM;

	if (peer != NULL)
		peer->topics = calloc(RV_BUS_TOPICS_MAX, sizeof(*peer->topics));
	if (peer == NULL || peer->topics == NULL) {
		close(fd);
		goto fail;
	}
	err = rv_bus_local_open(bus->loop, fd, bus->rx, &port_events, peer, &peer->port);
	if (err != RV_OK)
		goto fail;
	peer->bus = bus;
	rv_bus_name_set(&peer->name, rv_str(name));
	peer->instance = instance;
	peer->may_call = may_call;
	rv_bus_link_init(&peer->frames);
	rv_map_init(&peer->pending, pending_key, bus->seed);
	rv_map_init(&peer->calls, call_key, bus->seed);
	rv_list_init(&peer->asked);
	rv_list_add_tail(&bus->peers, &peer->link);
	bus->ports++;
	bus->stats.links++;
	send_hello(peer);
	return RV_OK;

fail:
	if (peer != NULL)
		free(peer->topics);
	free(peer);
	free(may_call);
	return err;
}

static void log_end(const struct rv_bus_peer *peer, int err)
{
	/* A peer that closes is ordinary life; anything else is somebody's bug. */
	if (err == RV_OK || err == RV_ECLOSED || err == RV_ECANCELED)
		rv_log(RV_LOG_DEBUG, "bus.link.closed", RV_KS("peer", peer->name.text),
		       RV_KI("instance", peer->instance));
	else
		rv_log(RV_LOG_ERROR, "bus.link.broken", RV_KS("peer", peer->name.text),
		       RV_KI("instance", peer->instance), RV_KS("error", rv_err_name(err)));
}

void rv_bus_peer_fail_pending(struct rv_bus_peer *peer, int status)
{
	while (!rv_list_is_empty(&peer->asked))
		rv_bus_finish_request(
			RV_CONTAINER_OF(peer->asked.next, struct rv_bus_request, link), status,
			(struct rv_str){ 0 });
}

void rv_bus_peer_end(struct rv_bus_peer *peer, int err)
{
	struct rv_bus *bus = peer->bus;
	int status = err == RV_ECANCELED ? RV_ECANCELED : RV_ECLOSED;
	struct rv_bus_call *call;

	assert(!peer->is_gone);
	peer->is_gone = true;
	rv_list_del(&peer->link);
	rv_list_add_tail(&bus->ending, &peer->link);
	bus->stats.links--;
	peer->port->driver->close(peer->port);
	log_end(peer, err);
	for (size_t i = 0; (call = rv_map_next(&peer->calls, &i)) != NULL;)
		call->peer = NULL;
	rv_bus_peer_fail_pending(peer, status);
	rv_list_del(&peer->link);
	if (peer->is_up && bus->link_fn != NULL && !bus->is_freed)
		bus->link_fn(bus->link_arg, peer->name.text, peer->instance, false);
}
