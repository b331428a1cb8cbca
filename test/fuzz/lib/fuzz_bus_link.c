/* One end of a link between a hostile peer and a busy owner. The input is a script:
 *   'f' len16 frame   the peer sends this        't'  one frame leaves us
 *   's' / 'L'         we queue a short / long request
 *   'w'               we give up the last one queued
 * Whatever comes, the limits of link.h hold, every frame of ours is a valid one, and all memory is
 * given back.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/codec.h"
#include "bus/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char body[100000];

/* A hostile frame ends the link, as it does for the real owner. */
static bool feed(struct rv_bus_link *link, const uint8_t *data, size_t len)
{
	struct rv_bus_frame msg;
	int err = rv_bus_link_input(link, rv_strn(data, len), &msg);

	if (err == RV_OK) {
		assert(msg.stream == 0 && msg.total == 0 && msg.body.len <= RV_BUS_BODY_MAX);
		if (msg.kind == RV_BUS_CANCEL)
			rv_bus_link_withdraw_reply(link, msg.id);
		err = rv_bus_link_release(link);
	}
	assert(link->held_bytes <= RV_BUS_HELD_MAX);
	return err == RV_OK || err == RV_EMORE;
}

static void push(struct rv_bus_link *link, size_t len, struct rv_bus_out **last)
{
	struct rv_bus_frame msg = {
		.kind = RV_BUS_REQUEST,
		.id = 1,
		.name = rv_str("m"),
		.body = rv_strn(body, len),
	};
	int err;

	if (*last != NULL)
		(*last)->handle = NULL;
	*last = NULL;
	err = rv_bus_link_push(link, &msg, last);
	assert(err == RV_OK || err == RV_EBUSY);
	assert(link->queued_bytes <= RV_BUS_QUEUE_BYTES_MAX);
}

static void take(struct rv_bus_link *link)
{
	struct rv_bus_frame frame;
	uint8_t head[RV_BUS_HEAD_MAX];

	if (!rv_bus_link_take(link, &frame))
		return;
	assert(rv_bus_frame_head(&frame, head) + frame.body.len <= RV_BUS_FRAME_MAX);
	rv_bus_link_taken(link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_bus_out *last = NULL;
	struct rv_bus_link link;
	size_t at = 0;

	rv_bus_link_init(&link);
	while (at < size) {
		uint8_t op = data[at++];

		if (op == 'f') {
			size_t len;

			if (size - at < 2)
				break;
			len = rv_be16(data + at);
			at += 2;
			if (len > size - at)
				len = size - at;
			if (!feed(&link, data + at, len))
				break;
			at += len;
		} else if (op == 's' || op == 'L') {
			push(&link, op == 's' ? 5 : sizeof(body), &last);
		} else if (op == 't') {
			take(&link);
		} else if (op == 'w' && last != NULL) {
			rv_bus_link_withdraw(&link, last);
		}
	}
	rv_bus_link_deinit(&link);
	assert(last == NULL && link.queued == 0 && link.queued_bytes == 0 && link.held_bytes == 0);
	return 0;
}
