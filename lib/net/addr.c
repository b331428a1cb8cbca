#include "base/addr.h"
#include "net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int rv_net_addr_parse(struct rv_str text, struct sockaddr_storage *out, size_t *out_len)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct rv_addr addr;

	if (!rv_addr_parse(text, &addr))
		return RV_ESYNTAX;
	v4.sin_port = v6.sin6_port = htons(addr.port);
	memcpy(&v4.sin_addr, addr.bytes, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, addr.bytes, sizeof(v6.sin6_addr));
	memset(out, 0, sizeof(*out));
	*out_len = addr.is_v6 ? sizeof(v6) : sizeof(v4);
	memcpy(out, addr.is_v6 ? (const void *)&v6 : (const void *)&v4, *out_len);
	return RV_OK;
}

void rv_net_addr_format(const struct sockaddr_storage *addr, char out[static RV_NET_ADDR_MAX])
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	char host[INET6_ADDRSTRLEN];

	if (addr->ss_family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
		snprintf(out, RV_NET_ADDR_MAX, "%s:%u", host, ntohs(v4.sin_port));
	} else if (addr->ss_family == AF_INET6) {
		memcpy(&v6, addr, sizeof(v6));
		/* A version 4 peer on a "[::]" listener is shown as what it is. */
		bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
		if (is_mapped)
			inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], host, sizeof(host));
		else
			inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
		snprintf(out, RV_NET_ADDR_MAX, is_mapped ? "%s:%u" : "[%s]:%u", host,
			 ntohs(v6.sin6_port));
	} else {
		snprintf(out, RV_NET_ADDR_MAX, "unix");
	}
}
