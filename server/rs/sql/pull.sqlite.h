/* Pulls, and those who wait. */

RS_STMT(pull_insert, "pull.insert",
	"INSERT INTO pull (id, distid, at, trigger_text, address, description, firmware,"
	" protocol_version, code, outcome, config_id, is_stranger)"
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
/* Of every table whose ids are made here. */
RS_STMT(id_latest, "id.latest",
	"SELECT max(id) FROM (SELECT max(id) AS id FROM device"
	" UNION ALL SELECT max(id) FROM config_version"
	" UNION ALL SELECT max(id) FROM config_content"
	" UNION ALL SELECT max(id) FROM config_event"
	" UNION ALL SELECT max(id) FROM blob"
	" UNION ALL SELECT max(id) FROM secret"
	" UNION ALL SELECT max(id) FROM secret_version"
	" UNION ALL SELECT max(id) FROM pull"
	" UNION ALL SELECT max(id) FROM incident"
	" UNION ALL SELECT max(id) FROM certificate) AS latest")
RS_STMT(pull_trim, "pull.trim",
	"DELETE FROM pull WHERE is_stranger = 1 AND id <="
	" (SELECT id FROM pull WHERE is_stranger = 1 ORDER BY id DESC LIMIT 1 OFFSET ?)")
RS_STMT(pull_list, "pull.list",
	"SELECT id, distid, at, trigger_text, address, description, firmware, protocol_version,"
	" code, outcome, config_id FROM pull WHERE id < ? ORDER BY id DESC LIMIT ?")
RS_STMT(pull_get, "pull.get",
	"SELECT id, distid, at, trigger_text, address, description, firmware, protocol_version,"
	" code, outcome, config_id FROM pull WHERE id = ?1")
RS_STMT(pull_list_of_device, "pull.list-of-device",
	"SELECT id, distid, at, trigger_text, address, description, firmware, protocol_version,"
	" code, outcome, config_id FROM pull WHERE distid = ? AND id < ? ORDER BY id DESC LIMIT ?")

RS_STMT(waiting_put, "waiting.put",
	"INSERT INTO waiting (distid, reason, server, first_at, last_at, count, address,"
	" description, key_mac, key_print) VALUES (?1, ?2, ?3, ?4, ?4, 1, ?5, ?6, ?7, ?8)"
	" ON CONFLICT (distid) DO UPDATE SET reason = excluded.reason, server = excluded.server,"
	" last_at = CASE WHEN excluded.last_at > waiting.last_at THEN excluded.last_at"
	" ELSE waiting.last_at END, count = waiting.count + 1, address = excluded.address,"
	" description = excluded.description,"
	" key_mac = coalesce(excluded.key_mac, waiting.key_mac),"
	" key_print = CASE WHEN excluded.key_mac IS NULL THEN waiting.key_print"
	" ELSE excluded.key_print END")
RS_STMT(waiting_trim, "waiting.trim",
	"DELETE FROM waiting WHERE distid IN (SELECT distid FROM waiting ORDER BY last_at, distid"
	" LIMIT (SELECT CASE WHEN count(*) > ?1 THEN count(*) - ?1 ELSE 0 END FROM waiting))")
RS_STMT(waiting_exists, "waiting.exists", "SELECT 1 FROM waiting WHERE distid = ?")
RS_STMT(waiting_key, "waiting.key",
	"SELECT reason, key_mac, key_print FROM waiting WHERE distid = ?")
RS_STMT(waiting_delete, "waiting.delete", "DELETE FROM waiting WHERE distid = ?")
RS_STMT(waiting_delete_reason, "waiting.delete-reason",
	"DELETE FROM waiting WHERE distid = ? AND reason = ?")
RS_STMT(waiting_list, "waiting.list",
	"SELECT distid, reason, server, first_at, last_at, count, address, description, key_print"
	" FROM waiting ORDER BY last_at DESC, distid LIMIT ?")
RS_STMT(waiting_count, "waiting.count", "SELECT count(*) FROM waiting")
