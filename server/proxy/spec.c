#include "server/proxy/proxy.h"

#include "conf/items.h"
#include "server/armsfront/items.h"

static const struct rv_conf_item proxy_items[] = {
	RV_CONF_LISTEN_ITEM(
		"{\"127.0.0.1:8443\"}", 1,
		"Addresses on which devices reach the ARMS Proxy; rs.pull_urls leads here.",
		"ARMSプロキシの待受アドレス。"),
	RV_CONF_WORKERS_ITEM("0", "Processes that share these addresses; 0: one per core.",
			     "プロセス数。0はコア数。"),
	RV_CONF_CERTIFICATE_ITEM(
		"certificate", "pki/rs.crt",
		"Certificate, issued by the RS CA; relative to the state directory.",
		"RSのCAが発行したサーバ証明書。"),
	RV_CONF_KEY_ITEM("key", "pki/rs.key", "その秘密鍵。"),
	RV_CONF_CERTIFICATE_ITEM(
		"client_ca", "pki/rs-ca.crt",
		"Devices are asked for a certificate of this CA; they need not have one. \"\": do "
		"not ask, for devices whose certificates come from elsewhere.",
		"機器の証明書を検証するCA。空文字列なら証明書を求めない。"),
	RV_FRONT_ITEMS("16384"),
};

const struct rv_conf_section rv_proxy_sections[] = {
	{ .name = "proxy",
	  .doc = "ARMS Proxy.",
	  .doc_ja = "ARMSプロキシ。",
	  .items = proxy_items,
	  .item_count = RV_ARRAY_LEN(proxy_items) },
};
const size_t rv_proxy_section_count = RV_ARRAY_LEN(rv_proxy_sections);

static const char *const sections[] = { "proxy", NULL };
static const char *const files[] = { "proxy.certificate", "proxy.key", "proxy.client_ca", NULL };
static const char *const calls[] = { "rs.pull", "rs.method-query", NULL };

const struct rv_duty_spec rv_proxy_duty_spec = {
	.name = "proxy",
	.component = "proxy",
	.calls = calls,
	.sections = sections,
	.files = files,
	.listen_section = "proxy",
	.listen_item = "listen",
	.workers_item = "workers",
	.wants_tickets = true,
	.hands_to = "legacy",
	.rights = { .bits = RV_RIGHT_ACCEPT, .is_edge = true },
};
