/* Devices. RS_STMT(identifier, name, text); included several times, see sql.h. */

#define RS_SQL_DEVICE_COLUMNS                                                                      \
	"d.id, d.distid, d.description, d.is_enabled, d.location, d.rs, s.state, d.created_at,"    \
	" s.last_contact_at, s.last_address, s.firmware, s.startup_id, c.expires_at,"              \
	" s.working_id, s.running_id, d.group_name, d.is_released, l.location, l.given_version,"   \
	" l.given_anchor, l.given_at, l.seen_version, l.seen_anchor, l.seen_at, l.refused_by"      \
	" FROM device d JOIN device_state s ON s.device_id = d.id"                                 \
	" LEFT JOIN device_certificate c ON c.device_id = d.id"                                    \
	" LEFT JOIN device_location l ON l.device_id = d.id"

RS_STMT(device_by_distid, "device.by-distid", "SELECT " RS_SQL_DEVICE_COLUMNS " WHERE d.distid = ?")
RS_STMT(device_list, "device.list",
	"SELECT " RS_SQL_DEVICE_COLUMNS " WHERE d.distid > ? ORDER BY d.distid LIMIT ?")
RS_STMT(device_for_contact, "device.for-contact",
	"SELECT d.id, d.is_enabled, d.rs, d.rs_key, d.heartbeat_key, s.startup_id, s.delivered_id,"
	" s.running_id, s.is_pending, s.pace_from, s.pace_pulls,"
	" c.certificate, c.private_key, c.expires_at, c.is_given, c.is_due"
	" FROM device d JOIN device_state s ON s.device_id = d.id"
	" LEFT JOIN device_certificate c ON c.device_id = d.id WHERE d.distid = ?")
RS_STMT(device_for_feed, "device.for-feed",
	"SELECT id, is_enabled, ls_key_mac, rs_key, location, group_name FROM device"
	" WHERE distid = ?")
RS_STMT(device_insert, "device.insert",
	"INSERT INTO device (id, distid, description, location, rs, is_enabled, created_at,"
	" ls_key_mac, rs_key, heartbeat_key, group_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
RS_STMT(device_state_insert, "device.state-insert",
	"INSERT INTO device_state (device_id, state, last_address, firmware) VALUES (?, 0, '', '')")
/* NULL leaves a column as it is. */
RS_STMT(device_update, "device.update",
	"UPDATE device SET description = coalesce(?, description),"
	" is_enabled = coalesce(?, is_enabled), location = coalesce(?, location),"
	" rs = coalesce(?, rs), ls_key_mac = coalesce(?, ls_key_mac),"
	" rs_key = coalesce(?, rs_key), group_name = coalesce(?, group_name),"
	" is_released = coalesce(?, is_released) WHERE id = ?")
RS_STMT(device_delete, "device.delete", "DELETE FROM device WHERE id = ?")
RS_STMT(device_state_delete, "device.state-delete", "DELETE FROM device_state WHERE device_id = ?")
RS_STMT(device_count, "device.count", "SELECT count(*) FROM device")
/* state, contact, address, firmware and delivered (NULL: as before), is it pending, pace, id */
RS_STMT(device_contact, "device.contact",
	"UPDATE device_state SET state = ?1, last_contact_at = ?2, last_address = ?3,"
	" firmware = coalesce(?4, firmware), delivered_id = coalesce(?5, delivered_id),"
	" is_pending = ?6, pace_from = ?7, pace_pulls = ?8 WHERE device_id = ?9")
RS_STMT(device_accepted, "device.accepted",
	"UPDATE device_state SET running_id = delivered_id, is_pending = 0, last_contact_at = ?1,"
	" last_address = ?2 WHERE device_id = ?3")
RS_STMT(device_past_insert, "device.past-insert",
	"INSERT INTO device_past (id, distid, created_at, deleted_at, deleted_by)"
	" VALUES (?1, ?2, ?3, ?4, ?5)")
RS_STMT(device_set_working, "device.set-working",
	"UPDATE device_state SET working_id = ?1 WHERE device_id = ?2")
RS_STMT(device_set_startup, "device.set-startup",
	"UPDATE device_state SET startup_id = ?1 WHERE device_id = ?2")
