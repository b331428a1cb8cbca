#include "server/armsfront/front.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/metric.h"
#include "log/log.h"
#include "proto/armsxml/build.h"
#include "proto/armsxml/code.h"
#include "proto/armsxml/parse.h"
#include "proto/distid/distid.h"

enum {
	EXCHANGE_BYTES_MAX = 1024 * 1024,
	ANSWER_ROOM = 2048, /* beside configs and certificate */
	MODULE_ROOM = 256,
	HEAD_ROOM = 256,
};

struct rv_front {
	struct rv_front_opt opt;
	struct rv_net_server *server;
	struct rv_front_stats stats;
	unsigned open; /* exchanges */
	bool is_stopping, is_server_done;
	void (*done)(void *arg);
	void *done_arg;
};

/* A connection and its one request. Lives until the connection is closed and the owner, if it has
 * the request, has answered. */
struct rv_front_exchange {
	struct rv_front *front;
	struct rv_net_conn *conn; /* NULL: closed */
	struct rv_armshttp_request http;
	struct rv_buf body;
	struct rv_arena arena;
	struct rv_armsxml_request message;
	char distid[RV_DISTID_TEXT_LEN + 1];
	char address[RV_NET_ADDR_MAX];
	bool is_ended;   /* answered, or refused: what still comes in does not count */
	bool is_handled; /* the owner has it */
};

/* -- life ----------------------------------------------------------------------------------- */

static void settle(struct rv_front *front)
{
	if (front->is_stopping && front->is_server_done && front->open == 0)
		front->done(front->done_arg);
}

static void release(struct rv_front_exchange *x)
{
	struct rv_front *front = x->front;

	if (x->conn != NULL || x->is_handled)
		return;
	rv_armshttp_request_deinit(&x->http);
	rv_buf_deinit(&x->body);
	rv_arena_wipe(&x->arena);
	free(x);
	front->open--;
	settle(front);
}

static void on_open(void *arg, struct rv_net_conn *conn)
{
	struct rv_front *front = arg;
	struct rv_front_exchange *x = calloc(1, sizeof(*x));

	rv_net_conn_set_user(conn, x);
	if (x == NULL) {
		rv_net_conn_close(conn);
		return;
	}
	front->open++;
	x->front = front;
	x->conn = conn;
	rv_armshttp_request_init(&x->http, RV_ARMSXML_REQUEST_MAX);
	rv_buf_init(&x->body, RV_ARMSXML_REQUEST_MAX);
	rv_arena_init(&x->arena, EXCHANGE_BYTES_MAX);
	snprintf(x->address, sizeof(x->address), "%s", rv_net_conn_peer(conn));
	rv_net_conn_deadline(conn, FRONT_TOTAL_US);
}

static void on_close(void *user, struct rv_net_conn *conn, int reason)
{
	struct rv_front_exchange *x = user;

	(void)conn;
	if (x == NULL)
		return;
	if (!x->is_ended) {
		x->front->stats.gone++;
		/* Scanners come and go; somebody with a name is worth a line. */
		rv_log(x->distid[0] != '\0' ? RV_LOG_INFO : RV_LOG_DEBUG,
		       x->front->opt.words.abandoned, RV_KS("address", x->address),
		       RV_KS("device", x->distid), RV_KI("body", x->body.len),
		       RV_KI("expected", x->http.head.content_length),
		       RV_KS("reason", rv_err_name(reason)));
	}
	x->is_ended = true;
	x->conn = NULL;
	release(x);
}

/* The answer in one write, then the end: the client does not wait for it (spec 2.2, 2.3). */
static void send_and_end(struct rv_front_exchange *x, const struct rv_buf *bytes)
{
	x->is_ended = true;
	if (x->conn == NULL)
		return;
	if (bytes->err != RV_OK || rv_net_conn_end(x->conn, rv_buf_str(bytes)) != RV_OK)
		rv_net_conn_close(x->conn);
	rv_fail_point("front.answer.sent");
}

/* -- refusals below ARMS -------------------------------------------------------------------- */

static void refuse(struct rv_front_exchange *x, unsigned status, const char *reason, unsigned line,
		   unsigned column)
{
	struct rv_buf bytes = { .max = 4096 };

	x->front->stats.http_errors++;
	x->front->stats.unauthorised += status == 401;
	x->front->stats.unsupported += status == 503;
	x->front->stats.malformed += status == 400;
	rv_log(RV_LOG_INFO, x->front->opt.words.refused, RV_KS("address", x->address),
	       RV_KS("device", x->distid), RV_KI("status", status), RV_KS("reason", reason),
	       RV_KI("line", line), RV_KI("column", column));
	rv_armshttp_put_error(&bytes, status, reason);
	send_and_end(x, &bytes);
	rv_buf_deinit(&bytes);
}

/* -- requests ------------------------------------------------------------------------------- */

static void handle(struct rv_front_exchange *x)
{
	struct rv_front_request request = { .message = &x->message,
					    .distid = rv_str(x->distid),
					    .key = rv_str(x->http.head.credentials.password),
					    .address = rv_str(x->address),
					    .path = rv_str(x->http.head.path) };
	struct rv_armsxml_response wrong = { .code = { true, RV_ARMS_BAD_REQUEST } };

	rv_fail_point("front.request.read");
	x->is_handled = true;
	rv_net_conn_settle(x->conn);
	if ((x->front->opt.types & 1U << x->message.type) == 0)
		rv_front_answer(x, &wrong);
	else
		x->front->opt.handle(x->front->opt.owner, x, &request);
}

static void on_end(struct rv_front_exchange *x)
{
	struct rv_diag diag = { 0 };
	int err = rv_armsxml_parse_request(&x->arena, rv_buf_str(&x->body), &x->message, &diag);

	if (err == RV_OK)
		handle(x);
	else if (err == RV_EUNSUPPORTED)
		refuse(x, 503, "this kind of message is not served here", diag.line, diag.column);
	else
		refuse(x, 400, diag.text[0] != '\0' ? diag.text : "the message cannot be read",
		       diag.line, diag.column);
}

/* Who is it? The rest of the request is only read from somebody who says so. */
static bool on_head(struct rv_front_exchange *x)
{
	const struct rv_armshttp_head *head = &x->http.head;
	struct rv_str user = rv_str(head->credentials.user);
	struct rv_distid id;

	if (!head->has_credentials) {
		refuse(x, 401, "no Authorization header, or an unreadable one", 0, 0);
		return false;
	}
	if (rv_distid_parse(user.ptr, user.len, &id, NULL) != RV_OK) {
		refuse(x, 401, "the user name is not a distribution ID", 0, 0);
		return false;
	}
	rv_distid_format(&id, x->distid);
	if (head->is_chunked)
		rv_net_conn_deadline(x->conn, FRONT_SILENT_US);
	return true;
}

static void on_body(struct rv_front_exchange *x, struct rv_str piece)
{
	if (x->http.head.is_chunked && x->body.len == 0)
		rv_net_conn_deadline(x->conn, FRONT_TOTAL_US);
	rv_buf_put_str(&x->body, piece);
}

/* END comes without taking a byte, so the parser is asked until it wants more. */
static void on_data(void *user, struct rv_net_conn *conn, struct rv_str data)
{
	struct rv_front_exchange *x = user;
	enum rv_armshttp_event event = RV_ARMSHTTP_BODY;

	(void)conn;
	while (event != RV_ARMSHTTP_MORE && !x->is_ended && !x->is_handled) {
		struct rv_str piece = { 0 };
		size_t used = 0;

		if (rv_armshttp_request_feed(&x->http, data, &used, &event, &piece) != RV_OK) {
			refuse(x, x->http.status, x->http.reason, 0, 0);
			return;
		}
		data = rv_str_sub(data, used, data.len);
		if (event == RV_ARMSHTTP_HEAD && !on_head(x))
			return;
		if (event == RV_ARMSHTTP_BODY)
			on_body(x, piece);
		if (event == RV_ARMSHTTP_END)
			on_end(x);
	}
}

static void on_eof(void *user, struct rv_net_conn *conn)
{
	struct rv_front_exchange *x = user;

	if (x->is_handled && !x->is_ended)
		return; /* it only said that it has no more to say */
	if (!x->is_ended)
		refuse(x, 400, "the request is shorter than it says", 0, 0);
	else
		rv_net_conn_finish(conn);
}

/* -- answers -------------------------------------------------------------------------------- */

static void count_answer(struct rv_front_exchange *x, int code, bool is_failure)
{
	struct rv_front_stats *s = &x->front->stats;

	s->answered[x->message.type]++;
	s->ok[x->message.type] += code == RV_ARMS_SUCCESS;
	s->failed[x->message.type] += is_failure;
	rv_log(is_failure ? RV_LOG_WARN : RV_LOG_DEBUG, x->front->opt.words.answered,
	       RV_KS("address", x->address), RV_KS("device", x->distid),
	       RV_KS("type", rv_armsxml_type_name(x->message.type)), RV_KI("code", code));
}

/* A refusal by code alone can always be built. */
static void build(struct rv_front_exchange *x, struct rv_armsxml_response *res, struct rv_buf *xml)
{
	struct rv_diag diag = { 0 };
	int err;

	res->type = x->message.type;
	err = rv_armsxml_build_response(res, xml, &diag);
	if (err == RV_OK)
		return;
	rv_log(RV_LOG_ERROR, x->front->opt.words.unfit, RV_KS("device", x->distid),
	       RV_KS("error", rv_err_name(err)), RV_KS("where", diag.where),
	       RV_KS("text", diag.text));
	*res = (struct rv_armsxml_response){ .type = x->message.type,
					     .code = { true, RV_ARMS_SERVER_FAILURE } };
	rv_buf_clear(xml);
	xml->err = rv_armsxml_build_response(res, xml, NULL);
}

/* What the answer will probably take; a guess too low costs a copy. */
static size_t answer_room(const struct rv_armsxml_response *res)
{
	size_t room = ANSWER_ROOM + res->sa_certificate.len + res->sa_private_key.len;

	for (size_t i = 0; i < res->module_count; i++)
		room += MODULE_ROOM + res->modules[i].config.len + res->modules[i].config.len / 2;
	return room < FRONT_ANSWER_MAX ? room : ANSWER_ROOM;
}

static void answer(struct rv_front_exchange *x, struct rv_armsxml_response *res, bool is_failure)
{
	struct rv_buf xml = { .max = FRONT_ANSWER_MAX, .wipe = true };
	struct rv_buf bytes = { .max = FRONT_ANSWER_MAX, .wipe = true };

	if (x->conn != NULL) {
		/* Room at once: a wiping buffer that grows copies and wipes at each step. */
		(void)rv_buf_reserve(&xml, answer_room(res));
		build(x, res, &xml);
		count_answer(x, res->code.value,
			     is_failure || res->code.value == RV_ARMS_SERVER_FAILURE);
		if (xml.err == RV_OK)
			(void)rv_buf_reserve(&bytes, xml.len + HEAD_ROOM);
		else
			bytes.err = xml.err;
		rv_armshttp_put_answer(&bytes, rv_buf_str(&xml));
		send_and_end(x, &bytes);
	}
	rv_buf_deinit(&xml);
	rv_buf_deinit(&bytes);
	x->is_handled = false;
	release(x);
}

void rv_front_answer(struct rv_front_exchange *exchange, struct rv_armsxml_response *res)
{
	rv_fail_point("front.answer.known");
	answer(exchange, res, false);
}

void rv_front_fail(struct rv_front_exchange *exchange, int err)
{
	bool passes = err == RV_EBUSY || err == RV_ETIMEOUT || err == RV_ECLOSED ||
		      err == RV_ENOTFOUND || err == RV_EDB || err == -ENOSPC || err == -ENOMEM;
	struct rv_armsxml_response res = { .code = { true, passes ? RV_ARMS_SERVER_BUSY
								  : RV_ARMS_SERVER_FAILURE } };

	answer(exchange, &res, true);
}

struct rv_arena *rv_front_arena(struct rv_front_exchange *exchange)
{
	return &exchange->arena;
}

void *rv_front_owner(const struct rv_front_exchange *exchange)
{
	return exchange->front->opt.owner;
}

/* -- the server ----------------------------------------------------------------------------- */

static void on_old(void *arg, int fd, enum rv_tls_hello hello, const char *peer)
{
	struct rv_front *front = arg;

	front->opt.on_old(front->opt.owner, fd, hello, peer);
}

static const struct rv_net_callbacks callbacks = {
	.on_open = on_open,
	.on_data = on_data,
	.on_eof = on_eof,
	.on_close = on_close,
	.on_old = on_old,
};

int rv_front_new(const struct rv_front_opt *opt, struct rv_front **out)
{
	struct rv_front *front = calloc(1, sizeof(*front));
	struct rv_net_server_opt net = { .loop = opt->loop,
					 .tls = opt->tls,
					 .cb = &callbacks,
					 .arg = front,
					 .limits = opt->limits,
					 .settles = true,
					 .handshake_us = FRONT_HANDSHAKE_US,
					 .out_max = FRONT_ANSWER_MAX };
	int err;

	assert(opt->on_old != NULL || opt->listen_count == 0);
	if (front == NULL)
		return -ENOMEM;
	front->opt = *opt;
	err = rv_net_server_new(&net, opt->listen_fds, opt->listen_count, &front->server);
	if (err != RV_OK) {
		free(front);
		return err;
	}
	*out = front;
	return RV_OK;
}

void rv_front_set_limits(struct rv_front *front, const struct rv_net_limits *limits)
{
	rv_net_server_set_limits(front->server, limits);
}

void rv_front_take(struct rv_front *front, int fd)
{
	rv_net_server_take(front->server, fd);
}

static void on_server_done(void *arg)
{
	struct rv_front *front = arg;

	front->is_server_done = true;
	settle(front);
}

void rv_front_set_tls(struct rv_front *front, struct rv_tls_ctx *tls)
{
	rv_net_server_set_tls(front->server, tls);
}

void rv_front_drain(struct rv_front *front, void (*drained)(void *arg), void *arg)
{
	rv_net_server_drain(front->server, drained, arg);
}

void rv_front_stop(struct rv_front *front, void (*done)(void *arg), void *arg)
{
	front->is_stopping = true;
	front->done = done;
	front->done_arg = arg;
	rv_net_server_stop(front->server, on_server_done, front);
}

void rv_front_free(struct rv_front *front)
{
	if (front == NULL)
		return;
	rv_net_server_free(front->server);
	free(front);
}

void rv_front_stats(const struct rv_front *front, struct rv_front_stats *out)
{
	*out = front->stats;
	rv_net_server_stats(front->server, &out->net);
}

void rv_front_metrics(const struct rv_front *front, struct rv_buf *out)
{
	const char *name = front->opt.words.name;
	struct rv_front_stats s;

	rv_front_stats(front, &s);
	rv_metric_head(out, name, "requests_total", "Requests of devices, by type and outcome.");
	for (unsigned t = 0; t < RV_ARMSXML_TYPE_COUNT; t++) {
		const char *type = rv_armsxml_type_name((enum rv_armsxml_type)t);
		const struct {
			const char *outcome;
			uint64_t value;
		} rows[] = { { "ok", s.ok[t] },
			     { "refused", s.answered[t] - s.ok[t] - s.failed[t] },
			     { "failed", s.failed[t] } };
		for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++)
			rv_buf_printf(
				out, "reeve_%s_requests_total{type=\"%s\",outcome=\"%s\"} %llu\n",
				name, type, rows[i].outcome, (unsigned long long)rows[i].value);
	}
	const struct rv_metric rows[] = {
		{ "http_errors_total", "Requests refused by their HTTP.", s.http_errors },
		{ "http_unauthorised_total", "Requests refused for lack of credentials.",
		  s.unauthorised },
		{ "http_unsupported_total", "Requests for what is not supported.", s.unsupported },
		{ "http_malformed_total", "Requests whose message could not be read.",
		  s.malformed },
		{ "requests_abandoned_total", "Requests whose caller left before the answer.",
		  s.gone },
		{ "connections_total", "Connections accepted.", s.net.accepted },
		{ "connections_refused_total", "Connections refused, too many were open.",
		  s.net.refused_full },
		{ "connections_refused_source_total",
		  "Connections and handshakes refused, their source had its share.",
		  s.net.refused_source },
		{ "connections_displaced_total",
		  "Connections that said nothing, or stalled, and gave way to others.",
		  s.net.displaced },
		{ "connections_open", "Connections open.", s.net.open },
		{ "tls_handshakes_refused_total",
		  "Connections reset before TLS, too many handshakes were in progress.",
		  s.net.refused_busy },
		{ "tls_handshakes_open", "TLS handshakes in progress.", s.net.handshaking },
		{ "tls_resumed_total", "TLS handshakes that resumed a session.", s.net.resumed },
		{ "tls_handshakes_total", "TLS handshakes completed.", s.net.handshakes },
		{ "tls_handshake_failures_total", "TLS handshakes failed.",
		  s.net.handshake_failures },
		{ "timeouts_total", "Connections closed because nothing moved.", s.net.timeouts },
		{ "received_bytes_total", "Bytes received.", s.net.bytes_in },
		{ "sent_bytes_total", "Bytes sent.", s.net.bytes_out },
	};
	rv_metric_put(out, name, rows, RV_ARRAY_LEN(rows));
}
