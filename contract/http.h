/* http.h - operations as HTTP: routes, requests, errors, the OpenAPI document.
 *
 *   GET /api/v2/devices/{distid}/configs/{kind}     path variables are fields of `in`;
 *   GET /api/v2/pulls?limit=10                      the other fields are the query of GET, DELETE
 *   PUT /api/v2/locations/{name}    {...}           and the JSON body of POST, PUT, PATCH
 *   -> 200 {...} (201 for a POST), or a problem document (RFC 9457)
 *      {"type", "title", "status", "detail", "code": "ENOTFOUND", "key", "where"}
 *
 * Shared by the http duty and by clients, so that both ends agree. Pure.
 */
#ifndef RV_CONTRACT_HTTP_H
#define RV_CONTRACT_HTTP_H

#include "contract/json.h"

enum {
	RV_CONTRACT_VARS_MAX = 4,
	RV_CONTRACT_ALLOW_MAX = 40, /* "DELETE, GET, HEAD, PATCH, POST, PUT" */
};

struct rv_contract_route {
	const struct rv_contract_op *op;
	struct {
		struct rv_str name;  /* "distid" */
		struct rv_str value; /* percent-decoded, not checked any further */
	} vars[RV_CONTRACT_VARS_MAX];
	size_t var_count;
	char allow[RV_CONTRACT_ALLOW_MAX]; /* with RV_EUNSUPPORTED: methods of this path, HEAD
					     with GET: who serves one can serve both */
};

/* Which operation is this? `path` is untrusted, without query. A literal part wins over a
 * variable. RV_ENOTFOUND: no such path; RV_EUNSUPPORTED: not with this method (allow is filled);
 * RV_ESYNTAX: bad percent-encoding; -ENOMEM. */
int rv_contract_route_find(struct rv_str method, struct rv_str path, struct rv_arena *arena,
			   struct rv_contract_route *out) RV_MUSTCHECK;

/* The `in` of route->op from path, query and body, checked; *out in the arena. A query where a
 * body belongs, or the other way round, is RV_EINVALID. Other errors as in json.h. */
int rv_contract_request_read(const struct rv_contract_route *route, struct rv_str query,
			     struct rv_str body, struct rv_arena *arena, void **out,
			     struct rv_diag *diag) RV_MUSTCHECK;

/* The other way, for clients: path and query are appended to `target`, the body (empty when
 * there is none) to `body`, with secrets. */
void rv_contract_request_write(const struct rv_contract_op *op, const void *in,
			       struct rv_buf *target, struct rv_buf *body);

/* 200 or 201 for RV_OK; 500 for a code that is not in the table. */
unsigned rv_contract_http_status(const struct rv_contract_op *op, int err);

#define RV_CONTRACT_ERROR_TYPE "application/problem+json"

struct rv_contract_error {
	int code; /* base/err.h */
	struct rv_str key, text, where;
};

/* `status`: the answer's. */
void rv_contract_error_write(const struct rv_contract_error *error, unsigned status,
			     struct rv_jsonw *w);
/* RV_ESYNTAX when it is no such object; unknown codes become RV_EUNSUPPORTED. */
int rv_contract_error_read(struct rv_str json, struct rv_arena *arena,
			   struct rv_contract_error *out) RV_MUSTCHECK;

/* The OpenAPI 3.1 document, JSON. */
extern const char rv_contract_openapi[];
extern const size_t rv_contract_openapi_len;

#endif
