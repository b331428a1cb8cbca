/* help.h - what `reeve ctl --help` says, from the contract's tables. */
#ifndef RV_CMD_CTL_HELP_H
#define RV_CMD_CTL_HELP_H

#include "base/buf.h"
#include "contract/desc.h"
#include "contract/texts.h"

/* Help on one command, or on everything (op == NULL). */
void ctl_help(enum rv_lang lang, const struct rv_contract_op *op, struct rv_buf *out);

#endif
