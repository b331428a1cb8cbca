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

enum { UPLOAD = 600000 };

static void client_silent(struct client *c)
{
	char byte;

	c->is_ok = connect_tcp(c) && wait_for(c, RV_EWANTREAD) && recv(c->fd, &byte, 1, 0) == 0;
}

static void client_dribbling(struct client *c)
{
	static const char hello[] = "\x16\x03\x01\x02\x00\x01";
	char byte;

	if (!connect_tcp(c))
		return;
	for (size_t i = 0; i < sizeof(hello) - 1; i++) {
		send(c->fd, &hello[i], 1, MSG_NOSIGNAL);
		usleep(SHORT_US / 4);
	}
	c->is_ok = wait_for(c, RV_EWANTREAD) && recv(c->fd, &byte, 1, 0) <= 0;
}

static void slow_handshakes_are_cut(void **state)
{
	static void (*const fns[])(struct client *) = { client_silent, client_dribbling };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(fns); i++) {
		struct rv_net_stats stats;
		struct world w;

		world_open(&w);
		w.opt.handshake_us = SHORT_US;
		world_run(&w, fns[i], 3);
		world_close(&w, &stats);
		assert_int_equal(stats.timeouts, 3);
		assert_int_equal(w.opens, 0); /* and so no on_close either */
	}
}

static void client_plain(struct client *c)
{
	char byte;

	c->is_ok = connect_tcp(c) && send(c->fd, "GET / HTTP/1.0\r\n\r\n", 18, 0) == 18;
	while (c->is_ok && wait_for(c, RV_EWANTREAD) && recv(c->fd, &byte, 1, 0) > 0)
		;
}

static void failed_handshakes_are_counted(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_plain, 2);
	world_close(&w, &stats);
	assert_int_equal(stats.handshake_failures, 2);
	assert_int_equal(stats.handshakes, 0);
	assert_int_equal(w.opens, 0);
}

static void client_idle(struct client *c)
{
	c->is_ok = connect_tls(c) && echo(c, "echo") && ends_abruptly(c);
}

static void idle_connections_are_cut(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.idle_us = SHORT_US;
	world_run(&w, client_idle, 2);
	world_close(&w, &stats);
	assert_int_equal(stats.timeouts, 2);
	assert_int_equal(w.last_reason, RV_ETIMEOUT);
}

static void client_lively(struct client *c)
{
	c->is_ok = connect_tls(c);
	for (int i = 0; i < 8; i++) {
		c->is_ok = c->is_ok && echo(c, "echo");
		usleep(SHORT_US / 2);
	}
	c->is_ok = c->is_ok && echo(c, "finish") && ends_properly(c);
}

static void bytes_renew_the_idle_time(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.idle_us = 3 * SHORT_US; /* less than the whole, more than each pause */
	world_run(&w, client_lively, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.timeouts, 0);
}

static void client_deadline(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "d", 1) && ends_abruptly(c);
}

static void client_disarmed(struct client *c)
{
	c->is_ok = connect_tls(c) && echo(c, "Disarm");
	usleep(2 * SHORT_US);
	c->is_ok = c->is_ok && echo(c, "finish") && ends_properly(c);
}

static void a_deadline_holds_unless_disarmed(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_deadline, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.timeouts, 1);
	assert_int_equal(w.last_reason, RV_ETIMEOUT);

	world_open(&w);
	world_run(&w, client_disarmed, 1);
	world_close(&w, &stats);
	assert_int_equal(stats.timeouts, 0);
	assert_int_equal(w.last_reason, RV_OK);
}

static void client_half_closing(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "count", 5) && rv_tls_shutdown(c->tls) == RV_OK &&
		   receive(c) && c->len == 3 && memcmp(c->buf, "bye", 3) == 0 && ends_properly(c);
}

static void an_answer_follows_a_half_close(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_half_closing, 2);
	world_close(&w, &stats);
	assert_int_equal(w.eofs, 2);
	assert_int_equal(w.last_reason, RV_OK);
}

static size_t receive_big(struct client *c, size_t want)
{
	size_t got = 0;

	while (got < want && receive(c)) {
		if (got + c->len > BIG || memcmp(c->buf, shared.big + got, c->len) != 0)
			return 0;
		got += c->len;
	}
	return got;
}

static void client_big(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "b", 1);
	usleep(SHORT_US); /* let the server's queue fill */
	c->is_ok = c->is_ok && receive_big(c, BIG) == BIG && ends_properly(c);
}

static void a_big_answer_arrives_whole(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_big, 4);
	world_close(&w, &stats);
	assert_int_equal(stats.bytes_out, 4 * BIG);
}

static void client_borders(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "w", 1);
	usleep(SHORT_US);
	c->is_ok = c->is_ok && receive_big(c, BIG) == BIG;
	for (size_t i = 1; i <= SMALL_MESSAGES; i++)
		c->is_ok = c->is_ok && receive(c) && c->len == i;
	c->is_ok = c->is_ok && echo(c, "finish") && ends_properly(c);
}

static void each_write_is_a_record_also_behind_a_queue(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_borders, 1);
	world_close(&w, &stats);
	assert_in_range(w.drains, 1, 100);
}

static void client_not_reading(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "l", 1);
	while (receive(c))
		;
}

static void the_queue_has_a_limit(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	w.opt.out_max = BIG;
	world_run(&w, client_not_reading, 1);
	world_close(&w, &stats);
	assert_int_equal(w.flood_result, RV_ELIMIT);
	assert_int_equal(w.last_reason, RV_OK);
}

static void client_upload(struct client *c)
{
	static char data[UPLOAD]; /* zeros: counted only */

	c->is_ok = connect_tls(c) && send_all(c, data, sizeof(data)) && echo(c, "finish") &&
		   ends_properly(c);
}

static void a_long_upload_is_read_to_the_end(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_upload, 2);
	world_close(&w, &stats);
	assert_int_equal(stats.bytes_in, 2 * (UPLOAD + 6));
}

/* The answer comes after the first record; the rest lies unread in the server's kernel. */
static void client_talking_on(struct client *c)
{
	static char rest[UPLOAD / 4];

	c->is_ok = connect_tls(c) && send_all(c, "f", 1) && send_all(c, rest, sizeof(rest));
	usleep(SHORT_US);
	c->is_ok = c->is_ok && receive(c) && c->len == 1 && ends_properly(c);
}

static void the_last_answer_survives_unread_input(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_talking_on, 4);
	world_close(&w, &stats);
	assert_int_equal(w.last_reason, RV_OK);
}

static void client_resetting(struct client *c)
{
	struct linger hard = { 1, 0 };

	c->is_ok = connect_tls(c) && echo(c, "echo") &&
		   setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)) == 0;
}

static void client_vanishing(struct client *c)
{
	c->is_ok = connect_tls(c) && echo(c, "echo");
}

static void an_abrupt_end_is_told_as_such(void **state)
{
	static void (*const fns[])(struct client *) = { client_resetting, client_vanishing };

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(fns); i++) {
		struct rv_net_stats stats;
		struct world w;

		world_open(&w);
		world_run(&w, fns[i], 1);
		world_close(&w, &stats);
		assert_int_equal(w.last_reason, -ECONNRESET);
		assert_int_equal(w.eofs, 0);
	}
}

static void client_pausing(struct client *c)
{
	c->is_ok = connect_tls(c) && send_all(c, "p", 1) && send_all(c, "x", 1) &&
		   send_all(c, "finish", 6) && receive(c) && c->len == 6 && ends_properly(c);
}

static void a_paused_connection_is_not_read(void **state)
{
	struct rv_net_stats stats;
	struct world w;

	(void)state;
	world_open(&w);
	world_run(&w, client_pausing, 1);
	world_close(&w, &stats);
	assert_int_equal(w.data_while_paused, 0);
	assert_true(w.is_resumed);
	assert_int_equal(stats.bytes_in, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_handshakes_are_cut),
		cmocka_unit_test(failed_handshakes_are_counted),
		cmocka_unit_test(idle_connections_are_cut),
		cmocka_unit_test(bytes_renew_the_idle_time),
		cmocka_unit_test(a_deadline_holds_unless_disarmed),
		cmocka_unit_test(an_answer_follows_a_half_close),
		cmocka_unit_test(a_big_answer_arrives_whole),
		cmocka_unit_test(each_write_is_a_record_also_behind_a_queue),
		cmocka_unit_test(the_queue_has_a_limit),
		cmocka_unit_test(a_long_upload_is_read_to_the_end),
		cmocka_unit_test(the_last_answer_survives_unread_input),
		cmocka_unit_test(an_abrupt_end_is_told_as_such),
		cmocka_unit_test(a_paused_connection_is_not_read),
	};

	return cmocka_run_group_tests(tests, make_shared, free_shared);
}
