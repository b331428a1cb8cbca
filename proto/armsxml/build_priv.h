/* build_priv.h - what build.c and push_build.c share: tables to bytes. */
#ifndef RV_PROTO_ARMSXML_BUILD_PRIV_H
#define RV_PROTO_ARMSXML_BUILD_PRIV_H

#include "base/buf.h"
#include "proto/armsxml/table_priv.h"

struct rv_armsxml_writer {
	struct rv_buf *out;
	bool is_from_device; /* escape as the original client does */
	bool is_negative;    /* the operation element stays empty */
};

/* All values that `table` knows of the struct at `base`. */
void rv_armsxml_put_table(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *table,
			  const char *base);
void rv_armsxml_put_escaped(struct rv_armsxml_writer *w, struct rv_str s, bool is_attribute);
/* The start tag of an item, attributes in the order of the original. */
void rv_armsxml_put_item_start(struct rv_armsxml_writer *w, const struct rv_armsxml_elem *elem,
			       const struct rv_armsxml_item *item);
/* Bytes that a body takes in a message of a server. */
size_t rv_armsxml_body_size(struct rv_str body, bool is_binary);

#endif
