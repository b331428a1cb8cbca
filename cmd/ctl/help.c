#include "cmd/ctl/help.h"

#include <stdio.h>
#include <string.h>

#include "cmd/ctl/names.h"
#include "cmd/ctl/table.h"
#include "contract/view.h"

/* Kept beside texts/ctl.json "opt.*"; parsed in args.c. */
static const struct {
	const char *option, *text;
} globals[] = {
	{ "--server URL", "ctl:opt.server" },
	{ "--state-dir DIR", "ctl:opt.state" },
	{ "--token-file FILE", "ctl:opt.token_file" },
	{ "--ca FILE", "ctl:opt.ca" },
	{ "--insecure", "ctl:opt.insecure" },
	{ "--json", "ctl:opt.json" },
	{ "--columns NAMES", "ctl:opt.columns" },
	{ "--no-header", "ctl:opt.no_header" },
	{ "--utc", "ctl:opt.utc" },
	{ "--lang LANG", "ctl:opt.lang" },
	{ "--timeout SECONDS", "ctl:opt.timeout" },
	{ "--help", "ctl:opt.help" },
};

static void put_line(enum rv_lang lang, const char *key, struct rv_buf *out)
{
	rv_text_put(out, lang, key, NULL, NULL);
	rv_buf_putc(out, '\n');
}

static void add_row(struct ctl_table *table, const char *left, struct rv_str right)
{
	struct rv_buf cell = { 0 };

	rv_buf_printf(&cell, "  %s", left);
	ctl_table_add(table, rv_buf_str(&cell));
	ctl_table_add(table, right);
	rv_buf_deinit(&cell);
}

static void print_table(struct ctl_table *table, struct rv_buf *out)
{
	ctl_table_print(table, out);
	ctl_table_deinit(table);
}

static void put_globals(enum rv_lang lang, struct rv_buf *out)
{
	struct ctl_table table;

	rv_buf_putc(out, '\n');
	put_line(lang, "ctl:global_options", out);
	ctl_table_init(&table, 2);
	for (size_t i = 0; i < RV_ARRAY_LEN(globals); i++)
		add_row(&table, globals[i].option, rv_str(rv_text(lang, globals[i].text)));
	print_table(&table, out);
}

static const char *doc_of(enum rv_lang lang, const struct rv_contract_op *op)
{
	return lang == RV_LANG_JA ? op->doc_ja : op->doc;
}

static struct rv_str first_sentence(const char *text)
{
	const char *end = strstr(text, ". ");
	const char *end_ja = strstr(text, "。");

	if (end != NULL && (end_ja == NULL || end < end_ja))
		return rv_strn(text, (size_t)(end - text) + 1);
	return end_ja != NULL ? rv_strn(text, (size_t)(end_ja - text) + strlen("。"))
			      : rv_str(text);
}

static bool is_of_noun(const struct rv_contract_op *op, const char *noun)
{
	struct rv_str word;
	bool is_arg;

	return noun == NULL || (ctl_word(op, 0, &word, &is_arg) && rv_str_is(word, noun));
}

static void put_commands(enum rv_lang lang, const char *noun, struct rv_buf *out)
{
	const struct rv_contract_op *op;
	struct ctl_table table;

	put_line(lang, "ctl:usage", out);
	rv_buf_putc(out, '\n');
	put_line(lang, "ctl:commands", out);
	ctl_table_init(&table, 2);
	for (size_t i = 0; (op = ctl_command(i)) != NULL; i++)
		if (is_of_noun(op, noun))
			add_row(&table, op->cli, first_sentence(doc_of(lang, op)));
	print_table(&table, out);
	put_globals(lang, out);
	rv_buf_putc(out, '\n');
	put_line(lang, "ctl:see_help", out);
}

/* "LS-SA key; required" */
static void put_doc(enum rv_lang lang, const struct rv_contract_op *op,
		    const struct rv_contract_field *field, struct rv_buf *out)
{
	char key[128];
	const char *text;

	snprintf(key, sizeof(key), "field:%s.%s", op->name, field->name);
	text = rv_text(lang, key);
	if (text == NULL) {
		snprintf(key, sizeof(key), "field:%s", field->name);
		text = rv_text(lang, key);
	}
	rv_buf_puts(out, text != NULL ? text : field->name);
	if (rv_contract_is(field, RV_CONTRACT_REQUIRED))
		rv_buf_printf(out, "; %s", rv_text(lang, "ctl:required"));
	if (ctl_is_modules(field))
		rv_buf_printf(out, ": %s", rv_text(lang, "ctl:opt.module"));
	if (rv_contract_is(field, RV_CONTRACT_LIST) && !ctl_is_file_only(field))
		rv_buf_printf(out, "; %s", rv_text(lang, "ctl:repeatable"));
}

static void add_option(enum rv_lang lang, const struct rv_contract_op *op,
		       const struct rv_contract_field *field, struct ctl_table *table)
{
	char option[CTL_OPTION_MAX];
	char left[2 * CTL_OPTION_MAX + 8];
	struct rv_buf doc = { 0 };

	ctl_option_name(field, option);
	if (field->kind == RV_CONTRACT_BOOL)
		snprintf(left, sizeof(left), "%s, --no-%s", option, option + 2);
	else
		snprintf(left, sizeof(left), "%s VALUE", option);
	put_doc(lang, op, field, &doc);
	if (ctl_takes_file(field))
		rv_buf_printf(&doc, "; %s", rv_text(lang, "ctl:at_file"));
	add_row(table, left, rv_buf_str(&doc));
	rv_buf_deinit(&doc);
}

/* "lines[].kind  kind; required: pppoe, dhcp, ..." for everything only a file can give. */
static void add_file_field(enum rv_lang lang, const struct rv_contract_op *op, const char *list,
			   const struct rv_contract_field *field, struct ctl_table *table)
{
	char left[2 * CTL_OPTION_MAX];
	struct rv_buf doc = { 0 };

	snprintf(left, sizeof(left), "%s%s%s", list, list[0] != '\0' ? "[]." : "", field->name);
	put_doc(lang, op, field, &doc);
	for (uint32_t i = 0; field->kind == RV_CONTRACT_ENUM && i < field->of.words->count; i++)
		rv_buf_printf(&doc, "%s%s", i == 0 ? ": " : ", ", field->of.words->words[i]);
	add_row(table, left, rv_buf_str(&doc));
	rv_buf_deinit(&doc);
}

/* Is there anything that only --file can give? */
static bool needs_file(const struct rv_contract_op *op)
{
	for (size_t i = 0; i < op->in->count; i++)
		if (ctl_is_file_only(&op->in->fields[i]))
			return true;
	return false;
}

/* What the file of --file holds, with the example of texts/ctl.json if there is one. */
static void put_file(enum rv_lang lang, const struct rv_contract_op *op, struct rv_buf *out)
{
	struct ctl_table table;
	char key[128];

	rv_buf_putc(out, '\n');
	put_line(lang, "ctl:file_holds", out);
	ctl_table_init(&table, 2);
	for (size_t i = 0; i < op->in->count; i++) {
		const struct rv_contract_field *field = &op->in->fields[i];

		if (!ctl_is_file_only(field))
			continue;
		add_file_field(lang, op, "", field, &table);
		for (size_t k = 0; k < field->of.type->count; k++)
			add_file_field(lang, op, field->name, &field->of.type->fields[k], &table);
	}
	print_table(&table, out);
	snprintf(key, sizeof(key), "ctl:example.%s", op->name);
	if (rv_text(lang, key) == NULL)
		return;
	put_line(lang, "ctl:file_example", out);
	put_line(lang, key, out);
}

static void put_command(enum rv_lang lang, const struct rv_contract_op *op, struct rv_buf *out)
{
	struct ctl_table table;
	size_t count = 0;

	rv_buf_printf(out, "reeve ctl %s\n\n%s\n", op->cli, doc_of(lang, op));
	ctl_table_init(&table, 2);
	for (size_t i = 0; i < op->in->count; i++) {
		const struct rv_contract_field *field = &op->in->fields[i];

		if (ctl_is_argument(op, field) || ctl_is_file_only(field))
			continue;
		add_option(lang, op, field, &table);
		count++;
	}
	if (op->method[0] == 'P') {
		add_row(&table, "--file FILE", rv_str(rv_text(lang, "ctl:opt.file")));
		count++;
	}
	if (count > 0) {
		rv_buf_putc(out, '\n');
		put_line(lang, "ctl:options", out);
	}
	print_table(&table, out);
	if (needs_file(op))
		put_file(lang, op, out);
	put_globals(lang, out);
}

void ctl_help(enum rv_lang lang, const struct rv_contract_op *op, const char *noun,
	      struct rv_buf *out)
{
	if (op == NULL)
		put_commands(lang, noun, out);
	else
		put_command(lang, op, out);
}
