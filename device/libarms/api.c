/* Set-up, state cache, information, versions: the calls that never block. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/time.h"
#include "device/libarms/context.h"
#include "device/libarms/include/libarms_reeve.h"

enum {
	EVENT_INTERVAL_S = 60,
};
#define EVENT_INTERVAL_MIN_US (RV_US_PER_SEC / 10)
#define EVENT_INTERVAL_MAX_US (600 * RV_US_PER_SEC)

/* ---- Set-up and shutdown ----------------------------------------------------------------- */

int arms_init(distribution_id_t *distid, arms_context_t **ctx)
{
	struct rv_sa_host host = rv_shell_host;
	struct arms_context *c;

	if (distid == NULL || ctx == NULL)
		return ARMS_EINVAL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ARMS_EFATAL;
	c->id = (struct rv_distid){ .version = distid->version,
				    .vendor = distid->vendor_code,
				    .model = distid->sa_type,
				    .serial = distid->sa_code };
	c->cb.version = ARMS_API_VERSION;
	c->conn = RV_CONN_CLOSED;
	c->event_interval.tv_sec = EVENT_INTERVAL_S;
	rv_hb_clear(&c->hb, &c->id);
	host.arg = c;
	if (rv_sa_new(&host, &c->id, &c->sa) != RV_OK) {
		free(c);
		return ARMS_EFATAL;
	}
	*ctx = c;
	return 0;
}

int arms_load_config(arms_context_t *ctx, const char *encrypted_config, size_t len)
{
	struct rv_diag diag = { 0 };

	if (ctx == NULL)
		return ARMS_EFATAL;
	if (encrypted_config == NULL)
		return ARMS_EINVAL;
	if (rv_sa_set_initial(ctx->sa, rv_strn(encrypted_config, strnlen(encrypted_config, len)),
			      &diag) == RV_OK)
		return 0;
	rv_sa_log(ctx->sa, ARMS_LOG_EINITIAL_CONFIG, "Initial-Config line %u: %s", diag.line,
		  diag.text);
	return ARMS_EINVAL;
}

int arms_register_cert(arms_context_t *ctx, const char *root_ca_cert)
{
	struct rv_tls_opt opt = { .peer = RV_TLS_PEER_ANCHOR };
	struct rv_tls_ctx *tls = NULL;
	struct rv_diag diag = { 0 };
	int r;

	if (ctx == NULL)
		return ARMS_EFATAL;
	if (root_ca_cert == NULL)
		return ARMS_EINVAL;
	opt.ca_pem = rv_strn(root_ca_cert, strnlen(root_ca_cert, ARMS_MAX_PEM_LEN));
	if (opt.ca_pem.len == 0 || opt.ca_pem.len >= ARMS_MAX_PEM_LEN)
		return ARMS_EINVAL;
	r = rv_tls_ctx_new(&opt, &tls, &diag);
	rv_tls_ctx_unref(tls);
	if (r == RV_OK)
		r = rv_sa_set_ls_anchor(ctx->sa, opt.ca_pem);
	if (r != RV_OK) {
		rv_sa_log(ctx->sa, ARMS_LOG_ECERTIFICATE, "%s", diag.text);
		return r == RV_ETLS ? ARMS_EINVAL : ARMS_EFATAL;
	}
	ctx->has_root = true;
	return 0;
}

int arms_register_authkey(arms_context_t *ctx, const char *key)
{
	if (ctx == NULL || key == NULL || !rv_sa_set_ls_key(ctx->sa, rv_str(key)))
		return ARMS_EINVAL;
	return 0;
}

int arms_register_description(arms_context_t *ctx, const char *description, const char *version)
{
	if (ctx == NULL)
		return ARMS_EFATAL;
	if ((description != NULL && strlen(description) > ARMS_MAX_DESC_LEN) ||
	    (version != NULL && strlen(version) > ARMS_MAX_VER_LEN))
		return ARMS_EINVAL;
	if (description != NULL && !rv_sa_set_description(ctx->sa, rv_str(description)))
		return ARMS_EINVAL;
	if (version != NULL && !rv_sa_set_firmware(ctx->sa, rv_str(version)))
		return ARMS_EINVAL;
	return 0;
}

int arms_set_pull_trigger(arms_context_t *ctx, int trigger)
{
	if (ctx == NULL)
		return -1;
	switch (trigger) {
	case ARMS_TRIGGER_CONFIG_ERROR:
		rv_sa_set_trigger(ctx->sa, "invalid config");
		return 0;
	case ARMS_TRIGGER_SYNC_FAILED:
		rv_sa_set_trigger(ctx->sa, "module sync failed");
		return 0;
	default:
		return -1;
	}
}

int arms_set_https_proxy(arms_context_t *ctx, const char *proxy_url)
{
	struct rv_armshttp_proxy proxy = { 0 };
	struct rv_diag diag = { 0 };

	if (ctx == NULL)
		return -1;
	if (proxy_url != NULL &&
	    rv_armshttp_proxy_parse(rv_str(proxy_url), &proxy, &diag) != RV_OK) {
		rv_sa_log(ctx->sa, ARMS_LOG_EURL, "web proxy: %s", diag.text);
		return -1;
	}
	rv_wipe(&ctx->proxy, sizeof(ctx->proxy));
	ctx->proxy = proxy;
	rv_wipe(&proxy, sizeof(proxy));
	ctx->has_proxy = proxy_url != NULL;
	rv_sa_set_proxied(ctx->sa, ctx->has_proxy);
	return 0;
}

int arms_set_tls_min_version(arms_context_t *ctx, int version)
{
	if (ctx == NULL)
		return ARMS_EFATAL;
	if (version != ARMS_TLS_1_0 && version != ARMS_TLS_1_2)
		return ARMS_EINVAL;
	ctx->tls_versions = version == ARMS_TLS_1_0 ? RV_TLS_FROM_10 : RV_TLS_MODERN;
	return 0;
}

int arms_set_tls_only(arms_context_t *ctx, int version)
{
	if (ctx == NULL)
		return ARMS_EFATAL;
	if (version != ARMS_TLS_1_0)
		return ARMS_EINVAL;
	ctx->tls_versions = RV_TLS_ONLY_10;
	return 0;
}

int arms_set_source_address(arms_context_t *ctx, const char *address)
{
	struct rv_conn_source source = { 0 };

	if (ctx == NULL)
		return ARMS_EFATAL;
	if (address != NULL) {
		source.family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
		if (inet_pton(source.family, address, source.ip) != 1)
			return ARMS_EINVAL;
	}
	ctx->source = source;
	return 0;
}

int arms_set_pull_reason(arms_context_t *ctx, const char *text)
{
	size_t len = 0;

	if (ctx == NULL)
		return ARMS_EFATAL;
	while (text != NULL && text[len] >= ' ' && text[len] <= '~' && len <= RV_SA_TRIGGER_MAX)
		len++;
	if (len == 0 || len > RV_SA_TRIGGER_MAX || text[len] != '\0')
		return ARMS_EINVAL;
	rv_sa_set_trigger(ctx->sa, text);
	return 0;
}

void arms_end(arms_context_t *ctx)
{
	/* From a callback the caller would be standing on what it frees. */
	if (ctx == NULL || ctx->is_busy)
		return;
	ctx->is_busy = true;
	rv_sa_remove_modules(ctx->sa);
	rv_conn_close(&ctx->conn);
	rv_sa_free(ctx->sa);
	rv_wipe(ctx, sizeof(*ctx));
	free(ctx);
}

/* ---- State cache ------------------------------------------------------------------------- */

size_t arms_size_of_state(void)
{
	return RV_SA_STATE_SIZE;
}

int arms_dump_state(arms_context_t *ctx, char *state, size_t size)
{
	if (ctx == NULL || state == NULL || ctx->is_busy)
		return ARMS_EFATAL;
	if (size < RV_SA_STATE_SIZE)
		return ARMS_ESIZE;
	rv_sa_dump(ctx->sa, state);
	return 0;
}

int arms_restore_state(arms_context_t *ctx, const char *state, size_t size)
{
	if (ctx == NULL || state == NULL || ctx->is_busy)
		return ARMS_EINVAL;
	if (size < RV_SA_STATE_SIZE)
		return ARMS_ESIZE;
	return rv_sa_restore(ctx->sa, state) == RV_OK ? 0 : ARMS_EINVAL;
}

/* ---- Information ------------------------------------------------------------------------- */

static bool has_room(const arms_context_t *ctx, const void *to, int size, size_t item)
{
	return ctx != NULL && to != NULL && size > 0 && (size_t)size >= item;
}

static size_t room(int size, size_t item, size_t count)
{
	return (size_t)size / item < count ? (size_t)size / item : count;
}

int arms_get_hbtinfo(arms_context_t *ctx, arms_hbt_info_t *info, int size)
{
	const struct rv_sa_service *service;

	if (!has_room(ctx, info, size, sizeof(*info)))
		return -1;
	service = rv_sa_service(ctx->sa);
	memcpy(info, service->heartbeats,
	       room(size, sizeof(*info), service->heartbeat_count) * sizeof(*info));
	return (int)service->heartbeat_count;
}

int arms_get_rsinfo(arms_context_t *ctx, arms_rs_info_t *rsp, int size)
{
	const struct rv_sa_urls *list;

	if (!has_room(ctx, rsp, size, sizeof(*rsp)))
		return -1;
	list = &rv_sa_service(ctx->sa)->push_addresses;
	for (size_t i = 0; i < room(size, sizeof(*rsp), list->count); i++)
		rsp[i].host = list->item[i];
	return (int)list->count;
}

int arms_get_ls_url(arms_context_t *ctx, arms_url_t *urlp, int size)
{
	const char *url;
	size_t n = 0;

	if (!has_room(ctx, urlp, size, sizeof(*urlp)))
		return -1;
	for (; (url = rv_sa_ls_url(ctx->sa, n)) != NULL; n++) {
		if (n == (size_t)size / sizeof(*urlp))
			return MAX_LS_INFO; /* as the original says "there are more" */
		urlp[n].url = url;
	}
	return (int)n;
}

static int get_urls(const struct rv_sa_urls *list, arms_url_t *urlp, int size)
{
	for (size_t i = 0; i < room(size, sizeof(*urlp), list->count); i++)
		urlp[i].url = list->item[i];
	return (int)list->count;
}

int arms_get_rs_url(arms_context_t *ctx, arms_url_t *urlp, int size)
{
	if (!has_room(ctx, urlp, size, sizeof(*urlp)))
		return -1;
	return get_urls(&rv_sa_service(ctx->sa)->pull_urls, urlp, size);
}

int arms_get_rs_tunnel_url(arms_context_t *ctx, arms_url_t *urlp, int size)
{
	if (!has_room(ctx, urlp, size, sizeof(*urlp)))
		return -1;
	return get_urls(&rv_sa_service(ctx->sa)->tunnel_urls, urlp, size);
}

int arms_get_proposed_push_port(arms_context_t *ctx)
{
	return ctx != NULL ? rv_sa_service(ctx->sa)->push_port : 0;
}

int arms_get_proposed_push_timeout(arms_context_t *ctx)
{
	return ctx != NULL ? rv_sa_service(ctx->sa)->push_timeout_s : 0;
}

int arms_get_connection_info(arms_context_t *ctx, arms_connection_info_t *info, int size)
{
	if (ctx == NULL || info == NULL || size < 0 || (size_t)size != sizeof(*info))
		return -1;
	memset(info, 0, sizeof(*info));
	info->method = ARMS_PUSH_METHOD_UNKNOWN;
	info->af = rv_sa_is_ipv6(ctx->sa) ? AF_INET6 : AF_INET;
	return 0;
}

const struct timeval *arms_get_app_event_interval(arms_context_t *ctx)
{
	return ctx != NULL ? &ctx->event_interval : NULL;
}

int arms_set_app_event_interval(arms_context_t *ctx, const struct timeval *timo)
{
	int64_t us;

	if (ctx == NULL || timo == NULL || timo->tv_usec < 0 || timo->tv_usec >= RV_US_PER_SEC ||
	    timo->tv_sec < 0 || timo->tv_sec > EVENT_INTERVAL_MAX_US / RV_US_PER_SEC)
		return -1;
	us = timo->tv_sec * RV_US_PER_SEC + timo->tv_usec;
	if (us < EVENT_INTERVAL_MIN_US || us > EVENT_INTERVAL_MAX_US)
		return -1;
	ctx->event_interval = *timo;
	return 0;
}

/* ---- Versions ---------------------------------------------------------------------------- */

int arms_library_ver_major(void)
{
	return ARMS_LIB_VERSION_MAJOR;
}

int arms_library_ver_minor(void)
{
	return ARMS_LIB_VERSION_MINOR;
}

const char *arms_library_ver_string(void)
{
	return "5.33 (" ARMS_LIB_VERSION_DESC ")";
}

int arms_protocol_ver_major(void)
{
	return ARMS_PROTOCOL_VERSION_MAJOR;
}

int arms_protocol_ver_minor(void)
{
	return ARMS_PROTOCOL_VERSION_MINOR;
}
