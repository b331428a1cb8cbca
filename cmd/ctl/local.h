/* local.h - the commands that are more than one operation (contract/local): what they do.
 *
 * They get a connection and the checked input of their command, and leave an exit status
 * (enum rv_ctl_exit). What they have to say goes to standard output; mistakes, to standard error.
 */
#ifndef RV_CMD_CTL_LOCAL_H
#define RV_CMD_CTL_LOCAL_H

#include "cmd/ctl/show.h"
#include "cmd/ctl/source.h"
#include "rsapi/rsapi.h"

struct ctl_local {
	struct ctl_io *io;
	struct rsapi *api;
	const struct rv_contract_op *op;
	const void *in; /* struct of op->in */
	const struct ctl_style *style;
	struct rv_buf *out; /* printed by the caller */
};

/* `op` is one of rv_contract_locals. */
int ctl_local_run(const struct ctl_local *local);

/* The exit status for a code of an operation. */
int ctl_exit_of(int code);
/* "reeve ctl: TEXT" on standard error. */
void ctl_complain(const struct rv_buf *text);

/* import.c: device import. export.c: device export. */
int ctl_import(const struct ctl_local *local);
int ctl_export(const struct ctl_local *local);

#endif
