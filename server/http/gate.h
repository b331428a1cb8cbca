/* gate.h - what may pass to the HTTP library: requests with exactly one meaning.
 *
 *   bytes of the peer --> gate --> canonical bytes of one request --> (the shell waits for its
 *                          |       answer) --> rv_http_gate_next() --> bytes of the next one
 *                          +--> or a refusal: a status and a reason, then nothing more
 *
 * libmicrohttpd lets request smuggling through (two lengths, length and coding, blanks before the
 * colon, bare line feeds, ...), so nothing reaches it that two readers could read differently.
 * A head passes as a whole when it is complete and right, unchanged but for blanks behind values;
 * a body of known length passes as it is; chunks are written anew without extensions, trailers are
 * checked and dropped.
 * One request at a time: what follows it stays with the caller.
 *
 * Refused: what RFC 9112 (sections 2.2, 3, 5, 6, 7) and RFC 9110 (5.5, 7.2) call malformed, and
 * where they let a server be lenient, that too. An empty line before a request is skipped.
 *
 * Sans-I/O, no clock; input is untrusted; verdict and output do not depend on how the input is cut.
 */
#ifndef RV_SERVER_HTTP_GATE_H
#define RV_SERVER_HTTP_GATE_H

#include "base/buf.h"

enum {
	RV_HTTP_HEAD_MAX = 8192,     /* bytes of a head, its last empty line included */
	RV_HTTP_FIELDS_MAX = 64,     /* header lines; and as many of a trailer */
	RV_HTTP_PARTS_MAX = 64,      /* fields of the query, and cookies; libmicrohttpd keeps each
					in its pool, and falls silent when that is full */
	RV_HTTP_TRAILER_MAX = 4096,  /* bytes of a trailer */
	RV_HTTP_CHUNK_EXT_MAX = 256, /* bytes of one chunk's extensions */
	RV_HTTP_CHUNK_DIGITS = 8,    /* of one chunk size */
};

enum rv_http_gate_state {
	RV_HTTP_GATE_START, /* nothing of a request seen yet */
	RV_HTTP_GATE_HEAD,
	RV_HTTP_GATE_LENGTH, /* in a body of known length */
	RV_HTTP_GATE_CHUNK_SIZE,
	RV_HTTP_GATE_CHUNK_EXT,
	RV_HTTP_GATE_CHUNK_LF, /* the line feed of a size line */
	RV_HTTP_GATE_CHUNK_DATA,
	RV_HTTP_GATE_CHUNK_CR, /* the line end after chunk data */
	RV_HTTP_GATE_CHUNK_END_LF,
	RV_HTTP_GATE_TRAILER,
	RV_HTTP_GATE_DONE,    /* a whole request has passed */
	RV_HTTP_GATE_REFUSED, /* for good */
};

struct rv_http_gate {
	size_t body_max; /* bytes */
	enum rv_http_gate_state state;
	unsigned status;    /* REFUSED: 400, 413, 414, 431 or 505 */
	const char *reason; /* REFUSED: static text */
	struct rv_buf head; /* collected head, or the trailer */
	size_t line;        /* offset in head of the line being read */
	unsigned fields;    /* lines after the first */
	size_t parts;       /* of the query and of cookies */
	bool is_http10;
	bool has_host, has_length, has_chunks, has_authorization;
	uint64_t length; /* of the body, or left of it or of a chunk */
	uint64_t body;   /* bytes in chunks so far */
	unsigned digits; /* of a chunk size, or bytes of its extensions */
};

void rv_http_gate_init(struct rv_http_gate *gate, size_t body_max);
void rv_http_gate_deinit(struct rv_http_gate *gate);

/* Take bytes until the request is complete (DONE), it is refused, or there are no more. *used:
 * bytes taken; what may pass is appended to out. RV_EINVALID: refused, see status and reason;
 * -ENOMEM or out's error: refused too, with status 0. Once DONE, nothing is taken. */
int rv_http_gate_feed(struct rv_http_gate *gate, struct rv_str in, size_t *used,
		      struct rv_buf *out) RV_MUSTCHECK;

void rv_http_gate_next(struct rv_http_gate *gate); /* after DONE */

#endif
