/* Byte 0: message type and fragment size; byte 1: size of the pieces. Whole and in pieces the
 * outcome and everything delivered are the same; what servers may send can be built again. */
#include <assert.h>
#include <string.h>

#include "proto/armsxml/build.h"
#include "proto/armsxml/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DOC_MAX = 1024 * 1024 };

struct outcome {
	int err;
	bool is_done;
	bool is_open; /* a config has begun and not ended */
	size_t fragment;
	unsigned sum;
	size_t bytes;
	struct rv_buf rebuilt;
};

static void add(struct outcome *out, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		out->sum = out->sum * 31 + p[i];
	out->bytes += len;
}

static int on_modules(void *ctx, const struct rv_armsxml_module *list, size_t count)
{
	assert(count > 0 && count <= RV_ARMSXML_MODULES_MAX);
	for (size_t i = 0; i < count; i++) {
		add(ctx, &list[i].id, sizeof(list[i].id));
		add(ctx, list[i].version.ptr, list[i].version.len);
		add(ctx, list[i].infostring.ptr, list[i].infostring.len);
	}
	return RV_OK;
}

static int on_config(void *ctx, const struct rv_armsxml_piece *piece)
{
	struct outcome *out = ctx;

	assert(piece->is_first == !out->is_open);
	assert(piece->data[piece->len] == '\0');
	assert(out->fragment == 0 || piece->len == out->fragment ||
	       (piece->is_last && piece->len < out->fragment));
	assert(out->fragment > 0 || (piece->is_first && piece->is_last));
	out->is_open = !piece->is_last;
	add(out, piece->data, piece->len);
	return RV_OK;
}

static void run(enum rv_armsxml_type type, struct rv_str in, size_t piece, struct outcome *out)
{
	struct rv_armsxml_sink sink = { on_modules, on_config, out, out->fragment };
	const struct rv_armsxml_response *res = NULL;
	struct rv_armsxml_reader *reader;
	struct rv_arena arena = { 0 };
	struct rv_diag diag = { 0 };

	assert(rv_armsxml_reader_new(type, &arena, DOC_MAX, &sink, &reader) == RV_OK);
	for (size_t at = 0; at < in.len && out->err == RV_OK; at += piece) {
		out->err = rv_armsxml_reader_feed(reader, rv_str_sub(in, at, piece), &diag);
		if (piece == SIZE_MAX)
			break;
	}
	out->err = rv_armsxml_reader_finish(reader, &res, &diag);
	out->is_done = rv_armsxml_reader_is_done(reader);
	assert(out->is_done == (out->err == RV_OK) && (res != NULL) == out->is_done);
	assert(out->is_done || diag.key != NULL);
	if (res != NULL && rv_armsxml_build_response(res, &out->rebuilt, NULL) == RV_OK)
		add(out, out->rebuilt.ptr, out->rebuilt.len);
	rv_armsxml_reader_free(reader);
	rv_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = { 0 };
	struct outcome split = { 0 };

	if (size < 2)
		return 0;
	struct rv_str in = rv_strn(data + 2, size - 2);
	enum rv_armsxml_type type = data[0] % RV_ARMSXML_TYPE_COUNT;
	whole.fragment = split.fragment = data[0] / RV_ARMSXML_TYPE_COUNT;
	run(type, in, SIZE_MAX, &whole);
	run(type, in, (size_t)data[1] + 1, &split);
	assert(whole.err == split.err);
	assert(whole.err != RV_OK || (whole.sum == split.sum && whole.bytes == split.bytes));
	rv_buf_deinit(&whole.rebuilt);
	rv_buf_deinit(&split.rebuilt);
	return 0;
}
