/* start_priv.h - the body of START and RELOAD: how a duty is to run. Pure.
 *
 *   level NUL format                                               RELOAD
 *   level NUL format NUL rights NUL state dir [NUL ticket keys]    START
 *   level NUL format NUL state dir                                 START of a supervisor that knew
 * no sandbox: none is wanted
 *
 * A supervisor starts the program that it finds: after an upgrade of the files a duty may be newer
 * than its supervisor. So these layouts are read for ever (contract/README.md).
 */
#ifndef RV_APP_START_PRIV_H
#define RV_APP_START_PRIV_H

#include "app/rights_priv.h"
#include "log/log.h"

struct rv_start {
	enum rv_log_level level;
	enum rv_log_format format;
	struct rv_rights_user user;
	struct rv_str state_dir; /* lent; absolute. Empty: RELOAD */
	struct rv_str keys;      /* lent; of tickets, may be empty */
};

/* The first two fields. RV_EINVALID: no such level. */
int rv_start_decode_log(struct rv_str body, struct rv_start *out) RV_MUSTCHECK;
/* All. RV_EINVALID, RV_ESYNTAX. */
int rv_start_decode(struct rv_str body, struct rv_start *out) RV_MUSTCHECK;

#endif
