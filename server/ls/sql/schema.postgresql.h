/* Schema of the ls store, PostgreSQL dialect: what it means stands in schema.sqlite.h. A migration
 * that was released is never changed. */
#ifndef RV_LS_SQL_SCHEMA_POSTGRESQL_H
#define RV_LS_SQL_SCHEMA_POSTGRESQL_H

#define LS_SQL_SCHEMA_1_POSTGRESQL                                                                 \
	"CREATE TABLE device ("                                                                    \
	" distid TEXT PRIMARY KEY,"                                                                \
	" is_enabled BIGINT NOT NULL,"                                                             \
	" ls_key_mac BYTEA NOT NULL,"                                                              \
	" rs_key BYTEA NOT NULL,"                                                                  \
	" location TEXT NOT NULL,"                                                                 \
	" generation BIGINT NOT NULL);"                                                            \
	"CREATE TABLE location ("                                                                  \
	" name TEXT PRIMARY KEY,"                                                                  \
	" body BYTEA NOT NULL,"                                                                    \
	" generation BIGINT NOT NULL);"                                                            \
	"CREATE TABLE feed ("                                                                      \
	" source TEXT PRIMARY KEY,"                                                                \
	" epoch TEXT NOT NULL,"                                                                    \
	" cursor BIGINT NOT NULL,"                                                                 \
	" generation BIGINT NOT NULL,"                                                             \
	" is_complete BIGINT NOT NULL);"

#endif
