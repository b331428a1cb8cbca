#include "proto/armsxml/push_build.h"

#include <assert.h>
#include <string.h>

#include "base/codec.h"
#include "proto/armsxml/build_priv.h"
#include "proto/armsxml/code.h"

/* "<arms-message><arms-request type=..>" and what stands before the operation. */
static void put_head(struct rv_armsxml_writer *w, const char *type, bool is_response,
		     const struct rv_armsxml_elem *head, const void *message)
{
	rv_buf_printf(w->out, "<arms-message><arms-%s type=\"%s\">",
		      is_response ? "response" : "request", type);
	rv_armsxml_put_table(w, head, message);
	rv_buf_printf(w->out, "<%s-%s>", type, is_response ? "response" : "request");
}

static void put_tail(struct rv_armsxml_writer *w, const char *type, bool is_response)
{
	const char *what = is_response ? "response" : "request";

	rv_buf_printf(w->out, "</%s-%s></arms-%s></arms-message>", type, what, what);
}

static struct rv_str text_of(struct rv_armsxml_int code)
{
	return rv_str(rv_arms_code_text(code.value));
}

int rv_armsxml_build_push(const struct rv_armsxml_push *push, struct rv_buf *out,
			  struct rv_diag *diag)
{
	struct rv_armsxml_push filled = *push;
	struct rv_armsxml_writer w = { .out = out };
	char type[RV_ARMSXML_TYPE_NAME_MAX + 1];
	int r = rv_armsxml_check_push(push, diag);

	if (r < 0)
		return r;
	if (filled.is_response && filled.description.ptr == NULL)
		filled.description = text_of(filled.code);
	rv_armsxml_push_type(push->op, false, push->is_response, type);
	put_head(&w, type, push->is_response,
		 push->is_response ? rv_armsxml_push_response_head : rv_armsxml_push_request_head,
		 &filled);
	if (!push->is_response)
		rv_armsxml_put_table(&w, rv_armsxml_push_table(push->op), (const char *)push);
	put_tail(&w, type, push->is_response);
	return out->err;
}

void rv_armsxml_report_begin(const struct rv_armsxml_report *report, struct rv_buf *out)
{
	struct rv_armsxml_report filled = *report;
	struct rv_armsxml_writer w = { .out = out, .is_from_device = true };
	char type[RV_ARMSXML_TYPE_NAME_MAX + 1];

	if (filled.is_response && filled.description.ptr == NULL)
		filled.description = text_of(filled.code);
	filled.item_count = 0; /* they follow */
	rv_armsxml_push_type(report->op, true, report->is_response, type);
	put_head(&w, type, report->is_response,
		 report->is_response ? rv_armsxml_report_response_head
				     : rv_armsxml_report_request_head,
		 &filled);
	rv_armsxml_put_table(&w, rv_armsxml_report_table(report->op, report->is_response),
			     (const char *)&filled);
}

void rv_armsxml_report_end(const struct rv_armsxml_report *report, struct rv_buf *out)
{
	struct rv_armsxml_writer w = { .out = out };
	char type[RV_ARMSXML_TYPE_NAME_MAX + 1];

	rv_armsxml_push_type(report->op, true, report->is_response, type);
	put_tail(&w, type, report->is_response);
}

void rv_armsxml_build_report(const struct rv_armsxml_report *report, struct rv_buf *out)
{
	rv_armsxml_report_begin(report, out);
	for (size_t i = 0; i < report->item_count; i++) {
		struct rv_armsxml_item_writer w;

		rv_armsxml_item_begin(&w, report, &report->items[i], out);
		rv_armsxml_item_data(&w, report->items[i].body, out);
		rv_armsxml_item_end(&w, out);
	}
	rv_armsxml_report_end(report, out);
}

void rv_armsxml_item_begin(struct rv_armsxml_item_writer *w, const struct rv_armsxml_report *report,
			   const struct rv_armsxml_item *item, struct rv_buf *out)
{
	struct rv_armsxml_writer tags = { .out = out };
	const struct rv_armsxml_elem *elem = rv_armsxml_report_table(report->op,
								     report->is_response);

	assert(elem->kind == RV_ARMSXML_ITEM); /* the operation has items */
	*w = (struct rv_armsxml_item_writer){ .element = elem->name, .is_binary = item->is_binary };
	rv_armsxml_put_item_start(&tags, elem, item);
}

void rv_armsxml_item_data(struct rv_armsxml_item_writer *w, struct rv_str bytes, struct rv_buf *out)
{
	struct rv_armsxml_writer text = { .out = out, .is_from_device = true };
	size_t whole;

	if (!w->is_binary) {
		rv_armsxml_put_escaped(&text, bytes, false);
		return;
	}
	while (w->held > 0 && w->held < sizeof(w->hold) && bytes.len > 0) {
		w->hold[w->held++] = bytes.ptr[0];
		bytes = rv_str_sub(bytes, 1, bytes.len);
	}
	if (w->held == sizeof(w->hold)) {
		rv_base64_encode(out, rv_strn(w->hold, w->held));
		w->held = 0;
	}
	whole = bytes.len - bytes.len % sizeof(w->hold);
	rv_base64_encode(out, rv_str_sub(bytes, 0, whole));
	for (size_t i = whole; i < bytes.len; i++)
		w->hold[w->held++] = bytes.ptr[i];
}

void rv_armsxml_item_end(struct rv_armsxml_item_writer *w, struct rv_buf *out)
{
	if (w->is_binary)
		rv_base64_encode(out, rv_strn(w->hold, w->held));
	rv_buf_printf(out, "</%s>", w->element);
}
