/* frame.h - the bus on the wire: one frame, to and from bytes. Private to lib/bus.
 *
 *   byte 0          1          2          3
 *       +----------+----------+----------+----------+
 *    0  | version  |   kind   | name len |    0     |
 *       +----------+----------+----------+----------+
 *    4  | id        a request and its reply         |   all numbers big-endian
 *    8  | stream    a body that follows in MOREs    |
 *   12  | number    signed; meaning by kind         |
 *   16  | total     bytes that follow in MOREs      |
 *       +----------+----------+----------+----------+
 *   20  | name (name len bytes), then body up to the end of the frame, <= 64 KiB
 *
 *   kind       id  stream  number        total  name    body
 *   HELLO      -   -       instance      -      duty    topics it hears, one a line
 *   SUBSCRIBE  -   -       -             -      topic   -            one more topic
 *   REQUEST    x   long    -             long   method  short
 *   REPLY      x   long    status <= 0   long   -       short
 *   EVENT      -   long    -             long   topic   short
 *   MORE       -   x       -             -      -       next piece of a long body
 *   CREDIT     -   x       bytes > 0     -      -       -            receiver allows so much more
 *   STOP       -   x       -             -      -       -            sender gave the body up
 *   CANCEL     x   -       -             -      -       -            caller wants no answer now
 *
 * A short body travels in its own frame. A long one leaves its place empty and has stream and
 * total instead; nothing of it moves before the receiver's first CREDIT, so that memory is only
 * ever taken by who agreed to it. What a kind does not use is zero. HELLO is each end's first
 * frame.
 *
 * Pure functions; any thread.
 */
#ifndef RV_BUS_FRAME_H
#define RV_BUS_FRAME_H

#include "base/err.h"
#include "base/str.h"

enum {
	RV_BUS_VERSION = 1,
	RV_BUS_HEAD_LEN = 20,                   /* without the name */
	RV_BUS_HEAD_MAX = RV_BUS_HEAD_LEN + 63, /* with the longest name */
};

enum rv_bus_kind {
	RV_BUS_HELLO = 1,
	RV_BUS_SUBSCRIBE,
	RV_BUS_REQUEST,
	RV_BUS_REPLY,
	RV_BUS_EVENT,
	RV_BUS_MORE,
	RV_BUS_CREDIT,
	RV_BUS_STOP,
	RV_BUS_CANCEL,
};

struct rv_bus_frame {
	enum rv_bus_kind kind;
	uint32_t id;
	uint32_t stream;
	int32_t number;
	uint32_t total;
	struct rv_str name; /* lent */
	struct rv_str body; /* lent */
};

/* `data` is untrusted. RV_EVERSION, RV_ELIMIT (frame or body too long), RV_ESYNTAX (anything
 * else that the tables above do not allow); *out is then untouched. */
int rv_bus_frame_parse(struct rv_str data, struct rv_bus_frame *out) RV_MUSTCHECK;

/* Write the header and the name, not the body; returns the length. `frame` must be valid. */
size_t rv_bus_frame_head(const struct rv_bus_frame *frame, uint8_t out[static RV_BUS_HEAD_MAX]);

/* 1..RV_BUS_NAME_MAX characters of [a-z0-9.-]. */
bool rv_bus_name_ok(struct rv_str name);

#endif
