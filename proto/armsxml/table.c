#include <assert.h>

#include "proto/armsxml/table_macros_priv.h"

enum { DESCRIPTION_MAX = 255 }; /* of a response */

#define REQ struct rv_armsxml_request
#define RES struct rv_armsxml_response

/* Requests: the order is that of the original client. */

#define REQUEST(table)                                                                             \
	TEXT("distribution-id", REQ, distid, RV_ARMSXML_DISTID_MAX, RV_ARMSXML_ALWAYS),            \
		TEXT("description", REQ, description, RV_ARMSXML_DESCRIPTION_MAX,                  \
		     RV_ARMSXML_ALWAYS),                                                           \
		GROUP(table##_name "-request", table##_request, OPERATION), END

#define OPERATION (RV_ARMSXML_ALWAYS | RV_ARMSXML_OPERATION)

#define rs_solicitation_name     "rs-solicitation"
#define config_solicitation_name "config-solicitation"
#define push_method_query_name   "push-method-query"

static const struct rv_armsxml_elem rs_solicitation_request[] = {
	TEXT("trigger", REQ, trigger, RV_ARMSXML_TRIGGER_MAX, RV_ARMSXML_ALWAYS),
	END,
};

static const struct rv_armsxml_elem config_solicitation_request[] = {
	TEXT("protocol-version", REQ, protocol_version, RV_ARMSXML_VERSION_MAX, RV_ARMSXML_ALWAYS),
	TEXT("trigger", REQ, trigger, RV_ARMSXML_TRIGGER_MAX, RV_ARMSXML_ALWAYS),
	TEXT("firmware-info", REQ, firmware, RV_ARMSXML_FIRMWARE_MAX, 0),
	END,
};

static const struct rv_armsxml_elem push_method_query_request[] = {
	TEXTS("push-method", REQ, methods, method_count, RV_ARMSXML_OFFERS_MAX,
	      RV_ARMSXML_METHOD_MAX),
	END,
};

static const struct rv_armsxml_elem requests[RV_ARMSXML_TYPE_COUNT][4] = {
	[RV_ARMSXML_RS_SOLICITATION] = { REQUEST(rs_solicitation) },
	[RV_ARMSXML_CONFIG_SOLICITATION] = { REQUEST(config_solicitation) },
	[RV_ARMSXML_PUSH_METHOD_QUERY] = { REQUEST(push_method_query) },
};

/* Responses. */

/* Devices ignore the texts around the code, so an overlong one does no harm there. */
#define RESPONSE(table)                                                                            \
	INT("result-code", RES, code),                                                             \
		TEXT("description", RES, description, DESCRIPTION_MAX,                             \
		     RV_ARMSXML_ALWAYS | RV_ARMSXML_CUT),                                          \
		TEXT("result-description", RES, description, DESCRIPTION_MAX,                      \
		     RV_ARMSXML_ALIAS | RV_ARMSXML_CUT),                                           \
		TEXT("error-reason", RES, error_reason, DESCRIPTION_MAX, RV_ARMSXML_CUT),          \
		GROUP(table##_name "-response", table##_response, OPERATION), END

static const struct rv_armsxml_elem rs_info[] = {
	TEXT("url", struct rv_armsxml_rs_info, url, RV_ARMSXML_LIST_URL_MAX, RV_ARMSXML_URL_TRIM),
	TEXT("md-config", struct rv_armsxml_rs_info, md_config, RV_ARMSXML_TEXT_MAX, 0),
	END,
};

static const struct rv_armsxml_elem rs_solicitation_response[] = {
	TEXT("rs-preshared-key", RES, rs_key, RV_ARMSXML_KEY_MAX, RV_ARMSXML_CUT),
	INT("ll-timeout", RES, ll_timeout),
	INT("rs-retry-max", RES, rs_retry_max),
	INT("rs-retry-interval", RES, rs_retry_interval),
	INT("lifetime", RES, lifetime),
	GROUPS("rs-info", RES, rs, rs_count, struct rv_armsxml_rs_info, RV_ARMSXML_URLS_MAX,
	       rs_info),
	END,
};

static const struct rv_armsxml_elem proposal[] = {
	INT("push-port", RES, push_port),
	INT("push-timeout", RES, push_timeout),
	END,
};

#define HB struct rv_armsxml_heartbeat
static const struct rv_armsxml_elem heartbeat_info[] = {
	TEXT("host", HB, host, RV_ARMSXML_HOST_MAX, 0),
	INT("port", HB, port),
	TEXT("passphrase", HB, passphrase, RV_ARMSXML_PASSPHRASE_MAX, 0),
	INT("interval", HB, interval),
	TEXTS("algorithm", HB, algorithms, algorithm_count, RV_ARMSXML_ALGORITHMS_MAX,
	      RV_ARMSXML_HOST_MAX),
	END,
};

static const struct rv_armsxml_elem config_solicitation_response[] = {
	TEXT("sa-certificate", RES, sa_certificate, RV_ARMSXML_TEXT_MAX, 0),
	TEXT("sa-private-key", RES, sa_private_key, RV_ARMSXML_TEXT_MAX, 0),
	GROUP("proposal-for-sa", proposal, 0),
	GROUPS("heartbeat-info", RES, heartbeats, heartbeat_count, HB, RV_ARMSXML_HEARTBEATS_MAX,
	       heartbeat_info),
	LIST("rs-push-server-address", RES, push_addresses, RV_ARMSXML_LIST_URL_MAX),
	LIST("rs-pull-server-url", RES, pull_urls, RV_ARMSXML_LIST_URL_MAX),
	MODULES("module", RES, RV_ARMSXML_MODULE, RV_ARMSXML_TEXT_MAX),
	MODULES("md-config", RES, RV_ARMSXML_CONFIG, UINT32_MAX),
	END,
};

static const struct rv_armsxml_elem push_method_query_response[] = {
	LIST("push-method", RES, methods, RV_ARMSXML_LIST_URL_MAX),
	LIST("https-tunnel-url", RES, tunnel_urls, RV_ARMSXML_LIST_URL_MAX),
	INT("https-tunnel-echo-interval", RES, echo_interval),
	END,
};

static const struct rv_armsxml_elem responses[RV_ARMSXML_TYPE_COUNT][6] = {
	[RV_ARMSXML_RS_SOLICITATION] = { RESPONSE(rs_solicitation) },
	[RV_ARMSXML_CONFIG_SOLICITATION] = { RESPONSE(config_solicitation) },
	[RV_ARMSXML_PUSH_METHOD_QUERY] = { RESPONSE(push_method_query) },
};

static const char *const names[RV_ARMSXML_TYPE_COUNT] = {
	[RV_ARMSXML_RS_SOLICITATION] = rs_solicitation_name,
	[RV_ARMSXML_CONFIG_SOLICITATION] = config_solicitation_name,
	[RV_ARMSXML_PUSH_METHOD_QUERY] = push_method_query_name,
};

const char *rv_armsxml_type_name(enum rv_armsxml_type type)
{
	assert(type < RV_ARMSXML_TYPE_COUNT);
	return names[type];
}

const struct rv_armsxml_elem *rv_armsxml_request_table(enum rv_armsxml_type type)
{
	assert(type < RV_ARMSXML_TYPE_COUNT);
	return requests[type];
}

const struct rv_armsxml_elem *rv_armsxml_response_table(enum rv_armsxml_type type)
{
	assert(type < RV_ARMSXML_TYPE_COUNT);
	return responses[type];
}

size_t rv_armsxml_value_count(const struct rv_armsxml_elem *elem, const char *base)
{
	if (!rv_armsxml_is_repeated(elem))
		return 1;
	return *(const size_t *)(const void *)(base + elem->count_offset);
}

const char *rv_armsxml_value(const struct rv_armsxml_elem *elem, const char *base, size_t i)
{
	const char *first = base + elem->offset;

	if ((elem->flags & RV_ARMSXML_POINTER) != 0)
		first = *(const char *const *)(const void *)first;
	return first + i * elem->stride;
}
