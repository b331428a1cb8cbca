#include "server/proxy/proxy.h"

#include "server/armsfront/items.h"

static const struct rv_conf_item proxy_items[] = {
	{ .name = "listen",
	  .type = RV_CONF_LIST,
	  .def = "{\"127.0.0.1:8443\"}",
	  .min = 1,
	  .max = 16,
	  .check = rv_conf_check_listen,
	  .doc = "Addresses on which devices reach the ARMS Proxy; rs.pull_urls leads here.",
	  .doc_ja = "ARMSプロキシの待受アドレス。" },
	{ .name = "workers",
	  .type = RV_CONF_INT,
	  .def = "0",
	  .min = 0,
	  .max = 64,
	  .doc = "Processes that share these addresses; 0: one per core.",
	  .doc_ja = "プロセス数。0はコア数。" },
	{ .name = "certificate",
	  .type = RV_CONF_FILE,
	  .def = "pki/rs.crt",
	  .max = RV_CONF_PEM_MAX,
	  .reload = RV_CONF_LIVE,
	  .doc = "Certificate, issued by the RS CA; relative to the state directory.",
	  .doc_ja = "RSのCAが発行したサーバ証明書。" },
	{ .name = "key",
	  .type = RV_CONF_FILE,
	  .def = "pki/rs.key",
	  .max = RV_CONF_PEM_MAX,
	  .is_secret = true,
	  .reload = RV_CONF_LIVE,
	  .doc = "Its private key.",
	  .doc_ja = "その秘密鍵。" },
	{ .name = "client_ca",
	  .type = RV_CONF_FILE,
	  .def = "pki/rs-ca.crt",
	  .max = RV_CONF_PEM_MAX,
	  .reload = RV_CONF_LIVE,
	  .doc = "Devices are asked for a certificate of this CA; they need not have one. \"\": do "
		 "not "
		 "ask, for devices whose certificates come from elsewhere.",
	  .doc_ja = "機器の証明書を検証するCA。空文字列なら証明書を求めない。" },
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
