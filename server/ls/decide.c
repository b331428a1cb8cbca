#include "server/ls/decide.h"

#include "proto/armsxml/code.h"

struct ls_verdict ls_decide(const struct ls_facts *facts, const struct ls_claim *claim)
{
	if (!facts->is_known)
		return (struct ls_verdict){ RV_ARMS_DISTID_NOT_FOUND, "Distribution ID not found",
					    true, RV_WAITING_REASON_UNKNOWN };
	if (facts->key_mac.len == 0 || !rv_str_secret_eq(facts->key_mac, claim->key_mac))
		return (struct ls_verdict){ RV_ARMS_AUTH_FAILURE, "wrong LS-SA key", true,
					    RV_WAITING_REASON_WRONG_KEY };
	if (claim->message_distid.len > 0 && !rv_str_ieq(claim->message_distid, claim->distid))
		return (struct ls_verdict){
			.code = RV_ARMS_DISTID_MISMATCH,
			.description = "message and credentials name different devices"
		};
	if (!facts->is_enabled)
		return (struct ls_verdict){ RV_ARMS_STANDBY, "device is disabled", true,
					    RV_WAITING_REASON_DISABLED };
	if (!facts->has_location)
		return (struct ls_verdict){ RV_ARMS_CONFIG_NOT_FOUND, "no Location-Config", true,
					    RV_WAITING_REASON_NO_CONFIG };
	return (struct ls_verdict){ .code = RV_ARMS_SUCCESS, .description = "ok" };
}
