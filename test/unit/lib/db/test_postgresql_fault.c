/* PostgreSQL that fails: refusals at open, and a connection that is cut at every byte.
 *
 *   store -- socket of the cutter -- thread that forwards, and counts -- socket of the server
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/time.h"
#include "log/log.h"
#include "pg_backend.h"

enum { ITEMS = 6, CUT_STEP = 23, VERSION_BYTES = 5, DONE_MS = 30000 };

/* -- the cutter --------------------------------------------------------------------------- */

struct cutter {
	char dir[64];
	int listener;
	int ends[2]; /* client, server */
	pthread_t thread;
	atomic_int left[2]; /* bytes to the server, to the client, before the cut; < 0: no cut */
	atomic_int counted[2];
	atomic_int cuts;
	atomic_bool is_lying; /* about the server's version */
	atomic_bool is_shut;  /* refuses connections */
};

static struct cutter cutter;

static int server_socket(const char *dir, bool is_listener)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/.s.PGSQL.5432", dir);
	err = is_listener ? bind(fd, (struct sockaddr *)&addr, sizeof(addr))
			  : connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	if (err == 0 && is_listener)
		err = listen(fd, 8);
	if (err == 0)
		return fd;
	close(fd);
	return -1;
}

static void hang_up(void)
{
	for (unsigned i = 0; i < 2; i++) {
		if (cutter.ends[i] >= 0)
			close(cutter.ends[i]);
		cutter.ends[i] = -1;
	}
}

static void answer_call(void)
{
	int fd = accept4(cutter.listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	hang_up();
	cutter.ends[0] = fd;
	cutter.ends[1] = atomic_load(&cutter.is_shut) ? -1 : server_socket(pg_dir(), false);
	if (cutter.ends[1] < 0)
		hang_up();
}

static void lie(char *bytes, size_t len)
{
	char *at = memmem(bytes, len, "server_version", strlen("server_version") + 1);

	if (at != NULL && atomic_load(&cutter.is_lying))
		memcpy(at + strlen("server_version") + 1, "11.22", VERSION_BYTES);
}

/* From one end to the other, as far as it may go. */
static void forward(unsigned from)
{
	char bytes[8192];
	int left = atomic_load(&cutter.left[from]);
	ssize_t n = recv(cutter.ends[from], bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			hang_up();
		return;
	}
	lie(bytes, (size_t)n);
	atomic_fetch_add(&cutter.counted[from], (int)n);
	if (left >= 0 && n >= left) {
		if (send(cutter.ends[1 - from], bytes, (size_t)left, MSG_NOSIGNAL) < 0)
			errno = 0; /* it is gone already */
		atomic_store(&cutter.left[from], -1);
		atomic_fetch_add(&cutter.cuts, 1);
		hang_up();
		return;
	}
	if (left >= 0)
		atomic_fetch_sub(&cutter.left[from], (int)n);
	if (send(cutter.ends[1 - from], bytes, (size_t)n, MSG_NOSIGNAL) != n)
		hang_up();
}

static void *run_cutter(void *arg)
{
	(void)arg;
	for (;;) {
		struct pollfd p[3] = { { cutter.listener, POLLIN, 0 },
				       { cutter.ends[0], POLLIN, 0 },
				       { cutter.ends[1], POLLIN, 0 } };

		poll(p, 3, -1);
		if ((p[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
			break;
		if (p[0].revents != 0) {
			answer_call();
			continue;
		}
		for (unsigned i = 0; i < 2; i++) {
			if (p[i + 1].revents != 0 && cutter.ends[i] >= 0)
				forward(i);
		}
	}
	hang_up();
	return NULL;
}

static void cutter_start(void)
{
	strcpy(cutter.dir, "/tmp/rvcut-XXXXXX");
	assert_non_null(mkdtemp(cutter.dir));
	cutter.listener = server_socket(cutter.dir, true);
	assert_true(cutter.listener >= 0);
	cutter.ends[0] = cutter.ends[1] = -1;
	atomic_store(&cutter.left[0], -1);
	atomic_store(&cutter.left[1], -1);
	assert_int_equal(pthread_create(&cutter.thread, NULL, run_cutter, NULL), 0);
}

static void cutter_stop(void)
{
	char path[96];

	shutdown(cutter.listener, SHUT_RDWR);
	pthread_join(cutter.thread, NULL);
	close(cutter.listener);
	snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", cutter.dir);
	unlink(path);
	rmdir(cutter.dir);
}

/* The same database, by the socket in `dir`. */
static void by_way_of(const char *dir, char url[static URL_MAX])
{
	char database[64];

	snprintf(database, sizeof(database), "%s", strstr(url, "dbname="));
	snprintf(url, URL_MAX, "postgresql:host=%s user=reeve %s", dir, database);
}

static int teardown(void **state)
{
	struct fix *f = *state;

	by_way_of(pg_dir(), f->url);
	return fix_teardown(state);
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	pg_backend.fresh(f->url);
	by_way_of(cutter.dir, f->url);
	fix_open(f);
	*state = f;
	return 0;
}

/* -- a group, cut -------------------------------------------------------------------------- */

/* Puts and execs, and a query between them: every kind of message. */
struct item {
	int64_t id;
	int status;
	unsigned *answers;
};

static int take_nothing(const struct rv_db_row *row, void *arg)
{
	(void)row;
	(void)arg;
	return RV_OK;
}

static int item_work(struct rv_db_tx *tx, void *arg)
{
	const struct item *item = arg;
	struct rv_db_value id = RV_DB_I(item->id);
	int err = RV_OK;

	if (item->id % 3 == 1)
		err = rv_db_query(tx, &select_thing, RV_DB_PARAMS(id), take_nothing, NULL);
	if (err == RV_OK && item->id % 3 == 2)
		return insert_id(tx, arg);
	if (err == RV_OK)
		err = rv_db_put(tx, &insert_thing, RV_DB_PARAMS(id, RV_DB_N, RV_DB_I(7), RV_DB_N));
	return err;
}

static void item_done(void *arg, int status)
{
	struct item *item = arg;

	item->status = status;
	(*item->answers)++;
}

static int see(const struct rv_db_row *row, void *arg)
{
	(void)row;
	*(bool *)arg = true;
	return RV_OK;
}

struct look {
	int64_t id;
	bool is_there;
};

static int look_work(struct rv_db_tx *tx, void *arg)
{
	struct look *look = arg;

	return rv_db_query(tx, &select_thing, RV_DB_PARAMS(RV_DB_I(look->id)), see,
			   &look->is_there);
}

/* The first try may meet what is left of the cut. */
static bool is_there(struct fix *f, int64_t id)
{
	struct look look = { .id = id };
	int err = RV_EDB;

	for (int i = 0; i < 3 && err != RV_OK; i++)
		err = rv_db_run(f->db, look_work, &look);
	assert_int_equal(err, RV_OK);
	return look.is_there;
}

/* How many were acknowledged. */
static unsigned run_group(struct fix *f, int64_t first)
{
	struct item items[ITEMS];
	unsigned answers = 0;
	unsigned kept = 0;

	for (unsigned i = 0; i < ITEMS; i++) {
		items[i] = (struct item){ first + i, -1, &answers };
		assert_int_equal(rv_db_submit(f->db, item_work, item_done, &items[i]), RV_OK);
	}
	run_until(f, &answers, ITEMS);
	for (unsigned i = 0; i < ITEMS; i++) {
		assert_true(items[i].status == RV_OK || items[i].status == RV_EDB);
		if (is_there(f, items[i].id) != (items[i].status == RV_OK))
			fail_msg("item %u of the group at %lld was answered %d", i,
				 (long long)first, items[i].status);
		kept += items[i].status == RV_OK;
	}
	return kept;
}

/* In `direction`, at every CUT_STEP-th byte of the group's conversation. */
static void cut_everywhere(struct fix *f, unsigned direction, int64_t *next)
{
	struct rv_db_stats stats;
	unsigned lost = 0, kept = 0;
	int before = atomic_load(&cutter.counted[direction]);
	int length;

	assert_int_equal(run_group(f, *next), ITEMS);
	*next += ITEMS;
	length = atomic_load(&cutter.counted[direction]) - before;
	for (int at = 1; at < length; at += CUT_STEP) {
		int cuts = atomic_load(&cutter.cuts);
		unsigned n;

		atomic_store(&cutter.left[direction], at);
		n = run_group(f, *next);
		assert_true(n == 0 || n == ITEMS || atomic_load(&cutter.cuts) > cuts);
		lost += ITEMS - n;
		kept += n;
		*next += ITEMS;
	}
	atomic_store(&cutter.left[direction], -1); /* the last cut may not have been reached */
	rv_db_stats(f->db, &stats);
	print_message("# %d bytes %s the server: %u items refused, %u acknowledged, %llu losses\n",
		      length, direction == 0 ? "to" : "from", lost, kept,
		      (unsigned long long)stats.losses);
	assert_true(stats.losses > 0);
	assert_true(lost > 0);
	assert_true(kept > 0);
	assert_false(stats.is_away);
}

static void what_is_acknowledged_is_there_and_what_is_refused_is_not(void **state)
{
	struct fix *f = *state;
	int64_t next = 0;

	cut_everywhere(f, 0, &next);
	cut_everywhere(f, 1, &next);
}

/* -- away and back ------------------------------------------------------------------------ */

static void wait_away(struct fix *f)
{
	while (rv_db_not_ready(f->db) == NULL)
		usleep(10000);
}

static void items_wait_for_a_database_that_is_away(void **state)
{
	struct fix *f = *state;
	struct item items[ITEMS];
	struct rv_db_stats stats;
	unsigned answers = 0;

	alarm(HANG_S);
	pg_tell("kill");
	wait_away(f); /* noticed without work */
	for (unsigned i = 0; i < ITEMS; i++) {
		items[i] = (struct item){ 100 + i, -1, &answers };
		assert_int_equal(rv_db_submit(f->db, item_work, item_done, &items[i]), RV_OK);
	}
	assert_int_equal(answers, 0);
	rv_db_stats(f->db, &stats);
	assert_true(stats.is_away);
	assert_int_equal(stats.queued, ITEMS);
	pg_tell("start");
	run_until(f, &answers, ITEMS);
	for (unsigned i = 0; i < ITEMS; i++)
		assert_int_equal(items[i].status, RV_OK);
	assert_null(rv_db_not_ready(f->db));
	rv_db_stats(f->db, &stats);
	assert_true(stats.losses >= 1);
	assert_true(stats.away_us > 0);
	assert_int_equal(count_now(f), ITEMS);
}

static void a_store_is_closed_while_its_database_is_away(void **state)
{
	struct fix *f = *state;
	struct item item = { .id = 1, .status = -1 };
	unsigned answers = 0;

	item.answers = &answers;
	atomic_store(&cutter.is_shut, true);
	pg_tell("stop");
	wait_away(f);
	assert_int_equal(rv_db_submit(f->db, item_work, item_done, &item), RV_OK);
	fix_close(f);
	assert_int_equal(item.status, RV_EDB);
	atomic_store(&cutter.is_shut, false);
	pg_tell("start");
	fix_open(f);
	assert_int_equal(count_now(f), 0);
}

/* Between the loss and the return somebody else had the store. */
static void a_store_that_another_process_wrote_to_is_not_taken_again(void **state)
{
	struct fix *f = *state;
	struct fix other = { 0 };
	int64_t id = 9;

	atomic_store(&cutter.is_shut, true);
	shutdown(cutter.ends[0], SHUT_RDWR);
	wait_away(f);
	uv_loop_init(&other.loop);
	snprintf(other.url, URL_MAX, "postgresql:host=%s user=reeve %s", pg_dir(),
		 strstr(f->url, "dbname="));
	fix_open(&other);
	for (id = 0; id < 3; id++)
		assert_int_equal(rv_db_run(other.db, insert_id, &id), RV_OK);
	atomic_store(&cutter.is_shut, false);
	usleep(300000); /* it tries, and finds the lock taken */
	assert_non_null(rv_db_not_ready(f->db));
	fix_close(&other);
	uv_loop_close(&other.loop);
	usleep(1000000); /* it tries, and finds other groups */
	assert_non_null(rv_db_not_ready(f->db));
	fix_close(f);
	fix_open(f); /* a new start takes it as it is */
	assert_int_equal(count_now(f), 3);
}

/* -- refusals ----------------------------------------------------------------------------- */

static void refuse(struct fix *f, const char *url, int code, const char *word)
{
	struct rv_db_opt opt = fix_opt(f);
	struct rv_diag diag = { 0 };
	struct rv_db *db = NULL;

	opt.url = url;
	assert_int_equal(rv_db_open(&opt, &db, &diag), code);
	assert_null(db);
	if (strstr(diag.text, word) == NULL)
		fail_msg("'%s' does not name '%s'", diag.text, word);
	assert_null(strstr(diag.text, "s3cret"));
}

static void a_server_that_cannot_be_used_is_named_and_no_password(void **state)
{
	static const struct {
		const char *fmt;
		int code;
		const char *word;
	} cases[] = {
		{ "postgresql:host=%s user=reeve dbname=nowhere", RV_EDB, "nowhere" },
		{ "postgresql:host=%s user=nobody_here dbname=postgres password=s3cret", RV_EDB,
		  "nobody_here" },
		{ "postgresql:host=%s/none user=reeve dbname=postgres", RV_EDB, "none" },
		{ "postgresql://reeve:s3cret@/postgres?host=%s/none", RV_EDB, "none" },
		{ "postgresql:host=%s user=reeve dbname=postgres colour=red", RV_EINVALID,
		  "colour" },
		{ "postgresql:host=%s user=reeve dbname=postgres password=a s3cret", RV_EINVALID,
		  "not shown" },
		{ "postgresql://reeve:s3cret@s3cret@host%s/db", RV_EINVALID, "not shown" },
		{ "postgresql:reeve@%s", RV_EINVALID, "postgresql://" },
		{ "postgres://reeve:s3cret@host%s/db", RV_EUNSUPPORTED, "postgres" },
		{ "postgresql:host=%s user=reeve dbname=latin", RV_EUNSUPPORTED, "UTF8" },
		{ "postgresql:host=%s user=reeve dbname=sorted", RV_EUNSUPPORTED, "C.UTF-8" },
		{ "postgresql:host=%s user=stranger dbname=postgres", RV_EDB, "permission" },
	};
	struct fix *f = *state;
	char url[URL_MAX];

	pg_tell("sql CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'");
	pg_tell("sql CREATE DATABASE sorted TEMPLATE template0 LOCALE 'C.UTF-8'");
	pg_tell("sql CREATE USER stranger");
	for (size_t i = 0; i < RV_ARRAY_LEN(cases); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(url, sizeof(url), cases[i].fmt, pg_dir());
#pragma GCC diagnostic pop
		refuse(f, url, cases[i].code, cases[i].word);
	}
}

static void a_password_of_several_lines_is_refused(void **state)
{
	struct fix *f = *state;
	struct rv_db_opt opt = fix_opt(f);
	struct rv_diag diag = { 0 };
	struct rv_db *db = NULL;

	opt.password = rv_str("s3cret\nsecond line\n");
	assert_int_equal(rv_db_open(&opt, &db, &diag), RV_EINVALID);
	assert_non_null(strstr(diag.text, "one line"));
	opt.url = "sqlite:/tmp/rv-never.db";
	assert_int_equal(rv_db_open(&opt, &db, &diag), RV_EINVALID);
	assert_non_null(strstr(diag.text, "no password"));
}

static void an_old_server_is_refused(void **state)
{
	struct fix *f = *state;

	fix_close(f);
	atomic_store(&cutter.is_lying, true);
	refuse(f, f->url, RV_EUNSUPPORTED, "PostgreSQL 11");
	atomic_store(&cutter.is_lying, false);
	fix_open(f);
}

static void a_server_without_fsync_is_refused(void **state)
{
	struct fix *f = *state;

	fix_close(f);
	pg_tell("sql ALTER SYSTEM SET fsync = off");
	pg_tell("sql SELECT pg_reload_conf()");
	usleep(500000);
	refuse(f, f->url, RV_EUNSUPPORTED, "fsync");
	pg_tell("sql ALTER SYSTEM RESET fsync");
	pg_tell("sql SELECT pg_reload_conf()");
	usleep(500000);
	fix_open(f);
}

static void two_stores_share_a_database_by_their_names(void **state)
{
	struct fix *f = *state;
	struct rv_db_opt opt = fix_opt(f);
	struct rv_db *other;
	struct rv_diag diag = { 0 };
	char url[URL_MAX];
	int64_t id = 1;

	snprintf(url, sizeof(url), "postgresql:host=%s user=reeve %s", pg_dir(),
		 strstr(f->url, "dbname="));
	opt.url = url;
	opt.name = "other";
	opt.loop = NULL;
	assert_int_equal(rv_db_open(&opt, &other, &diag), RV_OK);
	assert_int_equal(rv_db_run(other, insert_id, &id), RV_OK);
	rv_db_close(other);
	assert_int_equal(count_now(f), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(what_is_acknowledged_is_there_and_what_is_refused_is_not),
		T(items_wait_for_a_database_that_is_away),
		T(a_read_that_fails_costs_nobody_else_anything),
		T(a_store_is_closed_while_its_database_is_away),
		T(a_store_that_another_process_wrote_to_is_not_taken_again),
		T(a_server_that_cannot_be_used_is_named_and_no_password),
		T(a_password_of_several_lines_is_refused),
		T(an_old_server_is_refused),
		T(a_server_without_fsync_is_refused),
		T(two_stores_share_a_database_by_their_names),
	};
	int failed;

	rv_log_init("test", RV_LOG_ERROR, RV_LOG_LOGFMT, 2);
	backend = &pg_backend;
	if (!pg_start())
		return 0;
	cutter_start();
	failed = cmocka_run_group_tests_name("postgresql-fault", tests, NULL, NULL);
	cutter_stop();
	pg_stop();
	return failed;
}
