/* proxy.h - ARMS Proxy: the edge that devices meet after the LS. Duty proxy.
 *
 *   device --TLS, config-solicitation, push-method-query--> proxy (N workers) --rs.pull,
 *   rs.method-query--> rs
 *
 * Owns no data and holds no store: a device is answered only after rs has committed. Push
 * confirmations, done-requests and tunnels are not served in this version: HTTP 503, which devices
 * retry.
 */
#ifndef RV_PROXY_PROXY_H
#define RV_PROXY_PROXY_H

#include "app/duty.h"

/* proxy_spec_dep: tables only; the code is in proxy_dep. */
extern const struct rv_duty_spec rv_proxy_duty_spec;
extern const struct rv_conf_section rv_proxy_sections[];
extern const size_t rv_proxy_section_count;

/* Its messages, for the process that serves devices of TLS 1.0 (proxy_dep). */
struct rv_edge_opt;
extern const struct rv_edge_opt rv_proxy_edge;

extern const struct rv_duty_code rv_proxy_code; /* proxy_dep */

#endif
