#include "bus/bus_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rand.h"
#include "base/time.h"

enum { DEADLINES_PER_TURN = 256 }; /* then the other handles of the loop get their turn */

void rv_bus_name_set(struct rv_bus_name *name, struct rv_str text)
{
	bool fits = rv_str_copy(text, name->text, sizeof(name->text));

	assert(fits);
}

static struct rv_str handler_key(const void *item)
{
	return rv_str(((const struct rv_bus_handler *)item)->name.text);
}

/* -- time --------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

void rv_bus_kick(struct rv_bus *bus)
{
	if (!bus->is_freed)
		uv_timer_start(&bus->timer, on_timer, 0, 0);
}

static void arm(struct rv_bus *bus)
{
	int64_t next_us = rv_wheel_next_us(&bus->wheel);
	int64_t wait_us;

	if (bus->is_freed)
		return;
	if (next_us == INT64_MAX) {
		uv_timer_stop(&bus->timer);
		return;
	}
	wait_us = next_us - rv_time_boot_us();
	if (wait_us < 0)
		wait_us = 0;
	uv_update_time(bus->loop);
	uv_timer_start(&bus->timer, on_timer,
		       (uint64_t)((wait_us + RV_US_PER_MS - 1) / RV_US_PER_MS), 0);
}

static struct rv_bus_peer *find_broken(struct rv_bus *bus)
{
	struct rv_list *it;

	rv_list_for_each (it, &bus->peers) {
		struct rv_bus_peer *peer = RV_CONTAINER_OF(it, struct rv_bus_peer, link);

		if (peer->broken != RV_OK)
			return peer;
	}
	return NULL;
}

static void on_timer(uv_timer_t *timer)
{
	struct rv_bus *bus = RV_CONTAINER_OF(timer, struct rv_bus, timer);
	struct rv_bus_peer *peer;
	unsigned fired;

	while ((peer = find_broken(bus)) != NULL)
		rv_bus_peer_end(peer, peer->broken);
	fired = rv_wheel_advance(&bus->wheel, rv_time_boot_us(), DEADLINES_PER_TURN);
	if (fired == DEADLINES_PER_TURN || find_broken(bus) != NULL)
		rv_bus_kick(bus);
	else
		arm(bus);
}

/* -- requests ----------------------------------------------------------------------------- */

void rv_bus_finish_request(struct rv_bus_request *req, int status, struct rv_str body)
{
	struct rv_bus_peer *peer = req->peer;
	rv_bus_reply_fn fn = req->fn;
	void *arg = req->arg;

	rv_wheel_del(&peer->bus->wheel, &req->deadline);
	rv_map_del(&peer->pending, rv_strn(&req->id, sizeof(req->id)));
	rv_list_del(&req->link);
	if (req->out != NULL) {
		rv_bus_link_withdraw(&peer->frames, req->out);
		rv_bus_peer_flush(peer);
	}
	free(req);
	fn(arg, status, body);
}

static void on_deadline(struct rv_timer *timer, int64_t now_us)
{
	struct rv_bus_request *req = RV_CONTAINER_OF(timer, struct rv_bus_request, deadline);
	struct rv_bus_frame cancel = { .kind = RV_BUS_CANCEL, .id = req->id };

	(void)now_us;
	if (req->out == NULL)
		rv_bus_peer_owe(req->peer, &cancel);
	req->peer->bus->stats.timeouts++;
	rv_bus_finish_request(req, RV_ETIMEOUT, (struct rv_str){ 0 });
}

static int send_request(struct rv_bus_peer *peer, const struct rv_bus_request *from,
			const struct rv_bus_frame *head, int64_t timeout_us)
{
	struct rv_bus *bus = peer->bus;
	struct rv_bus_frame frame = *head;
	struct rv_bus_request *req;
	int err;

	if (peer->pending.count >= RV_BUS_PENDING_MAX)
		return RV_EBUSY;
	req = malloc(sizeof(*req));
	if (req == NULL)
		return -ENOMEM;
	*req = *from;
	req->peer = peer;
	do
		req->id = ++peer->last_id;
	while (req->id == 0 ||
	       rv_map_get(&peer->pending, rv_strn(&req->id, sizeof(req->id))) != NULL);
	err = rv_map_put(&peer->pending, req);
	if (err != RV_OK)
		goto fail;
	frame.id = req->id;
	err = rv_bus_peer_send(peer, &frame, &req->out);
	if (err != RV_OK) {
		rv_map_del(&peer->pending, rv_strn(&req->id, sizeof(req->id)));
		goto fail;
	}
	rv_list_add_tail(&peer->asked, &req->link);
	rv_wheel_add(&bus->wheel, &req->deadline, rv_time_boot_us() + timeout_us);
	bus->stats.requests++;
	return RV_OK;

fail:
	free(req);
	return err;
}

int rv_bus_request(struct rv_bus *bus, const char *peer_name, int instance, const char *method,
		   struct rv_str body, int64_t timeout_us, rv_bus_reply_fn fn, void *arg)
{
	struct rv_bus_frame head = { .kind = RV_BUS_REQUEST, .name = rv_str(method), .body = body };
	struct rv_bus_request from = { .deadline.fn = on_deadline, .fn = fn, .arg = arg };
	int64_t next_us = rv_wheel_next_us(&bus->wheel);
	int err = RV_ENOTFOUND;
	struct rv_list *it;

	assert(fn != NULL && timeout_us > 0 && rv_bus_name_ok(head.name));
	rv_list_for_each (it, &bus->peers) {
		struct rv_bus_peer *peer = RV_CONTAINER_OF(it, struct rv_bus_peer, link);

		if (!peer->is_up || strcmp(peer->name.text, peer_name) != 0 ||
		    (instance >= 0 && peer->instance != (unsigned)instance))
			continue;
		err = send_request(peer, &from, &head, timeout_us);
		if (err == RV_EBUSY) /* another instance may have room */
			continue;
		/* The others come first next time. */
		rv_list_del(&peer->link);
		rv_list_add_tail(&bus->peers, &peer->link);
		break;
	}
	if (rv_wheel_next_us(&bus->wheel) < next_us && find_broken(bus) == NULL)
		arm(bus);
	return err;
}

/* -- calls -------------------------------------------------------------------------------- */

void rv_bus_reply(struct rv_bus_call *call, int status, struct rv_str body)
{
	struct rv_bus_frame head = {
		.kind = RV_BUS_REPLY,
		.id = call->id,
		.number = status,
		.body = body,
	};
	struct rv_bus_peer *peer = call->peer;
	int err;

	assert(status <= 0);
	rv_list_del(&call->link);
	if (peer != NULL)
		rv_map_del(&peer->calls, rv_strn(&call->id, sizeof(call->id)));
	if (peer != NULL && !call->is_canceled) {
		err = rv_bus_peer_send(peer, &head, NULL);
		if (err != RV_OK) {
			/* The caller learns why it gets no body. */
			head.number = err;
			head.body = (struct rv_str){ 0 };
			peer->bus->stats.refused++;
			rv_bus_peer_owe(peer, &head);
		}
	}
	free(call);
}

const char *rv_bus_call_peer(const struct rv_bus_call *call, unsigned *out_instance)
{
	if (out_instance != NULL)
		*out_instance = call->peer_instance;
	return call->peer_name.text;
}

static struct rv_bus_handler *add_handler(struct rv_map *map, const char *name, void *arg, int *err)
{
	struct rv_bus_handler *handler = calloc(1, sizeof(*handler));

	assert(rv_bus_name_ok(rv_str(name)));
	*err = -ENOMEM;
	if (handler == NULL)
		return NULL;
	rv_bus_name_set(&handler->name, rv_str(name));
	handler->arg = arg;
	*err = rv_map_put(map, handler);
	if (*err == RV_OK)
		return handler;
	free(handler);
	return NULL;
}

int rv_bus_serve(struct rv_bus *bus, const char *method, rv_bus_serve_fn fn, void *arg)
{
	int err;
	struct rv_bus_handler *handler = add_handler(&bus->methods, method, arg, &err);

	if (handler != NULL)
		handler->serve = fn;
	return err;
}

/* -- events ------------------------------------------------------------------------------- */

int rv_bus_subscribe(struct rv_bus *bus, const char *topic, rv_bus_event_fn fn, void *arg)
{
	struct rv_bus_frame subscribe = { .kind = RV_BUS_SUBSCRIBE, .name = rv_str(topic) };
	struct rv_bus_handler *handler;
	struct rv_list *it;
	int err;

	if (bus->topics.count >= RV_BUS_TOPICS_MAX)
		return RV_ELIMIT;
	handler = add_handler(&bus->topics, topic, arg, &err);
	if (handler == NULL)
		return err;
	handler->event = fn;
	rv_list_for_each (it, &bus->peers)
		rv_bus_peer_owe(RV_CONTAINER_OF(it, struct rv_bus_peer, link), &subscribe);
	return RV_OK;
}

static bool hears(const struct rv_bus_peer *peer, const char *topic)
{
	for (unsigned i = 0; i < peer->topic_count; i++) {
		if (strcmp(peer->topics[i].text, topic) == 0)
			return true;
	}
	return false;
}

void rv_bus_publish(struct rv_bus *bus, const char *topic, struct rv_str body)
{
	struct rv_bus_frame event = { .kind = RV_BUS_EVENT, .name = rv_str(topic), .body = body };
	struct rv_list *it;

	assert(rv_bus_name_ok(event.name));
	rv_list_for_each (it, &bus->peers) {
		struct rv_bus_peer *peer = RV_CONTAINER_OF(it, struct rv_bus_peer, link);

		if (hears(peer, topic) && rv_bus_peer_send(peer, &event, NULL) != RV_OK)
			bus->stats.dropped_events++;
	}
}

/* -- life --------------------------------------------------------------------------------- */

void rv_bus_on_link(struct rv_bus *bus, rv_bus_link_fn fn, void *arg)
{
	bus->link_fn = fn;
	bus->link_arg = arg;
}

static struct rv_bus_peer *find_peer(struct rv_bus *bus, const char *name, unsigned instance)
{
	struct rv_list *it;

	rv_list_for_each (it, &bus->peers) {
		struct rv_bus_peer *peer = RV_CONTAINER_OF(it, struct rv_bus_peer, link);

		if (peer->instance == instance && strcmp(peer->name.text, name) == 0)
			return peer;
	}
	return NULL;
}

static int attach(struct rv_bus *bus, const char *peer_name, unsigned instance, int fd,
		  char *may_call)
{
	struct rv_bus_peer *old;
	int err = RV_EINVALID;

	if (!rv_bus_name_ok(rv_str(peer_name)) || instance > INT32_MAX)
		goto fail;
	while ((old = find_peer(bus, peer_name, instance)) != NULL)
		rv_bus_peer_end(old, RV_ECLOSED);
	err = RV_ECANCELED;
	if (bus->is_freed) /* by a callback of the old link */
		goto fail;
	return rv_bus_peer_open(bus, peer_name, instance, fd, may_call);
fail:
	free(may_call);
	close(fd);
	return err;
}

int rv_bus_attach(struct rv_bus *bus, const char *peer_name, unsigned instance, int fd)
{
	return attach(bus, peer_name, instance, fd, NULL);
}

int rv_bus_attach_limited(struct rv_bus *bus, const char *peer_name, unsigned instance, int fd,
			  struct rv_str may_call)
{
	char *copy = calloc(1, may_call.len + 1);

	if (copy == NULL) {
		close(fd);
		return -ENOMEM;
	}
	if (may_call.len > 0)
		memcpy(copy, may_call.ptr, may_call.len);
	return attach(bus, peer_name, instance, fd, copy);
}

int rv_bus_new(uv_loop_t *loop, const char *self, unsigned instance, struct rv_bus **out)
{
	struct rv_bus *bus;
	int err;

	if (!rv_bus_name_ok(rv_str(self)) || instance > INT32_MAX)
		return RV_EINVALID;
	bus = calloc(1, sizeof(*bus));
	if (bus == NULL)
		return -ENOMEM;
	err = uv_timer_init(loop, &bus->timer);
	if (err != 0) {
		free(bus);
		return err;
	}
	bus->loop = loop;
	bus->instance = instance;
	rv_bus_name_set(&bus->self, rv_str(self));
	rv_rand_secret(&bus->seed, sizeof(bus->seed));
	rv_wheel_init(&bus->wheel, rv_time_boot_us());
	rv_map_init(&bus->methods, handler_key, bus->seed);
	rv_map_init(&bus->topics, handler_key, bus->seed);
	rv_list_init(&bus->peers);
	rv_list_init(&bus->ending);
	rv_list_init(&bus->calls);
	*out = bus;
	return RV_OK;
}

static void free_handlers(struct rv_map *map)
{
	struct rv_bus_handler *handler;

	for (size_t i = 0; (handler = rv_map_next(map, &i)) != NULL;)
		free(handler);
	rv_map_deinit(map);
}

void rv_bus_unref(struct rv_bus *bus)
{
	if (!bus->is_timer_closed || bus->ports > 0)
		return;
	free_handlers(&bus->methods);
	free_handlers(&bus->topics);
	free(bus);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct rv_bus *bus = RV_CONTAINER_OF((uv_timer_t *)handle, struct rv_bus, timer);

	bus->is_timer_closed = true;
	rv_bus_unref(bus);
}

void rv_bus_free(struct rv_bus *bus)
{
	struct rv_list *it;

	if (bus == NULL)
		return;
	bus->is_freed = true;
	while (!rv_list_is_empty(&bus->peers))
		rv_bus_peer_end(RV_CONTAINER_OF(bus->peers.next, struct rv_bus_peer, link),
				RV_ECANCELED);
	/* A callback of a link that ends may have led here: its other requests end now, too. */
	rv_list_for_each (it, &bus->ending)
		rv_bus_peer_fail_pending(RV_CONTAINER_OF(it, struct rv_bus_peer, link),
					 RV_ECANCELED);
	while ((it = rv_list_pop(&bus->calls)) != NULL)
		free(RV_CONTAINER_OF(it, struct rv_bus_call, link));
	uv_close((uv_handle_t *)&bus->timer, on_timer_closed);
}

void rv_bus_stats(const struct rv_bus *bus, struct rv_bus_stats *out)
{
	*out = bus->stats;
}
