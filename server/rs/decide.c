#include "server/rs/decide.h"

#include "proto/armsxml/code.h"

/* Who is it, then may it; the order of the rows is the order of judgement. */
static struct rs_verdict identify(const struct rs_facts *facts, const struct rs_claim *claim)
{
	if (!facts->is_known)
		return (struct rs_verdict){ RV_PULL_OUTCOME_UNKNOWN, RV_ARMS_DISTID_NOT_FOUND,
					    "Distribution ID not found", true };
	if (!rv_str_secret_eq(facts->rs_key, claim->key))
		return (struct rs_verdict){ RV_PULL_OUTCOME_WRONG_KEY, RV_ARMS_AUTH_FAILURE,
					    "wrong RS-SA key", true };
	if (claim->message_distid.len > 0 && !rv_str_ieq(claim->message_distid, claim->distid))
		return (struct rs_verdict){ RV_PULL_OUTCOME_ERROR, RV_ARMS_DISTID_MISMATCH,
					    "message and credentials name different devices",
					    false };
	if (!facts->is_ours)
		return (struct rs_verdict){ RV_PULL_OUTCOME_OTHER_RS, RS_CODE_MISMATCH,
					    "another RS is responsible for this device", false };
	if (!facts->is_enabled)
		return (struct rs_verdict){ RV_PULL_OUTCOME_DISABLED, RV_ARMS_STANDBY,
					    "device is disabled", false };
	return (struct rs_verdict){ RV_PULL_OUTCOME_DELIVERED, RV_ARMS_SUCCESS, "ok", false };
}

struct rs_verdict rs_decide_pull(const struct rs_facts *facts, const struct rs_claim *claim)
{
	struct rs_verdict verdict = identify(facts, claim);

	if (verdict.outcome == RV_PULL_OUTCOME_DELIVERED && !facts->has_startup)
		return (struct rs_verdict){ RV_PULL_OUTCOME_NO_CONFIG, RV_ARMS_CONFIG_NOT_FOUND,
					    "no startup config yet", false };
	return verdict;
}

struct rs_verdict rs_verdict_fallback(void)
{
	return (struct rs_verdict){ RV_PULL_OUTCOME_FALLBACK, RV_ARMS_SUCCESS, "ok", false };
}

struct rs_verdict rs_verdict_held(void)
{
	return (struct rs_verdict){ RV_PULL_OUTCOME_HELD, RV_ARMS_CONFIG_NOT_FOUND,
				    "startup config is held back, it was refused", false };
}

struct rs_verdict rs_decide_query(const struct rs_facts *facts, const struct rs_claim *claim)
{
	return identify(facts, claim);
}

void rs_choose_methods(const char *const *configured, size_t n, const struct rv_str *offered,
		       size_t n_offered, bool has_tunnel_url, struct rs_methods *out)
{
	*out = (struct rs_methods){ 0 };
	for (size_t i = 0; i < n && out->count < RS_METHODS_MAX; i++) {
		struct rv_str name = rv_str(configured[i]);
		bool is_tunnel = rv_str_is(name, "https-tunnel");

		if (is_tunnel && !has_tunnel_url)
			continue;
		for (size_t k = 0; k < n_offered; k++) {
			if (!rv_str_eq(offered[k], name))
				continue;
			out->names[out->count++] = name;
			out->has_tunnel |= is_tunnel;
			break;
		}
	}
}
