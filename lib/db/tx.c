/* Inside a work function: statements and their rows. On the writer thread. */
#include <assert.h>
#include <string.h>

#include "db/db_priv.h"
#include "log/log.h"

static void *handle_of(const struct rv_db_tx *tx, const struct rv_db_stmt *stmt)
{
	assert(stmt->index < tx->db->statement_count);
	assert(tx->db->statements[stmt->index] ==
	       stmt); /* it is in the table given to rv_db_open */
	return tx->db->handles[stmt->index];
}

struct row_call {
	rv_db_row_fn fn;
	void *arg;
	int result;
};

/* Tells what fn returned from what the database returned. */
static int call_row(const struct rv_db_row *row, void *arg)
{
	struct row_call *call = arg;

	call->result = call->fn(row, call->arg);
	return call->result;
}

/* What one driver would store and the other refuse, neither gets. */
static int check_texts(const struct rv_db_stmt *stmt, const struct rv_db_value *params, size_t n)
{
	assert(n <= RV_DB_PARAMS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (params[i].type != RV_DB_TEXT || params[i].s.len == 0)
			continue;
		if (rv_str_is_utf8(params[i].s, NULL) &&
		    memchr(params[i].s.ptr, '\0', params[i].s.len) == NULL)
			continue;
		rv_log(RV_LOG_ERROR, "db.statement.failed", RV_KS("statement", stmt->name),
		       RV_KS("error", "a text is not UTF-8, or has a NUL"),
		       RV_KI("parameter", i + 1));
		return RV_EINVALID;
	}
	return RV_OK;
}

static int run(struct rv_db_tx *tx, const struct rv_db_stmt *stmt, const struct rv_db_value *params,
	       size_t n, struct row_call *call, int64_t *changed)
{
	int err;

	if (tx->doom == RV_OK)
		tx->doom = check_texts(stmt, params, n);
	if (tx->doom != RV_OK)
		return tx->doom;
	err = tx->db->driver->run(tx->db->conn, handle_of(tx, stmt), params, n,
				  call != NULL ? call_row : NULL, call, changed);
	if (call != NULL && call->result != RV_OK)
		return err;
	/* A statement that fn ran may have doomed the item meanwhile. */
	if (tx->doom == RV_OK)
		tx->doom = err;
	tx->has_written |= call == NULL;
	return tx->doom;
}

int rv_db_query(struct rv_db_tx *tx, const struct rv_db_stmt *stmt,
		const struct rv_db_value *params, size_t n, rv_db_row_fn fn, void *arg)
{
	struct row_call call = { fn, arg, RV_OK };

	return run(tx, stmt, params, n, &call, NULL);
}

int rv_db_exec(struct rv_db_tx *tx, const struct rv_db_stmt *stmt, const struct rv_db_value *params,
	       size_t n, int64_t *changed)
{
	return run(tx, stmt, params, n, NULL, changed);
}

int rv_db_put(struct rv_db_tx *tx, const struct rv_db_stmt *stmt, const struct rv_db_value *params,
	      size_t n)
{
	if (tx->db->driver->put == NULL)
		return run(tx, stmt, params, n, NULL, NULL);
	if (tx->doom == RV_OK)
		tx->doom = check_texts(stmt, params, n);
	if (tx->doom == RV_OK)
		tx->doom = tx->db->driver->put(tx->db->conn, handle_of(tx, stmt), params, n);
	tx->has_written = true;
	return tx->doom;
}

bool rv_db_col_is_null(const struct rv_db_row *row, unsigned col)
{
	return row->driver->col_is_null(row, col);
}

int64_t rv_db_col_int(const struct rv_db_row *row, unsigned col)
{
	return row->driver->col_int(row, col);
}

struct rv_str rv_db_col_str(const struct rv_db_row *row, unsigned col)
{
	return row->driver->col_str(row, col);
}
