/* bus.h - how duties talk: publish, subscribe, request with a deadline. Not durable.
 *
 *   proxy.0 ==socketpair== rs        one SOCK_SEQPACKET pair for each two duties that the
 *   proxy.1 ==socketpair== rs        tables (app/duty.h) allow; the supervisor hands out the
 *   http    ==socketpair== rs        ends and reads none of them
 *
 * What must not be lost is never in here: the owner writes it in its store first.
 * Single-threaded: everything runs on one libuv loop. Bodies up to RV_BUS_BODY_MAX travel in
 * frames of <= 64 KiB under credits; every queue is bounded, and a full one gives RV_EBUSY to the
 * caller at once. A peer that goes away fails its pending requests with RV_ECLOSED; requests
 * to a duty that is not there yet fail with RV_ENOTFOUND. Frames of a peer are untrusted: a
 * malformed one ends that link and is logged.
 *
 * Messages whose body fits one frame arrive in the order they were sent; a longer one is
 * overtaken by shorter ones. A link is "there" (round robin, requests, events) once the HELLO of
 * the other end has come, which rv_bus_on_link tells; until then requests give RV_ENOTFOUND.
 * Callbacks run from the loop, from rv_bus_attach (for a link that it replaces) and from
 * rv_bus_free; each may call any function here, rv_bus_free included.
 */
#ifndef RV_BUS_BUS_H
#define RV_BUS_BUS_H

#include <uv.h>

#include "base/err.h"
#include "base/str.h"

enum {
	RV_BUS_FRAME_MAX = 64 * 1024,
	RV_BUS_BODY_MAX = 16 * 1024 * 1024,
	RV_BUS_PENDING_MAX = 4096, /* requests of ours in flight per link */
	RV_BUS_NAME_MAX = 63,      /* duty, method and topic names: [a-z0-9.-] */
};

struct rv_bus;
struct rv_bus_call; /* a request we serve; answered exactly once */

typedef void (*rv_bus_serve_fn)(void *arg, struct rv_bus_call *call, struct rv_str body);
typedef void (*rv_bus_reply_fn)(void *arg, int status, struct rv_str body);
typedef void (*rv_bus_event_fn)(void *arg, const char *from, struct rv_str body);
/* A link came up (true) or went away. */
typedef void (*rv_bus_link_fn)(void *arg, const char *peer, unsigned instance, bool is_up);

/* `self` and `instance` name this duty ("proxy", 1). */
int rv_bus_new(uv_loop_t *loop, const char *self, unsigned instance,
	       struct rv_bus **out) RV_MUSTCHECK;
/* Pending requests of ours end with RV_ECANCELED, before this returns; no callback runs after it.
 * Calls not yet answered are dropped and must not be touched again. The loop must turn once more to
 * give the memory back. */
void rv_bus_free(struct rv_bus *bus);

/* Take over one end of a SOCK_SEQPACKET pair to (peer, instance); a link of that name is replaced.
 * Owns fd, also on failure. RV_EINVALID: bad name, or fd is no such socket; RV_ECANCELED: a
 * callback of the replaced link has freed the bus; -errno. */
int rv_bus_attach(struct rv_bus *bus, const char *peer, unsigned instance, int fd) RV_MUSTCHECK;
/* The same for a peer that is believed no more than it needs: of our methods it may call those
 * named in `may_call`, one a line; any other request of it is refused with RV_EDENIED and logged,
 * also when nobody serves it. */
int rv_bus_attach_limited(struct rv_bus *bus, const char *peer, unsigned instance, int fd,
			  struct rv_str may_call) RV_MUSTCHECK;

/* One handler for each name: RV_EEXISTS. At most 64 topics: RV_ELIMIT. -ENOMEM. A method no longer
 * wanted cannot be taken back. */
int rv_bus_serve(struct rv_bus *bus, const char *method, rv_bus_serve_fn fn,
		 void *arg) RV_MUSTCHECK;
int rv_bus_subscribe(struct rv_bus *bus, const char *topic, rv_bus_event_fn fn,
		     void *arg) RV_MUSTCHECK;
void rv_bus_on_link(struct rv_bus *bus, rv_bus_link_fn fn, void *arg);

/* To any instance of `peer` (round robin), or to one: instance >= 0. timeout_us > 0; body is
 * copied. RV_ENOTFOUND (not there), RV_EBUSY (RV_BUS_PENDING_MAX, or too many bytes unsent, on
 * every instance asked), RV_ELIMIT (body too long), -ENOMEM: fn is not called. RV_OK: fn is called
 * exactly once, never from inside this call; body is lent during fn. status: RV_OK or what
 * rv_bus_reply gave, RV_ETIMEOUT, RV_ECLOSED, RV_ECANCELED, RV_EUNSUPPORTED (nobody serves the
 * method), RV_EDENIED (not for us), RV_EBUSY (the other end has too many calls open, or no room for
 * the answer's body). */
int rv_bus_request(struct rv_bus *bus, const char *peer, int instance, const char *method,
		   struct rv_str body, int64_t timeout_us, rv_bus_reply_fn fn,
		   void *arg) RV_MUSTCHECK;

/* Answer and end the call, also when the caller has gone meanwhile. status 0 or a negative code;
 * body is copied, and replaced by RV_EBUSY or RV_ELIMIT when it cannot be queued. */
void rv_bus_reply(struct rv_bus_call *call, int status, struct rv_str body);
const char *rv_bus_call_peer(const struct rv_bus_call *call, unsigned *out_instance);

/* To every attached peer that subscribed; dropped, and counted, for one whose queue is full. */
void rv_bus_publish(struct rv_bus *bus, const char *topic, struct rv_str body);

struct rv_bus_stats {
	uint64_t frames_in, frames_out, requests, replies, timeouts, refused, dropped_events;
	uint64_t late_replies; /* came after their deadline, dropped */
	uint64_t links;        /* now */
};
void rv_bus_stats(const struct rv_bus *bus, struct rv_bus_stats *out);

#endif
