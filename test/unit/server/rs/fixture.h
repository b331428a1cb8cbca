/* fixture.h - a real RS core on a real store: SQLite in a temporary directory or, when
 * REEVE_TEST_DB is "postgresql", a database on a PostgreSQL that the test starts. */
#ifndef TEST_RS_FIXTURE_H
#define TEST_RS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/rs/core.h"

#define DID      "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"
#define DID2     "0001-0000-C0DE-0091-0000-0000-00A1-B2C4"
#define STRANGER "0001-0000-C0DE-0091-0000-0000-0000-0001"
#define S(text)  RV_STR_LIT(text)

struct fixture {
	char dir[64];
	char url[512];   /* of the store; empty: SQLite in dir */
	char saved[512]; /* of its copy */
	struct rv_conf *conf;
	struct rv_rs *rs;
	struct rv_arena arena; /* results of the test live here */
	struct rv_diag diag;   /* of the last operation */
};

/* cmocka set-up and tear-down; *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

bool fixture_is_postgresql(void);

/* With the store closed: it is gone; it is as it was when it was saved. */
void fixture_lose_store(struct fixture *f);
void fixture_save_store(struct fixture *f);
void fixture_restore_store(struct fixture *f);
void fixture_close(struct fixture *f);
/* Whether the bytes stand in the file of the (closed) store. Only where it is a file. */
bool fixture_store_holds(struct fixture *f, const void *bytes, size_t len);

/* Close and open again, with another config text when not NULL. */
void fixture_reopen(struct fixture *f, const char *conf);
/* Try to open with that config. */
int fixture_try(struct fixture *f, const char *conf);
/* Contents of a file below the state directory; NUL-terminated, in the arena. */
const char *fixture_file(struct fixture *f, const char *name);

/* Run an operation as a trusted caller, through encoding and all; out is of the operation's type.
 */
int run_op(struct fixture *f, const char *op, const void *in, void *out);
/* The same with a bearer token (its SHA-256). */
int run_op_as(struct fixture *f, const char *op, struct rv_str token_sha256, const void *in,
	      void *out);

/* Run fn with a context inside a work function. */
int run_tx(struct fixture *f, int (*fn)(struct rs_ctx *ctx, void *arg), void *arg);

int run_pull(struct fixture *f, const struct rv_rs_pull_in *in, struct rv_rs_pull_out *out,
	     struct rs_pull_extra *extra);
int run_query(struct fixture *f, const struct rv_rs_method_query_in *in,
	      struct rv_rs_method_query_out *out);
int run_note(struct fixture *f, const struct rv_rs_waiting_note_in *in);
int run_feed(struct fixture *f, uint64_t after, uint32_t limit, struct rv_rs_feed_out *out);

/* Steps many tests begin with; they assert success. */
struct rv_device make_device(struct fixture *f, const char *distid); /* keys "ls-key", "rs-key" */
struct rv_config_version give_text(struct fixture *f, const char *distid, enum rv_config_kind kind,
				   const char *text); /* module 1 */
struct rv_rs_pull_in pull_of(const char *distid, const char *key);
size_t count_waiting(struct fixture *f, struct rv_waiting_device *first);

#endif
