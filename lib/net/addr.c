#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "net/net.h"

int rv_net_addr_parse(struct rv_str text, struct sockaddr_storage *out, size_t *out_len)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	char host[INET6_ADDRSTRLEN];
	struct rv_str rest;
	size_t colon, end;
	uint64_t port;

	if (rv_str_starts(text, "[")) {
		end = rv_str_find(text, ']');
		colon = end + 1;
		rest = rv_str_sub(text, 1, end - 1);
	} else {
		colon = rv_str_find(text, ':');
		rest = rv_str_sub(text, 0, colon);
	}
	if (colon >= text.len || text.ptr[colon] != ':' || !rv_str_copy(rest, host, sizeof(host)) ||
	    !rv_str_to_u64(rv_str_sub(text, colon + 1, text.len), UINT16_MAX, &port))
		return RV_ESYNTAX;
	if (text.ptr[0] == '[') {
		if (inet_pton(AF_INET6, host, &six.sin6_addr) != 1)
			return RV_ESYNTAX;
		six.sin6_port = htons((uint16_t)port);
	} else {
		if (inet_pton(AF_INET, host, &four.sin_addr) != 1)
			return RV_ESYNTAX;
		four.sin_port = htons((uint16_t)port);
	}
	*out = (struct sockaddr_storage){ 0 };
	*out_len = text.ptr[0] == '[' ? sizeof(six) : sizeof(four);
	memcpy(out, text.ptr[0] == '[' ? (const void *)&six : (const void *)&four, *out_len);
	return RV_OK;
}

void rv_net_addr_format(const struct sockaddr_storage *addr, char out[static RV_NET_ADDR_MAX])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (addr->ss_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *)addr;

		inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
		snprintf(out, RV_NET_ADDR_MAX, "[%s]:%u", host, ntohs(six->sin6_port));
	} else if (addr->ss_family == AF_INET) {
		const struct sockaddr_in *four = (const void *)addr;

		inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
		snprintf(out, RV_NET_ADDR_MAX, "%s:%u", host, ntohs(four->sin_port));
	} else {
		snprintf(out, RV_NET_ADDR_MAX, "?");
	}
}
