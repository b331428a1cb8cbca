#include <arpa/inet.h>

#include "conf/items.h"
#include "proto/armshttp/url.h"
#include "server/rs/line.h"
#include "server/rs/rs.h"
#include "server/rs/url.h"

#define DAYS_US   (INT64_C(86400) * 1000000)
#define SECOND_US INT64_C(1000000)

static int check_url(struct rv_str value, struct rv_diag *diag)
{
	return rs_url_check(value, NULL, diag);
}

static int check_ls_url(struct rv_str value, struct rv_diag *diag)
{
	struct rv_armshttp_url url;

	return rv_armshttp_url_parse_for_device(value, RV_ARMSHTTP_URL_MAX, &url, diag);
}

static int check_address(struct rv_str value, struct rv_diag *diag)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16];

	if (rv_str_copy(value, text, sizeof(text)) &&
	    (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1))
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, "rs.push-address", "",
			   "it must be a numeric address");
}

static int check_method(struct rv_str value, struct rv_diag *diag)
{
	if (rv_str_is(value, "https-simple") || rv_str_is(value, "https-tunnel"))
		return RV_OK;
	return rv_diag_set(diag, RV_EINVALID, "rs.push-method", "",
			   "a push method is \"https-simple\" or \"https-tunnel\"");
}

static int check_line(struct rv_str value, struct rv_diag *diag)
{
	struct rv_line line;

	return rs_line_parse(value, &line, diag);
}

static const char *const sa_keys[] = { "p256", "rsa2048", NULL }; /* as enum rv_ca_key */
static const char *const fallbacks[] = { "last_running", "hold", NULL };

static const struct rv_conf_item rs_items[] = {
	{ .name = "name",
	  .type = RV_CONF_STR,
	  .def = "main",
	  .doc = "Name of this RS. A device belongs to the RS that its record names.",
	  .doc_ja = "このRSの名前。" },
	RV_CONF_STORE_ITEMS("rs"),
	{ .name = "pull_urls",
	  .type = RV_CONF_LIST,
	  .def = "{\"https://127.0.0.1:8443/arms\"}",
	  .min = 1,
	  .max = 5,
	  .check = check_url,
	  .reload = RV_CONF_LIVE,
	  .doc = "Where devices reach the ARMS Proxies: URLs with numeric addresses.",
	  .doc_ja = "機器がARMSプロキシに接続するURL。アドレスは数値で書く。" },
	{ .name = "tunnel_urls",
	  .type = RV_CONF_LIST,
	  .def = "{}",
	  .max = 5,
	  .check = check_url,
	  .reload = RV_CONF_LIVE,
	  .doc = "Where devices open tunnels (push method https-tunnel). Default: pull_urls.",
	  .doc_ja = "トンネルの接続先URL。省略時はpull_urls。" },
	{ .name = "push_addresses",
	  .type = RV_CONF_LIST,
	  .def = "{}",
	  .max = 5,
	  .check = check_address,
	  .reload = RV_CONF_LIVE,
	  .doc = "Source addresses of pushes, told to devices for their packet filters.",
	  .doc_ja = "プッシュの送信元アドレス。" },
	{ .name = "push_methods",
	  .type = RV_CONF_LIST,
	  .def = "{\"https-tunnel\", \"https-simple\"}",
	  .min = 1,
	  .max = 2,
	  .check = check_method,
	  .reload = RV_CONF_LIVE,
	  .doc = "Push methods in order of preference.",
	  .doc_ja = "プッシュ方式。優先順に書く。" },
	{ .name = "echo_interval",
	  .type = RV_CONF_DURATION,
	  .def = "60s",
	  .min = SECOND_US,
	  .max = 3600 * SECOND_US,
	  .reload = RV_CONF_LIVE,
	  .doc = "How often devices test their tunnels. Must be shorter than NAT timeouts.",
	  .doc_ja = "トンネルの疎通確認の間隔。" },
	{ .name = "push_port",
	  .type = RV_CONF_INT,
	  .def = "10443",
	  .min = 1,
	  .max = 65535,
	  .reload = RV_CONF_LIVE,
	  .doc = "Port proposed to devices for push method https-simple.",
	  .doc_ja = "待受型プッシュのポート番号。" },
	{ .name = "push_timeout",
	  .type = RV_CONF_DURATION,
	  .def = "60s",
	  .min = SECOND_US,
	  .max = DAYS_US,
	  .reload = RV_CONF_LIVE,
	  .doc = "How long an operation on a device may take.",
	  .doc_ja = "機器上の操作の制限時間。" },
	{ .name = "heartbeat_servers",
	  .type = RV_CONF_LIST,
	  .def = "{\"127.0.0.1:5115\"}",
	  .min = 1,
	  .max = 5,
	  .check = rv_conf_check_peer,
	  .reload = RV_CONF_LIVE,
	  .doc = "Heartbeat servers, numeric address and port. At least one: the original device "
		 "library spins without.",
	  .doc_ja = "Heartbeatサーバ。アドレスは数値で書く。" },
	{ .name = "heartbeat_interval",
	  .type = RV_CONF_DURATION,
	  .def = "5m",
	  .min = SECOND_US,
	  .max = DAYS_US,
	  .reload = RV_CONF_LIVE,
	  .doc = "How often devices send heartbeats.",
	  .doc_ja = "Heartbeatの送信間隔。" },
	{ .name = "location_urls",
	  .type = RV_CONF_LIST,
	  .def = "{}",
	  .max = 5,
	  .check = check_url,
	  .doc = "RS URLs of the Location-Config \"default\" when it is made at first start. "
		 "Default: "
		 "pull_urls.",
	  .doc_ja = "初回起動時に作るLocation-ConfigのRS URL。省略時はpull_urls。" },
	{ .name = "lines",
	  .type = RV_CONF_LIST,
	  .def = "{\"dhcp\"}",
	  .min = 1,
	  .max = 5,
	  .check = check_line,
	  .is_secret = true,
	  .doc = "Lines of the Location-Config \"default\" when it is made: kind, then key=value "
		 "words, "
		 "as in \"pppoe ifindex=0 account=a@isp.example password=p\".",
	  .doc_ja = "初回起動時に作るLocation-Configの回線。" },
	{ .name = "ls_urls",
	  .type = RV_CONF_LIST,
	  .def = "{}",
	  .max = 4,
	  .check = check_ls_url,
	  .reload = RV_CONF_LIVE,
	  .doc = "Where devices reach the Location Servers: URLs with numeric addresses, for "
		 "Initial-Configs that name no other ones.",
	  .doc_ja = "機器がLSに接続するURL。URLを指定しないInitial-Configに使う。" },
	{ .name = "ll_timeout",
	  .type = RV_CONF_DURATION,
	  .def = "30s",
	  .max = DAYS_US,
	  .doc = "How long a line may take to come up.",
	  .doc_ja = "回線接続の制限時間。" },
	{ .name = "rs_retry_max",
	  .type = RV_CONF_INT,
	  .def = "5",
	  .max = 1000000,
	  .doc = "How often a device asks its RS again before it returns to the LS.",
	  .doc_ja = "RSへの再試行回数。" },
	{ .name = "rs_retry_interval",
	  .type = RV_CONF_DURATION,
	  .def = "60s",
	  .min = SECOND_US,
	  .max = DAYS_US,
	  .doc = "Pause between these retries; each device is given a value within 50 % of it.",
	  .doc_ja = "RSへの再試行の間隔。機器ごとに±50%の範囲で変える。" },
	{ .name = "waiting_max",
	  .type = RV_CONF_INT,
	  .def = "10000",
	  .min = 1,
	  .max = 1000000,
	  .reload = RV_CONF_LIVE,
	  .doc = "Waiting devices remembered; beyond it the one whose last contact is oldest gives "
		 "way.",
	  .doc_ja = "登録待ちの機器の最大数。" },
	{ .name = "ls_forget",
	  .type = RV_CONF_DURATION,
	  .def = "30d",
	  .min = 3600 * SECOND_US,
	  .max = 3650 * DAYS_US,
	  .reload = RV_CONF_LIVE,
	  .doc = "A Location Server that has not called for so long is no longer waited for: the "
		 "record that a device is gone is kept until all have had it. If it comes back, it "
		 "takes everything anew.",
	  .doc_ja = "この期間連絡のないLSを待たない。戻ってきたLSは全体を取り直す。" },
	{ .name = "strangers_max",
	  .type = RV_CONF_INT,
	  .def = "10000",
	  .min = 0,
	  .max = 10000000,
	  .reload = RV_CONF_LIVE,
	  .doc = "Pulls kept of callers that could not prove who they are. All others are kept for "
		 "ever.",
	  .doc_ja = "認証に失敗したプルの保存数。" },
	{ .name = "config_refusals_max",
	  .type = RV_CONF_INT,
	  .def = "3",
	  .min = 0,
	  .max = 1000,
	  .reload = RV_CONF_LIVE,
	  .doc = "A startup config that a device has refused so often is no longer delivered to "
		 "it; "
		 "0: it is, for ever.",
	  .doc_ja = "機器がこの回数拒否した起動時コンフィグは配信しない。0なら配信し続ける。" },
	{ .name = "config_fallback",
	  .type = RV_CONF_ENUM,
	  .def = "last_running",
	  .choices = fallbacks,
	  .reload = RV_CONF_LIVE,
	  .doc = "What such a device gets instead: the config that it ran last, or nothing: it "
		 "waits (hold).",
	  .doc_ja = "その代わりに配信するもの。last_runningは前回動作したコンフィグ、"
		    "holdは何も配信せず待たせる。" },
	{ .name = "pull_loop_max",
	  .type = RV_CONF_INT,
	  .def = "20",
	  .min = 0,
	  .max = 100000,
	  .reload = RV_CONF_LIVE,
	  .doc = "A device that pulls so often within pull_loop_window raises an incident; 0: "
		 "none does.",
	  .doc_ja = "pull_loop_windowの間にこの回数プルした機器をインシデントにする。0なら"
		    "しない。" },
	{ .name = "pull_loop_window",
	  .type = RV_CONF_DURATION,
	  .def = "10m",
	  .min = SECOND_US,
	  .max = DAYS_US,
	  .reload = RV_CONF_LIVE,
	  .doc = "See pull_loop_max.",
	  .doc_ja = "pull_loop_maxを参照。" },
	{ .name = "incidents_keep",
	  .type = RV_CONF_DURATION,
	  .def = "90d",
	  .min = DAYS_US,
	  .max = 3650 * DAYS_US,
	  .reload = RV_CONF_LIVE,
	  .doc = "How long incidents are kept after they are resolved. Others are never forgotten.",
	  .doc_ja = "解決済みのインシデントを保存する期間。" },
	{ .name = "sa_key",
	  .type = RV_CONF_ENUM,
	  .def = "p256",
	  .choices = sa_keys,
	  .doc = "Key of device certificates made here. rsa2048: for https-simple pushes to "
		 "devices "
		 "with the original client, which knows RSA key exchange only.",
	  .doc_ja = "機器の証明書の鍵の種類。" },
	{ .name = "sa_renew",
	  .type = RV_CONF_DURATION,
	  .def = "30d",
	  .min = DAYS_US,
	  .max = 3650 * DAYS_US,
	  .reload = RV_CONF_LIVE,
	  .doc = "A device certificate of ours is made anew this long before it expires, and "
		 "handed "
		 "out at the next pull.",
	  .doc_ja = "機器の証明書を期限のどれだけ前に更新するか。" },
};

static const struct rv_conf_item ca_items[] = {
	{ .name = "certificate",
	  .type = RV_CONF_FILE,
	  .def = "pki/rs-ca.crt",
	  .max = RV_CONF_PEM_MAX,
	  .doc = "Root certificate of the RS; relative to the state directory.",
	  .doc_ja = "RSのルート証明書。" },
	{ .name = "key",
	  .type = RV_CONF_FILE,
	  .def = "pki/rs-ca.key",
	  .max = RV_CONF_PEM_MAX,
	  .is_secret = true,
	  .doc = "Its private key; the ca duty alone gets it.",
	  .doc_ja = "その秘密鍵。caプロセスだけに渡す。" },
	{ .name = "lifetime",
	  .type = RV_CONF_DURATION,
	  .def = "730d",
	  .min = DAYS_US,
	  .max = 3650 * DAYS_US,
	  .reload = RV_CONF_LIVE,
	  .doc = "Validity of device certificates; rs.sa_renew says when they are renewed.",
	  .doc_ja = "機器の証明書の有効期間。" },
	{ .name = "keys_ready",
	  .type = RV_CONF_INT,
	  .def = "256",
	  .min = 0,
	  .max = 100000,
	  .doc = "P-256 keys for device certificates that are made ahead.",
	  .doc_ja = "機器の証明書用に予め生成しておくP-256鍵の数。" },
	{ .name = "rsa_keys_ready",
	  .type = RV_CONF_INT,
	  .def = "0",
	  .min = 0,
	  .max = 10000,
	  .doc = "RSA keys made ahead (rs.sa_key = rsa2048): each costs 0.1 s of CPU or more. 0: "
		 "each "
		 "when it is asked for.",
	  .doc_ja = "予め生成しておくRSA鍵の数。0なら要求時に生成する。" },
};

const struct rv_conf_section rv_rs_sections[] = {
	{ .name = "rs",
	  .doc = "Resource Server.",
	  .doc_ja = "リソースサーバ。",
	  .items = rs_items,
	  .item_count = RV_ARRAY_LEN(rs_items) },
	{ .name = "ca",
	  .doc = "Signing of device certificates.",
	  .doc_ja = "機器の証明書の発行。",
	  .items = ca_items,
	  .item_count = RV_ARRAY_LEN(ca_items) },
};
const size_t rv_rs_section_count = RV_ARRAY_LEN(rv_rs_sections);

static const char *const rs_serves[] = { "rs.op",           "rs.pull",       "rs.method-query",
					 "rs.waiting-note", "rs.feed",       "rs.report",
					 "rs.token-check",  "key.reseal-rs", NULL };
static const char *const rs_calls[] = { "ca.issue-sa", "ca.issue-many", NULL };
static const char *const rs_publishes[] = { "rs.changed", NULL };
static const char *const rs_reads[] = { "rs", "ca", NULL };
static const char *const rs_files[] = { "ca.certificate", "rs.store_password_file", NULL };

static const char *const rs_state_files[] = { "rs.", "secret.", "admin-token.", NULL };
static const struct rv_duty_place rs_places[] = { { "rs", "store", RV_DUTY_PLACE_STORE }, { 0 } };

const struct rv_duty_spec rv_rs_duty_spec = {
	.name = "rs",
	.component = "rs",
	.serves = rs_serves,
	.calls = rs_calls,
	.publishes = rs_publishes,
	.sections = rs_reads,
	.files = rs_files,
	.rights = { .bits = RV_RIGHT_FILES | RV_RIGHT_STORE | RV_RIGHT_THREADS,
		    .state_files = rs_state_files,
		    .places = rs_places },
};

static const char *const ca_serves[] = { "ca.issue-sa", "ca.issue-many", NULL };
static const char *const ca_reads[] = { "ca", NULL };
static const char *const ca_files[] = { "ca.certificate", "ca.key", NULL };

const struct rv_duty_spec rv_ca_duty_spec = {
	.name = "ca",
	.component = "rs",
	.serves = ca_serves,
	.sections = ca_reads,
	.files = ca_files,
	/* Its own keys have arrived with the configuration; devices' keys are made beside the loop.
	 */
	.rights = { .bits = RV_RIGHT_THREADS },
};
