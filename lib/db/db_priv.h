/* db_priv.h - what a driver gives, and what db.c does with it. Private to lib/db.
 *
 *   db.c       queue, writer thread, groups, answers        migrate.c  migrations, over any driver
 *   tx.c       inside a work function: statements, rows    health.c   whether it can be used
 *   sqlite.c   the SQLite driver (wal.c: its checkpoints, lock.c: its store lock)
 *   pg.h       the PostgreSQL driver
 *
 * A connection is used by one thread at a time: by rv_db_open before the writer thread starts, by
 * that thread while it lives, by rv_db_close afterwards.
 */
#ifndef RV_DB_DB_PRIV_H
#define RV_DB_DB_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "db/db.h"

struct rv_db_driver;

struct rv_db_conn { /* first member of the driver's own struct */
	const struct rv_db_driver *driver;
	uint64_t losses;  /* of the database; on the writer thread */
	uint64_t away_us; /* of all that are over */
};

/* Errors are RV_EDB, -ENOSPC, RV_EEXISTS, -ENOMEM. Where there is no diag the driver has logged
 * them, with the database's own words (RV_EEXISTS is no failure of the database: not logged). */
struct rv_db_driver {
	const char *scheme; /* "sqlite": what stands before the first ':' of the URL */

	/* The store at `rest` (the URL behind the ':'), alone in all the world: see rv_db_open. */
	int (*open)(const char *rest, const struct rv_db_opt *opt, struct rv_db_conn **out,
		    struct rv_diag *diag);
	void (*close)(struct rv_db_conn *conn);

	const char *(*migration_text)(const struct rv_db_migration *migration);
	const char *(*stmt_text)(const struct rv_db_stmt *stmt);
	/* Several statements without parameters; diag gets the database's own words. */
	int (*script)(struct rv_db_conn *conn, const char *sql, struct rv_diag *diag);

	/* `name` must live as long as the handle. */
	int (*prepare)(struct rv_db_conn *conn, const char *name, const char *sql, void **out,
		       struct rv_diag *diag);
	void (*finish)(struct rv_db_conn *conn, void *handle); /* NULL allowed */
	/* As rv_db_query; fn may be NULL: rows are passed over. */
	int (*run)(struct rv_db_conn *conn, void *handle, const struct rv_db_value *params,
		   size_t n, rv_db_row_fn fn, void *arg, int64_t *changed);
	/* As rv_db_put. NULL: run does as well. */
	int (*put)(struct rv_db_conn *conn, void *handle, const struct rv_db_value *params,
		   size_t n);

	int (*begin)(struct rv_db_conn *conn);
	/* A failure has rolled back, or nobody can tell: see db.h. */
	int (*commit)(struct rv_db_conn *conn);
	void (*rollback)(struct rv_db_conn *conn);
	/* Around one item. An error from any of these means that the whole transaction is lost.
	 * What failed among its puts may be found out as late as in commit: the item is then undone
	 * and *status gets the error, whatever item_keep returned. */
	int (*item_begin)(struct rv_db_conn *conn, int *status);
	int (*item_keep)(struct rv_db_conn *conn);
	int (*item_undo)(struct rv_db_conn *conn);

	/* After a group was answered: housekeeping that may take a moment. NULL: none. */
	void (*tidy)(struct rv_db_conn *conn);
	/* Between groups, and every RV_DB_TEND_MS while nothing happens: true when the database can
	 * be used. Comes back to one that was lost, when it is time to try. NULL: it is in this
	 * process and cannot be lost. */
	bool (*tend)(struct rv_db_conn *conn);
	uint64_t (*wal_bytes)(struct rv_db_conn *conn); /* any thread */

	bool (*col_is_null)(const struct rv_db_row *row, unsigned col);
	int64_t (*col_int)(const struct rv_db_row *row, unsigned col);
	struct rv_str (*col_str)(const struct rv_db_row *row, unsigned col);
};

struct rv_db_row {
	const struct rv_db_driver *driver;
	void *handle;
};

extern const struct rv_db_driver rv_db_sqlite, rv_db_postgresql;

enum {
	RV_DB_TEND_MS = 500,
	RV_DB_AWAY_MS = 50 /* between looks for a database that is away */,
	RV_DB_PROBE_MS = 1000
};

/* -- db.c ---------------------------------------------------------------------------------- */

struct rv_db_item {
	struct rv_list link;
	rv_db_work_fn work;
	rv_db_done_fn done; /* NULL: rv_db_run waits for is_done */
	void *arg;
	int status;
	bool is_done;
	bool is_patient;
};

struct rv_db {
	const struct rv_db_driver *driver;
	struct rv_db_conn *conn;
	struct rv_db_stmt *const *statements;
	void **handles; /* of statements, by index */
	size_t statement_count;

	pthread_t writer;
	bool has_writer;
	bool is_inline;  /* no writer thread: its work is done on the loop, as in a virtual world */
	uv_loop_t *loop; /* NULL: synchronous use only */
	uv_async_t answered;
	char reason[96];              /* of rv_db_not_ready; loop thread only */
	bool group_wrote, group_full; /* of the group that runs; writer thread only */
	struct rv_list answers;       /* taken from `finished`, being answered; loop thread only */

	atomic_uint open_items; /* submitted, not yet done */
	pthread_mutex_t lock;   /* of all below */
	pthread_cond_t wanted;  /* the writer waits for work */
	pthread_cond_t ran;     /* rv_db_run waits for its item */
	struct rv_list queue;
	unsigned queued;         /* items in it */
	unsigned impatient;      /* of these: not submitted as patient */
	int64_t last_done_us;    /* when the writer finished its last group */
	struct rv_list finished; /* durable, not yet answered; in order of submission */
	bool is_stopping;
	int64_t away_since_us; /* 0: here */
	/* UTC, of the first write that failed with none after it that did not; 0: all is well. */
	int64_t failing_since_us;
	int failing_with;
	int64_t probe_us; /* not before */
	struct rv_db_stats stats;
};

struct rv_db_tx {
	struct rv_db *db;
	bool has_written;
	int doom; /* the first failed statement's error: the item cannot succeed any more */
};

/* -- health.c ------------------------------------------------------------------------------ */

/* What became of a write. Under lock. */
void rv_db_note_write(struct rv_db *db, int err);
/* While writes fail, one of the store's own every RV_DB_PROBE_MS tells when they go well again:
 * nobody else may come, since /readyz sends them elsewhere. On the writer thread, called and left
 * with the lock held. */
void rv_db_probe(struct rv_db *db);

/* -- migrate.c ----------------------------------------------------------------------------- */

/* Verify what was applied, apply the rest. As rv_db_open. */
int rv_db_migrate(struct rv_db_conn *conn, const struct rv_db_migration *migrations, size_t count,
		  struct rv_diag *diag) RV_MUSTCHECK;

/* -- lock.c -------------------------------------------------------------------------------- */

/* Hold <path>.lock until the descriptor is closed. RV_EBUSY: diag tells who has it; -errno. */
int rv_db_lock(const char *path, int *out_fd, struct rv_diag *diag) RV_MUSTCHECK;

#endif
