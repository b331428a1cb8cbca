#include "duties.h"

#include <assert.h>
#include <string.h>

#include "app/supervisor.h"
#include "server/http/http.h"
#include "server/legacy/legacy.h"
#include "server/ls/ls.h"
#include "server/proxy/proxy.h"
#include "server/rs/rs.h"
#include "server/status/status.h"

static const struct rv_duty_spec *const ls_duties[] = {
	&rv_ls_duty_spec,
	&rv_lsstore_duty_spec,
	&rv_lsfeed_duty_spec,
	NULL,
};
static const struct rv_duty_spec *const rs_duties[] = { &rv_rs_duty_spec, &rv_ca_duty_spec, NULL };
static const struct rv_duty_spec *const proxy_duties[] = { &rv_proxy_duty_spec, NULL };
static const struct rv_duty_spec *const http_duties[] = { &rv_http_duty_spec, NULL };
static const struct rv_duty_spec *const status_duties[] = { &rv_status_duty_spec, NULL };

const struct rv_component rv_components[] = {
	{
		.name = "ls",
		.duties = ls_duties,
		.sections = rv_ls_sections,
		.section_count = &rv_ls_section_count,
		.doc = "Location Server: tells devices where their RS is",
		.doc_ja = "ロケーションサーバ。機器に接続先のRSを教える",
	},
	{
		.name = "rs",
		.duties = rs_duties,
		.sections = rv_rs_sections,
		.section_count = &rv_rs_section_count,
		.doc = "Resource Server: devices, configs, pulls",
		.doc_ja = "リソースサーバ。機器、コンフィグ、プルの記録",
	},
	{
		.name = "proxy",
		.duties = proxy_duties,
		.sections = rv_proxy_sections,
		.section_count = &rv_proxy_section_count,
		.doc = "ARMS Proxy: answers devices for the RS",
		.doc_ja = "ARMSプロキシ。RSに代わって機器に応答する",
	},
	{
		.name = "http",
		.duties = http_duties,
		.sections = rv_http_sections,
		.section_count = &rv_http_section_count,
		.doc = "REST API over TLS",
		.doc_ja = "REST API(TLS)",
	},
	{
		.name = "status",
		.duties = status_duties,
		.sections = rv_status_sections,
		.section_count = &rv_status_section_count,
		.doc = "metrics, health and readiness",
		.doc_ja = "メトリクス、稼働状態、準備状態",
	},
};
const size_t rv_component_count = RV_ARRAY_LEN(rv_components);

/* librsapi and `reeve key`: no duty and no process of ours, but it may ask for a link at bus.sock.
 */
static const char *const rsapi_calls[] = { "rs.op",         "status.op",     "lsstore.op",
					   "key.reseal-rs", "key.reseal-ls", NULL };
static const struct rv_duty_spec rsapi_spec = { .name = "rsapi", .calls = rsapi_calls };

const struct rv_component *rv_component_find(const char *name)
{
	for (size_t i = 0; i < rv_component_count; i++) {
		if (strcmp(rv_components[i].name, name) == 0)
			return &rv_components[i];
	}
	return NULL;
}

size_t rv_duties_all(const struct rv_duty_spec *out[static RV_DUTIES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < rv_component_count; i++) {
		for (size_t j = 0; rv_components[i].duties[j] != NULL; j++) {
			assert(n < RV_DUTIES_MAX - 3);
			out[n++] = rv_components[i].duties[j];
		}
	}
	out[n++] = &rv_legacy_duty_spec;
	out[n++] = &rsapi_spec;
	out[n] = NULL;
	return n;
}

size_t rv_duties_schema(struct rv_conf_section out[static RV_SECTIONS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < rv_app_section_count; i++)
		out[n++] = rv_app_sections[i];
	for (size_t i = 0; i < rv_component_count; i++) {
		for (size_t j = 0; j < *rv_components[i].section_count; j++) {
			assert(n < RV_SECTIONS_MAX);
			out[n++] = rv_components[i].sections[j];
		}
	}
	return n;
}
