#include "server/ls/ls.h"

#include "server/armsfront/items.h"

static const struct rv_conf_item ls_items[] = {
	{ .name = "listen",
	  .type = RV_CONF_LIST,
	  .def = "{\"127.0.0.1:7443\"}",
	  .min = 1,
	  .max = 16,
	  .check = rv_conf_check_listen,
	  .doc = "Addresses on which devices reach the Location Server.",
	  .doc_ja = "ロケーションサーバの待受アドレス。" },
	{ .name = "workers",
	  .type = RV_CONF_INT,
	  .def = "0",
	  .min = 0,
	  .max = 64,
	  .doc = "Processes that share these addresses; 0: one per core.",
	  .doc_ja = "プロセス数。0はコア数。" },
	{ .name = "certificate",
	  .type = RV_CONF_FILE,
	  .def = "pki/ls.crt",
	  .max = RV_CONF_PEM_MAX,
	  .reload = RV_CONF_LIVE,
	  .doc = "Certificate chain; relative to the state directory. Subjects must be those that "
		 "devices demand: \"CN=ARMS Root CA ...\" and \"CN=Location Server ...\".",
	  .doc_ja = "サーバ証明書。" },
	{ .name = "key",
	  .type = RV_CONF_FILE,
	  .def = "pki/ls.key",
	  .max = RV_CONF_PEM_MAX,
	  .is_secret = true,
	  .reload = RV_CONF_LIVE,
	  .doc = "Its private key.",
	  .doc_ja = "その秘密鍵。" },
	RV_FRONT_ITEMS("4096"),
	{ .name = "store",
	  .type = RV_CONF_STR,
	  .doc = "URL of the store. Default: sqlite:ls.db in the state directory.",
	  .doc_ja = "データベースのURL。" },
	{ .name = "devices_file",
	  .type = RV_CONF_STR,
	  .doc = "JSON lines with devices and locations, for an LS without an RS of ours; then no "
		 "RS is "
		 "asked. Relative to the state directory; read again when it has changed.",
	  .doc_ja = "機器とLocation-ConfigのJSON Linesファイル。RSなしで動かすときに使う。" },
};

const struct rv_conf_section rv_ls_sections[] = {
	{ .name = "ls",
	  .doc = "Location Server.",
	  .doc_ja = "ロケーションサーバ。",
	  .items = ls_items,
	  .item_count = RV_ARRAY_LEN(ls_items) },
};
const size_t rv_ls_section_count = RV_ARRAY_LEN(rv_ls_sections);

static const char *const sections[] = { "ls", NULL };
static const char *const edge_files[] = { "ls.certificate", "ls.key", NULL };
static const char *const edge_calls[] = { "ls.solicit", NULL };

const struct rv_duty_spec rv_ls_duty_spec = {
	.name = "ls",
	.component = "ls",
	.calls = edge_calls,
	.sections = sections,
	.files = edge_files,
	.listen_section = "ls",
	.listen_item = "listen",
	.workers_item = "workers",
	.wants_tickets = true,
	.hands_to = "legacy",
	.rights = { .bits = RV_RIGHT_ACCEPT, .is_edge = true },
};

static const char *const store_serves[] = { "ls.solicit", NULL };
static const char *const store_calls[] = { "rs.feed", "rs.waiting-note", NULL };
static const char *const store_hears[] = { "rs.changed", NULL };

static const char *const store_files[] = { "ls.", "secret.", NULL };
static const struct rv_duty_place store_places[] = {
	{ "ls", "store", RV_DUTY_PLACE_STORE },
	{ "ls", "devices_file", RV_DUTY_PLACE_FILE },
	{ 0 },
};

const struct rv_duty_spec rv_lsstore_duty_spec = {
	.name = "lsstore",
	.component = "ls",
	.serves = store_serves,
	.calls = store_calls,
	.hears = store_hears,
	.sections = sections,
	.rights = { .bits = RV_RIGHT_FILES | RV_RIGHT_STORE | RV_RIGHT_THREADS,
		    .state_files = store_files,
		    .places = store_places },
};
