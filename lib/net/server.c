#include "net/net_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log/log.h"

int64_t rv_net_now_us(const struct rv_net_server *server)
{
	return (int64_t)uv_now(server->opt.loop) * RV_US_PER_MS;
}

static void on_wheel_timer(uv_timer_t *handle);

static void set_wheel_timer(struct rv_net_server *server, int64_t at_us)
{
	int64_t wait_us = at_us - rv_net_now_us(server);

	server->wheel_at_us = at_us;
	/* Up, never early: an early one would find nothing due and spin. */
	wait_us = wait_us < 0 ? 0 : wait_us + RV_US_PER_MS - 1;
	uv_timer_start(&server->wheel_timer, on_wheel_timer, (uint64_t)(wait_us / RV_US_PER_MS), 0);
}

static void on_wheel_timer(uv_timer_t *handle)
{
	struct rv_net_server *server = handle->data;
	int64_t next_us;

	server->wheel_at_us = INT64_MAX;
	rv_wheel_advance(&server->wheel, rv_net_now_us(server), RV_NET_TIMERS_BATCH);
	next_us = rv_wheel_next_us(&server->wheel);
	if (next_us < server->wheel_at_us && !server->is_stopping)
		set_wheel_timer(server, next_us);
}

void rv_net_arm(struct rv_net_server *server, struct rv_timer *timer, int64_t at_us)
{
	rv_wheel_add(&server->wheel, timer, at_us);
	if (at_us < server->wheel_at_us)
		set_wheel_timer(server, at_us);
}

static void on_idle(uv_idle_t *handle)
{
	struct rv_net_server *server = handle->data;
	struct rv_list batch, *link;

	/* Those that stay ready join a new list: one read each per turn. */
	rv_list_init(&batch);
	while ((link = rv_list_pop(&server->ready)) != NULL)
		rv_list_add_tail(&batch, link);
	while ((link = rv_list_pop(&batch)) != NULL) {
		struct rv_net_conn *conn = RV_CONTAINER_OF(link, struct rv_net_conn, ready_link);
		if (!conn->is_paused)
			rv_net_conn_read(conn);
	}
	if (rv_list_is_empty(&server->ready))
		uv_idle_stop(&server->idle);
}

void rv_net_ready(struct rv_net_server *server, struct rv_net_conn *conn)
{
	if (rv_list_is_empty(&conn->ready_link))
		rv_list_add_tail(&server->ready, &conn->ready_link);
	uv_idle_start(&server->idle, on_idle);
}

bool rv_net_should_log(struct rv_net_server *server, int64_t *last_us)
{
	int64_t now_us = rv_net_now_us(server);

	if (now_us - *last_us < RV_NET_LOG_INTERVAL_US)
		return false;
	*last_us = now_us;
	return true;
}

static void on_acceptable(uv_poll_t *handle, int status, int events);

static void start_accepting(struct rv_net_server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		uv_poll_start(&server->listeners[i].poll, UV_READABLE, on_acceptable);
}

static void on_accept_timer(uv_timer_t *handle)
{
	start_accepting(handle->data);
}

/* Out of descriptors or memory: the backlog keeps the peers for the moment it takes. Polling on
 * would only burn the CPU that could end other connections. */
static void pause_accepting(struct rv_net_server *server, int err)
{
	for (size_t i = 0; i < server->listener_count; i++)
		uv_poll_stop(&server->listeners[i].poll);
	uv_timer_start(&server->accept_timer, on_accept_timer, RV_NET_ACCEPT_PAUSE_MS, 0);
	if (rv_net_should_log(server, &server->starved_logged_us))
		rv_log(RV_LOG_ERROR, "net.accept.starved", RV_KS("error", strerror(err)),
		       RV_KI("open", server->stats.open));
}

static bool is_starvation(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

/* Errors of the socket itself; all others belong to the one connection that was not accepted. */
static bool is_listener_broken(int err)
{
	return err == EBADF || err == EINVAL || err == ENOTSOCK || err == EOPNOTSUPP;
}

/* True: it was let in, which may have cost a handshake. */
static bool take_in(struct rv_net_server *server, int fd, const struct sockaddr_storage *addr)
{
	const struct rv_net_stats *s = &server->stats;
	uint64_t before = s->refused_full + s->refused_busy + s->refused_source;

	rv_net_conn_accept(server, fd, addr, false);
	return s->refused_full + s->refused_busy + s->refused_source == before;
}

static void on_acceptable(uv_poll_t *handle, int status, int events)
{
	struct rv_net_listener *listener = handle->data;
	struct rv_net_server *server = listener->server;
	unsigned taken = 0;

	(void)status; /* accept tells more exactly */
	(void)events;
	for (unsigned i = 0; i < RV_NET_REFUSE_BATCH && taken < RV_NET_ACCEPT_BATCH &&
			     !server->is_stopping && server->drained == NULL;
	     i++) {
		struct sockaddr_storage addr = { 0 };
		socklen_t len = sizeof(addr);
		int fd = accept4(listener->fd, (struct sockaddr *)&addr, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			taken += take_in(server, fd, &addr);
		} else if (errno == EAGAIN) {
			return;
		} else if (is_starvation(errno)) {
			pause_accepting(server, errno);
			return;
		} else if (is_listener_broken(errno)) {
			rv_log(RV_LOG_ERROR, "net.listener.failed",
			       RV_KS("error", strerror(errno)));
			uv_poll_stop(handle);
			return;
		}
	}
}

void rv_net_handle_closed(struct rv_net_server *server)
{
	assert(server->handles > 0);
	if (--server->handles == 0 && server->done != NULL)
		server->done(server->done_arg);
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct rv_net_listener *listener = handle->data;

	rv_net_handle_closed(listener->server);
}

static void on_handle_closed(uv_handle_t *handle)
{
	rv_net_handle_closed(handle->data);
}

static void on_drained(uv_timer_t *handle)
{
	struct rv_net_server *server = handle->data;

	server->drained(server->drained_arg);
}

void rv_net_server_emptied(struct rv_net_server *server)
{
	if (server->drained != NULL && !server->is_stopping)
		uv_timer_start(&server->accept_timer, on_drained, 0, 0);
}

void rv_net_server_drain(struct rv_net_server *server, void (*drained)(void *arg), void *arg)
{
	assert(server->drained == NULL && !server->is_stopping);
	server->drained = drained;
	server->drained_arg = arg;
	for (size_t i = 0; i < server->listener_count; i++)
		uv_poll_stop(&server->listeners[i].poll);
	uv_timer_stop(&server->accept_timer);
	if (server->stats.open == 0)
		rv_net_server_emptied(server);
}

void rv_net_server_stop(struct rv_net_server *server, void (*done)(void *arg), void *arg)
{
	struct rv_list *link;

	assert(!server->is_stopping);
	server->is_stopping = true;
	server->done = done;
	server->done_arg = arg;
	for (size_t i = 0; i < server->listener_count; i++)
		uv_close((uv_handle_t *)&server->listeners[i].poll, on_listener_closed);
	uv_close((uv_handle_t *)&server->wheel_timer, on_handle_closed);
	uv_close((uv_handle_t *)&server->accept_timer, on_handle_closed);
	uv_close((uv_handle_t *)&server->idle, on_handle_closed);
	rv_list_for_each (link, &server->conns)
		rv_net_conn_close(RV_CONTAINER_OF(link, struct rv_net_conn, link));
}

void rv_net_server_free(struct rv_net_server *server)
{
	if (server == NULL)
		return;
	assert(server->is_stopping && server->handles == 0);
	rv_tls_ctx_unref(server->tls);
	rv_map_deinit(&server->sources);
	free(server->listeners);
	free(server);
}

static void free_stopped(void *arg)
{
	rv_net_server_free(arg);
}

static int open_listeners(struct rv_net_server *server, const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rv_net_listener *l = &server->listeners[i];
		int err = uv_poll_init(server->opt.loop, &l->poll, fds[i]);

		if (err != 0)
			return err;
		l->fd = fds[i];
		l->server = server;
		l->poll.data = l;
		server->listener_count++;
		server->handles++;
	}
	return RV_OK;
}

/* None of these can fail; listeners can, and are opened after them. */
static void init_handles(struct rv_net_server *server)
{
	uv_loop_t *loop = server->opt.loop;

	uv_timer_init(loop, &server->wheel_timer);
	uv_timer_init(loop, &server->accept_timer);
	uv_idle_init(loop, &server->idle);
	server->wheel_timer.data = server->accept_timer.data = server->idle.data = server;
	server->handles = 3;
}

int rv_net_server_new(const struct rv_net_server_opt *opt, const int *listen_fds, size_t n,
		      struct rv_net_server **out)
{
	struct rv_net_server *server = calloc(1, sizeof(*server));
	int err;

	assert(opt->cb->on_open != NULL && opt->cb->on_data != NULL && opt->cb->on_eof != NULL &&
	       opt->cb->on_close != NULL);
	assert(opt->handshake_us > 0 && opt->idle_us >= 0);
	if (server == NULL)
		return -ENOMEM;
	server->listeners = calloc(n == 0 ? 1 : n, sizeof(*server->listeners));
	if (server->listeners == NULL) {
		free(server);
		return -ENOMEM;
	}
	server->opt = *opt;
	rv_net_server_set_limits(server, &opt->limits);
	if (server->opt.out_max == 0)
		server->opt.out_max = RV_NET_OUT_MAX_DEFAULT;
	server->tls = rv_tls_ctx_ref(opt->tls);
	server->wheel_at_us = INT64_MAX;
	server->refused_logged_us = server->starved_logged_us = -RV_NET_LOG_INTERVAL_US;
	rv_list_init(&server->conns);
	rv_list_init(&server->waiting);
	rv_list_init(&server->handshaking);
	rv_list_init(&server->unsettled);
	rv_net_sources_init(&server->sources);
	rv_list_init(&server->ready);
	rv_wheel_init(&server->wheel, rv_net_now_us(server));
	init_handles(server);
	err = open_listeners(server, listen_fds, n);
	if (err != RV_OK) {
		rv_net_server_stop(server, free_stopped, server); /* libuv closes by and by */
		return err;
	}
	start_accepting(server);
	*out = server;
	return RV_OK;
}

void rv_net_server_set_limits(struct rv_net_server *server, const struct rv_net_limits *limits)
{
	assert(limits->conns_max > 0 && limits->source_percent <= 100);
	server->opt.limits = *limits;
	if (limits->handshakes_max == 0)
		server->opt.limits.handshakes_max = limits->conns_max;
}

void rv_net_server_set_times(struct rv_net_server *server, int64_t handshake_us, int64_t idle_us)
{
	assert(handshake_us > 0 && idle_us >= 0);
	server->opt.handshake_us = handshake_us;
	server->opt.idle_us = idle_us;
}

void rv_net_server_take(struct rv_net_server *server, int fd)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);

	/* A peer that has gone meanwhile has no address; TLS will find that out. */
	getpeername(fd, (struct sockaddr *)&addr, &len);
	rv_net_conn_accept(server, fd, &addr, true);
}

void rv_net_server_set_tls(struct rv_net_server *server, struct rv_tls_ctx *tls)
{
	struct rv_tls_ctx *old = server->tls;

	server->tls = rv_tls_ctx_ref(tls);
	rv_tls_ctx_unref(old);
}

void rv_net_server_stats(const struct rv_net_server *server, struct rv_net_stats *out)
{
	*out = server->stats;
}
