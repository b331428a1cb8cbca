/* Whether the store can do its task, and for how long it could not. */
#include <errno.h>
#include <stdio.h>

#include "base/time.h"
#include "db/db_priv.h"
#include "log/log.h"

static const char *reason_of(int err)
{
	return err == -ENOSPC ? "the disk is full" : "its commits fail";
}

void rv_db_note_write(struct rv_db *db, int err)
{
	if (err == RV_OK && db->failing_since_us != 0)
		rv_log(RV_LOG_INFO, "db.writable", RV_KS("store", db->driver->scheme),
		       RV_KI("away_ms", (rv_time_utc_us() - db->failing_since_us) / RV_US_PER_MS));
	if (err == RV_OK)
		db->failing_since_us = 0;
	else if (db->failing_since_us == 0)
		db->failing_since_us = rv_time_utc_us();
	db->failing_with = err;
}

/* The least that can be written: the last bit of a time in microseconds, there and back. (SQLite
 * does not write a row that stays as it is.) Not logged when it fails: that was said. */
void rv_db_probe(struct rv_db *db)
{
	static const char sql[] = "UPDATE reeve_migration SET applied_us = applied_us + 1 -"
				  " 2 * (applied_us % 2) WHERE number = 1";
	struct rv_diag diag = { 0 };
	int64_t now_us = rv_time_boot_us();
	int err;

	if (db->failing_since_us == 0 || now_us < db->probe_us)
		return;
	db->probe_us = now_us + RV_DB_PROBE_MS * RV_US_PER_MS;
	pthread_mutex_unlock(&db->lock);
	err = db->driver->script(db->conn, sql, &diag);
	pthread_mutex_lock(&db->lock);
	rv_db_note_write(db, err);
}

void rv_db_stats(struct rv_db *db, struct rv_db_stats *out)
{
	pthread_mutex_lock(&db->lock);
	*out = db->stats;
	out->is_away = db->away_since_us != 0;
	if (out->is_away)
		out->away_now_us = (uint64_t)(rv_time_boot_us() - db->away_since_us);
	out->away_us += out->away_now_us;
	out->driver = db->driver->scheme;
	pthread_mutex_unlock(&db->lock);
	out->queued = atomic_load(&db->open_items);
	out->wal_bytes = db->conn != NULL ? db->driver->wal_bytes(db->conn) : 0; /* NULL: closing */
}

const char *rv_db_not_ready(struct rv_db *db)
{
	char since[RV_TIME_TEXT_LEN + 1];
	bool is_away;
	int64_t since_us;
	int err;

	pthread_mutex_lock(&db->lock);
	is_away = db->away_since_us != 0;
	since_us = db->failing_since_us;
	err = db->failing_with;
	pthread_mutex_unlock(&db->lock);
	if (is_away)
		return "the database does not answer";
	if (since_us == 0)
		return NULL;
	rv_time_format(since_us, since);
	snprintf(db->reason, sizeof(db->reason), "the store cannot be written since %s: %s", since,
		 reason_of(err));
	return db->reason;
}
