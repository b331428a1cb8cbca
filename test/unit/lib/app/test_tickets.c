#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "app/tickets_priv.h"

enum { LEN = RV_TLS_TICKET_KEY_LEN };

static void a_new_ring_has_three_keys_that_contexts_take(void **state)
{
	struct rv_ticket_ring ring;
	struct rv_tls_tickets *tickets = NULL;

	(void)state;
	rv_ticket_ring_init(&ring);
	assert_int_equal(rv_ticket_ring_bytes(&ring).len, 3 * LEN);
	assert_int_equal(rv_tls_tickets_new(&tickets), RV_OK);
	assert_int_equal(rv_tls_tickets_set(tickets, rv_ticket_ring_bytes(&ring)), RV_OK);
	rv_tls_tickets_unref(tickets);
}

/* What seals after a rotation was known before it; what sealed before opens after it, once. */
static void rotation_moves_next_to_current_to_previous(void **state)
{
	struct rv_ticket_ring before, ring;

	(void)state;
	rv_ticket_ring_init(&ring);
	before = ring;
	rv_ticket_ring_rotate(&ring);
	assert_memory_equal(ring.keys, before.keys + 2 * LEN, LEN);
	assert_memory_equal(ring.keys + LEN, before.keys, LEN);
	assert_memory_not_equal(ring.keys + 2 * LEN, before.keys + 2 * LEN, LEN);
	assert_memory_not_equal(ring.keys + 2 * LEN, before.keys + LEN, LEN);
	rv_ticket_ring_rotate(&ring);
	assert_memory_equal(ring.keys + LEN, before.keys + 2 * LEN, LEN);
	assert_null(memmem(ring.keys, sizeof(ring.keys), before.keys, LEN));
}

static void wiping_leaves_nothing(void **state)
{
	static const uint8_t zeroes[3 * LEN];
	struct rv_ticket_ring ring;

	(void)state;
	rv_ticket_ring_init(&ring);
	rv_ticket_ring_wipe(&ring);
	assert_memory_equal(ring.keys, zeroes, sizeof(zeroes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_ring_has_three_keys_that_contexts_take),
		cmocka_unit_test(rotation_moves_next_to_current_to_previous),
		cmocka_unit_test(wiping_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
