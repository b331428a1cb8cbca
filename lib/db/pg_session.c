/* A connection that owns the store. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hide.h"
#include "base/siphash.h"
#include "base/time.h"
#include "db/pg.h"
#include "log/log.h"

enum { LOCK_TRY_MS = 100, KEY_TEXT_MAX = 24 };

/* Names and where they apply: what the URL says comes between the two lists. */
static const char *const before_url[][2] = {
	{ "connect_timeout", "15" }, /* a busy server forks late */
	{ "keepalives_idle", "10" },
	{ "keepalives_interval", "5" },
	{ "keepalives_count", "3" },
	{ "tcp_user_timeout", "30000" },
	{ "target_session_attrs", "read-write" },
};

/* -- outside the pipeline ----------------------------------------------------------------- */

static const char *first_line(const char *text, char out[static RV_DIAG_TEXT_MAX])
{
	snprintf(out, RV_DIAG_TEXT_MAX, "%s", text);
	out[strcspn(out, "\n")] = '\0';
	return out;
}

static int refuse(struct rv_diag *diag, int err, const PGresult *result, const PGconn *pg)
{
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	char line[RV_DIAG_TEXT_MAX];

	return rv_diag_set(diag, err, "db.open", "url", "PostgreSQL: %s",
			   first_line(text != NULL ? text : PQerrorMessage(pg), line));
}

/* The last result of what was sent; NULL: failed, diag tells. */
static PGresult *answer(struct rv_pg *c, struct rv_diag *diag)
{
	PGresult *last = NULL;
	bool is_bad = false;

	for (;;) {
		int err;
		PGresult *result = rv_pg_result(c, &err);

		if (err != RV_OK) {
			rv_diag_set(diag, err, "db.open", "url",
				    "PostgreSQL: the connection was lost");
			PQclear(last);
			return NULL;
		}
		if (result == NULL)
			break;
		PQclear(last);
		last = result;
		if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
			refuse(diag, RV_EDB, result, c->pg);
			is_bad = true;
		}
	}
	if (!is_bad)
		return last;
	PQclear(last);
	return NULL;
}

PGresult *rv_pg_ask(struct rv_pg *c, const char *sql, int n, const char *const *params,
		    struct rv_diag *diag)
{
	if (PQsendQueryParams(c->pg, sql, n, NULL, params, NULL, NULL, 0) == 0) {
		refuse(diag, RV_EDB, NULL, c->pg);
		return NULL;
	}
	return answer(c, diag);
}

static int ask_nothing(struct rv_pg *c, const char *sql, struct rv_diag *diag)
{
	PGresult *result = rv_pg_ask(c, sql, 0, NULL, diag);

	PQclear(result);
	return result != NULL ? RV_OK : RV_EDB;
}

int rv_pg_enter(struct rv_pg *c)
{
	return c->pg != NULL && PQenterPipelineMode(c->pg) != 0 ? RV_OK : RV_EDB;
}

int rv_pg_script(struct rv_pg *c, const char *sql, struct rv_diag *diag)
{
	PGresult *result;

	if (PQsendQuery(c->pg, sql) == 0)
		return refuse(diag, RV_EDB, NULL, c->pg);
	result = answer(c, diag);
	PQclear(result);
	return result != NULL ? RV_OK : RV_EDB;
}

/* -- settings ----------------------------------------------------------------------------- */

static int check_server(struct rv_pg *c, struct rv_diag *diag)
{
	static const char sql[] =
		"SELECT set_config('search_path', quote_ident($1), false),"
		" set_config('standard_conforming_strings', 'on', false),"
		" set_config('statement_timeout', '30s', false),"
		" set_config('lock_timeout', '10s', false),"
		" set_config('jit', 'off', false),"
		" set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
		" WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),"
		" current_setting('fsync'), current_setting('server_encoding'),"
		" (SELECT datcollate FROM pg_database WHERE datname = current_database())";
	const char *params[] = { c->schema };
	PGresult *result;
	int err = RV_OK;

	if (PQserverVersion(c->pg) < RV_PG_VERSION_MIN)
		return rv_diag_set(diag, RV_EUNSUPPORTED, "db.open", "url",
				   "PostgreSQL %d is too old: %d or newer is needed",
				   PQserverVersion(c->pg) / 10000, RV_PG_VERSION_MIN / 10000);
	result = rv_pg_ask(c, sql, 1, params, diag);
	if (result == NULL)
		return RV_EDB;
	if (strcmp(PQgetvalue(result, 0, 6), "on") != 0)
		err = rv_diag_set(
			diag, RV_EUNSUPPORTED, "db.open", "url",
			"PostgreSQL runs with fsync=off: what it acknowledges may be lost");
	else if (strcmp(PQgetvalue(result, 0, 7), "UTF8") != 0)
		err = rv_diag_set(diag, RV_EUNSUPPORTED, "db.open", "url",
				  "the database is encoded in %s: it must be UTF8",
				  PQgetvalue(result, 0, 7));
	else if (strcmp(PQgetvalue(result, 0, 8), "C") != 0 &&
		 strcmp(PQgetvalue(result, 0, 8), "POSIX") != 0)
		err = rv_diag_set(diag, RV_EUNSUPPORTED, "db.open", "url",
				  "the database sorts text by %s: make it with CREATE DATABASE ... "
				  "TEMPLATE template0 LOCALE 'C'",
				  PQgetvalue(result, 0, 8));
	PQclear(result);
	return err;
}

/* -- the store lock ----------------------------------------------------------------------- */

/* Of the database, not of the server: two databases do not meet. */
static void lock_key(const struct rv_pg *c, char out[static KEY_TEXT_MAX])
{
	snprintf(out, KEY_TEXT_MAX, "%lld", (long long)rv_siphash(0, 0, rv_str(c->schema)));
}

/* Our own old session may outlive its connection: it is ended, and known by its name. */
static int end_old_session(struct rv_pg *c)
{
	static const char sql[] = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
				  " WHERE application_name = $1 AND pid <> pg_backend_pid()"
				  " AND datname = current_database()";
	const char *params[] = { c->application };
	PGresult *result = rv_pg_ask(c, sql, 1, params, NULL);

	PQclear(result);
	return result != NULL ? RV_OK : RV_EDB;
}

static int name_owner(struct rv_pg *c, const char *key, struct rv_diag *diag)
{
	static const char sql[] =
		"SELECT a.application_name, a.pid, coalesce(host(a.client_addr), 'this host')"
		" FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
		" WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
		" AND (l.classid::bigint << 32 | l.objid::bigint) = $1::bigint"
		" AND a.datname = current_database()";
	const char *params[] = { key };
	PGresult *result = rv_pg_ask(c, sql, 1, params, diag);
	bool is_known = result != NULL && PQntuples(result) == 1;

	rv_diag_set(diag, RV_EBUSY, "db.locked", "url",
		    "store %s of database %s is in use by %s (from %s, server process %s)",
		    c->schema, PQdb(c->pg), is_known ? PQgetvalue(result, 0, 0) : "another process",
		    is_known ? PQgetvalue(result, 0, 2) : "an unknown host",
		    is_known ? PQgetvalue(result, 0, 1) : "unknown");
	PQclear(result);
	return RV_EBUSY;
}

static int take_lock(struct rv_pg *c, struct rv_diag *diag)
{
	char key[KEY_TEXT_MAX];
	const char *params[] = { key };

	lock_key(c, key);
	for (int waited_ms = 0;; waited_ms += LOCK_TRY_MS) {
		PGresult *result = rv_pg_ask(c, "SELECT pg_try_advisory_lock($1::bigint)::int", 1,
					     params, diag);
		bool is_ours = result != NULL && PQgetvalue(result, 0, 0)[0] == '1';

		PQclear(result);
		if (result == NULL)
			return RV_EDB;
		if (is_ours)
			return RV_OK;
		if (c->away_us != 0 && end_old_session(c) != RV_OK)
			return RV_EDB;
		if (waited_ms >= RV_PG_LOCK_WAIT_MS)
			return name_owner(c, key, diag);
		usleep(LOCK_TRY_MS * 1000);
	}
}

/* -- the store ---------------------------------------------------------------------------- */

/* The schema, and the row that tells which group was the last. */
static int make_store(struct rv_pg *c, struct rv_diag *diag)
{
	static const char table[] = "CREATE TABLE IF NOT EXISTS reeve_commit (id BIGINT PRIMARY "
				    "KEY, number BIGINT NOT NULL)";
	static const char row[] =
		"INSERT INTO reeve_commit (id, number) VALUES (1, 0) ON CONFLICT (id) DO NOTHING";
	const char *params[] = { c->schema };
	char create[2 * RV_PG_NAME_MAX + 32];
	PGresult *result = rv_pg_ask(c, "SELECT 1 FROM pg_namespace WHERE nspname = $1", 1, params,
				     diag);
	bool is_there = result != NULL && PQntuples(result) == 1;
	char *quoted;

	PQclear(result);
	if (result == NULL)
		return RV_EDB;
	if (!is_there) {
		quoted = PQescapeIdentifier(c->pg, c->schema, strlen(c->schema));
		if (quoted == NULL)
			return -ENOMEM;
		snprintf(create, sizeof(create), "CREATE SCHEMA %s", quoted);
		PQfreemem(quoted);
		if (ask_nothing(c, create, diag) != RV_OK)
			return RV_EDB;
	}
	if (ask_nothing(c, "SET client_min_messages = warning", diag) != RV_OK ||
	    ask_nothing(c, table, diag) != RV_OK)
		return RV_EDB;
	return ask_nothing(c, row, diag);
}

/* *number: of the last group in the store. */
static int read_number(struct rv_pg *c, int64_t *number, struct rv_diag *diag)
{
	PGresult *result = rv_pg_ask(c, "SELECT number FROM reeve_commit WHERE id = 1", 0, NULL,
				     diag);
	int err = RV_EDB;

	if (result != NULL && PQntuples(result) == 1) {
		*number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
		err = RV_OK;
	}
	PQclear(result);
	return err;
}

/* Whether the store is as this process left it: with the last group, or with the one that was under
 * way. */
static int check_number(struct rv_pg *c, int64_t number, struct rv_diag *diag)
{
	if (c->away_us == 0 || number == c->number || number == c->number + 1) {
		c->number = number;
		return RV_OK;
	}
	c->is_foreign = true;
	return rv_diag_set(
		diag, RV_ECORRUPT, "db.open", "url",
		"store %s was at group %lld and is at %lld: another process wrote to it, "
		"or it was put back; start again",
		c->schema, (long long)c->number, (long long)number);
}

/* -- connecting --------------------------------------------------------------------------- */

static void quiet(void *arg, const char *message)
{
	char line[RV_DIAG_TEXT_MAX];

	(void)arg;
	rv_log(RV_LOG_DEBUG, "db.server.noted", RV_KS("text", first_line(message, line)));
}

static bool holds_password(const char *conninfo)
{
	struct rv_buf shown = { .wipe = true };
	bool holds = rv_hide_password(rv_str(conninfo), &shown);

	rv_buf_deinit(&shown);
	return holds;
}

/* A password that was not quoted as it must be ends up in the host, say. */
static bool is_torn(const PQconninfoOption *options)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, "host") == 0 && options->val != NULL)
			return strchr(options->val, '@') != NULL;
	return false;
}

int rv_pg_check_conninfo(const struct rv_pg *c, struct rv_diag *diag)
{
	char *error = NULL;
	char line[RV_DIAG_TEXT_MAX];
	PQconninfoOption *options = PQconninfoParse(c->conninfo, &error);
	bool is_secret = holds_password(c->conninfo);
	int err = RV_OK;

	if ((options == NULL || is_torn(options)) && is_secret)
		err = rv_diag_set(
			diag, RV_EINVALID, "db.url", "url",
			"PostgreSQL does not understand the URL; its words are not shown, "
			"as a password is among them (a password file keeps it out; in a "
			"URL of the form // the characters @ / : ? %% # are written %%40 "
			"...)");
	else if (options == NULL)
		err = rv_diag_set(diag, RV_EINVALID, "db.url", "url", "PostgreSQL: %s",
				  first_line(error != NULL ? error : "out of memory", line));
	PQconninfoFree(options);
	PQfreemem(error);
	return err;
}

/* libpq's words, and what to do about them where it does not know. */
static int refuse_dial(struct rv_pg *c, struct rv_diag *diag)
{
	char line[RV_DIAG_TEXT_MAX];

	first_line(PQerrorMessage(c->pg), line);
	if (PQconnectionNeedsPassword(c->pg) && c->password == NULL)
		return rv_diag_set(diag, RV_EDB, "db.password", "url",
				   "PostgreSQL: %.200s; store_password_file names a file with it",
				   line);
	if (c->password != NULL && PQconnectionUsedPassword(c->pg))
		return rv_diag_set(
			diag, RV_EDB, "db.password", "url",
			"PostgreSQL: %.200s; the password is that of store_password_file", line);
	return rv_diag_set(diag, RV_EDB, "db.open", "url", "PostgreSQL: %s", line);
}

static int dial(struct rv_pg *c, struct rv_diag *diag)
{
	enum { N = RV_ARRAY_LEN(before_url) };
	const char *names[N + 5] = { 0 };
	const char *values[N + 5] = { 0 };

	for (size_t i = 0; i < N; i++) {
		names[i] = before_url[i][0];
		values[i] = before_url[i][1];
	}
	names[N] = "dbname"; /* the URL */
	values[N] = c->conninfo;
	names[N + 1] = "client_encoding";
	values[N + 1] = "UTF8";
	names[N + 2] = "application_name";
	values[N + 2] = c->application;
	if (c->password != NULL) {
		names[N + 3] = "password";
		values[N + 3] = c->password;
	}
	c->pg = PQconnectdbParams(names, values, 1);
	if (c->pg == NULL)
		return -ENOMEM;
	if (PQstatus(c->pg) != CONNECTION_OK)
		return refuse_dial(c, diag);
	PQsetNoticeProcessor(c->pg, quiet, NULL);
	return PQsetnonblocking(c->pg, 1) == 0 ? RV_OK : RV_EDB;
}

static int prepare_again(struct rv_pg *c, struct rv_diag *diag)
{
	struct rv_list *it;
	int err = RV_OK;

	rv_list_for_each (it, &c->prepared) {
		err = rv_pg_prepare(c, RV_CONTAINER_OF(it, struct rv_pg_stmt, link), diag);
		if (err != RV_OK)
			return err;
	}
	return RV_OK;
}

int rv_pg_connect(struct rv_pg *c, struct rv_diag *diag)
{
	int64_t number = 0;
	int err;

	c->sent_count = 0;
	err = dial(c, diag);
	if (err == RV_OK)
		err = check_server(c, diag);
	if (err == RV_OK)
		err = take_lock(c, diag);
	if (err == RV_OK && c->away_us == 0)
		err = make_store(c, diag);
	if (err == RV_OK)
		err = read_number(c, &number, diag);
	if (err == RV_OK)
		err = check_number(c, number, diag);
	if (err == RV_OK)
		err = rv_pg_enter(c);
	if (err == RV_OK)
		err = prepare_again(c, diag);
	if (err != RV_OK) {
		PQfinish(c->pg);
		c->pg = NULL;
	}
	return err;
}

int rv_pg_lose(struct rv_pg *c, const char *why)
{
	char line[RV_DIAG_TEXT_MAX];

	c->is_lost = true;
	if (c->pg == NULL)
		return RV_EDB;
	if (c->away_us == 0) {
		rv_log(RV_LOG_ERROR, "db.connection.lost", RV_KS("store", c->schema),
		       RV_KS("reason", first_line(why, line)));
		c->conn.losses++;
		c->away_us = rv_time_boot_us();
		c->backoff_ms = RV_PG_BACKOFF_MIN_MS;
		c->try_us = c->away_us;
	}
	PQfinish(c->pg);
	c->pg = NULL;
	c->sent_count = 0;
	return RV_EDB;
}

bool rv_pg_return(struct rv_pg *c)
{
	int64_t now_us = rv_time_boot_us();
	struct rv_diag diag = { 0 };

	if (c->pg != NULL)
		return true;
	if (c->is_foreign || now_us < c->try_us)
		return false;
	if (rv_pg_connect(c, &diag) != RV_OK) {
		/* The loss was told as an error; how it goes on is for whoever looks closer. */
		rv_log(c->is_foreign ? RV_LOG_ERROR : RV_LOG_DEBUG, "db.connection.failed",
		       RV_KS("store", c->schema), RV_KS("error", diag.text));
		c->try_us = rv_time_boot_us() + c->backoff_ms * 1000;
		c->backoff_ms *= 2;
		if (c->backoff_ms > RV_PG_BACKOFF_MAX_MS)
			c->backoff_ms = RV_PG_BACKOFF_MAX_MS;
		return false;
	}
	now_us = rv_time_boot_us();
	rv_log(RV_LOG_INFO, "db.connection.returned", RV_KS("store", c->schema),
	       RV_KI("away_ms", (now_us - c->away_us) / 1000));
	c->conn.away_us += (uint64_t)(now_us - c->away_us);
	c->away_us = 0;
	return true;
}
