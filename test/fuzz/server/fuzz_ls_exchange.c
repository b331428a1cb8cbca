/* What an RS on another host answers: any bytes give a page that holds to the contract, or a
 * refusal. The first byte chooses operation and status. */
#include <assert.h>
#include <stdint.h>

#include "server/ls/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ops[] = { "feed.read", "feed.report", "feed.note", "device.list" };
	static const long statuses[] = { 200, 201, 401, 403, 404, 503 };
	struct rv_str answer = { 0 };
	struct rv_diag diag = { 0 };
	struct rv_rs_feed_out page;
	struct rv_arena arena;

	if (size == 0)
		return 0;
	rv_arena_init(&arena, LS_ANSWER_ARENA_MAX);
	struct rv_str op = rv_str(ops[data[0] % 4]);
	int err = ls_exchange_read(op, statuses[data[0] / 4 % 6], rv_strn(data + 1, size - 1),
				   &arena, &answer, &diag);
	if (err == RV_OK && rv_str_is(op, "feed.read")) {
		page = (struct rv_rs_feed_out){ 0 };
		assert(rv_rs_feed_out_decode(answer, &arena, &page) == RV_OK);
		assert(rv_rs_feed_out_check(&page, NULL) == RV_OK);
	} else if (err != RV_OK) {
		assert(answer.len == 0);
	}
	rv_arena_deinit(&arena);
	return 0;
}
