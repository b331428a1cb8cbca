#include "verify/board.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static struct verify_finding *finding_of(struct verify_board *board, unsigned number)
{
	assert(verify_check_find(number) != NULL);
	assert(board->step != NULL);
	return &board->findings[number];
}

void verify_board_pass(struct verify_board *board, unsigned number)
{
	struct verify_finding *finding = finding_of(board, number);

	finding->seen++;
	if (finding->verdict != VERIFY_NOT_JUDGED)
		return;
	finding->verdict = VERIFY_PASSED;
	snprintf(finding->step, sizeof(finding->step), "%s", board->step);
}

static void fail(struct verify_board *board, unsigned number, const char *fmt, va_list args)
	RV_PRINTF(3, 0);

static void fail(struct verify_board *board, unsigned number, const char *fmt, va_list args)
{
	struct verify_finding *finding = finding_of(board, number);

	finding->seen++;
	if (finding->verdict == VERIFY_FAILED)
		return;
	finding->verdict = VERIFY_FAILED;
	snprintf(finding->step, sizeof(finding->step), "%s", board->step);
	vsnprintf(finding->detail, sizeof(finding->detail), fmt, args);
	/* What a device sent is shown on terminals. */
	for (char *c = finding->detail; *c != '\0'; c++) {
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	}
}

void verify_board_fail(struct verify_board *board, unsigned number, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail(board, number, fmt, args);
	va_end(args);
}

void verify_board_judge(struct verify_board *board, unsigned number, bool is_passed,
			const char *fmt, ...)
{
	va_list args;

	if (is_passed) {
		verify_board_pass(board, number);
		return;
	}
	va_start(args, fmt);
	fail(board, number, fmt, args);
	va_end(args);
}

const char *verify_verdict_name(enum verify_verdict verdict)
{
	static const char *const names[] = { "not judged", "passed", "failed" };

	return names[verdict];
}
