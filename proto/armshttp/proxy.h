/* proxy.h - the way through a web proxy: its URL, the CONNECT request, the answer.
 *
 *     device                    web proxy                    LS, RS
 *       | -- CONNECT a:p ---------> |                            |
 *       |                           | -- TCP ------------------> |
 *       | <------ 200, blank line - |                            |
 *       | <===================== TLS, untouched ===============> |
 *
 * URL: "http://[USER[:PASSWORD]@]ADDRESS[:PORT][/...]". ADDRESS is numeric, as in url.h; the scheme
 * (http or https) and the path mean nothing, and without a port it is 443, as for the original.
 * USER and PASSWORD are our extension: percent-encoded, sent as Basic credentials.
 *
 * Sans-I/O, no allocation but in the caller's buffer; one answer per connection, any thread.
 * Source: spec/arms-protocol.md 2.6; RFC 9110 9.3.6 and 11.7, RFC 7617, RFC 3986 3.2.1.
 */
#ifndef RV_PROTO_ARMSHTTP_PROXY_H
#define RV_PROTO_ARMSHTTP_PROXY_H

#include "base/buf.h"
#include "proto/armshttp/framing.h"
#include "proto/armshttp/url.h"

enum {
	RV_ARMSHTTP_PROXY_URL_MAX = 127,   /* characters, without "USER:PASSWORD@" */
	RV_ARMSHTTP_PROXY_LOGIN_MAX = 255, /* bytes of "USER:PASSWORD", decoded */
	RV_ARMSHTTP_PROXY_LINES_MAX = 64,  /* header lines of an answer, interim ones included */
};

/* Holds a secret: rv_wipe() it. All-zero is none. */
struct rv_armshttp_proxy {
	struct rv_armshttp_url at;                   /* host, port, address */
	char login[RV_ARMSHTTP_PROXY_LOGIN_MAX + 1]; /* "USER:PASSWORD"; "" = none */
};

/* Untrusted text. RV_ELIMIT: too long. RV_ESYNTAX: not of the form above; an '@' or a '%' in the
 * user or password that is not percent-encoded. RV_EINVALID: another scheme, a host that is no
 * address, a bad port, no user name, a colon in it, or control characters in it or the password
 * (RFC 7617). *out is untouched then; diag (may be NULL) never quotes the text. */
int rv_armshttp_proxy_parse(struct rv_str text, struct rv_armshttp_proxy *out,
			    struct rv_diag *diag) RV_MUSTCHECK;

/* Append the request. Byte for byte the original's when there is no login, else with one line
 * Proxy-Authorization behind it. Failures stick in out->err; `out` should have `wipe` set. */
void rv_armshttp_put_connect(struct rv_buf *out, const struct rv_armshttp_proxy *proxy,
			     const struct rv_armshttp_url *target);

/* All-zero is ready for the first byte. */
struct rv_armshttp_connect {
	unsigned status; /* after RV_OK or RV_EDENIED: 100 .. 999 */

	/* Private. */
	unsigned state;
	int result; /* of a decided answer */
	unsigned line_count;
	struct rv_armshttp_line line;
};

/* Read the answer, in any pieces.
 *   RV_OK       2xx and its head is complete: what follows *used belongs to TLS
 *   RV_EMORE    all of `in` was taken
 *   RV_EDENIED  any other final status (1xx is skipped); the rest of it is of no interest
 *   RV_ESYNTAX  no HTTP answer
 *   RV_ELIMIT   a line or the number of lines
 * *used is set with RV_OK and RV_EMORE only. Later calls of a decided answer take nothing and
 * return the same. */
int rv_armshttp_connect_feed(struct rv_armshttp_connect *answer, struct rv_str in,
			     size_t *used) RV_MUSTCHECK;

/* What a refusal means, as half a sentence for a log: "it wants a user name and password (407)".
 * `has_login`: whether the request had them. Static text without the number. */
const char *rv_armshttp_connect_reason(unsigned status, bool has_login);

#endif
