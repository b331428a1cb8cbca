/* Migration "history", both dialects. A migration that was released is never changed.
 *
 * blob            bodies of modules, each once however many devices and versions have it
 * config_content  modules of a config in order, likewise; sha256 in hex over its canonical form
 * config_version  that a device once had this content; append-only
 * config_event    which version was working, startup or running, since when and by whom: each
 *                 change of a pointer in device_state; append-only
 * config_refusal  how often a device has refused a version, since it last took it
 * device_past     devices that were deleted: their history stays, under the id they had
 * secret          named values for configs; a deleted one keeps its versions for past pulls
 * secret_version  boxes; append-only
 * config_secret   names that a content refers to
 * pull_secret     versions that a pull delivered
 *
 * device_state.is_pending: the last pull delivered delivered_id, and nothing was heard since.
 * pace_from, pace_pulls: pulls since that time, for the pull-loop guard.
 */
#ifndef RV_RS_SQL_MIGRATE_HISTORY_H
#define RV_RS_SQL_MIGRATE_HISTORY_H

/* Both have sha256(): PostgreSQL by itself, SQLite by our driver. The ids of blobs given here are
 * small numbers, which rv_id_make never makes. */
#define RS_SQL_HISTORY(integer, blob, text, strict)                                                \
	"CREATE TABLE blob ("                                                                      \
	" id " integer " PRIMARY KEY,"                                                             \
	" sha256 " blob " NOT NULL,"                                                               \
	" body " blob " NOT NULL)" strict ";"                                                      \
	"CREATE UNIQUE INDEX blob_by_sha256 ON blob (sha256);"                                     \
	"INSERT INTO blob (id, sha256, body) SELECT row_number() OVER (ORDER BY hash), hash, body" \
	" FROM (SELECT sha256(body) AS hash, body, row_number() OVER (PARTITION BY sha256(body))"  \
	" AS n FROM config_module) AS m WHERE n = 1;"                                              \
	"CREATE TABLE config_content ("                                                            \
	" id " integer " PRIMARY KEY,"                                                             \
	" sha256 " text " NOT NULL,"                                                               \
	" module_count " integer " NOT NULL)" strict ";"                                           \
	"CREATE UNIQUE INDEX config_content_by_sha256 ON config_content (sha256);"                 \
	"INSERT INTO config_content (id, sha256, module_count) SELECT min(id), sha256,"            \
	" min(module_count) FROM config_version GROUP BY sha256;"                                  \
	"CREATE TABLE content_module ("                                                            \
	" content_id " integer " NOT NULL,"                                                        \
	" position " integer " NOT NULL,"                                                          \
	" module_id " integer " NOT NULL,"                                                         \
	" version " text " NOT NULL,"                                                              \
	" infostring " text " NOT NULL,"                                                           \
	" is_binary " integer " NOT NULL,"                                                         \
	" has_config " integer " NOT NULL,"                                                        \
	" uses_secrets " integer " NOT NULL,"                                                      \
	" blob_id " integer " NOT NULL,"                                                           \
	" PRIMARY KEY (content_id, position))" strict ";"                                          \
	"INSERT INTO content_module (content_id, position, module_id, version, infostring,"        \
	" is_binary, has_config, uses_secrets, blob_id) SELECT c.id, m.position, m.module_id,"     \
	" m.version, m.infostring, m.is_binary, m.has_config, 0, b.id FROM config_module m"        \
	" JOIN config_content c ON c.id = m.version_id JOIN blob b ON b.sha256 = sha256(m.body);"  \
	"DROP TABLE config_module;"                                                                \
	"CREATE TABLE device_version ("                                                            \
	" id " integer " PRIMARY KEY,"                                                             \
	" device_id " integer " NOT NULL,"                                                         \
	" content_id " integer " NOT NULL,"                                                        \
	" created_at " integer " NOT NULL,"                                                        \
	" author " text " NOT NULL)" strict ";"                                                    \
	"INSERT INTO device_version (id, device_id, content_id, created_at, author)"               \
	" SELECT v.id, v.device_id, c.id, v.created_at, v.author FROM config_version v"            \
	" JOIN config_content c ON c.sha256 = v.sha256;"                                           \
	"DROP TABLE config_version;"                                                               \
	"ALTER TABLE device_version RENAME TO config_version;"                                     \
	"CREATE UNIQUE INDEX config_version_by_content ON config_version (content_id, device_id);" \
	"CREATE INDEX config_version_by_device ON config_version (device_id, id);"                 \
	"CREATE TABLE config_event ("                                                              \
	" id " integer " PRIMARY KEY,"                                                             \
	" device_id " integer " NOT NULL,"                                                         \
	" at " integer " NOT NULL,"                                                                \
	" kind " integer " NOT NULL,"                                                              \
	" cause " integer " NOT NULL,"                                                             \
	" version_id " integer ","                                                                 \
	" previous_id " integer ","                                                                \
	" author " text " NOT NULL)" strict ";"                                                    \
	"CREATE INDEX config_event_by_device ON config_event (device_id, id);"                     \
	"CREATE TABLE config_refusal ("                                                            \
	" device_id " integer " NOT NULL,"                                                         \
	" version_id " integer " NOT NULL,"                                                        \
	" refusals " integer " NOT NULL,"                                                          \
	" PRIMARY KEY (device_id, version_id))" strict ";"                                         \
	"CREATE TABLE device_past ("                                                               \
	" id " integer " PRIMARY KEY,"                                                             \
	" distid " text " NOT NULL,"                                                               \
	" created_at " integer " NOT NULL,"                                                        \
	" deleted_at " integer " NOT NULL,"                                                        \
	" deleted_by " text " NOT NULL)" strict ";"                                                \
	"CREATE INDEX device_past_by_distid ON device_past (distid, id);"                          \
	"ALTER TABLE device_state ADD COLUMN is_pending " integer " NOT NULL DEFAULT 0;"           \
	"ALTER TABLE device_state ADD COLUMN pace_from " integer " NOT NULL DEFAULT 0;"            \
	"ALTER TABLE device_state ADD COLUMN pace_pulls " integer " NOT NULL DEFAULT 0;"           \
	"CREATE TABLE secret ("                                                                    \
	" id " integer " PRIMARY KEY,"                                                             \
	" name " text " NOT NULL,"                                                                 \
	" created_at " integer " NOT NULL,"                                                        \
	" deleted_at " integer ")" strict ";"                                                      \
	"CREATE UNIQUE INDEX secret_by_name ON secret (name) WHERE deleted_at IS NULL;"            \
	"CREATE TABLE secret_version ("                                                            \
	" id " integer " PRIMARY KEY,"                                                             \
	" secret_id " integer " NOT NULL,"                                                         \
	" at " integer " NOT NULL,"                                                                \
	" author " text " NOT NULL,"                                                               \
	" box " blob " NOT NULL)" strict ";"                                                       \
	"CREATE INDEX secret_version_by_secret ON secret_version (secret_id, id);"                 \
	"CREATE TABLE config_secret ("                                                             \
	" content_id " integer " NOT NULL,"                                                        \
	" name " text " NOT NULL,"                                                                 \
	" PRIMARY KEY (content_id, name))" strict ";"                                              \
	"CREATE INDEX config_secret_by_name ON config_secret (name);"                              \
	"CREATE TABLE pull_secret ("                                                               \
	" pull_id " integer " NOT NULL,"                                                           \
	" version_id " integer " NOT NULL,"                                                        \
	" PRIMARY KEY (pull_id, version_id))" strict ";"

#define RS_SQL_HISTORY_SQLITE     RS_SQL_HISTORY("INTEGER", "BLOB", "TEXT", " STRICT")
#define RS_SQL_HISTORY_POSTGRESQL RS_SQL_HISTORY("BIGINT", "BYTEA", "TEXT COLLATE \"C\"", "")

#endif
