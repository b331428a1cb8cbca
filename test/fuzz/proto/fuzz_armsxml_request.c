/* What is read, is within its limits, and ASCII, survives building and reading again. */
#include <assert.h>

#include "proto/armsxml/build.h"
#include "proto/armsxml/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
		/* A lone CR is read back as LF, so compare lengths only. */
		assert(once.len == twice.len);
	} else {
		assert(once.len > RV_ARMSXML_REQUEST_MAX); /* escapes made it longer */
	}
out:
	rv_buf_deinit(&once);
	rv_buf_deinit(&twice);
	rv_arena_deinit(&arena);
	return 0;
}
