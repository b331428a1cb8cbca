/* legacy.h - duty `legacy`: LS and ARMS Proxy for devices that speak TLS 1.0 only (libarms of
 * 2014).
 *
 *   device --ClientHello--> ls, proxy --socket, "ls" or "proxy"--> legacy --ls.solicit--> lsstore
 *                                                                        --rs.pull, ...--> rs
 *
 * One more process, so that what TLS 1.0 needs (security level 0, CBC with one record per write)
 * exists in no other. It has no listening socket, no store and no keys but those of the two
 * servers; its rights are an edge's. It runs when ls.legacy or proxy.legacy say so.
 */
#ifndef RV_LEGACY_LEGACY_H
#define RV_LEGACY_LEGACY_H

#include "app/duty.h"

/* legacy_spec_dep. Tables of the duty for a supervisor that runs the edges `ls`, `proxy`, or both,
 * with this configuration; NULL: it is not wanted. */
const struct rv_duty_spec *rv_legacy_spec(const struct rv_conf *conf, bool has_ls, bool has_proxy);
/* All that it may ever call and be given: the supervisor's table of peers. */
extern const struct rv_duty_spec rv_legacy_duty_spec;

/* legacy_dep */
int rv_legacy_main(int argc, char **argv);

#endif
