/* Migration "heard": what the people who run the LS ask for. Both dialects. A migration that was
 * released is never changed. */
#ifndef RV_LS_SQL_MIGRATE_HEARD_H
#define RV_LS_SQL_MIGRATE_HEARD_H

/*
 * operator.heard_at   when a page of its feed was taken over last; 0: before it was noted
 */
#define LS_SQL_HEARD(integer)                                                                      \
	"ALTER TABLE operator ADD COLUMN heard_at " integer " NOT NULL DEFAULT 0;"                 \
	"CREATE INDEX claim_refused ON claim (operator, distid) WHERE state <> 0;"

#define LS_SQL_HEARD_SQLITE     LS_SQL_HEARD("INTEGER")
#define LS_SQL_HEARD_POSTGRESQL LS_SQL_HEARD("BIGINT")

#endif
