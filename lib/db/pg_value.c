/* Parameters and columns in PostgreSQL's binary format: integers big-endian, text and bytes as they
 * are. The numbers of the types are fixed for ever (pg_type.dat of PostgreSQL). */
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/pg.h"

enum {
	BOOL = 16,
	BYTEA = 17,
	NAME = 19,
	INT8 = 20,
	INT2 = 21,
	INT4 = 23,
	TEXT = 25,
	VARCHAR = 1043
};

bool rv_pg_is_param_type(Oid type)
{
	return type == INT8 || type == TEXT || type == BYTEA;
}

bool rv_pg_is_small_int(Oid type)
{
	return type == INT4 || type == INT2;
}

Oid rv_pg_int_type(void)
{
	return INT8;
}

static bool is_int(Oid type)
{
	return type == INT8 || type == INT4 || type == INT2 || type == BOOL;
}

bool rv_pg_is_column_type(Oid type)
{
	return is_int(type) || type == TEXT || type == BYTEA || type == NAME || type == VARCHAR;
}

static void put_int(int64_t value, char out[static 8])
{
	for (unsigned i = 0; i < 8; i++)
		out[i] = (char)((uint64_t)value >> (56 - 8 * i));
}

static int64_t get_int(const char *ptr, int len)
{
	int64_t value = len > 0 && (ptr[0] & 0x80) != 0 ? -1 : 0;

	for (int i = 0; i < len; i++)
		value = (int64_t)((uint64_t)value << 8 | (unsigned char)ptr[i]);
	return value;
}

int rv_pg_args(const struct rv_pg_stmt *stmt, const struct rv_db_value *values, size_t n,
	       struct rv_pg_args *out)
{
	assert(n == stmt->param_count);
	for (size_t i = 0; i < n; i++) {
		const struct rv_db_value *v = &values[i];

		out->formats[i] = 1;
		out->ptrs[i] = NULL;
		out->lens[i] = 0;
		if (v->type == RV_DB_NULL)
			continue;
		if ((v->type == RV_DB_INT) != (stmt->params[i] == INT8) || v->s.len > INT_MAX)
			return RV_EINVALID;
		if (v->type == RV_DB_INT) {
			put_int(v->i, out->ints[i]);
			out->ptrs[i] = out->ints[i];
			out->lens[i] = 8;
		} else {
			out->ptrs[i] = v->s.ptr != NULL ? v->s.ptr : ""; /* NULL would be NULL */
			out->lens[i] = (int)v->s.len;
		}
	}
	return RV_OK;
}

bool rv_pg_col_is_null(const struct rv_db_row *row, unsigned col)
{
	const struct rv_pg_row *r = row->handle;

	return PQgetisnull(r->result, r->row, (int)col) != 0;
}

int64_t rv_pg_col_int(const struct rv_db_row *row, unsigned col)
{
	const struct rv_pg_row *r = row->handle;
	const char *ptr = PQgetvalue(r->result, r->row, (int)col);

	if (rv_pg_col_is_null(row, col))
		return 0;
	if (is_int(PQftype(r->result, (int)col)))
		return get_int(ptr, PQgetlength(r->result, r->row, (int)col));
	return strtoll(ptr, NULL, 10); /* libpq ends every value with a NUL */
}

struct rv_str rv_pg_col_str(const struct rv_db_row *row, unsigned col)
{
	struct rv_pg_row *r = row->handle;
	int n;

	if (rv_pg_col_is_null(row, col))
		return (struct rv_str){ 0 };
	if (!is_int(PQftype(r->result, (int)col)))
		return rv_strn(PQgetvalue(r->result, r->row, (int)col),
			       (size_t)PQgetlength(r->result, r->row, (int)col));
	assert(col < RV_PG_COLUMNS_MAX);
	n = snprintf(r->text[col], sizeof(r->text[col]), "%lld",
		     (long long)rv_pg_col_int(row, col));
	return rv_strn(r->text[col], (size_t)n);
}
