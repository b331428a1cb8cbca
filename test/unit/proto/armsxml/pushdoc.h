/* pushdoc.h - reads a document of the push phase and keeps what the sink got, as text that tests
 * compare and as bodies of the items, so that it can be built again.
 *
 *   "[1,2]"       the module list           "(1:^abc$)"   a piece of module 1's config
 *   "{3:^abc$}"   a piece of item 3
 */
#ifndef TEST_PROTO_ARMSXML_PUSHDOC_H
#define TEST_PROTO_ARMSXML_PUSHDOC_H

#include "base/arena.h"
#include "base/buf.h"
#include "proto/armsxml/push_parse.h"

struct pushdoc {
	size_t fragment_bytes; /* set before reading */
	int result_of_item;    /* what the item callback answers */

	struct rv_arena arena;
	struct rv_buf events;
	struct rv_diag diag;
	struct rv_armsxml_push push;      /* read_push; bodies filled in */
	struct rv_armsxml_from_device in; /* read_report; bodies filled in */
	enum rv_armsxml_op seen_op;       /* read_push, also when it failed */
	struct rv_armsxml_item items[16]; /* bodies, whole */
	size_t item_count;
	struct rv_armsxml_module modules[4]; /* configs, whole */
	size_t module_count;
};

/* Feed `text` in pieces of at most `piece` bytes; the first failure, or finish's result. */
int read_push(struct pushdoc *doc, struct rv_str text, size_t piece);
int read_report(struct pushdoc *doc, struct rv_str text, size_t piece);
void pushdoc_free(struct pushdoc *doc);

#endif
