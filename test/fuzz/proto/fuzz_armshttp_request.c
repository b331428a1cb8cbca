/* The first byte is the size of the pieces; whole and in pieces the outcome is the same. */
#include <assert.h>
#include <string.h>

#include "proto/armshttp/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX = 4096 };

struct outcome {
	int err;
	unsigned status;
	bool has_head;
	bool is_complete;
	size_t used;
	size_t body_bytes;
	unsigned body_sum;
};

static void run(struct rv_str in, size_t piece, struct outcome *out)
{
	enum rv_armshttp_event event = RV_ARMSHTTP_MORE;
	struct rv_armshttp_request req;

	rv_armshttp_request_init(&req, BODY_MAX);
	while (event != RV_ARMSHTTP_END && (out->used < in.len || event != RV_ARMSHTTP_MORE)) {
		struct rv_str body = { 0 };
		size_t n = 0;

		out->err = rv_armshttp_request_feed(&req, rv_str_sub(in, out->used, piece), &n,
						    &event, &body);
		if (out->err != RV_OK)
			break;
		assert(n <= in.len - out->used);
		out->used += n;
		out->has_head |= event == RV_ARMSHTTP_HEAD;
		assert(body.len == 0 || event == RV_ARMSHTTP_BODY);
		out->body_bytes += body.len;
		for (size_t i = 0; i < body.len; i++)
			out->body_sum = out->body_sum * 31 + (unsigned char)body.ptr[i];
	}
	out->is_complete = out->err == RV_OK && event == RV_ARMSHTTP_END;
	out->status = req.status;
	assert((out->err != RV_OK) == (req.status >= 400 && req.reason != NULL));
	assert(out->body_bytes <= BODY_MAX);
	assert(!out->is_complete || req.head.is_chunked ||
	       out->body_bytes == req.head.content_length);
	rv_armshttp_request_deinit(&req);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = { 0 };
	struct outcome split = { 0 };

	if (size == 0)
		return 0;
	run(rv_strn(data + 1, size - 1), SIZE_MAX, &whole);
	run(rv_strn(data + 1, size - 1), (size_t)data[0] + 1, &split);
	assert(whole.err == split.err && whole.status == split.status);
	assert(whole.has_head == split.has_head && whole.is_complete == split.is_complete);
	assert(whole.err != RV_OK || whole.body_sum == split.body_sum);
	assert(whole.err != RV_OK || whole.used == split.used);
	return 0;
}
