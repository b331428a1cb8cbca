/* reader_priv.h - what is behind a reader: engine, delivery, and the message being filled.
 *
 *   reader.c       answers of the pull phase       push_reader.c   all of the push phase
 */
#ifndef RV_PROTO_ARMSXML_READER_PRIV_H
#define RV_PROTO_ARMSXML_READER_PRIV_H

#include "proto/armsxml/engine_priv.h"
#include "proto/armsxml/push_parse.h"

struct rv_armsxml_reader {
	struct rv_armsxml_engine engine;
	struct rv_armsxml_delivery delivery;
	/* What is filled, in the arena; one of the three is set. */
	struct rv_armsxml_response *res;
	struct rv_armsxml_push *push;
	struct rv_armsxml_from_device *from_device;
	/* Tables of this document: the envelope above the answer of the expected type ... */
	struct rv_armsxml_elem root[2];
	struct rv_armsxml_elem message[2];
	/* ... or what follows from the type that it names. */
	struct rv_armsxml_elem envelope[RV_ARMSXML_HEAD_MAX + 1];
	struct rv_armsxml_elem nothing[1];
	char operation[RV_ARMSXML_TYPE_NAME_MAX + sizeof("-response")];
};

/* A reader without table and target. RV_OK or -ENOMEM. */
int rv_armsxml_reader_make(bool is_strict, struct rv_arena *arena, size_t doc_max,
			   const struct rv_armsxml_sink *sink,
			   struct rv_armsxml_reader **out) RV_MUSTCHECK;
/* No more bytes: as rv_armsxml_reader_finish. */
int rv_armsxml_reader_end(struct rv_armsxml_reader *reader, struct rv_diag *diag) RV_MUSTCHECK;

#endif
