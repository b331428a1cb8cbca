#include "server/http/server.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "log/log.h"
#include "server/http/server_priv.h"

/* -- libmicrohttpd on our loop ---------------------------------------------------------------- */

static void on_mhd_timer(uv_timer_t *timer)
{
	rv_http_server_run(timer->data);
}

static void on_mhd_poll(uv_poll_t *poll, int status, int events)
{
	(void)status; /* its own poll will find out */
	(void)events;
	rv_http_server_run(poll->data);
}

void rv_http_server_run(struct rv_http_server *server)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;

	if (server->is_in_mhd) {
		uv_timer_start(&server->mhd_timer, on_mhd_timer, 0, 0);
		return;
	}
	server->is_in_mhd = true;
	MHD_run(server->mhd);
	server->is_in_mhd = false;
	if (!server->is_ending && MHD_get_timeout(server->mhd, &ms) == MHD_YES)
		uv_timer_start(&server->mhd_timer, on_mhd_timer, ms, 0);
}

static void on_mhd_connection(void *cls, struct MHD_Connection *mhd, void **context,
			      enum MHD_ConnectionNotificationCode what)
{
	struct rv_http_server *server = cls;

	(void)mhd;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		assert(server->opening != NULL);
		server->opening->holders++;
		*context = server->opening;
	} else {
		rv_http_conn_release(*context);
	}
}

static void on_mhd_log(void *cls, const char *fmt, va_list args)
{
	char text[200];

	(void)cls;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, sizeof(text), fmt, args);
#pragma GCC diagnostic pop
	rv_log(RV_LOG_DEBUG, "http.library.spoke", RV_KV("text", rv_str_trim(rv_str(text))));
}

/* Paths are decoded part by part, after they have been taken apart. */
static size_t keep_encoded(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return rv_str(text).len;
}

static struct MHD_Daemon *start_mhd(struct rv_http_server *server)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_ERROR_LOG,
		0, NULL, NULL, rv_http_on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log,
		NULL, MHD_OPTION_CONNECTION_LIMIT, RV_HTTP_CONNECTIONS_TOP + 64,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)RV_HTTP_MHD_POOL,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, /* for good measure */
		MHD_OPTION_URI_LOG_CALLBACK, rv_http_on_target, server,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		rv_http_on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_mhd_connection,
		server, MHD_OPTION_END);
}

/* -- start ----------------------------------------------------------------------------------- */

static void release(struct rv_http_server *server)
{
	assert(server->holders > 0);
	if (--server->holders > 0)
		return;
	rv_net_server_free(server->net);
	if (server->done != NULL)
		server->done(server->done_arg);
	free(server);
}

static void on_handle_closed(uv_handle_t *handle)
{
	release(handle->data);
}

static void stop_mhd(struct rv_http_server *server)
{
	server->is_ending = true;
	uv_close((uv_handle_t *)&server->mhd_poll, on_handle_closed);
	uv_close((uv_handle_t *)&server->mhd_timer, on_handle_closed);
	uv_close((uv_handle_t *)&server->grace_timer, on_handle_closed);
	MHD_stop_daemon(server->mhd);
}

static int start_net(struct rv_http_server *server)
{
	const struct rv_http_server_opt *opt = &server->opt;
	const struct rv_net_server_opt net = {
		.loop = opt->loop,
		.tls = opt->tls,
		.cb = &rv_http_net_callbacks,
		.arg = server,
		.limits = { .conns_max = opt->connections_max },
		.handshake_us = opt->request_us,
		.idle_us = opt->idle_us,
		.out_max = RV_HTTP_OUT_MAX,
	};

	return rv_net_server_new(&net, opt->listen_fds, opt->listen_count, &server->net);
}

int rv_http_server_new(const struct rv_http_server_opt *opt, struct rv_http_server **out)
{
	struct rv_http_server *server = calloc(1, sizeof(*server));
	int err = RV_EBUSY;

	if (server == NULL)
		return -ENOMEM;
	server->opt = *opt;
	rv_list_init(&server->conns);
	rv_list_init(&server->requests);
	server->mhd = start_mhd(server);
	if (server->mhd == NULL)
		goto fail;
	err = uv_poll_init(opt->loop, &server->mhd_poll,
			   MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
	if (err != 0)
		goto fail;
	uv_timer_init(opt->loop, &server->mhd_timer);
	uv_timer_init(opt->loop, &server->grace_timer);
	server->mhd_poll.data = server->mhd_timer.data = server->grace_timer.data = server;
	server->holders = 3;
	err = start_net(server);
	if (err != RV_OK) {
		stop_mhd(server); /* freed when the loop has closed the handles */
		return err;
	}
	(void)uv_poll_start(&server->mhd_poll, UV_READABLE, on_mhd_poll); /* open: cannot fail */
	*out = server;
	return RV_OK;

fail:
	if (server->mhd != NULL)
		MHD_stop_daemon(server->mhd);
	free(server);
	return err;
}

/* -- stop: conns wind up -> requests are abandoned -> net stops -> libmicrohttpd stops --------- */

static void on_net_stopped(void *arg)
{
	stop_mhd(arg);
}

static void end(struct rv_http_server *server)
{
	struct rv_list *link;

	if (server->is_ending)
		return;
	server->is_ending = true;
	uv_timer_stop(&server->mhd_timer);
	while ((link = rv_list_pop(&server->requests)) != NULL)
		rv_http_request_abandon(rv_http_request_of_link(link));
	rv_net_server_stop(server->net, on_net_stopped, server);
}

static void on_grace_over(uv_timer_t *timer)
{
	end(timer->data);
}

void rv_http_server_conn_gone(struct rv_http_server *server)
{
	if (server->is_stopping && rv_list_is_empty(&server->conns) && !server->is_ending)
		uv_timer_start(&server->grace_timer, on_grace_over, 0, 0);
	release(server);
}

void rv_http_server_stop(struct rv_http_server *server, void (*done)(void *arg), void *arg)
{
	struct rv_list *link;

	server->is_stopping = true;
	server->done = done;
	server->done_arg = arg;
	uv_timer_start(&server->grace_timer, on_grace_over,
		       rv_list_is_empty(&server->conns) ? 0 : server->opt.grace_ms, 0);
	rv_list_for_each (link, &server->conns)
		rv_http_conn_wind_up(RV_CONTAINER_OF(link, struct rv_http_conn, link));
}

void rv_http_server_set(struct rv_http_server *server, const struct rv_http_server_opt *opt)
{
	const struct rv_net_limits limits = { .conns_max = opt->connections_max };

	server->opt.request_us = opt->request_us;
	rv_net_server_set_tls(server->net, opt->tls);
	rv_net_server_set_limits(server->net, &limits);
	rv_net_server_set_times(server->net, opt->request_us, opt->idle_us);
}

void rv_http_server_stats(const struct rv_http_server *server, struct rv_http_stats *out)
{
	struct rv_net_stats net;

	rv_net_server_stats(server->net, &net);
	*out = server->stats;
	out->connections_open = net.open;
	out->connections_refused = net.refused_full;
	out->handshake_failures = net.handshake_failures;
}
