/* message.h - the ARMS messages of the pull phase, as values.
 *
 *   device -> server   struct rv_armsxml_request
 *   server -> device   struct rv_armsxml_response
 *
 * One struct per direction serves all types; the members of other types stay empty. A string
 * with ptr NULL is an element (or attribute) that is not there; one with len 0 and ptr set is
 * an empty element. Zeroed structs are valid messages of RS_SOLICITATION with nothing in them.
 * Whoever fills a struct owns what it points at; parsers keep everything in their arena.
 * Source: spec/arms-protocol.md section 3, 7, 8, appendix A.
 */
#ifndef RV_PROTO_ARMSXML_MESSAGE_H
#define RV_PROTO_ARMSXML_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum rv_armsxml_type {
	RV_ARMSXML_RS_SOLICITATION,     /* LS pull */
	RV_ARMSXML_CONFIG_SOLICITATION, /* RS pull */
	RV_ARMSXML_PUSH_METHOD_QUERY,
	RV_ARMSXML_TYPE_COUNT,
};

/* "rs-solicitation" and so on. */
const char *rv_armsxml_type_name(enum rv_armsxml_type type);

enum {
	RV_ARMSXML_DISTID_MAX = 64,      /* bytes of the distribution-id element; 39 when valid */
	RV_ARMSXML_DESCRIPTION_MAX = 64, /* of a request; the original API allows 32 */
	RV_ARMSXML_TRIGGER_MAX = 64,
	RV_ARMSXML_FIRMWARE_MAX = 64, /* the original API allows 32 */
	RV_ARMSXML_VERSION_MAX = 16,  /* protocol-version */
	RV_ARMSXML_METHOD_MAX = 32,
	RV_ARMSXML_OFFERS_MAX = 16, /* push methods in a request */
	RV_ARMSXML_URLS_MAX = 5,    /* RS, pull servers, push servers, methods, tunnels */
	RV_ARMSXML_HEARTBEATS_MAX = 5,
	RV_ARMSXML_ALGORITHMS_MAX = 3,
	RV_ARMSXML_MODULES_MAX = 1024,
	RV_ARMSXML_KEY_MAX = 64,        /* LS-SA key, RS-SA key */
	RV_ARMSXML_PEM_MAX = 5119,      /* SA certificate, SA private key */
	RV_ARMSXML_LOCATION_MAX = 2047, /* md-config of the LS answer */
	RV_ARMSXML_LIST_URL_MAX = 255,
	RV_ARMSXML_RS_URL_MAX = 127,
	RV_ARMSXML_HOST_MAX = 255,
	RV_ARMSXML_PASSPHRASE_MAX = 1024,
	RV_ARMSXML_TEXT_MAX = 65535, /* any other leaf */
};

/* An integer element. */
struct rv_armsxml_int {
	bool is_set;
	int32_t value;
};

struct rv_armsxml_list {
	struct rv_str item[RV_ARMSXML_URLS_MAX];
	size_t count;
};

struct rv_armsxml_request {
	enum rv_armsxml_type type;
	struct rv_str distid; /* as sent: compare with the credentials before believing it */
	struct rv_str description;
	struct rv_str protocol_version; /* config-solicitation: "4.0" */
	struct rv_str trigger;          /* rs-solicitation, config-solicitation */
	struct rv_str firmware;         /* config-solicitation; ptr NULL: not registered */
	struct rv_str methods[RV_ARMSXML_OFFERS_MAX]; /* push-method-query: what the SA offers */
	size_t method_count;
};

struct rv_armsxml_rs_info {
	struct rv_str url;
	struct rv_str md_config; /* Location-Config text, see armsconf/location.h */
};

struct rv_armsxml_heartbeat {
	struct rv_str host; /* numeric address */
	struct rv_armsxml_int port;
	struct rv_str passphrase;
	struct rv_armsxml_int interval; /* seconds */
	struct rv_str algorithms[RV_ARMSXML_ALGORITHMS_MAX];
	size_t algorithm_count;
};

struct rv_armsxml_module {
	uint32_t id;
	struct rv_str version; /* ptr NULL: no version attribute */
	struct rv_str infostring;
	/* Builder only; the reader hands configs to its callback. */
	bool has_config; /* false: the module is listed without md-config */
	bool is_binary;  /* sent as Base64 */
	struct rv_str config;
};

struct rv_armsxml_response {
	enum rv_armsxml_type type;
	struct rv_armsxml_int code; /* result-code, see code.h */
	struct rv_str description;  /* builder: ptr NULL takes the text of the code */
	struct rv_str error_reason;

	/* rs-solicitation */
	struct rv_str rs_key; /* reader: cut to 64 bytes, not trimmed */
	struct rv_armsxml_int ll_timeout;
	struct rv_armsxml_int rs_retry_max;
	struct rv_armsxml_int rs_retry_interval;
	struct rv_armsxml_int lifetime; /* never used by devices */
	struct rv_armsxml_rs_info rs[RV_ARMSXML_URLS_MAX];
	size_t rs_count;

	/* config-solicitation */
	struct rv_str sa_certificate;
	struct rv_str sa_private_key; /* secret */
	struct rv_armsxml_int push_port;
	struct rv_armsxml_int push_timeout;
	struct rv_armsxml_heartbeat heartbeats[RV_ARMSXML_HEARTBEATS_MAX];
	size_t heartbeat_count;
	struct rv_armsxml_list push_addresses;
	struct rv_armsxml_list pull_urls;
	struct rv_armsxml_module *modules; /* in order of delivery */
	size_t module_count;

	/* push-method-query */
	struct rv_armsxml_list methods; /* "https-simple", "https-tunnel", in order of preference */
	struct rv_armsxml_list tunnel_urls;
	struct rv_armsxml_int echo_interval; /* seconds */
};

#endif
