/* What a device that calls the RS is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/rs/decide.h"

#define DELIVERED RV_PULL_OUTCOME_DELIVERED
#define UNKNOWN   RV_PULL_OUTCOME_UNKNOWN
#define NO_CONFIG RV_PULL_OUTCOME_NO_CONFIG
#define WRONG_KEY RV_PULL_OUTCOME_WRONG_KEY
#define DISABLED  RV_PULL_OUTCOME_DISABLED
#define OTHER_RS  RV_PULL_OUTCOME_OTHER_RS
#define ERROR     RV_PULL_OUTCOME_ERROR

#define DID   "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"
#define OTHER "0001-0000-C0DE-0091-0000-0000-00A1-B2C4"

static const struct {
	bool is_known, is_enabled, is_ours, has_startup;
	const char *key, *message_distid;
	enum rv_pull_outcome pull, query;
	unsigned pull_code, query_code;
	bool is_stranger;
} cases[] = {
	{ true, true, true, true, "key", DID, DELIVERED, DELIVERED, 100, 100, false },
	{ true, true, true, true, "key", "", DELIVERED, DELIVERED, 100, 100, false },
	{ true, true, true, true, "key", "0001-0000-c0de-0091-0000-0000-00a1-b2c3", DELIVERED,
	  DELIVERED, 100, 100, false },
	{ true, true, true, false, "key", DID, NO_CONFIG, DELIVERED, 421, 100, false },
	{ false, true, true, true, "key", DID, UNKNOWN, UNKNOWN, 420, 420, true },
	{ true, true, true, true, "KEY", DID, WRONG_KEY, WRONG_KEY, 403, 403, true },
	{ true, true, true, true, "", DID, WRONG_KEY, WRONG_KEY, 403, 403, true },
	{ true, true, true, true, "key2", DID, WRONG_KEY, WRONG_KEY, 403, 403, true },
	{ true, true, true, true, "key", OTHER, ERROR, ERROR, 423, 423, false },
	{ true, false, true, true, "key", DID, DISABLED, DISABLED, 404, 404, false },
	{ true, true, false, true, "key", DID, OTHER_RS, OTHER_RS, 416, 416, false },
	/* Several reasons at once: the one that reveals least comes first. */
	{ true, false, false, false, "bad", OTHER, WRONG_KEY, WRONG_KEY, 403, 403, true },
	{ true, false, false, false, "key", DID, OTHER_RS, OTHER_RS, 416, 416, false },
	{ true, false, true, false, "key", DID, DISABLED, DISABLED, 404, 404, false },
};

static void every_combination_has_its_code_and_refusals_are_retryable(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		struct rs_facts facts = { .is_known = cases[i].is_known,
					  .rs_key = RV_STR_LIT("key"),
					  .is_enabled = cases[i].is_enabled,
					  .is_ours = cases[i].is_ours,
					  .has_startup = cases[i].has_startup };
		struct rs_claim claim = { .distid = RV_STR_LIT(DID),
					  .key = rv_str(cases[i].key),
					  .message_distid = rv_str(cases[i].message_distid) };
		struct rs_verdict pull = rs_decide_pull(&facts, &claim);
		struct rs_verdict query = rs_decide_query(&facts, &claim);

		assert_int_equal(pull.outcome, cases[i].pull);
		assert_int_equal(pull.code, cases[i].pull_code);
		assert_int_equal(pull.is_stranger, cases[i].is_stranger);
		assert_int_equal(query.outcome, cases[i].query);
		assert_int_equal(query.code, cases[i].query_code);
		assert_true(pull.code == 100 || (pull.code >= 300 && pull.code <= 499));
		assert_true(query.code == 100 || (query.code >= 300 && query.code <= 499));
	}
}

#define T "https-tunnel"
#define S "https-simple"

static const struct {
	const char *configured[3];
	const char *offered[3];
	bool has_url;
	const char *expect; /* initials */
} method_cases[] = {
	{ { T, S }, { S, T }, true, "ts" },
	{ { S, T }, { S, T }, true, "st" },
	{ { T, S }, { T }, true, "t" },
	{ { T, S }, { S, T }, false, "s" },
	{ { T }, { S }, true, "" },
	{ { T, S }, { "x", S }, true, "s" },
	{ { T, S }, { NULL }, true, "" },
	{ { NULL }, { S, T }, true, "" },
	{ { T, S }, { S, S, T }, true, "ts" },
};

static void methods_are_the_configured_order_of_those_offered(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(method_cases); i++) {
		struct rv_str offered[3];
		struct rs_methods out;
		size_t n = 0, n_offered = 0;

		while (n < 3 && method_cases[i].configured[n] != NULL)
			n++;
		while (n_offered < 3 && method_cases[i].offered[n_offered] != NULL) {
			offered[n_offered] = rv_str(method_cases[i].offered[n_offered]);
			n_offered++;
		}
		rs_choose_methods(method_cases[i].configured, n, offered, n_offered,
				  method_cases[i].has_url, &out);
		struct rv_str expect = rv_str(method_cases[i].expect);
		assert_int_equal(out.count, expect.len);
		for (size_t k = 0; k < out.count; k++)
			assert_true(rv_str_is(out.names[k], expect.ptr[k] == 't' ? T : S));
		assert_int_equal(out.has_tunnel, rv_str_find(expect, 't') < expect.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_has_its_code_and_refusals_are_retryable),
		cmocka_unit_test(methods_are_the_configured_order_of_those_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
