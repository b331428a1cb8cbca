#include "server/status/status.h"

#include "conf/items.h"

static const struct rv_conf_item items[] = {
	RV_CONF_LISTEN_ITEM(
		"{\"127.0.0.1:9090\"}", 0,
		"Addresses of /metrics, /healthz and /readyz: plain HTTP, without any check of who "
		"asks. The default holds for `reeve serve`; a component run alone has none. An "
		"empty list turns the pages off.",
		"/metrics、/healthz、/readyz の待受アドレス。平文 HTTP で認証はない。既定値は "
		"reeve serve のみに適用され、単独起動時の既定は「なし」。空リストで無効になる。"),
};

const struct rv_conf_section rv_status_sections[] = {
	{
		.name = "status",
		.doc = "Metrics, health and readiness of all parts.",
		.doc_ja = "全プロセスのメトリクス、稼働状態、準備状態。",
		.items = items,
		.item_count = RV_ARRAY_LEN(items),
	},
};
const size_t rv_status_section_count = RV_ARRAY_LEN(rv_status_sections);

static const char *const sections[] = { "status", NULL };

static const char *const serves[] = { "status.op", NULL };
static const char *const calls[] = { "rs.token-check", NULL };

const struct rv_duty_spec rv_status_duty_spec = {
	.name = "status",
	.component = "status",
	.serves = serves,
	.calls = calls,
	.sections = sections,
	.listen_section = "status",
	.listen_item = "listen",
	.watches_all = true,
	.rights = { .bits = RV_RIGHT_ACCEPT, .is_edge = true },
};
