/* out.h - bytes waiting to be sent, cut into TLS records; pure.
 *
 * What is put in one call comes out as one record if it fits one, else in full records and a
 * rest: a chunk of a tunnel must not be torn (spec/arms-protocol.md 5.2.2). An all-zero struct
 * is empty and owns nothing.
 */
#ifndef RV_NET_OUT_H
#define RV_NET_OUT_H

#include "base/buf.h"

struct rv_net_out {
	struct rv_buf buf; /* frames: 4 bytes of length, then the record */
	size_t head;       /* offset of the first frame */
	size_t bytes;      /* in all records, lengths not counted */
};

void rv_net_out_deinit(struct rv_net_out *out);
/* -ENOMEM, with the queue as before. */
int rv_net_out_put(struct rv_net_out *out, struct rv_str data) RV_MUSTCHECK;
/* The first record, valid until the next call; empty when there is none. */
struct rv_str rv_net_out_front(const struct rv_net_out *out);
void rv_net_out_pop(struct rv_net_out *out); /* there must be one; the last one frees all memory */

#endif
