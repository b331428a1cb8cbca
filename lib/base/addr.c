#include "base/addr.h"

#include <arpa/inet.h>

_Static_assert(RV_ADDR_HOST_MAX == INET6_ADDRSTRLEN, "room for every numeric address");

bool rv_addr_parse(struct rv_str text, struct rv_addr *out)
{
	struct rv_addr addr = { .is_v6 = rv_str_starts(text, "[") };
	size_t end = rv_str_find(text, addr.is_v6 ? ']' : ':');
	size_t colon = addr.is_v6 ? end + 1 : end;
	uint64_t port;

	if (colon >= text.len || text.ptr[colon] != ':' ||
	    !rv_str_to_u64(rv_str_sub(text, colon + 1, text.len), UINT16_MAX, &port) ||
	    !rv_str_copy(rv_str_sub(text, addr.is_v6, end - addr.is_v6), addr.host,
			 sizeof(addr.host)) ||
	    inet_pton(addr.is_v6 ? AF_INET6 : AF_INET, addr.host, addr.bytes) != 1)
		return false;
	addr.port = (uint16_t)port;
	*out = addr;
	return true;
}
