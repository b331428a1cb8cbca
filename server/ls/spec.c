#include "server/ls/ls.h"

#include "conf/items.h"
#include "server/armsfront/items.h"

/* clang-format off */
/* What an operator may do here, whoever it is. */
#define OPERATOR_LIMITS                                                                            \
	{ .name = "devices_max",                                                                   \
	  .type = RV_CONF_INT,                                                                     \
	  .def = "0",                                                                              \
	  .min = 0,                                                                                \
	  .max = 100000000,                                                                        \
	  .doc = "Distribution ids this operator may hold; 0: any number. What it registers "      \
		 "beyond waits until it lets one go.",                                             \
	  .doc_ja = "この事業者が保持できるIDの最大数。0は無制限。" },                             \
	{ .name = "strangers",                                                                     \
	  .type = RV_CONF_BOOL,                                                                    \
	  .def = "on",                                                                             \
	  .doc = "Whether its RS hears of callers whose id nobody has registered, so that it can " \
		 "take them in.",                                                                  \
	  .doc_ja = "未登録の機器からの接続をこの事業者のRSに知らせるかどうか。" }
/* clang-format on */

static const struct rv_conf_item ls_items[] = {
	RV_CONF_LISTEN_ITEM("{\"127.0.0.1:7443\"}", 1,
			    "Addresses on which devices reach the Location Server.",
			    "ロケーションサーバの待受アドレス。"),
	RV_CONF_WORKERS_ITEM("0", "Processes that share these addresses; 0: one per core.",
			     "プロセス数。0はコア数。"),
	RV_CONF_CERTIFICATE_ITEM(
		"certificate", "pki/ls.crt",
		"Certificate chain; relative to the state directory. Subjects must be those that "
		"devices demand: \"CN=ARMS Root CA ...\" and \"CN=Location Server ...\".",
		"サーバ証明書。"),
	RV_CONF_KEY_ITEM("key", "pki/ls.key", "その秘密鍵。"),
	RV_FRONT_ITEMS("4096"),
	RV_CONF_STORE_ITEMS("ls"),
	{ .name = "devices_file",
	  .type = RV_CONF_STR,
	  .doc = "JSON lines with devices and locations, for an LS without an RS of ours; then no "
		 "RS is "
		 "asked. Relative to the state directory; read again when it has changed.",
	  .doc_ja = "機器とLocation-ConfigのJSON Linesファイル。RSなしで動かすときに使う。" },
	{ .name = "local_rs",
	  .type = RV_CONF_BOOL,
	  .def = "on",
	  .doc = "Whether the RS on this machine is an operator of this LS. Off on a host that has "
		 "none, beside sections \"operator\".",
	  .doc_ja = "同じホストのRSに追従するかどうか。" },
	OPERATOR_LIMITS,
};

static int check_url(struct rv_str value, struct rv_diag *diag)
{
	if (rv_str_starts(value, "https://") && value.len > sizeof("https://") - 1)
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, "ls.operator-url", "",
			   "it must be an https URL: the feed holds the secrets of the devices");
}

static const struct rv_conf_item operator_items[] = {
	{ .name = "url",
	  .type = RV_CONF_STR,
	  .check = check_url,
	  .doc = "Where the REST API of the operator's RS is, as \"https://rs.example:8080\".",
	  .doc_ja = "事業者のRSのREST APIのURL。" },
	{ .name = "ca",
	  .type = RV_CONF_FILE,
	  .max = RV_CONF_PEM_MAX,
	  .doc = "CA certificate that its server certificate must lead to; relative to the state "
		 "directory. Left out: the CAs of the system.",
	  .doc_ja = "RSのサーバ証明書を検証するCA証明書。省略時はシステムのCA。" },
	{ .name = "token_file",
	  .type = RV_CONF_FILE,
	  .max = 256,
	  .is_secret = true,
	  .doc = "File with the token that the operator made for this LS (reeve ctl token create "
		 "NAME --role ls); relative to the state directory.",
	  .doc_ja = "事業者がこのLSのために発行したトークンのファイル。" },
	OPERATOR_LIMITS,
};

const struct rv_conf_section rv_ls_sections[] = {
	{ .name = "ls",
	  .doc = "Location Server.",
	  .doc_ja = "ロケーションサーバ。",
	  .items = ls_items,
	  .item_count = RV_ARRAY_LEN(ls_items) },
	{ .name = "operator",
	  .doc = "An RS operator on another host whose devices this LS serves, too; one section "
		 "each, "
		 "with its name as title: operator \"east\" { ... }.",
	  .doc_ja = "他ホストのRS事業者。名前を付けて事業者ごとに書く。",
	  .items = operator_items,
	  .item_count = RV_ARRAY_LEN(operator_items),
	  .may_repeat = true },
};
const size_t rv_ls_section_count = RV_ARRAY_LEN(rv_ls_sections);

static const char *const sections[] = { "ls", "operator", NULL };
static const char *const edge_files[] = { "ls.certificate", "ls.key", NULL };
static const char *const edge_sections[] = { "ls", NULL };
static const char *const edge_calls[] = { "ls.solicit", NULL };

const struct rv_duty_spec rv_ls_duty_spec = {
	.name = "ls",
	.component = "ls",
	.calls = edge_calls,
	.sections = edge_sections,
	.files = edge_files,
	.listen_section = "ls",
	.listen_item = "listen",
	.workers_item = "workers",
	.wants_tickets = true,
	.hands_to = "legacy",
	.rights = { .bits = RV_RIGHT_ACCEPT, .is_edge = true },
};

static const char *const store_serves[] = { "ls.solicit", "lsstore.op", "key.reseal-ls", NULL };
static const char *const store_calls[] = { "rs.feed",        "rs.report",       "rs.waiting-note",
					   "rs.token-check", "lsfeed.exchange", NULL };
static const char *const store_hears[] = { "rs.changed", NULL };

static const char *const store_reads[] = { "ls.store_password_file", NULL };
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
	.files = store_reads,
	.rights = { .bits = RV_RIGHT_FILES | RV_RIGHT_STORE | RV_RIGHT_THREADS,
		    .state_files = store_files,
		    .places = store_places },
};

static const char *const feed_serves[] = { "lsfeed.exchange", NULL };
static const char *const feed_sections[] = { "operator", NULL };
static const char *const feed_files[] = { "operator.ca", "operator.token_file", NULL };

const struct rv_duty_spec rv_lsfeed_duty_spec = {
	.name = "lsfeed",
	.component = "ls",
	.serves = feed_serves,
	.sections = feed_sections,
	.files = feed_files,
	.rights = { .bits = RV_RIGHT_CONNECT | RV_RIGHT_FILES | RV_RIGHT_THREADS | RV_RIGHT_PAIR,
		    .is_edge = true },
};
