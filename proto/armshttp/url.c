#include "proto/armshttp/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char scheme[] = "https://";

enum { SCHEME_LEN = sizeof(scheme) - 1 };

/* The three parts, as written. */
struct parts {
	struct rv_str host; /* without brackets */
	struct rv_str port; /* ptr NULL: none */
	struct rv_str path; /* with its '/', or empty */
	bool is_ipv6;
};

static int refuse(struct rv_diag *diag, int err, const char *key, size_t at, const char *what)
{
	rv_diag_set(diag, err, key, "", "URL: %s", what);
	if (diag != NULL)
		diag->column = (unsigned)at + 1;
	return err;
}

static int check_characters(struct rv_str text, struct rv_diag *diag)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return refuse(diag, RV_ESYNTAX, "url.character", i,
				      "blank, control or non-ASCII character");
	return RV_OK;
}

/* Length of the host at the start of `rest`, brackets included; 0: there is none. */
static size_t host_length(struct rv_str rest)
{
	size_t slash = rv_str_find(rest, '/');

	if (rv_str_starts(rest, "[")) {
		size_t end = rv_str_find(rest, ']');
		return end < slash ? end + 1 : 0;
	}
	size_t colon = rv_str_find(rest, ':');
	return colon < slash ? colon : slash;
}

static int split(struct rv_str text, struct parts *p, struct rv_diag *diag)
{
	struct rv_str rest = rv_str_sub(text, SCHEME_LEN, text.len);
	size_t host_len = host_length(rest);

	p->is_ipv6 = rv_str_starts(rest, "[");
	p->host = p->is_ipv6 && host_len > 0 ? rv_str_sub(rest, 1, host_len - 2)
					     : rv_str_sub(rest, 0, host_len);
	if (p->host.len == 0)
		return refuse(diag, RV_ESYNTAX, "url.host", SCHEME_LEN, "host missing");

	rest = rv_str_sub(rest, host_len, rest.len);
	p->port = (struct rv_str){ 0 };
	if (rv_str_starts(rest, ":")) {
		p->port = rv_str_sub(rest, 1, rv_str_find(rest, '/') - 1);
		rest = rv_str_sub(rest, 1 + p->port.len, rest.len);
	}
	if (rest.len > 0 && rest.ptr[0] != '/')
		return refuse(diag, RV_ESYNTAX, "url.host", (size_t)(rest.ptr - text.ptr),
			      "only a port or a path may follow the host");
	p->path = rest;
	return RV_OK;
}

static int check_limits(const struct parts *p, struct rv_diag *diag)
{
	if (p->host.len > RV_ARMSHTTP_HOST_MAX)
		return refuse(diag, RV_ELIMIT, "url.host", SCHEME_LEN, "host longer than 79");
	if (p->port.len > RV_ARMSHTTP_PORT_MAX)
		return refuse(diag, RV_ELIMIT, "url.port", SCHEME_LEN, "port longer than 7");
	if (p->path.len > 1 + RV_ARMSHTTP_PATH_MAX)
		return refuse(diag, RV_ELIMIT, "url.path", SCHEME_LEN, "path longer than 79");
	return RV_OK;
}

static int convert(const struct parts *p, struct rv_armshttp_url *url, struct rv_diag *diag)
{
	uint64_t port = RV_ARMSHTTP_PORT_DEFAULT;

	*url = (struct rv_armshttp_url){ .is_ipv6 = p->is_ipv6 };
	if (!rv_str_copy(p->host, url->host, sizeof(url->host)) ||
	    inet_pton(p->is_ipv6 ? AF_INET6 : AF_INET, url->host, url->address) != 1)
		return refuse(diag, RV_EINVALID, "url.host", SCHEME_LEN,
			      "the host must be a numeric address, IPv6 in brackets");
	if (p->port.ptr != NULL && (!rv_str_to_u64(p->port, UINT16_MAX, &port) || port == 0))
		return refuse(diag, RV_EINVALID, "url.port", SCHEME_LEN + p->host.len,
			      "the port must be a number from 1 to 65535");
	url->port = (uint16_t)port;
	bool fits = rv_str_copy(p->path.len > 0 ? p->path : RV_STR_LIT("/"), url->path,
				sizeof(url->path));
	assert(fits);
	(void)fits;
	return RV_OK;
}

static int parse_parts(struct rv_str text, size_t max, struct parts *p, struct rv_diag *diag)
{
	int r;

	if (text.len > max) {
		rv_diag_set(diag, RV_ELIMIT, "url.length", "",
			    "URL: %zu characters, allowed are %zu", text.len, max);
		return RV_ELIMIT;
	}
	r = check_characters(text, diag);
	if (r < 0)
		return r;
	if (!rv_str_istarts(text, scheme))
		return refuse(diag, rv_str_find(text, ':') < text.len ? RV_EINVALID : RV_ESYNTAX,
			      "url.scheme", 0, "must begin with https://");
	r = split(text, p, diag);
	return r < 0 ? r : check_limits(p, diag);
}

int rv_armshttp_url_parse(struct rv_str text, size_t max, struct rv_armshttp_url *out,
			  struct rv_diag *diag)
{
	struct rv_armshttp_url url;
	struct parts p;
	int r = parse_parts(text, max, &p, diag);

	if (r == RV_OK)
		r = convert(&p, &url, diag);
	if (r == RV_OK)
		*out = url;
	return r;
}

int rv_armshttp_url_parse_for_device(struct rv_str text, size_t max, struct rv_armshttp_url *out,
				     struct rv_diag *diag)
{
	struct parts p;
	int r = parse_parts(text, max, &p, diag);

	if (r < 0)
		return r;
	if (p.port.ptr == NULL && rv_str_find(p.path, ':') < p.path.len)
		return refuse(diag, RV_EINVALID, "url.colon", (size_t)(p.path.ptr - text.ptr),
			      "a colon in the path needs a port before it");
	if (p.is_ipv6 && p.port.ptr == NULL && p.path.len == 0)
		return refuse(diag, RV_EINVALID, "url.bracket", text.len,
			      "an IPv6 address must be followed by a port or a path");
	return rv_armshttp_url_parse(text, max, out, diag);
}

void rv_armshttp_url_format_host(const struct rv_armshttp_url *url,
				 char out[static RV_ARMSHTTP_AUTHORITY_SIZE])
{
	snprintf(out, RV_ARMSHTTP_AUTHORITY_SIZE, "%s:%u", url->host, url->port);
}

void rv_armshttp_url_format_connect(const struct rv_armshttp_url *url,
				    char out[static RV_ARMSHTTP_AUTHORITY_SIZE])
{
	snprintf(out, RV_ARMSHTTP_AUTHORITY_SIZE, url->is_ipv6 ? "[%s]:%u" : "%s:%u", url->host,
		 url->port);
}

socklen_t rv_armshttp_url_address(const struct rv_armshttp_url *url, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;

	memset(out, 0, sizeof(*out));
	if (!url->is_ipv6) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(url->port);
		memcpy(&v4->sin_addr, url->address, sizeof(v4->sin_addr));
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(url->port);
	memcpy(&v6->sin6_addr, url->address, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}
