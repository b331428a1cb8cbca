#include "server/serve/serve.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/metric.h"
#include "log/log.h"

/* What the bus hands back with a call. */
struct binding {
	struct rv_serve *serve;
	const struct rv_serve_method *method;
};

struct rv_serve {
	struct rv_serve_opt opt;
	struct rv_serve_stats stats;
	atomic_size_t held; /* by all jobs; both threads count */
	bool is_stopping;
	void (*idle)(void *arg);
	void *idle_arg;
	struct binding bindings[]; /* one per method */
};

/* Without `own`, which are a job's that is let in already. */
static bool is_full(struct rv_serve *serve, size_t own)
{
	return atomic_load(&serve->held) - own >= serve->opt.held_max;
}

/* What it holds now, by whoever owns it now. */
static void count_held(struct rv_serve_job *job)
{
	size_t now = job->arena.used + job->reply.len;

	atomic_fetch_add(&job->serve->held, now - job->held); /* modulo: may also fall */
	job->held = now;
}

static void end_job(struct rv_serve_job *job)
{
	struct rv_serve *serve = job->serve;

	atomic_fetch_sub(&serve->held, job->held);
	rv_arena_wipe(&job->arena);
	rv_buf_deinit(&job->reply);
	free(job);
	serve->stats.open--;
	if (serve->is_stopping && serve->stats.open == 0)
		serve->idle(serve->idle_arg);
}

void rv_serve_encode(struct rv_serve_job *job)
{
	rv_buf_clear(&job->reply);
	/* What it says lies in the arena. Room at once: a wiping buffer that grows copies and wipes
	 * at each step. */
	(void)rv_buf_reserve(&job->reply, job->arena.used);
	rv_contract_encode(job->method->out, job->out, &job->reply);
}

void rv_serve_answer(struct rv_serve_job *job, int status)
{
	if (status == RV_OK)
		status = job->reply.err;
	if (status == RV_EBUSY) {
		job->serve->stats.refused++;
	} else if (status != RV_OK) {
		job->serve->stats.failed++;
		rv_log(RV_LOG_ERROR, job->serve->opt.event, RV_KS("method", job->method->name),
		       RV_KS("error", rv_err_name(status)));
	}
	rv_fail_point("serve.call.decided");
	rv_bus_reply(job->call, status,
		     status == RV_OK ? rv_buf_str(&job->reply) : (struct rv_str){ 0 });
	end_job(job);
}

static int work(struct rv_db_tx *tx, void *arg)
{
	struct rv_serve_job *job = arg;
	int err;

	if (is_full(job->serve, job->held))
		return RV_EBUSY;
	err = job->method->run(tx, job);
	if (err == RV_OK)
		rv_serve_encode(job);
	count_held(job);
	return err;
}

static void work_done(void *arg, int status)
{
	struct rv_serve_job *job = arg;

	if (job->method->done != NULL)
		job->method->done(job, status);
	else
		rv_serve_answer(job, status);
}

static int prepare(struct rv_serve_job *job, struct rv_str body)
{
	struct rv_str copy = rv_arena_str(&job->arena, body);

	job->in = rv_arena_alloc(&job->arena, job->method->in->size);
	job->out = rv_arena_alloc(&job->arena, job->method->out->size);
	if (copy.ptr == NULL || job->in == NULL || job->out == NULL)
		return -ENOMEM;
	return rv_contract_decode(job->method->in, copy, &job->arena, job->in);
}

static void on_call(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	const struct binding *b = arg;
	struct rv_serve *serve = b->serve;
	struct rv_serve_job *job;
	unsigned instance;
	int err;

	serve->stats.calls++;
	rv_fail_point("serve.call.received");
	if (serve->stats.open >= serve->opt.jobs_max || serve->is_stopping || is_full(serve, 0)) {
		serve->stats.refused++;
		rv_bus_reply(call, RV_EBUSY, (struct rv_str){ 0 });
		return;
	}
	job = calloc(1, b->method->size);
	if (job == NULL) {
		rv_bus_reply(call, -ENOMEM, (struct rv_str){ 0 });
		return;
	}
	job->serve = serve;
	job->owner = serve->opt.owner;
	job->method = b->method;
	job->call = call;
	snprintf(job->peer, sizeof(job->peer), "%s", rv_bus_call_peer(call, &instance));
	job->reply.wipe = true;
	rv_arena_init(&job->arena, serve->opt.bytes_max);
	serve->stats.open++;
	err = prepare(job, body);
	count_held(job);
	if (err == RV_OK)
		err = b->method->is_patient
			      ? rv_db_submit_patient(serve->opt.db, work, work_done, job)
			      : rv_db_submit(serve->opt.db, work, work_done, job);
	if (err != RV_OK)
		rv_serve_answer(job, err);
}

int rv_serve_new(const struct rv_serve_opt *opt, struct rv_serve **out)
{
	struct rv_serve *serve = calloc(1, sizeof(*serve) +
						   opt->method_count * sizeof(struct binding));

	if (serve == NULL)
		return -ENOMEM;
	serve->opt = *opt;
	for (size_t i = 0; i < opt->method_count; i++) {
		assert(opt->methods[i].size >= sizeof(struct rv_serve_job));
		serve->bindings[i] = (struct binding){ serve, &opt->methods[i] };
		int err = rv_bus_serve(opt->bus, opt->methods[i].name, on_call,
				       &serve->bindings[i]);
		if (err != RV_OK) {
			free(serve);
			return err;
		}
	}
	*out = serve;
	return RV_OK;
}

void rv_serve_stop(struct rv_serve *serve, void (*idle)(void *arg), void *arg)
{
	serve->is_stopping = true;
	serve->idle = idle;
	serve->idle_arg = arg;
	if (serve->stats.open == 0)
		idle(arg);
}

void rv_serve_free(struct rv_serve *serve)
{
	if (serve == NULL)
		return;
	assert(serve->stats.open == 0);
	free(serve);
}

void rv_serve_stats(const struct rv_serve *serve, struct rv_serve_stats *out)
{
	*out = serve->stats;
}

void rv_serve_db_metrics(struct rv_db *db, const char *component, struct rv_buf *out)
{
	struct rv_db_stats s;

	rv_db_stats(db, &s);
	const struct rv_metric rows[] = {
		{ "db_commits_total", "Commits of the store.", s.commits },
		{ "db_items_total", "Jobs run by the writer.", s.items },
		{ "db_items_failed_total", "Jobs that failed and left nothing.", s.failed_items },
		{ "db_commits_failed_total", "Commits that failed.", s.failed_commits },
		{ "db_queued", "Jobs that wait for the writer.", s.queued },
		{ "db_wal_bytes", "Size of the write-ahead log.", s.wal_bytes },
		{ "db_losses_total", "Times the database went away.", s.losses },
		{ "db_away", "1 while the database is away.", s.is_away },
	};
	const struct rv_metric commit_time = { "db_commit_seconds_total", "Time spent in commits.",
					       s.commit_us };
	const struct rv_metric away_time = { "db_away_seconds_total", "Time without the database.",
					     s.away_us };
	const struct rv_metric away_now = { "db_away_now_seconds",
					    "Since the database went away; 0: it is here.",
					    s.away_now_us };

	rv_metric_put(out, component, rows, RV_ARRAY_LEN(rows));
	rv_metric_put_seconds(out, component, &commit_time);
	rv_metric_put_seconds(out, component, &away_time);
	rv_metric_put_seconds(out, component, &away_now);
	rv_metric_head(out, component, "db_driver", "How the store is kept.");
	rv_buf_printf(out, "reeve_%s_db_driver{driver=\"%s\"} 1\n", component, s.driver);
}
