/* table.h - text in columns on a terminal, and text that is safe to show there. Pure.
 *
 * Widths are those of fixed-width terminals: East Asian wide characters take two cells, combining
 * marks none. What devices and people typed may hold escape sequences: control characters are
 * shown as U+FFFD, so nothing of it moves the cursor.
 */
#ifndef RV_CMD_CTL_TABLE_H
#define RV_CMD_CTL_TABLE_H

#include "base/buf.h"

enum { CTL_COLUMNS_MAX = 16 };

struct ctl_table {
	size_t columns;                /* 1..CTL_COLUMNS_MAX */
	size_t width[CTL_COLUMNS_MAX]; /* widest cell so far */
	struct rv_buf cells;           /* each followed by NUL */
	size_t count;
};

/* Cells on the terminal. */
size_t ctl_text_width(struct rv_str text);
/* Append with control characters replaced; line ends and tabs too unless keep_lines. */
void ctl_put_safe(struct rv_buf *out, struct rv_str text, bool keep_lines);
/* Append `text` and blanks up to `width` cells. */
void ctl_put_padded(struct rv_buf *out, struct rv_str text, size_t width);

void ctl_table_init(struct ctl_table *table, size_t columns);
void ctl_table_deinit(struct ctl_table *table);
/* The next cell, row by row; made safe. Errors: table->cells.err. */
void ctl_table_add(struct ctl_table *table, struct rv_str cell);
/* Append all rows: columns two blanks apart, no blanks at line ends. */
void ctl_table_print(const struct ctl_table *table, struct rv_buf *out);

#endif
