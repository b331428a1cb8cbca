#include "server/rs/sql/sql.h"

#include "server/rs/sql/migrate_certificate.h"
#include "server/rs/sql/migrate_history.h"
#include "server/rs/sql/migrate_incident.h"
#include "server/rs/sql/migrate_initial.h"
#include "server/rs/sql/migrate_location.h"
#include "server/rs/sql/schema.postgresql.h"
#include "server/rs/sql/schema.sqlite.h"

#define RS_STMT(id, label, text) struct rv_db_stmt rs_sql_##id = { .name = label, .sqlite = text };
#define RS_STMT2(id, label, text, text2)                                                           \
	struct rv_db_stmt rs_sql_##id = { .name = label, .sqlite = text, .postgresql = text2 };
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

struct rv_db_stmt *const rs_sql_all[] = {
#define RS_STMT(id, label, text)         &rs_sql_##id,
#define RS_STMT2(id, label, text, text2) &rs_sql_##id,
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
};
const size_t rs_sql_count = RV_ARRAY_LEN(rs_sql_all);

const struct rv_db_migration rs_sql_migrations[] = {
	{ .number = 1,
	  .name = "0001-devices",
	  .sqlite = RS_SQL_SCHEMA_1,
	  .postgresql = RS_SQL_SCHEMA_1_POSTGRESQL },
	{ .number = 2,
	  .name = "0002-incidents",
	  .sqlite = RS_SQL_INCIDENT_SQLITE,
	  .postgresql = RS_SQL_INCIDENT_POSTGRESQL },
	{ .number = 3,
	  .name = "0003-certificates",
	  .sqlite = RS_SQL_CERTIFICATE_SQLITE,
	  .postgresql = RS_SQL_CERTIFICATE_POSTGRESQL },
	{ .number = 4,
	  .name = "0004-history",
	  .sqlite = RS_SQL_HISTORY_SQLITE,
	  .postgresql = RS_SQL_HISTORY_POSTGRESQL },
	{ .number = 5,
	  .name = "0005-locations",
	  .sqlite = RS_SQL_LOCATIONS_SQLITE,
	  .postgresql = RS_SQL_LOCATIONS_POSTGRESQL },
	{ .number = 6,
	  .name = "0006-initial-configs",
	  .sqlite = RS_SQL_INITIAL_SQLITE,
	  .postgresql = RS_SQL_INITIAL_POSTGRESQL },
};
const size_t rs_sql_migration_count = RV_ARRAY_LEN(rs_sql_migrations);
