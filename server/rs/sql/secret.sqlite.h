/* Secrets that configs refer to. */

RS_STMT(secret_find, "secret.find", "SELECT id FROM secret WHERE name = ?1 AND deleted_at IS NULL")
RS_STMT(secret_insert, "secret.insert",
	"INSERT INTO secret (id, name, created_at) VALUES (?1, ?2, ?3)")
RS_STMT(secret_version_insert, "secret.version-insert",
	"INSERT INTO secret_version (id, secret_id, at, author, box) VALUES (?1, ?2, ?3, ?4, ?5)")
/* The value of a name now; the last one of a deleted secret, should an old config be delivered. */
RS_STMT(secret_value, "secret.value",
	"SELECT v.id, v.box FROM secret s JOIN secret_version v ON v.secret_id = s.id"
	" WHERE s.name = ?1 ORDER BY v.id DESC LIMIT 1")
/* The value that a pull delivered. pull, name */
RS_STMT(secret_value_then, "secret.value-then",
	"SELECT v.id, v.box FROM pull_secret p JOIN secret_version v ON v.id = p.version_id"
	" JOIN secret s ON s.id = v.secret_id WHERE p.pull_id = ?1 AND s.name = ?2")
#define RS_SQL_SECRET_COLUMNS                                                                      \
	"s.name, s.created_at, v.at, v.author,"                                                    \
	" (SELECT count(*) FROM secret_version n WHERE n.secret_id = s.id),"                       \
	" (SELECT count(*) FROM config_secret r JOIN config_version c"                             \
	" ON c.content_id = r.content_id JOIN device_state d ON d.device_id = c.device_id"         \
	" WHERE r.name = s.name AND (d.startup_id = c.id OR d.working_id = c.id OR"                \
	" d.running_id = c.id))"                                                                   \
	" FROM secret s JOIN secret_version v ON v.secret_id = s.id AND v.id ="                    \
	" (SELECT max(m.id) FROM secret_version m WHERE m.secret_id = s.id)"                       \
	" WHERE s.deleted_at IS NULL"
RS_STMT(secret_get, "secret.get", "SELECT " RS_SQL_SECRET_COLUMNS " AND s.name = ?1")
RS_STMT(secret_list, "secret.list",
	"SELECT " RS_SQL_SECRET_COLUMNS " AND s.name > ?1 ORDER BY s.name LIMIT ?2")
RS_STMT(secret_delete, "secret.delete",
	"UPDATE secret SET deleted_at = ?1 WHERE name = ?2 AND deleted_at IS NULL")
RS_STMT(config_secret_insert, "config-secret.insert",
	"INSERT INTO config_secret (content_id, name) VALUES (?1, ?2)"
	" ON CONFLICT (content_id, name) DO NOTHING")
RS_STMT(pull_secret_insert, "pull-secret.insert",
	"INSERT INTO pull_secret (pull_id, version_id) VALUES (?1, ?2)"
	" ON CONFLICT (pull_id, version_id) DO NOTHING")
