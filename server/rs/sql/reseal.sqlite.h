/* Columns with boxes, by key: read a page, put one back. See server/serve/reseal.h. */

#define RS_RESEAL(id, label, table, key, column)                                                   \
	RS_STMT(reseal_##id, "reseal." label,                                                      \
		"SELECT " key ", " column " FROM " table " WHERE " key " > ?1 ORDER BY " key       \
		" LIMIT ?2")                                                                       \
	RS_STMT(reseal_##id##_put, "reseal." label "-put",                                         \
		"UPDATE " table " SET " column " = ?1 WHERE " key " = ?2")

RS_RESEAL(rs_key, "rs-key", "device", "id", "rs_key")
RS_RESEAL(heartbeat, "heartbeat-key", "device", "id", "heartbeat_key")
RS_RESEAL(certificate, "certificate", "device_certificate", "device_id", "private_key")
RS_RESEAL(secret, "secret", "secret_version", "id", "box")
#undef RS_RESEAL

RS_STMT(reseal_location, "reseal.location",
	"SELECT name, spec, name FROM location WHERE name > ?1 ORDER BY name LIMIT ?2")
RS_STMT(reseal_location_put, "reseal.location-put", "UPDATE location SET spec = ?1 WHERE name = ?2")
/* Few rows: looked at by an expression that no index has. */
#define RS_VERSION_KEY "location || ' ' || CAST(version AS TEXT)"
RS_STMT(reseal_version, "reseal.version",
	"SELECT " RS_VERSION_KEY ", spec, location FROM location_version WHERE " RS_VERSION_KEY
	" > ?1 ORDER BY " RS_VERSION_KEY " LIMIT ?2")
RS_STMT(reseal_version_put, "reseal.version-put",
	"UPDATE location_version SET spec = ?1 WHERE " RS_VERSION_KEY " = ?2")
#undef RS_VERSION_KEY
#define RS_INITIAL_KEY "group_name || ' ' || CAST(version AS TEXT)"
RS_STMT(reseal_initial, "reseal.initial",
	"SELECT " RS_INITIAL_KEY ", spec, group_name FROM initial_version WHERE " RS_INITIAL_KEY
	" > ?1 ORDER BY " RS_INITIAL_KEY " LIMIT ?2")
RS_STMT(reseal_initial_put, "reseal.initial-put",
	"UPDATE initial_version SET spec = ?1 WHERE " RS_INITIAL_KEY " = ?2")
#undef RS_INITIAL_KEY
