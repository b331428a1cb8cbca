/* edge.h - the life of a duty whose whole task is fronts: start, stop, metrics.
 *
 *   ls, proxy   one front on listening sockets, TLS 1.2 and newer
 *   legacy      both fronts, TLS 1.0, for sockets that those two hand over
 *
 * The owner's state is a struct rv_edge; messages become bus requests to one other duty.
 *
 * A client that offers TLS 1.1 at most is handed to the duty `legacy` when the item says so. Else
 * it is told by an alert in plain bytes, counted, and logged once per address and day. One that
 * says it only fell back from something better gets the alert in any case (RFC 7507): we could do
 * better, so somebody in between made it fall back. When `legacy` does not run at the moment, or
 * has too many waiting, the socket is reset: the device tries again.
 */
#ifndef RV_ARMSFRONT_EDGE_H
#define RV_ARMSFRONT_EDGE_H

#include "app/duty.h"
#include "contract/desc.h"
#include "server/armsfront/front.h"

enum { EDGE_TIMEOUT_US = 10 * 1000 * 1000 }; /* for the duty behind; then the device hears 301 */

enum { RV_EDGE_DOORS_MAX = 2 };

struct rv_edge;

/* How one type of message travels to the duty behind and what of its answer the device gets. */
struct rv_edge_route {
	enum rv_armsxml_type type;
	const char *peer, *method; /* "rs", "rs.pull" */
	const struct rv_contract_type *in, *out;
	/* Fill *in (of type in); strings may point into the request. */
	void (*to_bus)(const struct rv_front_request *request, struct rv_arena *arena, void *in);
	/* Fill *res from *out; RV_OK or what rv_front_fail() takes. */
	int (*from_bus)(const void *out, struct rv_arena *arena, struct rv_armsxml_response *res);
};

struct rv_edge_opt {
	const char *section; /* of the config, with listen, certificate, key, RV_FRONT_ITEMS */
	struct rv_front_words words;
	bool asks_client_certificate; /* item client_ca */
	const struct rv_edge_route *routes;
	size_t route_count;
};

/* opt lives as long as the process. */
int rv_edge_start(struct rv_duty *duty, const struct rv_edge_opt *opt, void **state,
		  struct rv_diag *diag) RV_MUSTCHECK;
/* One front per entry whose section says `legacy`. */
int rv_edge_start_legacy(struct rv_duty *duty, const struct rv_edge_opt *const *opts, size_t n,
			 void **state, struct rv_diag *diag) RV_MUSTCHECK;
/* For struct rv_duty_code. */
int rv_edge_reload(void *state, struct rv_conf *conf, struct rv_diag *diag);
void rv_edge_drain(void *state);
void rv_edge_stop(void *state);
void rv_edge_metrics(void *state, struct rv_buf *out);

#endif
