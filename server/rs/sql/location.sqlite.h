/* Location-Configs, groups, and facts about the store itself. */

RS_STMT(location_get, "location.get",
	"SELECT name, spec, version, stable, rollout FROM location WHERE name = ?")
RS_STMT(location_list, "location.list",
	"SELECT name, spec, version, stable, rollout FROM location ORDER BY name LIMIT ?")
RS_STMT(location_others, "location.others", "SELECT count(*) FROM location WHERE name <> ?")
RS_STMT(location_put, "location.put",
	"INSERT INTO location (name, spec, version, stable, rollout) VALUES (?, ?, ?, ?, ?)"
	" ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, version = excluded.version,"
	" stable = excluded.stable, rollout = excluded.rollout")
RS_STMT(location_set_rollout, "location.set-rollout",
	"UPDATE location SET stable = ?, rollout = ? WHERE name = ?")
RS_STMT(location_delete, "location.delete", "DELETE FROM location WHERE name = ?")
RS_STMT(location_users, "location.users",
	"SELECT (SELECT count(*) FROM device WHERE location = ?1)"
	" + (SELECT count(*) FROM device_group WHERE location = ?1)")
RS_STMT(location_version_put, "location-version.put",
	"INSERT INTO location_version (location, version, spec) VALUES (?, ?, ?)")
RS_STMT(location_version_newest, "location-version.newest",
	"SELECT coalesce(max(version), 0) FROM location_version WHERE location = ?")
RS_STMT(location_version_get, "location-version.get",
	"SELECT location, spec, version FROM location_version WHERE location = ? AND version = ?")
RS_STMT(location_version_list, "location-version.list",
	"SELECT v.location, v.spec, v.version,"
	" (SELECT count(*) FROM device_location d WHERE d.location = v.location"
	" AND d.given_version = v.version),"
	" (SELECT count(*) FROM device_location d WHERE d.location = v.location"
	" AND d.given_version = v.version AND d.seen_version = v.version)"
	" FROM location_version v WHERE v.location = ? AND v.version < ?"
	" ORDER BY v.version DESC LIMIT ?")

RS_STMT(initial_put, "initial.put",
	"INSERT INTO initial_version (group_name, version, spec) VALUES (?, ?, ?)")
RS_STMT(initial_newest, "initial.newest",
	"SELECT coalesce(max(version), 0) FROM initial_version WHERE group_name = ?")
RS_STMT(initial_get, "initial.get",
	"SELECT group_name, spec FROM initial_version WHERE group_name = ? AND version = ?")
RS_STMT(initial_list, "initial.list",
	"SELECT group_name, spec FROM initial_version WHERE group_name = ? AND version < ?"
	" ORDER BY version DESC LIMIT ?")

RS_STMT(group_get, "group.get",
	"SELECT name, location, description, updated_at, (SELECT count(*) FROM device"
	" WHERE group_name = device_group.name) FROM device_group WHERE name = ?")
RS_STMT(group_list, "group.list",
	"SELECT name, location, description, updated_at, (SELECT count(*) FROM device"
	" WHERE group_name = device_group.name) FROM device_group ORDER BY name LIMIT ?")
RS_STMT(group_others, "group.others", "SELECT count(*) FROM device_group WHERE name <> ?")
RS_STMT(group_put, "group.put",
	"INSERT INTO device_group (name, location, description, updated_at) VALUES (?, ?, ?, ?)"
	" ON CONFLICT (name) DO UPDATE SET location = excluded.location,"
	" description = excluded.description, updated_at = excluded.updated_at")
RS_STMT(group_delete, "group.delete", "DELETE FROM device_group WHERE name = ?")
/* Devices by filter; '' as prefix or location: any. ?5 = 1: of the group ?4 only. */
#define RS_SQL_GROUP_FILTER                                                                        \
	" WHERE group_name <> ?1 AND substr(distid, 1, length(CAST(?2 AS TEXT))) = ?2"             \
	" AND (CAST(?3 AS TEXT) = '' OR location = ?3)"                                            \
	" AND (CAST(?5 AS BIGINT) = 0 OR group_name = ?4)"
#define RS_SQL_GROUP_FILTER_POSTGRESQL                                                             \
	" WHERE group_name <> $1 AND substr(distid, 1, length(CAST($2 AS TEXT))) = $2"             \
	" AND (CAST($3 AS TEXT) = '' OR location = $3)"                                            \
	" AND (CAST($5 AS BIGINT) = 0 OR group_name = $4)"
RS_STMT(group_left, "group.left", "SELECT count(*) FROM device" RS_SQL_GROUP_FILTER)
/* The first ?6 of them: told of, then moved. Both see the same devices. */
RS_STMT2(group_tell, "group.tell",
	 "INSERT OR REPLACE INTO change (kind, name, is_deleted, changed_at)"
	 " SELECT ?7, distid, is_released, ?8 FROM device" RS_SQL_GROUP_FILTER
	 " ORDER BY distid LIMIT ?6",
	 "INSERT INTO change (kind, name, is_deleted, changed_at)"
	 " SELECT CAST($7 AS BIGINT), distid, is_released, CAST($8 AS BIGINT)"
	 " FROM device" RS_SQL_GROUP_FILTER_POSTGRESQL " ORDER BY distid LIMIT $6"
	 " ON CONFLICT (kind, name) DO UPDATE SET seq = DEFAULT,"
	 " is_deleted = excluded.is_deleted, changed_at = excluded.changed_at")
RS_STMT(group_move, "group.move",
	"UPDATE device SET group_name = ?1 WHERE id IN (SELECT id FROM device" RS_SQL_GROUP_FILTER
	" ORDER BY distid LIMIT ?6)")
RS_STMT(device_set_group, "device.set-group",
	"UPDATE device SET group_name = ?1 WHERE distid = ?2 AND group_name <> ?1")

RS_STMT(meta_get, "meta.get", "SELECT value FROM meta WHERE name = ?")
RS_STMT(meta_put, "meta.put",
	"INSERT INTO meta (name, value) VALUES (?, ?)"
	" ON CONFLICT (name) DO UPDATE SET value = excluded.value")
