/* serve.h - bus methods that are work of a store.
 *
 *   bus call --decode--> run(tx) on the writer thread --commit--> done() on the loop --> answer
 *                        encodes the result, too
 *
 * The answer leaves after the commit only. At most `jobs_max` calls are worked on at a time, each
 * with at most `bytes_max` of memory; beyond them callers get RV_EBUSY or -ENOMEM at once. All
 * together may hold `held_max`: a call that finds it taken gets RV_EBUSY, too, and one that is
 * begun may pass it once. A job belongs to the writer thread between submit and done, to the loop
 * otherwise.
 */
#ifndef RV_SERVE_SERVE_H
#define RV_SERVE_SERVE_H

#include "base/arena.h"
#include "base/buf.h"
#include "bus/bus.h"
#include "contract/desc.h"
#include "db/db.h"

struct rv_serve;
struct rv_serve_job;

struct rv_serve_method {
	const char *name;
	const struct rv_contract_type *in, *out;
	size_t size; /* of the owner's job struct, which begins with struct rv_serve_job */
	/* On the writer thread; a failure undoes what it did. */
	int (*run)(struct rv_db_tx *tx, struct rv_serve_job *job);
	/* On the loop, after the commit or the failure; must lead to one rv_serve_answer(), now or
	 * later. NULL: answers at once. */
	void (*done)(struct rv_serve_job *job, int status);
	bool is_patient; /* rv_db_submit_patient: those who call will be many at a time */
};

struct rv_serve_job {
	struct rv_serve *serve;
	void *owner; /* of rv_serve_opt */
	const struct rv_serve_method *method;
	struct rv_bus_call *call;
	char peer[RV_BUS_NAME_MAX + 1]; /* the duty that calls */
	struct rv_arena arena;
	void *in, *out;      /* of the method's types, in the arena, `out` zeroed */
	struct rv_buf reply; /* `out` encoded; made after run() */
	size_t held;         /* bytes counted for it */
};

struct rv_serve_opt {
	struct rv_bus *bus;
	struct rv_db *db;
	void *owner;
	const struct rv_serve_method *methods;
	size_t method_count;
	unsigned jobs_max;
	size_t bytes_max;
	size_t held_max;
	const char *event; /* of the log line about a failed call: "rs.call.failed" */
};

int rv_serve_new(const struct rv_serve_opt *opt, struct rv_serve **out) RV_MUSTCHECK;
/* Refuse new calls; idle(arg) runs when the last job is answered: now, if there is none. */
void rv_serve_stop(struct rv_serve *serve, void (*idle)(void *arg), void *arg);
void rv_serve_free(struct rv_serve *serve); /* no job may be open; NULL allowed */

/* `out` was changed after run(): encode it again. */
void rv_serve_encode(struct rv_serve_job *job);
/* Answer with the reply (status RV_OK) or the failure, which is logged here unless it is RV_EBUSY;
 * ends the job. */
void rv_serve_answer(struct rv_serve_job *job, int status);

struct rv_serve_stats {
	uint64_t calls, failed, refused; /* refused: too many, or too large, at a time */
	unsigned open;
};
void rv_serve_stats(const struct rv_serve *serve, struct rv_serve_stats *out);

/* The figures of a store as metrics "reeve_<component>_db_...". */
void rv_serve_db_metrics(struct rv_db *db, const char *component, struct rv_buf *out);

#endif
