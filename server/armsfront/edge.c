#include "server/armsfront/edge.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/metric.h"
#include "base/rand.h"
#include "base/time.h"
#include "log/log.h"
#include "server/armsfront/old.h"
#include "server/certs/certs.h"

/* One front and the section it belongs to. */
struct door {
	struct rv_edge *edge;
	const struct rv_edge_opt *opt;
	struct rv_tls_ctx *tls;
	struct rv_front *front;
	bool is_legacy;  /* for sockets handed over */
	bool hands_over; /* to the duty `legacy` */
};

struct rv_edge {
	struct rv_duty *duty;
	struct door doors[RV_EDGE_DOORS_MAX];
	size_t door_count;
	size_t drained, stopped;
	struct rv_certs *certs;
	/* Clients of old TLS. */
	struct rv_old *old;
	uint64_t handed_over, turned_away, missed;
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

static int pass_on(struct door *door, struct passing *p, const struct rv_front_request *request)
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
		err = rv_bus_request(rv_duty_bus(door->edge->duty), route->peer, -1, route->method,
				     rv_buf_str(&body), EDGE_TIMEOUT_US, on_reply, p);
	rv_buf_deinit(&body);
	return err;
}

static void handle(void *owner, struct rv_front_exchange *exchange,
		   const struct rv_front_request *request)
{
	struct door *door = owner;
	const struct rv_edge_route *route = door->opt->routes;
	struct passing *p = rv_arena_alloc(rv_front_arena(exchange), sizeof(*p));
	int err = -ENOMEM;

	while (route->type != request->message->type)
		route++; /* the front lets only our types through */
	if (p != NULL) {
		*p = (struct passing){ exchange, route };
		err = pass_on(door, p, request);
	}
	if (err != RV_OK)
		rv_front_fail(exchange, err);
}

/* -- clients of old TLS ---------------------------------------------------------------------- */

/* In plain bytes: without a handshake there is nothing to encrypt with. What the client sent is
 * read first, or close would send a reset that overtakes the alert. */
static void turn_away(struct door *door, int fd, enum rv_tls_hello hello, const char *peer)
{
	struct rv_edge *edge = door->edge;
	uint8_t alert[RV_TLS_ALERT_LEN];
	char hello_bytes[RV_TLS_HELLO_MAX];
	const char *reason = hello == RV_TLS_HELLO_FALLBACK ? "fallback" : "version";

	edge->turned_away++;
	if (rv_old_note(edge->old, peer, rv_time_boot_us()))
		rv_log(RV_LOG_WARN, "tls.legacy.refused", RV_KS("listener", door->opt->section),
		       RV_KS("peer", peer), RV_KS("reason", reason));
	rv_tls_hello_alert(hello, alert);
	if (recv(fd, hello_bytes, sizeof(hello_bytes), 0) > 0 &&
	    send(fd, alert, sizeof(alert), MSG_NOSIGNAL) == (ssize_t)sizeof(alert))
		close(fd);
	else
		rv_net_reset(fd);
}

static void on_old(void *owner, int fd, enum rv_tls_hello hello, const char *peer)
{
	struct door *door = owner;
	struct rv_edge *edge = door->edge;

	if (!door->hands_over || hello == RV_TLS_HELLO_FALLBACK) {
		turn_away(door, fd, hello, peer);
	} else if (rv_duty_handover(edge->duty, fd, door->opt->section) == RV_OK) {
		edge->handed_over++;
		close(fd);
	} else {
		edge->missed++;
		rv_net_reset(fd);
	}
}

static void on_socket(void *arg, int fd, const char *label)
{
	struct rv_edge *edge = arg;

	for (size_t i = 0; i < edge->door_count; i++) {
		if (strcmp(edge->doors[i].opt->section, label) == 0) {
			rv_front_take(edge->doors[i].front, fd);
			return;
		}
	}
	rv_net_reset(fd);
}

/* -- life ------------------------------------------------------------------------------------ */

static void edge_free(struct rv_edge *edge)
{
	if (edge == NULL)
		return;
	for (size_t i = 0; i < edge->door_count; i++) {
		rv_front_free(edge->doors[i].front);
		rv_tls_ctx_unref(edge->doors[i].tls);
	}
	rv_certs_free(edge->certs);
	rv_old_free(edge->old);
	free(edge);
}

static struct rv_edge *edge_new(struct rv_duty *duty)
{
	struct rv_edge *edge = calloc(1, sizeof(*edge));
	uint64_t seed;

	if (edge == NULL)
		return NULL;
	rv_rand_secret(&seed, sizeof(seed));
	edge->duty = duty;
	edge->old = rv_old_new(seed);
	if (edge->old == NULL ||
	    rv_certs_new(rv_duty_loop(duty), rv_duty_worker(duty) > 0, &edge->certs) != RV_OK) {
		edge_free(edge);
		return NULL;
	}
	return edge;
}

static struct rv_net_limits limits_of(const struct rv_conf_sec *sec)
{
	return (struct rv_net_limits){
		.conns_max = (unsigned)rv_conf_int(sec, "conns_max"),
		.handshakes_max = (unsigned)rv_conf_int(sec, "handshakes_max"),
		.source_percent = (unsigned)rv_conf_int(sec, "source_share"),
	};
}

static void watch(struct rv_edge *edge, const struct rv_conf_sec *sec, const char *section,
		  const char *item)
{
	char name[RV_CERTS_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%.20s.%.40s", section, item);
	rv_certs_watch(edge->certs, name, rv_conf_file(sec, item));
}

static void watch_all(const struct door *door, const struct rv_conf *conf)
{
	const char *section = door->opt->section;
	const struct rv_conf_sec *sec = rv_conf_get(conf, section, NULL);

	watch(door->edge, sec, section, "certificate");
	if (door->is_legacy)
		watch(door->edge, sec, section, "legacy_certificate");
}

static int make_tls(const struct door *door, const struct rv_conf *conf, struct rv_tls_ctx **out,
		    struct rv_diag *diag)
{
	const struct rv_front_tls_opt opt = {
		.section = door->opt->section,
		.asks_client_certificate = door->opt->asks_client_certificate,
		.is_legacy = door->is_legacy,
		.tickets = door->is_legacy ? NULL : rv_duty_tickets(door->edge->duty),
	};

	return rv_front_tls(conf, &opt, out, diag);
}

/* is_legacy: for sockets handed over; else for our listening sockets. */
static int open_door(struct rv_edge *edge, const struct rv_edge_opt *opt, bool is_legacy,
		     struct rv_diag *diag)
{
	const struct rv_conf *conf = rv_duty_conf(edge->duty);
	const struct rv_conf_sec *sec = rv_conf_get(conf, opt->section, NULL);
	struct door *door = &edge->doors[edge->door_count];
	struct rv_front_opt front = { .loop = rv_duty_loop(edge->duty),
				      .words = opt->words,
				      .limits = limits_of(sec),
				      .handle = handle,
				      .on_old = on_old,
				      .owner = door };
	int err;

	assert(edge->door_count < RV_EDGE_DOORS_MAX);
	edge->door_count++;
	door->edge = edge;
	door->opt = opt;
	door->is_legacy = is_legacy;
	door->hands_over = !is_legacy && rv_conf_bool(sec, "legacy");
	for (size_t i = 0; i < opt->route_count; i++)
		front.types |= 1U << opt->routes[i].type;
	err = make_tls(door, conf, &door->tls, diag);
	if (err != RV_OK)
		return err;
	watch_all(door, conf);
	front.tls = door->tls;
	if (!is_legacy)
		front.listen_count = rv_duty_listeners(edge->duty, &front.listen_fds);
	return rv_front_new(&front, &door->front);
}

int rv_edge_start(struct rv_duty *duty, const struct rv_edge_opt *opt, void **state,
		  struct rv_diag *diag)
{
	struct rv_edge *edge = edge_new(duty);
	int err;

	if (edge == NULL)
		return -ENOMEM;
	err = open_door(edge, opt, false, diag);
	if (err != RV_OK) {
		edge_free(edge);
		return err;
	}
	*state = edge;
	return RV_OK;
}

int rv_edge_start_legacy(struct rv_duty *duty, const struct rv_edge_opt *const *opts, size_t n,
			 void **state, struct rv_diag *diag)
{
	struct rv_edge *edge = edge_new(duty);
	int err = edge == NULL ? -ENOMEM : RV_OK;

	for (size_t i = 0; i < n && err == RV_OK; i++) {
		const struct rv_conf_sec *sec = rv_conf_get(rv_duty_conf(duty), opts[i]->section,
							    NULL);

		if (sec != NULL && rv_conf_bool(sec, "legacy"))
			err = open_door(edge, opts[i], true, diag);
	}
	if (err != RV_OK) {
		/* A front that was opened is on the loop; the process ends anyway. */
		return err;
	}
	rv_duty_on_socket(duty, on_socket, edge);
	*state = edge;
	return RV_OK;
}

/* All contexts first: a certificate that is wrong at one door changes nothing at the other. */
int rv_edge_reload(void *state, struct rv_conf *conf, struct rv_diag *diag)
{
	struct rv_edge *edge = state;
	struct rv_tls_ctx *made[RV_EDGE_DOORS_MAX] = { 0 };
	int err = RV_OK;

	for (size_t i = 0; i < edge->door_count && err == RV_OK; i++)
		err = make_tls(&edge->doors[i], conf, &made[i], diag);
	for (size_t i = 0; i < edge->door_count; i++) {
		struct door *door = &edge->doors[i];
		struct rv_net_limits limits = limits_of(
			rv_conf_get(conf, door->opt->section, NULL));

		if (err != RV_OK) {
			rv_tls_ctx_unref(made[i]);
			continue;
		}
		rv_front_set_limits(door->front, &limits);
		rv_front_set_tls(door->front, made[i]);
		rv_tls_ctx_unref(door->tls);
		door->tls = made[i];
		watch_all(door, conf);
	}
	return err;
}

static void on_stopped(void *arg)
{
	struct rv_edge *edge = arg;
	struct rv_duty *duty = edge->duty;

	if (++edge->stopped < edge->door_count)
		return;
	edge_free(edge);
	rv_duty_stopped(duty);
}

void rv_edge_stop(void *state)
{
	struct rv_edge *edge = state;
	size_t n = edge->door_count;

	for (size_t i = 0; i < n; i++)
		rv_front_stop(edge->doors[i].front, on_stopped, edge);
}

static void on_drained(void *arg)
{
	struct rv_edge *edge = arg;

	if (++edge->drained == edge->door_count)
		rv_edge_stop(edge);
}

void rv_edge_drain(void *state)
{
	struct rv_edge *edge = state;

	for (size_t i = 0; i < edge->door_count; i++)
		rv_front_drain(edge->doors[i].front, on_drained, edge);
}

void rv_edge_metrics(void *state, struct rv_buf *out)
{
	const struct rv_edge *edge = state;
	const struct rv_metric old[] = {
		{ "legacy_handed_over_total", "Clients of old TLS handed to the legacy process.",
		  edge->handed_over },
		{ "legacy_missed_total",
		  "Clients of old TLS reset, the legacy process had no room.", edge->missed },
		{ "legacy_refused_total", "Clients of old TLS turned away.", edge->turned_away },
		{ "legacy_refused_addresses",
		  "Addresses of those turned away in 24 hours, as far as this worker met them.",
		  rv_old_count(edge->old, rv_time_boot_us()) },
	};

	for (size_t i = 0; i < edge->door_count; i++)
		rv_front_metrics(edge->doors[i].front, out);
	rv_metric_put(out, "tls", old, RV_ARRAY_LEN(old));
	rv_certs_metrics(edge->certs, out);
}
