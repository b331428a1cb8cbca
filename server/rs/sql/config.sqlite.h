/* Config versions, what they contain, and which was what when. */

#define RS_SQL_VERSION_COLUMNS                                                                     \
	"v.id, v.created_at, v.author, c.sha256, c.module_count, s.working_id, s.startup_id,"      \
	" s.running_id FROM config_version v JOIN config_content c ON c.id = v.content_id"         \
	" LEFT JOIN device_state s ON s.device_id = v.device_id"

/* Every device that has, or had, the distribution id ?1. */
#define RS_SQL_LIVES                                                                               \
	"(SELECT id FROM device WHERE distid = ?1 UNION ALL"                                       \
	" SELECT id FROM device_past WHERE distid = ?1)"

RS_STMT(config_version, "config.version", "SELECT " RS_SQL_VERSION_COLUMNS " WHERE v.id = ?1")
RS_STMT(config_version_of, "config.version-of",
	"SELECT " RS_SQL_VERSION_COLUMNS " WHERE v.id = ?2 AND v.device_id IN " RS_SQL_LIVES)
RS_STMT(config_by_content, "config.by-content",
	"SELECT id FROM config_version WHERE content_id = ?1 AND device_id = ?2")
RS_STMT(config_history, "config.history",
	"SELECT " RS_SQL_VERSION_COLUMNS " WHERE v.device_id IN " RS_SQL_LIVES
	" AND v.id < ?2 ORDER BY v.id DESC LIMIT ?3")
RS_STMT(config_lives, "config.lives", "SELECT count(*) FROM " RS_SQL_LIVES " AS l")
RS_STMT(config_version_insert, "config.version-insert",
	"INSERT INTO config_version (id, device_id, content_id, created_at, author)"
	" VALUES (?1, ?2, ?3, ?4, ?5)")

RS_STMT(content_by_sha, "content.by-sha256", "SELECT id FROM config_content WHERE sha256 = ?1")
RS_STMT(content_insert, "content.insert",
	"INSERT INTO config_content (id, sha256, module_count) VALUES (?1, ?2, ?3)")
RS_STMT(content_count, "content.count",
	"SELECT c.module_count FROM config_version v JOIN config_content c ON c.id = v.content_id"
	" WHERE v.id = ?1")
RS_STMT(content_modules, "content.modules",
	"SELECT m.module_id, m.version, m.infostring, m.is_binary, m.has_config, m.uses_secrets,"
	" b.body FROM config_version v JOIN content_module m ON m.content_id = v.content_id"
	" JOIN blob b ON b.id = m.blob_id WHERE v.id = ?1 ORDER BY m.position")
RS_STMT(content_module_insert, "content.module-insert",
	"INSERT INTO content_module (content_id, position, module_id, version, infostring,"
	" is_binary, has_config, uses_secrets, blob_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
	"?9)")
RS_STMT(blob_by_sha, "blob.by-sha256", "SELECT id FROM blob WHERE sha256 = ?1")
RS_STMT(blob_insert, "blob.insert", "INSERT INTO blob (id, sha256, body) VALUES (?1, ?2, ?3)")

RS_STMT(event_insert, "event.insert",
	"INSERT INTO config_event (id, device_id, at, kind, cause, version_id, previous_id, author)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
/* distid, before, kind or -1, limit */
RS_STMT(event_list, "event.list",
	"SELECT id, at, kind, cause, version_id, previous_id, author FROM config_event"
	" WHERE device_id IN " RS_SQL_LIVES
	" AND id < ?2 AND (?3 < 0 OR kind = ?3) ORDER BY id DESC LIMIT ?4")
/* What ran, latest first. device, cause "taken", limit */
RS_STMT(event_ran, "event.ran",
	"SELECT version_id FROM config_event WHERE device_id = ?1 AND cause = ?2"
	" ORDER BY id DESC LIMIT ?3")

RS_STMT(refusal_add, "refusal.add",
	"INSERT INTO config_refusal (device_id, version_id, refusals) VALUES (?1, ?2, 1)"
	" ON CONFLICT (device_id, version_id) DO UPDATE SET refusals = config_refusal.refusals + 1")
RS_STMT(refusal_list, "refusal.list",
	"SELECT version_id, refusals FROM config_refusal WHERE device_id = ?1")
RS_STMT(refusal_delete, "refusal.delete",
	"DELETE FROM config_refusal WHERE device_id = ?1 AND version_id = ?2")
RS_STMT(refusal_delete_all, "refusal.delete-all", "DELETE FROM config_refusal WHERE device_id = ?1")
