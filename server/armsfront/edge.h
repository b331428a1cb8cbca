/* edge.h - the life of a duty whose whole task is a front: start, stop, metrics.
 *
 * The owner's state is a struct rv_edge; messages become bus requests to one other duty.
 */
#ifndef RV_ARMSFRONT_EDGE_H
#define RV_ARMSFRONT_EDGE_H

#include "app/duty.h"
#include "contract/desc.h"
#include "server/armsfront/front.h"

enum { EDGE_TIMEOUT_US = 10 * 1000 * 1000 }; /* for the duty behind; then the device hears 301 */

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
	const char *section; /* of the config, with listen, certificate, key, conns_max */
	struct rv_front_words words;
	bool asks_client_certificate; /* item client_ca */
	const struct rv_edge_route *routes;
	size_t route_count;
};

int rv_edge_start(struct rv_duty *duty, const struct rv_edge_opt *opt, void **state,
		  struct rv_diag *diag) RV_MUSTCHECK;
/* For struct rv_duty_code. */
void rv_edge_stop(void *state);
void rv_edge_metrics(void *state, struct rv_buf *out);

#endif
