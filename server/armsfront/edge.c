#include "server/armsfront/edge.h"

#include <errno.h>
#include <stdlib.h>

struct rv_edge {
	struct rv_duty *duty;
	struct rv_edge_opt opt;
	struct rv_tls_ctx *tls;
	struct rv_front *front;
};

/* A message on its way; in the exchange's arena. */
struct passing {
	struct rv_front_exchange *exchange;
	const struct rv_edge_route *route;
};

/* `body` is lent, so the answer is built before this returns: nothing of it is copied. */
static void on_reply(void *arg, int status, struct rv_str body)
{
	const struct passing *p = arg;
	struct rv_arena *arena = rv_front_arena(p->exchange);
	struct rv_armsxml_response res = { 0 };
	void *out = rv_arena_alloc(arena, p->route->out->size);

	if (status == RV_OK && out == NULL)
		status = -ENOMEM;
	if (status == RV_OK)
		status = rv_contract_decode(p->route->out, body, arena, out);
	if (status == RV_OK)
		status = p->route->from_bus(out, arena, &res);
	if (status == RV_OK)
		rv_front_answer(p->exchange, &res);
	else
		rv_front_fail(p->exchange, status);
}

static int pass_on(struct rv_edge *edge, struct passing *p, const struct rv_front_request *request)
{
	const struct rv_edge_route *route = p->route;
	struct rv_arena *arena = rv_front_arena(p->exchange);
	struct rv_buf body = { .wipe = true };
	void *in = rv_arena_alloc(arena, route->in->size);
	int err;

	if (in == NULL)
		return -ENOMEM;
	route->to_bus(request, arena, in);
	rv_contract_encode(route->in, in, &body);
	err = body.err;
	if (err == RV_OK)
		err = rv_bus_request(rv_duty_bus(edge->duty), route->peer, -1, route->method,
				     rv_buf_str(&body), EDGE_TIMEOUT_US, on_reply, p);
	rv_buf_deinit(&body);
	return err;
}

static void handle(void *owner, struct rv_front_exchange *exchange,
		   const struct rv_front_request *request)
{
	struct rv_edge *edge = owner;
	const struct rv_edge_route *route = edge->opt.routes;
	struct passing *p = rv_arena_alloc(rv_front_arena(exchange), sizeof(*p));
	int err = -ENOMEM;

	while (route->type != request->message->type)
		route++; /* the front lets only our types through */
	if (p != NULL) {
		*p = (struct passing){ exchange, route };
		err = pass_on(edge, p, request);
	}
	if (err != RV_OK)
		rv_front_fail(exchange, err);
}

static void edge_free(struct rv_edge *edge)
{
	if (edge == NULL)
		return;
	rv_front_free(edge->front);
	rv_tls_ctx_unref(edge->tls);
	free(edge);
}

int rv_edge_start(struct rv_duty *duty, const struct rv_edge_opt *opt, void **state,
		  struct rv_diag *diag)
{
	const struct rv_conf_sec *sec = rv_conf_get(rv_duty_conf(duty), opt->section, NULL);
	struct rv_edge *edge = calloc(1, sizeof(*edge));
	struct rv_front_opt front = { .loop = rv_duty_loop(duty),
				      .words = opt->words,
				      .conns_max = (unsigned)rv_conf_int(sec, "conns_max"),
				      .handle = handle,
				      .owner = edge };
	int err;

	if (edge == NULL)
		return -ENOMEM;
	edge->duty = duty;
	edge->opt = *opt;
	for (size_t i = 0; i < opt->route_count; i++)
		front.types |= 1U << opt->routes[i].type;
	err = rv_front_tls(rv_duty_conf(duty), opt->section, opt->asks_client_certificate,
			   rv_duty_tickets(duty), &edge->tls, diag);
	if (err != RV_OK)
		goto fail;
	front.tls = edge->tls;
	front.listen_count = rv_duty_listeners(duty, &front.listen_fds);
	err = rv_front_new(&front, &edge->front);
	if (err != RV_OK)
		goto fail;
	*state = edge;
	return RV_OK;
fail:
	edge_free(edge);
	return err;
}

static void on_stopped(void *arg)
{
	struct rv_edge *edge = arg;
	struct rv_duty *duty = edge->duty;

	edge_free(edge);
	rv_duty_stopped(duty);
}

void rv_edge_stop(void *state)
{
	struct rv_edge *edge = state;

	rv_front_stop(edge->front, on_stopped, edge);
}

void rv_edge_metrics(void *state, struct rv_buf *out)
{
	const struct rv_edge *edge = state;

	rv_front_metrics(edge->front, out);
}
