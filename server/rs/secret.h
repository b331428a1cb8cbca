/* secret.h - secrets that configs refer to: sealed, versioned, put in when a config is delivered.
 *
 *   module body (uses_secrets): "... ${secret:NAME} ..."      reference.h
 *   secret NAME --< secret_version (box, label "secret.value", its id)
 *   pull --< pull_secret >-- secret_version                   so a past pull can be rebuilt
 *
 * A value is never in an answer of the API but that of pull.reveal. Inside a db work function.
 */
#ifndef RV_RS_SECRET_H
#define RV_RS_SECRET_H

#include "server/rs/core.h"

/* Are the references of these modules well-formed, is there a secret of each name, and may it grow
 * so large? RV_EINVALID, RV_ELIMIT with diag, or a code of the store. */
int rs_secret_check_uses(struct rs_ctx *ctx, const struct rv_module *modules, size_t n,
			 struct rv_diag *diag) RV_MUSTCHECK;

/* Remember the names that a content refers to. */
int rs_secret_note_uses(struct rs_ctx *ctx, int64_t content_id, struct rv_str body) RV_MUSTCHECK;

/* Put the values of now into the modules, which are altered to what the device gets, and remember
 * which values they were. */
int rs_secret_deliver(struct rs_ctx *ctx, int64_t pull_id, struct rv_module *modules,
		      size_t n) RV_MUSTCHECK;

/* Put in the values that the pull delivered. */
int rs_secret_redeliver(struct rs_ctx *ctx, int64_t pull_id, struct rv_module *modules,
			size_t n) RV_MUSTCHECK;

#endif
