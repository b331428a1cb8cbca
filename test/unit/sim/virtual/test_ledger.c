#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "sim/virtual/ledger.h"

/* Orders by letter: a acknowledged, r refused, u unknown. */
static void make(struct vw_ledger *l, const char *fates)
{
	*l = (struct vw_ledger){ .count = 0 };
	for (; *fates != '\0'; fates++) {
		uint32_t number = vw_ledger_ask(l);

		assert_int_equal(number, l->count);
		vw_ledger_end(l, *fates == 'a'   ? VW_ACKED
				 : *fates == 'r' ? VW_REFUSED_ORDER
						 : VW_UNKNOWN);
	}
}

static void what_may_be_seen_follows_from_what_was_told(void **state)
{
	static const struct {
		const char *fates;
		uint32_t since;      /* as acknowledged when somebody asked */
		const char *allowed; /* of 0, 1, 2 ... */
	} cases[] = {
		{ "", 0, "y" },       { "a", 0, "yy" },       { "a", 1, "ny" },
		{ "aa", 2, "nny" },   { "aa", 1, "nyy" },     { "au", 1, "nyy" },
		{ "ar", 1, "nyn" },   { "ua", 2, "nny" },     { "aur", 1, "nyyn" },
		{ "auu", 1, "nyyy" }, { "auua", 4, "nnnny" }, { "u", 0, "yy" },
		{ "r", 0, "yn" },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct vw_ledger l;

		make(&l, cases[i].fates);
		for (uint32_t n = 0; cases[i].allowed[n] != '\0'; n++)
			assert_int_equal(vw_ledger_allows(&l, n, cases[i].since),
					 cases[i].allowed[n] == 'y');
		assert_false(vw_ledger_allows(&l, l.count + 1, 0)); /* nobody asked for that */
	}
}

static void a_thing_made_anew_has_nothing_of_the_old(void **state)
{
	struct vw_ledger l;

	(void)state;
	make(&l, "aua");
	vw_ledger_forget(&l);
	for (uint32_t n = 1; n <= 3; n++)
		assert_false(vw_ledger_allows(&l, n, 0));
	assert_true(vw_ledger_allows(&l, 0, 0));
	make(&l, "aua");
	vw_ledger_blur(&l);
	for (uint32_t n = 0; n <= 3; n++)
		assert_true(vw_ledger_allows(&l, n, l.acked));
}

static void a_full_ledger_takes_no_more(void **state)
{
	struct vw_ledger l = { .count = 0 };
	uint32_t n = 0;

	(void)state;
	while (vw_ledger_ask(&l) != 0) {
		vw_ledger_end(&l, VW_ACKED);
		n++;
	}
	assert_int_equal(n, VW_ORDERS_MAX - 1);
	assert_int_equal(l.acked, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_seen_follows_from_what_was_told),
		cmocka_unit_test(a_thing_made_anew_has_nothing_of_the_old),
		cmocka_unit_test(a_full_ledger_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
