/* log_priv.h - the logger with its clocks as parameters, for tests of the rate limit. */
#ifndef RV_LOG_LOG_PRIV_H
#define RV_LOG_LOG_PRIV_H

#include "log/log.h"

enum {
	RV_LOG_EVENTS_MAX = 512, /* events with a rate limit of their own; the rest share one */
	RV_LOG_VALUE_MAX = 1024, /* bytes of one value; what is longer ends in "..." */
};

struct rv_log_now {
	int64_t utc_us;  /* shown as ts */
	int64_t boot_us; /* judged by the rate limit */
};

void rv_log_write_at(struct rv_log_now now, enum rv_log_level level, const char *event,
		     const struct rv_log_kv *kv, size_t n);

#endif
