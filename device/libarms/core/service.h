/* service.h - what the RS told the device, beside the configs: the part programs ask for.
 *
 * All strings are NUL-terminated and live in the service's arena until the next pull.
 * Source: spec/arms-protocol.md 3.5, 3.6, 8.
 */
#ifndef RV_DEVICE_LIBARMS_CORE_SERVICE_H
#define RV_DEVICE_LIBARMS_CORE_SERVICE_H

#include "base/arena.h"
#include "base/diag.h"
#include "device/libarms/include/libarms.h"
#include "proto/armsxml/message.h"

enum { RV_SA_ECHO_INTERVAL_S = 60 }; /* when the RS names none */

struct rv_sa_urls {
	const char *item[MAX_RS_INFO];
	size_t count;
};

struct rv_sa_service { /* all-zero: nothing known */
	struct rv_arena arena;
	struct rv_str certificate; /* of the device, PEM; empty: none */
	struct rv_str private_key;
	int push_port;      /* 0: no proposal */
	int push_timeout_s; /* 0: no proposal */
	arms_hbt_info_t heartbeats[MAX_HBT_INFO];
	size_t heartbeat_count; /* 0: heartbeat is off */
	struct rv_sa_urls push_addresses;
	struct rv_sa_urls pull_urls;
	size_t query_index; /* the pull URL to ask first */
	/* From the method query. */
	int methods[RV_ARMSXML_URLS_MAX]; /* enum arms_push_method_type, in order of preference */
	size_t method_count;              /* known ones */
	size_t listed_count;              /* all that the RS listed, unknown ones included */
	struct rv_sa_urls tunnel_urls;
	int echo_interval_s;
};

void rv_sa_service_deinit(struct rv_sa_service *service); /* wipes; leaves an all-zero struct */

/* From the answer of an RS pull; copies all. RV_EINVALID: heartbeat-info without host or
 * passphrase, or a certificate without key; -ENOMEM. *out is untouched then. Heartbeat numbers that
 * make no sense leave heartbeat off and say so in diag->text, with RV_OK. */
int rv_sa_service_from_answer(const struct rv_armsxml_response *answer, struct rv_sa_service *out,
			      struct rv_diag *diag) RV_MUSTCHECK;

/* Add what the method query brought. -ENOMEM: methods and URLs are then empty. */
int rv_sa_service_set_methods(struct rv_sa_service *service,
			      const struct rv_armsxml_response *answer) RV_MUSTCHECK;

#endif
