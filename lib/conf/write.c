/* What is made from the table: dump, example file, man page. */
#include <string.h>

#include "base/hide.h"
#include "conf/conf_priv.h"

static void put_quoted(struct rv_buf *out, const char *text)
{
	rv_buf_putc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			rv_buf_printf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			rv_buf_printf(out, "\\x%02x", (unsigned)*text);
		else
			rv_buf_putc(out, *text);
	}
	rv_buf_putc(out, '"');
}

static void put_url(struct rv_buf *out, const char *text)
{
	struct rv_buf shown = { 0 };

	rv_hide_password(rv_str(text), &shown);
	rv_buf_putc(&shown, '\0');
	put_quoted(out, shown.ptr != NULL ? shown.ptr : "***");
	rv_buf_deinit(&shown);
}

static void dump_value(const struct rv_conf_item *item, const struct rv_conf_value *value,
		       struct rv_buf *out)
{
	bool is_hidden = item->is_secret && item->type != RV_CONF_FILE;

	rv_buf_printf(out, "\t%s = ", item->name);
	if (item->type == RV_CONF_LIST)
		rv_buf_putc(out, '{');
	for (size_t i = 0; i < value->count; i++) {
		if (i > 0)
			rv_buf_puts(out, ", ");
		if (item->is_url)
			put_url(out, value->texts[i]);
		else
			put_quoted(out, is_hidden ? "***" : value->texts[i]);
	}
	rv_buf_puts(out, item->type == RV_CONF_LIST ? "}\n" : "\n");
}

void rv_conf_dump(const struct rv_conf *conf, struct rv_buf *out)
{
	struct rv_list *l;

	rv_list_for_each (l, &conf->sections) {
		const struct rv_conf_sec *sec = RV_CONTAINER_OF(l, struct rv_conf_sec, link);

		rv_buf_puts(out, sec->schema->name);
		if (sec->title != NULL) {
			rv_buf_putc(out, ' ');
			put_quoted(out, sec->title);
		}
		rv_buf_puts(out, " {\n");
		for (size_t i = 0; i < sec->schema->item_count; i++)
			if (sec->values[i].is_present)
				dump_value(&sec->schema->items[i], &sec->values[i], out);
		rv_buf_puts(out, "}\n");
	}
}

/* "integer, 1..64; restart" */
static void put_facts(const struct rv_conf_item *item, struct rv_buf *out)
{
	struct rv_buf range = { 0 };

	rv_conf_range_text(item, &range);
	rv_buf_puts(out, rv_conf_type_text(item->type));
	if (item->unit != NULL)
		rv_buf_printf(out, " in %s", item->unit);
	if (range.len > 0 && item->type != RV_CONF_BOOL)
		rv_buf_printf(out, ", %.*s", RV_STR_ARG(rv_buf_str(&range)));
	rv_buf_puts(out, item->reload == RV_CONF_LIVE   ? "; live: changes by a reload"
			 : item->reload == RV_CONF_ONCE ? ""
							: "; changes need a restart");
	rv_buf_deinit(&range);
}

static void put_comment(struct rv_buf *out, const char *indent, const char *text)
{
	if (text != NULL)
		rv_buf_printf(out, "%s# %s\n", indent, text);
}

/* A default as the file would have it: quoted where the lexer needs it. */
static void put_default(struct rv_buf *out, const struct rv_conf_item *item)
{
	if (item->def == NULL)
		rv_buf_puts(out, item->type == RV_CONF_LIST ? "{}" : "\"\"");
	else if (item->def[0] == '"' || item->type == RV_CONF_LIST)
		rv_buf_puts(out, item->def);
	else
		put_quoted(out, item->def);
}

void rv_conf_example(const struct rv_conf_section *schema, size_t n, struct rv_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct rv_conf_section *section = &schema[i];
		const char *mark = section->may_repeat ? "#" : "";

		put_comment(out, i > 0 ? "\n" : "", section->doc);
		put_comment(out, "", section->doc_ja);
		rv_buf_printf(out, "%s%s%s {\n", mark, section->name,
			      section->may_repeat ? " name" : "");
		for (size_t k = 0; k < section->item_count; k++) {
			const struct rv_conf_item *item = &section->items[k];

			put_comment(out, k > 0 ? "\n\t" : "\t", item->doc);
			put_comment(out, "\t", item->doc_ja);
			rv_buf_puts(out, "\t# (");
			put_facts(item, out);
			rv_buf_printf(out, ")\n\t#%s = ", item->name);
			put_default(out, item);
			rv_buf_putc(out, '\n');
		}
		rv_buf_printf(out, "%s}\n", mark);
	}
}

/* troff reads '\' and '-' as its own, and a line that begins with '.' or '\''. */
static void put_troff(struct rv_buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		rv_buf_puts(out, "\\&");
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			rv_buf_puts(out, "\\e");
		else if (*text == '-')
			rv_buf_puts(out, "\\-");
		else
			rv_buf_putc(out, *text);
	}
}

void rv_conf_man(const struct rv_conf_section *schema, size_t n, struct rv_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		rv_buf_puts(out, ".SS ");
		put_troff(out, schema[i].name);
		rv_buf_puts(out, schema[i].may_repeat ? " NAME\n" : "\n");
		put_troff(out, schema[i].doc != NULL ? schema[i].doc : "");
		rv_buf_putc(out, '\n');
		for (size_t k = 0; k < schema[i].item_count; k++) {
			const struct rv_conf_item *item = &schema[i].items[k];
			struct rv_buf facts = { 0 };

			put_facts(item, &facts);
			rv_buf_putc(&facts, '\0');
			rv_buf_puts(out, ".TP\n.B ");
			put_troff(out, item->name);
			rv_buf_putc(out, '\n');
			put_troff(out, item->doc != NULL ? item->doc : "");
			rv_buf_puts(out, "\n.br\n");
			put_troff(out, facts.ptr != NULL ? facts.ptr : "");
			rv_buf_puts(out, item->def != NULL ? "; default " : "; no default");
			put_troff(out, item->def != NULL ? item->def : "");
			rv_buf_puts(out, ".\n");
			rv_buf_deinit(&facts);
		}
	}
}
