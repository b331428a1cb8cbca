/* status_priv.h - the duty's state. Private to server/status. */
#ifndef RV_SERVER_STATUS_STATUS_PRIV_H
#define RV_SERVER_STATUS_STATUS_PRIV_H

#include "server/ops/ops.h"
#include "server/status/ask.h"
#include "server/status/server.h"

struct status {
	struct rv_duty *duty;
	struct rv_status_server *server;
	struct rv_ops *ops;
	struct rv_duty_info roster[RV_DUTY_ROSTER_MAX];
	size_t roster_count;
	uint64_t pages; /* answered, reports included */
	uint64_t malformed_lines;
	unsigned open_pages; /* waiting for answers of duties: at most RV_ASK_TIMEOUT_US */
	bool is_stopping;
};

/* One of open_pages has had its answer. */
void status_page_ended(struct status *status);

/* A rv_ops_fn; `arg` is the struct status. */
void status_on_op(void *arg, struct rv_ops_call *call, const struct rv_contract_op *op,
		  const void *in);

#endif
