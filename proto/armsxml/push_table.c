/* The grammar of the push phase; see table_priv.h. */
#include <assert.h>
#include <stdio.h>

#include "proto/armsxml/table_macros_priv.h"

enum { DESCRIPTION_MAX = 255 };

#define PUSH   struct rv_armsxml_push
#define REPORT struct rv_armsxml_report

static const struct {
	const char *name;
	enum rv_armsxml_op_kind kind;
} ops[RV_ARMSXML_OP_COUNT] = {
	[RV_ARMSXML_GENERIC_ERROR] = { "generic-error", RV_ARMSXML_SYNCHRONOUS },
	[RV_ARMSXML_CONFIGURE] = { "configure", RV_ARMSXML_ASYNCHRONOUS },
	[RV_ARMSXML_READ_STATUS] = { "read-status", RV_ARMSXML_ASYNCHRONOUS },
	[RV_ARMSXML_CLEAR_STATUS] = { "clear-status", RV_ARMSXML_ASYNCHRONOUS },
	[RV_ARMSXML_READ_STORAGE] = { "read-storage", RV_ARMSXML_ASYNCHRONOUS },
	[RV_ARMSXML_PING] = { "ping", RV_ARMSXML_ASYNCHRONOUS },
	[RV_ARMSXML_TRACEROUTE] = { "traceroute", RV_ARMSXML_ASYNCHRONOUS },
	[RV_ARMSXML_PUSH_CONFIRMATION] = { "push-confirmation", RV_ARMSXML_OF_DEVICE },
	[RV_ARMSXML_MD_COMMAND] = { "md-command", RV_ARMSXML_SYNCHRONOUS },
	[RV_ARMSXML_DUMP_DEBUG] = { "dump-debug", RV_ARMSXML_SYNCHRONOUS },
	[RV_ARMSXML_READ_MODULE_LIST] = { "read-module-list", RV_ARMSXML_SYNCHRONOUS },
	[RV_ARMSXML_CHECK_TRANSACTION] = { "check-transaction", RV_ARMSXML_SYNCHRONOUS },
	[RV_ARMSXML_PULL_CONFIG] = { "pull-config", RV_ARMSXML_SYNCHRONOUS },
	[RV_ARMSXML_REBOOT] = { "reboot", RV_ARMSXML_SYNCHRONOUS },
};

/* -- around the operation ---------------------------------------------------------------------- */

const struct rv_armsxml_elem rv_armsxml_push_request_head[] = {
	TEXT("distribution-id", PUSH, distid, RV_ARMSXML_DISTID_MAX, RV_ARMSXML_CUT),
	INT("transaction-id", PUSH, transaction_id),
	TEXT("description", PUSH, description, DESCRIPTION_MAX, RV_ARMSXML_CUT),
	/* Before the operation: behind a pull-config it would re-arm what that has just cleared. */
	TEXT("result-url", PUSH, result_url, RV_ARMSXML_LIST_URL_MAX, RV_ARMSXML_CUT),
	END,
};

const struct rv_armsxml_elem rv_armsxml_push_response_head[] = {
	INT("transaction-id", PUSH, transaction_id),
	INT("result-code", PUSH, code),
	TEXT("description", PUSH, description, DESCRIPTION_MAX, RV_ARMSXML_ALWAYS | RV_ARMSXML_CUT),
	END,
};

const struct rv_armsxml_elem rv_armsxml_report_request_head[] = {
	INT("transaction-result", REPORT, code),
	TEXT("distribution-id", REPORT, distid, RV_ARMSXML_DISTID_MAX, RV_ARMSXML_ALWAYS),
	INT("transaction-id", REPORT, transaction_id),
	TEXT("description", REPORT, description, DESCRIPTION_MAX, RV_ARMSXML_ALWAYS),
	END,
};

const struct rv_armsxml_elem rv_armsxml_report_response_head[] = {
	INT("transaction-id", REPORT, transaction_id),
	INT("result-code", REPORT, code),
	TEXT("description", REPORT, description, DESCRIPTION_MAX, RV_ARMSXML_ALWAYS),
	END,
};

/* -- server to device ----------------------------------------------------------------------------
 */

static const struct rv_armsxml_elem nothing[] = { END };

static const struct rv_armsxml_elem configure_request[] = {
	MODULES("module", PUSH, RV_ARMSXML_MODULE, RV_ARMSXML_TEXT_MAX),
	MODULES("md-config", PUSH, RV_ARMSXML_CONFIG, UINT32_MAX),
	END,
};

static const struct rv_armsxml_elem status_request[] = {
	ITEMS("status-request", PUSH, 0),
	END,
};

static const struct rv_armsxml_elem read_storage_request[] = {
	TEXT("storage", PUSH, storage, RV_ARMSXML_STORAGE_MAX, 0),
	END,
};

static const struct rv_armsxml_elem ping_request[] = {
	TEXT("address", PUSH, address, RV_ARMSXML_ADDRESS_MAX, 0),
	INT("count", PUSH, count),
	INT("size", PUSH, size),
	END,
};

static const struct rv_armsxml_elem traceroute_request[] = {
	TEXT("address", PUSH, address, RV_ARMSXML_ADDRESS_MAX, 0),
	INT("count", PUSH, count),
	INT("max-hop", PUSH, max_hop),
	END,
};

static const struct rv_armsxml_elem md_command_request[] = {
	ITEMS("md-command", PUSH, 0),
	END,
};

static const struct rv_armsxml_elem pull_config_request[] = {
	TEXT("type", PUSH, pull_type, RV_ARMSXML_PULL_TYPE_MAX, 0),
	END,
};

static const struct rv_armsxml_elem *const push_tables[RV_ARMSXML_OP_COUNT] = {
	[RV_ARMSXML_CONFIGURE] = configure_request,
	[RV_ARMSXML_READ_STATUS] = status_request,
	[RV_ARMSXML_CLEAR_STATUS] = status_request,
	[RV_ARMSXML_READ_STORAGE] = read_storage_request,
	[RV_ARMSXML_PING] = ping_request,
	[RV_ARMSXML_TRACEROUTE] = traceroute_request,
	[RV_ARMSXML_MD_COMMAND] = md_command_request,
	[RV_ARMSXML_PULL_CONFIG] = pull_config_request,
};

/* -- device to server ----------------------------------------------------------------------------
 */

static const struct rv_armsxml_elem status_done[] = {
	ITEMS("status-report", REPORT, 0),
	END,
};

static const struct rv_armsxml_elem read_storage_done[] = {
	ITEMS("md-config", REPORT, 0),
	END,
};

static const struct rv_armsxml_elem ping_done[] = {
	INT("success", REPORT, success),
	INT("failure", REPORT, failure),
	END,
};

static const struct rv_armsxml_elem traceroute_done[] = {
	ITEMS("nodeinfo", REPORT, RV_ARMSXML_BY_HOP),
	END,
};

static const struct rv_armsxml_elem confirmation_start[] = {
	TEXT("push-method", REPORT, push_method, RV_ARMSXML_METHOD_MAX, 0),
	TEXT("push-endpoint", REPORT, push_endpoint, RV_ARMSXML_ENDPOINT_MAX, 0),
	END,
};

static const struct rv_armsxml_elem command_response[] = {
	ITEMS("md-result", REPORT, 0),
	END,
};

static const struct rv_armsxml_elem module_list_response[] = {
	MODULES("module", REPORT, RV_ARMSXML_MODULE, RV_ARMSXML_TEXT_MAX),
	END,
};

static const struct rv_armsxml_elem check_transaction_response[] = {
	INTS("transaction-id", REPORT, transactions, transaction_count,
	     RV_ARMSXML_TRANSACTIONS_MAX),
	END,
};

static const struct {
	const struct rv_armsxml_elem *request, *response;
} report_tables[RV_ARMSXML_OP_COUNT] = {
	[RV_ARMSXML_READ_STATUS] = { status_done, NULL },
	[RV_ARMSXML_CLEAR_STATUS] = { status_done, NULL },
	[RV_ARMSXML_READ_STORAGE] = { read_storage_done, NULL },
	[RV_ARMSXML_PING] = { ping_done, NULL },
	[RV_ARMSXML_TRACEROUTE] = { traceroute_done, NULL },
	[RV_ARMSXML_PUSH_CONFIRMATION] = { confirmation_start, NULL },
	[RV_ARMSXML_MD_COMMAND] = { NULL, command_response },
	[RV_ARMSXML_DUMP_DEBUG] = { NULL, command_response },
	[RV_ARMSXML_READ_MODULE_LIST] = { NULL, module_list_response },
	[RV_ARMSXML_CHECK_TRANSACTION] = { NULL, check_transaction_response },
};

/* --------------------------------------------------------------------------------------------------
 */

const char *rv_armsxml_op_name(enum rv_armsxml_op op)
{
	assert(op < RV_ARMSXML_OP_COUNT);
	return ops[op].name;
}

enum rv_armsxml_op_kind rv_armsxml_op_kind(enum rv_armsxml_op op)
{
	assert(op < RV_ARMSXML_OP_COUNT);
	return ops[op].kind;
}

const struct rv_armsxml_elem *rv_armsxml_push_table(enum rv_armsxml_op op)
{
	assert(op < RV_ARMSXML_OP_COUNT);
	return push_tables[op] != NULL ? push_tables[op] : nothing;
}

const struct rv_armsxml_elem *rv_armsxml_report_table(enum rv_armsxml_op op, bool is_response)
{
	const struct rv_armsxml_elem *table;

	assert(op < RV_ARMSXML_OP_COUNT);
	table = is_response ? report_tables[op].response : report_tables[op].request;
	return table != NULL ? table : nothing;
}

void rv_armsxml_push_type(enum rv_armsxml_op op, bool is_from_device, bool is_response,
			  char out[static RV_ARMSXML_TYPE_NAME_MAX + 1])
{
	enum rv_armsxml_op_kind kind = rv_armsxml_op_kind(op);
	/* The one who asks first sends the start-request and gets the start-response. */
	bool is_devices = kind == RV_ARMSXML_OF_DEVICE;
	bool is_start = is_from_device == (is_response != is_devices);

	snprintf(out, RV_ARMSXML_TYPE_NAME_MAX + 1, "%s%s", ops[op].name,
		 kind == RV_ARMSXML_SYNCHRONOUS ? ""
		 : is_start                     ? "-start"
						: "-done");
}
