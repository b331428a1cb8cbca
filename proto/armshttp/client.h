/* client.h - HTTP as the device library speaks it: request builder, answer parser.
 *
 * Requests are byte for byte those of the original client (spec 2.2). Head and body are two
 * pieces because the original makes two writes, hence two TLS records:
 *
 *   shape A   rv_armshttp_put_head_a(..., body_bytes)   then the body as it is
 *   shape B   rv_armshttp_put_head_b(...)               then put_chunk* put_last_chunk
 *
 * Answers are read leniently (spec appendix D): any header case, bare LF, any number of
 * chunks with extensions and leading zeros, any HTTP version; interim 1xx answers are skipped
 * and Content-Length is not looked at: the message ends where its XML ends, or with the
 * last chunk, or with the connection.
 *
 * Sans-I/O, no shared state: one parser per exchange, any thread.
 */
#ifndef RV_PROTO_ARMSHTTP_CLIENT_H
#define RV_PROTO_ARMSHTTP_CLIENT_H

#include "base/buf.h"
#include "proto/armshttp/framing.h"
#include "proto/armshttp/url.h"

enum { RV_ARMSHTTP_ANSWER_LINES_MAX = 128 }; /* header lines, interim answers included */

/* Failures of the put functions stick in out->err. The Authorization value is a secret: use a
 * buffer with `wipe`. */
void rv_armshttp_put_head_a(struct rv_buf *out, const struct rv_armshttp_url *url,
			    struct rv_str user, struct rv_str password, size_t body_bytes);
void rv_armshttp_put_head_b(struct rv_buf *out, const struct rv_armshttp_url *url,
			    struct rv_str user, struct rv_str password);
/* Size line, data and line end in one piece. Appends nothing for empty data: a chunk of
 * size 0 would end the message. */
void rv_armshttp_put_chunk(struct rv_buf *out, struct rv_str data);
void rv_armshttp_put_last_chunk(struct rv_buf *out);

struct rv_armshttp_answer {
	/* For the caller, from the event HEAD (or the failure RV_EDENIED) on. */
	unsigned status; /* 200 .. 999 */
	bool is_chunked;

	/* Private from here. */
	size_t body_max;
	size_t body_bytes;
	int err;
	unsigned state;
	unsigned line_count;
	struct rv_armshttp_line line;
	struct rv_armshttp_chunks chunks;
};

/* body_max: bytes of decoded body allowed. */
void rv_armshttp_answer_init(struct rv_armshttp_answer *answer, size_t body_max);

/* As rv_armshttp_request_feed. END comes only with the last chunk of a chunked answer;
 * otherwise BODY goes on until the caller has seen enough or the connection ends.
 *   RV_EDENIED  status 400 or above (every status below is a success, as for the original)
 *   RV_ESYNTAX  no HTTP answer, or broken chunks
 *   RV_ELIMIT   header line, number of lines, or body_max
 * Outputs are untouched then and every later call fails alike. */
int rv_armshttp_answer_feed(struct rv_armshttp_answer *answer, struct rv_str in, size_t *used,
			    enum rv_armshttp_event *event, struct rv_str *body) RV_MUSTCHECK;

/* The connection has ended: RV_OK when the body may be complete (whether it is, the XML
 * parser knows), RV_ECLOSED inside the head or inside a chunk. */
int rv_armshttp_answer_finish(const struct rv_armshttp_answer *answer) RV_MUSTCHECK;

#endif
