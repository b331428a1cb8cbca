/* Every message as JSON. Input: "device.create.in", a newline, JSON. What is read must be written
 * (with secrets) and read to the same again. */
#include <assert.h>
#include <stddef.h>

#include "contract/json.h"
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
	struct rv_diag diag;
	struct rv_buf buf = { 0 };
	struct rv_jsonw w;

	if (type == NULL)
		return 0;
	rv_arena_init(&arena, 64 * 1024 * 1024);
	if (rv_contract_json_read(type, in, 0, &arena, first, &diag) == RV_OK) {
		rv_jsonw_init(&w, &buf);
		rv_contract_json_write(type, first, RV_CONTRACT_JSON_SECRETS, 0, &w);
		assert(buf.err == RV_OK);
		assert(rv_contract_json_read(type, rv_buf_str(&buf), 0, &arena, second, &diag) ==
		       RV_OK);
		assert(rv_contract_equal(type, first, second));
	}
	rv_buf_deinit(&buf);
	rv_arena_deinit(&arena);
	return 0;
}
