#include "app/tickets_priv.h"

#include <string.h>

#include "app/supervisor_priv.h"
#include "base/rand.h"
#include "log/log.h"

enum { LEN = RV_TLS_TICKET_KEY_LEN, CURRENT = 0, PREVIOUS = LEN, NEXT = 2 * LEN };

void rv_ticket_ring_init(struct rv_ticket_ring *ring)
{
	rv_rand_secret(ring->keys, sizeof(ring->keys));
}

void rv_ticket_ring_rotate(struct rv_ticket_ring *ring)
{
	memcpy(ring->keys + PREVIOUS, ring->keys + CURRENT, LEN);
	memcpy(ring->keys + CURRENT, ring->keys + NEXT, LEN);
	rv_rand_secret(ring->keys + NEXT, LEN);
}

struct rv_str rv_ticket_ring_bytes(const struct rv_ticket_ring *ring)
{
	return rv_strn(ring->keys, sizeof(ring->keys));
}

void rv_ticket_ring_wipe(struct rv_ticket_ring *ring)
{
	explicit_bzero(ring->keys, sizeof(ring->keys));
}

/* A duty that does not read its control socket has the next key already: it can wait a rotation. */
static void send_tickets(struct rv_sv *sv)
{
	const struct rv_control_msg msg = { .kind = RV_CONTROL_TICKETS,
					    .body = rv_ticket_ring_bytes(&sv->tickets) };

	for (size_t i = 0; i < sv->child_count; i++) {
		struct rv_sv_child *child = &sv->children[i];
		int err;

		if (!child->spec->wants_tickets || child->control == NULL)
			continue;
		err = rv_control_chan_send(child->control, &msg);
		if (err != RV_OK)
			rv_log(RV_LOG_WARN, "app.tickets.not_sent",
			       RV_KS("child", child->spec->name),
			       RV_KI("instance", child->instance),
			       RV_KS("error", rv_err_name(err)));
	}
}

static void on_rotation(uv_timer_t *timer)
{
	struct rv_sv *sv = timer->data;

	rv_ticket_ring_rotate(&sv->tickets);
	send_tickets(sv);
	rv_log(RV_LOG_INFO, "app.tickets.rotated");
}

void rv_sv_tickets_schedule(struct rv_sv *sv)
{
	int64_t period_us = rv_conf_int(rv_conf_get(sv->conf, "reeve", NULL), "ticket_rotation");
	uint64_t ms = (uint64_t)(period_us / 1000);

	if (!uv_is_active((uv_handle_t *)&sv->ticket_timer) ||
	    uv_timer_get_repeat(&sv->ticket_timer) != ms)
		uv_timer_start(&sv->ticket_timer, on_rotation, ms, ms);
}
