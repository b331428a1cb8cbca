#include "base/metric.h"

#include <inttypes.h>
#include <string.h>

#include "base/time.h"

void rv_metric_head(struct rv_buf *out, const char *component, const char *name, const char *help)
{
	static const char suffix[] = "_total";
	size_t len = strlen(name), tail = sizeof(suffix) - 1;
	bool is_counter = len > tail && strcmp(name + len - tail, suffix) == 0;

	rv_buf_printf(out, "# HELP reeve_%s_%s %s\n# TYPE reeve_%s_%s %s\n", component, name, help,
		      component, name, is_counter ? "counter" : "gauge");
}

void rv_metric_put(struct rv_buf *out, const char *component, const struct rv_metric *metrics,
		   size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct rv_metric *m = &metrics[i];

		rv_metric_head(out, component, m->name, m->help);
		rv_buf_printf(out, "reeve_%s_%s %" PRIu64 "\n", component, m->name, m->value);
	}
}

void rv_metric_put_seconds(struct rv_buf *out, const char *component,
			   const struct rv_metric *metric)
{
	uint64_t second_us = RV_US_PER_SEC;

	rv_metric_head(out, component, metric->name, metric->help);
	rv_buf_printf(out, "reeve_%s_%s %" PRIu64 ".%06" PRIu64 "\n", component, metric->name,
		      metric->value / second_us, metric->value % second_us);
}
