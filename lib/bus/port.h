/* port.h - what carries the frames of one link. Private to lib/bus.
 *
 * A driver (local: a socketpair end; to come: nats, sim) makes ports; everything above is the same
 * for all of them. A port keeps frame boundaries and their order, loses none while it lives, and
 * calls its events from the loop only, never from inside send or close.
 */
#ifndef RV_BUS_PORT_H
#define RV_BUS_PORT_H

#include <uv.h>

#include "base/err.h"
#include "base/str.h"

struct rv_bus_port_events {
	void (*on_frame)(void *arg, struct rv_str frame); /* lent during the call */
	void (*on_writable)(void *arg);                   /* after RV_EWANTWRITE */
	void (*on_end)(void *arg, int err); /* the other end is gone, or the carrier failed */
	void (*on_closed)(void *arg);       /* after close: the port no longer exists */
};

struct rv_bus_port {
	const struct rv_bus_port_driver *driver;
	const struct rv_bus_port_events *events;
	void *arg;
};

struct rv_bus_port_driver {
	/* One frame, head and rest together: all of it or nothing. RV_EWANTWRITE: not now,
	 * on_writable follows. Anything else: the link is over. */
	int (*send)(struct rv_bus_port *port, struct rv_str head, struct rv_str rest);
	/* on_closed is the only event after this; at the next turn of the loop. */
	void (*close)(struct rv_bus_port *port);
};

/* local.c. Owns fd, also on failure; rx holds one frame and may be shared by ports of one loop.
 * RV_EINVALID: fd is not a SOCK_SEQPACKET socket; -errno. */
int rv_bus_local_open(uv_loop_t *loop, int fd, char *rx, const struct rv_bus_port_events *events,
		      void *arg, struct rv_bus_port **out) RV_MUSTCHECK;

#endif
