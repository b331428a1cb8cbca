/* Every message of the contract. Input: "device.create.in", a newline, the bytes of the message
 * (a name, so that seeds outlive new messages). What decodes must encode and decode to the same
 * again. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "contract/rv_contract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VALUE_MAX = 1024 }; /* bytes of the largest message struct, asserted below */

static const struct rv_contract_type *find_type(struct rv_str name)
{
	for (size_t i = 0; i < rv_contract_msg_count; i++) {
		if (rv_str_is(name, rv_contract_msgs[i].in->name))
			return rv_contract_msgs[i].in;
		if (rv_str_is(name, rv_contract_msgs[i].out->name))
			return rv_contract_msgs[i].out;
	}
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_Alignas(max_align_t) char first[VALUE_MAX] = { 0 };
	_Alignas(max_align_t) char second[VALUE_MAX] = { 0 };
	struct rv_str in = rv_strn(data, size);
	size_t eol = rv_str_find(in, '\n');
	const struct rv_contract_type *type = find_type(rv_str_sub(in, 0, eol));
	struct rv_arena arena;
	struct rv_buf buf = { 0 };

	if (eol == in.len || type == NULL)
		return 0;
	assert(type->size <= VALUE_MAX);
	rv_arena_init(&arena, 16 * 1024 * 1024);
	if (rv_contract_decode(type, rv_str_sub(in, eol + 1, size), &arena, first) == RV_OK) {
		rv_contract_encode(type, first, &buf);
		assert(buf.err == RV_OK);
		assert(rv_contract_decode(type, rv_buf_str(&buf), &arena, second) == RV_OK);
		assert(rv_contract_equal(type, first, second));
	}
	rv_buf_deinit(&buf);
	rv_arena_deinit(&arena);
	return 0;
}
