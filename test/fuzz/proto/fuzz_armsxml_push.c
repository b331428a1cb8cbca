/* Byte 0: direction and fragment size; byte 1: size of the pieces. Whole and in pieces the outcome
 * and everything delivered are the same; what was read can be built, and read again. */
#include <assert.h>
#include <string.h>

#include "proto/armsxml/build.h"
#include "proto/armsxml/push_build.h"
#include "proto/armsxml/push_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DOC_MAX = 256 * 1024 };

struct outcome {
	bool is_report;
	size_t fragment;
	int err;
	bool is_open; /* a body has begun and not ended */
	struct rv_buf delivered;
	struct rv_buf rebuilt;
	struct rv_diag diag;
};

static int on_modules(void *ctx, const struct rv_armsxml_module *list, size_t count)
{
	struct outcome *out = ctx;

	assert(count <= RV_ARMSXML_MODULES_MAX);
	for (size_t i = 0; i < count; i++)
		rv_buf_printf(&out->delivered, "m%u %.*s %.*s;", list[i].id,
			      RV_STR_ARG(list[i].version), RV_STR_ARG(list[i].infostring));
	return RV_OK;
}

static int on_piece(void *ctx, const struct rv_armsxml_piece *piece)
{
	struct outcome *out = ctx;

	assert((piece->module == NULL) != (piece->item == NULL));
	assert(piece->is_first == !out->is_open);
	assert(piece->data[piece->len] == '\0');
	assert(out->fragment == 0 || piece->len == out->fragment ||
	       (piece->is_last && piece->len < out->fragment));
	out->is_open = !piece->is_last;
	rv_buf_printf(&out->delivered, "%c%u:", piece->module != NULL ? 'c' : 'i',
		      piece->module != NULL ? piece->module->id : piece->item->id);
	rv_buf_put(&out->delivered, piece->data, piece->len);
	return RV_OK;
}

static int finish_push(struct rv_armsxml_reader *reader, struct outcome *out)
{
	const struct rv_armsxml_push *push;
	int r = rv_armsxml_push_reader_finish(reader, &push, &out->diag);

	assert(rv_armsxml_push_reader_seen(reader)->op < RV_ARMSXML_OP_COUNT);
	if (r == RV_OK && rv_armsxml_build_push(push, &out->rebuilt, NULL) != RV_OK)
		rv_buf_clear(&out->rebuilt);
	return r;
}

static int finish_report(struct rv_armsxml_reader *reader, struct outcome *out)
{
	const struct rv_armsxml_from_device *in;
	int r = rv_armsxml_report_reader_finish(reader, &in, &out->diag);

	assert(r == RV_OK || out->diag.key != NULL);
	if (r != RV_OK)
		return r;
	if (in->is_pull)
		rv_armsxml_build_request(&in->pull, &out->rebuilt);
	else
		rv_armsxml_build_report(&in->report, &out->rebuilt);
	return r;
}

static void run(struct rv_str in, size_t piece, struct outcome *out)
{
	struct rv_armsxml_sink sink = { .modules = on_modules,
					.config = on_piece,
					.ctx = out,
					.fragment_bytes = out->fragment,
					.item = on_piece };
	struct rv_armsxml_reader *reader;
	struct rv_arena arena = { 0 };

	assert((out->is_report
			? rv_armsxml_report_reader_new(&arena, DOC_MAX, &sink, &reader)
			: rv_armsxml_push_reader_new(&arena, DOC_MAX, &sink, &reader)) == RV_OK);
	for (size_t at = 0; at < in.len && out->err == RV_OK; at += piece) {
		out->err = rv_armsxml_reader_feed(reader, rv_str_sub(in, at, piece), &out->diag);
		if (piece == SIZE_MAX)
			break;
	}
	out->err = out->is_report ? finish_report(reader, out) : finish_push(reader, out);
	rv_armsxml_reader_free(reader);
	rv_arena_deinit(&arena);
}

static void outcome_free(struct outcome *out)
{
	rv_buf_deinit(&out->delivered);
	rv_buf_deinit(&out->rebuilt);
}

/* What we write ourselves is read, and written alike. */
static void read_again(const struct outcome *first)
{
	struct outcome second = { .is_report = first->is_report };

	if (first->err != RV_OK || first->rebuilt.len == 0)
		return;
	run(rv_buf_str(&first->rebuilt), SIZE_MAX, &second);
	assert(second.err == RV_OK);
	outcome_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = { 0 };
	struct outcome split = { 0 };

	if (size < 2)
		return 0;
	struct rv_str in = rv_strn(data + 2, size - 2);
	whole.is_report = split.is_report = data[0] % 2 == 1;
	whole.fragment = split.fragment = data[0] / 2;
	run(in, SIZE_MAX, &whole);
	run(in, (size_t)data[1] + 1, &split);
	assert(whole.err == split.err);
	assert(whole.err != RV_OK ||
	       rv_str_eq(rv_buf_str(&whole.delivered), rv_buf_str(&split.delivered)));
	assert(whole.err != RV_OK ||
	       rv_str_eq(rv_buf_str(&whole.rebuilt), rv_buf_str(&split.rebuilt)));
	read_again(&whole);
	outcome_free(&whole);
	outcome_free(&split);
	return 0;
}
