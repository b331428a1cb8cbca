#include "cmd/ctl/help.h"

#include <stdio.h>

#include "cmd/ctl/names.h"
#include "cmd/ctl/table.h"
#include "contract/view.h"

/* Kept beside texts/ctl.json "opt.*"; parsed in args.c. */
static const struct {
	const char *option, *text;
} globals[] = {
	{ "--server URL", "ctl:opt.server" },
	{ "--token-file FILE", "ctl:opt.token_file" },
	{ "--ca FILE", "ctl:opt.ca" },
	{ "--insecure", "ctl:opt.insecure" },
	{ "--json", "ctl:opt.json" },
	{ "--utc", "ctl:opt.utc" },
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

static void put_commands(enum rv_lang lang, struct rv_buf *out)
{
	struct ctl_table table;

	put_line(lang, "ctl:usage", out);
	rv_buf_putc(out, '\n');
	put_line(lang, "ctl:commands", out);
	ctl_table_init(&table, 2);
	for (size_t i = 0; i < rv_contract_op_count; i++)
		add_row(&table, rv_contract_ops[i].cli, rv_str(doc_of(lang, &rv_contract_ops[i])));
	print_table(&table, out);
	put_globals(lang, out);
	rv_buf_putc(out, '\n');
	put_line(lang, "ctl:see_help", out);
}

/* "LS-SA key (required; @FILE reads it from a file)" */
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
	if (rv_contract_is(field, RV_CONTRACT_LIST))
		rv_buf_printf(out, "; %s", rv_text(lang, "ctl:repeatable"));
	if (ctl_takes_file(field))
		rv_buf_printf(out, "; %s", rv_text(lang, "ctl:at_file"));
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
	add_row(table, left, rv_buf_str(&doc));
	rv_buf_deinit(&doc);
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
	put_globals(lang, out);
}

void ctl_help(enum rv_lang lang, const struct rv_contract_op *op, struct rv_buf *out)
{
	if (op == NULL)
		put_commands(lang, out);
	else
		put_command(lang, op, out);
}
