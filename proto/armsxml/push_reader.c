/* Documents of the push phase, both directions. See push_parse.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/armsxml/push_parse.h"
#include "proto/armsxml/reader_priv.h"

#define ENVELOPE(name)                                                                             \
	{                                                                                          \
		name, RV_ARMSXML_GROUP, RV_ARMSXML_BY_TYPE, 0, RV_ARMSXML_SINGLE, 0, 0, 0, NULL    \
	}

static const struct rv_armsxml_elem message[] = {
	ENVELOPE("arms-request"),
	ENVELOPE("arms-response"),
	{ 0 },
};

static const struct rv_armsxml_elem root[] = {
	{ "arms-message", RV_ARMSXML_GROUP, 0, 0, RV_ARMSXML_SINGLE, 0, 0, 0, message },
	{ 0 },
};

/* Which operation is `type`, when it comes from that side with or without its phase? */
static enum rv_armsxml_op find_op(const char *type, const char *const *suffixes, size_t n)
{
	for (unsigned op = 0; op < RV_ARMSXML_OP_COUNT; op++) {
		const char *name = rv_armsxml_op_name(op);
		size_t len = strlen(name);

		if (strncmp(type, name, len) != 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (strcmp(type + len, suffixes[i]) == 0)
				return op;
	}
	return RV_ARMSXML_GENERIC_ERROR;
}

/* The elements around the operation, and the operation itself, for this one document. */
static struct rv_armsxml_selected envelope_of(struct rv_armsxml_reader *r,
					      const struct rv_armsxml_elem *head, const char *type,
					      bool is_response,
					      const struct rv_armsxml_elem *operation, void *value)
{
	size_t n = 0;

	for (; head[n].name != NULL; n++)
		r->envelope[n] = head[n];
	snprintf(r->operation, sizeof(r->operation), "%s-%s", type,
		 is_response ? "response" : "request");
	r->envelope[n] = (struct rv_armsxml_elem){ .name = r->operation,
						   .flags = RV_ARMSXML_OPERATION,
						   .count_offset = RV_ARMSXML_SINGLE,
						   .children = operation };
	r->envelope[n + 1] = (struct rv_armsxml_elem){ 0 };
	return (struct rv_armsxml_selected){ r->envelope, value };
}

static bool is_envelope(const struct rv_armsxml_elem *elem, const char *name)
{
	return strcmp(elem->name, name) == 0;
}

/* -- device ---------------------------------------------------------------------------------- */

static struct rv_armsxml_selected select_push(void *target, const struct rv_armsxml_elem *elem,
					      const char *type)
{
	static const char *const any[] = { "", "-start", "-done" };
	struct rv_armsxml_reader *r = target;
	struct rv_armsxml_push *push = r->push;
	char canonical[RV_ARMSXML_TYPE_NAME_MAX + 1];

	push->is_response = is_envelope(elem, "arms-response");
	push->op = find_op(type != NULL ? type : "", any, RV_ARRAY_LEN(any));
	rv_armsxml_push_type(push->op, false, push->is_response, canonical);
	if (push->is_response) {
		/* An answer has its own type or none that counts. */
		if (type == NULL || strcmp(type, canonical) != 0)
			push->op = RV_ARMSXML_GENERIC_ERROR;
		return envelope_of(r, rv_armsxml_push_response_head, canonical, true, r->nothing,
				   push);
	}
	if (push->op == RV_ARMSXML_GENERIC_ERROR)
		return (struct rv_armsxml_selected){ 0 };
	r->delivery.is_empty_told = push->op == RV_ARMSXML_CONFIGURE;
	return envelope_of(r, rv_armsxml_push_request_head, canonical, false,
			   rv_armsxml_push_table(push->op), push);
}

int rv_armsxml_push_reader_new(struct rv_arena *arena, size_t doc_max,
			       const struct rv_armsxml_sink *sink, struct rv_armsxml_reader **out)
{
	struct rv_armsxml_push *push = rv_arena_alloc(arena, sizeof(*push));
	struct rv_armsxml_reader *r;
	int err = push != NULL ? rv_armsxml_reader_make(false, arena, doc_max, sink, &r) : -ENOMEM;

	if (err < 0)
		return err;
	r->push = push;
	r->delivery.modules = &push->modules;
	r->delivery.module_count = &push->module_count;
	r->delivery.items = &push->items;
	r->delivery.item_count = &push->item_count;
	r->engine.root = root;
	r->engine.target = r;
	r->engine.select = select_push;
	*out = r;
	return RV_OK;
}

int rv_armsxml_push_reader_finish(struct rv_armsxml_reader *reader,
				  const struct rv_armsxml_push **out, struct rv_diag *diag)
{
	int r = rv_armsxml_reader_end(reader, diag);

	if (r == RV_OK)
		*out = reader->push;
	return r;
}

const struct rv_armsxml_push *rv_armsxml_push_reader_seen(const struct rv_armsxml_reader *reader)
{
	return reader->push;
}

/* -- server ---------------------------------------------------------------------------------- */

static struct rv_armsxml_selected select_pull(struct rv_armsxml_from_device *in, const char *type)
{
	for (unsigned i = 0; i < RV_ARMSXML_TYPE_COUNT; i++) {
		if (strcmp(type, rv_armsxml_type_name(i)) == 0) {
			in->is_pull = true;
			in->pull.type = i;
			return (struct rv_armsxml_selected){ rv_armsxml_request_table(i),
							     &in->pull };
		}
	}
	return (struct rv_armsxml_selected){ 0 };
}

static struct rv_armsxml_selected select_report(void *target, const struct rv_armsxml_elem *elem,
						const char *type)
{
	struct rv_armsxml_reader *r = target;
	struct rv_armsxml_report *report = &r->from_device->report;

	if (type == NULL)
		return (struct rv_armsxml_selected){ 0 };
	report->is_response = is_envelope(elem, "arms-response");
	for (unsigned op = 0; op < RV_ARMSXML_OP_COUNT; op++) {
		char expected[RV_ARMSXML_TYPE_NAME_MAX + 1];

		/* Devices ask nothing of the operations that end with their answer. */
		if (!report->is_response && rv_armsxml_op_kind(op) == RV_ARMSXML_SYNCHRONOUS)
			continue;
		rv_armsxml_push_type(op, true, report->is_response, expected);
		if (strcmp(type, expected) != 0)
			continue;
		report->op = op;
		return envelope_of(r,
				   report->is_response ? rv_armsxml_report_response_head
						       : rv_armsxml_report_request_head,
				   type, report->is_response,
				   rv_armsxml_report_table(op, report->is_response), report);
	}
	return report->is_response ? (struct rv_armsxml_selected){ 0 }
				   : select_pull(r->from_device, type);
}

int rv_armsxml_report_reader_new(struct rv_arena *arena, size_t doc_max,
				 const struct rv_armsxml_sink *sink, struct rv_armsxml_reader **out)
{
	struct rv_armsxml_from_device *in = rv_arena_alloc(arena, sizeof(*in));
	struct rv_armsxml_reader *r;
	int err = in != NULL ? rv_armsxml_reader_make(true, arena, doc_max, sink, &r) : -ENOMEM;

	if (err < 0)
		return err;
	r->from_device = in;
	r->delivery.modules = &in->report.modules;
	r->delivery.module_count = &in->report.module_count;
	r->delivery.items = &in->report.items;
	r->delivery.item_count = &in->report.item_count;
	r->engine.root = root;
	r->engine.target = r;
	r->engine.select = select_report;
	*out = r;
	return RV_OK;
}

int rv_armsxml_report_reader_finish(struct rv_armsxml_reader *reader,
				    const struct rv_armsxml_from_device **out, struct rv_diag *diag)
{
	int r = rv_armsxml_reader_end(reader, diag);

	/* Answers that refuse may come without it. */
	if (r == RV_OK && !reader->engine.has_operation && !reader->from_device->report.is_response)
		r = rv_armsxml_engine_fail(&reader->engine, RV_EINVALID, "xml.operation", "",
					   "the element of the operation is missing");
	if (r == RV_OK)
		*out = reader->from_device;
	return r;
}
