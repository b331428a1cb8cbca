#include "test/unit/lib/base/test_unit.h"

#include "verify/board.h"

static void a_failure_stays(void **state)
{
	struct verify_board board = { .step = "one" };

	(void)state;
	verify_board_pass(&board, 17);
	assert_int_equal(board.findings[17].verdict, VERIFY_PASSED);
	assert_string_equal(board.findings[17].step, "one");
	board.step = "two";
	verify_board_fail(&board, 17, "seen %d", 2);
	board.step = "three";
	verify_board_fail(&board, 17, "seen %d", 3);
	verify_board_pass(&board, 17);
	assert_int_equal(board.findings[17].verdict, VERIFY_FAILED);
	assert_string_equal(board.findings[17].step, "two");
	assert_string_equal(board.findings[17].detail, "seen 2");
	assert_int_equal(board.findings[17].seen, 4);
}

static void a_judgement_is_one_of_both(void **state)
{
	struct verify_board board = { .step = "one" };

	(void)state;
	verify_board_judge(&board, 201, true, "never shown");
	verify_board_judge(&board, 202, false, "shown %s", "once");
	assert_int_equal(board.findings[201].verdict, VERIFY_PASSED);
	assert_string_equal(board.findings[201].detail, "");
	assert_int_equal(board.findings[202].verdict, VERIFY_FAILED);
	assert_string_equal(board.findings[202].detail, "shown once");
	assert_int_equal(board.findings[203].verdict, VERIFY_NOT_JUDGED);
}

static void what_a_device_sent_cannot_reach_the_terminal(void **state)
{
	struct verify_board board = { .step = "one" };

	(void)state;
	verify_board_fail(&board, 126, "%s", "a\x1b[2Jb\n\xe3");
	assert_string_equal(board.findings[126].detail, "a?[2Jb??");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_stays),
		cmocka_unit_test(a_judgement_is_one_of_both),
		cmocka_unit_test(what_a_device_sent_cannot_reach_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
