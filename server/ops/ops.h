/* ops.h - the bus method "<owner>.op" of a duty that owns operations and is not rs.
 *
 *   caller --<owner>.op--> ops --may it? (rs.token-check)--> the owner's function, input checked
 *          <-- rs.op.out -- rv_ops_reply() or rv_ops_refuse(), now or later
 *
 * librsapi's end of a link is trusted: the supervisor looked at its uid. Anybody else needs a token
 * with the operation's right, and rs is asked each time. When rs cannot be reached (or its database
 * is away), what it said in the last RV_PASS_US counts. The duty's table has "rs.token-check" among
 * its calls.
 *
 * Single-threaded, on the bus's loop. Callers are untrusted.
 */
#ifndef RV_SERVER_OPS_OPS_H
#define RV_SERVER_OPS_OPS_H

#include "base/arena.h"
#include "base/diag.h"
#include "bus/bus.h"
#include "contract/desc.h"

#define RV_OPS_CHECK_US INT64_C(2000000) /* for rs to answer */

enum {
	RV_OPS_CALLS_MAX = 32, /* at a time; one more is told RV_EBUSY */
	RV_OPS_ARENA_MAX = 4 * 1024 * 1024,
};

struct rv_ops;
struct rv_ops_call;

/* `in` is a checked struct of op->in, the call's. Leads to one reply or refusal. */
typedef void (*rv_ops_fn)(void *arg, struct rv_ops_call *call, const struct rv_contract_op *op,
			  const void *in);

/* Serve the operations of `owner` (lent), which is this duty. -ENOMEM, or of rv_bus_serve. */
int rv_ops_new(struct rv_bus *bus, const char *owner, rv_ops_fn fn, void *arg,
	       struct rv_ops **out) RV_MUSTCHECK;
/* When the bus has been freed. NULL allowed. */
void rv_ops_free(struct rv_ops *ops);

/* For what belongs to one call. */
struct rv_arena *rv_ops_arena(struct rv_ops_call *call);

/* Each ends the call. `out` is a struct of op->out. */
void rv_ops_reply(struct rv_ops_call *call, const void *out);
void rv_ops_refuse(struct rv_ops_call *call, int err, const struct rv_diag *diag);

#endif
