/* The first byte is the size of the pieces, the first line the URL of a web proxy, the rest the
 * proxy's answer. What is read can be asked for; whole and in pieces the answer is judged alike. */
#include <assert.h>
#include <string.h>

#include "proto/armshttp/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_url(struct rv_str text)
{
	struct rv_armshttp_proxy proxy = { .at.port = 7 };
	struct rv_buf out = { .wipe = true };
	struct rv_diag diag = { 0 };
	struct rv_str head;
	unsigned lines = 0;

	if (rv_armshttp_proxy_parse(text, &proxy, &diag) != RV_OK) {
		assert(proxy.at.port == 7 && proxy.login[0] == '\0' && diag.key != NULL);
		return;
	}
	assert(proxy.at.port > 0);
	assert(proxy.login[0] == '\0' ||
	       rv_str_find(rv_str(proxy.login), ':') < strlen(proxy.login));
	rv_armshttp_put_connect(&out, &proxy, &proxy.at);
	assert(out.err == RV_OK);
	/* Nothing of the URL gets out of its line. */
	head = rv_buf_str(&out);
	for (size_t i = 0; i < head.len; i++)
		lines += head.ptr[i] == '\n';
	assert(lines == (proxy.login[0] != '\0' ? 4 : 3));
	rv_buf_deinit(&out);
}

struct outcome {
	int result;
	unsigned status;
	size_t used;
};

static void try_answer(struct rv_str in, size_t piece, struct outcome *out)
{
	struct rv_armshttp_connect answer = { 0 };

	out->result = RV_EMORE;
	while (out->result == RV_EMORE && out->used < in.len) {
		size_t n = 0;

		out->result = rv_armshttp_connect_feed(&answer, rv_str_sub(in, out->used, piece),
						       &n);
		assert(out->result != RV_EMORE || n > 0);
		out->used += n;
	}
	assert(out->used <= in.len);
	out->status = answer.status;
	assert(out->result != RV_OK || (out->status >= 200 && out->status < 300));
	assert(out->result != RV_EDENIED || out->status >= 300);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = { 0 };
	struct outcome split = { 0 };
	struct rv_str in;
	size_t line;

	if (size == 0)
		return 0;
	in = rv_strn(data + 1, size - 1);
	line = rv_str_find(in, '\n');
	try_url(rv_str_sub(in, 0, line));
	in = rv_str_sub(in, line + 1, in.len);
	try_answer(in, SIZE_MAX, &whole);
	try_answer(in, (size_t)data[0] + 1, &split);
	assert(whole.result == split.result && whole.status == split.status);
	assert(whole.result != RV_OK || whole.used == split.used);
	return 0;
}
