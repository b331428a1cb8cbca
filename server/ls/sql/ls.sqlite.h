/* Statements of the ls store. LS_STMT(identifier, name, text); included several times, see sql.h.
 */

LS_STMT(device_get, "device.get",
	"SELECT is_enabled, ls_key_mac, rs_key, location FROM device WHERE distid = ?")
LS_STMT(device_put, "device.put",
	"INSERT INTO device (distid, is_enabled, ls_key_mac, rs_key, location, generation)"
	" VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (distid) DO UPDATE SET"
	" is_enabled = excluded.is_enabled, ls_key_mac = excluded.ls_key_mac,"
	" rs_key = excluded.rs_key, location = excluded.location,"
	" generation = excluded.generation")
LS_STMT(device_delete, "device.delete", "DELETE FROM device WHERE distid = ?")
LS_STMT(device_purge, "device.purge", "DELETE FROM device WHERE generation <> ?")
LS_STMT(device_count, "device.count", "SELECT count(*) FROM device")
LS_STMT(location_get, "location.get", "SELECT body FROM location WHERE name = ?")
LS_STMT(location_put, "location.put",
	"INSERT INTO location (name, body, generation) VALUES (?, ?, ?)"
	" ON CONFLICT (name) DO UPDATE SET body = excluded.body,"
	" generation = excluded.generation")
LS_STMT(location_delete, "location.delete", "DELETE FROM location WHERE name = ?")
LS_STMT(location_purge, "location.purge", "DELETE FROM location WHERE generation <> ?")
LS_STMT(feed_get, "feed.get",
	"SELECT epoch, cursor, generation, is_complete FROM feed WHERE source = 'rs'")
LS_STMT(feed_put, "feed.put",
	"INSERT INTO feed (source, epoch, cursor, generation, is_complete)"
	" VALUES ('rs', ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET epoch = excluded.epoch,"
	" cursor = excluded.cursor, generation = excluded.generation,"
	" is_complete = excluded.is_complete")
