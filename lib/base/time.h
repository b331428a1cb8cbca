/* time.h - int64 microseconds everywhere; the only place that reads a clock.
 *
 * Cores take time as a parameter; only shells call rv_time_*. In a virtual world (base/virtual.h)
 * they tell its time.
 */
#ifndef RV_BASE_TIME_H
#define RV_BASE_TIME_H

#include "base/err.h"
#include "base/str.h"

#define RV_US_PER_MS  INT64_C(1000)
#define RV_US_PER_SEC INT64_C(1000000)

int64_t rv_time_utc_us(void);  /* CLOCK_REALTIME */
int64_t rv_time_boot_us(void); /* CLOCK_BOOTTIME: for deadlines */

enum { RV_TIME_TEXT_LEN = 27 }; /* "2026-11-22T17:48:41.123456Z" */

void rv_time_format(int64_t utc_us, char out[static RV_TIME_TEXT_LEN + 1]);
/* RFC 3339 with any offset and 0..6 fraction digits. RV_ESYNTAX otherwise. */
int rv_time_parse(struct rv_str text, int64_t *out_us) RV_MUSTCHECK;

#endif
