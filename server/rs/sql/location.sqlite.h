/* Location-Configs, API tokens, the feed, and facts about the store itself. */

RS_STMT(location_get, "location.get", "SELECT name, spec FROM location WHERE name = ?")
RS_STMT(location_list, "location.list", "SELECT name, spec FROM location ORDER BY name LIMIT ?")
RS_STMT(location_others, "location.others", "SELECT count(*) FROM location WHERE name <> ?")
RS_STMT(location_put, "location.put",
	"INSERT INTO location (name, spec) VALUES (?, ?)"
	" ON CONFLICT (name) DO UPDATE SET spec = excluded.spec")
RS_STMT(location_delete, "location.delete", "DELETE FROM location WHERE name = ?")
RS_STMT(location_users, "location.users", "SELECT count(*) FROM device WHERE location = ?")

RS_STMT(token_by_hash, "token.by-hash", "SELECT name FROM api_token WHERE hash = ?")
RS_STMT(token_insert, "token.insert",
	"INSERT INTO api_token (hash, name, created_at) VALUES (?, ?, ?)")
RS_STMT(token_count_hash, "token.count-hash", "SELECT count(*) FROM api_token WHERE hash = ?")

/* Each change takes a new number. */
RS_STMT2(change_put, "change.put",
	 "INSERT OR REPLACE INTO change (kind, name, is_deleted) VALUES (?, ?, ?)",
	 "INSERT INTO change (kind, name, is_deleted) VALUES ($1, $2, $3)"
	 " ON CONFLICT (kind, name) DO UPDATE SET seq = DEFAULT, is_deleted = excluded.is_deleted")
/* A snapshot (after = 0) starts without the things that are gone. */
RS_STMT(change_after, "change.after",
	"SELECT seq, kind, name, is_deleted FROM change WHERE seq > ?1"
	" AND (is_deleted = 0 OR ?1 > 0) ORDER BY seq LIMIT ?2")
/* Of all numbers ever given, those of rows long replaced included. */
RS_STMT2(change_newest, "change.newest",
	 "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'change'",
	 "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM change_seq_seq")
RS_STMT2(change_touch_locations, "change.touch-locations",
	 "INSERT OR REPLACE INTO change (kind, name, is_deleted) SELECT ?, name, 0 FROM location",
	 "INSERT INTO change (kind, name, is_deleted) SELECT $1, name, 0 FROM location"
	 " ON CONFLICT (kind, name) DO UPDATE SET seq = DEFAULT, is_deleted = excluded.is_deleted")

RS_STMT(meta_get, "meta.get", "SELECT value FROM meta WHERE name = ?")
RS_STMT(meta_put, "meta.put",
	"INSERT INTO meta (name, value) VALUES (?, ?)"
	" ON CONFLICT (name) DO UPDATE SET value = excluded.value")
