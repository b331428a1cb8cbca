#include <assert.h>
#include <string.h>

#include "server/status/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A judgement never changes when more bytes arrive, and a path is a path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_str head = rv_strn(data, size), path = { 0 }, shorter_path;
	int result = rv_status_request_parse(head, &path);

	assert(result != RV_EMORE || size < RV_STATUS_HEAD_MAX);
	if (result == RV_OK) {
		assert(path.len > 0 && path.ptr[0] == '/');
		assert(memchr(path.ptr, ' ', path.len) == NULL);
	}
	for (size_t n = 0; n < size && n < 256; n++) {
		int shorter = rv_status_request_parse(rv_str_sub(head, 0, n), &shorter_path);

		assert(shorter == RV_EMORE || shorter == result);
	}
	return 0;
}
