/* delivery_priv.h - modules and configs on their way to the device, while the answer arrives.
 *
 * Keeps the module list, decodes Base64, cuts configs into pieces and calls the sink. Told
 * what happens by the engine; every int result is RV_OK or the reason to stop.
 * Source: spec/arms-protocol.md section 7, spec/libarms-api.md 9.1.
 */
#ifndef RV_PROTO_ARMSXML_DELIVERY_PRIV_H
#define RV_PROTO_ARMSXML_DELIVERY_PRIV_H

#include "base/arena.h"
#include "base/codec.h"
#include "proto/armsxml/parse.h"

struct rv_armsxml_delivery {
	struct rv_armsxml_sink sink;
	struct rv_arena *arena;
	struct rv_armsxml_response *res; /* its module list grows; its code mutes */
	size_t module_cap;
	bool is_listed;                  /* the sink has been told the list */
	struct rv_armsxml_module module; /* whose element is open */
	/* Of the md-config that is open: */
	const struct rv_armsxml_module *target; /* NULL: nobody wants it */
	bool is_base64;
	bool is_first;
	struct rv_base64 base64;
	struct rv_buf piece;
};

int rv_armsxml_delivery_module_begin(struct rv_armsxml_delivery *d, const char **attributes);
int rv_armsxml_delivery_module_end(struct rv_armsxml_delivery *d, struct rv_str infostring);
int rv_armsxml_delivery_config_begin(struct rv_armsxml_delivery *d, const char **attributes);
int rv_armsxml_delivery_config_data(struct rv_armsxml_delivery *d, struct rv_str text);
int rv_armsxml_delivery_config_end(struct rv_armsxml_delivery *d);
int rv_armsxml_delivery_end(struct rv_armsxml_delivery *d);
void rv_armsxml_delivery_deinit(struct rv_armsxml_delivery *d);

#endif
