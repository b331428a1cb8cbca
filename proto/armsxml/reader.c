/* A document in pieces; the answers of the pull phase. See parse.h. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "proto/armsxml/reader_priv.h"

int rv_armsxml_reader_make(bool is_strict, struct rv_arena *arena, size_t doc_max,
			   const struct rv_armsxml_sink *sink, struct rv_armsxml_reader **out)
{
	struct rv_armsxml_reader *r = calloc(1, sizeof(*r));
	int err;

	if (r == NULL)
		return -ENOMEM;
	r->delivery = (struct rv_armsxml_delivery){ .arena = arena };
	if (sink != NULL)
		r->delivery.sink = *sink;
	r->engine = (struct rv_armsxml_engine){
		.is_strict = is_strict, .doc_max = doc_max, .arena = arena, .delivery = &r->delivery
	};
	err = rv_armsxml_engine_init(&r->engine);
	if (err < 0) {
		free(r);
		return err;
	}
	*out = r;
	return RV_OK;
}

int rv_armsxml_reader_new(enum rv_armsxml_type type, struct rv_arena *arena, size_t doc_max,
			  const struct rv_armsxml_sink *sink, struct rv_armsxml_reader **out)
{
	struct rv_armsxml_response *res = rv_arena_alloc(arena, sizeof(*res));
	struct rv_armsxml_reader *r;
	int err = res != NULL ? rv_armsxml_reader_make(false, arena, doc_max, sink, &r) : -ENOMEM;

	assert(type < RV_ARMSXML_TYPE_COUNT);
	if (err < 0)
		return err;
	res->type = type;
	r->res = res;
	r->root[0] = (struct rv_armsxml_elem){ .name = "arms-message",
					       .count_offset = RV_ARMSXML_SINGLE,
					       .children = r->message };
	r->message[0] = (struct rv_armsxml_elem){ .name = "arms-response",
						  .count_offset = RV_ARMSXML_SINGLE,
						  .children = rv_armsxml_response_table(type) };
	r->delivery.modules = &res->modules;
	r->delivery.module_count = &res->module_count;
	r->delivery.code = &res->code;
	r->engine.root = r->root;
	r->engine.target = res;
	*out = r;
	return RV_OK;
}

void rv_armsxml_reader_free(struct rv_armsxml_reader *reader)
{
	if (reader == NULL)
		return;
	rv_armsxml_engine_deinit(&reader->engine);
	rv_armsxml_delivery_deinit(&reader->delivery);
	free(reader);
}

int rv_armsxml_reader_feed(struct rv_armsxml_reader *reader, struct rv_str piece,
			   struct rv_diag *diag)
{
	return rv_armsxml_engine_feed(&reader->engine, piece, false, diag);
}

bool rv_armsxml_reader_is_done(const struct rv_armsxml_reader *reader)
{
	return reader->engine.is_done && reader->engine.err == RV_OK;
}

int rv_armsxml_reader_end(struct rv_armsxml_reader *reader, struct rv_diag *diag)
{
	return rv_armsxml_engine_feed(&reader->engine, (struct rv_str){ 0 }, true, diag);
}

int rv_armsxml_reader_finish(struct rv_armsxml_reader *reader,
			     const struct rv_armsxml_response **out, struct rv_diag *diag)
{
	int r = rv_armsxml_reader_end(reader, diag);

	if (r == RV_OK)
		*out = reader->res;
	return r;
}
