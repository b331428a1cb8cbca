/* pg.h - the PostgreSQL driver's parts. Private to lib/db.
 *
 *   postgresql.c    the driver: statements, items, groups
 *   pg_session.c    a connection that owns the store: settings, store lock, loss and return
 *   pg_pipeline.c   statements sent without waiting, and what became of them
 *   pg_value.c      parameters and columns, in binary
 *
 * What travels for a group of items that only put (rv_db_put):
 *
 *   -> BEGIN  SAVEPOINT item  INSERT  UPDATE  RELEASE item  SAVEPOINT item  INSERT ... RELEASE item
 *      UPDATE reeve_commit  COMMIT  Sync
 *   <- all their results
 *
 * so a group costs one round trip, and each rv_db_query or rv_db_exec one more. When a statement
 * fails, the server skips everything up to a Sync. The item it belongs to is then rolled back to
 * its savepoint, and what was put by the items behind it is sent again from `puts`: nobody has seen
 * a result of theirs yet, so they do the same as before.
 *
 * reeve_commit holds the number of the last group. When the answer to a COMMIT is lost, the next
 * connection reads there what became of it; it looks after it has the store lock, that is when the
 * old session is over. Everything is on the writer thread, but for rv_db_open and rv_db_close.
 */
#ifndef RV_DB_PG_H
#define RV_DB_PG_H

#include <libpq-fe.h>

#include "base/buf.h"
#include "db/db_priv.h"

enum {
	RV_PG_ANSWER_MS = 45000,    /* a server silent for longer is gone; above its own timeouts */
	RV_PG_LOCK_WAIT_MS = 3000,  /* for the session of a process that has just died */
	RV_PG_BACKOFF_MIN_MS = 100, /* between attempts to come back */
	RV_PG_BACKOFF_MAX_MS = 5000,
	RV_PG_DOUBT_MS = 60000, /* how long to ask what became of a commit */
	RV_PG_IDLE_US = 500000, /* after that much silence, a look at the socket before a group */
	RV_PG_SENT_MAX = 1024,  /* statements without a result yet */
	RV_PG_PUT_BYTES_MAX = 1 << 20,
	RV_PG_VERSION_MIN = 120000,
	RV_PG_ID_MAX = 16,
	RV_PG_NAME_MAX = 64,
	RV_PG_COLUMNS_MAX = 64,
};

struct rv_pg_stmt {
	struct rv_list link;   /* of rv_pg.prepared */
	char id[RV_PG_ID_MAX]; /* its name on the server */
	const char *name;
	char *sql;
	bool is_read; /* SELECT: changes nothing */
	unsigned param_count;
	Oid params[RV_DB_PARAMS_MAX]; /* 0: the server has its choice */
};

struct rv_pg_sent {
	const struct rv_pg_stmt *stmt;
	int *status; /* of the item it belongs to; NULL: of none */
};

/* A statement sent without waiting; its parameters stand in put_bytes. */
struct rv_pg_put {
	const struct rv_pg_stmt *stmt;
	int *status;
	unsigned n;
	struct rv_db_value values[RV_DB_PARAMS_MAX]; /* .s.ptr: an offset into put_bytes */
	size_t at[RV_DB_PARAMS_MAX];
};

enum rv_pg_control {
	RV_PG_BEGIN,
	RV_PG_COMMIT,
	RV_PG_ROLLBACK,
	RV_PG_ITEM_BEGIN,
	RV_PG_ITEM_KEEP,
	RV_PG_ITEM_UNDO,
	RV_PG_NUMBER,
	RV_PG_CONTROLS
};

struct rv_pg {
	struct rv_db_conn conn;
	char *conninfo; /* holds a password perhaps: never in a log */
	char *password; /* in place of that; NULL: none */
	char schema[RV_PG_NAME_MAX];
	char application[RV_PG_NAME_MAX]; /* names this process for whoever finds the store taken */
	PGconn *pg;                       /* NULL: away */
	struct rv_list prepared;
	unsigned next_id;
	struct rv_pg_stmt *control[RV_PG_CONTROLS];

	/* the group */
	struct rv_pg_sent sent[RV_PG_SENT_MAX];
	unsigned sent_count;
	struct rv_pg_put *puts; /* RV_PG_SENT_MAX */
	unsigned put_count;
	struct rv_buf put_bytes;
	int *item; /* status of the item that runs; NULL: none */
	bool has_savepoint;
	bool is_aborted; /* the server wants a rollback */
	bool is_writing; /* the group has changed something */
	bool is_lost;    /* the group's connection is gone */
	bool is_ending;  /* what is read now ends with a Sync */
	int64_t number;  /* of the last group that is known to be durable */
	int64_t used_us; /* of the connection, at last */

	/* away */
	int64_t away_us; /* since when; 0: here */
	int64_t try_us;  /* not before */
	int64_t backoff_ms;
	bool is_foreign; /* somebody else has written to the store: never come back */
};

/* -- pg_session.c -------------------------------------------------------------------------- */

/* Connect, take the store lock, prepare everything in `prepared`. As rv_db_open. */
int rv_pg_connect(struct rv_pg *c, struct rv_diag *diag) RV_MUSTCHECK;
/* The connection is useless: closed, and logged once. Returns RV_EDB. */
int rv_pg_lose(struct rv_pg *c, const char *why);
/* One attempt to come back, when it is due. True: here. */
bool rv_pg_return(struct rv_pg *c);
/* One statement outside the pipeline; the caller clears it. NULL: failed, diag tells. */
PGresult *rv_pg_ask(struct rv_pg *c, const char *sql, int n, const char *const *params,
		    struct rv_diag *diag);
/* Several statements without parameters, outside the pipeline. */
int rv_pg_script(struct rv_pg *c, const char *sql, struct rv_diag *diag);
int rv_pg_enter(struct rv_pg *c) RV_MUSTCHECK; /* into the pipeline */
/* Whether libpq understands conninfo, told without the words of one that holds a password.
 * RV_EINVALID. */
int rv_pg_check_conninfo(const struct rv_pg *c, struct rv_diag *diag) RV_MUSTCHECK;

/* -- pg_pipeline.c ------------------------------------------------------------------------- */

/* Wait for the next result; NULL between two statements. *err is RV_EDB when the connection was
 * lost. */
PGresult *rv_pg_result(struct rv_pg *c, int *err);
/* The code for a failed result; logged unless it is RV_EEXISTS. */
int rv_pg_code(const PGresult *result, const char *name);
/* Prepare on the server, and learn the types. A parameter that it takes for a smaller integer
 * (compared with a constant) is declared as one of 64 bits. */
int rv_pg_prepare(struct rv_pg *c, struct rv_pg_stmt *stmt, struct rv_diag *diag) RV_MUSTCHECK;
/* Send; the result is read later. */
int rv_pg_send(struct rv_pg *c, const struct rv_pg_stmt *stmt, const struct rv_db_value *values,
	       size_t n) RV_MUSTCHECK;
int rv_pg_put(struct rv_pg *c, const struct rv_pg_stmt *stmt, const struct rv_db_value *values,
	      size_t n) RV_MUSTCHECK;
/* Read what was sent. *last gets the result of the last one sent, owned by the caller; NULL: not
 * wanted. Items that failed have their status set and are undone. RV_EDB: the group is lost.
 * RV_EBUSY: the last one was skipped because an earlier item failed: send it again. Else what the
 * running item, or the last statement, failed with. */
int rv_pg_read(struct rv_pg *c, PGresult **last) RV_MUSTCHECK;
int rv_pg_leave(struct rv_pg *c) RV_MUSTCHECK; /* reads first; out of the pipeline */

/* -- pg_value.c ---------------------------------------------------------------------------- */

struct rv_pg_row {
	const PGresult *result;
	int row;
	char text[RV_PG_COLUMNS_MAX][24]; /* integers read as text */
};

struct rv_pg_args {
	const char *ptrs[RV_DB_PARAMS_MAX];
	int lens[RV_DB_PARAMS_MAX];
	int formats[RV_DB_PARAMS_MAX];
	char ints[RV_DB_PARAMS_MAX][8];
};

/* RV_EINVALID: a value is of another type than the parameter. Lends the values' bytes. */
int rv_pg_args(const struct rv_pg_stmt *stmt, const struct rv_db_value *values, size_t n,
	       struct rv_pg_args *out) RV_MUSTCHECK;
bool rv_pg_is_param_type(Oid type);
bool rv_pg_is_small_int(Oid type);
Oid rv_pg_int_type(void);
bool rv_pg_is_column_type(Oid type);
bool rv_pg_col_is_null(const struct rv_db_row *row, unsigned col);
int64_t rv_pg_col_int(const struct rv_db_row *row, unsigned col);
struct rv_str rv_pg_col_str(const struct rv_db_row *row, unsigned col);

#endif
