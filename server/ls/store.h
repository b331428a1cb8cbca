/* store.h - the LS's copy of what its operators say: applied record by record, asked by the
 * devices' solicitations.
 *
 *   operator "local" (rs on this machine) --feed--.
 *   operator "east"  (rs on another host) --feed---+--> claims, places, groups --> solicitation
 *   operator "file"  (JSON lines) ----------------'         '--> given, refused --> its RS
 *
 * Every record belongs to an operator; names of Location-Configs and groups are each operator's
 * own. Functions with a tx run inside a db work function. A page of the feed and the cursor behind
 * it are stored in one transaction, so a crash neither skips a change nor repeats one to any
 * effect.
 */
#ifndef RV_LS_STORE_H
#define RV_LS_STORE_H

#include <limits.h>

#include "base/arena.h"
#include "base/diag.h"
#include "contract/rv_contract.h"
#include "db/db.h"
#include "secret/secret.h"
#include "server/serve/reseal.h"

enum {
	LS_EPOCH_MAX = 32,
	LS_OPERATOR_NAME_MAX = 64,
	LS_OPERATORS_MAX = 16,
	LS_STORE_ID_LEN = 32,
	LS_STALE_STEP = 500,   /* claims released in one transaction after a snapshot */
	LS_REPORT_ITEMS = 500, /* of each kind in one report */
};

/* How far the copy of one operator is. */
struct ls_cursor {
	char epoch[LS_EPOCH_MAX + 1]; /* of the source; "" before the first page */
	uint64_t after;
	int64_t generation;
	bool is_complete; /* the snapshot of this generation is here, the older one removed */
};

/* One of the config. Names are unique. */
struct ls_operator {
	char name[LS_OPERATOR_NAME_MAX + 1];
	int64_t devices_max; /* 0 = no limit */
};

struct ls_store {
	struct rv_db *db;
	struct rv_secret *secret;
	/* Lent, immutable while the store is open. */
	const struct ls_operator *operators;
	size_t operator_count;
	char id[LS_STORE_ID_LEN + 1]; /* of this copy: what its RSs know it by */
	char key_path[PATH_MAX];      /* of its file */
	struct rv_reseal reseal;      /* where a rotation stands; the writer thread's */
};

struct ls_store_opt {
	const char *state_dir;  /* holds the key file and, by default, ls.db */
	const char *url;        /* NULL: ls.db */
	struct rv_str password; /* as in rv_db_opt */
	uv_loop_t *loop;        /* NULL: rv_db_run only */
	const struct ls_operator *operators;
	size_t operator_count;
};

/* Operators that are no longer in the list lose their claims; limits are applied. */
int ls_store_open(const struct ls_store_opt *opt, struct ls_store *out,
		  struct rv_diag *diag) RV_MUSTCHECK;
void ls_store_close(struct ls_store *store);

/* NULL: none of the list. */
const struct ls_operator *ls_operator_find(const struct ls_store *store, struct rv_str name);

int ls_cursor_load(struct rv_db_tx *tx, const struct ls_operator *op,
		   struct ls_cursor *out) RV_MUSTCHECK;

/* Apply a page that was asked for with cursor->after; *cursor moves on with it. A page of another
 * epoch is not applied unless it was asked for from the start: the cursor goes back to 0 under a
 * new generation, and the next page begins the snapshot. What the old generation had is served
 * until the snapshot is here, and then removed LS_STALE_STEP at a time, one step with each page:
 * so the writer answers devices in between. */
int ls_apply_page(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		  const struct rv_rs_feed_out *page, struct ls_cursor *cursor,
		  int64_t now_us) RV_MUSTCHECK;
/* Everything at once, from a file: what is not in the list is removed. */
int ls_apply_all(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
		 const struct rv_feed_record *records, size_t n, struct ls_cursor *cursor,
		 int64_t now_us) RV_MUSTCHECK;

/* What came of a solicitation beside the answer. */
struct ls_outcome {
	const struct ls_operator *holder; /* NULL: nobody has this id */
	struct rv_rs_waiting_note_in
		note;             /* for the RS of the holder, or of all; .distid empty: none */
	bool has_given;           /* a version that the device had not been given before */
	struct rv_ls_given given; /* .age unused */
};

/* Judge a solicitation. Strings of *outcome live in the arena. note.key_mac is made with the key of
 * the holder; without one it is empty, and ls_mac() makes it for each operator. */
int ls_solicit(struct ls_store *store, struct rv_db_tx *tx, struct rv_arena *arena, int64_t now_us,
	       const struct rv_ls_solicit_in *in, struct rv_ls_solicit_out *out,
	       struct ls_outcome *outcome) RV_MUSTCHECK;

/* The MAC of a key that a caller presented, as this operator's RS makes it. */
int ls_mac(struct ls_store *store, struct rv_db_tx *tx, const struct ls_operator *op,
	   struct rv_str distid, struct rv_str key,
	   uint8_t out[static RV_SECRET_MAC_LEN]) RV_MUSTCHECK;

/* -- what the RSs are told -------------------------------------------------------------------- */

/* Durable until the RS has it. */
int ls_given_put(struct rv_db_tx *tx, const struct ls_operator *op, const struct rv_ls_given *given,
		 int64_t at_us) RV_MUSTCHECK;

/* What the RS of an operator has not been told yet, at most LS_REPORT_ITEMS of each kind. */
struct ls_report {
	struct rv_rs_report_in message;
	int64_t *given_at; /* of message.given */
};
int ls_report_make(struct rv_db_tx *tx, struct rv_arena *arena, const struct ls_operator *op,
		   int64_t now_us, struct ls_report *out) RV_MUSTCHECK;
/* It has arrived. What changed meanwhile stays to be told. */
int ls_report_told(struct rv_db_tx *tx, const struct ls_operator *op,
		   const struct ls_report *report) RV_MUSTCHECK;

/* One step of sealing all boxes anew, after the key file was read again. */
int ls_reseal(struct ls_store *store, struct rv_db_tx *tx, const struct rv_key_reseal_ls_in *in,
	      struct rv_key_reseal_ls_out *out) RV_MUSTCHECK;

/* -- what the people who run the LS are told -------------------------------------------------- */

struct ls_counts {
	int64_t held;
	int64_t taken, over_limit; /* claimed and refused */
	int64_t untold;   /* versions given, claims judged: its RS does not know of them yet */
	int64_t heard_us; /* UTC: its feed was taken over last; 0 = never */
};
int ls_count(struct rv_db_tx *tx, const struct ls_operator *op, struct ls_counts *out) RV_MUSTCHECK;

/* A page of the claims that are refused. Strings of *out live in the arena. RV_EINVALID: in->after
 * comes from no page; RV_ENOTFOUND: in->operator_name is none of the store's; or the store's own
 * codes.
 */
int ls_conflicts(struct ls_store *store, struct rv_db_tx *tx, struct rv_arena *arena,
		 const struct rv_ls_conflicts_in *in, struct rv_ls_conflicts_out *out,
		 struct rv_diag *diag) RV_MUSTCHECK;

/* All claims of an id, the holder's first; its device need not be written canonically. RV_EINVALID:
 * it is no distribution id; RV_ENOTFOUND: nobody claims it; or the store's own codes. */
int ls_claims(struct rv_db_tx *tx, struct rv_arena *arena, const struct rv_ls_claims_in *in,
	      struct rv_ls_claims_out *out, struct rv_diag *diag) RV_MUSTCHECK;

#endif
