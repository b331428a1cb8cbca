/* What parses must format, and the formatted text must parse and format to itself. Not to the
 * same address: a mapped version 4 address is shown as version 4. */
#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char first[RV_NET_ADDR_MAX], second[RV_NET_ADDR_MAX];
	struct sockaddr_storage addr;
	size_t len;

	if (rv_net_addr_parse(rv_strn(data, size), &addr, &len) != RV_OK)
		return 0;
	assert(len > 0 && len <= sizeof(addr));
	rv_net_addr_format(&addr, first);
	int err = rv_net_addr_parse(rv_str(first), &addr, &len);
	assert(err == RV_OK);
	rv_net_addr_format(&addr, second);
	assert(strcmp(first, second) == 0);
	return 0;
}
