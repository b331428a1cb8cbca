/* role.h - what an API token allows. Pure.
 *
 * Rights are those of contract/ops: "<noun>.read", "<noun>.write", "feed.read", "feed.report".
 */
#ifndef RV_RS_ROLE_H
#define RV_RS_ROLE_H

#include "contract/rv_contract_types.h"

/*   admin     everything
 *   operator  everything but tokens, feeds (a feed holds the secrets of all devices) and
 *             secret.reveal (so do the configs that pulls delivered)
 *   viewer    what ends in ".read", without these
 *   ls        feed.read and feed.report
 * A role that is none of these, as of a newer version, allows nothing. */
bool rs_role_allows(enum rv_role role, const char *right);

#endif
