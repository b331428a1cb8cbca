#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/time.h"
#include "db/db_priv.h"
#include "log/log.h"

enum { SHA_HEX_LEN = 2 * crypto_hash_sha256_BYTES };

/* In SQL that all drivers understand; SQLite numbers $n by first appearance. */
static const char create_table[] = "CREATE TABLE IF NOT EXISTS reeve_migration ("
				   " number BIGINT PRIMARY KEY,"
				   " name TEXT NOT NULL,"
				   " sha256 TEXT NOT NULL," /* of the text that was run, in hex */
				   " applied_us BIGINT NOT NULL)";
static const char select_all[] = "SELECT number, name, sha256 FROM reeve_migration ORDER BY number";
static const char insert_one[] =
	"INSERT INTO reeve_migration (number, name, sha256, applied_us) VALUES ($1, $2, $3, $4)";

struct check {
	const struct rv_db_driver *driver;
	const struct rv_db_migration *migrations;
	size_t count;
	size_t applied;
	struct rv_diag *diag;
};

static void hash_text(const char *text, char out[static SHA_HEX_LEN + 1])
{
	unsigned char sha[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(sha, (const unsigned char *)text, strlen(text));
	sodium_bin2hex(out, SHA_HEX_LEN + 1, sha, sizeof(sha));
}

static int check_applied(const struct rv_db_row *row, void *arg)
{
	struct check *check = arg;
	int64_t number = check->driver->col_int(row, 0);
	struct rv_str name = check->driver->col_str(row, 1);
	const struct rv_db_migration *m;
	char sha[SHA_HEX_LEN + 1];

	if (number > (int64_t)check->count)
		return rv_diag_set(check->diag, RV_EVERSION, "db.newer", "url",
				   "the store has migration %lld (%.*s), this program knows %zu: "
				   "it was written by a newer version",
				   (long long)number, RV_STR_ARG(name), check->count);
	if (number != (int64_t)check->applied + 1)
		return rv_diag_set(check->diag, RV_ECORRUPT, "db.migration-changed", "url",
				   "the store has migration %lld (%.*s) but not %zu",
				   (long long)number, RV_STR_ARG(name), check->applied + 1);
	m = &check->migrations[check->applied];
	hash_text(check->driver->migration_text(m), sha);
	if (!rv_str_is(check->driver->col_str(row, 2), sha))
		return rv_diag_set(check->diag, RV_ECORRUPT, "db.migration-changed", "url",
				   "migration %s has changed since it was applied to the store",
				   m->name);
	check->applied++;
	return RV_OK;
}

static int run_text(struct rv_db_conn *conn, const char *sql, const struct rv_db_value *params,
		    size_t n, rv_db_row_fn fn, void *arg, struct rv_diag *diag)
{
	void *handle = NULL;
	int err = conn->driver->prepare(conn, "migration", sql, &handle, diag);

	if (err != RV_OK)
		return err;
	err = conn->driver->run(conn, handle, params, n, fn, arg, NULL);
	conn->driver->finish(conn, handle);
	/* The database's own words are in the log; other codes come from fn, with a diag. */
	if (err == RV_EDB || err == -ENOSPC || err == -ENOMEM)
		rv_diag_set(diag, err, "db.migration", "url",
			    "the store's table of migrations cannot be used: %s", rv_err_name(err));
	return err;
}

static int apply(struct rv_db_conn *conn, const struct rv_db_migration *m, struct rv_diag *diag)
{
	const struct rv_db_driver *driver = conn->driver;
	const char *text = driver->migration_text(m);
	struct rv_diag why = { 0 };
	char sha[SHA_HEX_LEN + 1];
	int err;

	hash_text(text, sha);
	err = driver->begin(conn);
	if (err != RV_OK)
		goto fail;
	err = driver->script(conn, text, &why);
	if (err == RV_OK)
		err = run_text(conn, insert_one,
			       RV_DB_PARAMS(RV_DB_I(m->number), RV_DB_T(rv_str(m->name)),
					    RV_DB_T(rv_str(sha)), RV_DB_I(rv_time_utc_us())),
			       NULL, NULL, &why);
	if (err != RV_OK) {
		driver->rollback(conn);
		goto fail;
	}
	err = driver->commit(conn);
	if (err != RV_OK)
		goto fail;
	rv_log(RV_LOG_INFO, "db.migration.applied", RV_KS("migration", m->name));
	return RV_OK;

fail:
	return rv_diag_set(diag, err, "db.migration", "url", "migration %s failed: %s", m->name,
			   why.text[0] != '\0' ? why.text : rv_err_name(err));
}

int rv_db_migrate(struct rv_db_conn *conn, const struct rv_db_migration *migrations, size_t count,
		  struct rv_diag *diag)
{
	struct check check = { conn->driver, migrations, count, 0, diag };
	int err;

	for (size_t i = 0; i < count; i++) {
		assert(migrations[i].number == i + 1);
		assert(conn->driver->migration_text(&migrations[i]) != NULL);
	}
	err = conn->driver->script(conn, create_table, diag);
	if (err == RV_OK)
		err = run_text(conn, select_all, RV_DB_NO_PARAMS, check_applied, &check, diag);
	for (size_t i = check.applied; i < count && err == RV_OK; i++)
		err = apply(conn, &migrations[i], diag);
	return err;
}
