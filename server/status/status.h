/* status.h - the duty `status`: one place to ask how all the others are.
 *
 *   GET /metrics   Prometheus text format 0.0.4: every duty's metrics with labels duty and instance
 *   GET /healthz   200 as long as the supervisor lives (status dies with it)
 *   GET /readyz    200, or 503 and one line per duty that is not ready: "proxy.0: reason"
 *
 * and the operation system.status, over the bus (`status.op`, server/ops): all of that in one
 * answer, also while rs is down.
 *
 * The pages: plain HTTP/1.1; 127.0.0.1:9090 under `reeve serve`. The pages name processes and
 * counts, no device and no tenant.
 */
#ifndef RV_SERVER_STATUS_STATUS_H
#define RV_SERVER_STATUS_STATUS_H

#include "app/duty.h"

extern const struct rv_duty_spec rv_status_duty_spec;
extern const struct rv_conf_section rv_status_sections[];
extern const size_t rv_status_section_count;

extern const struct rv_duty_code rv_status_code; /* needs status_dep, not only status_spec_dep */

#endif
