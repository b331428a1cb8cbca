#include "db/db_priv.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fail.h"
#include "base/hide.h"
#include "base/time.h"
#include "base/virtual.h"
#include "log/log.h"

static const struct rv_db_driver *const drivers[] = { &rv_db_sqlite, &rv_db_postgresql };

/* -- the writer thread -------------------------------------------------------------------- */

/* An error means that the transaction is lost. */
static int run_item(struct rv_db *db, struct rv_db_item *item)
{
	struct rv_db_tx tx = { .db = db };
	int err = db->driver->item_begin(db->conn, &item->status);

	if (err != RV_OK)
		return err;
	item->status = item->work(&tx, item->arg);
	if (item->status == RV_OK)
		item->status = tx.doom;
	if (item->status == -ENOSPC)
		db->group_full = true;
	if (item->status != RV_OK)
		return db->driver->item_undo(db->conn);
	db->group_wrote |= tx.has_written;
	return db->driver->item_keep(db->conn);
}

/* One transaction over the items of `todo`, moved to `ran` as they run. When the transaction is
 * lost on the way, the items behind are left in `todo` for another one. */
static int run_transaction(struct rv_db *db, struct rv_list *todo, struct rv_list *ran)
{
	int err = db->driver->begin(db->conn);
	int begun = err;

	while ((err == RV_OK || begun != RV_OK) && !rv_list_is_empty(todo)) {
		struct rv_list *it = rv_list_pop(todo);

		rv_list_add_tail(ran, it);
		if (begun == RV_OK)
			err = run_item(db, RV_CONTAINER_OF(it, struct rv_db_item, link));
	}
	if (begun != RV_OK)
		return begun;
	if (err != RV_OK) {
		db->driver->rollback(db->conn);
		return err;
	}
	rv_fail_point("db.group.written");
	err = db->driver->commit(db->conn);
	rv_fail_point("db.group.committed");
	return err;
}

static void append(struct rv_list *to, struct rv_list *from)
{
	struct rv_list *it;

	while ((it = rv_list_pop(from)) != NULL)
		rv_list_add_tail(to, it);
}

/* Count what ran, and make every status true: nothing of a lost transaction happened. Under lock.
 */
static void settle(struct rv_db *db, struct rv_list *ran, int err, int64_t took_us)
{
	struct rv_list *it;

	if (err == RV_OK)
		db->stats.commits++;
	else
		db->stats.failed_commits++;
	db->stats.commit_us += (uint64_t)took_us;
	/* A lost connection is told by itself. */
	if (db->conn->losses == db->stats.losses &&
	    (err != RV_OK || db->group_full || db->group_wrote))
		rv_db_note_write(db, err == RV_OK && db->group_full ? -ENOSPC : err);
	rv_list_for_each (it, ran) {
		struct rv_db_item *item = RV_CONTAINER_OF(it, struct rv_db_item, link);

		if (err != RV_OK)
			item->status = RV_EDB;
		db->stats.items++;
		if (item->status != RV_OK)
			db->stats.failed_items++;
		item->is_done = true;
	}
}

/* Run a group and hand its answers over. Called and left with the lock held. */
static void run_group(struct rv_db *db, struct rv_list *todo)
{
	while (!rv_list_is_empty(todo)) {
		struct rv_list ran;
		int64_t start_us;
		int64_t took_us;
		int err;

		rv_list_init(&ran);
		pthread_mutex_unlock(&db->lock);
		start_us = rv_time_boot_us();
		db->group_wrote = db->group_full = false;
		err = run_transaction(db, todo, &ran);
		took_us = rv_time_boot_us() - start_us;
		pthread_mutex_lock(&db->lock);
		settle(db, &ran, err, took_us);
		append(&db->finished, &ran);
		pthread_cond_broadcast(&db->ran);
		if (db->loop != NULL)
			uv_async_send(&db->answered);
	}
}

static void wait_ms(struct rv_db *db, unsigned ms)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += (long)ms * 1000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&db->wanted, &db->lock, &end);
}

/* Whether the database can be used now. Called and left with the lock held. */
static bool is_here(struct rv_db *db)
{
	bool is_usable;

	if (db->driver->tend == NULL)
		return true;
	pthread_mutex_unlock(&db->lock);
	is_usable = db->driver->tend(db->conn);
	pthread_mutex_lock(&db->lock);
	db->stats.losses = db->conn->losses;
	db->stats.away_us = db->conn->away_us;
	if (is_usable)
		db->away_since_us = 0;
	else if (db->away_since_us == 0)
		db->away_since_us = rv_time_boot_us();
	return is_usable;
}

/* Wait until there is something to do, and something to do it with. False: the end. Under lock. */
static bool wait_for_work(struct rv_db *db)
{
	for (;;) {
		bool has_db = is_here(db);

		if (has_db)
			rv_db_probe(db);
		/* Who closes the store does not wait for a database that may never come back. */
		if (db->is_stopping)
			return !rv_list_is_empty(&db->queue);
		if (has_db && !rv_list_is_empty(&db->queue))
			return true;
		if (db->driver->tend == NULL && db->failing_since_us == 0)
			pthread_cond_wait(&db->wanted, &db->lock);
		else
			wait_ms(db, has_db ? RV_DB_TEND_MS : RV_DB_AWAY_MS);
	}
}

/* May those in the queue wait for company? Called with the lock held, the queue not empty. */
static bool may_gather(const struct rv_db *db)
{
	int64_t idle_us = rv_time_boot_us() - db->last_done_us;

	return !db->is_stopping && db->impatient == 0 && db->queued < RV_DB_PATIENT_MAX &&
	       idle_us < RV_DB_BUSY_MS * RV_US_PER_MS;
}

static void take_group(struct rv_db *db, struct rv_list *group)
{
	for (unsigned n = 0; n < RV_DB_GROUP_MAX && !rv_list_is_empty(&db->queue); n++) {
		struct rv_list *link = rv_list_pop(&db->queue);
		const struct rv_db_item *item = RV_CONTAINER_OF(link, struct rv_db_item, link);

		db->queued--;
		db->impatient -= !item->is_patient;
		rv_list_add_tail(group, link);
	}
}

/* The writer's work where there is no writer thread: all that is queued. */
static void write_inline(struct rv_db *db)
{
	pthread_mutex_lock(&db->lock);
	while (!rv_list_is_empty(&db->queue)) {
		struct rv_list group;

		rv_list_init(&group);
		take_group(db, &group);
		run_group(db, &group);
		if (db->driver->tidy != NULL)
			db->driver->tidy(db->conn);
	}
	pthread_mutex_unlock(&db->lock);
}

static void *write_groups(void *arg)
{
	struct rv_db *db = arg;

	pthread_mutex_lock(&db->lock);
	while (wait_for_work(db)) {
		struct rv_list group;

		if (may_gather(db))
			wait_ms(db, RV_DB_PATIENCE_MS);
		rv_list_init(&group);
		take_group(db, &group);
		run_group(db, &group);
		db->last_done_us = rv_time_boot_us();
		if (db->driver->tidy == NULL)
			continue;
		pthread_mutex_unlock(&db->lock);
		db->driver->tidy(db->conn);
		pthread_mutex_lock(&db->lock);
	}
	pthread_mutex_unlock(&db->lock);
	return NULL;
}

/* -- the loop's side ---------------------------------------------------------------------- */

static void add_item(struct rv_db *db, struct rv_db_item *item)
{
	rv_list_add_tail(&db->queue, &item->link);
	db->queued++;
	db->impatient += !item->is_patient;
	/* At other times the writer neither sleeps nor gathers. */
	if (db->queued == 1 || db->queued == RV_DB_PATIENT_MAX ||
	    (!item->is_patient && db->impatient == 1))
		pthread_cond_signal(&db->wanted);
	atomic_fetch_add(&db->open_items, 1);
}

static int submit(struct rv_db *db, rv_db_work_fn work, rv_db_done_fn done, void *arg,
		  bool is_patient)
{
	struct rv_db_item *item;
	int err = RV_OK;

	assert(db->loop != NULL && work != NULL && done != NULL);
	item = malloc(sizeof(*item));
	if (item == NULL)
		return -ENOMEM;
	*item = (struct rv_db_item){
		.work = work, .done = done, .arg = arg, .is_patient = is_patient
	};
	pthread_mutex_lock(&db->lock);
	if (db->is_stopping)
		err = RV_ECLOSED;
	else if (atomic_load(&db->open_items) >= RV_DB_QUEUE_MAX)
		err = RV_EBUSY;
	else
		add_item(db, item);
	pthread_mutex_unlock(&db->lock);
	if (err != RV_OK)
		free(item);
	else if (db->is_inline)
		uv_async_send(&db->answered);
	return err;
}

int rv_db_submit(struct rv_db *db, rv_db_work_fn work, rv_db_done_fn done, void *arg)
{
	return submit(db, work, done, arg, false);
}

int rv_db_submit_patient(struct rv_db *db, rv_db_work_fn work, rv_db_done_fn done, void *arg)
{
	return submit(db, work, done, arg, true);
}

int rv_db_run(struct rv_db *db, rv_db_work_fn work, void *arg)
{
	struct rv_db_item item = { .work = work, .arg = arg };

	assert(!db->has_writer || !pthread_equal(pthread_self(), db->writer));
	pthread_mutex_lock(&db->lock);
	add_item(db, &item);
	if (db->is_inline) {
		pthread_mutex_unlock(&db->lock);
		write_inline(db);
		pthread_mutex_lock(&db->lock);
	}
	while (!item.is_done)
		pthread_cond_wait(&db->ran, &db->lock);
	rv_list_del(&item.link);
	atomic_fetch_sub(&db->open_items, 1);
	pthread_mutex_unlock(&db->lock);
	return item.status;
}

/* Move what is finished to `answers`; items of rv_db_run stay: their owner takes them. */
static void take_finished(struct rv_db *db)
{
	struct rv_list *it;
	struct rv_list *next;

	pthread_mutex_lock(&db->lock);
	for (it = db->finished.next; it != &db->finished; it = next) {
		next = it->next;
		if (RV_CONTAINER_OF(it, struct rv_db_item, link)->done == NULL)
			continue;
		rv_list_del(it);
		rv_list_add_tail(&db->answers, it);
	}
	pthread_mutex_unlock(&db->lock);
}

/* At most `max` answers; a done function may submit, and may close the store. */
static void answer(struct rv_db *db, unsigned max)
{
	struct rv_list *it;

	while (max-- > 0 && (it = rv_list_pop(&db->answers)) != NULL) {
		struct rv_db_item item = *RV_CONTAINER_OF(it, struct rv_db_item, link);

		free(RV_CONTAINER_OF(it, struct rv_db_item, link));
		atomic_fetch_sub(&db->open_items, 1);
		item.done(item.arg, item.status);
	}
}

static void on_answered(uv_async_t *async)
{
	struct rv_db *db = RV_CONTAINER_OF(async, struct rv_db, answered);

	take_finished(db);
	answer(db, RV_DB_GROUP_MAX);
	/* What this group brings is answered in another turn, as if a thread had written it. */
	if (db->is_inline)
		write_inline(db);
	if (!rv_list_is_empty(
		    &db->answers)) /* after the other handles of the loop had their turn */
		uv_async_send(&db->answered);
}

/* -- life --------------------------------------------------------------------------------- */

static int refuse_url(struct rv_str url, struct rv_diag *diag)
{
	struct rv_buf shown = { 0 };

	rv_hide_password(url, &shown);
	rv_diag_set(diag, RV_EINVALID, "db.url", "url",
		    "store URL '%.*s' is not of the form sqlite:/path",
		    RV_STR_ARG(rv_buf_str(&shown)));
	rv_buf_deinit(&shown);
	return RV_EINVALID;
}

static int find_driver(const char *url, const struct rv_db_driver **out, const char **rest,
		       struct rv_diag *diag)
{
	struct rv_str all = rv_str(url);
	size_t colon = rv_str_find(all, ':');

	if (colon == all.len || colon + 1 == all.len)
		return refuse_url(all, diag);
	for (size_t i = 0; i < RV_ARRAY_LEN(drivers); i++) {
		if (!rv_str_is(rv_str_sub(all, 0, colon), drivers[i]->scheme))
			continue;
		*out = drivers[i];
		*rest = url + colon + 1;
		return RV_OK;
	}
	/* What follows may hold a password. */
	return rv_diag_set(diag, RV_EUNSUPPORTED, "db.url", "url",
			   "store URL '%.*s:...': no driver for that", (int)colon, url);
}

static int prepare_all(struct rv_db *db, struct rv_diag *diag)
{
	for (size_t i = 0; i < db->statement_count; i++) {
		struct rv_db_stmt *stmt = db->statements[i];
		int err = db->driver->prepare(db->conn, stmt->name, db->driver->stmt_text(stmt),
					      &db->handles[i], diag);

		if (err != RV_OK)
			return err;
		stmt->index = (unsigned)i;
	}
	return RV_OK;
}

static int start_writer(struct rv_db *db, struct rv_diag *diag)
{
	sigset_t all;
	sigset_t old;
	int err;

	if (db->loop != NULL) {
		err = uv_async_init(db->loop, &db->answered, on_answered);
		if (err != 0) {
			db->loop = NULL; /* nothing to close there */
			return rv_diag_set(diag, err, "db.open", "", "%s", uv_strerror(err));
		}
	}
	db->is_inline = rv_virtual_here() != NULL;
	if (db->is_inline)
		return RV_OK;
	sigfillset(&all); /* signals belong to the loop's thread */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&db->writer, NULL, write_groups, db);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err != RV_OK)
		return rv_diag_set(diag, err, "db.open", "", "cannot start the writer thread: %s",
				   rv_err_name(err));
	db->has_writer = true;
	return RV_OK;
}

int rv_db_open(const struct rv_db_opt *opt, struct rv_db **out, struct rv_diag *diag)
{
	struct rv_db *db = calloc(1, sizeof(*db));
	const char *rest = NULL;
	pthread_condattr_t clock;
	int err;

	if (db == NULL)
		return -ENOMEM;
	rv_list_init(&db->queue);
	rv_list_init(&db->finished);
	rv_list_init(&db->answers);
	pthread_mutex_init(&db->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&db->wanted, &clock);
	pthread_condattr_destroy(&clock);
	pthread_cond_init(&db->ran, NULL);
	db->statements = opt->statements;
	db->statement_count = opt->statement_count;
	db->handles = calloc(opt->statement_count + 1, sizeof(*db->handles));
	err = db->handles == NULL ? -ENOMEM : find_driver(opt->url, &db->driver, &rest, diag);
	if (err == RV_OK)
		err = db->driver->open(rest, opt, &db->conn, diag);
	if (err == RV_OK)
		err = rv_db_migrate(db->conn, opt->migrations, opt->migration_count, diag);
	if (err == RV_OK)
		err = prepare_all(db, diag);
	if (err == RV_OK) {
		db->loop = opt->loop;
		err = start_writer(db, diag);
	}
	if (err != RV_OK) {
		rv_db_close(db);
		return err;
	}
	*out = db;
	return RV_OK;
}

static void free_db(struct rv_db *db)
{
	pthread_cond_destroy(&db->ran);
	pthread_cond_destroy(&db->wanted);
	pthread_mutex_destroy(&db->lock);
	free(db);
}

static void on_async_closed(uv_handle_t *handle)
{
	free_db(RV_CONTAINER_OF((uv_async_t *)handle, struct rv_db, answered));
}

static void close_conn(struct rv_db *db)
{
	if (db->conn == NULL)
		return;
	for (size_t i = 0; i < db->statement_count; i++)
		db->driver->finish(db->conn, db->handles[i]);
	db->driver->close(db->conn);
	db->conn = NULL;
}

void rv_db_close(struct rv_db *db)
{
	if (db == NULL)
		return;
	if (db->has_writer) {
		pthread_mutex_lock(&db->lock);
		db->is_stopping = true;
		pthread_cond_signal(&db->wanted);
		pthread_mutex_unlock(&db->lock);
		pthread_join(db->writer, NULL);
	} else if (db->is_inline) {
		db->is_stopping = true;
		write_inline(db);
	}
	close_conn(db); /* the store is free before anybody hears of it */
	free(db->handles);
	take_finished(db);
	answer(db, UINT_MAX);
	if (db->loop != NULL)
		uv_close((uv_handle_t *)&db->answered, on_async_closed);
	else
		free_db(db);
}
