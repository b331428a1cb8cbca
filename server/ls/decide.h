/* decide.h - what a device that asks the LS is told: pure rules. See server/rs/decide.h for the
 * codes. */
#ifndef RV_LS_DECIDE_H
#define RV_LS_DECIDE_H

#include "base/str.h"
#include "contract/rv_contract_types.h"

struct ls_facts {
	bool is_known;         /* false: the rest does not count */
	struct rv_str key_mac; /* of the LS-SA key on record */
	bool is_enabled;
	bool has_location;
};

struct ls_claim {
	struct rv_str distid;         /* of the credentials */
	struct rv_str key_mac;        /* of the LS-SA key presented */
	struct rv_str message_distid; /* empty = the message has none, which is accepted */
};

struct ls_verdict {
	unsigned code;           /* 100, or 300..499: ask again */
	const char *description; /* static, ASCII */
	bool is_waiting;         /* tell the RS of this caller, with the reason: */
	enum rv_waiting_reason reason;
};

struct ls_verdict ls_decide(const struct ls_facts *facts, const struct ls_claim *claim);

#endif
