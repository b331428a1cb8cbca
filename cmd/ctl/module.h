/* module.h - one module on the command line.
 *
 *   ID[:binary|:secrets][,version=V][,info=TEXT]=FILE   the config is the file's contents
 *   ID[:binary][,version=V][,info=TEXT][=]              a module without config
 *
 * The last '=' stands before FILE: V and TEXT may hold '=', but no ','. For more, use --file.
 */
#ifndef RV_CMD_CTL_MODULE_H
#define RV_CMD_CTL_MODULE_H

#include "cmd/ctl/source.h"
#include "contract/rv_contract.h"

/* Fills *out; its strings are in io's arena or point into `text`. RV_EINVALID with io->err. */
int ctl_module_parse(struct ctl_io *io, const char *text, struct rv_module *out) RV_MUSTCHECK;

#endif
