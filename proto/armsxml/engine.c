#include "proto/armsxml/engine_priv.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int rv_armsxml_engine_fail(struct rv_armsxml_engine *e, int err, const char *key,
			   const char *element, const char *what)
{
	if (e->err != RV_OK)
		return e->err;
	e->err = err;
	rv_diag_set(e->diag, err, key, element, "%s", what);
	if (e->diag != NULL) {
		e->diag->line = (unsigned)XML_GetCurrentLineNumber(e->expat);
		e->diag->column = (unsigned)XML_GetCurrentColumnNumber(e->expat) + 1;
	}
	XML_StopParser(e->expat, XML_FALSE);
	return err;
}

static void fail_delivery(struct rv_armsxml_engine *e, const char *element, int err)
{
	const char *what = err == RV_ESYNTAX    ? "malformed Base64"
			   : err == RV_EINVALID ? "no module has this id"
			   : err == RV_ELIMIT   ? "too many of them"
						: "could not be delivered";

	rv_armsxml_engine_fail(e, err, "xml.delivery", element, what);
}

static struct rv_armsxml_frame *top(struct rv_armsxml_engine *e)
{
	return &e->stack[e->frames - 1];
}

static const struct rv_armsxml_elem *find(const struct rv_armsxml_elem *table, const char *name)
{
	for (; table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* Has the open element had this child already? */
static bool is_repetition(struct rv_armsxml_frame *parent, const struct rv_armsxml_elem *elem)
{
	ptrdiff_t index = elem - parent->children;
	bool was_seen;

	assert(index < 32); /* bits of seen */
	was_seen = (parent->seen >> index & 1) != 0;
	parent->seen |= UINT32_C(1) << index;
	return was_seen;
}

static struct rv_armsxml_selected select_children(struct rv_armsxml_engine *e,
						  const struct rv_armsxml_elem *elem, char *value,
						  const char **attributes)
{
	if ((elem->flags & RV_ARMSXML_BY_TYPE) == 0)
		return (struct rv_armsxml_selected){ elem->children, value };
	while (attributes[0] != NULL && strcmp(attributes[0], "type") != 0)
		attributes += 2;
	return e->select(e->target, elem, attributes[0] != NULL ? attributes[1] : NULL);
}

/* Goes to the sink in pieces. */
static bool is_body(const struct rv_armsxml_elem *elem)
{
	return elem->kind == RV_ARMSXML_CONFIG || elem->kind == RV_ARMSXML_ITEM;
}

/* Place for the value of a new `elem`; NULL: there is none left, the element is skipped. */
static char *make_room(struct rv_armsxml_engine *e, const struct rv_armsxml_elem *elem)
{
	char *base = e->frames > 0 ? top(e)->value : e->target;
	size_t *count;

	if (elem->kind == RV_ARMSXML_MODULE || is_body(elem))
		return base; /* the delivery keeps them */
	if (!rv_armsxml_is_repeated(elem)) {
		if (e->is_strict && e->frames > 0 && is_repetition(top(e), elem))
			rv_armsxml_engine_fail(e, RV_EINVALID, "xml.twice", elem->name,
					       "given twice");
		return base + elem->offset;
	}
	count = (size_t *)(void *)(base + elem->count_offset);
	if (*count < elem->max_count)
		return base + elem->offset + elem->stride * (*count)++;
	if (e->is_strict)
		rv_armsxml_engine_fail(e, RV_ELIMIT, "xml.count", elem->name, "given too often");
	return NULL;
}

static void open_element(struct rv_armsxml_engine *e, const struct rv_armsxml_elem *elem,
			 const char **attributes)
{
	char *value = make_room(e, elem);
	struct rv_armsxml_selected selected;
	int r = RV_OK;

	if (value == NULL) {
		e->skipped = 1;
		return;
	}
	selected = select_children(e, elem, value, attributes);
	e->stack[e->frames++] = (struct rv_armsxml_frame){ .elem = elem,
							   .children = selected.children,
							   .value = selected.value };
	if (elem->kind == RV_ARMSXML_GROUP && top(e)->children == NULL)
		rv_armsxml_engine_fail(e, RV_EUNSUPPORTED, "xml.type", elem->name,
				       "the attribute type is missing or unknown");
	e->has_operation |= (elem->flags & RV_ARMSXML_OPERATION) != 0;
	rv_buf_clear(&e->text);
	if (elem->kind == RV_ARMSXML_MODULE)
		r = rv_armsxml_delivery_module_begin(e->delivery, attributes);
	else if (elem->kind == RV_ARMSXML_CONFIG)
		r = rv_armsxml_delivery_config_begin(e->delivery, attributes);
	else if (elem->kind == RV_ARMSXML_ITEM)
		r = rv_armsxml_delivery_item_begin(e->delivery, rv_armsxml_item_id(elem),
						   attributes);
	if (r != RV_OK)
		fail_delivery(e, elem->name, r);
}

static void on_start(void *arg, const char *name, const char **attributes)
{
	struct rv_armsxml_engine *e = arg;
	const struct rv_armsxml_elem *elem;

	e->seen_bytes = e->doc_bytes;
	if (e->err != RV_OK || e->is_done)
		return;
	if (++e->depth > RV_ARMSXML_DEPTH_MAX) {
		rv_armsxml_engine_fail(e, RV_ELIMIT, "xml.depth", "", "elements nested too deep");
	} else if (e->skipped > 0) {
		e->skipped++;
	} else if (e->frames > 0 && top(e)->elem->kind != RV_ARMSXML_GROUP) {
		e->flattened++;
		if (e->is_strict)
			rv_armsxml_engine_fail(e, RV_EINVALID, "xml.leaf", top(e)->elem->name,
					       "only text is allowed here");
	} else {
		elem = find(e->frames > 0 ? top(e)->children : e->root, name);
		if (elem != NULL)
			open_element(e, elem, attributes);
		else if (e->frames == 0)
			rv_armsxml_engine_fail(e, RV_ESYNTAX, "xml.root", "",
					       "not an arms-message");
		else
			e->skipped = 1;
	}
}

/* Whether that is a fault is judged when the text has ended: expat gives a run of text as it comes,
 * but one with a fault in it only as far as it came before, so what is found first would depend on
 * how the bytes were cut. */
static void mark_cut(struct rv_armsxml_engine *e)
{
	if (e->is_cut)
		return;
	e->is_cut = true;
	e->cut_line = (unsigned)XML_GetCurrentLineNumber(e->expat);
	e->cut_column = (unsigned)XML_GetCurrentColumnNumber(e->expat) + 1;
}

static void on_text(void *arg, const char *data, int len)
{
	struct rv_armsxml_engine *e = arg;
	const struct rv_armsxml_elem *elem;

	e->seen_bytes = e->doc_bytes;
	if (e->err != RV_OK || e->is_done || e->skipped > 0 || e->frames == 0)
		return;
	elem = top(e)->elem;
	if (elem->kind == RV_ARMSXML_GROUP)
		return;
	if (is_body(elem)) {
		int r = rv_armsxml_delivery_data(e->delivery, rv_strn(data, (size_t)len));
		if (r != RV_OK)
			fail_delivery(e, elem->name, r);
		return;
	}
	if ((size_t)len > elem->max_bytes - e->text.len) {
		mark_cut(e);
		len = (int)(elem->max_bytes - e->text.len);
	}
	rv_buf_put(&e->text, data, (size_t)len);
	if (e->text.err != RV_OK)
		rv_armsxml_engine_fail(e, e->text.err, "xml.memory", elem->name, "out of memory");
}

/* White space around is fine, no digits at all is 0 (as for the original), anything else is
 * no value. */
static bool read_int(struct rv_str text, int32_t *out)
{
	bool is_negative;
	uint64_t n = 0;

	text = rv_str_trim(text);
	is_negative = rv_str_starts(text, "-");
	if (is_negative || rv_str_starts(text, "+"))
		text = rv_str_sub(text, 1, text.len);
	if (text.len > 0 && !rv_str_to_u64(text, INT32_MAX, &n))
		return false;
	*out = is_negative ? -(int32_t)n : (int32_t)n;
	return true;
}

static struct rv_str trim_url(struct rv_str text)
{
	text = rv_str_trim(text);
	return rv_str_trim(rv_str_sub(text, 0, rv_str_find(text, '\n')));
}

static bool is_too_long(struct rv_armsxml_engine *e, const struct rv_armsxml_elem *elem)
{
	if (!e->is_cut || ((elem->flags & RV_ARMSXML_CUT) != 0 && !e->is_strict))
		return false;
	rv_armsxml_engine_fail(e, RV_ELIMIT, "xml.length", elem->name, "text too long");
	if (e->diag != NULL) {
		e->diag->line = e->cut_line;
		e->diag->column = e->cut_column;
	}
	return true;
}

static void close_element(struct rv_armsxml_engine *e, const struct rv_armsxml_frame *frame)
{
	const struct rv_armsxml_elem *elem = frame->elem;
	struct rv_str text = rv_buf_str(&e->text);
	struct rv_armsxml_int *number = (struct rv_armsxml_int *)(void *)frame->value;
	struct rv_str *string = (struct rv_str *)(void *)frame->value;
	int r = RV_OK;

	if (is_too_long(e, elem))
		return;
	e->is_cut = false;
	switch (elem->kind) {
	case RV_ARMSXML_TEXT:
		if ((elem->flags & RV_ARMSXML_URL_TRIM) != 0)
			text = trim_url(text);
		*string = rv_arena_str(e->arena, text);
		if (string->ptr == NULL)
			rv_armsxml_engine_fail(e, -ENOMEM, "xml.memory", elem->name,
					       "out of memory");
		break;
	case RV_ARMSXML_INT:
		number->is_set = read_int(text, &number->value);
		break;
	case RV_ARMSXML_MODULE:
		r = rv_armsxml_delivery_module_end(e->delivery, text);
		break;
	case RV_ARMSXML_CONFIG:
	case RV_ARMSXML_ITEM:
		r = rv_armsxml_delivery_data_end(e->delivery);
		break;
	case RV_ARMSXML_GROUP:
		break;
	}
	if (r != RV_OK)
		fail_delivery(e, elem->name, r);
}

static void finish_document(struct rv_armsxml_engine *e)
{
	int r = e->delivery != NULL ? rv_armsxml_delivery_end(e->delivery) : RV_OK;

	if (r != RV_OK)
		fail_delivery(e, "", r);
	if (e->err != RV_OK)
		return;
	e->is_done = true;
	if (!e->is_strict) /* whatever follows does not matter */
		XML_StopParser(e->expat, XML_FALSE);
}

static void on_end(void *arg, const char *name)
{
	struct rv_armsxml_engine *e = arg;

	(void)name; /* expat has checked that it matches */
	e->seen_bytes = e->doc_bytes;
	if (e->err != RV_OK || e->is_done)
		return;
	e->depth--;
	if (e->skipped > 0) {
		e->skipped--;
	} else if (e->flattened > 0) {
		e->flattened--;
	} else {
		assert(e->frames > 0);
		e->frames--;
		close_element(e, &e->stack[e->frames]);
		if (e->frames == 0)
			finish_document(e);
	}
}

/* Comments, white space between elements, and so on. */
static void on_other(void *arg, const char *data, int len)
{
	struct rv_armsxml_engine *e = arg;

	(void)data;
	(void)len;
	e->seen_bytes = e->doc_bytes;
}

static void on_doctype(void *arg, const char *name, const char *system, const char *public,
		       int has_subset)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	rv_armsxml_engine_fail(arg, RV_ESYNTAX, "xml.dtd", "", "a document type is not allowed");
}

static void on_entity(void *arg, const char *name, int is_parameter, const char *value, int len,
		      const char *base, const char *system, const char *public,
		      const char *notation)
{
	(void)name;
	(void)is_parameter;
	(void)value;
	(void)len;
	(void)base;
	(void)system;
	(void)public;
	(void)notation;
	rv_armsxml_engine_fail(arg, RV_ESYNTAX, "xml.entity", "", "entities may not be declared");
}

int rv_armsxml_engine_init(struct rv_armsxml_engine *e)
{
	assert(e->doc_max < INT32_MAX);
	e->expat = XML_ParserCreate("US-ASCII");
	if (e->expat == NULL)
		return -ENOMEM;
#ifdef RV_HAVE_REPARSE_DEFERRAL
	XML_SetReparseDeferralEnabled(e->expat, XML_FALSE);
#endif
	XML_SetUserData(e->expat, e);
	XML_SetElementHandler(e->expat, on_start, on_end);
	XML_SetCharacterDataHandler(e->expat, on_text);
	XML_SetDefaultHandlerExpand(e->expat, on_other);
	if (e->is_strict)
		XML_SetStartDoctypeDeclHandler(e->expat, on_doctype);
	XML_SetEntityDeclHandler(e->expat, on_entity);
	e->text.wipe = true; /* keys pass through here */
	return RV_OK;
}

void rv_armsxml_engine_deinit(struct rv_armsxml_engine *e)
{
	if (e->expat != NULL)
		XML_ParserFree(e->expat);
	e->expat = NULL;
	rv_buf_deinit(&e->text);
}

int rv_armsxml_engine_feed(struct rv_armsxml_engine *e, struct rv_str piece, bool is_final,
			   struct rv_diag *diag)
{
	enum XML_Status status;
	enum XML_Error code;

	if (e->err != RV_OK || (e->is_done && !e->is_strict))
		return e->err;
	e->diag = diag;
	if (piece.len > e->doc_max - e->doc_bytes)
		return rv_armsxml_engine_fail(e, RV_ELIMIT, "xml.size", "", "document too large");
	e->doc_bytes += piece.len;
	status = XML_Parse(e->expat, piece.len > 0 ? piece.ptr : "", (int)piece.len, is_final);
	if (e->err != RV_OK || (e->is_done && !e->is_strict))
		return e->err;
	if (status == XML_STATUS_OK) {
		/* expat reads an unfinished tag or comment anew with every piece. */
		return e->doc_bytes - e->seen_bytes <= RV_ARMSXML_TOKEN_MAX
			       ? RV_OK
			       : rv_armsxml_engine_fail(e, RV_ELIMIT, "xml.token", "",
							"a tag or comment without end");
	}
	code = XML_GetErrorCode(e->expat);
	return rv_armsxml_engine_fail(e, code == XML_ERROR_NO_MEMORY ? -ENOMEM : RV_ESYNTAX,
				      "xml.syntax", "", XML_ErrorString(code));
}
