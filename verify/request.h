/* request.h - one request of a device, however wrong: collected, then taken apart.
 *
 * The parsers of the servers are strict and stop at the first fault; a judge has to answer faulty
 * requests too, so that one fault is blamed once and does not hide the others. So this one is
 * indulgent: any method, version and headers, chunks or not; a request is complete with
 * </arms-message>, whatever its Content-Length says, or when its connection ends.
 *
 * Sans-I/O, one struct per connection. All input is untrusted.
 * Source: spec/arms-protocol.md 2.2, 3.2, 3.4 - 3.6.
 */
#ifndef RV_VERIFY_REQUEST_H
#define RV_VERIFY_REQUEST_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/buf.h"
#include "proto/armshttp/basic.h"
#include "proto/armsxml/message.h"

enum {
	VERIFY_REQUEST_MAX = 65536, /* bytes of one request */
	VERIFY_HEADERS_MAX = 32,
};

/* A header line; a further one of the same name is a further entry. */
struct verify_header {
	struct rv_str name, value;
};

struct verify_request {
	struct rv_buf bytes; /* as they came */
	struct rv_arena arena;

	/* After verify_request_read; strings point into `bytes` or the arena. */
	struct rv_str method, path,
		version; /* "POST", "/arms", "HTTP/1.0"; empty: no request line */
	struct verify_header headers[VERIFY_HEADERS_MAX];
	size_t header_count;
	struct rv_str head; /* the header lines, line ends included, without request line and end */
	struct rv_str body; /* without chunk framing */
	bool has_credentials;
	struct rv_armshttp_credentials credentials;
	bool is_message; /* `message` is valid; else `fault` says why not */
	struct rv_armsxml_request message;
	char fault[RV_DIAG_TEXT_MAX];
};

void verify_request_init(struct verify_request *req);
void verify_request_deinit(struct verify_request *req); /* wipes */

/* Take the next bytes. RV_OK: the request is complete; RV_EMORE; RV_ELIMIT: too long, and read as
 * far as it goes; -ENOMEM. *extra (of RV_OK): bytes behind the request's end. */
int verify_request_feed(struct verify_request *req, struct rv_str piece,
			size_t *extra) RV_MUSTCHECK;

/* Take it apart, complete or not. -ENOMEM; what cannot be read stays empty. */
int verify_request_read(struct verify_request *req) RV_MUSTCHECK;

/* The first header of this name, whatever its case; false: there is none. */
bool verify_request_header(const struct verify_request *req, const char *name,
			   struct rv_str *value);

/* The sequence of tags in an XML text, "<a><b></b></a>", without texts and declaration, and <b/>
 * written as <b></b>; appended. What is no XML gives some sequence. */
void verify_request_tags(struct rv_str xml, struct rv_buf *out);

#endif
