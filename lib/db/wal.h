/* wal.h - keeps SQLite's write-ahead log short without stopping the writer. Private to lib/db.
 *
 *   writer thread   commit -> rv_wal_note(frames); above RV_WAL_RESTART_FRAMES, once the group
 *                   is answered: RESTART checkpoint
 *   keeper thread   PASSIVE checkpoint every RV_WAL_PASSIVE_FRAMES frames
 *
 * PASSIVE alone never lets the log start over under steady load (1.4 GB after 20 s), an automatic
 * checkpoint inside the commit costs 40-70 ms at p99; the two together kept it at 74 MB with the
 * throughput of either.
 */
#ifndef RV_DB_WAL_H
#define RV_DB_WAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <sqlite3.h>

#include "base/err.h"

enum {
	RV_WAL_PASSIVE_FRAMES = 4096,
	RV_WAL_RESTART_FRAMES = 16384,
	RV_WAL_VIRTUAL_FRAMES = 96,     /* RESTART, in a virtual world */
	RV_WAL_FRAME_BYTES = 24 + 4096, /* header and page */
};

struct rv_wal {
	sqlite3 *db; /* the keeper's own connection */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int checked; /* frames in the log at the last PASSIVE checkpoint; under lock */
	bool is_stopping;
	atomic_int frames; /* in the log now */
};

int rv_wal_start(struct rv_wal *wal, const char *path) RV_MUSTCHECK;
void rv_wal_stop(struct rv_wal *wal);

void rv_wal_note(struct rv_wal *wal, int frames); /* after each commit that wrote */

#endif
