/* Device side: one answer in pieces. See parse.h. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "proto/armsxml/engine_priv.h"

struct rv_armsxml_reader {
	struct rv_armsxml_engine engine;
	struct rv_armsxml_delivery delivery;
	struct rv_armsxml_response *res; /* in the arena */
	/* The envelope above the table of the expected type. */
	struct rv_armsxml_elem root[2];
	struct rv_armsxml_elem message[2];
};

int rv_armsxml_reader_new(enum rv_armsxml_type type, struct rv_arena *arena, size_t doc_max,
			  const struct rv_armsxml_sink *sink, struct rv_armsxml_reader **out)
{
	struct rv_armsxml_reader *r = calloc(1, sizeof(*r));
	int err = -ENOMEM;

	assert(type < RV_ARMSXML_TYPE_COUNT);
	if (r == NULL)
		return -ENOMEM;
	r->res = rv_arena_alloc(arena, sizeof(*r->res));
	if (r->res == NULL)
		goto fail;
	r->res->type = type;
	r->root[0] = (struct rv_armsxml_elem){ .name = "arms-message",
					       .count_offset = RV_ARMSXML_SINGLE,
					       .children = r->message };
	r->message[0] = (struct rv_armsxml_elem){ .name = "arms-response",
						  .count_offset = RV_ARMSXML_SINGLE,
						  .children = rv_armsxml_response_table(type) };
	r->delivery = (struct rv_armsxml_delivery){ .arena = arena, .res = r->res };
	if (sink != NULL)
		r->delivery.sink = *sink;
	r->engine = (struct rv_armsxml_engine){ .doc_max = doc_max,
						.arena = arena,
						.root = r->root,
						.target = r->res,
						.delivery = &r->delivery };
	err = rv_armsxml_engine_init(&r->engine);
	if (err < 0)
		goto fail;
	*out = r;
	return RV_OK;

fail:
	free(r);
	return err;
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

int rv_armsxml_reader_finish(struct rv_armsxml_reader *reader,
			     const struct rv_armsxml_response **out, struct rv_diag *diag)
{
	int r = rv_armsxml_engine_feed(&reader->engine, (struct rv_str){ 0 }, true, diag);

	if (r == RV_OK)
		*out = reader->res;
	return r;
}
