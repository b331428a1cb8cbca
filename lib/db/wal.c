#include "db/wal.h"

#include <signal.h>

#include "db/files.h"
#include "log/log.h"

static bool has_work(const struct rv_wal *wal)
{
	int frames = atomic_load(&wal->frames);

	/* Fewer than before: the log has started over. */
	return frames < wal->checked || frames - wal->checked >= RV_WAL_PASSIVE_FRAMES;
}

static void *keep(void *arg)
{
	struct rv_wal *wal = arg;

	pthread_mutex_lock(&wal->lock);
	while (!wal->is_stopping) {
		int rc;

		if (!has_work(wal)) {
			pthread_cond_wait(&wal->wake, &wal->lock);
			continue;
		}
		wal->checked = atomic_load(&wal->frames);
		pthread_mutex_unlock(&wal->lock);
		rc = sqlite3_wal_checkpoint_v2(wal->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
					       NULL);
		/* BUSY: the writer is at it (RESTART). Nothing is lost by any failure but room. */
		if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
			rv_log(RV_LOG_WARN, "db.checkpoint.failed",
			       RV_KS("error", sqlite3_errmsg(wal->db)));
		pthread_mutex_lock(&wal->lock);
	}
	pthread_mutex_unlock(&wal->lock);
	return NULL;
}

int rv_wal_start(struct rv_wal *wal, const char *path)
{
	sigset_t all;
	sigset_t old;
	int err = RV_EDB;

	*wal = (struct rv_wal){ 0 };
	if (rv_db_sqlite_open(path, &wal->db) != SQLITE_OK ||
	    sqlite3_exec(wal->db, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0", NULL,
			 NULL, NULL) != SQLITE_OK)
		goto fail;
	pthread_mutex_init(&wal->lock, NULL);
	pthread_cond_init(&wal->wake, NULL);
	sigfillset(&all); /* signals belong to the loop's thread */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&wal->thread, NULL, keep, wal);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err == RV_OK)
		return RV_OK;
	pthread_cond_destroy(&wal->wake);
	pthread_mutex_destroy(&wal->lock);

fail:
	sqlite3_close(wal->db);
	wal->db = NULL;
	return err;
}

void rv_wal_stop(struct rv_wal *wal)
{
	if (wal->db == NULL)
		return;
	pthread_mutex_lock(&wal->lock);
	wal->is_stopping = true;
	pthread_cond_signal(&wal->wake);
	pthread_mutex_unlock(&wal->lock);
	pthread_join(wal->thread, NULL);
	pthread_cond_destroy(&wal->wake);
	pthread_mutex_destroy(&wal->lock);
	sqlite3_close(wal->db);
	wal->db = NULL;
}

void rv_wal_note(struct rv_wal *wal, int frames)
{
	atomic_store(&wal->frames, frames);
	pthread_mutex_lock(&wal->lock);
	if (has_work(wal))
		pthread_cond_signal(&wal->wake);
	pthread_mutex_unlock(&wal->lock);
}
