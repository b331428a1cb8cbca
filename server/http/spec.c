#include "server/http/http.h"

#include "conf/items.h"

static const struct rv_conf_item items[] = {
	RV_CONF_LISTEN_ITEM("{\"127.0.0.1:8080\"}", 1, "Addresses of the REST API: always TLS.",
			    "REST API の待受アドレス。常に TLS を使う。"),
	RV_CONF_CERTIFICATE_ITEM(
		"certificate", "pki/http.crt",
		"Server certificate and its intermediates; relative to the state directory.",
		"サーバ証明書と中間証明書の PEM ファイル。相対パスは状態ディレクトリから。"),
	RV_CONF_KEY_ITEM("key", "pki/http.key", "秘密鍵の PEM ファイル。"),
	RV_CONF_WORKERS_ITEM("1", "Processes that share the addresses; 0: one per core.",
			     "待受アドレスを共有するプロセス数。0 はコア数と同じ。"),
	{
		.name = "connections_max",
		.type = RV_CONF_INT,
		.def = "1024",
		.min = 8,
		.max = 20000,
		.unit = "connections",
		.reload = RV_CONF_LIVE,
		.doc = "Open connections of one process; more are closed at once.",
		.doc_ja = "1 プロセスあたりの最大接続数。超えた接続は直ちに閉じる。",
	},
	{
		.name = "body_max",
		.type = RV_CONF_SIZE,
		.def = "8MiB",
		.min = 64 * 1024,
		.max = 16 * 1024 * 1024,
		.doc = "Largest body of a request; a larger one is refused with status 413.",
		.doc_ja = "要求本文の最大長。超えた要求は 413 で拒否する。",
	},
	{
		.name = "request_timeout",
		.type = RV_CONF_DURATION,
		.def = "60s",
		.min = 1000000,
		.max = 3600000000,
		.reload = RV_CONF_LIVE,
		.doc = "Time for a whole request to arrive, from its first byte.",
		.doc_ja = "要求の最初のバイトから全体を受信するまでの制限時間。",
	},
	{
		.name = "operation_timeout",
		.type = RV_CONF_DURATION,
		.def = "30s",
		.min = 1000000,
		.max = 600000000,
		.reload = RV_CONF_LIVE,
		.doc = "Time for an operation; then the answer is status 504.",
		.doc_ja = "操作の制限時間。過ぎると 504 を返す。",
	},
	{
		.name = "idle_timeout",
		.type = RV_CONF_DURATION,
		.def = "90s",
		.min = 1000000,
		.max = 3600000000,
		.reload = RV_CONF_LIVE,
		.doc = "A connection over which nothing moves for so long is closed. It should "
		       "exceed "
		       "operation_timeout.",
		.doc_ja = "この時間データの流れない接続を閉じる。operation_timeout より長くする。",
	},
};

const struct rv_conf_section rv_http_sections[] = {
	{
		.name = "http",
		.doc = "The REST API.",
		.doc_ja = "REST API。",
		.items = items,
		.item_count = RV_ARRAY_LEN(items),
	},
};
const size_t rv_http_section_count = RV_ARRAY_LEN(rv_http_sections);

static const char *const calls[] = { "rs.op", "status.op", "lsstore.op", NULL };
static const char *const sections[] = { "http", NULL };
static const char *const files[] = { "http.certificate", "http.key", NULL };

const struct rv_duty_spec rv_http_duty_spec = {
	.name = "http",
	.component = "http",
	.calls = calls,
	.sections = sections,
	.files = files,
	.listen_section = "http",
	.listen_item = "listen",
	.workers_item = "workers",
	.wants_tickets = true,
	/* libmicrohttpd gets its connections as ends of pairs. */
	.rights = { .bits = RV_RIGHT_ACCEPT | RV_RIGHT_PAIR, .is_edge = true },
};
