/* The PostgreSQL driver: statements, items, groups (pg.h tells how they travel). */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rand.h"
#include "base/time.h"
#include "db/pg.h"
#include "db/text.h"
#include "log/log.h"

enum { DOUBT_TRY_US = 50000 };

static const char *const control_text[RV_PG_CONTROLS] = {
	[RV_PG_BEGIN] = "BEGIN",
	[RV_PG_COMMIT] = "COMMIT",
	[RV_PG_ROLLBACK] = "ROLLBACK",
	[RV_PG_ITEM_BEGIN] = "SAVEPOINT item",
	[RV_PG_ITEM_KEEP] = "RELEASE item",
	[RV_PG_ITEM_UNDO] = "ROLLBACK TO item",
	[RV_PG_NUMBER] = "UPDATE reeve_commit SET number = $1 WHERE id = 1",
};

static struct rv_pg *of(struct rv_db_conn *conn)
{
	return RV_CONTAINER_OF(conn, struct rv_pg, conn);
}

static int send_control(struct rv_pg *c, enum rv_pg_control what)
{
	return rv_pg_send(c, c->control[what], NULL, 0);
}

/* -- statements --------------------------------------------------------------------------- */

static void free_stmt(struct rv_pg_stmt *s)
{
	rv_list_del(&s->link);
	free(s->sql);
	free(s);
}

static int pg_prepare(struct rv_db_conn *conn, const char *name, const char *sql, void **out,
		      struct rv_diag *diag)
{
	struct rv_pg *c = of(conn);
	struct rv_pg_stmt *s = calloc(1, sizeof(*s));
	struct rv_buf text = { 0 };
	int err;

	if (s == NULL)
		return -ENOMEM;
	rv_list_init(&s->link);
	s->name = name;
	snprintf(s->id, sizeof(s->id), "s%u", c->next_id++);
	rv_db_text_to_postgresql(sql, &text);
	rv_buf_putc(&text, '\0');
	s->sql = text.ptr;
	s->is_read = strncmp(sql, "SELECT", strlen("SELECT")) == 0;
	err = text.err;
	if (err == RV_OK && c->pg == NULL)
		err = RV_EDB;
	if (err == RV_OK)
		err = rv_pg_read(c, NULL);
	if (err == RV_OK)
		err = rv_pg_prepare(c, s, diag);
	if (err != RV_OK) {
		free_stmt(s);
		return err;
	}
	rv_list_add_tail(&c->prepared, &s->link);
	*out = s;
	return RV_OK;
}

static void pg_finish(struct rv_db_conn *conn, void *handle)
{
	(void)conn;
	if (handle != NULL)
		free_stmt(handle);
}

/* The item's savepoint, before its first statement that could cost somebody something: its own
 * first change, or a read that fails where the group has changed something already. */
static int before_statement(struct rv_pg *c, const struct rv_pg_stmt *s)
{
	int err = RV_OK;

	if (!s->is_read)
		c->is_writing = true;
	if (c->is_writing && c->item != NULL && !c->has_savepoint) {
		err = send_control(c, RV_PG_ITEM_BEGIN);
		c->has_savepoint = err == RV_OK;
	}
	return err;
}

/* Send and wait; again when an earlier item turned out to have failed. */
static int send_and_read(struct rv_pg *c, const struct rv_pg_stmt *s,
			 const struct rv_db_value *params, size_t n, PGresult **out)
{
	int err;

	do {
		err = before_statement(c, s);
		if (err == RV_OK)
			err = rv_pg_send(c, s, params, n);
		if (err == RV_OK)
			err = rv_pg_read(c, out);
	} while (err == RV_EBUSY);
	return err;
}

static int pg_run(struct rv_db_conn *conn, void *handle, const struct rv_db_value *params, size_t n,
		  rv_db_row_fn fn, void *arg, int64_t *changed)
{
	const struct rv_pg_stmt *s = handle;
	PGresult *result = NULL;
	struct rv_pg_row row = { 0 };
	struct rv_db_row r = { &rv_db_postgresql, &row };
	int err = send_and_read(of(conn), s, params, n, &result);

	if (err != RV_OK)
		return err;
	row.result = result;
	for (int count = PQntuples(result); row.row < count && fn != NULL && err == RV_OK;
	     row.row++)
		err = fn(&r, arg);
	if (changed != NULL && err == RV_OK)
		*changed = s->is_read ? 0 : strtoll(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return err;
}

static int pg_put(struct rv_db_conn *conn, void *handle, const struct rv_db_value *params, size_t n)
{
	struct rv_pg *c = of(conn);
	int err = RV_OK;

	if (c->sent_count > RV_PG_SENT_MAX - 8 || c->put_bytes.len > RV_PG_PUT_BYTES_MAX)
		err = rv_pg_read(c, NULL);
	if (err == RV_OK)
		err = before_statement(c, handle);
	if (err == RV_OK)
		err = rv_pg_put(c, handle, params, n);
	return err;
}

static int pg_script(struct rv_db_conn *conn, const char *sql, struct rv_diag *diag)
{
	struct rv_pg *c = of(conn);
	int err = rv_pg_leave(c);

	if (err != RV_OK)
		return rv_diag_set(diag, err, "db.script", "", "the connection was lost");
	err = rv_pg_script(c, sql, diag);
	if (c->pg != NULL && rv_pg_enter(c) != RV_OK)
		return RV_EDB;
	return err;
}

static const char *pg_stmt_text(const struct rv_db_stmt *stmt)
{
	return stmt->postgresql != NULL ? stmt->postgresql : stmt->sqlite;
}

static const char *pg_migration_text(const struct rv_db_migration *migration)
{
	return migration->postgresql;
}

/* -- groups ------------------------------------------------------------------------------- */

static int pg_begin(struct rv_db_conn *conn)
{
	struct rv_pg *c = of(conn);

	c->is_aborted = false;
	c->is_writing = false;
	c->is_lost = c->pg == NULL;
	c->item = NULL;
	return c->is_lost ? RV_EDB : send_control(c, RV_PG_BEGIN);
}

/* The answer to a COMMIT was lost: ask the store, as soon as it can be asked. */
static int ask_what_became(struct rv_pg *c)
{
	int64_t number = c->number;
	int64_t end_us = rv_time_boot_us() + (int64_t)RV_PG_DOUBT_MS * 1000;
	int err = RV_EDB;

	while (!rv_pg_return(c) && !c->is_foreign && rv_time_boot_us() < end_us)
		usleep(DOUBT_TRY_US);
	if (c->pg == NULL)
		rv_log(RV_LOG_ERROR, "db.group.unknown", RV_KS("store", c->schema),
		       RV_KI("number", number + 1));
	else if (c->number == number + 1)
		err = RV_OK;
	return err;
}

static int try_commit(struct rv_pg *c, PGresult **out)
{
	struct rv_db_value number = RV_DB_I(c->number + 1);
	int err = RV_OK;

	c->item = NULL;
	if (c->is_writing)
		err = rv_pg_send(c, c->control[RV_PG_NUMBER], &number, 1);
	if (err == RV_OK)
		err = send_control(c, RV_PG_COMMIT);
	if (err != RV_OK)
		return err;
	c->is_ending = true;
	err = rv_pg_read(c, out);
	c->is_ending = false;
	return err;
}

static void pg_rollback(struct rv_db_conn *conn)
{
	struct rv_pg *c = of(conn);
	int err = c->pg != NULL && !c->is_lost ? RV_OK : RV_EDB;

	c->item = NULL;
	if (err == RV_OK && c->sent_count > 0 && !c->is_aborted)
		err = rv_pg_read(c, NULL);
	c->is_aborted = false;
	if (c->pg != NULL && !c->is_lost && send_control(c, RV_PG_ROLLBACK) == RV_OK &&
	    rv_pg_read(c, NULL) != RV_OK)
		rv_pg_lose(c, "cannot roll back"); /* with the connection the transaction goes */
}

static int pg_commit(struct rv_db_conn *conn)
{
	struct rv_pg *c = of(conn);
	PGresult *result = NULL;
	int err;

	do
		err = try_commit(c, &result);
	while (err == RV_EBUSY);
	if (err == RV_OK && strcmp(PQcmdStatus(result), "COMMIT") != 0)
		err = RV_EDB; /* it was a ROLLBACK */
	PQclear(result);
	if (err == RV_OK) {
		c->number += c->is_writing;
		return RV_OK;
	}
	if (c->pg == NULL && c->is_writing && !c->is_foreign)
		return ask_what_became(c);
	pg_rollback(conn);
	return RV_EDB;
}

/* -- items -------------------------------------------------------------------------------- */

static int pg_item_begin(struct rv_db_conn *conn, int *status)
{
	struct rv_pg *c = of(conn);

	c->item = status;
	c->has_savepoint = false;
	return c->is_lost ? RV_EDB : RV_OK;
}

static int pg_item_keep(struct rv_db_conn *conn)
{
	struct rv_pg *c = of(conn);
	int err = c->is_lost || c->is_aborted ? RV_EDB : RV_OK;

	if (err == RV_OK && c->has_savepoint)
		err = send_control(c, RV_PG_ITEM_KEEP);
	c->item = NULL;
	if (err == RV_OK && c->sent_count > RV_PG_SENT_MAX - 8)
		err = rv_pg_read(c, NULL);
	return err;
}

/* A read failed in a group that has changed nothing: nothing is lost with its transaction. */
static int begin_again(struct rv_pg *c)
{
	int err;

	assert(!c->is_writing);
	c->item = NULL;
	c->is_aborted = false;
	err = send_control(c, RV_PG_ROLLBACK);
	return err == RV_OK ? send_control(c, RV_PG_BEGIN) : err;
}

static int pg_item_undo(struct rv_db_conn *conn)
{
	struct rv_pg *c = of(conn);
	int err = RV_OK;

	if (c->is_lost)
		return RV_EDB;
	if (c->is_aborted && !c->has_savepoint)
		return begin_again(c);
	/* What it put is known by now, or it would be put again after a failure of another's. */
	if (!c->is_aborted && c->put_count > 0)
		err = rv_pg_read(c, NULL);
	if (c->is_lost)
		return RV_EDB;
	c->item = NULL;
	c->is_aborted = false;
	err = RV_OK; /* the item's own failure, if any, is settled */
	if (c->has_savepoint) {
		err = send_control(c, RV_PG_ITEM_UNDO);
		if (err == RV_OK)
			err = send_control(c, RV_PG_ITEM_KEEP);
	}
	return err;
}

/* -- life --------------------------------------------------------------------------------- */

/* A connection that ended while nobody used it is noticed without a word to the server. */
static bool pg_tend(struct rv_db_conn *conn)
{
	struct rv_pg *c = of(conn);
	struct pollfd p;

	if (c->pg == NULL)
		return rv_pg_return(c);
	if (rv_time_boot_us() - c->used_us < RV_PG_IDLE_US)
		return true;
	p = (struct pollfd){ .fd = PQsocket(c->pg), .events = POLLIN };
	if (poll(&p, 1, 0) == 1 &&
	    (PQconsumeInput(c->pg) == 0 || PQstatus(c->pg) == CONNECTION_BAD))
		rv_pg_lose(c, PQerrorMessage(c->pg));
	return c->pg != NULL || rv_pg_return(c);
}

static void pg_close(struct rv_db_conn *conn)
{
	struct rv_pg *c = of(conn);

	for (unsigned i = 0; i < RV_PG_CONTROLS; i++)
		pg_finish(conn, c->control[i]);
	PQfinish(c->pg);
	if (c->password != NULL)
		explicit_bzero(c->password, strlen(c->password));
	free(c->password);
	free(c->puts);
	rv_buf_deinit(&c->put_bytes);
	if (c->conninfo != NULL)
		explicit_bzero(c->conninfo, strlen(c->conninfo));
	free(c->conninfo);
	free(c);
}

/* "//user@host/db" or "host=... dbname=...". */
static int read_url(struct rv_pg *c, const char *rest, struct rv_diag *diag)
{
	bool is_uri = strncmp(rest, "//", 2) == 0;

	if (!is_uri && strchr(rest, '=') == NULL)
		return rv_diag_set(diag, RV_EINVALID, "db.url", "url",
				   "a PostgreSQL store is postgresql://user@host/database or "
				   "postgresql:host=... dbname=...");
	if (asprintf(&c->conninfo, "%s%s", is_uri ? "postgresql:" : "", rest) < 0) {
		c->conninfo = NULL;
		return -ENOMEM;
	}
	return rv_pg_check_conninfo(c, diag);
}

static int read_password(struct rv_pg *c, struct rv_str password, struct rv_diag *diag)
{
	password = rv_str_trim(password);
	if (password.len == 0)
		return RV_OK;
	if (rv_str_find(password, '\0') < password.len ||
	    rv_str_find(password, '\n') < password.len)
		return rv_diag_set(diag, RV_EINVALID, "db.password", "url",
				   "the password of the store must be one line of text");
	c->password = strndup(password.ptr, password.len);
	return c->password != NULL ? RV_OK : -ENOMEM;
}

static int pg_open(const char *rest, const struct rv_db_opt *opt, struct rv_db_conn **out,
		   struct rv_diag *diag)
{
	struct rv_pg *c = calloc(1, sizeof(*c));
	const char *name = opt->name;
	int err;

	if (c == NULL)
		return -ENOMEM;
	c->conn.driver = &rv_db_postgresql;
	c->put_bytes.wipe = true;
	rv_list_init(&c->prepared);
	snprintf(c->schema, sizeof(c->schema), "reeve%s%s", name != NULL ? "_" : "",
		 name != NULL ? name : "");
	snprintf(c->application, sizeof(c->application), "%.20s, process %ld, %06llx", c->schema,
		 (long)getpid(), (unsigned long long)rv_time_boot_us() & 0xffffff);
	c->puts = calloc(RV_PG_SENT_MAX, sizeof(*c->puts));
	err = c->puts == NULL ? -ENOMEM : read_url(c, rest, diag);
	if (err == RV_OK)
		err = read_password(c, opt->password, diag);
	if (err == RV_OK)
		err = rv_pg_connect(c, diag);
	for (unsigned i = 0; i < RV_PG_CONTROLS && err == RV_OK; i++) {
		void *handle = NULL;

		err = pg_prepare(&c->conn, control_text[i], control_text[i], &handle, diag);
		c->control[i] = handle;
	}
	if (err != RV_OK) {
		pg_close(&c->conn);
		return err;
	}
	*out = &c->conn;
	return RV_OK;
}

static uint64_t pg_wal_bytes(struct rv_db_conn *conn)
{
	(void)conn;
	return 0; /* the server's own affair */
}

const struct rv_db_driver rv_db_postgresql = {
	.scheme = "postgresql",
	.open = pg_open,
	.close = pg_close,
	.migration_text = pg_migration_text,
	.stmt_text = pg_stmt_text,
	.script = pg_script,
	.prepare = pg_prepare,
	.finish = pg_finish,
	.run = pg_run,
	.put = pg_put,
	.begin = pg_begin,
	.commit = pg_commit,
	.rollback = pg_rollback,
	.item_begin = pg_item_begin,
	.item_keep = pg_item_keep,
	.item_undo = pg_item_undo,
	.tend = pg_tend,
	.wal_bytes = pg_wal_bytes,
	.col_is_null = rv_pg_col_is_null,
	.col_int = rv_pg_col_int,
	.col_str = rv_pg_col_str,
};
