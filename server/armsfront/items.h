/* items.h - what both edges have in their section of the configuration besides their own items. */
#ifndef RV_ARMSFRONT_ITEMS_H
#define RV_ARMSFRONT_ITEMS_H

#include "conf/items.h"

/* clang-format off */
#define RV_FRONT_ITEMS(conns)                                                                      \
	{ .name = "conns_max",                                                                     \
	  .type = RV_CONF_INT,                                                                     \
	  .def = conns,                                                                            \
	  .min = 1,                                                                                \
	  .max = 1000000,                                                                          \
	  .reload = RV_CONF_LIVE,                                                          \
	  .doc = "Connections at a time, per worker.",                                             \
	  .doc_ja = "プロセスあたりの最大接続数。" },                                              \
	{ .name = "handshakes_max",                                                                \
	  .type = RV_CONF_INT,                                                                     \
	  .def = "128",                                                                            \
	  .min = 1,                                                                                \
	  .max = 1000000,                                                                          \
	  .reload = RV_CONF_LIVE,                                                          \
	  .doc = "TLS handshakes in progress at a time, per worker. Beyond it, connections are "   \
		 "reset before TLS; devices try again.",                                           \
	  .doc_ja = "プロセスあたりのTLSハンドシェイク同時実行数。超過分はTLS開始前に切断し、"     \
		    "機器は再試行する。" },                                                        \
	{ .name = "source_share",                                                                  \
	  .type = RV_CONF_INT,                                                                     \
	  .def = "25",                                                                             \
	  .min = 1,                                                                                \
	  .max = 100,                                                                              \
	  .unit = "percent",                                                                       \
	  .reload = RV_CONF_LIVE,                                                          \
	  .doc = "Of conns_max and handshakes_max, what one source address (IPv6: /56) may have "  \
		 "once half of them are in use. 100: no limit, for a server behind a balancer that " \
		 "hides addresses.",                                                               \
	  .doc_ja = "使用率が50%を超えたとき、1つの送信元アドレス(IPv6は/56)に許す割合。"          \
		    "アドレスを隠すロードバランサの背後では100とする。" },                         \
	{ .name = "legacy",                                                                        \
	  .type = RV_CONF_BOOL,                                                                    \
	  .def = "no",                                                                             \
	  .doc = "Serve devices that speak TLS 1.0 only, on the same addresses, by a process of "  \
		 "its own. No security against somebody on the way.",                              \
	  .doc_ja = "TLS 1.0のみの機器を同じアドレスで専用プロセスにより収容する。"                \
		    "経路上の攻撃者に対しては安全でない。" },                                      \
	RV_CONF_CERTIFICATE_ITEM(                                                                  \
		"legacy_certificate", "",                                                          \
		"For such devices: a second chain with an RSA key, for those without elliptic "    \
		"curves; \"\": certificate alone.",                                                \
		"楕円曲線に対応しない機器のためのRSA証明書。空文字列ならcertificateのみ。"),       \
	RV_CONF_KEY_ITEM("legacy_key", "", "その秘密鍵。")
/* clang-format on */

#endif
