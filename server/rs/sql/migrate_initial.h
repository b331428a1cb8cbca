/* Migration "initial-configs": versions of Initial-Configs per group. Both dialects. A migration
 * that was released is never changed. */
#ifndef RV_RS_SQL_MIGRATE_INITIAL_H
#define RV_RS_SQL_MIGRATE_INITIAL_H

/* initial_version    append-only, kept when the group is deleted: numbers go on */
#define RS_SQL_INITIAL(integer, text, blob, strict)                                                \
	"CREATE TABLE initial_version ("                                                           \
	" group_name " text " NOT NULL,"                                                           \
	" version " integer " NOT NULL,"                                                           \
	" spec " blob " NOT NULL,"                                                                 \
	" PRIMARY KEY (group_name, version))" strict ";"

#define RS_SQL_INITIAL_SQLITE     RS_SQL_INITIAL("INTEGER", "TEXT", "BLOB", " STRICT")
#define RS_SQL_INITIAL_POSTGRESQL RS_SQL_INITIAL("BIGINT", "TEXT COLLATE \"C\"", "BYTEA", "")

#endif
