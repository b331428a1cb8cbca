/* suite.h - what every driver of db.h must do, as one suite over a URL.
 *
 * A driver's test program says where fresh stores come from and runs the same cases.
 */
#ifndef TEST_DB_SUITE_H
#define TEST_DB_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db/db.h"

enum { URL_MAX = 512, HANG_S = 100 };

struct backend {
	void (*fresh)(char url[static URL_MAX]); /* the URL of a store that does not exist yet */
	void (*drop)(const char *url);           /* it is closed */
};

/* All of it; the result of main(). */
int suite_run(const char *name, const struct backend *b);

/* Its parts: how many cases, and where they are. */
size_t suite_values(const struct CMUnitTest **out);
size_t suite_groups(const struct CMUnitTest **out);
size_t suite_puts(const struct CMUnitTest **out);
size_t suite_stores(const struct CMUnitTest **out);

/* -- fixture ------------------------------------------------------------------------------ */

extern const struct backend *backend; /* set by suite_run, or by a test program of its own */

/* The statements of `statements`, which is what fix_open opens a store with. */
extern struct rv_db_stmt insert_thing, select_thing, count_things, select_range, update_thing,
	insert_child, delete_things;
extern struct rv_db_stmt *const statements[];
extern const size_t statement_count;
extern const struct rv_db_migration migrations[2];

struct fix {
	uv_loop_t loop;
	struct rv_db *db; /* may be closed and opened again by a test */
	char url[URL_MAX];
};

int fix_setup(void **state);
int fix_teardown(void **state);
struct rv_db_opt fix_opt(struct fix *f);
void fix_open(struct fix *f);
void fix_close(struct fix *f); /* and turn the loop until its memory is back */

/* Turn the loop until *count reaches want; a test that hangs is killed by the alarm. */
void run_until(struct fix *f, const unsigned *count, unsigned want);

int64_t count_now(struct fix *f);              /* rows of table thing */
int insert_id(struct rv_db_tx *tx, void *arg); /* work: insert the thing with id *(int64_t *)arg */

/* A work function that keeps the writer busy until the test has queued what it wants in one group.
 */
struct gate;
struct gate *gate_close(struct fix *f);
void gate_open(struct gate *gate);

#endif
