/* The first byte is the size of the pieces; whole and in pieces the outcome is the same. */
#include <assert.h>
#include <string.h>

#include "proto/armshttp/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX = 4096 };

struct outcome {
	int err;
	int finish;
	unsigned status;
	size_t used;
	size_t body_bytes;
	unsigned body_sum;
};

static void run(struct rv_str in, size_t piece, struct outcome *out)
{
	enum rv_armshttp_event event = RV_ARMSHTTP_MORE;
	struct rv_armshttp_answer answer;

	rv_armshttp_answer_init(&answer, BODY_MAX);
	while (event != RV_ARMSHTTP_END && out->used < in.len) {
		struct rv_str body = { 0 };
		size_t n = 0;

		out->err = rv_armshttp_answer_feed(&answer, rv_str_sub(in, out->used, piece), &n,
						   &event, &body);
		if (out->err != RV_OK)
			break;
		assert(n <= in.len - out->used && (n > 0 || event == RV_ARMSHTTP_END));
		out->used += n;
		assert(event != RV_ARMSHTTP_HEAD || (answer.status >= 200 && answer.status < 400));
		assert(body.len == 0 || event == RV_ARMSHTTP_BODY);
		out->body_bytes += body.len;
		for (size_t i = 0; i < body.len; i++)
			out->body_sum = out->body_sum * 31 + (unsigned char)body.ptr[i];
	}
	out->status = answer.status;
	out->finish = rv_armshttp_answer_finish(&answer);
	assert(out->body_bytes <= BODY_MAX);
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
	assert(whole.finish == split.finish);
	assert(whole.err != RV_OK || whole.body_sum == split.body_sum);
	assert(whole.err != RV_OK || whole.used == split.used);
	return 0;
}
