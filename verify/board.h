/* board.h - what has been found so far, by number.
 *
 * A number passes when something was seen that shows it and nothing that speaks against it: one
 * failure stays, whatever is seen afterwards. The first failure's words are kept, in English
 * and printable ASCII, whatever the device sent. Pure.
 */
#ifndef RV_VERIFY_BOARD_H
#define RV_VERIFY_BOARD_H

#include <stdbool.h>

#include "base/err.h"
#include "verify/check.h"

enum { VERIFY_DETAIL_MAX = 240, VERIFY_STEP_NAME_MAX = 48 };

enum verify_verdict { VERIFY_NOT_JUDGED, VERIFY_PASSED, VERIFY_FAILED, VERIFY_VERDICTS };

struct verify_finding {
	enum verify_verdict verdict;
	unsigned seen;                   /* how often it was judged */
	char step[VERIFY_STEP_NAME_MAX]; /* of the failure, else of the first pass; "" */
	char detail[VERIFY_DETAIL_MAX];  /* of the failure; "" */
};

struct verify_board {
	const char *step; /* the one that runs; never NULL while anything is judged */
	struct verify_finding findings[VERIFY_NUMBER_MAX + 1];
};

/* number: of a check. */
void verify_board_pass(struct verify_board *board, unsigned number);
void verify_board_fail(struct verify_board *board, unsigned number, const char *fmt, ...)
	RV_PRINTF(3, 4);
/* Passes or fails. */
void verify_board_judge(struct verify_board *board, unsigned number, bool is_passed,
			const char *fmt, ...) RV_PRINTF(4, 5);

const char *verify_verdict_name(enum verify_verdict verdict); /* "passed", "failed", "not judged" */

#endif
