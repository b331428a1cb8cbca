/* bus_priv.h - peers, requests and calls. Private to lib/bus.
 *
 *   bus.c    the public face: tables of methods and topics, requests, calls, publishing
 *   peer.c   one link's life: up, messages in both directions, end
 */
#ifndef RV_BUS_BUS_PRIV_H
#define RV_BUS_BUS_PRIV_H

#include "base/map.h"
#include "base/wheel.h"
#include "bus/link.h"
#include "bus/port.h"

enum {
	RV_BUS_TOPICS_MAX = 64,  /* that one duty hears */
	RV_BUS_CALLS_MAX = 4096, /* requests of one peer that we have not answered */
};

struct rv_bus_name {
	char text[RV_BUS_NAME_MAX + 1];
};

/* A method we serve, or a topic we hear. */
struct rv_bus_handler {
	struct rv_bus_name name;
	rv_bus_serve_fn serve;
	rv_bus_event_fn event;
	void *arg;
};

/* A link and what depends on it. */
struct rv_bus_peer {
	struct rv_list link; /* in bus->peers, at its end in bus->ending */
	struct rv_bus *bus;
	struct rv_bus_port *port;
	struct rv_bus_name name;
	unsigned instance;
	bool is_up;   /* its HELLO was seen */
	bool is_gone; /* ended; memory stays until the port is closed */
	int broken; /* why it must be ended, found where no callback may run; RV_OK = it must not */
	bool is_blocked; /* waiting for on_writable */
	struct rv_bus_link frames;
	struct rv_map pending; /* struct rv_bus_request by id */
	struct rv_list asked;  /* the same, oldest first */
	struct rv_map calls;   /* struct rv_bus_call by id */
	uint32_t last_id;
	struct rv_bus_name *topics;
	unsigned topic_count;
	char *may_call; /* methods, one a line; NULL = any */
};

/* A request of ours that has no answer yet. */
struct rv_bus_request {
	uint32_t id;         /* key in peer->pending */
	struct rv_list link; /* in peer->asked */
	struct rv_bus_peer *peer;
	struct rv_bus_out *out; /* while not wholly sent */
	struct rv_timer deadline;
	rv_bus_reply_fn fn;
	void *arg;
};

struct rv_bus_call {
	uint32_t id;              /* key in peer->calls */
	bool is_canceled;         /* the caller wants no answer any more */
	struct rv_bus_peer *peer; /* NULL: the caller is gone */
	struct rv_list link;      /* in bus->calls, the only owner until it is answered */
	struct rv_bus_name peer_name;
	unsigned peer_instance;
};

struct rv_bus {
	uv_loop_t *loop;
	uv_timer_t timer; /* for the wheel, and at once for broken peers */
	struct rv_wheel wheel;
	uint64_t seed; /* of the maps */
	struct rv_bus_name self;
	unsigned instance;
	struct rv_map methods;
	struct rv_map topics;
	struct rv_list peers;
	struct rv_list ending; /* peers whose requests are being failed */
	struct rv_list calls;
	rv_bus_link_fn link_fn;
	void *link_arg;
	unsigned ports; /* not yet closed */
	bool is_freed;  /* memory goes with the last handle */
	bool is_timer_closed;
	struct rv_bus_stats stats;
	char rx[RV_BUS_FRAME_MAX];
};

/* bus.c */
void rv_bus_kick(struct rv_bus *bus);  /* run the timer's callback at the next turn of the loop */
void rv_bus_unref(struct rv_bus *bus); /* a handle was closed: free the bus after the last one */
void rv_bus_finish_request(struct rv_bus_request *req, int status, struct rv_str body);
void rv_bus_name_set(struct rv_bus_name *name, struct rv_str text); /* text was checked */

/* peer.c */
/* Owns fd and may_call, also on failure. */
int rv_bus_peer_open(struct rv_bus *bus, const char *name, unsigned instance, int fd,
		     char *may_call) RV_MUSTCHECK;
/* Detach, close, fail what is pending with `err`. Calls back; peer is not to be used afterwards. */
void rv_bus_peer_end(struct rv_bus_peer *peer, int err);
void rv_bus_peer_fail_pending(struct rv_bus_peer *peer, int status); /* calls back */
/* Queue a message and send what can be sent; never calls back. As rv_bus_link_push. */
int rv_bus_peer_send(struct rv_bus_peer *peer, const struct rv_bus_frame *head,
		     struct rv_bus_out **handle) RV_MUSTCHECK;
/* The same for what the peer must get: failure ends the link soon. */
void rv_bus_peer_owe(struct rv_bus_peer *peer, const struct rv_bus_frame *head);
void rv_bus_peer_flush(struct rv_bus_peer *peer); /* send what can be sent; never calls back */

#endif
