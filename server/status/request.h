/* request.h - the head of an HTTP/1.x request, as far as three read-only pages need it.
 *
 *   GET /metrics?x HTTP/1.1 CRLF
 *   name: value CRLF ...
 *   CRLF
 *
 * Pure and total over untrusted bytes. Header fields are checked for form and ignored; a body is
 * not read (the connection is closed after the answer, so nothing can be smuggled in behind it).
 */
#ifndef RV_SERVER_STATUS_REQUEST_H
#define RV_SERVER_STATUS_REQUEST_H

#include "base/err.h"
#include "base/str.h"

enum { RV_STATUS_HEAD_MAX = 4096 };

/* *out_path, lent from head: without the query. RV_EMORE: the head has not ended yet; RV_ELIMIT:
 * nor within RV_STATUS_HEAD_MAX; RV_ESYNTAX; RV_EVERSION: not HTTP/1.x; RV_EUNSUPPORTED: not GET.
 */
int rv_status_request_parse(struct rv_str head, struct rv_str *out_path) RV_MUSTCHECK;

#endif
