/* Schema of the rs store, SQLite dialect. A migration that was released is never changed. */
#ifndef RV_RS_SQL_SCHEMA_SQLITE_H
#define RV_RS_SQL_SCHEMA_SQLITE_H

/*
 * device              what people say of a device; written rarely
 * device_state        what changes with every contact; narrow, because a changed row costs its page
 * device_certificate  written once a year, long
 * config_version      append-only; (device, sha256) is unique: the same content is the same version
 * config_module       its modules in order of delivery
 * pull                every config-solicitation. is_stranger: the caller proved nothing, so these
 * rows are bounded (rs.strangers_max) waiting             callers without a config; bounded
 * (rs.waiting_max) change              the feed: each thing has one row, with the number of its
 * latest change. Numbers are never given twice (AUTOINCREMENT), so a cursor never meets an old one
 * again
 */
#define RS_SQL_SCHEMA_1                                                                            \
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"    \
	"CREATE TABLE device ("                                                                    \
	" id INTEGER PRIMARY KEY,"                                                                 \
	" distid TEXT NOT NULL UNIQUE,"                                                            \
	" description TEXT NOT NULL,"                                                              \
	" location TEXT NOT NULL,"                                                                 \
	" rs TEXT NOT NULL,"                                                                       \
	" is_enabled INTEGER NOT NULL,"                                                            \
	" created_at INTEGER NOT NULL,"                                                            \
	" ls_key_mac BLOB NOT NULL,"                                                               \
	" rs_key BLOB NOT NULL,"                                                                   \
	" heartbeat_key BLOB NOT NULL) STRICT;"                                                    \
	"CREATE INDEX device_by_location ON device (location);"                                    \
	"CREATE TABLE device_state ("                                                              \
	" device_id INTEGER PRIMARY KEY,"                                                          \
	" state INTEGER NOT NULL,"                                                                 \
	" last_contact_at INTEGER,"                                                                \
	" last_address TEXT NOT NULL,"                                                             \
	" firmware TEXT NOT NULL,"                                                                 \
	" working_id INTEGER,"                                                                     \
	" startup_id INTEGER,"                                                                     \
	" running_id INTEGER,"                                                                     \
	" delivered_id INTEGER) STRICT;"                                                           \
	"CREATE TABLE device_certificate ("                                                        \
	" device_id INTEGER PRIMARY KEY,"                                                          \
	" certificate TEXT NOT NULL,"                                                              \
	" private_key BLOB NOT NULL,"                                                              \
	" expires_at INTEGER NOT NULL,"                                                            \
	" is_given INTEGER NOT NULL) STRICT;"                                                      \
	"CREATE TABLE config_version ("                                                            \
	" id INTEGER PRIMARY KEY,"                                                                 \
	" device_id INTEGER NOT NULL,"                                                             \
	" created_at INTEGER NOT NULL,"                                                            \
	" author TEXT NOT NULL,"                                                                   \
	" sha256 TEXT NOT NULL,"                                                                   \
	" module_count INTEGER NOT NULL) STRICT;"                                                  \
	"CREATE UNIQUE INDEX config_version_by_content ON config_version (device_id, sha256);"     \
	"CREATE INDEX config_version_by_device ON config_version (device_id, id);"                 \
	"CREATE TABLE config_module ("                                                             \
	" version_id INTEGER NOT NULL,"                                                            \
	" position INTEGER NOT NULL,"                                                              \
	" module_id INTEGER NOT NULL,"                                                             \
	" version TEXT NOT NULL,"                                                                  \
	" infostring TEXT NOT NULL,"                                                               \
	" is_binary INTEGER NOT NULL,"                                                             \
	" has_config INTEGER NOT NULL,"                                                            \
	" body BLOB NOT NULL) STRICT;"                                                             \
	"CREATE UNIQUE INDEX config_module_by_version ON config_module (version_id, position);"    \
	"CREATE TABLE pull ("                                                                      \
	" id INTEGER PRIMARY KEY,"                                                                 \
	" distid TEXT NOT NULL,"                                                                   \
	" at INTEGER NOT NULL,"                                                                    \
	" trigger_text TEXT NOT NULL,"                                                             \
	" address TEXT NOT NULL,"                                                                  \
	" description TEXT NOT NULL,"                                                              \
	" firmware TEXT NOT NULL,"                                                                 \
	" protocol_version TEXT NOT NULL,"                                                         \
	" code INTEGER NOT NULL,"                                                                  \
	" outcome INTEGER NOT NULL,"                                                               \
	" config_id INTEGER,"                                                                      \
	" is_stranger INTEGER NOT NULL) STRICT;"                                                   \
	"CREATE INDEX pull_by_distid ON pull (distid, id);"                                        \
	"CREATE INDEX pull_of_strangers ON pull (id) WHERE is_stranger = 1;"                       \
	"CREATE TABLE waiting ("                                                                   \
	" distid TEXT PRIMARY KEY,"                                                                \
	" reason INTEGER NOT NULL,"                                                                \
	" server INTEGER NOT NULL,"                                                                \
	" first_at INTEGER NOT NULL,"                                                              \
	" last_at INTEGER NOT NULL,"                                                               \
	" count INTEGER NOT NULL,"                                                                 \
	" address TEXT NOT NULL,"                                                                  \
	" description TEXT NOT NULL,"                                                              \
	" key_mac BLOB,"                                                                           \
	" key_print TEXT NOT NULL) STRICT, WITHOUT ROWID;"                                         \
	"CREATE INDEX waiting_by_last ON waiting (last_at, distid);"                               \
	"CREATE TABLE location ("                                                                  \
	" name TEXT PRIMARY KEY,"                                                                  \
	" spec BLOB NOT NULL) STRICT, WITHOUT ROWID;"                                              \
	"CREATE TABLE api_token ("                                                                 \
	" hash BLOB PRIMARY KEY,"                                                                  \
	" name TEXT NOT NULL,"                                                                     \
	" created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"                                     \
	"CREATE TABLE change ("                                                                    \
	" seq INTEGER PRIMARY KEY AUTOINCREMENT,"                                                  \
	" kind INTEGER NOT NULL,"                                                                  \
	" name TEXT NOT NULL,"                                                                     \
	" is_deleted INTEGER NOT NULL) STRICT;"                                                    \
	"CREATE UNIQUE INDEX change_by_name ON change (kind, name);"

#endif
