/* Statements of the ls store. LS_STMT(identifier, name, text); included several times, see sql.h.
 */

LS_STMT(fact_get, "fact.get", "SELECT value FROM fact WHERE name = ?")
LS_STMT(fact_put, "fact.put", "INSERT INTO fact (name, value) VALUES (?, ?)")

LS_STMT(operator_get, "operator.get",
	"SELECT epoch, cursor, generation, is_complete, held, mac_key, heard_at FROM operator"
	" WHERE name = ?")
LS_STMT(operator_list, "operator.list", "SELECT name FROM operator ORDER BY name")
LS_STMT(operator_make, "operator.make",
	"INSERT INTO operator (name, epoch, cursor, generation, is_complete, held)"
	" VALUES (?, '', 0, 0, 0, 0) ON CONFLICT (name) DO NOTHING")
LS_STMT(operator_put, "operator.put",
	"UPDATE operator SET epoch = ?, cursor = ?, generation = ?, is_complete = ?,"
	" mac_key = coalesce(?, mac_key), heard_at = ? WHERE name = ?")
LS_STMT(operator_add_held, "operator.add-held",
	"UPDATE operator SET held = held + ? WHERE name = ?")
LS_STMT(operator_delete, "operator.delete", "DELETE FROM operator WHERE name = ?")

/* The holder first, then in order of the claims. */
LS_STMT(claim_list, "claim.list",
	"SELECT operator, state FROM claim WHERE distid = ? ORDER BY state <> 0, at, operator")
LS_STMT(claim_put, "claim.put",
	"INSERT INTO claim (distid, operator, at, state, told, is_enabled, ls_key_mac, rs_key,"
	" location, group_name, generation) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10)"
	" ON CONFLICT (distid, operator) DO UPDATE SET state = excluded.state,"
	" is_enabled = excluded.is_enabled, ls_key_mac = excluded.ls_key_mac,"
	" rs_key = excluded.rs_key, location = excluded.location,"
	" group_name = excluded.group_name, generation = excluded.generation")
LS_STMT(claim_set_state, "claim.set-state",
	"UPDATE claim SET state = ? WHERE distid = ? AND operator = ?")
LS_STMT(claim_delete, "claim.delete", "DELETE FROM claim WHERE distid = ? AND operator = ?")
LS_STMT(claim_stale, "claim.stale",
	"SELECT distid FROM claim WHERE operator = ?1 AND generation < ?2"
	" ORDER BY generation LIMIT ?3")
LS_STMT(claim_over_limit, "claim.over-limit",
	"SELECT distid FROM claim WHERE operator = ? AND state = 2 ORDER BY at LIMIT 1")
LS_STMT(claim_untold, "claim.untold",
	"SELECT distid, state FROM claim WHERE operator = ? AND state <> told LIMIT ?")
LS_STMT(claim_told, "claim.told", "UPDATE claim SET told = ?1 WHERE distid = ?2 AND operator = ?3")
LS_STMT(claim_forget_told, "claim.forget-told", "UPDATE claim SET told = 0 WHERE operator = ?")
LS_STMT(claim_count_refused, "claim.count-refused",
	"SELECT state, count(*) FROM claim WHERE operator = ? AND state <> 0 GROUP BY state")
LS_STMT(claim_count_untold, "claim.count-untold",
	"SELECT (SELECT count(*) FROM claim WHERE operator = ?1 AND state <> told)"
	" + (SELECT count(*) FROM given WHERE operator = ?1 AND is_told = 0)")
LS_STMT(claim_conflicts, "claim.conflicts",
	"SELECT c.operator, c.distid, c.state, c.at, h.operator, h.at FROM claim c"
	" LEFT JOIN claim h ON h.distid = c.distid AND h.state = 0"
	" WHERE c.state <> 0 AND (c.operator, c.distid) > (?1, ?2)"
	" AND (?3 = '' OR c.operator = ?3 OR h.operator = ?3)"
	" ORDER BY c.operator, c.distid LIMIT ?4")
LS_STMT(claim_of_id, "claim.of-id",
	"SELECT c.operator, c.state, c.at, c.is_enabled, c.location, c.group_name, g.version, g.at"
	" FROM claim c LEFT JOIN given g ON g.distid = c.distid AND g.operator = c.operator"
	" WHERE c.distid = ? ORDER BY c.state <> 0, c.at, c.operator")
LS_STMT(claim_for_solicit, "claim.for-solicit",
	"SELECT c.operator, c.is_enabled, c.ls_key_mac, c.rs_key,"
	" coalesce(m.location, c.location), c.group_name, g.version, g.anchor, g.location"
	" FROM claim c"
	" LEFT JOIN member m ON m.operator = c.operator AND m.name = c.group_name"
	" LEFT JOIN given g ON g.distid = c.distid AND g.operator = c.operator"
	" WHERE c.distid = ? AND c.state = 0")

LS_STMT(place_get, "place.get", "SELECT body, next_body FROM place WHERE operator = ? AND name = ?")
LS_STMT(place_put, "place.put",
	"INSERT INTO place (operator, name, body, next_body, generation) VALUES (?, ?, ?, ?, ?)"
	" ON CONFLICT (operator, name) DO UPDATE SET body = excluded.body,"
	" next_body = excluded.next_body, generation = excluded.generation")
LS_STMT(place_delete, "place.delete", "DELETE FROM place WHERE operator = ? AND name = ?")
LS_STMT(place_purge, "place.purge", "DELETE FROM place WHERE operator = ? AND generation < ?")
LS_STMT(member_put, "member.put",
	"INSERT INTO member (operator, name, location, generation) VALUES (?, ?, ?, ?)"
	" ON CONFLICT (operator, name) DO UPDATE SET location = excluded.location,"
	" generation = excluded.generation")
LS_STMT(member_delete, "member.delete", "DELETE FROM member WHERE operator = ? AND name = ?")
LS_STMT(member_purge, "member.purge", "DELETE FROM member WHERE operator = ? AND generation < ?")

/* The same again is no news. */
LS_STMT(given_put, "given.put",
	"INSERT INTO given (distid, operator, location, version, anchor, at, is_told)"
	" VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT (distid, operator) DO UPDATE SET"
	" location = excluded.location, version = excluded.version, anchor = excluded.anchor,"
	" at = excluded.at, is_told = 0 WHERE given.location <> excluded.location"
	" OR given.version <> excluded.version OR given.anchor <> excluded.anchor")
LS_STMT(given_untold, "given.untold",
	"SELECT distid, location, version, anchor, at FROM given"
	" WHERE operator = ? AND is_told = 0 LIMIT ?")
LS_STMT(given_told, "given.told",
	"UPDATE given SET is_told = 1 WHERE distid = ? AND operator = ? AND at = ?")
LS_STMT(given_forget_told, "given.forget-told", "UPDATE given SET is_told = 0 WHERE operator = ?")
LS_STMT(given_delete, "given.delete", "DELETE FROM given WHERE distid = ? AND operator = ?")

/* Columns with boxes, by key: server/serve/reseal.h. The last column is what ls_box_id() makes. */
LS_STMT(reseal_claim, "reseal.claim",
	"SELECT distid, operator, rs_key, CASE WHEN operator = 'local' THEN distid"
	" ELSE operator || '/' || distid END FROM claim WHERE (distid, operator) > (?1, ?2)"
	" ORDER BY distid, operator LIMIT ?3")
LS_STMT(reseal_claim_put, "reseal.claim-put",
	"UPDATE claim SET rs_key = ?1 WHERE distid = ?2 AND operator = ?3")
LS_STMT(reseal_place, "reseal.place",
	"SELECT operator, name, body, CASE WHEN operator = 'local' THEN name"
	" ELSE operator || '/' || name END FROM place WHERE (operator, name) > (?1, ?2)"
	" ORDER BY operator, name LIMIT ?3")
LS_STMT(reseal_place_put, "reseal.place-put",
	"UPDATE place SET body = ?1 WHERE operator = ?2 AND name = ?3")
LS_STMT(reseal_next, "reseal.next",
	"SELECT operator, name, next_body, CASE WHEN operator = 'local' THEN name"
	" ELSE operator || '/' || name END FROM place WHERE (operator, name) > (?1, ?2)"
	" ORDER BY operator, name LIMIT ?3")
LS_STMT(reseal_next_put, "reseal.next-put",
	"UPDATE place SET next_body = ?1 WHERE operator = ?2 AND name = ?3")
LS_STMT(reseal_operator, "reseal.operator",
	"SELECT name, mac_key, name FROM operator WHERE name > ?1 ORDER BY name LIMIT ?2")
LS_STMT(reseal_operator_put, "reseal.operator-put",
	"UPDATE operator SET mac_key = ?1 WHERE name = ?2")
