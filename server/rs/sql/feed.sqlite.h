/* API tokens, the feed, who follows it, and what they report. */

RS_STMT(token_by_hash, "token.by-hash", "SELECT name, role FROM api_token WHERE hash = ?")
RS_STMT(token_insert, "token.insert",
	"INSERT INTO api_token (hash, name, created_at, role) VALUES (?, ?, ?, ?)")
RS_STMT(token_count_hash, "token.count-hash", "SELECT count(*) FROM api_token WHERE hash = ?")
RS_STMT(token_count, "token.count", "SELECT count(*) FROM api_token")
RS_STMT(token_count_name, "token.count-name", "SELECT count(*) FROM api_token WHERE name = ?")
RS_STMT(token_count_role, "token.count-role",
	"SELECT count(*) FROM api_token WHERE role = ? AND name <> ?")
RS_STMT(token_list, "token.list",
	"SELECT name, role, created_at FROM api_token ORDER BY name, created_at LIMIT ?")
RS_STMT(token_delete, "token.delete", "DELETE FROM api_token WHERE name = ?")

/* Each change takes a new number. */
RS_STMT2(change_put, "change.put",
	 "INSERT OR REPLACE INTO change (kind, name, is_deleted, changed_at) VALUES (?, ?, ?, ?)",
	 "INSERT INTO change (kind, name, is_deleted, changed_at) VALUES ($1, $2, $3, $4)"
	 " ON CONFLICT (kind, name) DO UPDATE SET seq = DEFAULT, is_deleted = excluded.is_deleted,"
	 " changed_at = excluded.changed_at")
/* A snapshot (after = 0) starts without the things that are gone. */
RS_STMT(change_after, "change.after",
	"SELECT seq, kind, name, is_deleted FROM change WHERE seq > ?1"
	" AND (is_deleted = 0 OR ?1 > 0) ORDER BY seq LIMIT ?2")
/* Of all numbers ever given, those of rows long replaced included. */
RS_STMT2(change_newest, "change.newest",
	 "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'change'",
	 "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM change_seq_seq")
RS_STMT(change_lag, "change.lag",
	"SELECT count(*), coalesce(min(changed_at), 0) FROM change WHERE seq > ?")
RS_STMT(change_old, "change.old", "SELECT coalesce(max(seq), 0) FROM change WHERE changed_at < ?")
RS_STMT(change_last_deleted, "change.last-deleted",
	"SELECT coalesce(max(seq), 0) FROM change WHERE is_deleted = 1 AND seq <= ?")
RS_STMT(change_trim, "change.trim", "DELETE FROM change WHERE is_deleted = 1 AND seq <= ?")

RS_STMT(reader_get, "reader.get",
	"SELECT cursor, is_complete, last_at FROM reader WHERE name = ? AND reader = ?")
RS_STMT(reader_put, "reader.put",
	"INSERT INTO reader (name, reader, first_at, last_at, cursor, is_complete)"
	" VALUES (?1, ?2, ?3, ?3, ?4, ?5)"
	" ON CONFLICT (name, reader) DO UPDATE SET last_at = excluded.last_at,"
	" cursor = excluded.cursor, is_complete = excluded.is_complete")
RS_STMT(reader_list, "reader.list",
	"SELECT name, reader, first_at, last_at, cursor, is_complete,"
	" (SELECT count(*) FROM device_location WHERE given_by = reader.name),"
	" (SELECT count(*) FROM device_location WHERE refused_by = reader.name"
	" AND refused_by <> '')"
	" FROM reader ORDER BY name, reader LIMIT ?")
RS_STMT(reader_cursors, "reader.cursors",
	"SELECT name, reader, cursor FROM reader ORDER BY name, reader LIMIT ?")
RS_STMT(reader_delete, "reader.delete", "DELETE FROM reader WHERE name = ?")
RS_STMT(reader_delete_silent, "reader.delete-silent", "DELETE FROM reader WHERE last_at < ?")
RS_STMT(reader_least, "reader.least", "SELECT coalesce(min(cursor), ?) FROM reader")

/* What an LS gave; news that is older than what is here changes nothing. Seen at once if the device
 * has called since: the report may come after the pull. */
RS_STMT(device_given, "device.given",
	"INSERT INTO device_location (device_id, location, given_version, given_anchor, given_at,"
	" given_by, seen_version, seen_anchor, seen_at, refused_by)"
	" SELECT d.id, CAST(?2 AS TEXT), CAST(?3 AS BIGINT), CAST(?4 AS TEXT), CAST(?5 AS BIGINT),"
	" CAST(?6 AS TEXT),"
	" CASE WHEN s.last_contact_at > ?5 THEN CAST(?3 AS BIGINT) ELSE 0 END,"
	" CASE WHEN s.last_contact_at > ?5 THEN CAST(?4 AS TEXT) ELSE '' END,"
	" CASE WHEN s.last_contact_at > ?5 THEN s.last_contact_at END, ''"
	" FROM device d JOIN device_state s ON s.device_id = d.id WHERE d.distid = ?1"
	" ON CONFLICT (device_id) DO UPDATE SET location = excluded.location,"
	" given_version = excluded.given_version, given_anchor = excluded.given_anchor,"
	" given_at = excluded.given_at, given_by = excluded.given_by,"
	" seen_version = CASE WHEN excluded.seen_at IS NULL THEN device_location.seen_version"
	" ELSE excluded.seen_version END,"
	" seen_anchor = CASE WHEN excluded.seen_at IS NULL THEN device_location.seen_anchor"
	" ELSE excluded.seen_anchor END,"
	" seen_at = coalesce(excluded.seen_at, device_location.seen_at)"
	" WHERE device_location.given_at <= excluded.given_at")
/* A pull: what it was given works. Writes only when that is news. */
RS_STMT(device_seen, "device.seen",
	"UPDATE device_location SET seen_version = given_version, seen_anchor = given_anchor,"
	" seen_at = ?1 WHERE device_id = ?2 AND given_at > 0 AND given_at <= ?1"
	" AND (seen_version <> given_version OR seen_anchor <> given_anchor)")
RS_STMT(device_refused, "device.refused",
	"INSERT INTO device_location (device_id, location, given_version, given_anchor, given_at,"
	" given_by, seen_version, seen_anchor, seen_at, refused_by)"
	" SELECT id, '', 0, '', 0, '', 0, '', CAST(NULL AS BIGINT), CAST(?2 AS TEXT) FROM device "
	"WHERE distid = ?1"
	" ON CONFLICT (device_id) DO UPDATE SET refused_by = excluded.refused_by")
RS_STMT(device_held, "device.held",
	"UPDATE device_location SET refused_by = '' WHERE refused_by = ?2"
	" AND device_id = (SELECT id FROM device WHERE distid = ?1)")
RS_STMT(device_not_refused, "device.not-refused",
	"UPDATE device_location SET refused_by = '' WHERE device_id = ?")
RS_STMT(device_location_delete, "device-location.delete",
	"DELETE FROM device_location WHERE device_id = ?")
