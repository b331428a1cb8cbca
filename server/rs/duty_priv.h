/* duty_priv.h - the rs duty: the core on a loop, behind the bus. Private to duty.c,
 * duty_pull.c, filler.c and wait.c. */
#ifndef RV_RS_DUTY_PRIV_H
#define RV_RS_DUTY_PRIV_H

#include "base/time.h"
#include "server/rs/core.h"
#include "server/rs/wait.h"
#include "server/serve/serve.h"

enum {
	RS_JOBS_MAX = 512,
	RS_JOB_BYTES_MAX = 64 * 1024 * 1024,
	RS_HELD_BYTES_MAX = 256 * 1024 * 1024, /* of all jobs: a thousand pulls of 100 KB configs */
	RS_HOUR_MS = 3600 * 1000,
	RS_DAY_HOURS = 24,
	RS_SURVEY_ARENA_MAX = 4 * 1024 * 1024,
	RS_CA_MANY_TIMEOUT_US = 60 * 1000 * 1000, /* a filler waits for RSA keys */
	RS_CA_TIMEOUT_US = 5 * 1000 * 1000, /* a pull waits this long for its certificate at most */
};

struct rs_duty;

/* Makes certificates for devices that have none, or one that is due, in order of their ids: many at
 * a time, with one commit. While devices wait for answers it rests FILLER_REST times as long as it
 * has worked, so that it takes a bounded share from them; then
 * sleeps until it is kicked again. A round begins at the device it is kicked for: to make one more
 * among 100,000 must not look at them all. */
struct rs_filler {
	struct rs_duty *duty;
	bool is_busy;
	bool is_kicked; /* meanwhile: another round */
	struct rv_arena arena;
	int64_t after; /* device ids looked at so far */
	int64_t from;  /* the next round begins here */
	struct rs_missing missing[RS_CERTIFICATES_MANY];
	size_t missing_count;
	struct rv_ca_issue_many_out made; /* for the first of `missing`, in their order */
	int64_t began_us;                 /* boot time, of this turn */
	uv_timer_t *pause;                /* frees itself when closed */
};

int rs_filler_init(struct rs_filler *filler, struct rs_duty *duty) RV_MUSTCHECK;
/* The duty stops: what is under way ends by itself, then settles. */
void rs_filler_stop(struct rs_filler *filler);
/* `from`: the lowest device id that may lack one; 0 = any. */
void rs_filler_kick(struct rs_filler *filler, int64_t from);

struct rs_duty {
	struct rv_duty *duty;
	struct rv_bus *bus;
	struct rv_rs *rs;
	struct rv_serve *serve;
	struct rs_filler filler;
	struct rs_waits waits;
	struct rv_conf *conf;  /* whose strings rs->settings has */
	unsigned reloads;      /* on their way through the writer thread */
	enum rv_ca_key sa_key; /* the loop's own: the settings are the writer thread's */
	uint64_t pulls[RV_PULL_OUTCOME_FALLBACK + 1];
	uint64_t queries, operations, failed_operations, certificates;
	uv_timer_t *hour; /* for surveys; frees itself when closed */
	unsigned hours;   /* since the last survey of certificates */
	bool is_stopping, is_serving, is_surveying;
	/* Counting happens on the writer thread: `counting` is its, `counted` the loop's. */
	bool is_counting;
	struct rs_counted counting, counted;
};

/* A call of one of its methods. */
struct rs_job {
	struct rv_serve_job base;
	bool feed_changed;
	bool is_read; /* of the feed: a reader may have moved */
	/* rs.pull */
	struct rs_pull_extra extra;
	struct rv_ca_issued made;
	/* rs.op */
	int64_t wants_certificate; /* as in struct rs_ctx */
	struct rs_wait wait;
	struct rv_buf body;
	struct rv_diag diag;
};

static inline struct rs_job *rs_job_of(struct rv_serve_job *base)
{
	return (struct rs_job *)base;
}

/* For the core, on the writer thread. */
static inline struct rs_ctx rs_job_ctx(struct rv_db_tx *tx, struct rs_job *job)
{
	struct rs_duty *d = job->base.owner;

	return (struct rs_ctx){
		.rs = d->rs, .tx = tx, .arena = &job->base.arena, .now_us = rv_time_utc_us()
	};
}

/* A word for each outcome of a pull. */
extern const char *const rs_outcome_names[RV_PULL_OUTCOME_FALLBACK + 1];

/* The method rs.pull; as in struct rv_serve_method. */
int rs_run_pull(struct rv_db_tx *tx, struct rv_serve_job *base);
void rs_done_pull(struct rv_serve_job *base, int status);

/* Ask the ca; fn as with rv_bus_request. */
int rs_ask_ca(struct rs_duty *duty, struct rv_str distid, rv_bus_reply_fn fn,
	      void *arg) RV_MUSTCHECK;

/* As rv_duty_code.reload. */
int rs_duty_reload(void *state, struct rv_conf *conf, struct rv_diag *diag);

/* While stopping: end the duty if nothing of it is under way any more. */
void rs_duty_settle(struct rs_duty *duty);

#endif
