#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "log/log.h"
#include "server/certs/certs.h"
#include "server/http/api.h"
#include "server/http/http.h"
#include "server/http/server.h"

enum { GRACE_MS = 5000 };

struct http {
	struct rv_duty *duty;
	struct rv_http_server *server;
	struct rv_http_api api;
	struct rv_tls_ctx *tls;
	struct rv_certs *certs;
};

static int make_tls(struct rv_duty *duty, const struct rv_conf_sec *conf, struct rv_tls_ctx **out,
		    struct rv_diag *diag)
{
	struct rv_certs_pair pair = { conf, "http", "certificate", "key", false };
	char part[RV_DIAG_WHERE_MAX];
	int err = rv_certs_check(&pair, rv_time_utc_us(), diag);

	if (err != RV_OK)
		return err;
	err = rv_tls_ctx_new(&(struct rv_tls_opt){ .is_server = true,
						   .peer = RV_TLS_PEER_NONE,
						   .cert_pem = rv_conf_file(conf, "certificate"),
						   .key_pem = rv_conf_file(conf, "key"),
						   .tickets = rv_duty_tickets(duty),
						   .role = "http" },
			     out, diag);
	if (err == RV_ETLS) { /* "key" -> the item of the configuration */
		memcpy(part, diag->where, sizeof(part));
		snprintf(diag->where, sizeof(diag->where), "http.%.*s", (int)sizeof(part) - 6,
			 part);
	}
	return err;
}

static void read_limits(const struct rv_conf_sec *conf, struct rv_http_server_opt *out)
{
	out->connections_max = (unsigned)rv_conf_int(conf, "connections_max");
	out->request_us = rv_conf_int(conf, "request_timeout");
	out->idle_us = rv_conf_int(conf, "idle_timeout");
}

static int start_server(struct http *http, const struct rv_conf_sec *conf)
{
	struct rv_http_server_opt opt = {
		.loop = rv_duty_loop(http->duty),
		.tls = http->tls,
		.body_max = (size_t)rv_conf_int(conf, "body_max"),
		.grace_ms = GRACE_MS,
		.handler = rv_http_api_handle,
		.arg = &http->api,
	};

	read_limits(conf, &opt);
	opt.listen_count = rv_duty_listeners(http->duty, &opt.listen_fds);
	return rv_http_server_new(&opt, &http->server);
}

static int reload(void *state, struct rv_conf *conf, struct rv_diag *diag)
{
	struct http *http = state;
	const struct rv_conf_sec *sec = rv_conf_get(conf, "http", NULL);
	struct rv_http_server_opt opt = { 0 };
	int err = make_tls(http->duty, sec, &opt.tls, diag);

	if (err != RV_OK)
		return err;
	read_limits(sec, &opt);
	rv_http_server_set(http->server, &opt);
	rv_tls_ctx_unref(http->tls);
	http->tls = opt.tls;
	rv_certs_watch(http->certs, "http.certificate", rv_conf_file(sec, "certificate"));
	http->api.timeout_us = rv_conf_int(sec, "operation_timeout");
	return RV_OK;
}

static int start(struct rv_duty *duty, void **state, struct rv_diag *diag)
{
	const struct rv_conf_sec *conf = rv_conf_get(rv_duty_conf(duty), "http", NULL);
	struct http *http = calloc(1, sizeof(*http));
	int err;

	if (http == NULL)
		return -ENOMEM;
	if (sodium_init() < 0) {
		free(http);
		return rv_diag_set(diag, RV_EUNSUPPORTED, "http.start", "",
				   "libsodium does not start");
	}
	http->duty = duty;
	http->api.bus = rv_duty_bus(duty);
	http->api.timeout_us = rv_conf_int(conf, "operation_timeout");
	err = make_tls(duty, conf, &http->tls, diag);
	if (err == RV_OK)
		err = rv_certs_new(rv_duty_loop(duty), false, &http->certs);
	if (err != RV_OK)
		goto fail;
	rv_certs_watch(http->certs, "http.certificate", rv_conf_file(conf, "certificate"));
	err = start_server(http, conf);
	if (err != RV_OK) {
		rv_diag_set(diag, err, "http.start", "http.listen", "the server does not start: %s",
			    rv_err_name(err));
		goto fail;
	}
	*state = http;
	return RV_OK;

fail:
	rv_certs_free(http->certs);
	rv_tls_ctx_unref(http->tls);
	free(http);
	return err;
}

static void on_stopped(void *arg)
{
	struct http *http = arg;

	http->server = NULL;
	rv_certs_free(http->certs);
	http->certs = NULL;
	rv_tls_ctx_unref(http->tls);
	http->tls = NULL;
	/* http itself stays until .free: answers of rs that are still due count in http->api. */
	rv_duty_stopped(http->duty);
}

static void stop(void *state)
{
	struct http *http = state;

	rv_http_server_stop(http->server, on_stopped, http);
}

static void put(struct rv_buf *out, const char *name, const char *type, const char *help,
		uint64_t v)
{
	rv_buf_printf(out,
		      "# HELP reeve_http_%s %s\n# TYPE reeve_http_%s %s\nreeve_http_%s %" PRIu64
		      "\n",
		      name, help, name, type, name, v);
}

static void metrics(void *state, struct rv_buf *out)
{
	const struct http *http = state;
	struct rv_http_stats s;

	if (http->server == NULL)
		return;
	rv_certs_metrics(http->certs, out);
	rv_http_server_stats(http->server, &s);
	put(out, "connections", "gauge", "Open connections.", s.connections_open);
	put(out, "connections_total", "counter", "Connections after their handshake.",
	    s.connections);
	put(out, "connections_refused_total", "counter", "Closed at once: connections_max.",
	    s.connections_refused);
	put(out, "handshake_failures_total", "counter", "TLS handshakes that failed.",
	    s.handshake_failures);
	put(out, "requests_total", "counter", "Requests that passed the gate.", s.requests);
	put(out, "requests_refused_total", "counter", "Requests that the gate refused.", s.refused);
	put(out, "bodies_refused_total", "counter", "Connections ended: too many bodies at once.",
	    s.bodies_refused);
	put(out, "operations", "gauge", "Operations at rs now.", http->api.pending);
	rv_buf_puts(out, "# HELP reeve_http_answers_total Answers by class of status.\n"
			 "# TYPE reeve_http_answers_total counter\n");
	for (unsigned i = 2; i < RV_ARRAY_LEN(s.answers); i++)
		rv_buf_printf(out, "reeve_http_answers_total{class=\"%uxx\"} %" PRIu64 "\n", i,
			      s.answers[i]);
}

const struct rv_duty_code rv_http_code = {
	.spec = &rv_http_duty_spec,
	.schema = rv_http_sections,
	.schema_count = 1, /* of rv_http_sections */
	.start = start,
	.reload = reload,
	.stop = stop,
	.free = free,
	.metrics = metrics,
};
