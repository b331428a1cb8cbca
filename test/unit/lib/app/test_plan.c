#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "app/plan.h"

static const char *const m_store[] = { "store.get", NULL };
static const char *const m_work[] = { "work.do", "work.other", NULL };
static const char *const t_news[] = { "news", NULL };

static const struct rv_duty_spec store = { .name = "store", .serves = m_store };
static const struct rv_duty_spec work = {
	.name = "work",
	.serves = m_work,
	.calls = m_store,
	.publishes = t_news,
};
static const struct rv_duty_spec edge = {
	.name = "edge",
	.calls = m_work,
	.listen_section = "edge",
	.listen_item = "listen",
};
static const struct rv_duty_spec hearer = { .name = "hearer", .hears = t_news };
static const struct rv_duty_spec watcher = {
	.name = "watcher",
	.watches_all = true,
	.listen_section = "watcher",
	.listen_item = "listen",
};

static const struct {
	const struct rv_duty_spec *a, *b;
	bool is_local, is_paired;
} pair_cases[] = {
	{ &work, &store, true, true },    /* calls what it serves */
	{ &edge, &work, true, true },     /* one name of two is enough */
	{ &edge, &store, true, false },   /* nothing in common */
	{ &hearer, &work, true, true },   /* a topic */
	{ &hearer, &store, true, false }, /* no tables at all on one side */
	{ &watcher, &hearer, true, true },
	{ &watcher, &hearer, false, false }, /* watching ends at the supervisor */
	{ &work, &store, false, true },
	{ &work, &work, true, false }, /* never with itself */
};

static void pairs_follow_from_the_tables_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(pair_cases); i++) {
		const struct rv_duty_spec *a = pair_cases[i].a, *b = pair_cases[i].b;

		assert_int_equal(rv_plan_is_paired(a, b, pair_cases[i].is_local),
				 pair_cases[i].is_paired);
		assert_int_equal(rv_plan_is_paired(b, a, pair_cases[i].is_local),
				 pair_cases[i].is_paired);
	}
}

static const struct {
	const struct rv_duty_spec *caller, *callee;
	bool is_local;
	const char *methods;
} call_cases[] = {
	{ &work, &store, true, "store.get\n" },
	{ &work, &store, false, "store.get\n" },
	{ &store, &work, true, "" }, /* who is called may not call back */
	{ &edge, &work, true, "work.do\nwork.other\n" },
	{ &edge, &store, true, "" },
	{ &hearer, &work, true, "" }, /* linked for a topic only */
	{ &watcher, &store, true, "duty.metrics\nduty.health\n" },
	{ &watcher, &store, false, "" },
	{ &store, &watcher, true, "" },
};

static void who_may_call_what_follows_from_the_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(call_cases); i++) {
		struct rv_buf out = { 0 };

		rv_plan_may_call(call_cases[i].caller, call_cases[i].callee, call_cases[i].is_local,
				 &out);
		assert_true(rv_str_is(rv_buf_str(&out), call_cases[i].methods));
		rv_buf_deinit(&out);
	}
}

static void finds_by_name(void **state)
{
	const struct rv_duty_spec *const list[] = { &store, &edge, NULL };

	(void)state;
	assert_ptr_equal(rv_plan_find(list, "edge"), &edge);
	assert_null(rv_plan_find(list, "edg"));
}

static void edges_stop_first_and_watchers_last(void **state)
{
	const struct rv_duty_spec *const list[] = { &watcher, &store, &work, &edge, &hearer };
	unsigned stages[RV_ARRAY_LEN(list)];

	(void)state;
	rv_plan_stop_stages(list, RV_ARRAY_LEN(list), stages);
	assert_int_equal(stages[3], 0);
	assert_true(stages[2] > stages[3]); /* work after edge, */
	assert_true(stages[1] > stages[2]); /* store after work, which calls it */
	for (size_t i = 1; i < RV_ARRAY_LEN(list); i++)
		assert_true(stages[0] > stages[i]);
}

static void a_circle_of_calls_is_broken_at_its_last(void **state)
{
	const struct rv_duty_spec a = { .name = "a", .serves = m_store, .calls = m_work };
	const struct rv_duty_spec b = { .name = "b", .serves = m_work, .calls = m_store };
	const struct rv_duty_spec *const list[] = { &a, &b };
	unsigned stages[2];

	(void)state;
	rv_plan_stop_stages(list, 2, stages);
	assert_true(stages[1] < stages[0]);
}

static const struct {
	int64_t last_us, ran_us, next_us;
} backoff_cases[] = {
	{ 0, 0, 100000 },
	{ 100000, 0, 200000 },
	{ 200000, 59999999, 400000 },
	{ 400000, 60000000, 100000 }, /* ran steadily: forgiven */
	{ 12800000, 0, 25600000 },
	{ 25600000, 0, 30000000 },
	{ 30000000, 0, 30000000 },
};

static void backoff_doubles_to_its_maximum_and_forgives(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(backoff_cases); i++)
		assert_int_equal(
			rv_plan_backoff_us(backoff_cases[i].last_us, backoff_cases[i].ran_us),
			backoff_cases[i].next_us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_follow_from_the_tables_both_ways),
		cmocka_unit_test(who_may_call_what_follows_from_the_tables),
		cmocka_unit_test(finds_by_name),
		cmocka_unit_test(edges_stop_first_and_watchers_last),
		cmocka_unit_test(a_circle_of_calls_is_broken_at_its_last),
		cmocka_unit_test(backoff_doubles_to_its_maximum_and_forgives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
