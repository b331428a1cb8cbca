/* What a server may send in the push phase; see push_build.h. */
#include <string.h>

#include "proto/armsxml/build_priv.h"
#include "proto/armsxml/check_priv.h"
#include "proto/armsxml/push_build.h"
#include "proto/distid/distid.h"

static const char key[] = RV_ARMSXML_CHECK_KEY;

static int missing(const char *where, struct rv_diag *diag)
{
	return rv_diag_set(diag, RV_EINVALID, key, where, "missing");
}

static int check_response(const struct rv_armsxml_push *push, struct rv_diag *diag)
{
	int r;

	if (rv_armsxml_op_kind(push->op) == RV_ARMSXML_SYNCHRONOUS)
		return rv_diag_set(diag, RV_EINVALID, key, "type",
				   "a server does not answer anything of %s",
				   rv_armsxml_op_name(push->op));
	r = rv_armsxml_check_range(push->code, 0, RV_ARMSXML_CODE_MAX, "result-code", diag);
	if (r == RV_OK)
		r = rv_armsxml_check_range(push->transaction_id, 1, RV_ARMSXML_TRANSACTION_MAX,
					   "transaction-id", diag);
	return r < 0 ? r : rv_armsxml_check_fields(rv_armsxml_push_response_head, push, diag);
}

/* Anything but the canonical form is answered 423. */
static int check_distid(struct rv_str text, struct rv_diag *diag)
{
	char canonical[RV_DISTID_TEXT_LEN + 1];
	struct rv_distid id;
	int r = rv_distid_parse(text.ptr, text.len, &id, NULL);

	if (r == RV_OK) {
		rv_distid_format(&id, canonical);
		r = rv_str_is(text, canonical) ? RV_OK : RV_EINVALID;
	}
	return r == RV_OK ? RV_OK
			  : rv_diag_set(diag, RV_EINVALID, key, "distribution-id",
					"not a distribution id in its canonical form");
}

static int check_head(const struct rv_armsxml_push *push, struct rv_diag *diag)
{
	bool needs_transaction = push->op == RV_ARMSXML_PUSH_CONFIRMATION;
	int r = check_distid(push->distid, diag);

	if (r == RV_OK && push->result_url.len > 0) {
		r = rv_armsxml_check_url(push->result_url, RV_ARMSXML_RS_URL_MAX, "result-url", 0,
					 "", diag);
	}
	if (r < 0)
		return r;
	if (needs_transaction)
		return rv_armsxml_check_range(push->transaction_id, 1, RV_ARMSXML_TRANSACTION_MAX,
					      "transaction-id", diag);
	if (push->transaction_id.is_set) /* a tunnel would look it up */
		return rv_diag_set(diag, RV_EINVALID, key, "transaction-id",
				   "only push-confirmation-done has one");
	return RV_OK;
}

static int check_status(const struct rv_armsxml_push *push, struct rv_diag *diag)
{
	if (push->item_count == 0)
		return missing("status-request", diag);
	for (size_t i = 0; i < push->item_count; i++)
		if (!push->items[i].has_id) /* it would be skipped */
			return rv_diag_set(diag, RV_EINVALID, key, "status-request",
					   "number %zu has no id", i + 1);
	return RV_OK;
}

static int check_storage(const struct rv_armsxml_push *push, struct rv_diag *diag)
{
	static const char *const names[] = { "running", "candidate", "backup" };

	for (size_t i = 0; i < RV_ARRAY_LEN(names); i++)
		if (rv_str_is(push->storage, names[i]))
			return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, key, "storage",
			   "neither running nor candidate nor backup");
}

static int check_ping(const struct rv_armsxml_push *push, struct rv_diag *diag)
{
	int r = rv_armsxml_check_optional(push->count, 0, INT32_MAX, "count", diag);

	if (r == RV_OK)
		r = rv_armsxml_check_optional(push->size, 0, INT32_MAX, "size", diag);
	return r == RV_OK && push->address.len == 0 ? missing("address", diag) : r;
}

static int check_traceroute(const struct rv_armsxml_push *push, struct rv_diag *diag)
{
	int r = rv_armsxml_check_range(push->count, 1, INT32_MAX, "count", diag);

	if (r == RV_OK) /* without it the original reports no hop at all */
		r = rv_armsxml_check_range(push->max_hop, 1, RV_ARMSXML_HOPS_MAX, "max-hop", diag);
	return r == RV_OK && push->address.len == 0 ? missing("address", diag) : r;
}

static int check_command(const struct rv_armsxml_push *push, struct rv_diag *diag)
{
	size_t size;

	if (push->item_count != 1)
		return rv_diag_set(diag, RV_EINVALID, key, "md-command",
				   "exactly one is needed, not %zu", push->item_count);
	size = rv_armsxml_body_size(push->items[0].body, push->items[0].is_binary);
	if (size > RV_ARMSXML_COMMAND_MAX)
		return rv_diag_set(diag, RV_ELIMIT, key, "md-command",
				   "%zu bytes as sent, allowed are %d", size,
				   RV_ARMSXML_COMMAND_MAX);
	return RV_OK;
}

static int check_pull_type(const struct rv_armsxml_push *push, struct rv_diag *diag)
{
	if (rv_str_is(push->pull_type, "LS") || rv_str_is(push->pull_type, "RS"))
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, key, "type", "neither LS nor RS");
}

static int check_operation(const struct rv_armsxml_push *push, struct rv_diag *diag)
{
	switch (push->op) {
	case RV_ARMSXML_GENERIC_ERROR:
		return rv_diag_set(diag, RV_EINVALID, key, "type", "no operation");
	case RV_ARMSXML_CONFIGURE:
		return rv_armsxml_check_module_ids(push->modules, push->module_count, diag);
	case RV_ARMSXML_READ_STATUS:
	case RV_ARMSXML_CLEAR_STATUS:
		return check_status(push, diag);
	case RV_ARMSXML_READ_STORAGE:
		return check_storage(push, diag);
	case RV_ARMSXML_PING:
		return check_ping(push, diag);
	case RV_ARMSXML_TRACEROUTE:
		return check_traceroute(push, diag);
	case RV_ARMSXML_MD_COMMAND:
		return check_command(push, diag);
	case RV_ARMSXML_PULL_CONFIG:
		return check_pull_type(push, diag);
	default:
		return RV_OK;
	}
}

int rv_armsxml_check_push(const struct rv_armsxml_push *push, struct rv_diag *diag)
{
	int r;

	if (push->is_response)
		return check_response(push, diag);
	r = check_operation(push, diag);
	if (r == RV_OK)
		r = check_head(push, diag);
	if (r == RV_OK)
		r = rv_armsxml_check_fields(rv_armsxml_push_request_head, push, diag);
	return r < 0 ? r : rv_armsxml_check_fields(rv_armsxml_push_table(push->op), push, diag);
}
