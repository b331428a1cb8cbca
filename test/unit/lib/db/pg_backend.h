/* pg_backend.h - stores on a PostgreSQL that the test starts (test/support/pgserver.py). */
#ifndef TEST_DB_PG_BACKEND_H
#define TEST_DB_PG_BACKEND_H

#include "suite.h"

enum { PG_DIR_MAX = 64 };

/* A copy of a store that is closed; its URL. */
void pg_copy(const char *url, char copy[static URL_MAX]);

/* A database of its own per store. */
extern const struct backend pg_backend;

/* REEVE_TEST_DB=postgresql: the same tests, on a store there. */
bool pg_is_asked_for(void);
/* The URL of a store that does not exist yet. The first call starts the server, which ends with the
 * program; where there is none, the program ends as skipped. */
void pg_fresh(char url[static URL_MAX]);

bool pg_start(void); /* false: PostgreSQL is not installed; the reason was printed */
void pg_stop(void);
const char *pg_dir(void); /* of the server's socket */
void pg_tell(const char *fmt, ...)
	RV_PRINTF(1, 2); /* a line to pgserver.py; returns when it is done */

/* A case, over fix_setup: in pg_reads.c. */
void a_read_that_fails_costs_nobody_else_anything(void **state);

#endif
