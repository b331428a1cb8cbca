/* delivery_priv.h - modules, configs and items on their way to the sink, while the document
 * arrives.
 *
 * Keeps the lists, decodes Base64, cuts bodies into pieces and calls the sink. Told
 * what happens by the engine; every int result is RV_OK or the reason to stop.
 * Source: spec/arms-protocol.md section 7, spec/libarms-api.md 9.1.
 */
#ifndef RV_PROTO_ARMSXML_DELIVERY_PRIV_H
#define RV_PROTO_ARMSXML_DELIVERY_PRIV_H

#include "base/arena.h"
#include "base/codec.h"
#include "proto/armsxml/parse.h"
#include "proto/armsxml/push.h"

struct rv_armsxml_delivery {
	struct rv_armsxml_sink sink;
	struct rv_arena *arena;
	/* Where the lists are kept, and what mutes: members of the message struct. NULL: the
	 * message has no such thing. */
	struct rv_armsxml_module **modules;
	size_t *module_count;
	struct rv_armsxml_item **items;
	size_t *item_count;
	const struct rv_armsxml_int *code;
	bool is_empty_told; /* a list of no modules is told as well */

	size_t module_cap;
	size_t item_cap;
	bool is_listed;                  /* the sink has been told the list */
	struct rv_armsxml_module module; /* whose element is open */
	/* Of the md-config or item that is open: */
	const struct rv_armsxml_module *target; /* NULL: an item, or nobody wants it */
	const struct rv_armsxml_item *item;     /* NULL: an md-config, or nobody wants it */
	bool is_base64;
	bool is_first;
	struct rv_base64 base64;
	struct rv_buf piece;
};

int rv_armsxml_delivery_module_begin(struct rv_armsxml_delivery *d, const char **attributes);
int rv_armsxml_delivery_module_end(struct rv_armsxml_delivery *d, struct rv_str infostring);
int rv_armsxml_delivery_config_begin(struct rv_armsxml_delivery *d, const char **attributes);
/* id_name: "id", or "hop". */
int rv_armsxml_delivery_item_begin(struct rv_armsxml_delivery *d, const char *id_name,
				   const char **attributes);
/* Of an md-config or item. */
int rv_armsxml_delivery_data(struct rv_armsxml_delivery *d, struct rv_str text);
int rv_armsxml_delivery_data_end(struct rv_armsxml_delivery *d);
int rv_armsxml_delivery_end(struct rv_armsxml_delivery *d);
void rv_armsxml_delivery_deinit(struct rv_armsxml_delivery *d);

#endif
