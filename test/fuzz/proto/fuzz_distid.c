/* Whatever parses must survive formatting and the wire unchanged. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "proto/distid/distid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char once[RV_DISTID_TEXT_LEN + 1];
	char twice[RV_DISTID_TEXT_LEN + 1];
	uint8_t wire[RV_DISTID_WIRE_LEN];
	struct rv_distid id;
	size_t err_at = SIZE_MAX;

	if (rv_distid_parse((const char *)data, size, &id, &err_at) != RV_OK) {
		assert(err_at <= size);
		return 0;
	}
	rv_distid_format(&id, once);
	rv_distid_to_wire(&id, wire);
	rv_distid_from_wire(wire, &id);
	rv_distid_format(&id, twice);
	assert(strcmp(once, twice) == 0);
	return 0;
}
