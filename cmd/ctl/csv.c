#include "cmd/ctl/csv.h"

#include <assert.h>

enum { AT_CELL, IN_PLAIN, IN_QUOTES, AFTER_QUOTE, AFTER_CR, SKIPPING };

void ctl_csv_deinit(struct ctl_csv *csv)
{
	csv->cells.wipe = true;
	rv_buf_deinit(&csv->cells);
	*csv = (struct ctl_csv){ 0 };
}

static void begin_row(struct ctl_csv *csv)
{
	csv->cells.wipe = true;
	rv_buf_clear(&csv->cells);
	csv->count = 0;
	csv->line = csv->lines + 1;
	csv->state = AT_CELL;
	csv->is_taken = false;
}

/* RV_OK, or the error of this row. */
static int end_cell(struct ctl_csv *csv)
{
	if (csv->count == CTL_CSV_CELLS_MAX)
		return RV_ELIMIT;
	csv->ends[csv->count++] = csv->cells.len;
	csv->state = AT_CELL;
	return RV_OK;
}

static int end_row(struct ctl_csv *csv)
{
	int r = end_cell(csv);

	csv->is_taken = r == RV_OK;
	return r;
}

static int add(struct ctl_csv *csv, char c)
{
	if (csv->cells.len == CTL_CSV_ROW_MAX)
		return RV_ELIMIT;
	rv_buf_putc(&csv->cells, c);
	return csv->cells.err;
}

/* A byte outside of quotes. *is_row: the row is complete. */
static int take_plain(struct ctl_csv *csv, char c, bool *is_row)
{
	switch (c) {
	case '\n':
		*is_row = true;
		return end_row(csv);
	case '\r':
		csv->state = AFTER_CR;
		return RV_OK;
	case ',':
		return end_cell(csv);
	case '"':
		if (csv->state != AT_CELL)
			return RV_ESYNTAX;
		csv->state = IN_QUOTES;
		return RV_OK;
	default:
		if (csv->state == AFTER_QUOTE)
			return RV_ESYNTAX;
		csv->state = IN_PLAIN;
		return add(csv, c);
	}
}

static int take(struct ctl_csv *csv, char c, bool *is_row)
{
	if (c == '\0')
		return RV_ESYNTAX;
	switch (csv->state) {
	case IN_QUOTES:
		if (c != '"')
			return add(csv, c);
		csv->state = AFTER_QUOTE;
		return RV_OK;
	case AFTER_QUOTE:
		if (c != '"')
			return take_plain(csv, c, is_row);
		csv->state = IN_QUOTES;
		return add(csv, c);
	case AFTER_CR:
		if (c != '\n')
			return RV_ESYNTAX;
		*is_row = true;
		return end_row(csv);
	default:
		return take_plain(csv, c, is_row);
	}
}

/* The rest of a line in which something is wrong. */
static size_t skip(struct ctl_csv *csv, struct rv_str in)
{
	size_t n = rv_str_find(in, '\n');

	if (n == in.len)
		return n;
	csv->lines++;
	csv->is_taken = true;
	csv->state = AT_CELL;
	return n + 1;
}

int ctl_csv_feed(struct ctl_csv *csv, struct rv_str in, size_t *used)
{
	size_t at = 0;

	if (csv->state == SKIPPING)
		at = skip(csv, in);
	while (at < in.len && csv->state != SKIPPING) {
		bool is_row = false;
		char c = in.ptr[at];
		int r;

		if (csv->is_taken || csv->line == 0)
			begin_row(csv);
		r = take(csv, c, &is_row);
		if (r != RV_OK) {
			csv->state = SKIPPING; /* from this byte on: it may be the line's end */
			*used = at;
			return r;
		}
		at++;
		csv->lines += c == '\n';
		if (is_row) {
			*used = at;
			return RV_OK;
		}
	}
	*used = at;
	return RV_EMORE;
}

int ctl_csv_end(struct ctl_csv *csv)
{
	if (csv->line == 0 || csv->is_taken || csv->state == SKIPPING)
		return RV_ENOTFOUND;
	if (csv->state == IN_QUOTES || csv->state == AFTER_CR)
		return RV_ESYNTAX;
	return end_row(csv);
}

struct rv_str ctl_csv_cell(const struct ctl_csv *csv, size_t i)
{
	size_t from = i > 0 && i < csv->count ? csv->ends[i - 1] : 0;

	assert(csv->is_taken);
	if (i >= csv->count)
		return (struct rv_str){ 0 };
	return rv_str_sub(rv_buf_str(&csv->cells), from, csv->ends[i] - from);
}

bool ctl_csv_is_blank(const struct ctl_csv *csv)
{
	return csv->cells.len == 0;
}

void ctl_csv_put(struct rv_buf *out, struct rv_str cell, bool is_first)
{
	static const char special[] = ",\"\r\n";
	bool is_quoted = false;

	for (size_t i = 0; i < cell.len; i++)
		for (const char *s = special; *s != '\0'; s++)
			is_quoted |= cell.ptr[i] == *s;
	if (!is_first)
		rv_buf_putc(out, ',');
	if (!is_quoted) {
		rv_buf_put_str(out, cell);
		return;
	}
	rv_buf_putc(out, '"');
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.ptr[i] == '"')
			rv_buf_putc(out, '"');
		rv_buf_putc(out, cell.ptr[i]);
	}
	rv_buf_putc(out, '"');
}
