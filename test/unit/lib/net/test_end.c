/* rv_net_conn_end: the last answer, close_notify and the end of the stream in one packet. Packets
 * are counted by the client's kernel (TCP_INFO). A pause of the server between its steps, and an
 * acknowledgement that goes alone, cost packets, too; so the fewest of several attempts count. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../tls/packets.h"
#include "world.h"

enum {
	ATTEMPTS = 200,
	ANSWERS = 3, /* to a 'Z' */
	CHATS = 20,  /* after so many the server's acknowledgements travel with its answers */
};

/* After close_notify. */
static bool stream_ends(struct client *c)
{
	char byte;

	return wait_for(c, RV_EWANTREAD) && recv(c->fd, &byte, 1, 0) == 0;
}

static bool begin(struct client *c, unsigned *before)
{
	bool is_ok = connect_tls(c);

	for (int i = 0; is_ok && i < CHATS; i++)
		is_ok = echo(c, "e");
	*before = packets_in(c->fd);
	return is_ok;
}

/* Ask by `command` for a last answer; the packets from there to the end. 0: failed. */
static unsigned packets_of_an_end(struct client *c, const char *command)
{
	unsigned before, packets = 0;

	if (begin(c, &before) && echo(c, command) && ends_properly(c) && stream_ends(c))
		packets = packets_in(c->fd) - before;
	leave(c);
	return packets;
}

static unsigned fewest(struct client *c, const char *command, unsigned wanted)
{
	unsigned least = UINT_MAX;

	for (int i = 0; i < ATTEMPTS && least > wanted; i++) {
		unsigned n = packets_of_an_end(c, command);

		least = n < least ? n : least;
	}
	return least;
}

static void client_ended(struct client *c)
{
	c->is_ok = fewest(c, "X", 1) == 1;
}

static void client_finished(struct client *c)
{
	c->is_ok = fewest(c, "finish", 3) == 3;
}

static void client_big(struct client *c)
{
	size_t got = 0;

	c->is_ok = connect_tls(c) && send_all(c, "Y", 1);
	while (c->is_ok && got < BIG && receive(c)) {
		c->is_ok = memcmp(c->buf, shared.big + got, c->len) == 0;
		got += c->len;
	}
	c->is_ok = c->is_ok && got == BIG && ends_properly(c) && stream_ends(c);
}

/* Answers after an end that was refused leave at once, each in a packet of its own; held ones would
 * come as one, behind an acknowledgement. */
static void client_refused(struct client *c)
{
	unsigned before, packets = UINT_MAX;

	for (int i = 0; i < ATTEMPTS && packets > ANSWERS; i++) {
		c->is_ok = begin(c, &before) && echo(c, "Z");
		for (int k = 1; k < ANSWERS; k++)
			c->is_ok = c->is_ok && receive(c) && c->len == 1;
		packets = packets_in(c->fd) - before;
		c->is_ok = c->is_ok && echo(c, "finish") && ends_properly(c);
		leave(c);
		if (!c->is_ok)
			return;
	}
	c->is_ok = packets == ANSWERS;
}

static void run(void (*fn)(struct client *c), size_t out_max)
{
	struct rv_net_stats stats;
	struct world w;

	world_open(&w);
	w.opt.out_max = out_max;
	world_run(&w, fn, 1);
	world_close(&w, &stats);
	assert_int_equal(w.last_reason, RV_OK);
}

static void an_answer_and_its_end_leave_in_one_packet(void **state)
{
	(void)state;
	run(client_ended, 0);
}

static void written_and_finished_they_are_three(void **state)
{
	(void)state;
	run(client_finished, 0);
}

static void an_answer_of_many_packets_arrives_whole_and_ends(void **state)
{
	(void)state;
	run(client_big, 0);
}

static void an_end_that_is_too_long_takes_nothing_and_holds_nothing(void **state)
{
	(void)state;
	run(client_refused, 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_and_its_end_leave_in_one_packet),
		cmocka_unit_test(written_and_finished_they_are_three),
		cmocka_unit_test(an_answer_of_many_packets_arrives_whole_and_ends),
		cmocka_unit_test(an_end_that_is_too_long_takes_nothing_and_holds_nothing),
	};

	return cmocka_run_group_tests(tests, make_shared, free_shared);
}
