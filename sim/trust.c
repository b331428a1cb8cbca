#include "sim/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Every certificate of an LS chain has one of these in its subject (spec 2.4). */
static const char *const ls_subjects[] = { "CN=ARMS Root CA", "CN=Location Server ", NULL };

static int new_tls(const struct rv_sa_action *act, enum sim_tls tls, struct rv_tls_ctx **out)
{
	static const enum rv_tls_versions versions[SIM_TLS_KINDS] = {
		[SIM_TLS_ANY] = RV_TLS_MODERN,
		[SIM_TLS_12] = RV_TLS_ONLY_12,
		[SIM_TLS_13] = RV_TLS_ONLY_13,
	};
	struct rv_tls_opt opt = { .peer = RV_TLS_PEER_ANCHOR,
				  .ca_pem = act->anchor,
				  .cert_pem = act->certificate,
				  .key_pem = act->private_key,
				  .subject_contains = act->phase == RV_SA_LS ? ls_subjects : NULL,
				  .versions = versions[tls] };

	return rv_tls_ctx_new(&opt, out, NULL);
}

/* One more that many have; beyond the few that there should be, each keeps its own. */
static void share(struct sim_trust *trust, struct rv_str anchor)
{
	char *copy;

	for (size_t i = 0; i < trust->anchor_count; i++)
		if (rv_str_eq(trust->anchors[i], anchor))
			return;
	if (trust->anchor_count == SIM_ANCHORS_MAX)
		return;
	copy = strndup(anchor.ptr, anchor.len);
	if (copy != NULL)
		trust->anchors[trust->anchor_count++] = rv_strn(copy, anchor.len);
}

int sim_trust_get(struct sim_trust *trust, const struct rv_sa_action *act, enum sim_tls tls,
		  struct rv_tls_ctx **out)
{
	__typeof__(&trust->of[0][0]) of = &trust->of[act->phase == RV_SA_LS ? 0 : 1][tls];
	struct rv_tls_ctx *made = NULL;
	char *anchor;
	int err;

	if (act->certificate.len > 0)
		return new_tls(act, tls, out);
	if (of->tls == NULL || !rv_str_is(act->anchor, of->anchor)) {
		err = new_tls(act, tls, &made);
		if (err != RV_OK)
			return err;
		anchor = strndup(act->anchor.ptr, act->anchor.len);
		if (anchor == NULL) {
			rv_tls_ctx_unref(made);
			return -ENOMEM;
		}
		free(of->anchor);
		rv_tls_ctx_unref(of->tls);
		of->anchor = anchor;
		of->tls = made;
		share(trust, act->anchor);
	}
	*out = rv_tls_ctx_ref(of->tls);
	return RV_OK;
}

struct rv_sa_shared sim_trust_shared(const struct sim_trust *trust)
{
	return (struct rv_sa_shared){ trust->anchors, trust->anchor_count };
}

void sim_trust_deinit(struct sim_trust *trust)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(trust->of); i++) {
		for (size_t k = 0; k < SIM_TLS_KINDS; k++) {
			rv_tls_ctx_unref(trust->of[i][k].tls);
			free(trust->of[i][k].anchor);
		}
	}
	for (size_t i = 0; i < trust->anchor_count; i++)
		free((char *)(uintptr_t)trust->anchors[i].ptr);
	*trust = (struct sim_trust){ 0 };
}
