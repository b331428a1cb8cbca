/* csv.h - comma-separated values (RFC 4180), read in any pieces and written.
 *
 *     a,b c,"d, ""e""<CRLF>f"<CRLF>        three cells: a | b c | d, "e"<CRLF>f
 *
 * Text is UTF-8 (charset.h makes it so). A line ends with CRLF or LF, the last one may do without;
 * blanks belong to their cell; a quote stands only around a whole cell, doubled inside of one. Rows
 * need not have the same number of cells. Sans-I/O; one allocation that grows with the longest row.
 */
#ifndef RV_CMD_CTL_CSV_H
#define RV_CMD_CTL_CSV_H

#include "base/buf.h"

enum {
	CTL_CSV_ROW_MAX = 256 * 1024, /* bytes in the cells of a row */
	CTL_CSV_CELLS_MAX = 64,       /* cells of a row */
};

struct ctl_csv { /* all-zero: at the beginning; ctl_csv_deinit wipes */
	/* Of the row that is complete, or in which something is wrong. */
	uint64_t line; /* where it begins, from 1 */
	size_t count;  /* cells; after an error: the one it is in, from 0 */

	/* Private. */
	struct rv_buf cells;
	size_t ends[CTL_CSV_CELLS_MAX]; /* in cells */
	uint64_t lines;                 /* line ends so far */
	unsigned state;
	bool is_taken; /* the next byte begins a new row */
};

void ctl_csv_deinit(struct ctl_csv *csv);

/* Read on. RV_OK: a row is complete, *used bytes of `in` were taken; its cells stay until the next
 * call. RV_EMORE: all of `in` was taken. RV_ESYNTAX: a quote where none may stand, text behind a
 * closing quote, a CR without LF, a NUL; RV_ELIMIT: row or cells too many. After these two the rest
 * of that line is skipped by the next call, and all is well again. -ENOMEM. *used is always set. */
int ctl_csv_feed(struct ctl_csv *csv, struct rv_str in, size_t *used) RV_MUSTCHECK;

/* Nothing more comes. RV_OK: one more row is complete. RV_ENOTFOUND: there is none. RV_ESYNTAX: a
 * quote was never closed; csv->line is where its row begins. */
int ctl_csv_end(struct ctl_csv *csv) RV_MUSTCHECK;

/* The i-th cell of a complete row; empty beyond the last. */
struct rv_str ctl_csv_cell(const struct ctl_csv *csv, size_t i);
/* A row that says nothing: no cell, or empty ones only (spreadsheets leave such). */
bool ctl_csv_is_blank(const struct ctl_csv *csv);

/* Append one cell, quoted when it must be, after a comma unless it is the first. */
void ctl_csv_put(struct rv_buf *out, struct rv_str cell, bool is_first);

#endif
