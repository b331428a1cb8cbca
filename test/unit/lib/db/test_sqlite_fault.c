/* SQLite on a disk that fails: writes, reads and fsyncs are made to fail in this process by
 * replacing the system calls under SQLite, and once for real by a limit on the size of files. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log/log.h"
#include "sqlite_backend.h"

enum { ROWS = 2000, PAGE_BYTES = 4096, LIMIT_BYTES = 4 * 1024 * 1024 };

/* -- the failing disk --------------------------------------------------------------------- */

static atomic_int write_errno; /* 0 = works */
static atomic_int read_errno;
static atomic_int sync_errno;
static atomic_int syncs; /* of any file */

static bool is_failing(const atomic_int *error)
{
	int e = atomic_load(error);

	if (e != 0)
		errno = e;
	return e != 0;
}

/* libsqlite3 finds these before libc's. */
int fdatasync(int fd)
{
	atomic_fetch_add(&syncs, 1);
	return is_failing(&sync_errno) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	atomic_fetch_add(&syncs, 1);
	return is_failing(&sync_errno) ? -1 : (int)syscall(SYS_fsync, fd);
}

static ssize_t bad_write(int fd, const void *buf, size_t len)
{
	return is_failing(&write_errno) ? -1 : write(fd, buf, len);
}

static ssize_t bad_pwrite(int fd, const void *buf, size_t len, off_t at)
{
	return is_failing(&write_errno) ? -1 : pwrite(fd, buf, len, at);
}

static ssize_t bad_read(int fd, void *buf, size_t len)
{
	return is_failing(&read_errno) ? -1 : read(fd, buf, len);
}

static ssize_t bad_pread(int fd, void *buf, size_t len, off_t at)
{
	return is_failing(&read_errno) ? -1 : pread(fd, buf, len, at);
}

static void replace_calls(void)
{
	static const struct {
		const char *name;
		sqlite3_syscall_ptr fn;
	} calls[] = {
		{ "write", (sqlite3_syscall_ptr)bad_write },
		{ "pwrite", (sqlite3_syscall_ptr)bad_pwrite },
		{ "pwrite64", (sqlite3_syscall_ptr)bad_pwrite },
		{ "read", (sqlite3_syscall_ptr)bad_read },
		{ "pread", (sqlite3_syscall_ptr)bad_pread },
		{ "pread64", (sqlite3_syscall_ptr)bad_pread },
	};
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	for (size_t i = 0; i < RV_ARRAY_LEN(calls); i++)
		vfs->xSetSystemCall(vfs, calls[i].name, calls[i].fn);
}

static int heal_and_teardown(void **state)
{
	atomic_store(&write_errno, 0);
	atomic_store(&read_errno, 0);
	atomic_store(&sync_errno, 0);
	return fix_teardown(state);
}

/* -- cases -------------------------------------------------------------------------------- */

static int read_only(struct rv_db_tx *tx, void *arg)
{
	(void)arg;
	return rv_db_exec(tx, &count_things, RV_DB_NO_PARAMS, NULL);
}

static void a_change_is_synced_before_its_answer_and_reading_syncs_nothing(void **state)
{
	struct fix *f = *state;

	for (int64_t id = 1; id <= 20; id++) {
		int before = atomic_load(&syncs);

		assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_OK);
		assert_true(atomic_load(&syncs) > before);
		before = atomic_load(&syncs);
		assert_int_equal(rv_db_run(f->db, read_only, NULL), RV_OK);
		assert_int_equal(atomic_load(&syncs), before);
	}
}

static int insert_page(struct rv_db_tx *tx, void *arg)
{
	static const char page[PAGE_BYTES];

	return rv_db_exec(tx, &insert_thing,
			  RV_DB_PARAMS(RV_DB_I(*(int64_t *)arg), RV_DB_N, RV_DB_I(0),
				       RV_DB_B(rv_strn(page, sizeof(page)))),
			  NULL);
}

struct answers {
	unsigned count;
	unsigned status_count[2]; /* RV_OK, RV_EDB */
};

static void take_answer(void *arg, int status)
{
	struct answers *a = arg;

	assert_true(status == RV_OK || status == RV_EDB);
	a->count++;
	a->status_count[status == RV_EDB]++;
}

static int insert_next(struct rv_db_tx *tx, void *arg)
{
	static int64_t next = 1000;
	int64_t id = next++;

	(void)arg;
	return insert_id(tx, &id);
}

static void assert_not_ready(struct fix *f, const char *words)
{
	const char *reason = rv_db_not_ready(f->db);

	if (reason == NULL || strstr(reason, words) == NULL)
		fail_msg("'%s' does not say '%s'", reason != NULL ? reason : "ready", words);
}

static void a_disk_full_at_commit_fails_the_whole_group_and_later_ones_go_on(void **state)
{
	struct fix *f = *state;
	struct answers answers = { 0 };
	struct rv_db_stats stats;
	struct gate *gate;
	int64_t id = 1;

	assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_OK);
	gate = gate_close(f);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(rv_db_submit(f->db, insert_next, take_answer, &answers), RV_OK);
	atomic_store(&write_errno, ENOSPC); /* the gate's own group writes nothing */
	gate_open(gate);
	run_until(f, &answers.count, 100);
	assert_int_equal(answers.status_count[1], 100);
	rv_db_stats(f->db, &stats);
	assert_int_equal(stats.failed_commits, 1);
	assert_int_equal(stats.failed_items, 100);
	assert_int_equal(count_now(f), 1); /* reading goes on meanwhile */
	assert_not_ready(f, "cannot be written since 2");
	assert_not_ready(f, ": the disk is full");

	atomic_store(&write_errno, 0);
	alarm(HANG_S);
	while (rv_db_not_ready(f->db) != NULL) /* it tries by itself */
		usleep(10000);
	alarm(0);
	id = 2;
	assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_OK);
	fix_close(f);
	fix_open(f);
	assert_int_equal(count_now(f), 2);
}

static void a_failed_fsync_stops_the_store_until_it_is_opened_again(void **state)
{
	struct fix *f = *state;
	int64_t id = 1;

	assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_OK);
	atomic_store(&sync_errno, EIO);
	id = 2;
	assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_EDB);
	atomic_store(&sync_errno, 0);
	assert_int_equal(rv_db_run(f->db, insert_id, &id),
			 RV_EDB); /* what it believes is not sure */
	assert_int_equal(rv_db_run(f->db, read_only, NULL), RV_EDB);
	usleep(1500000); /* what it tries by itself does not go well, either */
	assert_not_ready(f, "its commits fail");
	fix_close(f);
	fix_open(f);
	assert_null(rv_db_not_ready(f->db));
	id = 3;
	assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_OK);
	assert_int_equal(rv_db_run(f->db, insert_id, &(int64_t){ 1 }), RV_EEXISTS);
}

static atomic_uint written;

static int insert_written(struct rv_db_tx *tx, void *arg)
{
	int64_t id = atomic_fetch_add(&written, 1);

	(void)arg;
	return insert_page(tx, &id);
}

/* `n` more rows of a page each. Looks at the length of the log all the time. */
static void fill(struct fix *f, unsigned n)
{
	enum { FRAMES_MAX = 2 * 16384, FRAME_BYTES = 24 + PAGE_BYTES };
	struct answers answers = { 0 };
	unsigned submitted = 0;

	alarm(HANG_S);
	while (answers.count < n) {
		struct rv_db_stats stats;

		for (; submitted < n && submitted - answers.count < 1000; submitted++)
			assert_int_equal(rv_db_submit(f->db, insert_written, take_answer, &answers),
					 RV_OK);
		uv_run(&f->loop, UV_RUN_ONCE);
		rv_db_stats(f->db, &stats);
		assert_in_range(stats.wal_bytes, 0, FRAMES_MAX * FRAME_BYTES);
	}
	alarm(0);
	assert_int_equal(answers.status_count[0], n);
}

static int read_all(struct rv_db_tx *tx, void *arg)
{
	(void)arg;
	return rv_db_exec(tx, &update_thing, RV_DB_PARAMS(RV_DB_I(5), RV_DB_I(ROWS)), NULL);
}

static void a_page_that_cannot_be_read_fails_what_needs_it_and_no_more(void **state)
{
	struct fix *f = *state;

	fill(f, ROWS);
	fix_close(f);
	fix_open(f); /* nothing is cached */
	atomic_store(&read_errno, EIO);
	assert_int_equal(rv_db_run(f->db, read_all, NULL), RV_EDB);
	atomic_store(&read_errno, 0);
	assert_int_equal(rv_db_run(f->db, read_all, NULL), RV_OK);
	assert_int_equal(count_now(f), ROWS);
}

static void the_log_stays_short_under_steady_load(void **state)
{
	fill(*state, 45000); /* and more frames, if the log never started over */
}

/* More than the cache holds, so that pages are written before the commit. */
static int insert_too_much(struct rv_db_tx *tx, void *arg)
{
	int *seen = arg;
	int err = RV_OK;

	for (int64_t id = 1000000; err == RV_OK && id < 1020000; id++)
		err = insert_page(tx, &id);
	*seen = err;
	return err;
}

static void a_disk_full_in_a_statement_is_told_to_the_work_function(void **state)
{
	struct fix *f = *state;
	int seen = RV_OK;
	int64_t id = 1;

	atomic_store(&write_errno, ENOSPC);
	assert_int_not_equal(rv_db_run(f->db, insert_too_much, &seen), RV_OK);
	assert_int_equal(seen, -ENOSPC);
	atomic_store(&write_errno, 0);
	assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_OK);
	assert_int_equal(count_now(f), 1);
}

/* -- a real limit ------------------------------------------------------------------------- */

/* In a process of its own: insert until the file may grow no more, get more room, go on. Tells by
 * its exit code what was wrong. */
static void limited_process(const char *url)
{
	struct rlimit limit = { LIMIT_BYTES, RLIM_INFINITY };
	struct fix f = { 0 };
	struct rv_db_opt opt;
	int64_t stored = 0;
	int err = RV_OK;

	alarm(HANG_S);
	signal(SIGXFSZ, SIG_IGN);
	strcpy(f.url, url);
	opt = fix_opt(&f);
	opt.loop = NULL;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || rv_db_open(&opt, &f.db, NULL) != RV_OK)
		_exit(1);
	while (err == RV_OK && stored * PAGE_BYTES < 4 * LIMIT_BYTES) {
		err = rv_db_run(f.db, insert_page, &stored);
		stored += err == RV_OK;
	}
	if (err != RV_EDB || stored == 0)
		_exit(2);
	if (count_now(&f) != stored)
		_exit(3);
	limit.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(4);
	if (rv_db_run(f.db, insert_page, &stored) != RV_OK || count_now(&f) != stored + 1)
		_exit(5);
	rv_db_close(f.db);
	_exit(0);
}

static void a_file_that_may_not_grow_loses_nothing_acknowledged(void **state)
{
	struct fix *f = *state;
	int status = -1;
	pid_t pid;

	fix_close(f);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		limited_process(f->url);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fix_open(f);
	assert_true(count_now(f) > 1);
}

/* -- files -------------------------------------------------------------------------------- */

static void a_damaged_table_of_migrations_is_told_in_words(void **state)
{
	struct fix *f = *state;
	struct rv_db_opt opt = fix_opt(f);
	struct rv_diag diag = { 0 };
	char page[PAGE_BYTES];
	int fd;

	fix_close(f);
	memset(page, 0xff, sizeof(page));
	fd = open(strchr(f->url, ':') + 1, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, page, sizeof(page), PAGE_BYTES), PAGE_BYTES);
	close(fd);
	assert_int_equal(rv_db_open(&opt, &f->db, &diag), RV_EDB);
	assert_null(f->db);
	assert_non_null(strstr(diag.text, "migrations"));
}

static void the_files_of_a_store_are_private(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
	struct fix *f = *state;
	int64_t id = 1;

	assert_int_equal(rv_db_run(f->db, insert_id, &id), RV_OK);
	for (size_t i = 0; i < RV_ARRAY_LEN(suffixes); i++) {
		char path[URL_MAX + 8];
		struct stat st;

		snprintf(path, sizeof(path), "%s%s", sqlite_path(f->url), suffixes[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

static void a_store_that_cannot_be_one_is_named(void **state)
{
	struct fix *f = *state;
	struct rv_db_opt opt = fix_opt(f);
	struct rv_diag diag = { 0 };
	struct rv_db *db = NULL;
	int fd;

	fix_close(f);
	fd = open(sqlite_path(f->url), O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, opt.url, 20), 20);
	for (int i = 0; i < 200; i++)
		assert_int_equal(write(fd, "this is no database ", 20), 20);
	close(fd);
	assert_int_equal(rv_db_open(&opt, &db, &diag), RV_ECORRUPT);
	assert_non_null(strstr(diag.text, sqlite_path(f->url)));
	assert_int_equal(unlink(sqlite_path(f->url)), 0);
	fix_open(f);

	opt.url = "sqlite:/nonexistent/rs.db";
	assert_int_equal(rv_db_open(&opt, &db, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "/nonexistent/rs.db"));
	assert_null(db);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fix_setup, heal_and_teardown)
	const struct CMUnitTest tests[] = {
		T(a_change_is_synced_before_its_answer_and_reading_syncs_nothing),
		T(a_disk_full_at_commit_fails_the_whole_group_and_later_ones_go_on),
		T(a_disk_full_in_a_statement_is_told_to_the_work_function),
		T(a_failed_fsync_stops_the_store_until_it_is_opened_again),
		T(a_page_that_cannot_be_read_fails_what_needs_it_and_no_more),
		T(the_log_stays_short_under_steady_load),
		T(a_file_that_may_not_grow_loses_nothing_acknowledged),
		T(a_damaged_table_of_migrations_is_told_in_words),
		T(the_files_of_a_store_are_private),
		T(a_store_that_cannot_be_one_is_named),
	};

	backend = &sqlite_backend;
	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, 2);
	sqlite3_initialize();
	replace_calls();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
