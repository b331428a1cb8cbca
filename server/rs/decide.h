/* decide.h - what a device that calls is told: pure rules, no store, no clock.
 *
 * Refusals a device can outlive are result codes 300..499: "temporary, ask again" (spec/
 * arms-protocol.md 4.4). Never 2xx (the device restarts) nor 5xx (501: it never comes back).
 * Nothing is revealed to a caller without the right key but whether the device is known: which
 * the code for "unknown" tells anyway.
 */
#ifndef RV_RS_DECIDE_H
#define RV_RS_DECIDE_H

#include "base/str.h"
#include "contract/rv_contract_types.h"

/* What the store says of the device that the caller claims to be. */
struct rs_facts {
	bool is_known;        /* false: the rest does not count */
	struct rv_str rs_key; /* RS-SA key in clear */
	bool is_enabled;
	bool is_ours; /* this RS is responsible for it */
	bool has_startup;
};

/* What the caller says. */
struct rs_claim {
	struct rv_str distid;         /* of the credentials */
	struct rv_str key;            /* RS-SA key presented */
	struct rv_str message_distid; /* of the message; empty = it has none, which is accepted */
};

struct rs_verdict {
	enum rv_pull_outcome outcome;
	unsigned code;           /* ARMS result code */
	const char *description; /* static, ASCII */
	bool is_stranger;        /* proved nothing about itself */
};

/* config-solicitation. */
struct rs_verdict rs_decide_pull(const struct rs_facts *facts, const struct rs_claim *claim);
/* The startup config is held back (guard.h): the last one that ran is delivered, or none. */
struct rs_verdict rs_verdict_fallback(void);
struct rs_verdict rs_verdict_held(void);
/* push-method-query: the same, but a missing config is no obstacle. */
struct rs_verdict rs_decide_query(const struct rs_facts *facts, const struct rs_claim *claim);

enum { RS_METHODS_MAX = 5 };

struct rs_methods {
	struct rv_str names[RS_METHODS_MAX]; /* pointing into `configured` */
	size_t count;
	bool has_tunnel; /* https-tunnel is among them: URLs must be given */
};

/* Configured order, of which the device offered; https-tunnel needs a tunnel URL. An empty result
 * must be answered by a code the device paces its retries for (RS_CODE_MISMATCH): "success
 * without a method" makes it pull again without pause (spec 3.6, 4.4: code 507 the same). */
void rs_choose_methods(const char *const *configured, size_t n, const struct rv_str *offered,
		       size_t n_offered, bool has_tunnel_url, struct rs_methods *out);

/* 416 "System Mismatch": we are not the right pair; as retryable as all of 3xx and 4xx. */
enum { RS_CODE_MISMATCH = 416 };

#endif
