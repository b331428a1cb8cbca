/* collect.h - what a reader handed out, as text that tests compare.
 *
 *   "[1,2]"       the module list
 *   "(1:^abc$)"   a piece of module 1's config: ^ first, $ last
 */
#ifndef TEST_PROTO_ARMSXML_COLLECT_H
#define TEST_PROTO_ARMSXML_COLLECT_H

#include "base/arena.h"
#include "base/buf.h"
#include "proto/armsxml/parse.h"

struct collected {
	struct rv_arena arena;
	struct rv_buf events;
	const struct rv_armsxml_response *res; /* NULL when it failed */
	struct rv_diag diag;
	size_t fragment_bytes; /* set before read_answer */
	bool has_no_nul;       /* a piece without its final NUL */
	int result_of_config;  /* what the config callback answers */
	bool is_done;
};

/* Reads `text` in pieces of at most `piece` bytes; the result of the first failure or finish. */
int read_answer(struct collected *c, enum rv_armsxml_type type, struct rv_str text, size_t piece);
void collected_free(struct collected *c);

/* The whole file below this folder's data/. */
void load(const char *name, struct rv_buf *out);

#endif
