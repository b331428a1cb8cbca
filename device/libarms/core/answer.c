/* Requests of the three phases, and what their answers mean. */
#include <errno.h>
#include <stdio.h>

#include "device/libarms/core/sa_priv.h"

static int on_modules(void *ctx, const struct rv_armsxml_module *list, size_t count);
static int on_config(void *ctx, const struct rv_armsxml_piece *piece);

int rv_sa_request_begin(struct rv_sa *sa)
{
	struct rv_armsxml_request request = { .distid = rv_str(sa->distid),
					      .description = rv_str(sa->description),
					      .trigger = rv_str(sa->trigger) };
	struct rv_armsxml_sink sink = { on_modules, on_config, sa, sa->fragment };
	struct rv_str key = rv_str(sa->phase == RV_SA_LS ? sa->ls_key : sa->cache.rs_key);

	switch (sa->phase) {
	case RV_SA_LS:
		request.type = RV_ARMSXML_RS_SOLICITATION;
		break;
	case RV_SA_RS:
		request.type = RV_ARMSXML_CONFIG_SOLICITATION;
		request.protocol_version = RV_STR_LIT("4.0");
		if (sa->firmware[0] != '\0')
			request.firmware = rv_str(sa->firmware);
		break;
	default:
		request.type = RV_ARMSXML_PUSH_METHOD_QUERY;
		if (!sa->is_proxied)
			request.methods[request.method_count++] = RV_STR_LIT("https-simple");
		request.methods[request.method_count++] = RV_STR_LIT("https-tunnel");
	}
	return rv_sa_exchange_begin(&sa->exchange, &sa->url, key, &request,
				    sa->phase == RV_SA_RS ? &sink : NULL);
}

/* ---- While the answer arrives ------------------------------------------------------------ */

static int remove_module(void *arg, const struct rv_sa_module *module)
{
	struct rv_sa *sa = arg;
	int r = sa->host.config(sa->host.arg, module, ARMS_REMOVE_MODULE, NULL, 0, 0);

	if (r != 0)
		rv_sa_log(sa, ARMS_LOG_ECALLBACK, "module %u was not removed (%d)", module->id, r);
	return r;
}

static int on_modules(void *ctx, const struct rv_armsxml_module *list, size_t count)
{
	struct rv_sa *sa = ctx;

	if (sa->is_deaf)
		return RV_ECANCELED;
	return rv_sa_modules_replace(&sa->modules, list, count, remove_module, sa);
}

static int on_config(void *ctx, const struct rv_armsxml_piece *piece)
{
	struct rv_sa *sa = ctx;
	const struct rv_sa_module *module = rv_sa_modules_find(&sa->modules, piece->module->id);
	int next = (piece->is_first ? ARMS_FRAG_FIRST : 0) |
		   (piece->is_last ? ARMS_FRAG_FINISHED : 0);
	int r;

	if (sa->is_deaf || module == NULL)
		return RV_ECANCELED;
	r = sa->host.config(sa->host.arg, module, ARMS_PULL_STORE_CONFIG, piece->data, piece->len,
			    next);
	if (r >= 0)
		return RV_OK;
	rv_sa_set_trigger(sa, "invalid config");
	rv_sa_log(sa, ARMS_LOG_ECALLBACK, "config of module %u refused by the program", module->id);
	return RV_ECANCELED;
}

static int log_type_of(int err)
{
	switch (err) {
	case RV_ECANCELED:
		return ARMS_LOG_ECALLBACK;
	case -ENOMEM:
		return ARMS_LOG_ENETNOMEM;
	default:
		return ARMS_LOG_EHTTP;
	}
}

static void answer_failed(struct rv_sa *sa, int err, const struct rv_diag *diag)
{
	rv_sa_attempt_failed(sa, log_type_of(err),
			     diag->text[0] != '\0' ? diag->text : rv_err_name(err));
}

/* ---- Complete answers -------------------------------------------------------------------- */

static void digest_ls(struct rv_sa *sa, const struct rv_armsxml_response *res)
{
	struct rv_diag diag = { 0 };
	int r = rv_sa_location_from_answer(res, &sa->cache.loc, &diag);

	if (r == RV_EINVALID) {
		rv_sa_log(sa, ARMS_LOG_EFATAL, "%s", diag.text);
		rv_sa_end(sa, ARMS_EREBOOT);
		return;
	}
	if (r != RV_OK) {
		answer_failed(sa, r, &diag);
		return;
	}
	if (res->rs_key.ptr != NULL) /* absent: the previous one stays */
		(void)rv_str_copy(rv_str_sub(res->rs_key, 0, RV_SA_KEY_MAX), sa->cache.rs_key,
				  sizeof(sa->cache.rs_key));
	rv_sa_log(sa, ARMS_LOG_ILS_ACCESS_END, "LS answered: %zu RS", res->rs_count);
	rv_sa_leave(sa, RV_SA_THEN_RS);
}

/* The certificate is tried before anything of the answer counts. */
static int take_identity(struct rv_sa *sa, const struct rv_sa_service *service,
			 struct rv_diag *diag)
{
	struct rv_arena arena = { 0 };
	struct rv_str certificate = { 0 };
	struct rv_str key = { 0 };

	if (service->certificate.len > 0) {
		int r = sa->host.identity(sa->host.arg, service->certificate, service->private_key,
					  diag);

		if (r != RV_OK)
			return r;
		certificate = rv_arena_str(&arena, service->certificate);
		key = rv_arena_str(&arena, service->private_key);
		if (certificate.ptr == NULL || key.ptr == NULL) {
			rv_arena_wipe(&arena);
			return -ENOMEM;
		}
	}
	rv_arena_wipe(&sa->identity);
	sa->identity = arena;
	sa->certificate = certificate;
	sa->private_key = key;
	return RV_OK;
}

static void remember_rs(struct rv_sa *sa)
{
	struct rv_sa_location *loc = &sa->cache.loc;

	snprintf(sa->cache.endpoint, sizeof(sa->cache.endpoint), "%.*s",
		 (int)sizeof(sa->cache.endpoint) - 1, loc->rs_urls[loc->rs_index]);
	loc->line_index = sa->line_at;
	if (sa->service.pull_urls.count == loc->rs_count)
		sa->service.query_index = loc->rs_index;
}

static void digest_rs(struct rv_sa *sa, const struct rv_armsxml_response *res)
{
	struct rv_diag diag = { 0 };
	struct rv_sa_service service = { 0 };
	int r = sa->is_deaf ? RV_ECANCELED : rv_sa_service_from_answer(res, &service, &diag);
	bool is_off = r == RV_OK && diag.text[0] != '\0';

	if (r == RV_OK)
		r = take_identity(sa, &service, &diag);
	if (r != RV_OK) {
		rv_sa_service_deinit(&service);
		answer_failed(sa, r, &diag);
		return;
	}
	if (is_off)
		rv_sa_log(sa, ARMS_LOG_IHEARTBEAT_STOP, "%s", diag.text);
	rv_sa_service_deinit(&sa->service);
	sa->service = service;
	remember_rs(sa);
	rv_sa_log(sa, ARMS_LOG_IRS_ACCESS_END, "RS answered: %zu modules", sa->modules.count);
	rv_sa_end(sa, 0);
}

static void digest_query(struct rv_sa *sa, const struct rv_armsxml_response *res)
{
	if (rv_sa_service_set_methods(&sa->service, res) != RV_OK) {
		rv_sa_attempt_failed(sa, ARMS_LOG_ENETNOMEM, "out of memory");
		return;
	}
	sa->is_ipv6 = sa->url.is_ipv6;
	if (sa->service.pull_urls.count == sa->cache.loc.rs_count)
		sa->cache.loc.rs_index = sa->service.query_index;
	rv_sa_log(sa, ARMS_LOG_IRS_ACCESS_END, "method query answered: %zu usable methods",
		  sa->service.method_count);
	rv_sa_end(sa, 0);
}

static void digest_success(struct rv_sa *sa, const struct rv_armsxml_response *res)
{
	switch (sa->phase) {
	case RV_SA_LS:
		digest_ls(sa, res);
		break;
	case RV_SA_RS:
		digest_rs(sa, res);
		break;
	default:
		digest_query(sa, res);
	}
}

/* A code that ends the call. */
static void obey(struct rv_sa *sa, int end_code)
{
	if (sa->phase == RV_SA_QUERY) {
		rv_sa_set_trigger(sa, "boot failed");
		rv_sa_set_state(sa, ARMS_ST_BOOT_FAIL);
	}
	rv_sa_end(sa, end_code);
}

static void digest(struct rv_sa *sa, const struct rv_armsxml_response *res)
{
	const char *trigger = rv_sa_trigger_of(res->code);
	enum rv_sa_verdict verdict = rv_sa_judge(sa->phase, res->code);
	char text[RV_SA_LOG_MAX + 1] = "the answer has no result-code";

	sa->cache.last_result = res->code.is_set ? res->code.value : 0;
	if (trigger != NULL)
		rv_sa_set_trigger(sa, trigger);
	if (res->code.is_set)
		snprintf(text, sizeof(text), "result %d %.*s", res->code.value,
			 RV_STR_ARG(rv_str_sub(res->description, 0, RV_SA_LOG_MAX)));
	if (verdict != RV_SA_SUCCESS && verdict != RV_SA_NEXT)
		rv_sa_log(sa, ARMS_LOG_EFATAL, "%s", text);
	switch (verdict) {
	case RV_SA_SUCCESS:
		digest_success(sa, res);
		break;
	case RV_SA_NEXT:
		rv_sa_attempt_failed(sa, ARMS_LOG_EHTTP, text);
		break;
	case RV_SA_BACK_TO_LS:
		rv_sa_leave(sa, RV_SA_THEN_FALLBACK);
		break;
	case RV_SA_NO_METHOD:
		sa->is_ipv6 = sa->url.is_ipv6;
		sa->service.method_count = 0;
		rv_sa_end(sa, 0);
		break;
	case RV_SA_REBOOT:
		obey(sa, ARMS_EREBOOT);
		break;
	case RV_SA_DONTRETRY:
		obey(sa, ARMS_EDONTRETRY);
		break;
	case RV_SA_PULL:
		obey(sa, ARMS_EPULL);
		break;
	}
}

void rv_sa_answer_bytes(struct rv_sa *sa, struct rv_str bytes)
{
	const struct rv_armsxml_response *res = NULL;
	struct rv_diag diag = { 0 };
	int r = rv_sa_exchange_data(&sa->exchange, bytes, &diag);

	if (r == RV_OK && !sa->exchange.is_complete)
		return;
	if (r == RV_OK)
		r = rv_sa_exchange_answer(&sa->exchange, &res, &diag);
	if (r != RV_OK)
		answer_failed(sa, r, &diag);
	else
		digest(sa, res);
}
