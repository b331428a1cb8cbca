#include "proto/armsxml/build.h"

#include <limits.h>
#include <string.h>

#include "base/codec.h"
#include "proto/armsxml/build_priv.h"
#include "proto/armsxml/code.h"

/* What stands for a byte that cannot stand for itself; NULL: it can. */
static const char *escape_of(const struct rv_armsxml_writer *w, unsigned char c, bool is_attribute)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	case '\r': /* a parser would make LF of it */
		return w->is_from_device ? NULL : "&#13;";
	case '\n':
		return is_attribute ? "&#10;" : NULL;
	case '\t':
		return is_attribute ? "&#9;" : NULL;
	default:
		/* Only what a device says comes here with such bytes; the rest was checked. */
		return c < ' ' || c >= 0x80 ? "?" : NULL;
	}
}

/* Where a byte may need an escape; all others go out as they are. */
enum { IN_TEXT = 1, IN_ATTRIBUTE = 2 };

static const unsigned char special[UCHAR_MAX + 1] = {
	[0 ... '\t' - 1] = IN_TEXT | IN_ATTRIBUTE,
	['\t'] = IN_ATTRIBUTE,
	['\n'] = IN_ATTRIBUTE,
	['\n' + 1 ... ' ' - 1] = IN_TEXT | IN_ATTRIBUTE,
	['<'] = IN_TEXT | IN_ATTRIBUTE,
	['>'] = IN_TEXT | IN_ATTRIBUTE,
	['&'] = IN_TEXT | IN_ATTRIBUTE,
	['"'] = IN_TEXT | IN_ATTRIBUTE,
	['\''] = IN_TEXT | IN_ATTRIBUTE,
	[0x80 ... UCHAR_MAX] = IN_TEXT | IN_ATTRIBUTE,
};

/* Offset of the next byte from `from` on that may need one, or s.len. */
static size_t find_special(struct rv_str s, size_t from, bool is_attribute)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	const unsigned char where = is_attribute ? IN_ATTRIBUTE : IN_TEXT;
	size_t i = from;

	while (s.len - i >= 4 &&
	       ((special[p[i]] | special[p[i + 1]] | special[p[i + 2]] | special[p[i + 3]]) &
		where) == 0)
		i += 4;
	while (i < s.len && (special[p[i]] & where) == 0)
		i++;
	return i;
}

void rv_armsxml_put_escaped(struct rv_armsxml_writer *w, struct rv_str s, bool is_attribute)
{
	size_t plain = 0; /* start of what has not been written yet */

	for (size_t i = find_special(s, 0, is_attribute); i < s.len;
	     i = find_special(s, i + 1, is_attribute)) {
		const char *escape = escape_of(w, (unsigned char)s.ptr[i], is_attribute);

		if (escape == NULL)
			continue;
		rv_buf_put_str(w->out, rv_str_sub(s, plain, i - plain));
		rv_buf_puts(w->out, escape);
		plain = i + 1;
	}
	rv_buf_put_str(w->out, rv_str_sub(s, plain, s.len));
}

static void put_start(struct rv_armsxml_writer *w, const char *name)
{
	rv_buf_putc(w->out, '<');
	rv_buf_puts(w->out, name);
	rv_buf_putc(w->out, '>');
}

static void put_end(struct rv_armsxml_writer *w, const char *name)
{
	rv_buf_puts(w->out, "</");
	rv_buf_puts(w->out, name);
	rv_buf_putc(w->out, '>');
}

static void put_module(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *elem,
		       const struct rv_armsxml_module *module)
{
	rv_buf_printf(w->out, "<%s id=\"%u\"", elem->name, module->id);
	if (module->version.ptr != NULL) {
		rv_buf_puts(w->out, " version=\"");
		rv_armsxml_put_escaped(w, module->version, true);
		rv_buf_putc(w->out, '"');
	}
	rv_buf_putc(w->out, '>');
	rv_armsxml_put_escaped(w, module->infostring, false);
	put_end(w, elem->name);
}

static void put_config(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *elem,
		       const struct rv_armsxml_module *module)
{
	if (!module->has_config)
		return;
	rv_buf_printf(w->out, "<%s id=\"%u\"%s>", elem->name, module->id,
		      module->is_binary ? " encoding=\"base64\"" : "");
	if (module->is_binary)
		rv_base64_encode(w->out, module->config);
	else
		rv_armsxml_put_escaped(w, module->config, false);
	put_end(w, elem->name);
}

void rv_armsxml_put_item_start(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *elem,
			       const struct rv_armsxml_item *item)
{
	rv_buf_printf(w->out, "<%s %s=\"%u\"%s", elem->name, rv_armsxml_item_id(elem), item->id,
		      item->is_binary ? " encoding=\"base64\"" : "");
	if (item->result.is_set)
		rv_buf_printf(w->out, " result=\"%d\"", item->result.value);
	rv_buf_putc(w->out, '>');
}

static void put_item(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *elem,
		     const struct rv_armsxml_item *item)
{
	rv_armsxml_put_item_start(w, elem, item);
	if (item->is_binary)
		rv_base64_encode(w->out, item->body);
	else
		rv_armsxml_put_escaped(w, item->body, false);
	put_end(w, elem->name);
}

static size_t escaped_size(struct rv_str s, bool is_attribute)
{
	const struct rv_armsxml_writer w = { 0 };
	size_t size = s.len;

	for (size_t i = 0; i < s.len; i++) {
		const char *escape = escape_of(&w, (unsigned char)s.ptr[i], is_attribute);

		if (escape != NULL)
			size += strlen(escape) - 1;
	}
	return size;
}

size_t rv_armsxml_module_size(const struct rv_armsxml_module *module)
{
	static const char frame[] = "<module id=\"4294967295\" version=\"\"></module>"
				    "<md-config id=\"4294967295\" encoding=\"base64\"></md-config>";
	size_t size = sizeof(frame) - 1 + escaped_size(module->version, true) +
		      escaped_size(module->infostring, false);

	if (!module->has_config)
		return size;
	return size + rv_armsxml_body_size(module->config, module->is_binary);
}

size_t rv_armsxml_body_size(struct rv_str body, bool is_binary)
{
	return is_binary ? (body.len + 2) / 3 * 4 : escaped_size(body, false);
}

static void put_text(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *elem,
		     const struct rv_str *text)
{
	if (text->ptr == NULL && (elem->flags & RV_ARMSXML_ALWAYS) == 0)
		return;
	put_start(w, elem->name);
	rv_armsxml_put_escaped(w, *text, false);
	put_end(w, elem->name);
}

static void put_int(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *elem,
		    const struct rv_armsxml_int *number)
{
	if (number->is_set)
		rv_buf_printf(w->out, "<%s>%d</%s>", elem->name, number->value, elem->name);
}

/* A group of optional things that are all missing is left out itself. */
static void put_group(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *elem,
		      const char *value)
{
	bool is_operation = (elem->flags & RV_ARMSXML_OPERATION) != 0;
	size_t before = w->out->len;
	size_t empty;

	put_start(w, elem->name);
	empty = w->out->len;
	if (!is_operation || !w->is_negative)
		rv_armsxml_put_table(w, elem->children, value);
	if (w->out->len == empty && w->out->err == RV_OK && (elem->flags & RV_ARMSXML_ALWAYS) == 0)
		w->out->len = before;
	else
		put_end(w, elem->name);
}

static void put_value(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *elem,
		      const char *value)
{
	const void *p = value;

	switch (elem->kind) {
	case RV_ARMSXML_GROUP:
		put_group(w, elem, value);
		break;
	case RV_ARMSXML_TEXT:
		put_text(w, elem, p);
		break;
	case RV_ARMSXML_INT:
		put_int(w, elem, p);
		break;
	case RV_ARMSXML_MODULE:
		put_module(w, elem, p);
		break;
	case RV_ARMSXML_CONFIG:
		put_config(w, elem, p);
		break;
	case RV_ARMSXML_ITEM:
		put_item(w, elem, p);
		break;
	}
}

void rv_armsxml_put_table(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *table,
			  const char *base)
{
	for (const struct rv_armsxml_elem *elem = table; elem->name != NULL; elem++) {
		if ((elem->flags & RV_ARMSXML_ALIAS) != 0)
			continue;
		for (size_t i = 0; i < rv_armsxml_value_count(elem, base); i++)
			put_value(w, elem, rv_armsxml_value(elem, base, i));
	}
}

void rv_armsxml_build_request(const struct rv_armsxml_request *req, struct rv_buf *out)
{
	struct rv_armsxml_writer w = { .out = out, .is_from_device = true };

	rv_buf_printf(out, "<arms-message><arms-request type=\"%s\">",
		      rv_armsxml_type_name(req->type));
	rv_armsxml_put_table(&w, rv_armsxml_request_table(req->type), (const char *)req);
	rv_buf_puts(out, "</arms-request></arms-message>");
}

int rv_armsxml_build_response(const struct rv_armsxml_response *res, struct rv_buf *out,
			      struct rv_diag *diag)
{
	struct rv_armsxml_response filled = *res;
	struct rv_armsxml_writer w = { .out = out };
	int r = rv_armsxml_check_response(res, diag);

	if (r < 0)
		return r;
	w.is_negative = !rv_arms_code_is_success(res->code.value);
	if (filled.description.ptr == NULL)
		filled.description = rv_str(rv_arms_code_text(res->code.value));
	rv_buf_printf(out, "<arms-message><arms-response type=\"%s\">",
		      rv_armsxml_type_name(res->type));
	rv_armsxml_put_table(&w, rv_armsxml_response_table(res->type), (const char *)&filled);
	rv_buf_puts(out, "</arms-response></arms-message>");
	return out->err;
}
