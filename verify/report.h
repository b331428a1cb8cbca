/* report.h - the checklist and what was found, for people and machines. Pure but for the stream. */
#ifndef RV_VERIFY_REPORT_H
#define RV_VERIFY_REPORT_H

#include <stdio.h>

#include "verify/board.h"
#include "verify/options.h"

struct verify_sum {
	unsigned counts[VERIFY_VERDICTS][2]; /* by verdict and weight, of the selected ones */
};

/* By --only and --quick. */
bool verify_is_selected(const struct verify_options *options, unsigned number);
void verify_sum(const struct verify_board *board, const struct verify_options *options,
		struct verify_sum *out);
/* PASSED when every selected MUST has passed. */
enum verify_exit verify_sum_exit(const struct verify_sum *sum);

/* The list alone, in the user's language. */
void verify_report_list(FILE *out);
/* A table. */
void verify_report_text(FILE *out, const struct verify_board *board,
			const struct verify_options *options);
/* For a vendor to hand in: what was tested, when, the table, what is not covered. */
void verify_report_markdown(FILE *out, const struct verify_board *board,
			    const struct verify_options *options, const char *date);
/* One object: distid, passed, checks [{number, weight, section, text, verdict, step, detail}],
 * not_covered [{from, to, why}]. Appended. */
void verify_report_json(struct rv_buf *out, const struct verify_board *board,
			const struct verify_options *options);

#endif
