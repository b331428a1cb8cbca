#include "server/http/api.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/http.h"
#include "contract/rv_contract.h"
#include "log/log.h"

/* Parsed forms of the largest body, or of the largest answer, with room to spare. */
enum { ARENA_MAX = 128 * 1024 * 1024, SHOWN_PATH_MAX = 80 };

/* An operation on its way. */
struct call {
	struct rv_http_api *api;
	struct rv_http_request *request;
	const struct rv_contract_op *op;
};

#define LOST_RS "http.lost_rs" /* the one 503 after which the operation may be done already */

static void reply_error(struct rv_http_request *request, unsigned status,
			const struct rv_contract_error *error, const char *allow)
{
	bool may_retry = status == 503 && !rv_str_is(error->key, LOST_RS);
	struct rv_buf body = { 0 };
	struct rv_jsonw w;

	rv_jsonw_init(&w, &body);
	rv_contract_error_write(error, status, &w);
	rv_http_request_reply(request, &(struct rv_http_reply){ .status = status,
								.type = RV_CONTRACT_ERROR_TYPE,
								.body = rv_buf_str(&body),
								.allow = allow,
								.may_retry = may_retry });
	rv_buf_deinit(&body);
}

static void reply_diag(struct rv_http_request *request, const struct rv_contract_op *op, int err,
		       const struct rv_diag *diag)
{
	const struct rv_contract_error error = { .code = err,
						 .key = rv_str(diag->key),
						 .text = rv_str(diag->text),
						 .where = rv_str(diag->where) };

	reply_error(request, rv_contract_http_status(op, err), &error, NULL);
}

/* -- back from the owner
 * ----------------------------------------------------------------------------- */

static void reply_out(const struct call *call, struct rv_str bytes, struct rv_arena *arena)
{
	void *out = rv_arena_alloc(arena, call->op->out->size);
	struct rv_buf body = { 0 };
	struct rv_diag diag;
	struct rv_jsonw w;
	int err = out != NULL ? rv_contract_decode(call->op->out, bytes, arena, out) : -ENOMEM;

	if (err == RV_OK) {
		rv_jsonw_init(&w, &body);
		rv_contract_json_write(call->op->out, out,
				       rv_contract_json_lang(rv_http_request_lang(call->request)),
				       0, &w);
		err = body.err;
	}
	if (err == RV_OK) {
		rv_http_request_reply(
			call->request,
			&(struct rv_http_reply){ .status = rv_contract_http_status(call->op, RV_OK),
						 .type = "application/json",
						 .body = rv_buf_str(&body) });
	} else {
		rv_log(RV_LOG_ERROR, "http.answer.malformed", RV_KS("op", call->op->name),
		       RV_KS("error", rv_err_name(err)));
		rv_diag_set(&diag, RV_ECORRUPT, "http.internal", "",
			    "the answer of %s cannot be read", call->op->owner);
		reply_diag(call->request, call->op, RV_ECORRUPT, &diag);
	}
	rv_buf_deinit(&body);
}

/* The operation came to no end: is it lost, or late? */
static void reply_lost(const struct call *call, int status)
{
	struct rv_diag diag;
	int err = status == RV_ETIMEOUT ? RV_ETIMEOUT : RV_ECLOSED;

	if (err == RV_ETIMEOUT)
		rv_diag_set(&diag, err, "http.timeout", "",
			    "%s did not answer in time; the operation may still be carried out",
			    call->op->owner);
	else if (status == RV_ECLOSED)
		rv_diag_set(&diag, err, LOST_RS, "",
			    "%s ended meanwhile; the operation may have been carried out",
			    call->op->owner);
	else
		rv_diag_set(&diag, err, "http.no_rs", "", "%s cannot be reached now (%s)",
			    call->op->owner, rv_err_name(status));
	rv_log(RV_LOG_WARN, "http.operation.lost", RV_KS("op", call->op->name),
	       RV_KS("error", rv_err_name(status)));
	reply_diag(call->request, call->op, err, &diag);
}

static void on_reply(void *arg, int status, struct rv_str body)
{
	struct call *call = arg;
	struct rv_arena arena = { .max = ARENA_MAX };
	struct rv_rs_op_out out;

	if (status == RV_OK)
		status = rv_rs_op_out_decode(body, &arena, &out);
	if (status != RV_OK) {
		reply_lost(call, status);
	} else if (out.status != RV_OK) {
		const struct rv_contract_error error = { .code = (int)out.status,
							 .key = out.key,
							 .text = out.text,
							 .where = out.where };
		reply_error(call->request, rv_contract_http_status(call->op, error.code), &error,
			    NULL);
	} else {
		reply_out(call, out.body, &arena);
	}
	call->api->pending--;
	rv_arena_wipe(&arena);
	free(call);
}

/* -- to the owner
 * ----------------------------------------------------------------------------------- */

static int send_op(struct call *call, struct rv_str token, const void *in)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	struct rv_buf body = { .wipe = true }, bytes = { .wipe = true };
	struct rv_rs_op_in op = { .op = rv_str(call->op->name) };
	char method[RV_BUS_NAME_MAX + 1];
	struct rv_diag diag;
	int err;

	snprintf(method, sizeof(method), "%s.op", call->op->owner);
	crypto_hash_sha256(hash, (const unsigned char *)token.ptr, token.len);
	rv_contract_encode(call->op->in, in, &body);
	op.token_sha256 = rv_strn(hash, sizeof(hash));
	op.body = rv_buf_str(&body);
	err = body.err != RV_OK ? body.err : rv_rs_op_in_check(&op, &diag);
	if (err == RV_OK) {
		rv_rs_op_in_encode(&op, &bytes);
		err = bytes.err;
	}
	if (err == RV_OK)
		err = rv_bus_request(call->api->bus, call->op->owner, -1, method,
				     rv_buf_str(&bytes), call->api->timeout_us, on_reply, call);
	rv_buf_deinit(&body);
	rv_buf_deinit(&bytes);
	return err;
}

static void call_op(struct rv_http_api *api, struct rv_http_request *request,
		    const struct rv_contract_op *op, const void *in)
{
	struct call on_stack = { api, request, op };
	struct call *call = malloc(sizeof(*call));
	int err = -ENOMEM;

	if (call != NULL) {
		*call = on_stack;
		err = send_op(call, rv_http_request_token(request), in);
	}
	if (err == RV_OK) {
		api->pending++;
		return;
	}
	free(call);
	reply_lost(&on_stack, err);
}

/* -- routes ---------------------------------------------------------------------------------- */

static void reply_no_route(struct rv_http_request *request, int err, const char *allow)
{
	struct rv_str path = rv_str_sub(rv_http_request_path(request), 0, SHOWN_PATH_MAX);
	struct rv_diag diag;
	struct rv_contract_error error = { .code = err };
	unsigned status = 503;

	if (err == RV_ENOTFOUND || err == RV_ESYNTAX) {
		status = err == RV_ENOTFOUND ? 404 : 400;
		rv_diag_set(&diag, err, "http.path", "",
			    "there is nothing at %.*s; /api/v2/openapi.json tells what there is",
			    RV_STR_ARG(path));
	} else if (err == RV_EUNSUPPORTED) {
		status = 405;
		rv_diag_set(&diag, err, "http.method", "", "%.*s knows %s only", RV_STR_ARG(path),
			    allow);
	} else {
		rv_diag_set(&diag, err, "http.internal", "", "the server is out of memory");
	}
	error.key = rv_str(diag.key);
	error.text = rv_str(diag.text);
	reply_error(request, status, &error, status == 405 ? allow : NULL);
}

/* Pages that are no operations, without a token. True: answered. */
static bool handle_page(struct rv_http_request *request)
{
	struct rv_str path = rv_http_request_path(request);
	struct rv_http_reply reply = { .status = 200 };

	if (rv_str_is(path, "/healthz")) {
		reply.type = "text/plain; charset=utf-8";
		reply.body = RV_STR_LIT("ok\n");
	} else if (rv_str_is(path, "/api/v2/openapi.json")) {
		reply.type = "application/json";
		reply.body = rv_strn(rv_contract_openapi, rv_contract_openapi_len);
	} else {
		return false;
	}
	if (rv_str_is(rv_http_request_method(request), "GET"))
		rv_http_request_reply(request, &reply);
	else
		reply_no_route(request, RV_EUNSUPPORTED, "GET, HEAD");
	return true;
}

static void handle_op(struct rv_http_api *api, struct rv_http_request *request,
		      struct rv_arena *arena)
{
	struct rv_contract_route route = { 0 };
	struct rv_diag diag = { .key = "http.request" };
	void *in = NULL;
	int err = rv_contract_route_find(rv_http_request_method(request),
					 rv_http_request_path(request), arena, &route);

	if (err != RV_OK) {
		reply_no_route(request, err, route.allow);
		return;
	}
	if (rv_http_request_token(request).len == 0)
		err = rv_diag_set(&diag, RV_EAUTH, "http.no_token", "",
				  "this needs a header \"Authorization: Bearer TOKEN\"");
	if (err == RV_OK)
		err = rv_contract_request_read(&route, rv_http_request_query(request),
					       rv_http_request_body(request), arena, &in, &diag);
	if (err != RV_OK)
		reply_diag(request, route.op, err, &diag);
	else
		call_op(api, request, route.op, in);
}

void rv_http_api_handle(void *arg, struct rv_http_request *request)
{
	struct rv_arena arena = { .max = ARENA_MAX };

	if (!handle_page(request))
		handle_op(arg, request, &arena);
	rv_arena_wipe(&arena); /* bodies hold keys */
}
