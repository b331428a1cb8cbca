/* Whatever a device sends: whole and in pieces the same, taken apart within its bounds, judged
 * without a failure that is no failure of the device. */
#include <assert.h>

#include "verify/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(struct verify_request *req, struct rv_str in, size_t piece)
{
	size_t extra = 0;
	int r = RV_EMORE;

	verify_request_init(req);
	while (in.len > 0 && r == RV_EMORE) {
		struct rv_str part = rv_str_sub(in, 0, piece);

		r = verify_request_feed(req, part, &extra);
		assert(r != RV_OK || extra <= part.len);
		in = rv_str_sub(in, part.len, in.len);
	}
	assert(verify_request_read(req) == RV_OK);
	return r;
}

static void judge(const struct verify_request *req)
{
	static const struct verify_expected expected = { .path = "/", .distid = "X", .key = "k" };
	struct verify_board board = { .step = "fuzz" };

	verify_inspect(req, &expected, &board);
	assert(board.findings[201].seen == 1 && board.findings[208].seen == 1);
	for (unsigned n = 0; n <= VERIFY_NUMBER_MAX; n++) {
		for (const char *c = board.findings[n].detail; *c != '\0'; c++)
			assert(*c >= 0x20 && *c <= 0x7e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verify_request whole, pieces;
	int r = feed(&whole, rv_strn(data, size), SIZE_MAX);

	assert(whole.header_count <= VERIFY_HEADERS_MAX);
	assert(whole.body.len <= size);
	/* A piece may end with the request, and what follows it is not taken then. */
	if (feed(&pieces, rv_strn(data, size), 7) == r && pieces.bytes.len == whole.bytes.len) {
		assert(rv_str_eq(pieces.body, whole.body));
		assert(pieces.header_count == whole.header_count);
		assert(pieces.is_message == whole.is_message);
	}
	judge(&whole);
	verify_request_deinit(&whole);
	verify_request_deinit(&pieces);
	return 0;
}
