/* sample.h - one sample line of the Prometheus text format 0.0.4, taken apart.
 *
 *   reeve_x_total{kind="a",of="b"} 12.5 1700000000000
 *   name          labels           value
 *
 * Pure and total over untrusted bytes; results are lent from the line.
 */
#ifndef RV_SERVER_STATUS_SAMPLE_H
#define RV_SERVER_STATUS_SAMPLE_H

#include "base/err.h"
#include "base/str.h"

enum { RV_SAMPLE_VALUE_MAX = 63 }; /* bytes of value and time stamp */

struct rv_sample {
	struct rv_str name;
	struct rv_str labels; /* without the braces; well-formed */
	struct rv_str value;  /* a number, and perhaps a time stamp */
};

/* is_ours_reserved: the labels duty and instance are not allowed. RV_ESYNTAX. */
int rv_sample_parse(struct rv_str line, bool is_ours_reserved, struct rv_sample *out) RV_MUSTCHECK;

/* The value of a label as it stands, escapes included; empty: there is none. */
struct rv_str rv_sample_label(const struct rv_sample *sample, const char *name);

double rv_sample_number(const struct rv_sample *sample);

/* Length of the name at the front of s; 0 = none. Colons only in names of metrics. */
size_t rv_sample_name_length(struct rv_str s, bool may_colon);

#endif
