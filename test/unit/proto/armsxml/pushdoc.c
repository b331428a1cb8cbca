#include "pushdoc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DOC_MAX = 1024 * 1024 };

static struct rv_str joined(struct pushdoc *doc, struct rv_str a, const struct rv_armsxml_piece *p)
{
	char *all = rv_arena_alloc(&doc->arena, a.len + p->len + 1);

	assert_non_null(all);
	for (size_t i = 0; i < a.len; i++)
		all[i] = a.ptr[i];
	for (size_t i = 0; i < p->len; i++)
		all[a.len + i] = p->data[i];
	return rv_strn(all, a.len + p->len);
}

static void note_piece(struct pushdoc *doc, const struct rv_armsxml_piece *piece, char open,
		       unsigned id, char close)
{
	assert_int_equal(piece->data[piece->len], '\0');
	rv_buf_printf(&doc->events, "%c%u:%s", open, id, piece->is_first ? "^" : "");
	rv_buf_put(&doc->events, piece->data, piece->len);
	rv_buf_printf(&doc->events, "%s%c", piece->is_last ? "$" : "", close);
}

static int on_modules(void *ctx, const struct rv_armsxml_module *list, size_t count)
{
	struct pushdoc *doc = ctx;

	rv_buf_putc(&doc->events, '[');
	for (size_t i = 0; i < count; i++)
		rv_buf_printf(&doc->events, "%s%u", i == 0 ? "" : ",", list[i].id);
	rv_buf_putc(&doc->events, ']');
	assert_true(count <= RV_ARRAY_LEN(doc->modules));
	for (size_t i = 0; i < count; i++)
		doc->modules[i] = list[i];
	doc->module_count = count;
	return RV_OK;
}

static int on_config(void *ctx, const struct rv_armsxml_piece *piece)
{
	struct pushdoc *doc = ctx;

	assert_null(piece->item);
	note_piece(doc, piece, '(', piece->module->id, ')');
	for (size_t i = 0; i < doc->module_count; i++) {
		if (doc->modules[i].id != piece->module->id)
			continue;
		doc->modules[i].has_config = true;
		doc->modules[i].config = joined(doc, doc->modules[i].config, piece);
	}
	return RV_OK;
}

static int on_item(void *ctx, const struct rv_armsxml_piece *piece)
{
	struct pushdoc *doc = ctx;
	struct rv_armsxml_item *item;

	assert_null(piece->module);
	note_piece(doc, piece, '{', piece->item->id, '}');
	if (piece->is_first) {
		assert_true(doc->item_count < RV_ARRAY_LEN(doc->items));
		doc->items[doc->item_count++] = *piece->item;
	}
	item = &doc->items[doc->item_count - 1];
	item->body = joined(doc, item->body, piece);
	return doc->result_of_item;
}

static int feed_all(struct pushdoc *doc, struct rv_armsxml_reader *reader, struct rv_str text,
		    size_t piece)
{
	for (size_t at = 0; at < text.len; at += piece) {
		int r = rv_armsxml_reader_feed(reader, rv_str_sub(text, at, piece), &doc->diag);
		if (r != RV_OK)
			return r;
		if (piece >= text.len)
			break;
	}
	return RV_OK;
}

static struct rv_armsxml_sink sink_of(struct pushdoc *doc)
{
	return (struct rv_armsxml_sink){ .modules = on_modules,
					 .config = on_config,
					 .ctx = doc,
					 .fragment_bytes = doc->fragment_bytes,
					 .item = on_item };
}

int read_push(struct pushdoc *doc, struct rv_str text, size_t piece)
{
	struct rv_armsxml_sink sink = sink_of(doc);
	const struct rv_armsxml_push *push;
	struct rv_armsxml_reader *reader;
	int r;

	assert_int_equal(rv_armsxml_push_reader_new(&doc->arena, DOC_MAX, &sink, &reader), RV_OK);
	r = feed_all(doc, reader, text, piece);
	doc->seen_op = rv_armsxml_push_reader_seen(reader)->op;
	if (r == RV_OK)
		r = rv_armsxml_push_reader_finish(reader, &push, &doc->diag);
	if (r == RV_OK) {
		doc->push = *push;
		assert_int_equal(push->item_count, doc->item_count);
		doc->push.items = doc->items;
		doc->push.modules = doc->modules;
	}
	rv_armsxml_reader_free(reader);
	return r;
}

int read_report(struct pushdoc *doc, struct rv_str text, size_t piece)
{
	struct rv_armsxml_sink sink = sink_of(doc);
	const struct rv_armsxml_from_device *in;
	struct rv_armsxml_reader *reader;
	int r;

	assert_int_equal(rv_armsxml_report_reader_new(&doc->arena, DOC_MAX, &sink, &reader), RV_OK);
	r = feed_all(doc, reader, text, piece);
	if (r == RV_OK)
		r = rv_armsxml_report_reader_finish(reader, &in, &doc->diag);
	if (r == RV_OK) {
		doc->in = *in;
		assert_int_equal(in->report.item_count, doc->item_count);
		doc->in.report.items = doc->items;
	}
	rv_armsxml_reader_free(reader);
	return r;
}

void pushdoc_free(struct pushdoc *doc)
{
	rv_arena_deinit(&doc->arena);
	rv_buf_deinit(&doc->events);
	*doc = (struct pushdoc){ 0 };
}
