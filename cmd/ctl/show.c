#include "cmd/ctl/show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "cmd/ctl/table.h"
#include "contract/json.h"
#include "contract/sentence.h"
#include "contract/text.h"
#include "contract/view.h"

static const char *heading(const struct ctl_style *style, const char *field)
{
	char key[80];
	const char *text;

	snprintf(key, sizeof(key), "field:%s", field);
	text = rv_text(style->lang, key);
	return text != NULL ? text : field;
}

/* "2026-11-22 17:48:41", in local time or with a Z behind it. */
static void put_time(const struct ctl_style *style, int64_t utc_us, struct rv_buf *out)
{
	time_t seconds = (time_t)(utc_us / RV_US_PER_SEC);
	char text[40];
	struct tm tm;

	if (style->is_utc)
		gmtime_r(&seconds, &tm);
	else
		localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), style->is_utc ? "%Y-%m-%d %H:%M:%SZ" : "%Y-%m-%d %H:%M:%S",
		 &tm);
	rv_buf_puts(out, text);
}

static void put_word(const struct ctl_style *style, const char *set, const char *word,
		     struct rv_buf *out)
{
	char key[128];
	const char *text;

	snprintf(key, sizeof(key), "word:%s.%s", set, word);
	text = rv_text(style->lang, key);
	rv_buf_puts(out, text != NULL ? text : word);
}

/* One value of a field, not a struct. */
static void put_one(const struct ctl_style *style, const struct rv_contract_field *field,
		    const void *at, struct rv_buf *out)
{
	uint64_t v = field->kind <= RV_CONTRACT_ENUM ? rv_contract_load_number(field, at) : 0;

	if (field->kind == RV_CONTRACT_BOOL)
		put_word(style, "bool", v != 0 ? "true" : "false", out);
	else if (field->kind == RV_CONTRACT_ENUM && v < field->of.words->count)
		put_word(style, field->of.words->name, field->of.words->words[v], out);
	else if (field->kind == RV_CONTRACT_TIME)
		put_time(style, (int64_t)v, out);
	else
		rv_contract_text_write(field, at, out);
}

/* A field as one cell: an absent one is "-", several texts stand side by side, structs are only
 * counted. */
static void put_cell(const struct ctl_style *style, const struct rv_contract_field *field,
		     const void *value, struct rv_buf *out)
{
	struct rv_contract_list list;

	if (rv_contract_is(field, RV_CONTRACT_OPTIONAL) && !rv_contract_is_present(field, value)) {
		rv_buf_puts(out, "-");
		return;
	}
	if (!rv_contract_is(field, RV_CONTRACT_LIST)) {
		put_one(style, field, rv_contract_at(value, field->offset), out);
		return;
	}
	list = rv_contract_load_list(field, value);
	if (field->kind == RV_CONTRACT_STRUCT) {
		rv_buf_printf(out, "%zu", list.len);
		return;
	}
	for (size_t i = 0; i < list.len; i++) {
		rv_buf_puts(out, i > 0 ? " " : "");
		put_one(style, field, list.items + i * list.item_size, out);
	}
}

/* -- a text ------------------------------------------------------------------------------- */

static void show_body(const struct ctl_style *style, const struct rv_contract_field *field,
		      const void *value, struct rv_buf *out)
{
	struct rv_str body = rv_contract_load_str(rv_contract_at(value, field->offset));
	char size[24];

	if (!rv_contract_load_bool(rv_contract_at(value, field->has_flag))) {
		rv_text_put(out, style->lang, "ctl:no_config", NULL, NULL);
		rv_buf_putc(out, '\n');
	} else if (rv_contract_load_bool(rv_contract_at(value, field->binary_flag))) {
		snprintf(size, sizeof(size), "%zu", body.len);
		rv_text_put(out, style->lang, "ctl:bytes", size, NULL);
		rv_buf_putc(out, '\n');
	} else {
		ctl_put_safe(out, body, true);
		if (body.len > 0 && body.ptr[body.len - 1] != '\n')
			rv_buf_putc(out, '\n');
	}
}

/* -- a table ------------------------------------------------------------------------------ */

/* The columns of a table: fields by name, and "text" for the sentence of a thing. */
struct columns {
	size_t count;
	const struct rv_contract_type *type;
	const struct rv_contract_field *field[CTL_COLUMNS_MAX]; /* NULL: the sentence */
};

/* False: there is no such column, or it is one too many. */
static bool add_column(struct columns *c, struct rv_str name)
{
	const struct rv_contract_field *field = rv_contract_field_find(c->type, name);

	if (c->count == CTL_COLUMNS_MAX ||
	    (field == NULL && (c->type->sentence == NULL || !rv_str_is(name, "text"))))
		return false;
	c->field[c->count++] = field;
	return true;
}

/* *bad: the name that is wrong. */
static bool choose_columns(const struct ctl_style *style, const struct rv_contract_type *type,
			   struct columns *out, struct rv_str *bad)
{
	struct rv_str rest = rv_str(style->columns);

	*out = (struct columns){ .type = type };
	for (const char *const *name = type->columns; style->columns == NULL && *name != NULL;
	     name++)
		(void)add_column(out, rv_str(*name));
	while (style->columns != NULL) {
		*bad = rv_str_sub(rest, 0, rv_str_find(rest, ','));
		if (!add_column(out, *bad))
			return false;
		if (bad->len == rest.len)
			break;
		rest = rv_str_sub(rest, bad->len + 1, rest.len);
	}
	return true;
}

static const char *column_name(const struct columns *c, size_t i)
{
	return c->field[i] != NULL ? c->field[i]->name : "text";
}

int ctl_show_check(const struct ctl_style *style, const struct rv_contract_op *op,
		   struct ctl_io *io)
{
	const struct rv_contract_type *type;
	struct columns columns;
	struct rv_buf known = { 0 };
	struct rv_str bad = { 0 };
	char name[64];

	if (style->columns == NULL || style->is_json || op->table == NULL)
		return RV_OK;
	type = rv_contract_field_find(op->out, rv_str(op->table))->of.type;
	if (choose_columns(style, type, &columns, &bad))
		return RV_OK;
	for (size_t i = 0; i < type->count; i++)
		rv_buf_printf(&known, "%s%s", i > 0 ? ", " : "", type->fields[i].name);
	rv_buf_puts(&known, type->sentence != NULL ? ", text" : "");
	rv_buf_putc(&known, '\0');
	snprintf(name, sizeof(name), "%.*s", RV_STR_ARG(bad));
	ctl_wrong(io, "columns", name, known.err == RV_OK ? known.ptr : "");
	rv_buf_deinit(&known);
	return RV_EINVALID;
}

static void add_rows(const struct ctl_style *style, const struct rv_contract_field *field,
		     const struct columns *columns, const void *page, struct ctl_table *table)
{
	struct rv_contract_list list = rv_contract_load_list(field, page);
	struct rv_buf cell = { 0 };

	for (size_t i = 0; i < list.len; i++) {
		for (size_t k = 0; k < columns->count; k++) {
			const void *item = list.items + i * list.item_size;

			rv_buf_clear(&cell);
			if (columns->field[k] != NULL)
				put_cell(style, columns->field[k], item, &cell);
			else
				rv_contract_sentence(columns->type, item, style->lang, &cell);
			if (cell.len == 0) /* so that programs can count columns */
				rv_buf_putc(&cell, '-');
			ctl_table_add(table, rv_buf_str(&cell));
		}
	}
	rv_buf_deinit(&cell);
}

/* What a thing of a table has in many lines, such as a diff, below the table. */
static void show_texts(const struct ctl_style *style, const struct rv_contract_field *field,
		       const struct columns *columns, const void *page, struct rv_buf *out)
{
	struct rv_contract_list list = rv_contract_load_list(field, page);
	const struct rv_contract_field *text = NULL;

	for (size_t i = 0; i < field->of.type->count; i++)
		if (rv_contract_is(&field->of.type->fields[i], RV_CONTRACT_TEXT))
			text = &field->of.type->fields[i];
	for (size_t i = 0; text != NULL && i < list.len; i++) {
		const void *item = list.items + i * list.item_size;

		if (!rv_contract_load_bool(rv_contract_at(item, text->has_flag)))
			continue;
		rv_buf_printf(out, "\n[%s ", heading(style, field->of.type->name));
		put_cell(style, columns->field[0], item, out);
		rv_buf_puts(out, "]\n");
		show_body(style, text, item, out);
	}
}

static void show_table(const struct ctl_style *style, const struct rv_contract_field *field,
		       const void *const *pages, size_t n, struct rv_buf *out)
{
	struct columns columns;
	struct ctl_table table;
	struct rv_str bad;

	(void)choose_columns(style, field->of.type, &columns, &bad);
	ctl_table_init(&table, columns.count);
	for (size_t i = 0; i < columns.count && !style->has_no_header; i++)
		ctl_table_add(&table, rv_str(heading(style, column_name(&columns, i))));
	for (size_t i = 0; i < n; i++)
		add_rows(style, field, &columns, pages[i], &table);
	ctl_table_print(&table, out);
	for (size_t i = 0; i < n && style->columns == NULL && !style->has_no_header; i++)
		show_texts(style, field, &columns, pages[i], out);
	if (table.cells.err != RV_OK)
		out->err = table.cells.err;
	ctl_table_deinit(&table);
}

/* -- one thing ---------------------------------------------------------------------------- */

static bool is_plain(const struct rv_contract_field *field)
{
	return field->kind != RV_CONTRACT_STRUCT && !rv_contract_is(field, RV_CONTRACT_TEXT) &&
	       !rv_contract_is(field, RV_CONTRACT_SECRET);
}

/* "heading: value" for every plain field, headings of one width. */
static void show_fields(const struct ctl_style *style, const struct rv_contract_type *type,
			const void *value, struct rv_buf *out)
{
	struct rv_buf cell = { 0 };
	size_t width = 0;

	for (size_t i = 0; i < type->count; i++) {
		size_t w = ctl_text_width(rv_str(heading(style, type->fields[i].name)));

		if (is_plain(&type->fields[i]) && w > width)
			width = w;
	}
	for (size_t i = 0; i < type->count; i++) {
		if (!is_plain(&type->fields[i]))
			continue;
		rv_buf_clear(&cell);
		put_cell(style, &type->fields[i], value, &cell);
		ctl_put_padded(out, rv_str(heading(style, type->fields[i].name)),
			       cell.len > 0 ? width + 2 : 0);
		ctl_put_safe(out, rv_buf_str(&cell), false);
		rv_buf_putc(out, '\n');
	}
	rv_buf_clear(&cell);
	if (rv_contract_sentence(type, value, style->lang, &cell)) {
		ctl_put_padded(out, rv_str(heading(style, "text")), width + 2);
		ctl_put_safe(out, rv_buf_str(&cell), false);
		rv_buf_putc(out, '\n');
	}
	rv_buf_deinit(&cell);
}

/* Says this field only in which form the text is there? */
static bool is_about(const struct rv_contract_field *field, const struct rv_contract_field *text)
{
	return field == text || field->offset == text->has_flag ||
	       field->offset == text->binary_flag;
}

/* A text and nothing else: it is shown as it is, to be kept in a file. */
static bool is_bare_text(const struct rv_contract_type *type)
{
	const struct rv_contract_field *text = NULL;

	for (size_t i = 0; i < type->count; i++)
		if (rv_contract_is(&type->fields[i], RV_CONTRACT_TEXT))
			text = &type->fields[i];
	for (size_t i = 0; text != NULL && i < type->count; i++)
		if (!is_about(&type->fields[i], text))
			return false;
	return text != NULL;
}

static void show_struct(const struct ctl_style *style, const struct rv_contract_type *type,
			const void *value, struct rv_buf *out)
{
	if (!is_bare_text(type))
		show_fields(style, type, value, out);
	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = &type->fields[i];
		struct rv_contract_list list;

		if (rv_contract_is(field, RV_CONTRACT_TEXT))
			show_body(style, field, value, out);
		if (field->kind != RV_CONTRACT_STRUCT)
			continue;
		if (rv_contract_is(field, RV_CONTRACT_OPTIONAL) &&
		    !rv_contract_is_present(field, value))
			continue;
		if (!rv_contract_is(field, RV_CONTRACT_LIST)) {
			show_struct(style, field->of.type, rv_contract_at(value, field->offset),
				    out);
			continue;
		}
		list = rv_contract_load_list(field, value);
		for (size_t k = 0; k < list.len; k++) {
			rv_buf_printf(out, "\n[%s %zu]\n", heading(style, field->of.type->name),
				      k + 1);
			show_struct(style, field->of.type, list.items + k * list.item_size, out);
		}
	}
}

/* -- a report ----------------------------------------------------------------------------- */

/* What is said in one word, then a table for each list that is not empty. */
static void show_report(const struct ctl_style *style, const struct rv_contract_type *type,
			const void *value, struct rv_buf *out)
{
	struct ctl_style plain = *style;

	plain.columns = NULL; /* several tables: a choice for one is none for the others */
	show_fields(style, type, value, out);
	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = &type->fields[i];

		if (field->kind != RV_CONTRACT_STRUCT || field->of.type->columns == NULL ||
		    rv_contract_load_list(field, value).len == 0)
			continue;
		rv_buf_printf(out, "\n%s\n", heading(style, field->name));
		show_table(&plain, field, &value, 1, out);
	}
}

/* -- JSON --------------------------------------------------------------------------------- */

static void show_pages(const struct rv_contract_op *op, const void *const *pages, size_t n,
		       unsigned flags, struct rv_jsonw *w)
{
	const struct rv_contract_field *field = rv_contract_field_find(op->out, rv_str(op->table));

	rv_jsonw_object(w);
	rv_jsonw_key(w, field->name);
	rv_jsonw_array(w);
	for (size_t i = 0; i < n; i++) {
		struct rv_contract_list list = rv_contract_load_list(field, pages[i]);

		for (size_t k = 0; k < list.len; k++)
			rv_contract_json_write(field->of.type, list.items + k * list.item_size,
					       flags, 0, w);
	}
	rv_jsonw_end_array(w);
	rv_jsonw_end_object(w);
}

void ctl_show(const struct ctl_style *style, const struct rv_contract_op *op,
	      const void *const *pages, size_t n, struct rv_buf *out)
{
	unsigned flags = rv_contract_json_lang(style->lang);
	struct rv_jsonw w;

	if (!style->is_json && op->table != NULL) {
		show_table(style, rv_contract_field_find(op->out, rv_str(op->table)), pages, n,
			   out);
		return;
	}
	if (!style->is_json && op->report != NULL) {
		show_report(style, op->out, pages[0], out);
		return;
	}
	if (!style->is_json) {
		show_struct(style, op->out, pages[0], out);
		return;
	}
	rv_jsonw_init(&w, out);
	if (op->page_in != NULL)
		show_pages(op, pages, n, flags, &w);
	else
		rv_contract_json_write(op->out, pages[0], flags, 0, &w);
	rv_buf_putc(out, '\n');
}
