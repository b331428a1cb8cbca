#include "net/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { PORT_MAX = 65535 };

int rv_net_addr_parse(struct rv_str text, struct sockaddr_storage *out, size_t *out_len)
{
	bool is_v6 = rv_str_starts(text, "[");
	size_t end = rv_str_find(text, is_v6 ? ']' : ':');
	size_t colon = is_v6 ? end + 1 : end;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	char host[INET6_ADDRSTRLEN];
	uint64_t port;

	if (colon >= text.len || text.ptr[colon] != ':' ||
	    !rv_str_to_u64(rv_str_sub(text, colon + 1, text.len), PORT_MAX, &port) ||
	    !rv_str_copy(rv_str_sub(text, is_v6, end - is_v6), host, sizeof(host)))
		return RV_ESYNTAX;
	v4.sin_port = v6.sin6_port = htons((uint16_t)port);
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, host,
		      is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
		return RV_ESYNTAX;
	memset(out, 0, sizeof(*out));
	*out_len = is_v6 ? sizeof(v6) : sizeof(v4);
	memcpy(out, is_v6 ? (const void *)&v6 : (const void *)&v4, *out_len);
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
