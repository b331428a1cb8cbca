#include <assert.h>

#include "server/status/merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned merge(struct rv_str a, struct rv_str b, const char *duty, struct rv_buf *out)
{
	struct rv_merge merge;
	unsigned malformed;

	rv_merge_init(&merge);
	rv_merge_add(&merge, a, duty, 0);
	rv_merge_add(&merge, b, duty, 1);
	rv_merge_write(&merge, out);
	malformed = merge.err == RV_OK ? merge.malformed : 0;
	rv_merge_deinit(&merge);
	return malformed;
}

/* What comes out is well-formed: merged again as it is, nothing is left out, and
 * nothing changes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_str all = rv_strn(data, size);
	struct rv_str half = rv_str_sub(all, size / 2, size);
	struct rv_buf once = { 0 }, twice = { 0 };

	merge(rv_str_sub(all, 0, size / 2), half, "proxy", &once);
	assert(merge(rv_buf_str(&once), rv_str(NULL), NULL, &twice) == 0);
	assert(rv_str_eq(rv_buf_str(&once), rv_buf_str(&twice)));
	rv_buf_deinit(&once);
	rv_buf_deinit(&twice);
	return 0;
}
