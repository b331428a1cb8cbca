/* sql.h - every statement of the ls store by name: ls_sql_<noun>_<what>. */
#ifndef RV_LS_SQL_SQL_H
#define RV_LS_SQL_SQL_H

#include "db/db.h"

#define LS_STMT(id, name, text) extern struct rv_db_stmt ls_sql_##id;
#include "server/ls/sql/ls.sqlite.h"
#undef LS_STMT

extern struct rv_db_stmt *const ls_sql_all[];
extern const size_t ls_sql_count;
extern const struct rv_db_migration ls_sql_migrations[];
extern const size_t ls_sql_migration_count;

#endif
