/* help.h - what `reeve ctl --help` says, from the contract's tables. */
#ifndef RV_CMD_CTL_HELP_H
#define RV_CMD_CTL_HELP_H

#include "base/buf.h"
#include "contract/desc.h"
#include "contract/texts.h"

/* Help on one command; op == NULL: a list of those of a noun ("device"), or of all (noun == NULL).
 */
void ctl_help(enum rv_lang lang, const struct rv_contract_op *op, const char *noun,
	      struct rv_buf *out);

#endif
