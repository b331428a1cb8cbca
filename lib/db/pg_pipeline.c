/* Sending without waiting, and reading what became of it. The connection does not block: whoever
 * waits, waits here, for both directions at once and not for ever. */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "db/pg.h"
#include "log/log.h"

/* -- results ------------------------------------------------------------------------------ */

/* 1 when there is something to read, 0 in time. */
static int wait_io(struct rv_pg *c, bool is_sending, int64_t end_us)
{
	struct pollfd p = { .fd = PQsocket(c->pg), .events = POLLIN };
	int64_t left_us = end_us - rv_time_boot_us();

	if (is_sending)
		p.events |= POLLOUT;
	if (left_us <= 0)
		return 0;
	if (poll(&p, 1, (int)(left_us / 1000 + 1)) < 0 && errno != EINTR)
		return 0;
	return 1;
}

PGresult *rv_pg_result(struct rv_pg *c, int *err)
{
	int64_t end_us = rv_time_boot_us() + (int64_t)RV_PG_ANSWER_MS * 1000;
	PGresult *result;

	*err = RV_EDB;
	if (c->pg == NULL)
		return NULL;
	for (;;) {
		int sending = PQflush(c->pg);

		if (sending < 0 && PQstatus(c->pg) == CONNECTION_BAD)
			break;
		if (!PQisBusy(c->pg)) {
			result = PQgetResult(c->pg);
			if (PQstatus(c->pg) == CONNECTION_BAD) {
				PQclear(result);
				break;
			}
			c->used_us = rv_time_boot_us();
			*err = RV_OK;
			return result;
		}
		if (wait_io(c, sending == 1, end_us) == 0) {
			rv_pg_lose(c, "the server does not answer");
			return NULL;
		}
		if (PQconsumeInput(c->pg) == 0)
			break;
	}
	rv_pg_lose(c, PQerrorMessage(c->pg));
	return NULL;
}

int rv_pg_code(const PGresult *result, const char *name)
{
	static const struct {
		const char *state;
		int err;
	} codes[] = {
		{ "23505", RV_EEXISTS }, /* unique_violation */
		{ "53100", -ENOSPC },    /* disk_full */
		{ "53200", -ENOMEM },    /* out_of_memory */
	};
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	int err = RV_EDB;

	for (size_t i = 0; state != NULL && i < RV_ARRAY_LEN(codes); i++) {
		if (strcmp(state, codes[i].state) == 0)
			err = codes[i].err;
	}
	if (err != RV_EEXISTS)
		rv_log(RV_LOG_ERROR, "db.statement.failed", RV_KS("statement", name),
		       RV_KS("error", text != NULL ? text : "no reason given"),
		       RV_KS("code", state != NULL ? state : ""));
	return err;
}

/* Up to the Sync that is sent here: what is behind a failure was skipped. */
static int read_to_sync(struct rv_pg *c)
{
	bool is_there = false;
	int err = RV_OK;

	if (c->pg == NULL || (!c->is_ending && PQpipelineSync(c->pg) == 0))
		return rv_pg_lose(c, "cannot send");
	while (!is_there && err == RV_OK) {
		PGresult *result = rv_pg_result(c, &err);

		is_there = result != NULL && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		PQclear(result);
	}
	c->sent_count = 0;
	return err;
}

/* -- preparing ---------------------------------------------------------------------------- */

static int check_types(struct rv_pg_stmt *stmt, const PGresult *described, struct rv_diag *diag)
{
	int params = PQnparams(described);
	bool is_small = false;

	if (params > RV_DB_PARAMS_MAX || PQnfields(described) > RV_PG_COLUMNS_MAX)
		return rv_diag_set(diag, RV_EDB, "db.statement", stmt->name,
				   "statement %s: too many parameters or columns", stmt->name);
	stmt->param_count = (unsigned)params;
	for (int i = 0; i < params; i++) {
		stmt->params[i] = PQparamtype(described, i);
		if (rv_pg_is_small_int(stmt->params[i])) {
			stmt->params[i] = rv_pg_int_type();
			is_small = true;
			continue;
		}
		if (!rv_pg_is_param_type(stmt->params[i]))
			return rv_diag_set(diag, RV_EDB, "db.statement", stmt->name,
					   "statement %s: PostgreSQL takes parameter %d for type "
					   "%u, which is neither BIGINT, TEXT nor BYTEA: CAST it",
					   stmt->name, i + 1, stmt->params[i]);
	}
	for (int i = 0; i < PQnfields(described); i++) {
		if (!rv_pg_is_column_type(PQftype(described, i)))
			return rv_diag_set(diag, RV_EDB, "db.statement", stmt->name,
					   "statement %s: column %d is of type %u, which is "
					   "neither integer, TEXT nor BYTEA: CAST it",
					   stmt->name, i + 1, PQftype(described, i));
	}
	return is_small ? RV_EMORE : RV_OK;
}

/* RV_EMORE: once more, with the types that are in stmt->params now. */
static int try_prepare(struct rv_pg *c, struct rv_pg_stmt *stmt, struct rv_diag *diag)
{
	int bad = RV_OK;
	int err = RV_OK;
	bool is_there = false;

	assert(c->sent_count == 0);
	if (PQsendPrepare(c->pg, stmt->id, stmt->sql, (int)stmt->param_count, stmt->params) == 0 ||
	    PQsendDescribePrepared(c->pg, stmt->id) == 0 || PQpipelineSync(c->pg) == 0)
		return rv_pg_lose(c, PQerrorMessage(c->pg));
	while (!is_there && err == RV_OK) {
		PGresult *result = rv_pg_result(c, &err);
		ExecStatusType status = PQresultStatus(result);

		if (result == NULL) /* between two */
			continue;
		is_there = status == PGRES_PIPELINE_SYNC;
		if (status == PGRES_FATAL_ERROR)
			bad = rv_diag_set(diag, RV_EDB, "db.statement", stmt->name,
					  "statement %s: %s", stmt->name,
					  PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
		else if (status == PGRES_COMMAND_OK && (PQnparams(result) | PQnfields(result)) != 0)
			bad = check_types(stmt, result, diag);
		PQclear(result);
	}
	if (err != RV_OK)
		return rv_diag_set(diag, err, "db.open", "url", "the connection was lost");
	return bad;
}

int rv_pg_prepare(struct rv_pg *c, struct rv_pg_stmt *stmt, struct rv_diag *diag)
{
	int err = try_prepare(c, stmt, diag);

	if (err != RV_EMORE)
		return err;
	snprintf(stmt->id, sizeof(stmt->id), "s%u", c->next_id++); /* the other one has its name */
	return try_prepare(c, stmt, diag);
}

/* -- sending ------------------------------------------------------------------------------ */

int rv_pg_send(struct rv_pg *c, const struct rv_pg_stmt *stmt, const struct rv_db_value *values,
	       size_t n)
{
	struct rv_pg_args args;
	int err = rv_pg_args(stmt, values, n, &args);

	if (err != RV_OK) {
		rv_log(RV_LOG_ERROR, "db.statement.failed", RV_KS("statement", stmt->name),
		       RV_KS("error", "a value is not of the parameter's type"));
		return RV_EDB;
	}
	if (c->pg == NULL)
		return RV_EDB;
	assert(c->sent_count < RV_PG_SENT_MAX);
	if (PQsendQueryPrepared(c->pg, stmt->id, (int)n, args.ptrs, args.lens, args.formats, 1) ==
	    0)
		return rv_pg_lose(c, PQerrorMessage(c->pg));
	c->sent[c->sent_count++] = (struct rv_pg_sent){ stmt, c->item };
	return RV_OK;
}

static int keep_put(struct rv_pg *c, const struct rv_pg_stmt *stmt,
		    const struct rv_db_value *values, size_t n)
{
	struct rv_pg_put *put = &c->puts[c->put_count];

	put->stmt = stmt;
	put->status = c->item;
	put->n = (unsigned)n;
	for (size_t i = 0; i < n; i++) {
		put->values[i] = values[i];
		put->at[i] = c->put_bytes.len;
		if (values[i].type == RV_DB_TEXT || values[i].type == RV_DB_BLOB)
			rv_buf_put_str(&c->put_bytes, values[i].s);
	}
	if (c->put_bytes.err != RV_OK)
		return -ENOMEM;
	c->put_count++;
	return RV_OK;
}

int rv_pg_put(struct rv_pg *c, const struct rv_pg_stmt *stmt, const struct rv_db_value *values,
	      size_t n)
{
	int err = rv_pg_send(c, stmt, values, n);

	if (err == RV_OK)
		err = keep_put(c, stmt, values, n);
	return err;
}

/* -- what became of it -------------------------------------------------------------------- */

static void forget_puts(struct rv_pg *c)
{
	c->put_count = 0;
	rv_buf_clear(&c->put_bytes);
}

static int send_control(struct rv_pg *c, enum rv_pg_control what)
{
	return rv_pg_send(c, c->control[what], NULL, 0);
}

static int send_again(struct rv_pg *c, const struct rv_pg_put *put)
{
	struct rv_db_value values[RV_DB_PARAMS_MAX];

	for (unsigned i = 0; i < put->n; i++) {
		values[i] = put->values[i];
		if (put->values[i].type == RV_DB_TEXT || put->values[i].type == RV_DB_BLOB)
			values[i].s.ptr = c->put_bytes.ptr + put->at[i];
	}
	return rv_pg_send(c, put->stmt, values, put->n);
}

/* Drop what is done with: the puts up to the last one of the item that failed. */
static int drop_puts(struct rv_pg *c, const int *failed)
{
	unsigned kept = c->put_count;

	while (kept > 0 && c->puts[kept - 1].status != failed)
		kept--;
	if (kept == 0)
		return RV_EDB; /* it put nothing, and yet it failed: this is beyond repair */
	c->put_count -= kept;
	memmove(c->puts, c->puts + kept, c->put_count * sizeof(*c->puts));
	return RV_OK;
}

/* What the items behind it put, each in its savepoint again. */
static int replay(struct rv_pg *c, const int *running)
{
	int err = RV_OK;

	for (unsigned i = 0; i < c->put_count && err == RV_OK; i++) {
		const struct rv_pg_put *put = &c->puts[i];
		bool is_first = i == 0 || put[-1].status != put->status;
		bool is_last = i + 1 == c->put_count || put[1].status != put->status;

		c->item = put->status;
		if (is_first)
			err = send_control(c, RV_PG_ITEM_BEGIN);
		if (err == RV_OK)
			err = send_again(c, put);
		if (put->status == running)
			c->has_savepoint = true; /* and not released: it is not at its end */
		else if (err == RV_OK && is_last)
			err = send_control(c, RV_PG_ITEM_KEEP);
	}
	return err;
}

/* The item with that status is undone alone. */
static int undo_failed(struct rv_pg *c, int *failed, int code)
{
	int *running = c->item;
	int err;

	*failed = code;
	c->has_savepoint = false;
	c->item = NULL;
	err = send_control(c, RV_PG_ITEM_UNDO);
	if (err == RV_OK)
		err = send_control(c, RV_PG_ITEM_KEEP);
	if (err == RV_OK)
		err = drop_puts(c, failed);
	if (err == RV_OK)
		err = replay(c, running);
	c->item = running;
	return err;
}

/* Read results in order, up to the first that failed: *at is its place, *code its error. */
static int read_results(struct rv_pg *c, unsigned *at, int *code, PGresult **last)
{
	int err = RV_OK;

	if (c->pg == NULL ||
	    (c->is_ending ? PQpipelineSync(c->pg) : PQsendFlushRequest(c->pg)) == 0)
		return rv_pg_lose(c, "cannot send");
	for (*at = 0; *at < c->sent_count; (*at)++) {
		PGresult *result = rv_pg_result(c, &err);
		ExecStatusType status = PQresultStatus(result);

		if (err == RV_OK && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
			*code = rv_pg_code(result, c->sent[*at].stmt->name);
		if (err == RV_OK && *code == RV_OK) {
			PGresult *null = rv_pg_result(c, &err);

			assert(null == NULL || err != RV_OK);
		}
		if (last != NULL && *at + 1 == c->sent_count && err == RV_OK && *code == RV_OK)
			*last = result;
		else
			PQclear(result);
		if (err != RV_OK || *code != RV_OK)
			return err;
	}
	return RV_OK;
}

int rv_pg_read(struct rv_pg *c, PGresult **last)
{
	bool is_replayed = false;
	int result = RV_OK;

	if (c->sent_count == 0 && !c->is_ending)
		return RV_OK;
	for (;;) {
		bool wants_last = last != NULL && !is_replayed;
		unsigned count = c->sent_count;
		unsigned at = 0;
		int code = RV_OK;
		int *failed;
		int err = read_results(c, &at, &code, wants_last ? last : NULL);

		if (err != RV_OK)
			return err;
		if (code == RV_OK)
			break;
		failed = c->sent[at].status;
		err = read_to_sync(c);
		if (err != RV_OK)
			return err;
		c->is_aborted = true;
		if (wants_last && at + 1 == count) {
			forget_puts(c); /* they went well */
			return code;    /* the caller's own: item_undo follows */
		}
		if (failed == NULL)
			return RV_EDB;
		c->is_aborted = false;
		if (failed == c->item)
			result = code;
		err = undo_failed(c, failed, code);
		if (err != RV_OK)
			return err;
		is_replayed = true;
	}
	if (c->is_ending && read_to_sync(c) != RV_OK)
		return RV_EDB;
	c->sent_count = 0;
	forget_puts(c);
	if (result != RV_OK)
		return result;
	return is_replayed && last != NULL ? RV_EBUSY : RV_OK;
}

int rv_pg_leave(struct rv_pg *c)
{
	int err = rv_pg_read(c, NULL);

	if (err == RV_OK)
		err = read_to_sync(c);
	if (err == RV_OK && PQexitPipelineMode(c->pg) == 0)
		err = rv_pg_lose(c, PQerrorMessage(c->pg));
	return err;
}
