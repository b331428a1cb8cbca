/* operators.h - a store with three operators, fed and asked by hand. */
#ifndef TEST_SERVER_LS_OPERATORS_H
#define TEST_SERVER_LS_OPERATORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../lib/db/pg_backend.h"
#include "server/ls/store.h"

#define S(text) RV_STR_LIT(text)
#define DID     "0001-0000-C0DE-0091-0000-0000-00A1-B2C3"
#define DID2    "0001-0000-C0DE-0091-0000-0000-00A1-B2C4"
#define DID3    "0001-0000-C0DE-0091-0000-0000-00A1-B2C5"

enum { A, B, C, OPERATORS };

struct fixture {
	char dir[64];
	char url[URL_MAX]; /* of the store, on PostgreSQL */
	struct ls_operator operators[OPERATORS];
	size_t operator_count;
	struct ls_store ls;
	struct ls_cursor cursors[OPERATORS];
	struct rv_arena arena;
	int64_t now_us; /* of the last page */
};

int setup(void **state);
int teardown(void **state);
void open_store(struct fixture *f);

/* The next page of an operator's feed. */
void feed(struct fixture *f, int op, struct rv_feed_record *records, size_t n, const char *epoch);
/* Records for it. The MAC is lent. */
struct rv_feed_record device(int op, const char *distid, uint8_t mac[RV_SECRET_MAC_LEN]);
struct rv_feed_record location(uint32_t version);
extern struct rv_rs_entry entry;

/* An operator claims an id, and lets it go. */
void has(struct fixture *f, int op, const char *distid);
void drops(struct fixture *f, int op, const char *distid);

struct asking {
	struct fixture *f;
	struct rv_ls_solicit_in in;
	struct rv_ls_solicit_out out;
	struct ls_outcome outcome;
};
struct asking solicit(struct fixture *f, const char *distid);
const char *holder(struct fixture *f, const char *distid); /* "": nobody */

/* A version of "default" was given to the device of an id of operator A. */
void gives(struct fixture *f, const struct rv_ls_given *given, int64_t at_us);

/* What the RS of an operator is to be told; is_told: it has been. */
struct rv_rs_report_in report(struct fixture *f, int op, bool is_told);

#endif
