#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/virtual/world.h"

struct log {
	struct vw_world world;
	char text[64];
};

struct entry {
	struct log *log;
	const char *letter;
};

static void put(void *arg)
{
	const struct entry *e = arg;

	strcat(e->log->text, e->letter);
}

static void events_come_in_order_of_time_and_then_of_asking(void **state)
{
	struct log log = { .text = "" };
	struct entry e[] = {
		{ &log, "a" }, { &log, "b" }, { &log, "c" }, { &log, "d" }, { &log, "e" }
	};
	struct vw_event *gone;

	(void)state;
	vw_init(&log.world, 1);
	vw_post(&log.world, 30, put, &e[3]);
	vw_post(&log.world, 10, put, &e[0]);
	gone = vw_post(&log.world, 10, put, &e[4]);
	vw_post(&log.world, 10, put, &e[1]);
	vw_post(&log.world, 20, put, &e[2]);
	vw_cancel(gone);
	vw_cancel(NULL);
	while (vw_step(&log.world, 29)) {
	}
	assert_string_equal(log.text, "abc");
	assert_int_equal(log.world.now_us, 29);
	assert_true(vw_step(&log.world, 100));
	assert_int_equal(log.world.now_us, 30);
	assert_false(vw_step(&log.world, 100));
	assert_string_equal(log.text, "abcd");
	vw_deinit(&log.world);
}

static void many_events_keep_their_order(void **state)
{
	enum { N = 2000 };
	struct vw_world w;
	int64_t last = 0;

	(void)state;
	vw_init(&w, 3);
	for (int i = 0; i < N; i++)
		vw_post_owned(&w, vw_between(&w, VW_NET, 0, 500), put, vw_alloc(1, 1));
	vw_deinit(&w); /* what was never due is freed: a leak would be told by the sanitizer */
	vw_init(&w, 3);
	for (int i = 0; i < N; i++) {
		static struct log log;
		static struct entry nothing = { &log, "" };

		vw_post(&w, vw_between(&w, VW_NET, 0, 500), put, &nothing);
	}
	for (int i = 0; i < N; i++) {
		assert_true(vw_step(&w, 500));
		assert_true(w.now_us >= last);
		last = w.now_us;
	}
	assert_false(vw_step(&w, 500));
	vw_deinit(&w);
}

static void a_draw_for_one_purpose_does_not_shift_the_others(void **state)
{
	struct vw_world a, b;

	(void)state;
	vw_init(&a, 9);
	vw_init(&b, 9);
	for (int i = 0; i < 100; i++)
		vw_between(&a, VW_NET, 0, 1000);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(vw_between(&a, VW_DISK, 0, 1000000),
				 vw_between(&b, VW_DISK, 0, 1000000));
		assert_int_equal(vw_chance(&a, VW_FAULT, 500000), vw_chance(&b, VW_FAULT, 500000));
	}
	assert_false(vw_chance(&a, VW_FAULT, 0));
	assert_true(vw_chance(&a, VW_FAULT, 1000000));
	vw_deinit(&a);
	vw_deinit(&b);
}

static void the_hash_tells_any_difference(void **state)
{
	static const struct {
		const char *who, *what;
		int64_t a, b;
	} notes[] = {
		{ "x", "y", 1, 2 }, { "z", "y", 1, 2 }, { "x", "z", 1, 2 },
		{ "x", "y", 2, 2 }, { "x", "y", 1, 1 },
	};
	uint64_t seen[RV_ARRAY_LEN(notes)];

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(notes); i++) {
		struct vw_world w;

		vw_init(&w, 1);
		vw_note(&w, notes[i].who, notes[i].what, notes[i].a, notes[i].b);
		seen[i] = w.hash;
		for (size_t j = 0; j < i; j++)
			assert_true(seen[i] != seen[j]);
		vw_deinit(&w);
	}
}

static void only_the_first_complaint_counts(void **state)
{
	struct vw_world w;

	(void)state;
	vw_init(&w, 1);
	vw_complain(&w, "whole", "%s", "first");
	vw_complain(&w, "secret", "%s", "second");
	assert_string_equal(w.invariant, "whole");
	assert_string_equal(w.complaint, "first");
	vw_deinit(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_in_order_of_time_and_then_of_asking),
		cmocka_unit_test(many_events_keep_their_order),
		cmocka_unit_test(a_draw_for_one_purpose_does_not_shift_the_others),
		cmocka_unit_test(the_hash_tells_any_difference),
		cmocka_unit_test(only_the_first_complaint_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
