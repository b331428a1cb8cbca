#include "server/ls/sql/sql.h"

#include "server/ls/sql/migrate_heard.h"
#include "server/ls/sql/migrate_operator.h"
#include "server/ls/sql/schema.postgresql.h"
#include "server/ls/sql/schema.sqlite.h"

#define LS_STMT(id, label, text) struct rv_db_stmt ls_sql_##id = { .name = label, .sqlite = text };
#include "server/ls/sql/ls.sqlite.h"
#undef LS_STMT

struct rv_db_stmt *const ls_sql_all[] = {
#define LS_STMT(id, label, text) &ls_sql_##id,
#include "server/ls/sql/ls.sqlite.h"
#undef LS_STMT
};
const size_t ls_sql_count = RV_ARRAY_LEN(ls_sql_all);

const struct rv_db_migration ls_sql_migrations[] = {
	{ .number = 1,
	  .name = "0001-feed",
	  .sqlite = LS_SQL_SCHEMA_1,
	  .postgresql = LS_SQL_SCHEMA_1_POSTGRESQL },
	{ .number = 2,
	  .name = "0002-operators",
	  .sqlite = LS_SQL_OPERATORS_SQLITE,
	  .postgresql = LS_SQL_OPERATORS_POSTGRESQL },
	{ .number = 3,
	  .name = "0003-heard",
	  .sqlite = LS_SQL_HEARD_SQLITE,
	  .postgresql = LS_SQL_HEARD_POSTGRESQL },
};
const size_t ls_sql_migration_count = RV_ARRAY_LEN(ls_sql_migrations);
