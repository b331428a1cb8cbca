/* sql.h - every statement of the rs store by name: rs_sql_<noun>_<what>.
 *
 * The texts stand in one file per noun beside this one; each is a list of RS_STMT(identifier, name,
 * text for both dialects) and, where they differ, RS_STMT2(identifier, name, SQLite, PostgreSQL).
 */
#ifndef RV_RS_SQL_SQL_H
#define RV_RS_SQL_SQL_H

#include "db/db.h"

#define RS_STMT(id, name, text)         extern struct rv_db_stmt rs_sql_##id;
#define RS_STMT2(id, name, text, text2) extern struct rv_db_stmt rs_sql_##id;
#include "server/rs/sql/device.sqlite.h"
#include "server/rs/sql/config.sqlite.h"
#include "server/rs/sql/pull.sqlite.h"
#include "server/rs/sql/location.sqlite.h"
#include "server/rs/sql/incident.sqlite.h"
#include "server/rs/sql/certificate.sqlite.h"
#include "server/rs/sql/secret.sqlite.h"
#include "server/rs/sql/feed.sqlite.h"
#include "server/rs/sql/reseal.sqlite.h"
#undef RS_STMT
#undef RS_STMT2

extern struct rv_db_stmt *const rs_sql_all[];
extern const size_t rs_sql_count;

extern const struct rv_db_migration rs_sql_migrations[];
extern const size_t rs_sql_migration_count;

#endif
