/* reseal.h - the boxes of a store sealed anew, some at a time, while it is in use.
 *
 *   a key was added to the file;  step, step, step ... until is_done;  again: nothing to do
 *
 * A step is part of one work item: it looks at some rows behind the last one and replaces their
 * boxes that are not under the key that seals now. Whatever else is sealed meanwhile is under that
 * key: so what a pass has left behind stays done. Where a pass stands is kept in memory only: one
 * that was cut off begins anew and finds less to do; after a failure it must.
 */
#ifndef RV_SERVER_SERVE_RESEAL_H
#define RV_SERVER_SERVE_RESEAL_H

#include "db/db.h"
#include "secret/secret.h"

enum { RV_RESEAL_KEY_MAX = 255, RV_RESEAL_LIMIT_MAX = 4096 };

/* How rows are told apart, and what the statements take and give. The id is what the box was sealed
 * for.
 *
 *           select takes, in order of the key     gives                 update takes
 *   NUMBER  number, limit                         number = id, box      box, number
 *   TEXT    text, limit                           text, box, id         box, text
 *   PAIR    text, text, limit                     text, text, box, id   box, text, text
 */
enum rv_reseal_key { RV_RESEAL_NUMBER, RV_RESEAL_TEXT, RV_RESEAL_PAIR };

/* A column that holds boxes, or NULLs. */
struct rv_reseal_column {
	const char *label; /* of the boxes, as given to rv_secret_seal */
	const struct rv_db_stmt *select, *update;
	enum rv_reseal_key key;
};

/* All zero but the first two: rv_reseal_restart() it. */
struct rv_reseal {
	const struct rv_reseal_column *columns;
	size_t count;
	size_t at; /* column */
	/* the last row seen */
	int64_t number;
	char text[2][RV_RESEAL_KEY_MAX + 1];
};

struct rv_reseal_done {
	uint64_t resealed;
	bool is_done; /* the pass has seen every row */
};

/* Look at up to `limit` rows. Inside a work function. RV_ECORRUPT, RV_EVERSION: a box does not
 * open; codes of the store. */
int rv_reseal_step(struct rv_reseal *reseal, struct rv_db_tx *tx, struct rv_secret *secret,
		   uint32_t limit, struct rv_reseal_done *out) RV_MUSTCHECK;

/* Begin at the first row. */
void rv_reseal_restart(struct rv_reseal *reseal);

#endif
