/* Durable changes on PostgreSQL: our store against a bare libpq pipeline.
 *
 * A change is a row updated and three rows inserted. ours  rv_db_submit with 512 in flight; each
 * item puts its four statements. bare  the same statements, prepared, in one pipeline and one
 * transaction per group of the size that ours had. Both on one server, started here, each round on
 * a fresh database; they take turns. A store gives each item a savepoint, which bare does not: that
 * is what the ratio of wall time mostly shows. CPU is that of the client alone.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/time.h"
#include "log/log.h"
#include "test/unit/lib/db/pg_backend.h"

enum { CHANGES = 20000, IN_FLIGHT = 512, ROUNDS = 5 };

#define SCHEMA                                                                                     \
	"CREATE TABLE state (device BIGINT PRIMARY KEY, seen BIGINT);"                             \
	"CREATE TABLE event (id BIGINT PRIMARY KEY, what TEXT);"                                   \
	"CREATE TABLE outbox (id BIGINT PRIMARY KEY, what TEXT);"                                  \
	"CREATE TABLE audit (id BIGINT PRIMARY KEY, what TEXT);"                                   \
	"INSERT INTO state SELECT i, 0 FROM generate_series(0, 9999) AS i;"

static struct rv_db_stmt update_state = {
	.name = "state", .sqlite = "UPDATE state SET seen = ?2 WHERE device = ?1"
};
static struct rv_db_stmt insert_event = {
	.name = "event", .sqlite = "INSERT INTO event (id, what) VALUES (?1, ?2)"
};
static struct rv_db_stmt insert_outbox = {
	.name = "outbox", .sqlite = "INSERT INTO outbox (id, what) VALUES (?1, ?2)"
};
static struct rv_db_stmt insert_audit = {
	.name = "audit", .sqlite = "INSERT INTO audit (id, what) VALUES (?1, ?2)"
};
static struct rv_db_stmt *const texts[] = { &update_state, &insert_event, &insert_outbox,
					    &insert_audit };
static const struct rv_db_migration migration = { 1, "0001-bench", SCHEMA, SCHEMA };
static const char words[] = "a pull that was answered with code 100, by proxy 0, for a device that "
			    "has a startup config of one module";

struct figures {
	double cpu_s, wall_s;
	unsigned group;
};

static double cpu_now(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

/* -- ours --------------------------------------------------------------------------------- */

static struct {
	struct rv_db *db;
	int64_t next;
	unsigned done;
} load;

static int change_work(struct rv_db_tx *tx, void *arg)
{
	struct rv_db_value id = RV_DB_I((intptr_t)arg), what = RV_DB_T(rv_str(words));
	int err = rv_db_put(tx, &update_state, RV_DB_PARAMS(RV_DB_I(id.i % 10000), id));

	for (unsigned i = 1; i < 4 && err == RV_OK; i++)
		err = rv_db_put(tx, texts[i], RV_DB_PARAMS(id, what));
	return err;
}

static void on_done(void *arg, int status);

static void submit(void)
{
	void *id = (void *)(intptr_t)load.next++;

	if (rv_db_submit(load.db, change_work, on_done, id) != RV_OK)
		abort();
}

static void on_done(void *arg, int status)
{
	(void)arg;
	if (status != RV_OK)
		abort();
	load.done++;
	if (load.next < CHANGES)
		submit();
}

static void run_ours(const char *url, struct figures *out)
{
	uv_loop_t loop;
	struct rv_db_opt opt = {
		.url = url,
		.migrations = &migration,
		.migration_count = 1,
		.statements = texts,
		.statement_count = RV_ARRAY_LEN(texts),
		.loop = &loop,
	};
	struct rv_db_stats before, after;
	struct rv_diag diag = { 0 };
	int64_t start_us;

	uv_loop_init(&loop);
	load.next = load.done = 0;
	if (rv_db_open(&opt, &load.db, &diag) != RV_OK) {
		fprintf(stderr, "bench_pg: %s\n", diag.text);
		exit(1);
	}
	rv_db_stats(load.db, &before);
	out->cpu_s = -cpu_now();
	start_us = rv_time_boot_us();
	for (unsigned i = 0; i < IN_FLIGHT; i++)
		submit();
	while (load.done < CHANGES)
		uv_run(&loop, UV_RUN_ONCE);
	out->wall_s = (double)(rv_time_boot_us() - start_us) / 1e6;
	out->cpu_s += cpu_now();
	rv_db_stats(load.db, &after);
	out->group = CHANGES / (unsigned)(after.commits - before.commits);
	rv_db_close(load.db);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

/* -- bare --------------------------------------------------------------------------------- */

static void bare_send(PGconn *pg, const char *name, const char *id, const char *other)
{
	const char *values[] = { id, other };

	if (PQsendQueryPrepared(pg, name, 2, values, NULL, NULL, 0) == 0)
		abort();
}

static void bare_control(PGconn *pg, const char *name)
{
	if (PQsendQueryPrepared(pg, name, 0, NULL, NULL, NULL, 0) == 0)
		abort();
}

static void bare_read(PGconn *pg)
{
	for (;;) {
		PGresult *result = PQgetResult(pg);
		ExecStatusType status = PQresultStatus(result);

		PQclear(result);
		if (result == NULL)
			continue;
		if (status == PGRES_PIPELINE_SYNC)
			return;
		if (status != PGRES_COMMAND_OK)
			abort();
	}
}

static void run_bare(const char *url, struct figures *out)
{
	static const char *const prepared[][2] = {
		{ "begin", "BEGIN" },
		{ "commit", "COMMIT" },
		{ "state", "UPDATE state SET seen = $2 WHERE device = $1" },
		{ "event", "INSERT INTO event (id, what) VALUES ($1, $2)" },
		{ "outbox", "INSERT INTO outbox (id, what) VALUES ($1, $2)" },
		{ "audit", "INSERT INTO audit (id, what) VALUES ($1, $2)" },
	};
	PGconn *pg = PQconnectdb(strchr(url, ':') + 1);
	int64_t start_us;

	PQclear(PQexec(pg, SCHEMA));
	for (size_t i = 0; i < RV_ARRAY_LEN(prepared); i++)
		PQclear(PQprepare(pg, prepared[i][0], prepared[i][1], 0, NULL));
	PQenterPipelineMode(pg);
	out->cpu_s = -cpu_now();
	start_us = rv_time_boot_us();
	for (int id = 0; id < CHANGES;) {
		bare_control(pg, "begin");
		for (unsigned n = 0; n < out->group && id < CHANGES; n++, id++) {
			char text[16], device[16];

			snprintf(text, sizeof(text), "%d", id);
			snprintf(device, sizeof(device), "%d", id % 10000);
			bare_send(pg, "state", device, text);
			for (unsigned i = 1; i < 4; i++)
				bare_send(pg, texts[i]->name, text, words);
		}
		bare_control(pg, "commit");
		PQpipelineSync(pg);
		bare_read(pg);
	}
	out->wall_s = (double)(rv_time_boot_us() - start_us) / 1e6;
	out->cpu_s += cpu_now();
	PQfinish(pg);
}

/* -- both --------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *figure, double *values, const char *unit, double budget)
{
	qsort(values, ROUNDS, sizeof(*values), by_value);
	printf("# pg.%s min %.3g max %.3g\n", figure, values[0], values[ROUNDS - 1]);
	printf("pg.%s %.3f %s budget %.3f %s\n", figure, values[ROUNDS / 2], unit, budget,
	       values[ROUNDS / 2] >= budget ? "ok" : "short");
}

int main(void)
{
	double cpu[ROUNDS], wall[ROUNDS], rate[ROUNDS];

	rv_log_init("bench", RV_LOG_WARN, RV_LOG_LOGFMT, 2);
	if (!pg_start())
		return 1;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct figures ours = { 0 }, bare = { 0 };
		char url[URL_MAX];

		pg_backend.fresh(url);
		run_ours(url, &ours);
		pg_backend.fresh(url);
		bare.group = ours.group;
		run_bare(url, &bare);
		cpu[i] = bare.cpu_s / ours.cpu_s;
		wall[i] = bare.wall_s / ours.wall_s;
		rate[i] = CHANGES / ours.wall_s;
		printf("# round %u, groups of %u: ours %.2f CPU s, %.2f s; bare %.2f CPU s, %.2f "
		       "s\n",
		       i + 1, ours.group, ours.cpu_s, ours.wall_s, bare.cpu_s, bare.wall_s);
		fflush(stdout);
	}
	pg_stop();
	report("wall-ratio", wall, "bare/ours", 0.60);
	report("cpu-ratio", cpu, "bare/ours", 0.40);
	report("changes", rate, "/s", 3000);
	return 0;
}
