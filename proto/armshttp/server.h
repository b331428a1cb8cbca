/* server.h - HTTP as our servers speak it to devices: request parser, answer builder.
 *
 * A device sends one request per connection, in one of two shapes:
 *
 *   A  POST /path HTTP/1.0 | Content-Type, Content-Length, Authorization | body
 *   B  POST /path HTTP/1.1 | Host, Connection, Content-Type, Transfer-Encoding: chunked,
 *                            Authorization | chunks, each fragment one | 0-chunk
 *
 * Head and body come in separate TLS records, and those in any pieces. The parser takes them
 * as they come and gives events:
 *
 *   RV_ARMSHTTP_MORE*  HEAD  (BODY | MORE)*  END
 *
 * It holds one header line and the decoded head and never allocates. It is strict wherever a
 * length is concerned (duplicate, signed, overflowing or contradicting lengths are errors) and
 * indifferent to what old clients do oddly (Host, Connection and Content-Type are not looked
 * at). Extensions and trailers of chunks are skipped.
 *
 * Sans-I/O, no shared state: one parser per connection, any thread.
 * Source: spec/arms-protocol.md 2.2, 2.3, appendix A; RFC 9112.
 */
#ifndef RV_PROTO_ARMSHTTP_SERVER_H
#define RV_PROTO_ARMSHTTP_SERVER_H

#include "base/buf.h"
#include "proto/armshttp/basic.h"
#include "proto/armshttp/framing.h"
#include "proto/armshttp/url.h"

enum { RV_ARMSHTTP_HEADER_LINES_MAX = 64 };

struct rv_armshttp_head {
	char path[1 + RV_ARMSHTTP_PATH_MAX + 1]; /* begins with '/' */
	unsigned minor;                          /* version 1.minor: 0 or 1 */
	bool is_chunked;                         /* shape B */
	size_t content_length;                   /* bytes; 0 when chunked */
	/* False: no Authorization header, or one that cannot be read; answer 401. */
	bool has_credentials;
	struct rv_armshttp_credentials credentials;
};

struct rv_armshttp_request {
	/* For the caller: head is valid from the event HEAD on. */
	struct rv_armshttp_head head;
	/* After a failure: the HTTP status to answer and one static sentence about it. */
	unsigned status;
	const char *reason;

	/* Private from here. */
	size_t body_max;
	size_t body_bytes;
	int err;
	unsigned state;
	unsigned line_count;
	unsigned seen;
	struct rv_armshttp_line line;
	struct rv_armshttp_chunks chunks;
};

/* body_max: bytes of decoded body allowed. */
void rv_armshttp_request_init(struct rv_armshttp_request *req, size_t body_max);
/* Wipes the credentials. Nothing else is owned. */
void rv_armshttp_request_deinit(struct rv_armshttp_request *req);

/* Feed the next bytes until the first event in them. *used is how many of `in` were taken:
 * call again with the rest, also when the rest is empty, until the event is MORE or END. With
 * MORE all were taken. With BODY, *body points into `in` and is never empty. After END nothing
 * more is taken. A tunnel takes over after HEAD: what follows are its chunks, not read by this
 * parser.
 *
 * Failures, with req->status and req->reason; the outputs are untouched and every later call
 * fails alike:
 *   RV_ESYNTAX      400 malformed, 411 no length
 *   RV_EUNSUPPORTED 405 not POST, 501 another transfer coding, 505 not HTTP/1.0 or 1.1
 *   RV_ELIMIT       413 body, 414 path, 431 header line or number of lines */
int rv_armshttp_request_feed(struct rv_armshttp_request *req, struct rv_str in, size_t *used,
			     enum rv_armshttp_event *event, struct rv_str *body) RV_MUSTCHECK;

/* The whole answer, head and body in one piece for one TLS write: 200, text/xml,
 * Content-Length, Connection: close (spec 2.3). Failures stick in out->err. */
void rv_armshttp_put_answer(struct rv_buf *out, struct rv_str body);

/* The same for a failure: text/plain, `reason` and a newline as body. 401 carries
 * WWW-Authenticate, 405 Allow. status is 400 .. 599; original devices retry on any of them. */
void rv_armshttp_put_error(struct rv_buf *out, unsigned status, const char *reason);

/* Static reason phrase ("Not Found"); never NULL. */
const char *rv_armshttp_status_phrase(unsigned status);

#endif
