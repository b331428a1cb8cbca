/* link.h - one end of a bus link as a pure state machine. Private to lib/bus.
 *
 *   messages --push--> [ready] --take/taken--> frames        frames --input--> whole messages
 *                      [waiting]  long bodies beyond RV_BUS_STREAMS_MAX, in order
 *                      [parked]   long bodies out of credit
 *
 * Bytes and frames in, bytes and messages out: no socket, no clock. Messages whose body fits one
 * frame keep their order; long bodies share the link a frame at a time and are overtaken by short
 * ones. Both directions are bounded: what we queue by RV_BUS_QUEUE_*, what the peer can make us
 * hold by RV_BUS_STREAMS_MAX bodies, RV_BUS_HELD_MAX bytes and the credit given.
 */
#ifndef RV_BUS_LINK_H
#define RV_BUS_LINK_H

#include "base/list.h"
#include "bus/bus.h"
#include "bus/frame.h"

enum {
	RV_BUS_STREAMS_MAX = 16,                      /* long bodies under way, each direction */
	RV_BUS_WINDOW = 256 * 1024,                   /* bytes of credit a body may have unused */
	RV_BUS_HELD_MAX = 4 * RV_BUS_BODY_MAX,        /* bytes of bodies being put together */
	RV_BUS_QUEUE_BYTES_MAX = 2 * RV_BUS_BODY_MAX, /* bytes not yet sent */
	RV_BUS_QUEUE_MAX = 16384, /* messages not yet sent; twice that for replies
				   * and control */
};

/* A message on its way out. */
struct rv_bus_out {
	struct rv_list link;        /* in ready, waiting or parked */
	struct rv_bus_out **handle; /* the pusher's pointer to this; NULL = none */
	struct rv_bus_frame head;   /* name and body point behind this struct */
	size_t size;                /* bytes of memory, for queued_bytes */
	uint32_t granted;           /* bytes of a long body the peer allows in all */
	uint32_t sent;
	bool is_opened; /* the first frame has left */
};

/* A long body on its way in. */
struct rv_bus_in {
	struct rv_bus_frame head; /* .stream == 0: this place is free */
	char name[RV_BUS_NAME_MAX];
	char *data; /* NULL until admitted */
	uint32_t granted;
	uint32_t got;
	uint32_t turn; /* order of arrival */
};

struct rv_bus_link {
	struct rv_list ready;
	struct rv_list waiting;
	struct rv_list parked;
	struct rv_bus_out *streams[RV_BUS_STREAMS_MAX];
	unsigned queued;
	size_t queued_bytes;
	uint32_t last_stream;

	struct rv_bus_in in[RV_BUS_STREAMS_MAX];
	size_t held_bytes;
	uint32_t last_turn;
	struct rv_bus_in *complete; /* lent out by input */
};

void rv_bus_link_init(struct rv_bus_link *link);
void rv_bus_link_deinit(struct rv_bus_link *link); /* handles become NULL */

/* Queue a message; stream and total of `head` are filled here, name and body copied. *handle (may
 * be NULL) points at it until its last byte was taken, then becomes NULL. RV_EBUSY (over
 * RV_BUS_QUEUE_*; messages without body may pass the limit of bytes), RV_ELIMIT (body over
 * RV_BUS_BODY_MAX), -ENOMEM. */
int rv_bus_link_push(struct rv_bus_link *link, const struct rv_bus_frame *head,
		     struct rv_bus_out **handle) RV_MUSTCHECK;

/* Give a message up that push has set a handle for: silently when none of it has left, else by a
 * STOP. */
void rv_bus_link_withdraw(struct rv_bus_link *link, struct rv_bus_out *out);
/* The same for the long answer to request `id`, if there is one. */
void rv_bus_link_withdraw_reply(struct rv_bus_link *link, uint32_t id);

/* The next frame to send; false when there is none. The same one again until taken is called. */
bool rv_bus_link_take(const struct rv_bus_link *link, struct rv_bus_frame *out);
void rv_bus_link_taken(struct rv_bus_link *link);

/* Feed one frame of the peer (untrusted). RV_OK: *out is a whole message of any kind but MORE,
 * CREDIT and STOP; it is lent until release (or, short, as long as `data`). RV_EMORE: used, nothing
 * to tell yet. Anything else is the peer's fault or -ENOMEM and ends the link: RV_ESYNTAX,
 * RV_EVERSION, RV_ELIMIT (a limit or the credit passed), RV_EBUSY (the peer does not read our
 * credits). */
int rv_bus_link_input(struct rv_bus_link *link, struct rv_str data,
		      struct rv_bus_frame *out) RV_MUSTCHECK;
/* The message was used; admits the next body that waits for room. As input: RV_OK or ends the link.
 */
int rv_bus_link_release(struct rv_bus_link *link) RV_MUSTCHECK;

#endif
