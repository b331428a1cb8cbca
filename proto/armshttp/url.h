/* url.h - the URLs of ARMS: "https://ADDRESS[:PORT][/PATH]".
 *
 * ADDRESS is numeric, IPv4 or IPv6 in brackets: devices never resolve names. The scheme
 * compares without case and is https. The default port is 443. PATH goes to the wire
 * verbatim after one '/'; it may hold a colon and a query string is just path.
 *
 * Pure, no allocation, any thread. Source: spec/arms-protocol.md 2.1, appendix A.
 */
#ifndef RV_PROTO_ARMSHTTP_URL_H
#define RV_PROTO_ARMSHTTP_URL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/diag.h"
#include "base/str.h"

enum {
	RV_ARMSHTTP_HOST_MAX = 79,    /* characters between "https://" and port or path */
	RV_ARMSHTTP_PORT_MAX = 7,     /* characters; the value is 1 .. 65535 */
	RV_ARMSHTTP_PATH_MAX = 79,    /* characters after the first '/' */
	RV_ARMSHTTP_URL_MAX = 255,    /* characters of any URL in a list */
	RV_ARMSHTTP_RS_URL_MAX = 127, /* characters of an RS URL or a result-url */
	RV_ARMSHTTP_PORT_DEFAULT = 443,
};

struct rv_armshttp_url {
	char host[RV_ARMSHTTP_HOST_MAX + 1];     /* as written, without brackets */
	char path[1 + RV_ARMSHTTP_PATH_MAX + 1]; /* begins with '/' */
	uint16_t port;
	bool is_ipv6;
	uint8_t address[16]; /* network order; IPv4 in the first four bytes, the rest zero */
};

/* Read a URL of at most `max` characters. `text` is untrusted.
 * RV_ELIMIT: the whole, host, port or path too long. RV_ESYNTAX: not of the form above, or
 * blanks, controls or bytes >= 0x80 in it. RV_EINVALID: a scheme other than https, a host
 * that is no numeric address, a port outside 1 .. 65535. *out untouched then. diag (may be
 * NULL) says which; its column is the place in the text, from 1. */
int rv_armshttp_url_parse(struct rv_str text, size_t max, struct rv_armshttp_url *out,
			  struct rv_diag *diag) RV_MUSTCHECK;

/* The same for URLs that go to devices: refuses, as RV_EINVALID, what only the original client
 * does not survive: a colon in the path without a port (it crashes), and an IPv6 address
 * without anything behind it. */
int rv_armshttp_url_parse_for_device(struct rv_str text, size_t max, struct rv_armshttp_url *out,
				     struct rv_diag *diag) RV_MUSTCHECK;

/* host:port with the port always written and, as the original client does it, an IPv6
 * address without brackets: the Host header of shape B. */
enum { RV_ARMSHTTP_AUTHORITY_SIZE = RV_ARMSHTTP_HOST_MAX + sizeof("[]:65535") };
void rv_armshttp_url_format_host(const struct rv_armshttp_url *url,
				 char out[static RV_ARMSHTTP_AUTHORITY_SIZE]);
/* The same with brackets, for CONNECT to a web proxy. */
void rv_armshttp_url_format_connect(const struct rv_armshttp_url *url,
				    char out[static RV_ARMSHTTP_AUTHORITY_SIZE]);

/* For connect(2): fills *out, returns the length of what it holds. */
socklen_t rv_armshttp_url_address(const struct rv_armshttp_url *url, struct sockaddr_storage *out);

#endif
