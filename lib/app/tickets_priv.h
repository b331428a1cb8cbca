/* tickets_priv.h - the supervisor's keys of TLS session tickets: made here, rotated here.
 *
 *   {current, previous, next} --rotation--> {next, current, fresh}     (tls/tickets.h)
 *
 * Every duty knows `next` for a whole rotation before tickets are sealed with it.
 */
#ifndef RV_APP_TICKETS_PRIV_H
#define RV_APP_TICKETS_PRIV_H

#include "base/str.h"
#include "tls/tickets.h"

/* The ring alone: pure but for the random bytes. */
struct rv_ticket_ring {
	uint8_t keys[RV_TLS_TICKET_SET_MAX];
};

void rv_ticket_ring_init(struct rv_ticket_ring *ring);
void rv_ticket_ring_rotate(struct rv_ticket_ring *ring);
struct rv_str rv_ticket_ring_bytes(const struct rv_ticket_ring *ring); /* lent */
void rv_ticket_ring_wipe(struct rv_ticket_ring *ring);

#endif
