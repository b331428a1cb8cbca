/* What is read, and is within its limits, survives building and reading again. */
#include <assert.h>

#include "proto/armsxml/build.h"
#include "proto/armsxml/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Devices write CR as it is, as the original does: a reader takes CR LF, and CR alone, for LF. */
static bool is_same_text(struct rv_str written, struct rv_str read_back)
{
	size_t n = 0;

	for (size_t i = 0; i < written.len; i++) {
		char c = written.ptr[i];

		if (c == '\r' && i + 1 < written.len && written.ptr[i + 1] == '\n')
			continue;
		if (n == read_back.len || read_back.ptr[n] != (c == '\r' ? '\n' : c))
			return false;
		n++;
	}
	return n == read_back.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_arena arena = { 0 };
	struct rv_armsxml_request req;
	struct rv_armsxml_request back;
	struct rv_diag diag = { 0 };
	struct rv_buf once = { 0 };
	struct rv_buf twice = { 0 };

	if (rv_armsxml_parse_request(&arena, rv_strn(data, size), &req, &diag) != RV_OK) {
		assert(diag.key != NULL);
		goto out;
	}
	assert(req.distid.len <= RV_ARMSXML_DISTID_MAX);
	assert(req.description.len <= RV_ARMSXML_DESCRIPTION_MAX);
	assert(req.method_count <= RV_ARMSXML_OFFERS_MAX);
	rv_armsxml_build_request(&req, &once);
	if (rv_armsxml_parse_request(&arena, rv_buf_str(&once), &back, NULL) == RV_OK) {
		rv_armsxml_build_request(&back, &twice);
		assert(back.type == req.type && back.method_count == req.method_count);
		assert(is_same_text(rv_buf_str(&once), rv_buf_str(&twice)));
	} else {
		assert(once.len > RV_ARMSXML_REQUEST_MAX); /* escapes made it longer */
	}
out:
	rv_buf_deinit(&once);
	rv_buf_deinit(&twice);
	rv_arena_deinit(&arena);
	return 0;
}
