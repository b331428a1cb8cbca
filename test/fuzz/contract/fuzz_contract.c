/* Every message of the contract. Input: "device.create.in", a newline, the bytes of the message.
 * What decodes must encode and decode to the same again. */
#include <assert.h>
#include <stddef.h>

#include "contract/rv_contract.h"
#include "test/fuzz/contract/find_type.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_Alignas(max_align_t) char first[FUZZ_VALUE_MAX] = { 0 };
	_Alignas(max_align_t) char second[FUZZ_VALUE_MAX] = { 0 };
	struct rv_str in = rv_strn(data, size);
	const struct rv_contract_type *type = fuzz_take_type(&in);
	struct rv_arena arena;
	struct rv_buf buf = { 0 };

	if (type == NULL)
		return 0;
	rv_arena_init(&arena, 16 * 1024 * 1024);
	if (rv_contract_decode(type, in, &arena, first) == RV_OK) {
		rv_contract_encode(type, first, &buf);
		assert(buf.err == RV_OK);
		assert(rv_contract_decode(type, rv_buf_str(&buf), &arena, second) == RV_OK);
		assert(rv_contract_equal(type, first, second));
	}
	rv_buf_deinit(&buf);
	rv_arena_deinit(&arena);
	return 0;
}
