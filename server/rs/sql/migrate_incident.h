/* Migration "incidents", both dialects. A migration that was released is never changed. */
#ifndef RV_RS_SQL_MIGRATE_INCIDENT_H
#define RV_RS_SQL_MIGRATE_INCIDENT_H

/*
 * incident            at most one of a kind and subject that is not resolved (state < 2); resolved
 *                     ones are kept for rs.incidents_keep, the others until they are resolved
 */
#define RS_SQL_INCIDENT(integer, blob, text, strict)                                               \
	"CREATE TABLE incident ("                                                                  \
	" id " integer " PRIMARY KEY,"                                                             \
	" kind " integer " NOT NULL,"                                                              \
	" subject " text " NOT NULL,"                                                              \
	" state " integer " NOT NULL,"                                                             \
	" count " integer " NOT NULL,"                                                             \
	" first_at " integer " NOT NULL,"                                                          \
	" last_at " integer " NOT NULL,"                                                           \
	" acknowledged_at " integer ","                                                            \
	" acknowledged_by " text " NOT NULL,"                                                      \
	" note " text " NOT NULL,"                                                                 \
	" resolved_at " integer ","                                                                \
	" parameters " blob " NOT NULL,"                                                           \
	" detail " text " NOT NULL)" strict ";"                                                    \
	"CREATE UNIQUE INDEX incident_unresolved ON incident (kind, subject) WHERE state < 2;"     \
	"CREATE INDEX incident_by_subject ON incident (subject, id);"                              \
	"CREATE INDEX incident_resolved ON incident (resolved_at) WHERE state = 2;"                \
	"CREATE INDEX incident_open ON incident (id) WHERE state = 0;"

#define RS_SQL_INCIDENT_SQLITE     RS_SQL_INCIDENT("INTEGER", "BLOB", "TEXT", " STRICT")
#define RS_SQL_INCIDENT_POSTGRESQL RS_SQL_INCIDENT("BIGINT", "BYTEA", "TEXT COLLATE \"C\"", "")

#endif
