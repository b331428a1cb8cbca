/* join_priv.h - the connection both askers make: rv_app_join() and a supervisor that joins. */
#ifndef RV_APP_JOIN_PRIV_H
#define RV_APP_JOIN_PRIV_H

#include "base/err.h"

/* Connect to a bus.sock; *out_fd non-blocking, close-on-exec. A connect on a Unix socket does not
 * wait. RV_ENOTFOUND: nobody listens; RV_EINVALID: path too long; RV_EBUSY: its queue is full;
 * RV_EDENIED: no permission. */
int rv_join_connect(const char *path, int *out_fd) RV_MUSTCHECK;

#endif
