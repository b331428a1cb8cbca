/* metric.h - figures as Prometheus text: every metric with its HELP and TYPE line.
 *
 *   # HELP reeve_rs_calls_total Calls over the bus.
 *   # TYPE reeve_rs_calls_total counter
 *   reeve_rs_calls_total 5
 *
 * The name is "reeve_<component>_<name>"; one that ends in "_total" is a counter, any other a
 * gauge. Failures stay in the buffer.
 */
#ifndef RV_BASE_METRIC_H
#define RV_BASE_METRIC_H

#include "base/buf.h"

struct rv_metric {
	const char *name;
	const char *help; /* one English sentence, no backslash, no line end */
	uint64_t value;
};

/* The HELP and TYPE lines alone, for metrics with labels. */
void rv_metric_head(struct rv_buf *out, const char *component, const char *name, const char *help);
void rv_metric_put(struct rv_buf *out, const char *component, const struct rv_metric *metrics,
		   size_t n);
/* Microseconds shown as seconds with six decimals. */
void rv_metric_put_seconds(struct rv_buf *out, const char *component,
			   const struct rv_metric *metric);

#endif
