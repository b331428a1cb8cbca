/* request.h - one request and its one answer.
 *
 * The handler gets a request when all of it is there, and answers it then or later, exactly once;
 * with the answer the request is gone. What the functions below return lives until then. All
 * parts come from a stranger; the gate has seen to their syntax only.
 */
#ifndef RV_SERVER_HTTP_REQUEST_H
#define RV_SERVER_HTTP_REQUEST_H

#include "base/err.h"
#include "base/str.h"
#include "contract/texts.h"

struct rv_http_request;

typedef void (*rv_http_handler_fn)(void *arg, struct rv_http_request *request);

struct rv_http_reply {
	unsigned status;
	const char *type;   /* of the body */
	struct rv_str body; /* copied */
	const char *allow;  /* with 405: "GET, PUT"; else NULL */
	bool may_retry;     /* with 503: nothing was done, so try again */
};

/* HEAD counts as GET: the body is left out of the answer further down. */
struct rv_str rv_http_request_method(const struct rv_http_request *request);
struct rv_str rv_http_request_path(const struct rv_http_request *request);  /* still encoded */
struct rv_str rv_http_request_query(const struct rv_http_request *request); /* without '?' */
/* Only while the handler runs; empty for a request without a token. */
struct rv_str rv_http_request_body(const struct rv_http_request *request);
/* The Bearer token; empty when there is none. */
struct rv_str rv_http_request_token(const struct rv_http_request *request);

/* What Accept-Language asks for. */
enum rv_lang rv_http_request_lang(const struct rv_http_request *request);

/* 401 gets its WWW-Authenticate here. */
void rv_http_request_reply(struct rv_http_request *request, const struct rv_http_reply *reply);

/* Path and query of a request target: "/a?b", also "http://host/a?b". */
void rv_http_target_split(struct rv_str target, struct rv_str *path, struct rv_str *query);
/* The token of "Bearer TOKEN" (RFC 6750 2.1), empty when it is something else. */
struct rv_str rv_http_bearer_token(struct rv_str authorization);

#endif
