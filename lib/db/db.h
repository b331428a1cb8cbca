/* db.h - one store, one writer, grouped commits.
 *
 *   loop thread                    writer thread
 *   rv_db_submit(work) --queue-->  BEGIN; work1; work2; ... COMMIT (fsync)
 *   done(status)      <--async---  (then, and only then, the answers)
 *
 * A store belongs to exactly one process (an advisory lock file makes sure). Work items run
 * on the writer thread, in order of submission, each inside its own savepoint: one that fails
 * is undone alone and the rest of its group goes on. `done` runs on the loop thread, after
 * the group is durable: what it acknowledges is never lost. If the commit itself fails, every
 * item of the group gets RV_EDB and nothing of it is kept.
 *
 * A database that is a server may go away. Items wait in the queue then, up to its bound, and go on
 * when it is back; the store comes back by itself and looks whether it is still its own. The items
 * of the group that was under way get RV_EDB, which is true of them: when the answer to the commit
 * itself was lost, the store first asks the database, for up to a minute, what became of it. Only
 * if that cannot be learned does RV_EDB mean "nobody knows" (db.group.unknown in the log).
 *
 * A statement that fails (RV_EEXISTS included) dooms its item: it is undone whatever its work
 * function returns, and further statements in it return the same error at once. What a group saw
 * of a lost transaction is worth nothing, so then also an item that failed by itself gets RV_EDB.
 * Failures of the database are logged here, with its own words.
 *
 * In a virtual world (base/virtual.h) there is no thread: groups are written from the loop, by the
 * same code, one turn before they are answered.
 *
 * The driver is chosen by URL: "sqlite:/path/rs.db" now; "postgresql:..." has the same face.
 * Statements are named SQL texts in one file per noun and dialect, prepared once.
 *
 * How SQL is written:
 *   - One text where both dialects understand it: `postgresql` stays NULL, and PostgreSQL gets the
 *     text of `sqlite` with ?n as $n. Both have ON CONFLICT ... DO UPDATE / NOTHING and RETURNING.
 *     Not in one text: INSERT OR REPLACE, rowid, max(a, b) of two values (CASE), x IS ?1 (write
 *     x = ?1, or CAST(?1 AS BIGINT) IS NULL). A column named in DO UPDATE SET has its table's name
 *     before it on the right side. Booleans are integers. sha256(bytes) is in both.
 *   - Parameters are ?1, ?2 ... A number, not a bare ?, where one is used twice. They are 64-bit
 *     integers, text or bytes; where PostgreSQL would guess another type it refuses the store and
 *     names the statement: CAST(?1 AS BIGINT).
 *   - Migrations always have both texts. PostgreSQL: BIGINT, TEXT, BYTEA; no STRICT, no WITHOUT
 *     ROWID; AUTOINCREMENT is BIGINT GENERATED ALWAYS AS IDENTITY. Text is compared and sorted byte
 *     by byte in both: a database with another collation than "C" is refused.
 */
#ifndef RV_DB_DB_H
#define RV_DB_DB_H

#include <uv.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"

enum {
	RV_DB_GROUP_MAX = 512,   /* work items in one commit */
	RV_DB_QUEUE_MAX = 16384, /* submitted and not yet done; beyond it RV_EBUSY */
	RV_DB_PARAMS_MAX = 32,
	RV_DB_PATIENCE_MS = 20,
	RV_DB_PATIENT_MAX = 64, /* waiting together; then they are enough for a commit */
	RV_DB_BUSY_MS = 50,
};

struct rv_db;    /* the store */
struct rv_db_tx; /* handed to a work function; valid only inside it */

struct rv_db_migration {
	unsigned number;  /* 1, 2, 3 ... without holes */
	const char *name; /* "0001-devices" */
	const char *sqlite;
	const char *postgresql;
};

/* A prepared statement, defined statically next to its text. */
struct rv_db_stmt {
	const char *name; /* "device.by-distid": for logs and metrics */
	const char *sqlite;
	const char *postgresql; /* NULL: as sqlite, ?n as $n */
	unsigned index;         /* position in the table given to rv_db_open; filled there */
};

struct rv_db_opt {
	const char *url;
	/* Of the user of the database; before one in the URL. Blanks and line ends around it are
	 * not part of it. Empty: none. Lent for the call of rv_db_open. */
	struct rv_str password;
	const char *name; /* "rs": PostgreSQL keeps the store in schema "reeve_rs"; NULL: "reeve" */
	const struct rv_db_migration *migrations; /* applied at open, checksummed, never changed */
	size_t migration_count;
	struct rv_db_stmt *const *statements;
	size_t statement_count;
	uv_loop_t *loop; /* where `done` runs; NULL: synchronous use only (rv_db_run) */
};

/* RV_EINVALID: no URL, or a password for a store that takes none. RV_EUNSUPPORTED: no driver for
 * its scheme. RV_EBUSY: another process holds the store. RV_ECORRUPT: a migration that was applied
 * has changed, or the file is no database. RV_EVERSION: the store is newer than this program.
 * RV_EDB: a migration or statement failed, -errno: a file cannot be opened. diag says which. `opt`
 * is lent, but its tables and texts must live as long as the store. */
int rv_db_open(const struct rv_db_opt *opt, struct rv_db **out, struct rv_diag *diag) RV_MUSTCHECK;
/* Finishes what was submitted, closes, then calls the `done` functions still due (submitting from
 * them gives RV_ECLOSED). On the loop thread; NULL allowed. The loop must turn once more to give
 * the memory back. */
void rv_db_close(struct rv_db *db);

typedef int (*rv_db_work_fn)(struct rv_db_tx *tx, void *arg);
typedef void (*rv_db_done_fn)(void *arg, int status);

/* On the loop thread. status in done: what work returned, or what doomed it, or RV_EDB. arg belongs
 * to the work until done is called. RV_EBUSY: RV_DB_QUEUE_MAX; RV_ECLOSED: closing; -ENOMEM:
 * neither function is called. */
int rv_db_submit(struct rv_db *db, rv_db_work_fn work, rv_db_done_fn done, void *arg) RV_MUSTCHECK;

/* The same, for work whose answer may come RV_DB_PATIENCE_MS later. When the writer has done
 * something within the last RV_DB_BUSY_MS and nothing but such work is waiting, it waits for more
 * of it, so that many share one commit; a store at rest does it at once. */
int rv_db_submit_patient(struct rv_db *db, rv_db_work_fn work, rv_db_done_fn done,
			 void *arg) RV_MUSTCHECK;

/* The same, blocking, for tools and start-up; not while a loop thread submits. Returns the status.
 */
int rv_db_run(struct rv_db *db, rv_db_work_fn work, void *arg) RV_MUSTCHECK;

/* -- inside a work function ------------------------------------------------------------- */

struct rv_db_value {
	enum { RV_DB_NULL, RV_DB_INT, RV_DB_TEXT, RV_DB_BLOB } type;
	int64_t i;
	struct rv_str s; /* lent: must live until the call returns. TEXT: UTF-8 without NULs */
};

#define RV_DB_I(v) ((struct rv_db_value){ .type = RV_DB_INT, .i = (int64_t)(v) })
#define RV_DB_T(v) ((struct rv_db_value){ .type = RV_DB_TEXT, .s = (v) })
#define RV_DB_B(v) ((struct rv_db_value){ .type = RV_DB_BLOB, .s = (v) })
#define RV_DB_N    ((struct rv_db_value){ .type = RV_DB_NULL })

struct rv_db_row; /* columns of the current row */

/* Called once per row; a non-zero return stops the query and is returned by it. */
typedef int (*rv_db_row_fn)(const struct rv_db_row *row, void *arg);

/* RV_OK, RV_EEXISTS (unique constraint), RV_EDB, -ENOSPC, -ENOMEM, RV_EINVALID (a text is not
 * UTF-8, or has a NUL), or what fn returned. fn may run other statements, not the same one. */
int rv_db_query(struct rv_db_tx *tx, const struct rv_db_stmt *stmt,
		const struct rv_db_value *params, size_t n, rv_db_row_fn fn,
		void *arg) RV_MUSTCHECK;
/* For statements without rows; *changed (may be NULL) gets the number of rows changed. */
int rv_db_exec(struct rv_db_tx *tx, const struct rv_db_stmt *stmt, const struct rv_db_value *params,
	       size_t n, int64_t *changed) RV_MUSTCHECK;

/* As rv_db_exec, for a statement whose result does not matter to the work: a failure is told at
 * once or at any time later. It dooms the item as every failure does, though perhaps only when the
 * work has returned already. Over a network it costs no round trip. The values may go when it
 * returns. */
int rv_db_put(struct rv_db_tx *tx, const struct rv_db_stmt *stmt, const struct rv_db_value *params,
	      size_t n) RV_MUSTCHECK;

#define RV_DB_PARAMS(...)                                                                          \
	(const struct rv_db_value[]){ __VA_ARGS__ },                                               \
		sizeof((const struct rv_db_value[]){ __VA_ARGS__ }) / sizeof(struct rv_db_value)
#define RV_DB_NO_PARAMS NULL, 0

/* Columns count from 0. Text and blobs come byte by byte as they were given; the
 * other type is converted as the database does. */
bool rv_db_col_is_null(const struct rv_db_row *row, unsigned col);
int64_t rv_db_col_int(const struct rv_db_row *row, unsigned col);       /* NULL gives 0 */
struct rv_str rv_db_col_str(const struct rv_db_row *row, unsigned col); /* lent until fn returns */

struct rv_db_stats {
	uint64_t commits, items, failed_items, failed_commits;
	uint64_t queued;      /* submitted and not yet done, now */
	uint64_t commit_us;   /* sum of all groups, from BEGIN to durable */
	uint64_t wal_bytes;   /* now */
	uint64_t losses;      /* of the connection to the database */
	uint64_t away_us;     /* all the time without it, until now */
	uint64_t away_now_us; /* since it went away; 0 = it is here */
	bool is_away;         /* now */
	const char *driver;   /* "sqlite": the scheme of its URL */
};
void rv_db_stats(struct rv_db *db, struct rv_db_stats *out);

/* Why the store cannot be used now, for /readyz; NULL: it can. "the database does not answer", or
 * "the store cannot be written since 2026-01-31T12:00:00Z: the disk is full": from the first write
 * that failed until one goes well again, which the store itself tries every second. On the loop
 * thread; lent until the next call. */
const char *rv_db_not_ready(struct rv_db *db);

#endif
