/* items.h - items that several sections have, so that they are the same everywhere.
 *
 *   static const struct rv_conf_item ls_items[] = {
 *           RV_CONF_LISTEN_ITEM("{\"127.0.0.1:7443\"}", 1, "Addresses ...", "..."),
 *           RV_CONF_STORE_ITEMS("ls"),
 *           ...
 *
 * Each stands for one row of the table, RV_CONF_STORE_ITEMS for two. doc and doc_ja are the texts
 * of the item, in English and Japanese.
 */
#ifndef RV_CONF_ITEMS_H
#define RV_CONF_ITEMS_H

#include "conf/conf.h"

enum { RV_CONF_ADDRESSES_MAX = 16, RV_CONF_WORKERS_MAX = 64, RV_CONF_PASSWORD_MAX = 1024 };

/* clang-format off */

/* Addresses on which a duty listens; addresses_min 0: it need not. */
#define RV_CONF_LISTEN_ITEM(default_addresses, addresses_min, text, text_ja)                       \
	{ .name = "listen",                                                                        \
	  .type = RV_CONF_LIST,                                                                    \
	  .def = default_addresses,                                                                \
	  .min = addresses_min,                                                                    \
	  .max = RV_CONF_ADDRESSES_MAX,                                                            \
	  .check = rv_conf_check_listen,                                                           \
	  .doc = text,                                                                             \
	  .doc_ja = text_ja }

/* How many processes do it; 0: one per core. */
#define RV_CONF_WORKERS_ITEM(default_workers, text, text_ja)                                       \
	{ .name = "workers",                                                                       \
	  .type = RV_CONF_INT,                                                                     \
	  .def = default_workers,                                                                  \
	  .min = 0,                                                                                \
	  .max = RV_CONF_WORKERS_MAX,                                                              \
	  .doc = text,                                                                             \
	  .doc_ja = text_ja }

/* A PEM file with certificates, read again on reload. */
#define RV_CONF_CERTIFICATE_ITEM(item_name, default_file, text, text_ja)                           \
	{ .name = item_name,                                                                       \
	  .type = RV_CONF_FILE,                                                                    \
	  .def = default_file,                                                                     \
	  .max = RV_CONF_PEM_MAX,                                                                  \
	  .reload = RV_CONF_LIVE,                                                                  \
	  .doc = text,                                                                             \
	  .doc_ja = text_ja }

/* The private key to the certificate above it. */
#define RV_CONF_KEY_ITEM(item_name, default_file, text_ja)                                         \
	{ .name = item_name,                                                                       \
	  .type = RV_CONF_FILE,                                                                    \
	  .def = default_file,                                                                     \
	  .max = RV_CONF_PEM_MAX,                                                                  \
	  .is_secret = true,                                                                       \
	  .reload = RV_CONF_LIVE,                                                                  \
	  .doc = "Its private key.",                                                               \
	  .doc_ja = text_ja }

/* Where a store is: NAME.db in the state directory unless told otherwise. */
#define RV_CONF_STORE_ITEMS(store_name)                                                            \
	{ .name = "store",                                                                         \
	  .type = RV_CONF_STR,                                                                     \
	  .is_url = true,                                                                          \
	  .doc = "URL of the store: sqlite:PATH or postgresql:... (POSTGRESQL below). Default: "   \
		 "sqlite:" store_name ".db in the state directory.",                               \
	  .doc_ja = "データベースのURL。sqlite:PATHまたはpostgresql:...。" },                      \
	{ .name = "store_password_file",                                                           \
	  .type = RV_CONF_FILE,                                                                    \
	  .max = RV_CONF_PASSWORD_MAX,                                                             \
	  .is_secret = true,                                                                       \
	  .doc = "File with the password for a store on PostgreSQL, in one line; relative to the " \
		 "state directory.",                                                               \
	  .doc_ja = "PostgreSQLのパスワードを1行で書いたファイル。" }
/* clang-format on */

#endif
