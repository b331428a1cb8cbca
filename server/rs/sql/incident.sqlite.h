/* Incidents. state: enum rv_incident_state (2 = resolved); parameters: an encoded rv_incident with
 * nothing else in it. */

#define RS_SQL_INCIDENT_COLUMNS                                                                    \
	"id, kind, subject, state, count, first_at, last_at, acknowledged_at, acknowledged_by,"    \
	" note, resolved_at, parameters, detail FROM incident"

/* id, kind, subject, now, parameters, detail, is_worse; gives how often it was seen */
RS_STMT(incident_raise, "incident.raise",
	"INSERT INTO incident (id, kind, subject, state, count, first_at, last_at,"
	" acknowledged_by, note, parameters, detail)"
	" VALUES (?1, ?2, ?3, 0, 1, ?4, ?4, '', '', ?5, ?6)"
	" ON CONFLICT (kind, subject) WHERE state < 2 DO UPDATE SET count = incident.count + 1,"
	" last_at = excluded.last_at, parameters = excluded.parameters, detail = excluded.detail,"
	" state = CASE WHEN CAST(?7 AS BIGINT) = 1 THEN 0 ELSE incident.state END RETURNING count")
RS_STMT(incident_resolve, "incident.resolve",
	"UPDATE incident SET state = 2, resolved_at = ?1"
	" WHERE kind = ?2 AND subject = ?3 AND state < 2")
RS_STMT(incident_resolve_subject, "incident.resolve-subject",
	"UPDATE incident SET state = 2, resolved_at = ?1 WHERE subject = ?2 AND state < 2")
/* now, kind, last seen before */
RS_STMT(incident_resolve_unseen, "incident.resolve-unseen",
	"UPDATE incident SET state = 2, resolved_at = ?1"
	" WHERE kind = ?2 AND state < 2 AND last_at < ?3")
RS_STMT(incident_trim, "incident.trim", "DELETE FROM incident WHERE state = 2 AND resolved_at < ?1")
RS_STMT(incident_get, "incident.get", "SELECT " RS_SQL_INCIDENT_COLUMNS " WHERE id = ?1")
/* before, state from, state to, kind or -1, subject or empty, limit */
RS_STMT(incident_list, "incident.list",
	"SELECT " RS_SQL_INCIDENT_COLUMNS " WHERE id < ?1 AND state >= ?2 AND state <= ?3"
	" AND (kind = ?4 OR ?4 < 0) AND (?5 = '' OR subject = ?5) ORDER BY id DESC LIMIT ?6")
RS_STMT(incident_ack, "incident.ack",
	"UPDATE incident SET state = 1, acknowledged_at = ?1, acknowledged_by = ?2, note = ?3"
	" WHERE id = ?4 AND state < 2")
RS_STMT(incident_count, "incident.count", "SELECT count(*) FROM incident WHERE state = 0")
