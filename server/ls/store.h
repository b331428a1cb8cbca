/* store.h - the LS's copy of the feed: applied record by record, asked by the devices'
 * solicitations.
 *
 * Functions with a tx run inside a db work function. A page of the feed and the cursor behind it
 * are stored in one transaction, so a crash neither skips a change nor repeats one to any effect.
 */
#ifndef RV_LS_STORE_H
#define RV_LS_STORE_H

#include "base/arena.h"
#include "base/diag.h"
#include "contract/rv_contract.h"
#include "db/db.h"
#include "secret/secret.h"

enum { LS_EPOCH_MAX = 32 };

/* How far the copy is. */
struct ls_cursor {
	char epoch[LS_EPOCH_MAX + 1]; /* of the source; "" before the first page */
	uint64_t after;
	int64_t generation;
	bool is_complete; /* the snapshot of this generation is here, the older one removed */
};

struct ls_store {
	struct rv_db *db;
	struct rv_secret *secret;
};

/* Store and key file of the state directory. loop NULL: rv_db_run only. */
int ls_store_open(const char *state_dir, const char *url, uv_loop_t *loop, struct ls_store *out,
		  struct rv_diag *diag) RV_MUSTCHECK;
void ls_store_close(struct ls_store *store);

int ls_cursor_load(struct rv_db_tx *tx, struct ls_cursor *out) RV_MUSTCHECK;

/* Apply a page that was asked for with cursor->after; *cursor moves on with it. A page of another
 * epoch is not applied unless it was asked for from the start: the cursor goes back to 0 under a
 * new generation, and the next page begins the snapshot. */
int ls_apply_page(struct ls_store *store, struct rv_db_tx *tx, const struct rv_rs_feed_out *page,
		  struct ls_cursor *cursor) RV_MUSTCHECK;
/* Everything at once, from a file: what is not in the list is removed. */
int ls_apply_all(struct ls_store *store, struct rv_db_tx *tx, const struct rv_feed_record *records,
		 size_t n, struct ls_cursor *cursor) RV_MUSTCHECK;

/* Judge a solicitation. *note gets what the RS should hear about the caller; its .distid is empty
 * if nothing. mac: room for the MAC of the key presented, note->key_mac points there. */
int ls_solicit(struct ls_store *store, struct rv_db_tx *tx, struct rv_arena *arena, int64_t now_us,
	       const struct rv_ls_solicit_in *in, struct rv_ls_solicit_out *out,
	       struct rv_rs_waiting_note_in *note,
	       uint8_t mac[static RV_SECRET_MAC_LEN]) RV_MUSTCHECK;

int ls_count(struct rv_db_tx *tx, int64_t *devices) RV_MUSTCHECK;

#endif
