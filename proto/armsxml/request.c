/* Server side: one whole request. See parse.h. */
#include "proto/armsxml/engine_priv.h"

#include <string.h>

static const struct rv_armsxml_elem message[] = {
	{ "arms-request", RV_ARMSXML_GROUP, RV_ARMSXML_BY_TYPE, 0, RV_ARMSXML_SINGLE, 0, 0, 0,
	  NULL },
	{ NULL, RV_ARMSXML_GROUP, 0, 0, 0, 0, 0, 0, NULL },
};

static const struct rv_armsxml_elem root[] = {
	{ "arms-message", RV_ARMSXML_GROUP, 0, 0, RV_ARMSXML_SINGLE, 0, 0, 0, message },
	{ NULL, RV_ARMSXML_GROUP, 0, 0, 0, 0, 0, 0, NULL },
};

static struct rv_armsxml_selected select_type(void *target, const struct rv_armsxml_elem *elem,
					      const char *type)
{
	struct rv_armsxml_request *req = target;

	(void)elem; /* there is only one */
	for (unsigned i = 0; i < RV_ARMSXML_TYPE_COUNT; i++) {
		if (type != NULL && strcmp(type, rv_armsxml_type_name(i)) == 0) {
			req->type = i;
			return (struct rv_armsxml_selected){ rv_armsxml_request_table(i), req };
		}
	}
	return (struct rv_armsxml_selected){ 0 };
}

int rv_armsxml_parse_request(struct rv_arena *arena, struct rv_str body,
			     struct rv_armsxml_request *out, struct rv_diag *diag)
{
	struct rv_armsxml_request req = { 0 };
	struct rv_armsxml_engine engine = { .is_strict = true,
					    .doc_max = RV_ARMSXML_REQUEST_MAX,
					    .arena = arena,
					    .root = root,
					    .target = &req,
					    .select = select_type };
	int r = rv_armsxml_engine_init(&engine);

	if (r == RV_OK)
		r = rv_armsxml_engine_feed(&engine, body, true, diag);
	if (r == RV_OK && !engine.has_operation)
		r = rv_armsxml_engine_fail(&engine, RV_EINVALID, "xml.operation", "",
					   "the element of the operation is missing");
	if (r == RV_OK)
		*out = req;
	rv_armsxml_engine_deinit(&engine);
	return r;
}
