/* Migration "locations": versions, groups, what devices were given, who follows the feed. Both
 * dialects. A migration that was released is never changed. */
#ifndef RV_RS_SQL_MIGRATE_LOCATION_H
#define RV_RS_SQL_MIGRATE_LOCATION_H

/*
 * location_version    append-only, kept when the Location-Config is deleted: numbers go on
 * location            spec is the newest version's; stable what devices get that have no part in
 *                     the roll-out, which is NULL when stable is the newest
 * device_group        name -> location
 * device_location     what an LS gave a device, and what it was seen with; not in device_state,
 *                     which is rewritten with every contact
 * reader              who follows the feed, and how far he has come; see server/rs/reader.h
 */
#define RS_SQL_LOCATIONS(integer, text, blob, strict)                                              \
	"ALTER TABLE location ADD COLUMN version " integer " NOT NULL DEFAULT 1;"                  \
	"ALTER TABLE location ADD COLUMN stable " integer " NOT NULL DEFAULT 1;"                   \
	"ALTER TABLE location ADD COLUMN rollout " blob ";"                                        \
	"CREATE TABLE location_version ("                                                          \
	" location " text " NOT NULL,"                                                             \
	" version " integer " NOT NULL,"                                                           \
	" spec " blob " NOT NULL,"                                                                 \
	" PRIMARY KEY (location, version))" strict ";"                                             \
	"INSERT INTO location_version (location, version, spec)"                                   \
	" SELECT name, 1, spec FROM location;"                                                     \
	"CREATE TABLE device_group ("                                                              \
	" name " text " PRIMARY KEY,"                                                              \
	" location " text " NOT NULL,"                                                             \
	" description " text " NOT NULL,"                                                          \
	" updated_at " integer " NOT NULL)" strict ";"                                             \
	"ALTER TABLE device ADD COLUMN group_name " text " NOT NULL DEFAULT '';"                   \
	"ALTER TABLE device ADD COLUMN is_released " integer " NOT NULL DEFAULT 0;"                \
	"CREATE INDEX device_by_group ON device (group_name);"                                     \
	"CREATE TABLE device_location ("                                                           \
	" device_id " integer " PRIMARY KEY,"                                                      \
	" location " text " NOT NULL,"                                                             \
	" given_version " integer " NOT NULL,"                                                     \
	" given_anchor " text " NOT NULL,"                                                         \
	" given_at " integer " NOT NULL,"                                                          \
	" given_by " text " NOT NULL,"                                                             \
	" seen_version " integer " NOT NULL,"                                                      \
	" seen_anchor " text " NOT NULL,"                                                          \
	" seen_at " integer ","                                                                    \
	" refused_by " text " NOT NULL)" strict ";"                                                \
	"CREATE INDEX device_location_given ON device_location (location, given_version);"         \
	"CREATE INDEX device_location_given_by ON device_location (given_by);"                     \
	"CREATE INDEX device_location_refused ON device_location (refused_by)"                     \
	" WHERE refused_by <> '';"                                                                 \
	"ALTER TABLE api_token ADD COLUMN role " integer " NOT NULL DEFAULT 0;"                    \
	"ALTER TABLE change ADD COLUMN changed_at " integer " NOT NULL DEFAULT 0;"                 \
	"CREATE INDEX change_deleted ON change (seq) WHERE is_deleted = 1;"                        \
	"CREATE TABLE reader ("                                                                    \
	" name " text " NOT NULL,"                                                                 \
	" reader " text " NOT NULL,"                                                               \
	" first_at " integer " NOT NULL,"                                                          \
	" last_at " integer " NOT NULL,"                                                           \
	" cursor " integer " NOT NULL,"                                                            \
	" is_complete " integer " NOT NULL,"                                                       \
	" PRIMARY KEY (name, reader))" strict ";"

#define RS_SQL_LOCATIONS_SQLITE     RS_SQL_LOCATIONS("INTEGER", "TEXT", "BLOB", " STRICT")
#define RS_SQL_LOCATIONS_POSTGRESQL RS_SQL_LOCATIONS("BIGINT", "TEXT COLLATE \"C\"", "BYTEA", "")

#endif
