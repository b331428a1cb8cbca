/* Durable changes: our store against bare SQLite (architecture section 10).
 *
 * A change is what the rs makes of one: a state row updated, an event, an outbox row and an audit
 * row inserted, over 100,000 devices in random order. ours  rv_db_submit with 512 in flight, each
 * answer submitting the next bare  the same statements, prepared, in transactions of the size that
 * ours had, WAL and synchronous=FULL, everything else as SQLite comes Each run is a process of its
 * own on a fresh copy of the same store; ours and bare take turns, five rounds each. The ratio is
 * of CPU seconds per change; `alone` is one change at a time.
 *
 * usage: bench_db [DIRECTORY]      where the stores are made; default $TMPDIR or /tmp
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rand.h"
#include "base/time.h"
#include "db/db.h"
#include "log/log.h"

enum {
	DEVICES = 100000,
	CHANGES = 100000,
	IN_FLIGHT = 512,
	ALONE = 2000,
	ROUNDS = 5,
	BODY_BYTES = 200
};

static const char schema[] =
	"CREATE TABLE state (device INTEGER PRIMARY KEY, seen_us INTEGER, code INTEGER, pulls "
	"INTEGER);"
	"CREATE TABLE event (id INTEGER PRIMARY KEY, device INTEGER, at_us INTEGER, what TEXT, "
	"body BLOB);"
	"CREATE TABLE outbox (id INTEGER PRIMARY KEY, topic TEXT, body BLOB);"
	"CREATE TABLE audit (id INTEGER PRIMARY KEY, at_us INTEGER, who TEXT, what TEXT);"
	"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)"
	" INSERT INTO state SELECT i, 0, 0, 0 FROM n;";

static struct rv_db_stmt state_update = {
	.name = "state.update",
	.sqlite = "UPDATE state SET seen_us = ?2, code = ?3, pulls = pulls + 1 WHERE device = ?1",
};
static struct rv_db_stmt event_insert = {
	.name = "event.insert",
	.sqlite = "INSERT INTO event (id, device, at_us, what, body) VALUES (?1, ?2, ?3, ?4, ?5)",
};
static struct rv_db_stmt outbox_insert = {
	.name = "outbox.insert",
	.sqlite = "INSERT INTO outbox (id, topic, body) VALUES (?1, ?2, ?3)",
};
static struct rv_db_stmt audit_insert = {
	.name = "audit.insert",
	.sqlite = "INSERT INTO audit (id, at_us, who, what) VALUES (?1, ?2, ?3, ?4)",
};
static struct rv_db_stmt *const statements[] = { &state_update, &event_insert, &outbox_insert,
						 &audit_insert };
static const struct rv_db_migration migration = { 1, "0001-bench", .sqlite = schema };

static const char body[BODY_BYTES];

struct change {
	int64_t id;
	int64_t device;
	int64_t start_us;
};

/* What a run tells its parent. */
struct figures {
	double cpu_s;
	double wall_s;
	unsigned commits;
	int64_t alone_p99_us;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_db: %s: %s\n", what, why);
	exit(1);
}

static double cpu_seconds(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

/* -- ours --------------------------------------------------------------------------------- */

static int change_work(struct rv_db_tx *tx, void *arg)
{
	const struct change *c = arg;
	struct rv_str blob = { body, sizeof(body) };
	int err = rv_db_exec(tx, &state_update,
			     RV_DB_PARAMS(RV_DB_I(c->device), RV_DB_I(c->id), RV_DB_I(100)), NULL);

	if (err == RV_OK)
		err = rv_db_exec(tx, &event_insert,
				 RV_DB_PARAMS(RV_DB_I(c->id), RV_DB_I(c->device), RV_DB_I(c->id),
					      RV_DB_T(RV_STR_LIT("device.pulled")), RV_DB_B(blob)),
				 NULL);
	if (err == RV_OK)
		err = rv_db_exec(tx, &outbox_insert,
				 RV_DB_PARAMS(RV_DB_I(c->id), RV_DB_T(RV_STR_LIT("rs.devices")),
					      RV_DB_B(blob)),
				 NULL);
	if (err == RV_OK)
		err = rv_db_exec(tx, &audit_insert,
				 RV_DB_PARAMS(RV_DB_I(c->id), RV_DB_I(c->id),
					      RV_DB_T(RV_STR_LIT("proxy.0")),
					      RV_DB_T(RV_STR_LIT("pull answered with 100"))),
				 NULL);
	return err;
}

struct load {
	struct rv_db *db;
	struct rv_rand rand;
	struct change changes[IN_FLIGHT];
	unsigned to_submit;
	unsigned to_come;
	int64_t *took_us; /* NULL: not wanted */
};

static struct load load;

static void submit(struct change *c);

static void on_done(void *arg, int status)
{
	struct change *c = arg;

	if (status != RV_OK)
		die("change", rv_err_name(status));
	load.to_come--;
	if (load.took_us != NULL)
		load.took_us[load.to_come] = rv_time_boot_us() - c->start_us;
	if (load.to_submit > 0)
		submit(c);
}

static void submit(struct change *c)
{
	static int64_t next_id = 1;
	int err;

	load.to_submit--;
	*c = (struct change){ next_id++, (int64_t)rv_rand_below(&load.rand, DEVICES),
			      rv_time_boot_us() };
	err = rv_db_submit(load.db, change_work, on_done, c);
	if (err != RV_OK)
		die("submit", rv_err_name(err));
}

static void run_load(uv_loop_t *loop, unsigned n, unsigned in_flight, int64_t *took_us)
{
	load.to_submit = load.to_come = n;
	load.took_us = took_us;
	for (unsigned i = 0; i < in_flight; i++)
		submit(&load.changes[i]);
	while (load.to_come > 0)
		uv_run(loop, UV_RUN_ONCE);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void run_ours(const char *url, unsigned unused, struct figures *out)
{
	static int64_t took_us[ALONE];
	uv_loop_t loop;
	struct rv_db_opt opt = {
		.url = url,
		.migrations = &migration,
		.migration_count = 1,
		.statements = statements,
		.statement_count = RV_ARRAY_LEN(statements),
		.loop = &loop,
	};
	struct rv_db_stats before;
	struct rv_db_stats after;
	struct rv_diag diag = { 0 };
	int64_t start_us;

	(void)unused;
	uv_loop_init(&loop);
	if (rv_db_open(&opt, &load.db, &diag) != RV_OK)
		die("open", diag.text);
	rv_rand_seed(&load.rand, 1);
	rv_db_stats(load.db, &before);
	out->cpu_s = -cpu_seconds();
	start_us = rv_time_boot_us();
	run_load(&loop, CHANGES, IN_FLIGHT, NULL);
	out->wall_s = (double)(rv_time_boot_us() - start_us) / 1e6;
	out->cpu_s += cpu_seconds();
	rv_db_stats(load.db, &after);
	out->commits = (unsigned)(after.commits - before.commits);
	run_load(&loop, ALONE, 1, took_us);
	qsort(took_us, ALONE, sizeof(*took_us), by_value);
	out->alone_p99_us = took_us[ALONE * 99 / 100];
	rv_db_close(load.db);
	uv_run(&loop, UV_RUN_DEFAULT);
}

/* -- bare --------------------------------------------------------------------------------- */

static sqlite3 *bare_db;

static void bare_exec(const char *sql)
{
	if (sqlite3_exec(bare_db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(sql, sqlite3_errmsg(bare_db));
}

static void bare_step(sqlite3_stmt *stmt)
{
	if (sqlite3_step(stmt) != SQLITE_DONE)
		die("step", sqlite3_errmsg(bare_db));
	sqlite3_reset(stmt);
}

static void bare_change(sqlite3_stmt **s, int64_t id, int64_t device)
{
	sqlite3_bind_int64(s[0], 1, device);
	sqlite3_bind_int64(s[0], 2, id);
	sqlite3_bind_int64(s[0], 3, 100);
	bare_step(s[0]);
	sqlite3_bind_int64(s[1], 1, id);
	sqlite3_bind_int64(s[1], 2, device);
	sqlite3_bind_int64(s[1], 3, id);
	sqlite3_bind_text(s[1], 4, "device.pulled", -1, SQLITE_STATIC);
	sqlite3_bind_blob(s[1], 5, body, sizeof(body), SQLITE_STATIC);
	bare_step(s[1]);
	sqlite3_bind_int64(s[2], 1, id);
	sqlite3_bind_text(s[2], 2, "rs.devices", -1, SQLITE_STATIC);
	sqlite3_bind_blob(s[2], 3, body, sizeof(body), SQLITE_STATIC);
	bare_step(s[2]);
	sqlite3_bind_int64(s[3], 1, id);
	sqlite3_bind_int64(s[3], 2, id);
	sqlite3_bind_text(s[3], 3, "proxy.0", -1, SQLITE_STATIC);
	sqlite3_bind_text(s[3], 4, "pull answered with 100", -1, SQLITE_STATIC);
	bare_step(s[3]);
}

static void run_bare(const char *url, unsigned commits, struct figures *out)
{
	sqlite3_stmt *s[RV_ARRAY_LEN(statements)];
	unsigned group = (CHANGES + commits - 1) / commits;
	struct rv_rand rand;
	int64_t start_us;

	if (sqlite3_open(url + strlen("sqlite:"), &bare_db) != SQLITE_OK)
		die("open", sqlite3_errmsg(bare_db));
	bare_exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
	bare_exec(schema);
	for (size_t i = 0; i < RV_ARRAY_LEN(statements); i++)
		if (sqlite3_prepare_v2(bare_db, statements[i]->sqlite, -1, &s[i], NULL) !=
		    SQLITE_OK)
			die("prepare", sqlite3_errmsg(bare_db));
	rv_rand_seed(&rand, 1);
	out->cpu_s = -cpu_seconds();
	start_us = rv_time_boot_us();
	for (int64_t id = 1; id <= CHANGES; out->commits++) {
		bare_exec("BEGIN");
		for (unsigned i = 0; i < group && id <= CHANGES; i++, id++)
			bare_change(s, id, (int64_t)rv_rand_below(&rand, DEVICES));
		bare_exec("COMMIT");
	}
	out->wall_s = (double)(rv_time_boot_us() - start_us) / 1e6;
	out->cpu_s += cpu_seconds();
	for (size_t i = 0; i < RV_ARRAY_LEN(statements); i++)
		sqlite3_finalize(s[i]);
	sqlite3_close(bare_db);
}

/* -- both --------------------------------------------------------------------------------- */

static struct figures in_process(const char *dir, unsigned commits,
				 void (*run)(const char *, unsigned, struct figures *))
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
	struct figures figures = { 0 };
	char url[512];
	int fds[2];
	pid_t pid;

	snprintf(url, sizeof(url), "sqlite:%s/reeve-bench-%d.db", dir, (int)getpid());
	if (pipe(fds) != 0)
		die("pipe", "failed");
	pid = fork();
	if (pid == 0) {
		run(url, commits, &figures);
		_exit(write(fds[1], &figures, sizeof(figures)) != sizeof(figures));
	}
	close(fds[1]);
	if (read(fds[0], &figures, sizeof(figures)) != sizeof(figures))
		die("run", "ended early");
	close(fds[0]);
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < RV_ARRAY_LEN(suffixes); i++) {
		char path[600];

		snprintf(path, sizeof(path), "%s%s", url + strlen("sqlite:"), suffixes[i]);
		unlink(path);
	}
	return figures;
}

static int by_double(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *figure, double *values, const char *unit, double budget, bool is_max)
{
	double median;
	bool is_ok;

	qsort(values, ROUNDS, sizeof(*values), by_double);
	median = values[ROUNDS / 2];
	is_ok = is_max ? median <= budget : median >= budget;
	printf("# db.%s min %.3g max %.3g\n", figure, values[0], values[ROUNDS - 1]);
	printf("db.%s %.3f %s budget %.3f %s\n", figure, median, unit, budget,
	       is_ok ? "ok" : "short");
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	const char *dir = argc > 1 ? argv[1] : tmp != NULL ? tmp : "/tmp";
	double ratio[ROUNDS];
	double rate[ROUNDS];
	double alone_ms[ROUNDS];

	rv_log_init("bench", RV_LOG_WARN, RV_LOG_LOGFMT, 2);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct figures ours = in_process(dir, 0, run_ours);
		struct figures bare = in_process(dir, ours.commits, run_bare);

		ratio[i] = bare.cpu_s / ours.cpu_s;
		rate[i] = CHANGES / ours.wall_s;
		alone_ms[i] = (double)ours.alone_p99_us / 1e3;
		printf("# round %u: ours %.2f CPU s, %.2f s, %u commits; bare %.2f CPU s, %.2f s, "
		       "%u commits\n",
		       i + 1, ours.cpu_s, ours.wall_s, ours.commits, bare.cpu_s, bare.wall_s,
		       bare.commits);
		fflush(stdout);
	}
	report("cpu-ratio", ratio, "bare/ours", 0.80, false);
	report("changes", rate, "/s", 12000, false);
	report("alone-p99", alone_ms, "ms", 10, true);
	return 0;
}
