/* upgrade.h - what a store of an older release lacks and SQL cannot make. Inside a work function.
 */
#ifndef RV_RS_UPGRADE_H
#define RV_RS_UPGRADE_H

#include "server/rs/core.h"

/* Records of certificates that were made before there were records: what they say is read from the
 * certificates. Once per store; a certificate that cannot be read stays as it is. Codes of
 * rv_db_query, -ENOMEM. */
int rs_upgrade_certificates(struct rs_ctx *ctx) RV_MUSTCHECK;

/* *is_same: the first release knew this store, with the CA that is handed out now. It kept the
 * SHA-256 of the text of the file. */
int rs_upgrade_knows_ca(struct rs_ctx *ctx, bool *is_same) RV_MUSTCHECK;

#endif
