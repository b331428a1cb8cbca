#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "world.h"

enum { LOOPBACK_1 = 0x7f000001, LOOPBACK_2 = 0x7f000002 };

static struct client another(const struct client *c)
{
	return (struct client){ .world = c->world, .fd = -1, .source = c->source };
}

static bool finish(struct client *c)
{
	return echo(c, "finish") && ends_properly(c);
}

/* The first flight of a client with this context, without a server. */
static size_t make_hello(struct rv_tls_ctx *ctx, char *out, size_t size)
{
	int fds[2];
	struct rv_tls *tls;
	ssize_t n = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
		return 0;
	if (rv_tls_new(ctx, fds[0], NULL, &tls) == RV_OK) {
		if (rv_tls_handshake(tls) == RV_EWANTREAD)
			n = recv(fds[1], out, size, 0);
		rv_tls_free(tls);
	}
	close(fds[0]);
	close(fds[1]);
	return n > 0 ? (size_t)n : 0;
}

static bool send_part(struct client *c, const char *data, size_t len)
{
	return send(c->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* A whole hello and nothing more. */
static bool send_hello(struct client *c)
{
	char hello[RV_TLS_HELLO_MAX];
	size_t len = make_hello(shared.client_ctx, hello, sizeof(hello));

	return connect_tcp(c) && send_part(c, hello, len);
}

/* The server has answered: it has a place. */
static bool begin_handshake(struct client *c)
{
	char byte;

	return send_hello(c) && wait_for(c, RV_EWANTREAD) && recv(c->fd, &byte, 1, MSG_PEEK) == 1;
}

/* ---- old clients ---- */

static void client_old(struct client *c)
{
	char hello[RV_TLS_HELLO_MAX], said = 0;
	size_t len = make_hello(shared.old_client_ctx, hello, sizeof(hello));

	c->is_ok = connect_tcp(c);
	/* A byte at a time, as from the worst of lines. */
	for (size_t i = 0; i < len; i++)
		c->is_ok = c->is_ok && send_part(c, hello + i, 1) && (usleep(200), true);
	c->is_ok = c->is_ok && wait_for(c, RV_EWANTREAD) && recv(c->fd, &said, 1, 0) == 1 &&
		   said == 'o';
	c->len = len;
	c->world->data_bytes = len;
}

static void an_old_client_is_given_away_with_its_hello_unread(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_old, 1);
	assert_int_equal(w.old_bytes, w.data_bytes);
	world_close(&w, &stats);
	assert_int_equal(stats.old, 1);
	assert_int_equal(stats.handshakes + stats.handshake_failures, 0);
	assert_int_equal(w.opens, 0);
}

static void client_of_each_kind(struct client *c)
{
	struct client old = another(c);

	c->is_ok = connect_tls(c) && echo(c, "echo") && connect_tcp(&old) &&
		   start_tls_with(&old, shared.old_client_ctx) && echo(&old, "echo") &&
		   strncmp(rv_tls_describe(old.tls), "TLSv1 ", 6) == 0 &&
		   strncmp(rv_tls_describe(c->tls), "TLSv1.3 ", 8) == 0 && finish(&old) &&
		   finish(c);
	leave(&old);
}

static void another_server_takes_the_socket(void **state)
{
	struct rv_net_stats stats, old_stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.has_old_server = true;
	world_run(&w, client_of_each_kind, 1);
	rv_net_server_stats(w.old_server, &old_stats);
	world_close(&w, &stats);
	assert_int_equal(stats.handshakes, 1);
	assert_int_equal(stats.old, 1);
	assert_int_equal(old_stats.accepted, 1);
	assert_int_equal(old_stats.handshakes, 1);
	assert_int_equal(old_stats.open, 0);
	assert_memory_equal(w.last_peer, "127.0.0.1:", 10);
}

/* ---- half a hello ---- */

static void client_in_pieces(struct client *c)
{
	char hello[RV_TLS_HELLO_MAX];
	size_t len = make_hello(shared.client_ctx, hello, sizeof(hello));

	c->is_ok = connect_tcp(c);
	for (size_t i = 0; i < len; i += 100)
		c->is_ok = c->is_ok && send_part(c, hello + i, len - i < 100 ? len - i : 100) &&
			   (usleep(1000), true);
	/* Answered: the server has seen it all. */
	c->is_ok = c->is_ok && wait_for(c, RV_EWANTREAD);
}

static void a_hello_may_come_in_pieces(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_in_pieces, THREADS_MAX / 8);
	world_close(&w, &stats);
	assert_int_equal(stats.old, 0);
	assert_int_equal(stats.timeouts + stats.refused_busy + stats.displaced, 0);
	assert_int_equal(stats.handshaking, 0); /* they left */
}

static void client_leaving_early(struct client *c)
{
	static const char start[] = "\x16\x03\x01\x01";

	c->is_ok = connect_tcp(c) && send_part(c, start, sizeof(start) - 1) &&
		   shutdown(c->fd, SHUT_WR) == 0 && wait_for(c, RV_EWANTREAD) &&
		   recv(c->fd, c->buf, 1, 0) <= 0;
}

static void who_ends_within_its_hello_is_let_go_at_once(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_leaving_early, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.handshake_failures, 1);
	assert_int_equal(stats.timeouts, 0);
}

static void client_besides_half_hellos(struct client *c)
{
	struct client halves[4];
	char hello[RV_TLS_HELLO_MAX];
	size_t len = make_hello(shared.client_ctx, hello, sizeof(hello));

	c->is_ok = true;
	for (size_t i = 0; i < RV_ARRAY_LEN(halves); i++) {
		halves[i] = another(c);
		c->is_ok = c->is_ok && connect_tcp(&halves[i]) &&
			   send_part(&halves[i], hello, len - i - 1);
	}
	c->is_ok = c->is_ok && connect_tls(c) && finish(c);
	for (size_t i = 0; i < RV_ARRAY_LEN(halves); i++)
		leave(&halves[i]);
}

static void half_a_hello_takes_no_place_of_a_handshake(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.limits.handshakes_max = 1;
	world_run(&w, client_besides_half_hellos, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.handshakes, 1);
	assert_int_equal(stats.refused_busy, 0);
}

/* ---- bounds ---- */

static void client_too_many(struct client *c)
{
	struct client slow = another(c), next = another(c), open = another(c);

	/* One that is through needs no place. */
	c->is_ok = connect_tls(&open) && echo(&open, "echo") && begin_handshake(&slow) &&
		   send_hello(c) && is_reset(c);
	/* Five seconds later the slow one has had its time. */
	c->is_ok = c->is_ok && echo(&open, "o") && connect_tls(&next) && finish(&next) &&
		   finish(&open);
	leave(&slow);
	leave(&next);
	leave(&open);
}

static void beyond_handshakes_max_newcomers_are_reset_unless_one_has_stalled(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.limits.handshakes_max = 1;
	world_run(&w, client_too_many, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.refused_busy, 1);
	assert_int_equal(stats.displaced, 1);
	assert_int_equal(stats.handshakes, 2);
}

static void client_displacing(struct client *c)
{
	struct client first = another(c), second = another(c);

	c->is_ok = connect_tcp(&first) && connect_tcp(&second) && connect_tls(c) &&
		   is_reset(&first) && finish(c);
	leave(&first);
	leave(&second);
}

static void a_full_server_lets_go_of_who_says_nothing(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.limits.conns_max = 2;
	world_run(&w, client_displacing, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.displaced, 1);
	assert_int_equal(stats.refused_full, 0);
	assert_int_equal(stats.handshakes, 1);
}

static void client_settling(struct client *c)
{
	struct client idle = another(c), next = another(c), late = another(c);

	/* Full of two that are open: too young to give way, then old; the settled one stays. */
	c->is_ok = connect_tls(c) && connect_tls(&idle) && connect_tcp(&late) && is_reset(&late) &&
		   echo(c, "o") && connect_tls(&next) && is_reset(&idle) && finish(&next) &&
		   finish(c);
	leave(&idle);
	leave(&next);
	leave(&late);
}

static void who_has_long_done_nothing_gives_way_and_the_settled_do_not(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.limits.conns_max = 2;
	w.opt.settles = true;
	world_run(&w, client_settling, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.displaced, 1);
	assert_int_equal(stats.refused_full, 1);
	assert_int_equal(stats.handshakes, 3);
}

static void client_of_two_sources(struct client *c)
{
	struct client hog[3], other = another(c);

	for (size_t i = 0; i < RV_ARRAY_LEN(hog); i++) {
		hog[i] = another(c);
		hog[i].source = LOOPBACK_1;
	}
	other.source = LOOPBACK_2;
	/* Four places: half of them at will, then one per source, which the hog has. */
	c->is_ok = connect_tls(&hog[0]) && connect_tls(&hog[1]) && connect_tcp(&hog[2]) &&
		   is_reset(&hog[2]) && connect_tls(&other) && finish(&other) && finish(&hog[0]) &&
		   finish(&hog[1]);
	for (size_t i = 0; i < RV_ARRAY_LEN(hog); i++)
		leave(&hog[i]);
	leave(&other);
}

static void no_source_gets_more_than_half(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.limits = (struct rv_net_limits){ .conns_max = 4, .source_percent = 25 };
	world_run(&w, client_of_two_sources, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.refused_source, 1);
	assert_int_equal(stats.refused_full, 0);
	assert_int_equal(stats.handshakes, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_old_client_is_given_away_with_its_hello_unread),
		cmocka_unit_test(another_server_takes_the_socket),
		cmocka_unit_test(a_hello_may_come_in_pieces),
		cmocka_unit_test(who_ends_within_its_hello_is_let_go_at_once),
		cmocka_unit_test(half_a_hello_takes_no_place_of_a_handshake),
		cmocka_unit_test(beyond_handshakes_max_newcomers_are_reset_unless_one_has_stalled),
		cmocka_unit_test(a_full_server_lets_go_of_who_says_nothing),
		cmocka_unit_test(who_has_long_done_nothing_gives_way_and_the_settled_do_not),
		cmocka_unit_test(no_source_gets_more_than_half),
	};

	return cmocka_run_group_tests(tests, make_shared, free_shared);
}
