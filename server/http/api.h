/* api.h - requests to operations: routes, tokens, the way to their owners and back. */
#ifndef RV_SERVER_HTTP_API_H
#define RV_SERVER_HTTP_API_H

#include "bus/bus.h"
#include "server/http/request.h"

struct rv_http_api {
	struct rv_bus *bus;
	int64_t timeout_us; /* of an operation */
	unsigned pending;   /* operations at their owners */
};

/* A rv_http_handler_fn; `arg` is the rv_http_api. Requests still pending when it ends are answered
 * when the bus gives up on them. */
void rv_http_api_handle(void *arg, struct rv_http_request *request);

#endif
