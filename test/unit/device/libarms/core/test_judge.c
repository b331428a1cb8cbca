#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/str.h"
#include "device/libarms/core/judge.h"

/* Every row of spec 4.4, columns LS pull, RS pull, method query; both ends of each range. */
static const struct {
	int32_t code;
	enum rv_sa_verdict ls, rs, query;
} rows[] = {
	{ INT32_MIN, RV_SA_NEXT, RV_SA_NEXT, RV_SA_SUCCESS },
	{ -1, RV_SA_NEXT, RV_SA_NEXT, RV_SA_SUCCESS },
	{ 0, RV_SA_NEXT, RV_SA_NEXT, RV_SA_SUCCESS },
	{ 99, RV_SA_NEXT, RV_SA_NEXT, RV_SA_SUCCESS },
	{ 100, RV_SA_SUCCESS, RV_SA_SUCCESS, RV_SA_SUCCESS },
	{ 199, RV_SA_SUCCESS, RV_SA_SUCCESS, RV_SA_SUCCESS },
	{ 200, RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_PULL },
	{ 299, RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_PULL },
	{ 300, RV_SA_NEXT, RV_SA_NEXT, RV_SA_NEXT },
	{ 499, RV_SA_NEXT, RV_SA_NEXT, RV_SA_NEXT },
	{ 500, RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_REBOOT },
	{ 501, RV_SA_DONTRETRY, RV_SA_DONTRETRY, RV_SA_DONTRETRY },
	{ 502, RV_SA_PULL, RV_SA_BACK_TO_LS, RV_SA_PULL },
	{ 503, RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_REBOOT },
	{ 504, RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_REBOOT },
	{ 506, RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_REBOOT },
	{ 507, RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_NO_METHOD },
	{ 508, RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_PULL },
	{ 509, RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_REBOOT },
	{ INT32_MAX, RV_SA_REBOOT, RV_SA_REBOOT, RV_SA_REBOOT },
};

static void every_code_has_the_verdict_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(rows); i++) {
		struct rv_armsxml_int code = { true, rows[i].code };

		assert_int_equal(rv_sa_judge(RV_SA_LS, code), rows[i].ls);
		assert_int_equal(rv_sa_judge(RV_SA_RS, code), rows[i].rs);
		assert_int_equal(rv_sa_judge(RV_SA_QUERY, code), rows[i].query);
	}
}

static void a_missing_code_reboots_in_the_ls_pull_and_is_retried_elsewhere(void **state)
{
	struct rv_armsxml_int none = { false, 100 };

	(void)state;
	assert_int_equal(rv_sa_judge(RV_SA_LS, none), RV_SA_REBOOT);
	assert_int_equal(rv_sa_judge(RV_SA_RS, none), RV_SA_NEXT);
	assert_int_equal(rv_sa_judge(RV_SA_QUERY, none), RV_SA_NEXT);
	assert_null(rv_sa_trigger_of(none));
}

static const struct {
	int32_t code;
	const char *trigger;
} triggers[] = {
	{ 0, NULL },
	{ 100, NULL },
	{ 200, "got result of failure from server" },
	{ 299, "got result of failure from server" },
	{ 300, NULL },
	{ 499, NULL },
	{ 500, "got result of failure from server" },
	{ 501, "received 501 Out of service" },
	{ 502, "received 502 Push failed" },
	{ 503, "received 503 Need reboot" },
	{ 504, "got result of failure from server" },
	{ 508, "got result of failure from server" },
	{ 999, "got result of failure from server" },
};

static void codes_leave_the_triggers_of_appendix_c(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(triggers); i++) {
		const char *got = rv_sa_trigger_of(
			(struct rv_armsxml_int){ true, triggers[i].code });

		if (triggers[i].trigger == NULL)
			assert_null(got);
		else
			assert_string_equal(got, triggers[i].trigger);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_the_verdict_of_the_table),
		cmocka_unit_test(a_missing_code_reboots_in_the_ls_pull_and_is_retried_elsewhere),
		cmocka_unit_test(codes_leave_the_triggers_of_appendix_c),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
