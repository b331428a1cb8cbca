/* Schema of the rs store, PostgreSQL dialect: what it means stands in schema.sqlite.h. A migration
 * that was released is never changed. */
#ifndef RV_RS_SQL_SCHEMA_POSTGRESQL_H
#define RV_RS_SQL_SCHEMA_POSTGRESQL_H

#define RS_SQL_SCHEMA_1_POSTGRESQL                                                                 \
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);"                          \
	"CREATE TABLE device ("                                                                    \
	" id BIGINT PRIMARY KEY,"                                                                  \
	" distid TEXT NOT NULL UNIQUE,"                                                            \
	" description TEXT NOT NULL,"                                                              \
	" location TEXT NOT NULL,"                                                                 \
	" rs TEXT NOT NULL,"                                                                       \
	" is_enabled BIGINT NOT NULL,"                                                             \
	" created_at BIGINT NOT NULL,"                                                             \
	" ls_key_mac BYTEA NOT NULL,"                                                              \
	" rs_key BYTEA NOT NULL,"                                                                  \
	" heartbeat_key BYTEA NOT NULL);"                                                          \
	"CREATE INDEX device_by_location ON device (location);"                                    \
	"CREATE TABLE device_state ("                                                              \
	" device_id BIGINT PRIMARY KEY,"                                                           \
	" state BIGINT NOT NULL,"                                                                  \
	" last_contact_at BIGINT,"                                                                 \
	" last_address TEXT NOT NULL,"                                                             \
	" firmware TEXT NOT NULL,"                                                                 \
	" working_id BIGINT,"                                                                      \
	" startup_id BIGINT,"                                                                      \
	" running_id BIGINT,"                                                                      \
	" delivered_id BIGINT);"                                                                   \
	"CREATE TABLE device_certificate ("                                                        \
	" device_id BIGINT PRIMARY KEY,"                                                           \
	" certificate TEXT NOT NULL,"                                                              \
	" private_key BYTEA NOT NULL,"                                                             \
	" expires_at BIGINT NOT NULL,"                                                             \
	" is_given BIGINT NOT NULL);"                                                              \
	"CREATE TABLE config_version ("                                                            \
	" id BIGINT PRIMARY KEY,"                                                                  \
	" device_id BIGINT NOT NULL,"                                                              \
	" created_at BIGINT NOT NULL,"                                                             \
	" author TEXT NOT NULL,"                                                                   \
	" sha256 TEXT NOT NULL,"                                                                   \
	" module_count BIGINT NOT NULL);"                                                          \
	"CREATE UNIQUE INDEX config_version_by_content ON config_version (device_id, sha256);"     \
	"CREATE INDEX config_version_by_device ON config_version (device_id, id);"                 \
	"CREATE TABLE config_module ("                                                             \
	" version_id BIGINT NOT NULL,"                                                             \
	" position BIGINT NOT NULL,"                                                               \
	" module_id BIGINT NOT NULL,"                                                              \
	" version TEXT NOT NULL,"                                                                  \
	" infostring TEXT NOT NULL,"                                                               \
	" is_binary BIGINT NOT NULL,"                                                              \
	" has_config BIGINT NOT NULL,"                                                             \
	" body BYTEA NOT NULL);"                                                                   \
	"CREATE UNIQUE INDEX config_module_by_version ON config_module (version_id, position);"    \
	"CREATE TABLE pull ("                                                                      \
	" id BIGINT PRIMARY KEY,"                                                                  \
	" distid TEXT NOT NULL,"                                                                   \
	" at BIGINT NOT NULL,"                                                                     \
	" trigger_text TEXT NOT NULL,"                                                             \
	" address TEXT NOT NULL,"                                                                  \
	" description TEXT NOT NULL,"                                                              \
	" firmware TEXT NOT NULL,"                                                                 \
	" protocol_version TEXT NOT NULL,"                                                         \
	" code BIGINT NOT NULL,"                                                                   \
	" outcome BIGINT NOT NULL,"                                                                \
	" config_id BIGINT,"                                                                       \
	" is_stranger BIGINT NOT NULL);"                                                           \
	"CREATE INDEX pull_by_distid ON pull (distid, id);"                                        \
	"CREATE INDEX pull_of_strangers ON pull (id) WHERE is_stranger = 1;"                       \
	"CREATE TABLE waiting ("                                                                   \
	" distid TEXT PRIMARY KEY,"                                                                \
	" reason BIGINT NOT NULL,"                                                                 \
	" server BIGINT NOT NULL,"                                                                 \
	" first_at BIGINT NOT NULL,"                                                               \
	" last_at BIGINT NOT NULL,"                                                                \
	" count BIGINT NOT NULL,"                                                                  \
	" address TEXT NOT NULL,"                                                                  \
	" description TEXT NOT NULL,"                                                              \
	" key_mac BYTEA,"                                                                          \
	" key_print TEXT NOT NULL);"                                                               \
	"CREATE INDEX waiting_by_last ON waiting (last_at, distid);"                               \
	"CREATE TABLE location ("                                                                  \
	" name TEXT PRIMARY KEY,"                                                                  \
	" spec BYTEA NOT NULL);"                                                                   \
	"CREATE TABLE api_token ("                                                                 \
	" hash BYTEA PRIMARY KEY,"                                                                 \
	" name TEXT NOT NULL,"                                                                     \
	" created_at BIGINT NOT NULL);"                                                            \
	"CREATE TABLE change ("                                                                    \
	" seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"                                    \
	" kind BIGINT NOT NULL,"                                                                   \
	" name TEXT NOT NULL,"                                                                     \
	" is_deleted BIGINT NOT NULL);"                                                            \
	"CREATE UNIQUE INDEX change_by_name ON change (kind, name);"

#endif
