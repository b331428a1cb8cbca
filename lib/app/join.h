/* join.h - ask a running supervisor for a bus link to one of its duties.
 *
 *   caller == connect ==> <state>/bus.sock       "I am rsapi, give me rs"
 *   caller <== one fd === supervisor             (the other end goes to the duty)
 *
 * For whoever is not a child of that supervisor: librsapi (the pseudo duty "rsapi", which may call
 * `rs.op` and the like). The fd is one end of a SOCK_SEQPACKET pair, a direct line: neither of its
 * ends, nor the supervisor's further life, depends on bus.sock. When the duty ends, the link ends;
 * then ask again:
 *
 *   r = rv_app_join(path, "rsapi", RV_APP_INSTANCE_ANY, "rs", &link);
 *   r = rv_bus_new(loop, "rsapi", link.self_instance, &bus);
 *   r = rv_bus_attach(bus, "rs", link.peer_instance, link.fd);
 *   ... requests from rv_bus_on_link's call on
 *
 * The supervisor hands out only what the tables (app/duty.h) of `self` and `peer` allow, and only
 * to processes of its own uid or of root. This end believes nothing that comes over the socket
 * either.
 *
 * Blocks up to RV_APP_JOIN_TIMEOUT_MS; no shared state: safe from any thread. The messages are
 * those of app/control_priv.h.
 */
#ifndef RV_APP_JOIN_H
#define RV_APP_JOIN_H

#include "base/err.h"

enum {
	RV_APP_JOIN_TIMEOUT_MS = 5000,
	/* `instance` of a caller that is no numbered duty: the supervisor numbers it. */
	RV_APP_INSTANCE_ANY = 0xffff,
};

struct rv_app_link {
	int fd;                 /* the caller's to close; non-blocking, close-on-exec */
	unsigned self_instance; /* the number under which the duty knows the caller: the bus checks
				   it */
	unsigned peer_instance;
};

/* `path`: the other supervisor's bus.sock. `self`, `instance`: who asks (librsapi: "rsapi",
 * RV_APP_INSTANCE_ANY). `peer`: the duty wanted; of several instances, the lowest numbered one
 * that runs.
 *
 * RV_ENOTFOUND: nobody listens at path (no supervisor there), or it runs no such duty.
 * RV_EDENIED: not this uid, or the tables do not join these two.
 * RV_EEXISTS: a duty of that name and instance runs or is joined there already.
 * RV_EBUSY: the duty is being restarted now, or too many wait; try later.
 * RV_EINVALID: path or a name too long, or a name no supervisor knows.
 * RV_ETIMEOUT, RV_ECLOSED; RV_ESYNTAX, RV_EVERSION: the other end does not speak this protocol. */
int rv_app_join(const char *path, const char *self, unsigned instance, const char *peer,
		struct rv_app_link *out) RV_MUSTCHECK;

#endif
