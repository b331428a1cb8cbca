/* http.h - the duty `http`: the REST API over TLS.
 *
 *   GET  /healthz               200 "ok" as long as this process serves; open
 *   GET  /api/v2/openapi.json   the OpenAPI document; open
 *   *    /api/v2/...            operations of contract/ops: `Authorization: Bearer TOKEN`, JSON
 *                               in and out, errors as problem documents (contract/http.h)
 *
 * It holds no database: each operation goes to the duty that owns it (rs, status) as bus request
 * `<owner>.op`, with the SHA-256 of the token, and rs alone judges the token and its rights.
 *
 *   peer ==TLS== lib/net --> gate --> socketpair --> libmicrohttpd --> api --bus--> rs
 *                            (gate.h: one request at a time)
 *
 * libmicrohttpd is driven from the duty's own loop (its epoll descriptor under uv_poll): one
 * thread, no locks.
 */
#ifndef RV_SERVER_HTTP_HTTP_H
#define RV_SERVER_HTTP_HTTP_H

#include "app/duty.h"

extern const struct rv_duty_spec rv_http_duty_spec;
extern const struct rv_conf_section rv_http_sections[];
extern const size_t rv_http_section_count;

extern const struct rv_duty_code rv_http_code; /* needs http_dep, not only http_spec_dep */

#endif
