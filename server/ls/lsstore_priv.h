/* lsstore_priv.h - the lsstore duty: its operators on a loop, behind the bus. Private to
 * lsstore.c and lsstore_*.c. */
#ifndef RV_LS_LSSTORE_PRIV_H
#define RV_LS_LSSTORE_PRIV_H

#include <limits.h>
#include <sys/stat.h>

#include "server/ls/ls.h"
#include "server/ls/source.h"
#include "server/ops/ops.h"
#include "server/serve/serve.h"

/* A version was given, which the store has to hear of. */
struct given {
	struct ls_source *source;
	char distid[40], location[65], anchor[65];
	uint32_t version;
	int64_t at_us;
};

struct lsstore {
	struct rv_duty *duty;
	struct rv_bus *bus;
	struct ls_store store;
	struct rv_serve *serve;
	struct rv_ops *ops;
	unsigned open_ops; /* at the writer thread */
	uv_timer_t timer;
	unsigned ticks;

	struct ls_operator operators[LS_OPERATORS_MAX];
	struct ls_source sources[LS_OPERATORS_MAX]; /* the same order */
	size_t source_count;

	/* Written to the store many at a time: `flushing` belongs to the writer thread. */
	struct given *given, *flushing;
	size_t given_count, flushing_count;
	bool is_flushing;

	char file[PATH_MAX]; /* "" = none; then sources[0] is it */
	struct stat file_stat;

	struct ls_counts counts[LS_OPERATORS_MAX], counting[LS_OPERATORS_MAX];
	bool is_counting;

	bool is_stopping, is_serving, is_timer_open;
	uint64_t solicits, given_dropped;
};

/* A rv_ops_fn; `arg` is the struct lsstore. */
void lsstore_on_op(void *arg, struct rv_ops_call *call, const struct rv_contract_op *op,
		   const void *in);

/* lsstore_given.c. -ENOMEM. */
int lsstore_given_init(struct lsstore *s) RV_MUSTCHECK;
void lsstore_given_deinit(struct lsstore *s);
/* To be kept in the store, soon. What cannot be is counted: the device's next call will do. */
void lsstore_keep_given(struct lsstore *s, struct ls_source *source,
			const struct ls_outcome *outcome);
/* Unless that is under way: to the store with all there is. */
void lsstore_flush_given(struct lsstore *s);

/* lsstore_file.c. Read it for the first time; `name` relative to the state directory. */
int lsstore_open_file(struct lsstore *s, const char *name, struct rv_diag *diag) RV_MUSTCHECK;
/* Read it if it has changed. An invalid one changes nothing; the LS goes on with what it had. */
void lsstore_look_at_file(struct lsstore *s);

/* While stopping: end the duty if nothing of it is under way any more. */
void lsstore_settle(struct lsstore *s);

/* Count for the next reader of the metrics; on the writer thread, so it takes a moment. */
void lsstore_count(struct lsstore *s);
void lsstore_metrics(void *state, struct rv_buf *out);

#endif
