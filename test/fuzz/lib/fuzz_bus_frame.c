/* A frame that parses is written back byte by byte. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "bus/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_bus_frame frame;
	uint8_t head[RV_BUS_HEAD_MAX];
	size_t len;

	if (rv_bus_frame_parse(rv_strn(data, size), &frame) != RV_OK)
		return 0;
	len = rv_bus_frame_head(&frame, head);
	assert(len + frame.body.len == size);
	assert(memcmp(head, data, len) == 0);
	assert(frame.body.len == 0 || memcmp(frame.body.ptr, data + len, frame.body.len) == 0);
	return 0;
}
