/* Certificates of devices, and the roll-over of the CA that signs them. */

/* -- the current one of each device ---------------------------------------------------------- */

/* device, certificate, key, expires, is_given, id of its record, is_due. It may come when its
 * device is gone again. */
RS_STMT(certificate_put, "certificate.put",
	"INSERT INTO device_certificate (device_id, certificate, private_key, expires_at, is_given,"
	" certificate_id, is_due)"
	" SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 FROM device WHERE id = ?1"
	" ON CONFLICT (device_id) DO UPDATE SET certificate = excluded.certificate,"
	" private_key = excluded.private_key, expires_at = excluded.expires_at,"
	" is_given = excluded.is_given, certificate_id = excluded.certificate_id,"
	" is_due = excluded.is_due")
RS_STMT(certificate_delete, "certificate.delete",
	"DELETE FROM device_certificate WHERE device_id = ?1")
/* after, limit: enabled or not, a device gets its certificate before it first calls */
RS_STMT(certificate_missing, "certificate.missing",
	"SELECT d.id, d.distid FROM device d LEFT JOIN device_certificate c ON c.device_id = d.id"
	" WHERE d.id > ?1 AND (c.device_id IS NULL OR c.is_due = 1) ORDER BY d.id LIMIT ?2")
RS_STMT(certificate_due_one, "certificate.due-one",
	"UPDATE device_certificate SET is_due = 1 WHERE device_id = ?1 AND is_given = 0")
RS_STMT(certificate_due_before, "certificate.due-before",
	"UPDATE device_certificate SET is_due = 1 WHERE expires_at < ?1 AND is_given = 0"
	" AND is_due = 0")
/* Ends before ?1 and nobody makes another: given from outside. */
RS_STMT(certificate_given_ends, "certificate.given-ends",
	"SELECT d.distid, c.expires_at FROM device_certificate c JOIN device d ON d.id = "
	"c.device_id"
	" WHERE c.expires_at < ?1 AND c.is_given = 1 AND d.is_enabled = 1 AND d.distid > ?2"
	" ORDER BY d.distid LIMIT ?3")
/* Of ours: overdue, so it could not be made anew or was not fetched. */
RS_STMT(certificate_overdue, "certificate.overdue",
	"SELECT count(*) FROM device_certificate c JOIN device d ON d.id = c.device_id"
	" WHERE c.expires_at < ?1 AND c.is_given = 0 AND d.is_enabled = 1")
RS_STMT(certificate_next_end, "certificate.next-end",
	"SELECT coalesce(min(c.expires_at), 0) FROM device_certificate c"
	" JOIN device d ON d.id = c.device_id WHERE d.is_enabled = 1")

/* -- records, append-only but for their end -------------------------------------------------- */

#define RS_SQL_CERTIFICATE_COLUMNS                                                                 \
	"id, distid, serial, subject, issuer, key_kind, ca, is_given, not_before, not_after,"      \
	" issued_at, author, superseded_at, revoked_at, reason, revoked_by, device_id"             \
	" FROM certificate"

/* id, device, serial, subject, issuer, kind of key, ca, is_given, from, to, now, author */
RS_STMT(certificate_record, "certificate.record",
	"INSERT INTO certificate (id, device_id, distid, serial, subject, issuer, key_kind, ca,"
	" is_given, not_before, not_after, issued_at, author, revoked_by)"
	" SELECT ?1, id, distid, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, '' FROM device"
	" WHERE id = ?2")
RS_STMT(certificate_supersede, "certificate.supersede",
	"UPDATE certificate SET superseded_at = ?2 WHERE device_id = ?1 AND superseded_at IS NULL")
RS_STMT(certificate_get, "certificate.get", "SELECT " RS_SQL_CERTIFICATE_COLUMNS " WHERE id = ?1")
/* before, distid or '' (in the second only), kind of key or '', expires before, state or -1, limit
 */
#define RS_SQL_CERTIFICATE_FILTER                                                                  \
	" AND (?3 = '' OR key_kind = ?3) AND not_after < ?4"                                       \
	" AND (?5 < 0 OR ?5 = CASE WHEN revoked_at IS NOT NULL THEN 2"                             \
	" WHEN superseded_at IS NOT NULL THEN 1 ELSE 0 END) ORDER BY id DESC LIMIT ?6"
RS_STMT(certificate_list, "certificate.list",
	"SELECT " RS_SQL_CERTIFICATE_COLUMNS " WHERE id < ?1 AND ?2 = ''" RS_SQL_CERTIFICATE_FILTER)
RS_STMT(certificate_list_of_device, "certificate.list-of-device",
	"SELECT " RS_SQL_CERTIFICATE_COLUMNS
	" WHERE id < ?1 AND distid = ?2" RS_SQL_CERTIFICATE_FILTER)
/* Records made by the migration, which cannot read certificates. after, limit */
RS_STMT(certificate_unread, "certificate.unread",
	"SELECT r.id, c.certificate, c.is_given FROM certificate r"
	" JOIN device_certificate c ON c.certificate_id = r.id"
	" WHERE r.id > ?1 AND r.serial = '' ORDER BY r.id LIMIT ?2")
/* id, serial, subject, issuer, kind of key, ca, from */
RS_STMT(certificate_describe, "certificate.describe",
	"UPDATE certificate SET serial = ?2, subject = ?3, issuer = ?4, key_kind = ?5, ca = ?6,"
	" not_before = ?7, issued_at = ?7 WHERE id = ?1")
RS_STMT(certificate_revoke, "certificate.revoke",
	"UPDATE certificate SET revoked_at = ?2, reason = ?3, revoked_by = ?4"
	" WHERE id = ?1 AND revoked_at IS NULL")
RS_STMT(certificate_revoke_all, "certificate.revoke-all",
	"UPDATE certificate SET revoked_at = ?2, reason = ?3, revoked_by = ?4"
	" WHERE device_id = ?1 AND revoked_at IS NULL AND not_after > ?2")
RS_STMT(certificate_unset, "certificate.unset",
	"DELETE FROM device_certificate WHERE certificate_id = ?1")
RS_STMT(device_rekey, "device.rekey",
	"UPDATE device SET rs_key = ?2, heartbeat_key = ?3 WHERE id = ?1")

/* -- roll-over ------------------------------------------------------------------------------- */

RS_STMT(device_anchor, "device.anchor", "UPDATE device_state SET anchor = ?2 WHERE device_id = ?1")
RS_STMT(roll_insert, "roll.insert",
	"INSERT INTO ca_roll (id, state, old_ca, new_ca, is_dual, started_at, ended_by, left_count)"
	" VALUES (?1, 1, ?2, ?3, ?4, ?5, '', 0)")
RS_STMT(roll_latest, "roll.latest",
	"SELECT id, state, old_ca, new_ca, is_dual, started_at, ended_at, ended_by, left_count"
	" FROM ca_roll ORDER BY id DESC LIMIT 1")
RS_STMT(roll_end, "roll.end",
	"UPDATE ca_roll SET state = ?2, ended_at = ?3, ended_by = ?4, left_count = ?5"
	" WHERE id = ?1 AND state = 1")
RS_STMT(roll_dual, "roll.dual", "UPDATE ca_roll SET is_dual = ?2 WHERE id = ?1")
/* tag, the word for "as before the first roll-over" ('' unless that is the tag), RS: how many have
 * pulled, and how many of them are not seen on the tag yet */
#define RS_SQL_ROLL_LEFT                                                                           \
	" FROM device d JOIN device_state s ON s.device_id = d.id"                                 \
	" WHERE d.is_enabled = 1 AND d.rs = ?3 AND s.last_contact_at IS NOT NULL"
RS_STMT(roll_devices, "roll.devices",
	"SELECT count(*) FROM device d JOIN device_state s ON s.device_id = d.id"
	" WHERE d.is_enabled = 1 AND d.rs = ?1 AND s.last_contact_at IS NOT NULL")
RS_STMT(roll_left_count, "roll.left-count",
	"SELECT count(*)" RS_SQL_ROLL_LEFT " AND s.anchor <> ?1 AND s.anchor <> ?2")
RS_STMT(roll_left_list, "roll.left-list",
	"SELECT d.distid, s.last_contact_at, s.last_address" RS_SQL_ROLL_LEFT
	" AND s.anchor <> ?1 AND s.anchor <> ?2 AND d.distid > ?4"
	" ORDER BY d.distid LIMIT ?5")
