/* The SQLite driver: WAL, synchronous=FULL, one connection for the writer. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/virtual.h"
#include "db/db_priv.h"
#include "db/files.h"
#include "db/wal.h"
#include "log/log.h"

enum control { BEGIN, COMMIT, ROLLBACK, ITEM_BEGIN, ITEM_KEEP, ITEM_UNDO, CONTROLS };

static const char *const control_text[CONTROLS] = {
	[BEGIN] = "BEGIN",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[ITEM_BEGIN] = "SAVEPOINT item",
	[ITEM_KEEP] = "RELEASE item",
	[ITEM_UNDO] = "ROLLBACK TO item",
};

struct sqlite_stmt {
	sqlite3_stmt *stmt;
	const char *name;
};

struct sqlite_conn {
	struct rv_db_conn conn;
	sqlite3 *db;
	struct sqlite_stmt control[CONTROLS];
	struct rv_wal wal;
	int lock_fd;
	bool is_in_item;
	bool has_savepoint; /* from the item's first writing statement on: copying pages for it is
			       not free */
	/* After a failed fsync the kernel may call unwritten pages clean: nothing that this process
	 * still believes about the file is sure, so it stops. */
	bool is_dead;
	bool is_virtual; /* no keeper, and a log that is short enough to start over in a short run
			  */
};

static struct sqlite_conn *of(struct rv_db_conn *conn)
{
	return RV_CONTAINER_OF(conn, struct sqlite_conn, conn);
}

/* The code of base/err.h for what SQLite just said. For I/O errors errno still has the reason;
 * sqlite3_system_errno() does not know it after sqlite3_step(). */
static int code_of(struct sqlite_conn *c, int rc)
{
	bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

	if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
	    rc == SQLITE_CONSTRAINT_ROWID)
		return RV_EEXISTS;
	if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC)
		c->is_dead = true;
	if ((rc & 0xff) == SQLITE_NOMEM)
		return -ENOMEM;
	if ((rc & 0xff) == SQLITE_FULL || ((rc & 0xff) == SQLITE_IOERR && is_full))
		return -ENOSPC;
	return RV_EDB;
}

/* The same, logged here, where SQLite's words are known. */
static int failed(struct sqlite_conn *c, const char *name, int rc)
{
	int sys = errno;
	int err = code_of(c, rc);

	if (err != RV_EEXISTS)
		rv_log(RV_LOG_ERROR, "db.statement.failed", RV_KS("statement", name),
		       RV_KS("error", sqlite3_errmsg(c->db)), RV_KI("code", rc),
		       RV_KI("errno", sys));
	return err;
}

/* -- statements --------------------------------------------------------------------------- */

static int sqlite_prepare(struct rv_db_conn *conn, const char *name, const char *sql, void **out,
			  struct rv_diag *diag)
{
	struct sqlite_conn *c = of(conn);
	struct sqlite_stmt *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->name = name;
	if (sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL) !=
	    SQLITE_OK) {
		free(s);
		return rv_diag_set(diag, RV_EDB, "db.statement", name, "statement %s: %s", name,
				   sqlite3_errmsg(c->db));
	}
	*out = s;
	return RV_OK;
}

static void sqlite_finish(struct rv_db_conn *conn, void *handle)
{
	struct sqlite_stmt *s = handle;

	(void)conn;
	if (s == NULL)
		return;
	sqlite3_finalize(s->stmt);
	free(s);
}

static int bind_value(sqlite3_stmt *stmt, int at, const struct rv_db_value *v)
{
	const char *ptr = v->s.ptr != NULL ? v->s.ptr : ""; /* NULL would be bound as NULL */

	switch (v->type) {
	case RV_DB_NULL:
		return sqlite3_bind_null(stmt, at);
	case RV_DB_INT:
		return sqlite3_bind_int64(stmt, at, v->i);
	case RV_DB_TEXT:
		return sqlite3_bind_text64(stmt, at, ptr, v->s.len, SQLITE_STATIC, SQLITE_UTF8);
	case RV_DB_BLOB:
		return sqlite3_bind_blob64(stmt, at, ptr, v->s.len, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

static int step_through(struct sqlite_conn *c, struct sqlite_stmt *s,
			const struct rv_db_value *params, size_t n, rv_db_row_fn fn, void *arg,
			int64_t *changed)
{
	struct rv_db_row row = { &rv_db_sqlite, s->stmt };
	int rc = SQLITE_OK;
	int err = RV_OK;

	assert(!sqlite3_stmt_busy(s->stmt)); /* not from inside its own row function */
	assert((int)n == sqlite3_bind_parameter_count(s->stmt));
	for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
		rc = bind_value(s->stmt, (int)i + 1, &params[i]);
	if (rc == SQLITE_OK)
		rc = SQLITE_ROW;
	while (rc == SQLITE_ROW && err == RV_OK) {
		rc = sqlite3_step(s->stmt);
		if (rc == SQLITE_ROW && fn != NULL)
			err = fn(&row, arg);
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = failed(c, s->name, rc);
	else if (changed != NULL && err == RV_OK)
		*changed = sqlite3_stmt_readonly(s->stmt) ? 0 : sqlite3_changes64(c->db);
	sqlite3_reset(s->stmt); /* what is bound is bound anew before it is looked at again */
	return err;
}

static int control(struct sqlite_conn *c, enum control what)
{
	return step_through(c, &c->control[what], NULL, 0, NULL, NULL, NULL);
}

static int sqlite_run(struct rv_db_conn *conn, void *handle, const struct rv_db_value *params,
		      size_t n, rv_db_row_fn fn, void *arg, int64_t *changed)
{
	struct sqlite_conn *c = of(conn);
	struct sqlite_stmt *s = handle;

	if (c->is_in_item && !c->has_savepoint && !sqlite3_stmt_readonly(s->stmt)) {
		int err = control(c, ITEM_BEGIN);

		if (err != RV_OK)
			return err;
		c->has_savepoint = true;
	}
	return step_through(c, s, params, n, fn, arg, changed);
}

static int sqlite_script(struct rv_db_conn *conn, const char *sql, struct rv_diag *diag)
{
	struct sqlite_conn *c = of(conn);
	int rc;

	if (c->is_dead)
		return rv_diag_set(diag, RV_EDB, "db.script", "", "an fsync has failed");
	rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return RV_OK;
	return rv_diag_set(diag, code_of(c, rc), "db.script", "", "%s", sqlite3_errmsg(c->db));
}

static const char *sqlite_stmt_text(const struct rv_db_stmt *stmt)
{
	return stmt->sqlite;
}

static const char *sqlite_migration_text(const struct rv_db_migration *migration)
{
	return migration->sqlite;
}

/* -- columns ------------------------------------------------------------------------------ */

static bool sqlite_col_is_null(const struct rv_db_row *row, unsigned col)
{
	return sqlite3_column_type(row->handle, (int)col) == SQLITE_NULL;
}

static int64_t sqlite_col_int(const struct rv_db_row *row, unsigned col)
{
	return sqlite3_column_int64(row->handle, (int)col);
}

static struct rv_str sqlite_col_str(const struct rv_db_row *row, unsigned col)
{
	/* Blobs too: without a change of encoding the bytes are the same. First the pointer, then
	 * the length. */
	const void *ptr = sqlite3_column_type(row->handle, (int)col) == SQLITE_BLOB
				  ? sqlite3_column_blob(row->handle, (int)col)
				  : sqlite3_column_text(row->handle, (int)col);

	if (ptr == NULL)
		return (struct rv_str){ 0 };
	return rv_strn(ptr, (size_t)sqlite3_column_bytes(row->handle, (int)col));
}

/* -- transactions ------------------------------------------------------------------------- */

/* A full disk or a failed read may have made SQLite roll back by itself. */
static int control_inside(struct sqlite_conn *c, enum control what)
{
	return sqlite3_get_autocommit(c->db) ? RV_EDB : control(c, what);
}

static void sqlite_rollback(struct rv_db_conn *conn)
{
	int err = control_inside(of(conn), ROLLBACK);

	(void)err; /* logged; the next BEGIN fails if it mattered */
}

static int sqlite_begin(struct rv_db_conn *conn)
{
	struct sqlite_conn *c = of(conn);

	return c->is_dead ? RV_EDB : control(c, BEGIN);
}

static int sqlite_commit(struct rv_db_conn *conn)
{
	int err = control_inside(of(conn), COMMIT);

	if (err != RV_OK)
		sqlite_rollback(conn);
	return err;
}

static int sqlite_item_begin(struct rv_db_conn *conn, int *status)
{
	struct sqlite_conn *c = of(conn);

	(void)status; /* nothing fails late */
	c->is_in_item = true;
	c->has_savepoint = false;
	return RV_OK;
}

static int item_end(struct sqlite_conn *c, bool is_kept)
{
	int err = RV_OK;

	c->is_in_item = false;
	if (!c->has_savepoint)
		return sqlite3_get_autocommit(c->db) ? RV_EDB : RV_OK;
	if (!is_kept)
		err = control_inside(c, ITEM_UNDO);
	return err == RV_OK ? control_inside(c, ITEM_KEEP) : err;
}

static int sqlite_item_keep(struct rv_db_conn *conn)
{
	return item_end(of(conn), true);
}

static int sqlite_item_undo(struct rv_db_conn *conn)
{
	return item_end(of(conn), false);
}

/* -- the write-ahead log ------------------------------------------------------------------ */

static int on_wal(void *arg, sqlite3 *db, const char *schema, int frames)
{
	struct sqlite_conn *c = arg;

	(void)db;
	(void)schema;
	if (c->is_virtual)
		atomic_store(&c->wal.frames, frames);
	else
		rv_wal_note(&c->wal, frames);
	return SQLITE_OK;
}

static void sqlite_tidy(struct rv_db_conn *conn)
{
	struct sqlite_conn *c = of(conn);
	int enough = c->is_virtual ? RV_WAL_VIRTUAL_FRAMES : RV_WAL_RESTART_FRAMES;
	int rc;

	if (atomic_load(&c->wal.frames) < enough || c->is_dead)
		return;
	rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	/* BUSY: the keeper is at it; again after the next commit. */
	if (rc == SQLITE_OK)
		on_wal(c, c->db, NULL, 0); /* the next commit writes from the start */
	else if ((rc & 0xff) != SQLITE_BUSY)
		failed(c, "checkpoint", rc);
}

static uint64_t sqlite_wal_bytes(struct rv_db_conn *conn)
{
	return (uint64_t)atomic_load(&of(conn)->wal.frames) * RV_WAL_FRAME_BYTES;
}

/* -- life --------------------------------------------------------------------------------- */

static void sqlite_close(struct rv_db_conn *conn)
{
	struct sqlite_conn *c = of(conn);
	int rc;

	rv_wal_stop(&c->wal);
	for (unsigned i = 0; i < CONTROLS; i++)
		sqlite3_finalize(c->control[i].stmt);
	rc = sqlite3_close(c->db); /* checkpoints what is left */
	assert(rc == SQLITE_OK);   /* not OK only when a statement was not finished */
	if (c->lock_fd >= 0)
		close(c->lock_fd);
	free(c);
}

static int make_private_file(const char *path)
{
	/* SQLite's own files beside it take over the mode of this one. */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return rv_err_from_errno();
	close(fd);
	return RV_OK;
}

/* The one pragma that answers is journal_mode: a file system without shared memory would leave the
 * store in another mode. */
static int require_wal(void *arg, int n, char **values, char **names)
{
	(void)arg;
	(void)names;
	return n == 1 && strcmp(values[0], "wal") == 0 ? 0 : 1;
}

/* RV_ECORRUPT: not a database; RV_EDB. */
static int configure(struct sqlite_conn *c)
{
	/* EXTRA: the step to WAL leaves a rollback journal behind, and deletes it. Were that not on
	 * the disk when the power goes, the journal would be there again, and be rolled back: the
	 * store would be as empty as it was then. */
	static const char pragmas[] = "PRAGMA synchronous = EXTRA;"
				      "PRAGMA journal_mode = WAL;"
				      "PRAGMA synchronous = FULL;"
				      "PRAGMA foreign_keys = ON;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA cache_size = -32768;"; /* KiB */
	int rc;

	sqlite3_extended_result_codes(c->db, 1);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	rc = sqlite3_exec(c->db, pragmas, require_wal, NULL, NULL);
	if (rc != SQLITE_OK)
		return rc == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT ? RV_ECORRUPT : RV_EDB;
	sqlite3_wal_autocheckpoint(c->db, 0); /* before the hook: it works through the same hook */
	sqlite3_wal_hook(c->db, on_wal, c);
	for (unsigned i = 0; i < CONTROLS; i++) {
		c->control[i].name = control_text[i];
		if (sqlite3_prepare_v3(c->db, control_text[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &c->control[i].stmt, NULL) != SQLITE_OK)
			return RV_EDB;
	}
	return RV_OK;
}

/* sha256(bytes), as PostgreSQL has it: for migrations that name things by their content. */
static void sql_sha256(sqlite3_context *context, int n, sqlite3_value **values)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	const void *bytes = sqlite3_value_blob(values[0]);

	(void)n;
	crypto_hash_sha256(sum, bytes != NULL ? bytes : (const void *)"",
			   (size_t)sqlite3_value_bytes(values[0]));
	sqlite3_result_blob(context, sum, sizeof(sum), SQLITE_TRANSIENT);
}

/* The lock, and a file to be opened. */
static int take_file(struct sqlite_conn *c, const char *path, struct rv_diag *diag)
{
	int err = rv_db_lock(path, &c->lock_fd, diag);

	if (err != RV_OK)
		return err;
	err = make_private_file(path);
	if (err == RV_OK)
		return RV_OK;
	return rv_diag_set(diag, err, "db.open", "url", "cannot open store %s: %s", path,
			   strerror(-err));
}

static int sqlite_open(const char *path, const struct rv_db_opt *opt, struct rv_db_conn **out,
		       struct rv_diag *diag)
{
	struct sqlite_conn *c;
	int err = RV_OK;

	if (rv_str_trim(opt->password).len > 0)
		return rv_diag_set(diag, RV_EINVALID, "db.url", "url",
				   "store %s is a file: there is no password for it", path);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	/* Statistics that nobody reads cost a lock per allocation. Refused when SQLite runs
	 * already. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	c->conn.driver = &rv_db_sqlite;
	c->lock_fd = -1;
	c->is_virtual = rv_virtual_here() != NULL;
	if (!c->is_virtual)
		err = take_file(c, path, diag);
	if (err != RV_OK)
		goto fail;
	err = RV_EDB;
	if (rv_db_sqlite_open(path, &c->db) == SQLITE_OK &&
	    sqlite3_create_function_v2(c->db, "sha256", 1,
				       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
				       sql_sha256, NULL, NULL, NULL) == SQLITE_OK)
		err = configure(c);
	if (err == RV_OK && !c->is_virtual)
		err = rv_wal_start(&c->wal, path);
	if (err != RV_OK) {
		rv_diag_set(diag, err, "db.open", "url", "cannot open store %s: %s", path,
			    sqlite3_errmsg(c->db));
		goto fail;
	}
	*out = &c->conn;
	return RV_OK;

fail:
	sqlite_close(&c->conn);
	return err;
}

const struct rv_db_driver rv_db_sqlite = {
	.scheme = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.migration_text = sqlite_migration_text,
	.stmt_text = sqlite_stmt_text,
	.script = sqlite_script,
	.prepare = sqlite_prepare,
	.finish = sqlite_finish,
	.run = sqlite_run,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.item_begin = sqlite_item_begin,
	.item_keep = sqlite_item_keep,
	.item_undo = sqlite_item_undo,
	.tidy = sqlite_tidy,
	.wal_bytes = sqlite_wal_bytes,
	.col_is_null = sqlite_col_is_null,
	.col_int = sqlite_col_int,
	.col_str = sqlite_col_str,
};
