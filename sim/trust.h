/* trust.h - the TLS contexts of a fleet: whom its devices believe.
 *
 * Without a certificate of its own a device shares its context with all that trust the same anchor
 * in the same versions; most of what a connection needs is made once then.
 */
#ifndef RV_SIM_TRUST_H
#define RV_SIM_TRUST_H

#include "device/libarms/core/rest.h"
#include "sim/scenario.h"
#include "tls/tls.h"

enum { SIM_TLS_KINDS = SIM_TLS_13 + 1, SIM_ANCHORS_MAX = 4 };

struct sim_trust { /* all-zero: nothing known yet */
	struct {
		char *anchor; /* owned */
		struct rv_tls_ctx *tls;
	} of[2][SIM_TLS_KINDS]; /* the LS, the RS */
	/* Anchors that devices at rest need not hold themselves; one that was taken up stays. */
	struct rv_str anchors[SIM_ANCHORS_MAX];
	size_t anchor_count;
};

/* For the connection of an OPEN; *out is a reference of the caller's. RV_ETLS, -ENOMEM. */
int sim_trust_get(struct sim_trust *trust, const struct rv_sa_action *act, enum sim_tls tls,
		  struct rv_tls_ctx **out) RV_MUSTCHECK;
/* For fold and unfold; valid until the next call here. */
struct rv_sa_shared sim_trust_shared(const struct sim_trust *trust);
void sim_trust_deinit(struct sim_trust *trust);

#endif
