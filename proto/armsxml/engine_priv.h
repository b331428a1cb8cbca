/* engine_priv.h - expat walks the tables of table_priv.h and fills a message struct.
 *
 *   stack of frames      elements that tables know, each with the struct its children fill
 *   skipped              depth inside an unknown element: nothing is looked at
 *   flattened            depth inside children of a leaf (lenient only): text counts
 *
 * Strict (servers): DTDs, doubled values, children in a leaf, too many items are failures.
 * Lenient (devices): see rv_armsxml_reader_feed in parse.h.
 */
#ifndef RV_PROTO_ARMSXML_ENGINE_PRIV_H
#define RV_PROTO_ARMSXML_ENGINE_PRIV_H

#include <expat.h>

#include "proto/armsxml/delivery_priv.h"
#include "proto/armsxml/table_priv.h"

struct rv_armsxml_frame {
	const struct rv_armsxml_elem *elem;
	const struct rv_armsxml_elem *children;
	char *value;
	uint32_t seen; /* bit i: children[i] has been there */
};

struct rv_armsxml_selected {
	const struct rv_armsxml_elem *children;
	void *value; /* the struct they fill */
};

struct rv_armsxml_engine {
	/* Set by the owner before init; the rest is the engine's. */
	bool is_strict;
	size_t doc_max; /* bytes; below INT_MAX */
	struct rv_arena *arena;
	const struct rv_armsxml_elem *root;   /* table with the one element a document is */
	void *target;                         /* struct rv_armsxml_request or _response */
	struct rv_armsxml_delivery *delivery; /* NULL when no table has modules or items */
	/* What is below a BY_TYPE element, type NULL when the attribute is missing. children NULL:
	 * this type is unknown. select is NULL when no element is BY_TYPE. */
	struct rv_armsxml_selected (*select)(void *target, const struct rv_armsxml_elem *elem,
					     const char *type);

	XML_Parser expat;
	struct rv_diag *diag; /* of the current call; may be NULL */
	size_t doc_bytes;
	size_t seen_bytes; /* doc_bytes when expat last found something whole in them */
	struct rv_armsxml_frame stack[RV_ARMSXML_DEPTH_MAX];
	unsigned frames;
	unsigned depth;
	unsigned skipped;
	unsigned flattened;
	struct rv_buf text; /* of the open leaf */
	bool is_cut;        /* there was more of it than it may have, from this place on */
	unsigned cut_line;
	unsigned cut_column;
	bool has_operation;
	bool is_done;
	int err;
};

int rv_armsxml_engine_init(struct rv_armsxml_engine *e) RV_MUSTCHECK;
void rv_armsxml_engine_deinit(struct rv_armsxml_engine *e);
int rv_armsxml_engine_feed(struct rv_armsxml_engine *e, struct rv_str piece, bool is_final,
			   struct rv_diag *diag) RV_MUSTCHECK;
/* Record a failure at the current place; returns e->err (the first failure wins). */
int rv_armsxml_engine_fail(struct rv_armsxml_engine *e, int err, const char *key,
			   const char *element, const char *what);

#endif
