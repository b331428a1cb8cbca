#include "test/unit/lib/base/test_unit.h"

#include "verify/report.h"

/* All selected ones have passed, but for what the case says. */
static void pass_all(struct verify_board *board)
{
	*board = (struct verify_board){ .step = "test" };
	for (size_t i = 0; i < verify_check_count; i++)
		verify_board_pass(board, verify_checks[i].number);
}

static void every_must_decides_and_no_should(void **state)
{
	static const struct {
		unsigned number;
		enum verify_verdict verdict;
		enum verify_exit wanted;
	} cases[] = {
		{ 17, VERIFY_PASSED, VERIFY_EXIT_PASSED },
		{ 17, VERIFY_FAILED, VERIFY_EXIT_FAILED },
		{ 17, VERIFY_NOT_JUDGED, VERIFY_EXIT_FAILED },
		{ 18, VERIFY_FAILED, VERIFY_EXIT_PASSED },
		{ 18, VERIFY_NOT_JUDGED, VERIFY_EXIT_PASSED },
	};

	(void)state;
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
		const struct verify_options options = { .distid = "x" };
		struct verify_board board;
		struct verify_sum sum;

		pass_all(&board);
		board.findings[cases[i].number].verdict = cases[i].verdict;
		verify_sum(&board, &options, &sum);
		assert_int_equal(verify_sum_exit(&sum), cases[i].wanted);
	}
}

static void what_was_not_asked_for_does_not_count(void **state)
{
	struct verify_options options = { .distid = "x", .has_selection = true };
	struct verify_board board = { 0 };
	struct verify_sum sum;

	(void)state;
	options.is_selected[18] = true;
	verify_sum(&board, &options, &sum);
	assert_int_equal(sum.counts[VERIFY_NOT_JUDGED][VERIFY_SHOULD], 1);
	assert_int_equal(verify_sum_exit(&sum), VERIFY_EXIT_PASSED);
	options = (struct verify_options){ .distid = "x", .is_quick = true };
	assert_false(verify_is_selected(&options, 213));
	assert_true(verify_is_selected(&options, 17));
}

static char *text_of(void (*print)(FILE *out, const struct verify_board *board,
				   const struct verify_options *options),
		     const struct verify_board *board, const struct verify_options *options)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	print(out, board, options);
	fclose(out);
	return text;
}

static void markdown(FILE *out, const struct verify_board *board,
		     const struct verify_options *options)
{
	verify_report_markdown(out, board, options, "2026-11-23");
}

static void json(FILE *out, const struct verify_board *board, const struct verify_options *options)
{
	struct rv_buf text = { 0 };

	verify_report_json(&text, board, options);
	fprintf(out, "%.*s", RV_STR_ARG(rv_buf_str(&text)));
	rv_buf_deinit(&text);
}

static void a_failure_is_told_in_every_form(void **state)
{
	const struct verify_options options = { .distid = "0001-ID", .is_quick = true };
	struct verify_board board;
	char *text;

	(void)state;
	setenv("LC_ALL", "C", 1);
	pass_all(&board);
	verify_board_fail(&board, 201, "seen");
	text = text_of(verify_report_text, &board, &options);
	assert_non_null(strstr(text, " 201  MUST    FAIL        sends the exact Content-Length\n"
				     "      test: seen\n"));
	assert_non_null(strstr(text, ", 1 failed, 0 not judged"));
	assert_non_null(strstr(text, "Left out by --quick: 27, 51, 213, 214\n"));
	free(text);
	text = text_of(markdown, &board, &options);
	assert_non_null(strstr(text, "0001-ID"));
	assert_non_null(strstr(text, "NOT every MUST passed"));
	assert_non_null(strstr(text, "* 201 (test): `seen`"));
	assert_non_null(strstr(text, "* 78-125: needs push"));
	free(text);
	text = text_of(json, &board, &options);
	assert_non_null(strstr(text, "\"passed\":false"));
	assert_non_null(strstr(text, "{\"number\":201,\"weight\":\"MUST\",\"section\":\"2.2\","
				     "\"text\":\"sends the exact Content-Length\",\"verdict\":"
				     "\"failed\",\"step\":\"test\",\"detail\":\"seen\"}"));
	assert_non_null(strstr(text, "{\"from\":78,\"to\":125,"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_must_decides_and_no_should),
		cmocka_unit_test(what_was_not_asked_for_does_not_count),
		cmocka_unit_test(a_failure_is_told_in_every_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
