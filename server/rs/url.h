/* url.h - URLs that original devices can use: stricter than the grammar of armshttp/url.h.
 *
 * Source: spec/arms-protocol.md 2.1, 10 #12-#14: a colon in the path of a URL without port crashes
 * the original client; "[address]" without '/' or port is no URL to it.
 */
#ifndef RV_RS_URL_H
#define RV_RS_URL_H

#include "base/diag.h"
#include "base/str.h"

/* RV_EINVALID with diag. *is_ipv6 (may be NULL) gets the address family. Pure. */
int rs_url_check(struct rv_str text, bool *is_ipv6, struct rv_diag *diag) RV_MUSTCHECK;

#endif
