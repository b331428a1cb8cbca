/* location.h - what the LS told the device: its RSs, how to reach them, how to retry.
 *
 * Lines and the trust anchor come from the md-config of the first RS only: one anchor serves
 * all RSs, as for the original client. Source: spec/arms-protocol.md 3.4, 6.2.
 */
#ifndef RV_DEVICE_LIBARMS_CORE_LOCATION_H
#define RV_DEVICE_LIBARMS_CORE_LOCATION_H

#include "base/diag.h"
#include "device/libarms/core/line.h"
#include "proto/armshttp/url.h"
#include "proto/armsxml/message.h"

struct rv_sa_location { /* all-zero: nothing known */
	char rs_urls[MAX_RS_INFO][RV_ARMSHTTP_URL_MAX + 1];
	size_t rs_count;
	size_t rs_index; /* the RS that answered last */
	struct rv_sa_line lines[ARMS_MAX_LINE];
	size_t line_count;
	size_t line_index; /* the line that worked last */
	char *anchor;      /* PEM of the RS CA, owned; NULL: none, no RS can be trusted */
	int32_t retry_max;
	int32_t retry_interval_s;
	int32_t ll_timeout_s;
};

/* Passwords are wiped. Leaves an all-zero struct. */
void rv_sa_location_deinit(struct rv_sa_location *loc);

/* From a successful LS answer. Numbers that are missing or negative count as 0.
 * RV_EINVALID: an md-config is empty (a fault the device reboots for, spec 10.47);
 * RV_ESYNTAX, RV_ELIMIT: the text of the first cannot be read; -ENOMEM. *out untouched then. */
int rv_sa_location_from_answer(const struct rv_armsxml_response *answer, struct rv_sa_location *out,
			       struct rv_diag *diag) RV_MUSTCHECK;

#endif
