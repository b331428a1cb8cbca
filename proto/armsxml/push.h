/* push.h - the ARMS messages of the push phase, as values.
 *
 *   server -> device   struct rv_armsxml_push     requests of operations; answers to done-requests
 *   device -> server   struct rv_armsxml_report   answers to operations; confirmation-start and
 *                                                 done-requests
 *
 *   operation           kind           server asks   device answers   device tells   server answers
 *   configure           asynchronous   start         start            done           done
 *   read-status, clear-status, read-storage, ping, traceroute: the same
 *   push-confirmation   of the device  done          done             start          start
 *   md-command, dump-debug, read-module-list, check-transaction, pull-config, reboot:
 *                       synchronous    whole         whole            -              -
 *
 * One struct per direction serves all operations; the members of other operations stay empty.
 * Strings as in message.h: ptr NULL is an element that is not there. What carries the data of
 * modules, parameters and results alike, is an *item*; bodies of items that are read go to the
 * reader's sink (parse.h) and not into the struct, for a result may have any length.
 * Source: spec/arms-protocol.md 3.2, 3.3, 3.7-3.13, 4, 7, appendix A.
 */
#ifndef RV_PROTO_ARMSXML_PUSH_H
#define RV_PROTO_ARMSXML_PUSH_H

#include "proto/armsxml/message.h"

enum rv_armsxml_op {
	RV_ARMSXML_GENERIC_ERROR, /* answers of a device that cannot name the operation */
	RV_ARMSXML_CONFIGURE,
	RV_ARMSXML_READ_STATUS,
	RV_ARMSXML_CLEAR_STATUS,
	RV_ARMSXML_READ_STORAGE,
	RV_ARMSXML_PING,
	RV_ARMSXML_TRACEROUTE,
	RV_ARMSXML_PUSH_CONFIRMATION,
	RV_ARMSXML_MD_COMMAND,
	RV_ARMSXML_DUMP_DEBUG,
	RV_ARMSXML_READ_MODULE_LIST,
	RV_ARMSXML_CHECK_TRANSACTION,
	RV_ARMSXML_PULL_CONFIG,
	RV_ARMSXML_REBOOT,
	RV_ARMSXML_OP_COUNT,
};

enum rv_armsxml_op_kind {
	RV_ARMSXML_SYNCHRONOUS,  /* "op" */
	RV_ARMSXML_ASYNCHRONOUS, /* "op-start", then "op-done" from the device */
	RV_ARMSXML_OF_DEVICE,    /* "op-start" from the device, then "op-done" */
};

/* "read-status", "push-confirmation" and so on. */
const char *rv_armsxml_op_name(enum rv_armsxml_op op);
enum rv_armsxml_op_kind rv_armsxml_op_kind(enum rv_armsxml_op op);

enum {
	RV_ARMSXML_ITEMS_MAX = 1024,
	RV_ARMSXML_TRANSACTIONS_MAX = 256, /* in an answer to check-transaction */
	RV_ARMSXML_ADDRESS_MAX = 255,      /* of ping and traceroute */
	RV_ARMSXML_STORAGE_MAX = 64,       /* "running", "candidate", "backup" */
	RV_ARMSXML_PULL_TYPE_MAX = 64,     /* "LS", "RS" */
	RV_ARMSXML_ENDPOINT_MAX = 255,     /* push-endpoint */
	RV_ARMSXML_HOPS_MAX = 256,         /* of traceroute */
	RV_ARMSXML_COMMAND_MAX = 8192,     /* of md-command, as on the wire */
	RV_ARMSXML_TRANSACTION_MAX = INT32_MAX,
};

/* status-request, md-command; status-report, md-config of a storage, md-result, nodeinfo. */
struct rv_armsxml_item {
	uint32_t id; /* of the module; nodeinfo: the hop, from 1 */
	bool has_id; /* reader: false when the attribute was missing, id is 0 then */
	bool is_binary;
	struct rv_armsxml_int result; /* status-report: 100, or 402 when the module failed */
	struct rv_str body;           /* builders only */
};

struct rv_armsxml_push {
	bool is_response; /* to a done-request or confirmation-start; else a request */
	enum rv_armsxml_op op;
	/* Of every message that has one: responses, and the request push-confirmation-done. */
	struct rv_armsxml_int transaction_id; /* 1 .. RV_ARMSXML_TRANSACTION_MAX */
	struct rv_str description;            /* builder: NULL takes the text of the code */

	struct rv_armsxml_int code; /* responses */

	/* requests */
	struct rv_str distid;
	struct rv_str result_url;          /* simple push: where the done-request goes */
	struct rv_armsxml_module *modules; /* configure: the complete new list */
	size_t module_count;
	struct rv_armsxml_item *items; /* read-status, clear-status; md-command: one */
	size_t item_count;
	struct rv_str storage;         /* read-storage */
	struct rv_str address;         /* ping, traceroute */
	struct rv_armsxml_int count;   /* ping, traceroute */
	struct rv_armsxml_int size;    /* ping: bytes */
	struct rv_armsxml_int max_hop; /* traceroute: 1 .. RV_ARMSXML_HOPS_MAX */
	struct rv_str pull_type;       /* pull-config: "LS" or "RS" */
};

struct rv_armsxml_report {
	bool is_response; /* to an operation; else a request of the device's own */
	enum rv_armsxml_op op;
	struct rv_armsxml_int
		transaction_id;    /* asynchronous operations; confirmation in a tunnel */
	struct rv_str description; /* response, builder: NULL takes the text of the code */

	/* result-code of a response, transaction-result of a done-request */
	struct rv_armsxml_int code;

	/* requests */
	struct rv_str distid; /* as sent: compare with the credentials before believing it */
	struct rv_str push_method;
	struct rv_str push_endpoint;            /* simple push: "https://192.0.2.40:10443/" */
	struct rv_armsxml_int success, failure; /* ping */

	/* status-report, md-config, nodeinfo; in responses md-result */
	struct rv_armsxml_item *items;
	size_t item_count;

	/* responses */
	struct rv_armsxml_module *modules; /* read-module-list; no configs */
	size_t module_count;
	struct rv_armsxml_int transactions[RV_ARMSXML_TRANSACTIONS_MAX]; /* check-transaction */
	size_t transaction_count;
};

#endif
