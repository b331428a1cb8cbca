#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "server/status/merge.h"

static void two_duties_share_one_head_per_name(void **state)
{
	struct rv_buf out = { 0 };
	struct rv_merge merge;

	(void)state;
	rv_merge_init(&merge);
	rv_merge_add(&merge,
		     rv_str("# HELP x_total Things.\n# TYPE x_total counter\nx_total 1\ny 7\n"),
		     "proxy", 0);
	rv_merge_add(&merge,
		     rv_str("# HELP x_total Other words.\n# TYPE x_total counter\n"
			    "x_total{k=\"v\"} 2 1700000000000\n"),
		     "rs", 3);
	rv_merge_add(&merge, rv_str("up 1\n"), NULL, 0);
	rv_merge_write(&merge, &out);
	assert_true(rv_str_is(rv_buf_str(&out),
			      "# HELP x_total Things.\n# TYPE x_total counter\n"
			      "x_total{duty=\"proxy\",instance=\"0\"} 1\n"
			      "x_total{duty=\"rs\",instance=\"3\",k=\"v\"} 2 1700000000000\n"
			      "y{duty=\"proxy\",instance=\"0\"} 7\n"
			      "up 1\n"));
	assert_int_equal(merge.malformed, 0);
	rv_merge_deinit(&merge);
	rv_buf_deinit(&out);
}

static void a_histogram_stays_together(void **state)
{
	struct rv_buf out = { 0 };
	struct rv_merge merge;

	(void)state;
	rv_merge_init(&merge);
	for (unsigned i = 0; i < 2; i++)
		rv_merge_add(
			&merge,
			rv_str("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\n"),
			"a", i);
	rv_merge_write(&merge, &out);
	assert_true(rv_str_is(rv_buf_str(&out),
			      "# TYPE h histogram\n"
			      "h_bucket{duty=\"a\",instance=\"0\",le=\"+Inf\"} 1\n"
			      "h_sum{duty=\"a\",instance=\"0\"} 2\n"
			      "h_count{duty=\"a\",instance=\"0\"} 1\n"
			      "h_bucket{duty=\"a\",instance=\"1\",le=\"+Inf\"} 1\n"
			      "h_sum{duty=\"a\",instance=\"1\"} 2\n"
			      "h_count{duty=\"a\",instance=\"1\"} 1\n"));
	rv_merge_deinit(&merge);
	rv_buf_deinit(&out);
}

static const struct {
	const char *line;
	bool is_taken;
} line_cases[] = {
	{ "a 1", true },
	{ "a:b_9 -1.5e3", true },
	{ "a NaN", true },
	{ "a +Inf", true },
	{ "a{} 1", true },
	{ "a{k=\"v\",} 1", true },
	{ "a{k=\"}\"} 1", true },
	{ "a{k=\"\\\"\\\\\\n\"} 1", true },
	{ "a{k=\"\xe5\x80\xa4\"} 1", true },
	{ "a", false },
	{ "a ", false },
	{ "a x", false },
	{ "a 1 x", false },
	{ "a 1 2 3", false },
	{ "1a 1", false },
	{ "a{ 1", false },
	{ "a{k} 1", false },
	{ "a{k=v} 1", false },
	{ "a{k=\"v} 1", false },
	{ "a{k=\"\\x\"} 1", false },
	{ "a{k=\"v\"b=\"c\"} 1", false },
	{ "a{,} 1", false },
	{ "a{duty=\"x\"} 1", false }, /* nobody speaks for another */
	{ "a{instance=\"x\"} 1", false },
	{ "a 1\r", false },
	{ "a{k=\"\xe9\"} 1", false },
	{ "# TYPE", true },    /* a comment like any other, */
	{ "# TYPE a", false }, /* but this one promises more */
	{ "# HELP 1a x", false },
};

static void lines_out_of_format_are_left_out_and_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(line_cases); i++) {
		struct rv_buf out = { 0 };
		struct rv_merge merge;

		rv_merge_init(&merge);
		rv_merge_add(&merge, rv_str(line_cases[i].line), "d", 0);
		rv_merge_write(&merge, &out);
		if (merge.malformed != !line_cases[i].is_taken)
			fail_msg("%s", line_cases[i].line);
		if (!line_cases[i].is_taken)
			assert_int_equal(out.len, 0);
		rv_merge_deinit(&merge);
		rv_buf_deinit(&out);
	}
}

static void more_names_than_the_limit_make_it_incomplete(void **state)
{
	struct rv_merge merge;
	char line[32];

	(void)state;
	rv_merge_init(&merge);
	for (unsigned i = 0; i <= RV_MERGE_FAMILIES_MAX; i++) {
		assert_int_equal(merge.err, RV_OK);
		snprintf(line, sizeof(line), "m%u 1\n", i);
		rv_merge_add(&merge, rv_str(line), "d", 0);
	}
	assert_int_equal(merge.err, RV_ELIMIT);
	rv_merge_deinit(&merge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_duties_share_one_head_per_name),
		cmocka_unit_test(a_histogram_stays_together),
		cmocka_unit_test(lines_out_of_format_are_left_out_and_counted),
		cmocka_unit_test(more_names_than_the_limit_make_it_incomplete),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
