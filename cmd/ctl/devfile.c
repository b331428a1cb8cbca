#include "cmd/ctl/devfile.h"

#include <stdio.h>
#include <string.h>

#include "cmd/ctl/names.h"
#include "contract/json.h"
#include "contract/rv_contract.h"
#include "contract/view.h"

enum { VALUE_SHOWN = 80, AFTER_DEVICE = 100 /* tags from here on are not about the device */ };

/* What people call some columns besides; as plain() makes it. */
static const struct {
	const char *title, *field;
} other_titles[] = {
	{ "name", "description" },      { "note", "description" }, { "名前", "description" },
	{ "備考", "description" },      { "id", "distid" },        { "lsキー", "ls_key" },
	{ "ロケーション", "location" }, { "rsキー", "rs_key" },
};

bool ctl_devfile_is_column(const struct rv_contract_field *field)
{
	return field->tag < AFTER_DEVICE && field->kind != RV_CONTRACT_STRUCT;
}

/* Without what does not matter in a title. */
static void plain(struct rv_str text, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len && n + 1 < size; i++) {
		char c = text.ptr[i];

		if (c == ' ' || c == '-' || c == '_' || c == '\t')
			continue;
		out[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	out[n] = '\0';
}

static bool is_same(const char *title, const char *text)
{
	char other[128];

	if (text == NULL)
		return false;
	plain(rv_str(text), other, sizeof(other));
	return strcmp(title, other) == 0;
}

static bool is_title_of(const char *title, const struct rv_contract_field *field)
{
	char key[80];
	bool has_is = strncmp(field->name, "is_", 3) == 0;

	snprintf(key, sizeof(key), "field:%s", field->name);
	if (is_same(title, field->name) || is_same(title, field->name + (has_is ? 3 : 0)) ||
	    is_same(title, rv_text(RV_LANG_EN, key)) || is_same(title, rv_text(RV_LANG_JA, key)))
		return true;
	for (size_t i = 0; i < RV_ARRAY_LEN(other_titles); i++)
		if (strcmp(title, other_titles[i].title) == 0 &&
		    strcmp(field->name, other_titles[i].field) == 0)
			return true;
	return false;
}

static const struct rv_contract_field *find_column(struct rv_str text)
{
	const struct rv_contract_type *type = &rv_device_create_in_type;
	char title[128];

	plain(text, title, sizeof(title));
	for (size_t i = 0; i < type->count && title[0] != '\0'; i++)
		if (ctl_devfile_is_column(&type->fields[i]) && is_title_of(title, &type->fields[i]))
			return &type->fields[i];
	return NULL;
}

/* ---- Telling ------------------------------------------------------------------------------- */

/* The first characters of a long value. */
static struct rv_str shown(struct rv_str value)
{
	size_t n = value.len < VALUE_SHOWN ? value.len : VALUE_SHOWN;

	while (n > 0 && n < value.len && ((unsigned char)value.ptr[n] & 0xc0) == 0x80)
		n--;
	return rv_str_sub(value, 0, n);
}

static void tell(const struct ctl_devfile_ear *ear, uint64_t line, struct rv_str column,
		 struct rv_str value, int code, const char *key, const char *text)
{
	struct rv_buf message = { 0 };
	struct ctl_devfile_mistake mistake = { line, column, shown(value), { 0 } };

	ctl_put_error(&message, ear->io->lang, code, key, "", text);
	mistake.message = rv_buf_str(&message);
	ear->tell(ear->arg, &mistake);
	rv_buf_deinit(&message);
}

static size_t index_of(const struct ctl_devfile *file, const char *field)
{
	size_t i = 0;

	while (i < file->count && (field == NULL || strcmp(file->fields[i]->name, field) != 0))
		i++;
	return i;
}

struct rv_str ctl_devfile_cell(const struct ctl_devfile *file, const struct ctl_csv *row,
			       const char *field)
{
	size_t i = index_of(file, field);

	return i < file->count ? ctl_csv_cell(row, i) : (struct rv_str){ 0 };
}

void ctl_devfile_wrong(const struct ctl_devfile *file, const struct ctl_csv *row, const char *field,
		       int code, const char *key, const char *text,
		       const struct ctl_devfile_ear *ear)
{
	size_t i = index_of(file, field);
	struct rv_str column = rv_str(field);
	struct rv_str value = { 0 };

	if (i < file->count) {
		column = file->titles[i];
		if (!rv_contract_is(file->fields[i], RV_CONTRACT_SECRET))
			value = ctl_csv_cell(row, i);
	}
	tell(ear, row->line, column, value, code, key, text);
}

/* ---- The first row ------------------------------------------------------------------------- */

static bool take_title(struct ctl_devfile *file, struct rv_str title, uint64_t line,
		       const struct ctl_devfile_ear *ear)
{
	const struct rv_contract_field *field = find_column(title);

	if (field == NULL) {
		tell(ear, line, title, (struct rv_str){ 0 }, RV_EINVALID, "csv.column", "");
		return false;
	}
	if (index_of(file, field->name) < file->count) {
		tell(ear, line, title, (struct rv_str){ 0 }, RV_EINVALID, "csv.column-twice", "");
		return false;
	}
	file->fields[file->count] = field;
	file->titles[file->count++] = rv_arena_str(ear->io->arena, title);
	return true;
}

bool ctl_devfile_header(struct ctl_devfile *file, const struct ctl_csv *row,
			const struct ctl_devfile_ear *ear)
{
	bool is_good = true;

	*file = (struct ctl_devfile){ 0 };
	for (size_t i = 0; i < row->count; i++)
		is_good &= take_title(file, ctl_csv_cell(row, i), row->line, ear);
	if (is_good && index_of(file, "distid") == file->count) {
		tell(ear, row->line, rv_str("distid"), (struct rv_str){ 0 }, RV_EINVALID,
		     "csv.no-distid", "");
		is_good = false;
	}
	return is_good;
}

/* ---- Rows ---------------------------------------------------------------------------------- */

/* "yes" and the like; anything else stays as it is, and is refused later. */
static struct rv_str as_bool(struct rv_str text)
{
	static const char *const words[][2] = {
		{ "false", "true" }, { "no", "yes" },      { "0", "1" },
		{ "off", "on" },     { "いいえ", "はい" }, { "無効", "有効" },
	};

	for (size_t i = 0; i < RV_ARRAY_LEN(words); i++)
		for (size_t k = 0; k < 2; k++)
			if (rv_str_ieq(text, rv_str(words[i][k])))
				return rv_str(words[0][k]);
	return text;
}

static bool take_cell(const struct ctl_devfile *file, size_t i, const struct ctl_csv *row,
		      struct rv_contract_input *in, const struct ctl_devfile_ear *ear)
{
	const struct rv_contract_field *field = file->fields[i];
	struct rv_str cell = ctl_csv_cell(row, i);
	struct rv_diag diag = { 0 };
	int r;

	if (cell.len == 0)
		return true;
	if (rv_contract_field_find(in->type, rv_str(field->name)) == NULL) {
		ctl_devfile_wrong(file, row, field->name, RV_EINVALID, "csv.fixed", "", ear);
		return false;
	}
	r = rv_contract_input_text(in, rv_str(field->name),
				   field->kind == RV_CONTRACT_BOOL ? as_bool(cell) : cell, &diag);
	if (r != RV_OK)
		ctl_devfile_wrong(file, row, field->name, r, diag.key, diag.text, ear);
	return r == RV_OK;
}

/* Fields that must be there and are not, each told. */
static bool has_required(const struct ctl_devfile *file, const struct ctl_csv *row,
			 const struct rv_contract_type *type, const struct ctl_devfile_ear *ear)
{
	bool has_all = true;

	for (size_t i = 0; i < type->count; i++) {
		const struct rv_contract_field *field = &type->fields[i];

		if (!rv_contract_is(field, RV_CONTRACT_REQUIRED) ||
		    ctl_devfile_cell(file, row, field->name).len > 0)
			continue;
		ctl_devfile_wrong(file, row, field->name, RV_EINVALID, "contract.missing", "", ear);
		has_all = false;
	}
	return has_all;
}

bool ctl_devfile_row(const struct ctl_devfile *file, const struct ctl_csv *row,
		     const struct rv_contract_type *type, struct rv_arena *arena, void *out,
		     const struct ctl_devfile_ear *ear)
{
	struct rv_contract_input in;
	struct rv_diag diag = { 0 };
	bool is_good = true;
	int r;

	if (row->count > file->count) {
		ctl_devfile_wrong(file, row, NULL, RV_EINVALID, "csv.cells", "", ear);
		return false;
	}
	is_good = has_required(file, row, type, ear);
	r = rv_contract_input_init(&in, type, arena, 0);
	for (size_t i = 0; r == RV_OK && i < row->count; i++)
		is_good &= take_cell(file, i, row, &in, ear);
	if (r == RV_OK && is_good)
		r = rv_contract_input_end(&in, out, &diag);
	if (r != RV_OK)
		ctl_devfile_wrong(file, row, diag.where[0] != '\0' ? diag.where : NULL, r,
				  diag.key != NULL ? diag.key : "", diag.text, ear);
	return is_good && r == RV_OK;
}
