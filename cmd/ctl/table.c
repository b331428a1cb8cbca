#include "cmd/ctl/table.h"

#include <assert.h>

enum { GAP = 2, REPLACEMENT = 0xfffd };

struct range {
	uint32_t first, last;
};

/* Unicode 15 East Asian Width W and F, coarse: whole blocks, emoji included. */
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },
	{ 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },   { 0xa960, 0xa97f },
	{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff01, 0xff60 },
	{ 0xffe0, 0xffe6 },   { 0x16fe0, 0x18aff }, { 0x1b000, 0x1b2ff }, { 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

/* Combining marks, zero-width spaces and joiners, variation selectors. */
static const struct range narrowest[] = {
	{ 0x0300, 0x036f }, { 0x200b, 0x200f }, { 0x2060, 0x2064 }, { 0x20d0, 0x20ff },
	{ 0x3099, 0x309a }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
};

/* Marks that turn the direction of text around: with them a line can be made to look like another.
 */
static const struct range turning[] = { { 0x202a, 0x202e }, { 0x2066, 0x2069 } };

static bool is_in(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* The character at *at, which moves behind it. Bytes that are not UTF-8 are one U+FFFD each. */
static uint32_t next_char(struct rv_str text, size_t *at)
{
	static const struct {
		uint8_t mask, lead;
		unsigned len;
	} forms[] = { { 0x80, 0x00, 1 }, { 0xe0, 0xc0, 2 }, { 0xf0, 0xe0, 3 }, { 0xf8, 0xf0, 4 } };
	uint8_t first = (uint8_t)text.ptr[*at];

	for (size_t i = 0; i < RV_ARRAY_LEN(forms); i++) {
		struct rv_str bytes = rv_str_sub(text, *at, forms[i].len);
		uint32_t c = first & (uint8_t)~forms[i].mask;

		if ((first & forms[i].mask) != forms[i].lead || !rv_str_is_utf8(bytes, NULL) ||
		    bytes.len != forms[i].len)
			continue;
		for (size_t k = 1; k < bytes.len; k++)
			c = c << 6 | ((uint8_t)bytes.ptr[k] & 0x3f);
		*at += bytes.len;
		return c;
	}
	(*at)++;
	return REPLACEMENT;
}

size_t ctl_text_width(struct rv_str text)
{
	size_t width = 0;
	size_t at = 0;

	while (at < text.len) {
		uint32_t c = next_char(text, &at);

		if (is_in(wide, RV_ARRAY_LEN(wide), c))
			width += 2;
		else if (!is_in(narrowest, RV_ARRAY_LEN(narrowest), c))
			width++;
	}
	return width;
}

void ctl_put_safe(struct rv_buf *out, struct rv_str text, bool keep_lines)
{
	size_t at = 0;

	while (at < text.len) {
		size_t from = at;
		uint32_t c = next_char(text, &at);
		bool is_line = keep_lines && (c == '\n' || c == '\t');

		if (c == REPLACEMENT || ((c < ' ' || (c >= 0x7f && c < 0xa0)) && !is_line) ||
		    is_in(turning, RV_ARRAY_LEN(turning), c))
			rv_buf_puts(out, "\xef\xbf\xbd");
		else
			rv_buf_put_str(out, rv_str_sub(text, from, at - from));
	}
}

void ctl_put_padded(struct rv_buf *out, struct rv_str text, size_t width)
{
	rv_buf_put_str(out, text);
	for (size_t n = ctl_text_width(text); n < width; n++)
		rv_buf_putc(out, ' ');
}

void ctl_table_init(struct ctl_table *table, size_t columns)
{
	assert(columns >= 1 && columns <= CTL_COLUMNS_MAX);
	*table = (struct ctl_table){ .columns = columns };
}

void ctl_table_deinit(struct ctl_table *table)
{
	rv_buf_deinit(&table->cells);
}

void ctl_table_add(struct ctl_table *table, struct rv_str cell)
{
	size_t column = table->count++ % table->columns;
	size_t from = table->cells.len;
	size_t width;

	ctl_put_safe(&table->cells, cell, false);
	width = ctl_text_width(rv_str_sub(rv_buf_str(&table->cells), from, SIZE_MAX));
	if (width > table->width[column])
		table->width[column] = width;
	rv_buf_putc(&table->cells, '\0');
}

void ctl_table_print(const struct ctl_table *table, struct rv_buf *out)
{
	struct rv_str rest = rv_buf_str(&table->cells);
	size_t owed = 0; /* blanks before the next cell that is not empty */

	for (size_t i = 0; rest.len > 0; i++) {
		struct rv_str cell = rv_str_sub(rest, 0, rv_str_find(rest, '\0'));
		size_t column = i % table->columns;

		for (; cell.len > 0 && owed > 0; owed--)
			rv_buf_putc(out, ' ');
		rv_buf_put_str(out, cell);
		owed += table->width[column] - ctl_text_width(cell) + GAP;
		if (column == table->columns - 1) {
			while (out->len > 0 && out->ptr[out->len - 1] == ' ')
				out->len--; /* of the cell itself */
			rv_buf_putc(out, '\n');
			owed = 0;
		}
		rest = rv_str_sub(rest, cell.len + 1, rest.len);
	}
}
