/* report.h - how everything is, from what the duties say: the answer of system.status.
 *
 *   rv_report_init     the roster: each process, its state
 *   rv_report_health   by `duty.health`: why it is not ready
 *   rv_report_metrics  by `duty.metrics`: listeners, sandbox, connections, stores, certificates
 *   rv_report_finish   what the operator should know of it; are all ready?
 *
 * Pure. The texts are untrusted: lines out of format, names not known here and what is beyond the
 * limits of the operation are passed over; a duty's word counts for itself only. Not thread-safe.
 */
#ifndef RV_SERVER_STATUS_REPORT_H
#define RV_SERVER_STATUS_REPORT_H

#include "app/duty.h"
#include "base/arena.h"
#include "contract/rv_contract_types.h"

enum {
	/* As in contract/ops/system.json. */
	RV_REPORT_NOTICES_MAX = 512,
	RV_REPORT_EDGES_MAX = 16,
	RV_REPORT_STORES_MAX = 16,
	RV_REPORT_CERTIFICATES_MAX = 32,

	RV_REPORT_EXPIRY_DAYS = 30, /* a certificate that ends within is worth a notice */
};

struct rv_report {
	struct rv_arena *arena;
	int64_t now_us; /* UTC */
	bool is_full;   /* the arena is */
	const struct rv_duty_info *list;
	struct rv_process_info *processes; /* as list */
	struct rv_edge_state *edges;
	struct rv_store_state *stores;
	struct rv_own_certificate *certificates;
	struct rv_notice *notices;
	struct rv_system_status_out out;
};

/* list, of at most RV_DUTY_ROSTER_MAX, is lent to the end. */
void rv_report_init(struct rv_report *report, struct rv_arena *arena, int64_t now_us,
		    const struct rv_duty_info *list, size_t n);
/* Of list[i]: how the question ended, and the answer. Texts are copied. */
void rv_report_health(struct rv_report *report, size_t i, int status, struct rv_str reason);
void rv_report_metrics(struct rv_report *report, size_t i, struct rv_str text);

/* Within the limits of the contract; in the arena. -ENOMEM: the arena was full. */
int rv_report_finish(struct rv_report *report,
		     const struct rv_system_status_out **out) RV_MUSTCHECK;

#endif
