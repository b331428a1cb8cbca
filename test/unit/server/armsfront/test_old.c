#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "server/armsfront/old.h"

enum { SEED = 4711 };

static void an_address_is_news_once_a_day(void **state)
{
	static const struct {
		const char *peer;
		int64_t at_us;
		bool is_news;
		size_t count;
	} steps[] = {
		{ "192.0.2.7:40112", 0, true, 1 },
		{ "192.0.2.7:40113", 1, false, 1 }, /* another port, the same device */
		{ "192.0.2.70:1", 2, true, 2 },
		{ "[2001:db8::1]:443", 3, true, 3 },
		{ "[2001:db8::1]:444", RV_OLD_KEEP_US - 1, false, 3 },
		{ "192.0.2.7:1", RV_OLD_KEEP_US, true, 3 },      /* a day later */
		{ "192.0.2.7:1", RV_OLD_KEEP_US + 2, false, 2 }, /* .70 was not seen since */
		{ "[2001:db8::1]:9", RV_OLD_KEEP_US + 3, true, 2 },
		{ "192.0.2.70:1", 3 * RV_OLD_KEEP_US, true, 1 },
	};
	struct rv_old *old = rv_old_new(SEED);

	(void)state;
	assert_int_equal(rv_old_count(old, 0), 0);
	for (size_t i = 0; i < RV_ARRAY_LEN(steps); i++) {
		assert_int_equal(rv_old_note(old, steps[i].peer, steps[i].at_us), steps[i].is_news);
		assert_int_equal(rv_old_count(old, steps[i].at_us), steps[i].count);
	}
	assert_int_equal(rv_old_count(old, 4 * RV_OLD_KEEP_US), 0);
	rv_old_free(old);
	rv_old_free(NULL);
}

static void beyond_the_limit_the_oldest_is_forgotten(void **state)
{
	struct rv_old *old = rv_old_new(SEED);
	char peer[64];

	(void)state;
	for (int i = 0; i <= RV_OLD_ADDRESSES_MAX; i++) {
		snprintf(peer, sizeof(peer), "10.0.%d.%d:1", i >> 8, i & 255);
		assert_true(rv_old_note(old, peer, i));
	}
	assert_int_equal(rv_old_count(old, RV_OLD_ADDRESSES_MAX), RV_OLD_ADDRESSES_MAX);
	assert_false(rv_old_note(old, "10.0.0.1:1", RV_OLD_ADDRESSES_MAX));
	assert_true(rv_old_note(old, "10.0.0.0:1", RV_OLD_ADDRESSES_MAX));
	rv_old_free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_news_once_a_day),
		cmocka_unit_test(beyond_the_limit_the_oldest_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
