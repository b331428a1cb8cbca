/* Config versions and their modules. */

#define RS_SQL_VERSION_COLUMNS                                                                     \
	"v.id, v.created_at, v.author, v.sha256, v.module_count, s.working_id, s.startup_id,"      \
	" s.running_id FROM config_version v JOIN device_state s ON s.device_id = v.device_id"

RS_STMT(config_version, "config.version", "SELECT " RS_SQL_VERSION_COLUMNS " WHERE v.id = ?")
RS_STMT(config_by_content, "config.by-content",
	"SELECT id FROM config_version WHERE device_id = ? AND sha256 = ?")
RS_STMT(config_history, "config.history",
	"SELECT " RS_SQL_VERSION_COLUMNS
	" WHERE v.device_id = ? AND v.id < ? ORDER BY v.id DESC LIMIT ?")
RS_STMT(config_version_insert, "config.version-insert",
	"INSERT INTO config_version (id, device_id, created_at, author, sha256, module_count)"
	" VALUES (?, ?, ?, ?, ?, ?)")
RS_STMT(config_module_insert, "config.module-insert",
	"INSERT INTO config_module (version_id, position, module_id, version, infostring,"
	" is_binary, has_config, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
RS_STMT(config_modules, "config.modules",
	"SELECT module_id, version, infostring, is_binary, has_config, body FROM config_module"
	" WHERE version_id = ? ORDER BY position")
