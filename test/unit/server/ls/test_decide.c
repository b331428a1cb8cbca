/* What a device that asks the LS is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/ls/decide.h"

#define DID "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"

static const struct {
	bool is_known, is_enabled, has_location;
	const char *stored, *presented, *message_distid;
	unsigned code;
	int waiting; /* reason, or -1 */
} cases[] = {
	{ true, true, true, "mac", "mac", DID, 100, -1 },
	{ true, true, true, "mac", "mac", "", 100, -1 },
	{ true, true, true, "mac", "mac", "0001-0000-c0de-0091-0000-0000-00a1-b2c3", 100, -1 },
	{ false, true, true, "mac", "mac", DID, 420, RV_WAITING_REASON_UNKNOWN },
	{ true, true, true, "mac", "mad", DID, 403, RV_WAITING_REASON_WRONG_KEY },
	{ true, true, true, "mac", "", DID, 403, RV_WAITING_REASON_WRONG_KEY },
	{ true, true, true, "", "", DID, 403, RV_WAITING_REASON_WRONG_KEY }, /* no key on record */
	{ true, true, true, "mac", "mac", "0001-0000-C0DE-0091-0000-0000-00A1-B2C4", 423, -1 },
	{ true, false, true, "mac", "mac", DID, 404, RV_WAITING_REASON_DISABLED },
	{ true, true, false, "mac", "mac", DID, 421, RV_WAITING_REASON_NO_CONFIG },
	{ true, false, false, "mac", "bad", "x", 403, RV_WAITING_REASON_WRONG_KEY },
	{ true, false, false, "mac", "mac", DID, 404, RV_WAITING_REASON_DISABLED },
};

static void every_combination_has_its_code_and_refusals_are_retryable(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct ls_facts facts = { .is_known = cases[i].is_known,
					  .key_mac = rv_str(cases[i].stored),
					  .is_enabled = cases[i].is_enabled,
					  .has_location = cases[i].has_location };
		struct ls_claim claim = { .distid = RV_STR_LIT(DID),
					  .key_mac = rv_str(cases[i].presented),
					  .message_distid = rv_str(cases[i].message_distid) };
		struct ls_verdict v = ls_decide(&facts, &claim);

		assert_int_equal(v.code, cases[i].code);
		assert_true(v.code == 100 || (v.code >= 300 && v.code <= 499));
		assert_int_equal(v.is_waiting, cases[i].waiting >= 0);
		if (v.is_waiting)
			assert_int_equal(v.reason, cases[i].waiting);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_has_its_code_and_refusals_are_retryable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
