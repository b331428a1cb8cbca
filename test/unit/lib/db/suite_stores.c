/* Stores: open, lock, migrate, and what is left after kill -9. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rand.h"
#include "base/time.h"
#include "suite.h"

enum { KILLS = 12, IN_FLIGHT = 64 };

/* Nothing given back, `code`, and a text that holds `word`. */
static void expect_refusal(const struct rv_db_opt *opt, int code, const char *word)
{
	struct rv_db *db = (struct rv_db *)opt; /* some value */
	struct rv_diag diag = { 0 };

	assert_int_equal(rv_db_open(opt, &db, &diag), code);
	assert_ptr_equal(db, opt);
	if (strstr(diag.text, word) == NULL)
		fail_msg("'%s' does not name '%s'", diag.text, word);
	assert_non_null(diag.key);
}

static const struct {
	const char *url;
	int code;
	const char *word;
} bad_urls[] = {
	{ "", RV_EINVALID, "''" },
	{ "/var/lib/rs.db", RV_EINVALID, "/var/lib/rs.db" },
	{ "sqlite:", RV_EINVALID, "sqlite:" },
	{ "mysql:host=x", RV_EUNSUPPORTED, "mysql" },
	{ ":x", RV_EUNSUPPORTED, "':" },
	{ "SQLITE:/x", RV_EUNSUPPORTED, "SQLITE" },
};

static void a_bad_url_is_named(void **state)
{
	struct fix *f = *state;
	struct rv_db_opt opt = fix_opt(f);

	for (size_t i = 0; i < RV_ARRAY_LEN(bad_urls); i++) {
		opt.url = bad_urls[i].url;
		expect_refusal(&opt, bad_urls[i].code, bad_urls[i].word);
	}
}

static void a_store_is_opened_once(void **state)
{
	struct fix *f = *state;
	struct rv_db_opt opt = fix_opt(f);
	char pid[32];

	snprintf(pid, sizeof(pid), "process %d", getpid());
	expect_refusal(&opt, RV_EBUSY, pid);
	fix_close(f);
	fix_open(f);
}

static void a_store_works_without_a_loop(void **state)
{
	struct fix *f = *state;
	struct rv_db_opt opt = fix_opt(f);
	int64_t id = 5;

	fix_close(f);
	opt.loop = NULL;
	assert_int_equal(rv_db_open(&opt, &f->db, NULL), RV_OK);
	assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_OK);
	assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_EEXISTS);
	assert_int_equal(count_now(f), 1);
	rv_db_close(f->db);
	f->db = NULL;
	rv_db_close(NULL);
	fix_open(f);
	assert_int_equal(count_now(f), 1);
}

static void a_wrong_statement_is_named_at_open(void **state)
{
	struct fix *f = *state;
	struct rv_db_stmt bad = { .name = "thing.bad",
				  .sqlite = "SELECT nothing FROM nowhere",
				  .postgresql = "SELECT nothing FROM nowhere" };
	struct rv_db_stmt *const table[] = { &insert_thing, &bad };
	struct rv_db_opt opt = fix_opt(f);

	fix_close(f);
	opt.statements = table;
	opt.statement_count = 2;
	expect_refusal(&opt, RV_EDB, "thing.bad");
	fix_open(f); /* the lock was given back */
}

/* -- migrations --------------------------------------------------------------------------- */

#define BOTH(text) .sqlite = text, .postgresql = text

static void migrations_are_applied_once_and_new_ones_added(void **state)
{
	struct fix *f = *state;
	struct rv_db_migration more[3] = { migrations[0],
					   migrations[1],
					   { 3, "0003-more",
					     BOTH("ALTER TABLE thing ADD COLUMN more BIGINT;"
						  "UPDATE thing SET more = 1;") } };
	struct rv_db_opt opt = fix_opt(f);
	int64_t id = 5;

	assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_OK);
	fix_close(f);
	opt.migrations = more;
	opt.migration_count = 3;
	for (int i = 0; i < 2; i++) { /* a second ADD COLUMN would fail */
		assert_int_equal(rv_db_open(&opt, &f->db, NULL), RV_OK);
		assert_int_equal(count_now(f), 1);
		fix_close(f);
	}
	opt.migration_count = 2; /* yesterday's program */
	expect_refusal(&opt, RV_EVERSION, "0003-more");
	opt.migration_count = 0;
	opt.statement_count = 0;
	expect_refusal(&opt, RV_EVERSION, "0001-things");
}

static void a_changed_migration_is_refused_and_named(void **state)
{
	struct fix *f = *state;
	struct rv_db_migration changed[2] = { migrations[0], migrations[1] };
	struct rv_db_opt opt = fix_opt(f);

	fix_close(f);
	changed[1].sqlite = changed[1].postgresql = "CREATE TABLE child (id BIGINT PRIMARY KEY);";
	opt.migrations = changed;
	expect_refusal(&opt, RV_ECORRUPT, "0002-children");
	fix_open(f);
}

static void a_failed_migration_leaves_nothing_behind(void **state)
{
	struct fix *f = *state;
	struct rv_db_migration bad[3] = { migrations[0],
					  migrations[1],
					  { 3, "0003-bad",
					    BOTH("CREATE TABLE half (id BIGINT);"
						 "CREATE TABLE thing (id BIGINT);") } };
	struct rv_db_opt opt = fix_opt(f);

	fix_close(f);
	opt.migrations = bad;
	opt.migration_count = 3;
	expect_refusal(&opt, RV_EDB, "0003-bad");
	bad[2].sqlite = bad[2].postgresql =
		"CREATE TABLE half (id BIGINT);"; /* not there: undone */
	assert_int_equal(rv_db_open(&opt, &f->db, NULL), RV_OK);
}

/* -- other processes ---------------------------------------------------------------------- */

/* A child that inserts id, id + 1, ... with IN_FLIGHT under way and writes each acknowledged id to
 * fd. */
struct writer {
	struct fix fix;
	int fd;
	int64_t next;
	int64_t ids[IN_FLIGHT];
};

static void put_next(struct writer *w, int64_t *slot);

static struct writer *the_writer; /* the child's */

static void acknowledged(void *arg, int status)
{
	int64_t *slot = arg;

	if (status != RV_OK || write(the_writer->fd, slot, sizeof(*slot)) != sizeof(*slot))
		_exit(3);
	put_next(the_writer, slot);
}

static void put_next(struct writer *w, int64_t *slot)
{
	*slot = w->next++;
	if (rv_db_submit(w->fix.db, insert_id, acknowledged, slot) != RV_OK)
		_exit(2);
}

static void writer_main(const char *url, int fd, int64_t first)
{
	struct writer *w = calloc(1, sizeof(*w));
	struct rv_db_opt opt;

	alarm(HANG_S);
	the_writer = w;
	strcpy(w->fix.url, url);
	uv_loop_init(&w->fix.loop);
	opt = fix_opt(&w->fix);
	if (rv_db_open(&opt, &w->fix.db, NULL) != RV_OK)
		_exit(1);
	w->fd = fd;
	w->next = first;
	for (size_t i = 0; i < IN_FLIGHT; i++)
		put_next(w, &w->ids[i]);
	uv_run(&w->fix.loop, UV_RUN_DEFAULT);
	_exit(4);
}

static pid_t start_writer(const struct fix *f, int64_t first, int *fd)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		writer_main(f->url, fds[1], first);
	}
	close(fds[1]);
	*fd = fds[0];
	return pid;
}

/* Ids come without holes: the last one stands for all. -1 at the end of the pipe. */
static int64_t read_last(int fd, int64_t last)
{
	int64_t ids[512];
	ssize_t n = read(fd, ids, sizeof(ids));

	if (n <= 0)
		return -1;
	assert_int_equal(n % (ssize_t)sizeof(*ids), 0);
	for (size_t i = 0; i < (size_t)n / sizeof(*ids); i++)
		assert_int_equal(ids[i], ++last);
	return last;
}

static int64_t read_until(int fd, int64_t last, int64_t end_us)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (rv_time_boot_us() < end_us) {
		int64_t now;

		if (poll(&p, 1, 1) < 1)
			continue;
		now = read_last(fd, last);
		if (now < 0)
			break;
		last = now;
	}
	return last;
}

struct seen {
	int64_t next;
};

static int take_next(const struct rv_db_row *row, void *arg)
{
	struct seen *seen = arg;

	return rv_db_col_int(row, 0) == seen->next++ ? RV_OK : RV_ECORRUPT;
}

static int check_ids(struct rv_db_tx *tx, void *arg)
{
	return rv_db_query(tx, &select_range, RV_DB_PARAMS(RV_DB_I(0), RV_DB_I(INT64_MAX)),
			   take_next, arg);
}

static void what_was_acknowledged_survives_kill_9_at_any_moment(void **state)
{
	struct fix *f = *state;
	uint64_t seed = (uint64_t)rv_time_utc_us();
	struct rv_rand rand;
	int64_t stored = 0;

	print_message("# seed %llu\n", (unsigned long long)seed);
	rv_rand_seed(&rand, seed);
	fix_close(f);
	for (int i = 0; i < KILLS; i++) {
		struct seen seen = { 0 };
		int64_t last;
		int64_t more;
		int fd;
		pid_t pid = start_writer(f, stored, &fd);

		last = read_last(fd, stored - 1); /* it is open and at work */
		assert_true(last >= 0);
		last = read_until(fd, last,
				  rv_time_boot_us() + (int64_t)rv_rand_below(&rand, 40000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while ((more = read_last(fd, last)) >= 0) /* what it said before it died */
			last = more;
		close(fd);
		fix_open(f); /* the dead one's lock is gone with it */
		assert_int_equal(rv_db_run(f->db, check_ids, &seen), RV_OK); /* no holes */
		assert_true(seen.next > last);
		stored = seen.next;
		fix_close(f);
	}
	print_message("# %lld rows\n", (long long)stored);
}

static void another_process_is_refused_and_told_who_has_the_store(void **state)
{
	struct fix *f = *state;
	struct rv_db_opt opt = fix_opt(f);
	char word[32];
	int fd;
	pid_t pid;

	fix_close(f);
	pid = start_writer(f, 0, &fd);
	assert_true(read_last(fd, -1) >= 0);
	snprintf(word, sizeof(word), "process %d", pid);
	expect_refusal(&opt, RV_EBUSY, word);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	fix_open(f);
}

size_t suite_stores(const struct CMUnitTest **out)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fix_setup, fix_teardown)
	static const struct CMUnitTest tests[] = {
		T(a_bad_url_is_named),
		T(a_store_is_opened_once),
		T(a_store_works_without_a_loop),
		T(a_wrong_statement_is_named_at_open),
		T(migrations_are_applied_once_and_new_ones_added),
		T(a_changed_migration_is_refused_and_named),
		T(a_failed_migration_leaves_nothing_behind),
		T(what_was_acknowledged_survives_kill_9_at_any_moment),
		T(another_process_is_refused_and_told_who_has_the_store),
	};

	*out = tests;
	return RV_ARRAY_LEN(tests);
}
