#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "world.h"

enum { ECHOES = 5 };

static void client_many(struct client *c)
{
	c->is_ok = connect_tls(c);
	for (int i = 0; i < ECHOES; i++)
		c->is_ok = c->is_ok && echo(c, "echo this");
	c->is_ok = c->is_ok && echo(c, "finish") && ends_properly(c);
}

static void many_clients_are_served_at_once(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_many, THREADS_MAX);
	world_close(&w, &stats);
	assert_int_equal(stats.accepted, THREADS_MAX);
	assert_int_equal(stats.handshakes, THREADS_MAX);
	assert_int_equal(stats.bytes_in, THREADS_MAX * (ECHOES * 9 + 6));
	assert_int_equal(stats.bytes_out, stats.bytes_in);
	assert_int_equal(stats.handshake_failures + stats.refused_full + stats.timeouts, 0);
	assert_int_equal(w.last_reason, RV_OK);
	assert_memory_equal(w.last_peer, "127.0.0.1:", 10);
}

/* Two hold their places, the third is sent away without a byte of TLS. */
static void client_third(struct client *c)
{
	struct client more[2] = { { .world = c->world, .fd = -1 },
				  { .world = c->world, .fd = -1 } };
	char byte;

	c->is_ok = connect_tls(&more[0]) && echo(&more[0], "echo") && connect_tls(&more[1]) &&
		   echo(&more[1], "echo") && connect_tcp(c) && wait_for(c, RV_EWANTREAD) &&
		   recv(c->fd, &byte, 1, 0) <= 0;
	for (int i = 0; i < 2; i++) {
		c->is_ok = c->is_ok && echo(&more[i], "finish") && ends_properly(&more[i]);
		rv_tls_free(more[i].tls);
		close(more[i].fd);
	}
}

static void beyond_conns_max_is_refused_before_tls(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.limits.conns_max = 2;
	world_run(&w, client_third, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.accepted, 3);
	assert_int_equal(stats.refused_full, 1);
	assert_int_equal(stats.handshakes, 2);
}

static void client_swapping(struct client *c)
{
	struct client next = { .world = c->world, .fd = -1 };

	c->is_ok = connect_tls(c) && echo(c, "swap") && connect_tls(&next) && echo(&next, "echo") &&
		   strcmp(rv_tls_peer_subject(c->tls), "CN=first") == 0 &&
		   strcmp(rv_tls_peer_subject(next.tls), "CN=second") == 0 && echo(c, "finish") &&
		   ends_properly(c) && echo(&next, "finish") && ends_properly(&next);
	rv_tls_free(next.tls);
	close(next.fd);
}

static void certificates_change_without_closing_anything(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_swapping, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.handshakes, 2);
}

static void client_stopping(struct client *c)
{
	struct client other = { .world = c->world, .fd = -1 };

	c->is_ok = connect_tls(&other) && echo(&other, "echo") && connect_tls(c) &&
		   send_all(c, "q", 1) && ends_abruptly(c) && ends_abruptly(&other);
	rv_tls_free(other.tls);
	close(other.fd);
}

static void stop_closes_open_connections(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_stopping, 1);
	world_close(&w, &stats);
	assert_int_equal(w.closes, 2);
	assert_int_equal(w.last_reason, RV_OK);
}

/* This client takes the last descriptor of the process and gives the limit back later. */
static void client_starving(struct client *c)
{
	struct rlimit before, low;
	bool is_connected;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || getrlimit(RLIMIT_NOFILE, &before) != 0)
		return;
	low = before;
	low.rlim_cur = (rlim_t)c->fd + 1;
	if (setrlimit(RLIMIT_NOFILE, &low) != 0)
		return;
	is_connected = connect(c->fd, (struct sockaddr *)&c->world->addr, sizeof(c->world->addr)) ==
		       0;
	usleep(SHORT_US);
	setrlimit(RLIMIT_NOFILE, &before);
	c->is_ok = is_connected && fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0 && start_tls(c) &&
		   echo(c, "finish") && ends_properly(c);
}

static void lack_of_descriptors_delays_but_loses_nobody(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_starving, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.handshakes, 1);
}

static void a_listener_that_cannot_be_polled_is_refused(void **state)
{
	int fds[2] = { -1, open("/dev/null", O_RDONLY | O_CLOEXEC) };
	struct rv_net_server *server = NULL;
	struct world w;

	(void)state;
	world_open(&w);
	fds[0] = w.listen_fd;
	assert_int_equal(rv_net_server_new(&w.opt, fds, 2, &server), -EPERM);
	assert_null(server);
	uv_close((uv_handle_t *)&w.client_done, NULL);
	uv_close((uv_handle_t *)&w.resume_timer, NULL);
	assert_int_equal(uv_run(&w.loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&w.loop), 0);
	close(fds[1]);
	close(w.listen_fd);
	rv_net_server_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_clients_are_served_at_once),
		cmocka_unit_test(beyond_conns_max_is_refused_before_tls),
		cmocka_unit_test(certificates_change_without_closing_anything),
		cmocka_unit_test(stop_closes_open_connections),
		cmocka_unit_test(lack_of_descriptors_delays_but_loses_nobody),
		cmocka_unit_test(a_listener_that_cannot_be_polled_is_refused),
	};

	return cmocka_run_group_tests(tests, make_shared, free_shared);
}
