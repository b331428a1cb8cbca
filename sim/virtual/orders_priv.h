/* orders_priv.h - one order on its way. orders.c gives it, verdict.c judges what comes of it.
 * Private to these two. */
#ifndef RV_SIM_VIRTUAL_ORDERS_PRIV_H
#define RV_SIM_VIRTUAL_ORDERS_PRIV_H

#include "contract/rv_contract.h"
#include "sim/virtual/orders.h"

enum { VW_JOB_TEXT_MAX = 32, VW_JOB_ARENA_MAX = 16 * 1024 * 1024 };

enum vw_job_kind {
	VW_CREATE,
	VW_DELETE,
	VW_SET,
	VW_SWITCH,
	VW_DESCRIBE,
	VW_LOOK,    /* at the device */
	VW_INSPECT, /* its startup config */
	VW_RECALL,  /* its pulls */
	VW_KNOW,    /* its running config */
	VW_PLACE,   /* a version of the Location-Config */
	VW_LOCATE,  /* look at it */
};

struct vw_job {
	struct vw_orders *orders;
	struct vw_subject *subject; /* NULL: the Location-Config */
	enum vw_job_kind kind;
	uint32_t number; /* order of its ledger */
	uint32_t births, delivered;
	bool is_audit;
	char text[VW_JOB_TEXT_MAX];
	struct rv_buf bodies;
	struct rv_module modules[VW_MODULES_MAX];
};

/* By kind: the operation, its input, and the output that is looked at (NULL: none). */
struct vw_job_op {
	const char *op;
	const struct rv_contract_type *in, *out;
};
extern const struct vw_job_op vw_job_ops[];

bool vw_job_is_look(enum vw_job_kind kind);
/* That of what it changes; NULL: none. */
struct vw_ledger *vw_job_ledger(const struct vw_job *job);
/* It has ended; its ledger knows. `body` is the output when it was acknowledged. */
void vw_job_judge(struct vw_job *job, enum vw_fate fate, int status, struct rv_str body);

#endif
