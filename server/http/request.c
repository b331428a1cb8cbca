#include "server/http/request.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "contract/http.h"
#include "log/log.h"
#include "server/http/server_priv.h"

enum { METHOD_MAX = 16 }; /* longer ones are no methods of ours */

/* On every answer: it is data, for one caller, and nothing else may be made of it. */
static const char *const security_headers[][2] = {
	{ "Cache-Control", "no-store" },
	{ "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Strict-Transport-Security", "max-age=31536000" },
	{ "X-Content-Type-Options", "nosniff" },
};

struct rv_http_request {
	struct rv_list link; /* in server->requests while the handler has it */
	struct rv_http_server *server;
	struct MHD_Connection *mhd;
	struct MHD_Response *response; /* given, not yet queued */
	unsigned status;
	char *target;
	char *authorization; /* NULL: none */
	enum rv_lang lang;
	struct rv_buf body;
	char method[METHOD_MAX];
	int64_t began_us;
	bool is_begun;     /* the head has been taken */
	bool is_handed;    /* to the handler */
	bool is_answered;  /* by it */
	bool is_suspended; /* libmicrohttpd waits for us */
	bool is_abandoned; /* libmicrohttpd has let go; the handler has not */
};

static void drop_body(struct rv_http_request *request)
{
	if (request->body.len > 0) /* else the server may be gone already */
		request->server->body_bytes -= request->body.len;
	rv_buf_deinit(&request->body);
}

static void free_request(struct rv_http_request *request)
{
	if (request->authorization != NULL)
		rv_wipe(request->authorization, strlen(request->authorization));
	free(request->authorization);
	free(request->target);
	drop_body(request);
	if (request->response != NULL)
		MHD_destroy_response(request->response);
	free(request);
}

/* -- parts ----------------------------------------------------------------------------------- */

void rv_http_target_split(struct rv_str target, struct rv_str *path, struct rv_str *query)
{
	size_t mark;

	if (!rv_str_starts(target, "/")) { /* the gate lets pass "http://", "https://" and "*" */
		size_t authority = rv_str_find(target, ':') + 3;
		struct rv_str rest = rv_str_sub(target, authority, target.len);

		size_t host = rv_str_find(rest, '/');

		if (rv_str_find(rest, '?') < host)
			host = rv_str_find(rest, '?');
		target = rv_str_sub(rest, host, rest.len);
	}
	mark = rv_str_find(target, '?');
	*path = rv_str_sub(target, 0, mark);
	*query = rv_str_sub(target, mark + 1, target.len);
}

struct rv_str rv_http_bearer_token(struct rv_str authorization)
{
	struct rv_str token;

	if (!rv_str_istarts(authorization, "Bearer "))
		return rv_str(NULL);
	token = rv_str_trim(rv_str_sub(authorization, strlen("Bearer "), authorization.len));
	for (size_t i = 0; i < token.len; i++)
		if ((unsigned char)token.ptr[i] <= ' ' || (unsigned char)token.ptr[i] >= 0x7f)
			return rv_str(NULL);
	return token;
}

struct rv_str rv_http_request_method(const struct rv_http_request *request)
{
	return rv_str(strcmp(request->method, "HEAD") == 0 ? "GET" : request->method);
}

enum rv_lang rv_http_request_lang(const struct rv_http_request *request)
{
	return request->lang;
}

struct rv_str rv_http_request_path(const struct rv_http_request *request)
{
	struct rv_str path, query;

	rv_http_target_split(rv_str(request->target), &path, &query);
	return path;
}

struct rv_str rv_http_request_query(const struct rv_http_request *request)
{
	struct rv_str path, query;

	rv_http_target_split(rv_str(request->target), &path, &query);
	return query;
}

struct rv_str rv_http_request_body(const struct rv_http_request *request)
{
	return rv_buf_str(&request->body);
}

struct rv_str rv_http_request_token(const struct rv_http_request *request)
{
	return rv_http_bearer_token(rv_str(request->authorization));
}

/* -- in -------------------------------------------------------------------------------------- */

void *rv_http_on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct rv_http_server *server = cls;
	struct rv_http_request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	request->server = server;
	request->mhd = mhd;
	request->began_us = rv_time_boot_us();
	rv_list_init(&request->link);
	rv_buf_init(&request->body, server->opt.body_max);
	request->body.wipe = true;
	request->target = strdup(target);
	if (request->target == NULL) {
		free_request(request);
		return NULL;
	}
	server->stats.requests++;
	return request;
}

static enum MHD_Result begin(struct rv_http_request *request, const char *method)
{
	const char *authorization = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND,
								"Authorization");

	request->is_begun = true;
	request->lang = rv_lang_accepted(rv_str(
		MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, "Accept-Language")));
	if (!rv_str_copy(rv_str(method), request->method, sizeof(request->method)))
		rv_str_copy(rv_str("UNKNOWN"), request->method, sizeof(request->method));
	if (authorization == NULL)
		return MHD_YES;
	request->authorization = strdup(authorization);
	return request->authorization != NULL ? MHD_YES : MHD_NO;
}

/* What nobody has signed is not kept: its answer does not depend on it. */
static enum MHD_Result take_body(struct rv_http_request *request, struct rv_str data)
{
	struct rv_http_server *server = request->server;

	if (rv_http_request_token(request).len == 0)
		return MHD_YES;
	if (data.len > RV_HTTP_BODIES_MAX - server->body_bytes) {
		server->stats.bodies_refused++;
		rv_log(RV_LOG_WARN, "http.bodies.full", RV_KI("bytes", server->body_bytes));
		return MHD_NO;
	}
	rv_buf_put(&request->body, data.ptr, data.len);
	if (request->body.err != RV_OK)
		return MHD_NO;
	server->body_bytes += data.len;
	return MHD_YES;
}

static enum MHD_Result queue(struct rv_http_request *request)
{
	if (request->response == NULL) /* out of memory: end the connection */
		return MHD_NO;
	return MHD_queue_response(request->mhd, request->status, request->response);
}

static enum MHD_Result hand_over(struct rv_http_request *request)
{
	struct rv_http_server *server = request->server;

	request->is_handed = true;
	rv_list_add_tail(&server->requests, &request->link);
	server->opt.handler(server->opt.arg, request);
	drop_body(request);
	if (request->is_answered)
		return queue(request);
	MHD_suspend_connection(request->mhd);
	request->is_suspended = true;
	return MHD_YES;
}

enum MHD_Result rv_http_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
				   const char *method, const char *version, const char *data,
				   size_t *len, void **context)
{
	struct rv_http_request *request = *context;

	(void)cls;
	(void)mhd;
	(void)url;
	(void)version;
	if (request == NULL || request->is_abandoned)
		return MHD_NO;
	if (!request->is_begun)
		return begin(request, method);
	if (*len > 0) {
		enum MHD_Result r = take_body(request, rv_strn(data, *len));

		*len = 0;
		return r;
	}
	return request->is_answered ? queue(request) : hand_over(request);
}

void rv_http_on_completed(void *cls, struct MHD_Connection *mhd, void **context,
			  enum MHD_RequestTerminationCode why)
{
	struct rv_http_request *request = *context;

	(void)cls;
	(void)why;
	*context = NULL;
	if (request != NULL) {
		request->mhd = NULL;
		request->is_suspended = false;
		if (request->is_handed && !request->is_answered)
			request->is_abandoned = true; /* the handler's answer frees it */
		else
			free_request(request);
	}
	rv_http_conn_answered(
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
}

/* -- out ------------------------------------------------------------------------------------- */

static void add_headers(struct MHD_Response *response, const struct rv_http_reply *reply)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(security_headers); i++)
		MHD_add_response_header(response, security_headers[i][0], security_headers[i][1]);
	MHD_add_response_header(response, "Content-Type", reply->type);
	if (reply->allow != NULL)
		MHD_add_response_header(response, "Allow", reply->allow);
	if (reply->status == 401)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"reeve\"");
	if (reply->may_retry)
		MHD_add_response_header(response, "Retry-After", "1");
}

static void log_answer(const struct rv_http_request *request, unsigned status)
{
	bool is_change = !rv_str_is(rv_http_request_method(request), "GET");

	rv_log(is_change ? RV_LOG_INFO : RV_LOG_DEBUG, "http.request.answered",
	       RV_KS("method", request->method), RV_KV("path", rv_http_request_path(request)),
	       RV_KI("status", status), RV_KI("us", rv_time_boot_us() - request->began_us));
}

static void set_response(struct rv_http_request *request, const struct rv_http_reply *reply)
{
	/* The library copies; its parameter is not const for its other modes. */
	request->response = MHD_create_response_from_buffer(
		reply->body.len, (void *)reply->body.ptr, MHD_RESPMEM_MUST_COPY);
	request->status = reply->status;
	request->is_answered = true;
	if (request->response != NULL)
		add_headers(request->response, reply);
}

void rv_http_request_reply(struct rv_http_request *request, const struct rv_http_reply *reply)
{
	struct rv_http_server *server = request->server;

	assert(request->is_handed && !request->is_answered);
	assert(reply->status >= 200 && reply->status < 600);
	rv_list_del(&request->link);
	if (request->is_abandoned) {
		free_request(request);
		return;
	}
	server->stats.answers[reply->status / 100]++;
	log_answer(request, reply->status);
	set_response(request, reply);
	if (!request->is_suspended)
		return;
	request->is_suspended = false;
	MHD_resume_connection(request->mhd);
	rv_http_server_run(server);
}

struct rv_http_request *rv_http_request_of_link(struct rv_list *link)
{
	return RV_CONTAINER_OF(link, struct rv_http_request, link);
}

void rv_http_request_abandon(struct rv_http_request *request)
{
	request->is_abandoned = true;
	if (!request->is_suspended)
		return;
	request->is_suspended = false;
	MHD_resume_connection(request->mhd);
}

void rv_http_refusal_write(unsigned status, const char *reason, struct rv_buf *out)
{
	const struct rv_contract_error error = {
		.code = status == 400   ? RV_ESYNTAX
			: status == 505 ? RV_EVERSION
					: RV_ELIMIT,
		.key = RV_STR_LIT("http.refused"),
		.text = rv_str(reason),
	};
	struct rv_buf body = { 0 };
	struct rv_jsonw w;

	rv_jsonw_init(&w, &body);
	rv_contract_error_write(&error, status, &w);
	rv_buf_printf(out, "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: %s\r\n", status,
		      MHD_get_reason_phrase_for(status), RV_CONTRACT_ERROR_TYPE);
	for (size_t i = 0; i < RV_ARRAY_LEN(security_headers); i++)
		rv_buf_printf(out, "%s: %s\r\n", security_headers[i][0], security_headers[i][1]);
	rv_buf_printf(out, "Content-Length: %zu\r\n\r\n", body.len);
	rv_buf_put_str(out, rv_buf_str(&body));
	if (body.err != RV_OK)
		out->err = body.err;
	rv_buf_deinit(&body);
}
