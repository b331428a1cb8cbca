#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rand.h"
#include "bus/link.h"

enum { LONG_LEN = 3 * RV_BUS_WINDOW + 17 };

struct pair {
	struct rv_bus_link a;
	struct rv_bus_link b;
	char *body; /* RV_BUS_BODY_MAX bytes, no two pieces alike */
};

static int setup(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct rv_rand rand;

	rv_rand_seed(&rand, 1);
	rv_bus_link_init(&p->a);
	rv_bus_link_init(&p->b);
	p->body = malloc(RV_BUS_BODY_MAX + 1);
	for (size_t i = 0; i <= RV_BUS_BODY_MAX; i++)
		p->body[i] = (char)(i % 8 == 0 ? rv_rand_u64(&rand) : i);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	rv_bus_link_deinit(&p->a);
	rv_bus_link_deinit(&p->b);
	free(p->body);
	free(p);
	return 0;
}

static struct rv_bus_frame request(uint32_t id, const char *body, size_t len)
{
	return (struct rv_bus_frame){
		.kind = RV_BUS_REQUEST,
		.id = id,
		.name = rv_str("m"),
		.body = rv_strn(body, len),
	};
}

static struct rv_bus_frame reply(uint32_t id, const char *body, size_t len)
{
	return (struct rv_bus_frame){
		.kind = RV_BUS_REPLY,
		.id = id,
		.body = rv_strn(body, len),
	};
}

/* Carry one frame; what input said, or 1 when there was none. *msg.body of a short message is lost.
 */
static int step(struct rv_bus_link *from, struct rv_bus_link *to, struct rv_bus_frame *msg)
{
	struct rv_bus_frame frame;
	char *data;
	size_t len;
	int err;

	if (!rv_bus_link_take(from, &frame))
		return 1;
	data = malloc(RV_BUS_HEAD_MAX + frame.body.len);
	len = rv_bus_frame_head(&frame, (uint8_t *)data);
	if (frame.body.len > 0)
		memcpy(data + len, frame.body.ptr, frame.body.len);
	rv_bus_link_taken(from);
	err = rv_bus_link_input(to, rv_strn(data, len + frame.body.len), msg);
	free(data);
	return err;
}

/* Frames to and fro until `to` has a whole message. */
static int until_message(struct rv_bus_link *from, struct rv_bus_link *to, struct rv_bus_frame *msg)
{
	struct rv_bus_frame unused;
	int forth;
	int back;

	do {
		forth = step(from, to, msg);
		if (forth != RV_EMORE && forth != 1)
			return forth;
		back = step(to, from, &unused);
		assert_true(back == 1 || back == RV_EMORE);
	} while (forth != 1 || back != 1);
	return RV_EMORE;
}

static const size_t lengths[] = {
	RV_BUS_FRAME_MAX,  RV_BUS_WINDOW - 1, RV_BUS_WINDOW,
	RV_BUS_WINDOW + 1, LONG_LEN,          RV_BUS_BODY_MAX,
};

static void a_long_body_arrives_whole_and_memory_is_given_back(void **state)
{
	struct pair *p = *state;

	for (size_t i = 0; i < RV_ARRAY_LEN(lengths); i++) {
		struct rv_bus_frame msg = request(7, p->body, lengths[i]);
		struct rv_bus_out *handle;

		assert_int_equal(rv_bus_link_push(&p->a, &msg, &handle), RV_OK);
		assert_non_null(handle);
		memset(&msg, 0, sizeof(msg));
		assert_int_equal(until_message(&p->a, &p->b, &msg), RV_OK);
		assert_null(handle);
		assert_int_equal(msg.kind, RV_BUS_REQUEST);
		assert_int_equal(msg.id, 7);
		assert_true(rv_str_is(msg.name, "m"));
		assert_int_equal(msg.body.len, lengths[i]);
		assert_memory_equal(msg.body.ptr, p->body, lengths[i]);
		assert_int_equal(rv_bus_link_release(&p->b), RV_OK);
		assert_int_equal(p->b.held_bytes, 0);
		assert_int_equal(p->a.queued_bytes, 0);
		assert_int_equal(p->a.queued, 0);
	}
}

static void nothing_of_a_long_body_moves_without_credit(void **state)
{
	struct pair *p = *state;
	struct rv_bus_frame msg = request(7, p->body, LONG_LEN);
	struct rv_bus_frame frame;
	size_t moved = 0;

	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	assert_int_equal(step(&p->a, &p->b, &msg), RV_EMORE);
	assert_false(rv_bus_link_take(&p->a, &frame));
	assert_int_equal(step(&p->b, &p->a, &msg), RV_EMORE); /* one window */
	while (rv_bus_link_take(&p->a, &frame)) {
		moved += frame.body.len;
		rv_bus_link_taken(&p->a);
	}
	assert_int_equal(moved, RV_BUS_WINDOW);
}

static void short_messages_overtake_and_long_ones_share(void **state)
{
	struct pair *p = *state;
	struct rv_bus_frame msg = request(1, p->body, LONG_LEN);
	struct rv_bus_frame frame;
	uint32_t first;

	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	msg.id = 2;
	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	msg = request(3, "x", 1);
	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	assert_int_equal(until_message(&p->a, &p->b, &msg), RV_OK);
	assert_int_equal(msg.id, 3);
	while (step(&p->b, &p->a, &msg) == RV_EMORE)
		;
	assert_true(rv_bus_link_take(&p->a, &frame));
	first = frame.stream;
	rv_bus_link_taken(&p->a);
	assert_true(rv_bus_link_take(&p->a, &frame));
	assert_int_not_equal(frame.stream, first);
}

static void long_bodies_beyond_the_streams_wait_their_turn(void **state)
{
	enum { N = RV_BUS_STREAMS_MAX * 2 + 3 };
	struct pair *p = *state;
	unsigned seen = 0;

	for (uint32_t id = 1; id <= N; id++) {
		struct rv_bus_frame msg = request(id, p->body + id, RV_BUS_FRAME_MAX);

		assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	}
	for (;;) {
		struct rv_bus_frame msg;
		int err = until_message(&p->a, &p->b, &msg);

		if (err == RV_EMORE)
			break;
		assert_int_equal(err, RV_OK);
		assert_memory_equal(msg.body.ptr, p->body + msg.id, RV_BUS_FRAME_MAX);
		assert_int_equal(rv_bus_link_release(&p->b), RV_OK);
		seen++;
	}
	assert_int_equal(seen, N);
}

static void bodies_wait_for_room_at_the_receiver(void **state)
{
	enum { N = RV_BUS_HELD_MAX / RV_BUS_BODY_MAX };
	struct pair *p = *state;
	struct rv_bus_frame msg;

	/* The peer announces more than fits; only what fits gets memory and credit. */
	for (uint32_t i = 1; i <= N + 1; i++) {
		uint8_t head[RV_BUS_HEAD_MAX];
		struct rv_bus_frame open = {
			.kind = RV_BUS_REPLY, .id = i, .stream = i, .total = RV_BUS_BODY_MAX
		};
		size_t len = rv_bus_frame_head(&open, head);

		assert_int_equal(rv_bus_link_input(&p->b, rv_strn(head, len), &msg), RV_EMORE);
	}
	assert_int_equal(p->b.held_bytes, RV_BUS_HELD_MAX);
	assert_int_equal(p->b.queued, N);
	/* One is stopped: the next gets its room. */
	assert_int_equal(rv_bus_link_input(&p->b,
					   RV_STR_LIT("\1\x8\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0"),
					   &msg),
			 RV_EMORE);
	assert_int_equal(p->b.held_bytes, RV_BUS_HELD_MAX);
	assert_int_equal(p->b.queued, N + 1);
}

static void a_message_not_begun_is_withdrawn_silently(void **state)
{
	struct pair *p = *state;
	struct rv_bus_frame msg = request(1, p->body, 10);
	struct rv_bus_out *handle;

	assert_int_equal(rv_bus_link_push(&p->a, &msg, &handle), RV_OK);
	rv_bus_link_withdraw(&p->a, handle);
	assert_null(handle);
	assert_false(rv_bus_link_take(&p->a, &msg));
	assert_int_equal(p->a.queued_bytes, 0);
}

static void a_begun_body_is_stopped_and_its_late_credit_ignored(void **state)
{
	struct pair *p = *state;
	struct rv_bus_frame msg = reply(9, p->body, LONG_LEN);

	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	assert_int_equal(step(&p->a, &p->b, &msg), RV_EMORE);
	rv_bus_link_withdraw_reply(&p->a, 8); /* another one's */
	assert_false(rv_bus_link_take(&p->a, &msg));
	rv_bus_link_withdraw_reply(&p->a, 9);
	assert_int_equal(step(&p->b, &p->a, &msg), RV_EMORE); /* the credit crosses the stop */
	assert_true(rv_bus_link_take(&p->a, &msg));
	assert_int_equal(msg.kind, RV_BUS_STOP);
	assert_int_equal(step(&p->a, &p->b, &msg), RV_EMORE);
	assert_int_equal(p->b.held_bytes, 0);
	assert_int_equal(p->a.queued_bytes, 0);
	assert_int_equal(step(&p->a, &p->b, &msg), 1);
}

static void a_waiting_reply_is_withdrawn(void **state)
{
	struct pair *p = *state;
	struct rv_bus_frame msg;

	for (uint32_t id = 1; id <= RV_BUS_STREAMS_MAX + 2; id++) {
		msg = reply(id, p->body, RV_BUS_FRAME_MAX);
		assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	}
	rv_bus_link_withdraw_reply(&p->a, RV_BUS_STREAMS_MAX + 1);
	assert_int_equal(p->a.queued, RV_BUS_STREAMS_MAX + 1);
	for (unsigned seen = 0; seen <= RV_BUS_STREAMS_MAX; seen++) {
		assert_int_equal(until_message(&p->a, &p->b, &msg), RV_OK);
		assert_int_not_equal(msg.id, RV_BUS_STREAMS_MAX + 1);
		assert_int_equal(rv_bus_link_release(&p->b), RV_OK);
	}
	assert_int_equal(until_message(&p->a, &p->b, &msg), RV_EMORE);
}

static void the_queue_is_bounded_in_bytes(void **state)
{
	struct pair *p = *state;
	struct rv_bus_frame msg = request(1, p->body, RV_BUS_BODY_MAX + 1);

	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_ELIMIT);
	msg.body.len = RV_BUS_BODY_MAX;
	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_EBUSY);
	msg.body.len = RV_BUS_BODY_MAX / 2;
	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	msg = reply(1, NULL, 0);
	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
}

static void the_queue_is_bounded_in_messages_with_room_for_what_is_owed(void **state)
{
	struct pair *p = *state;
	struct rv_bus_frame msg = request(1, NULL, 0);
	struct rv_bus_frame owed = reply(1, NULL, 0);

	for (unsigned i = 0; i < RV_BUS_QUEUE_MAX; i++)
		assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_EBUSY);
	for (unsigned i = 0; i < RV_BUS_QUEUE_MAX; i++)
		assert_int_equal(rv_bus_link_push(&p->a, &owed, NULL), RV_OK);
	assert_int_equal(rv_bus_link_push(&p->a, &owed, NULL), RV_EBUSY);
}

/* What a peer must never do; each row is fed to a link that has stream 5 open with 16 bytes to come
 * and itself sends nothing. */
static const struct {
	int result;
	struct rv_bus_frame frame;
} wrongs[] = {
	{ RV_ESYNTAX, { .kind = RV_BUS_REPLY, .id = 1, .stream = 5, .total = 9 } }, /* open twice */
	{ RV_ESYNTAX, { .kind = RV_BUS_MORE, .stream = 6, .body = { "x", 1 } } },   /* not open */
	{ RV_ELIMIT, { .kind = RV_BUS_MORE, .stream = 5, .body = { "0123456789abcdefX", 17 } } },
	{ RV_ESYNTAX, { .kind = RV_BUS_STOP, .stream = 6 } },
	{ RV_EMORE, { .kind = RV_BUS_CREDIT, .stream = 6, .number = 1 } }, /* may cross a STOP */
	{ RV_EMORE, { .kind = RV_BUS_STOP, .stream = 5 } },
	{ RV_OK, { .kind = RV_BUS_MORE, .stream = 5, .body = { "0123456789abcdef", 16 } } },
};

static int feed(struct rv_bus_link *link, const struct rv_bus_frame *frame)
{
	struct rv_bus_frame msg;
	uint8_t data[RV_BUS_HEAD_MAX + 64];
	size_t len = rv_bus_frame_head(frame, data);

	if (frame->body.len > 0)
		memcpy(data + len, frame->body.ptr, frame->body.len);
	return rv_bus_link_input(link, rv_strn(data, len + frame->body.len), &msg);
}

static void a_peer_that_breaks_the_rules_is_found_out(void **state)
{
	const struct rv_bus_frame open = {
		.kind = RV_BUS_REPLY, .id = 1, .stream = 5, .total = 16
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(wrongs); i++) {
		struct rv_bus_link link;

		rv_bus_link_init(&link);
		assert_int_equal(feed(&link, &open), RV_EMORE);
		assert_int_equal(feed(&link, &wrongs[i].frame), wrongs[i].result);
		rv_bus_link_deinit(&link);
	}
}

static void a_peer_may_not_open_more_streams_than_there_are(void **state)
{
	struct pair *p = *state;
	struct rv_bus_frame open = { .kind = RV_BUS_REPLY, .id = 1, .total = 1 };

	for (open.stream = 1; open.stream <= RV_BUS_STREAMS_MAX; open.stream++)
		assert_int_equal(feed(&p->a, &open), RV_EMORE);
	assert_int_equal(feed(&p->a, &open), RV_ELIMIT);
}

/* It has announced more than we put together at once and sends what we have no room for yet. */
static void a_peer_may_not_send_without_credit(void **state)
{
	enum { ROOM_FOR = RV_BUS_HELD_MAX / RV_BUS_BODY_MAX };
	struct pair *p = *state;
	struct rv_bus_frame open = { .kind = RV_BUS_REPLY, .id = 1, .total = RV_BUS_BODY_MAX };
	struct rv_bus_frame more = { .kind = RV_BUS_MORE, .body = { "x", 1 } };

	for (open.stream = 1; open.stream <= ROOM_FOR + 1; open.stream++)
		assert_int_equal(feed(&p->a, &open), RV_EMORE);
	more.stream = ROOM_FOR;
	assert_int_equal(feed(&p->a, &more), RV_EMORE);
	more.stream = ROOM_FOR + 1;
	assert_int_equal(feed(&p->a, &more), RV_ELIMIT);
}

static void a_peer_may_not_give_more_credit_than_the_body_needs(void **state)
{
	struct pair *p = *state;
	struct rv_bus_frame msg = request(1, p->body, RV_BUS_FRAME_MAX);
	struct rv_bus_frame credit = { .kind = RV_BUS_CREDIT, .stream = 1 };

	assert_int_equal(rv_bus_link_push(&p->a, &msg, NULL), RV_OK);
	credit.number = 1;
	assert_int_equal(feed(&p->a, &credit), RV_ELIMIT); /* before the body was announced */
	rv_bus_link_taken(&p->a);
	credit.number = RV_BUS_FRAME_MAX;
	assert_int_equal(feed(&p->a, &credit), RV_EMORE);
	credit.number = 1;
	assert_int_equal(feed(&p->a, &credit), RV_ELIMIT);
}

/* Any order of pushing, sending, stopping on both sides: every message not withdrawn arrives once,
 * whole, and nothing is left over. */
static void any_schedule_delivers_everything(void **state)
{
	enum { MESSAGES = 200 };
	struct pair *p = *state;
	uint64_t seed = 20261122;
	struct rv_rand rand;
	unsigned arrived = 0;
	unsigned withdrawn = 0;
	uint32_t pushed = 0;

	print_message("# seed %llu\n", (unsigned long long)seed);
	rv_rand_seed(&rand, seed);
	while (arrived + withdrawn < MESSAGES) {
		struct rv_bus_frame msg;
		int err;

		if (pushed < MESSAGES && rv_rand_below(&rand, 3) == 0) {
			struct rv_bus_out *handle;
			size_t len = rv_rand_below(&rand, 2) * rv_rand_below(&rand, 400000) + 1;

			pushed++;
			msg = request(pushed, p->body + pushed, len);
			assert_int_equal(rv_bus_link_push(&p->a, &msg, &handle), RV_OK);
			for (uint64_t n = rv_rand_below(&rand, 3); n > 0; n--) {
				if (step(&p->a, &p->b, &msg) == RV_OK) {
					arrived++;
					assert_int_equal(rv_bus_link_release(&p->b), RV_OK);
				}
			}
			if (handle != NULL && rv_rand_below(&rand, 4) == 0) {
				rv_bus_link_withdraw(&p->a, handle);
				withdrawn++;
			} else if (handle != NULL) {
				handle->handle = NULL; /* the pointer ends with this block */
			}
		}
		if (rv_rand_below(&rand, 2) == 0) {
			err = step(&p->b, &p->a, &msg);
			assert_true(err == RV_EMORE || err == 1);
			continue;
		}
		err = step(&p->a, &p->b, &msg);
		assert_true(err == RV_EMORE || err == 1 || err == RV_OK);
		if (err != RV_OK)
			continue;
		arrived++;
		if (msg.body.len >= RV_BUS_FRAME_MAX)
			assert_memory_equal(msg.body.ptr, p->body + msg.id, msg.body.len);
		assert_int_equal(rv_bus_link_release(&p->b), RV_OK);
	}
	while (step(&p->a, &p->b, &(struct rv_bus_frame){ 0 }) == RV_EMORE)
		;
	assert_int_equal(p->a.queued_bytes, 0);
	assert_int_equal(p->b.held_bytes, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_long_body_arrives_whole_and_memory_is_given_back),
		T(nothing_of_a_long_body_moves_without_credit),
		T(short_messages_overtake_and_long_ones_share),
		T(long_bodies_beyond_the_streams_wait_their_turn),
		T(bodies_wait_for_room_at_the_receiver),
		T(a_message_not_begun_is_withdrawn_silently),
		T(a_begun_body_is_stopped_and_its_late_credit_ignored),
		T(a_waiting_reply_is_withdrawn),
		T(the_queue_is_bounded_in_bytes),
		T(the_queue_is_bounded_in_messages_with_room_for_what_is_owed),
		T(a_peer_that_breaks_the_rules_is_found_out),
		T(a_peer_may_not_open_more_streams_than_there_are),
		T(a_peer_may_not_send_without_credit),
		T(a_peer_may_not_give_more_credit_than_the_body_needs),
		T(any_schedule_delivers_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
