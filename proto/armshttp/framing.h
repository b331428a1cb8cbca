/* framing.h - what both directions of HTTP share: header lines and chunks, in any pieces.
 *
 * Building stones of server.h and client.h, public only because those embed them. No
 * allocation. Strict: lines end CRLF and sizes are plain hex. Lenient (for answers of
 * unknown servers): a bare LF ends a line too, and blanks may follow a chunk size.
 * Source: spec/arms-protocol.md 2.3, appendix A and D; RFC 9112 section 7.1.
 */
#ifndef RV_PROTO_ARMSHTTP_FRAMING_H
#define RV_PROTO_ARMSHTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum { RV_ARMSHTTP_LINE_MAX = 1024 }; /* bytes, the line end included */

/* What a parser has to report. */
enum rv_armshttp_event {
	RV_ARMSHTTP_MORE, /* nothing yet; give the next bytes */
	RV_ARMSHTTP_HEAD, /* the head is complete */
	RV_ARMSHTTP_BODY, /* a piece of the body */
	RV_ARMSHTTP_END,  /* the message is complete */
};

struct rv_armshttp_line {
	uint16_t len;
	bool is_lenient;
	bool is_complete; /* the next byte begins a new line */
	char text[RV_ARMSHTTP_LINE_MAX];
};

/* Collect one line. RV_OK: line->text, line->len hold it without its end, *used bytes of `in`
 * were taken, the next call begins a new one. RV_EMORE: all of `in` was taken. RV_ELIMIT: too
 * long. RV_ESYNTAX: a NUL, a CR that does not end the line, or (strict) a bare LF. */
int rv_armshttp_line_feed(struct rv_armshttp_line *line, struct rv_str in,
			  size_t *used) RV_MUSTCHECK;

/* "HTTP/<n>.<n> <code>" and whatever follows a blank; line without its end. RV_ESYNTAX: anything
 * else, or a code outside 100 .. 999. */
int rv_armshttp_status_parse(struct rv_str line, unsigned *out) RV_MUSTCHECK;

struct rv_armshttp_chunks {
	size_t left; /* bytes of the current chunk still to come */
	unsigned state;
	unsigned trailer_lines;
};

/* Decode chunks. Events BODY, END, MORE as in server.h; `line` must be idle (last line
 * complete) at the first call and belongs to the decoder from then on. RV_ESYNTAX: bad size
 * or missing line end; RV_ELIMIT: a size line or trailer too long, a size of 2^31 or more. */
int rv_armshttp_chunks_feed(struct rv_armshttp_chunks *chunks, struct rv_armshttp_line *line,
			    struct rv_str in, size_t *used, enum rv_armshttp_event *event,
			    struct rv_str *body) RV_MUSTCHECK;

/* True between the first and the last byte of a chunk's data. */
bool rv_armshttp_chunks_is_inside(const struct rv_armshttp_chunks *chunks);

#endif
