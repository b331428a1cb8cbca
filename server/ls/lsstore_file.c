/* The devices file of an LS that runs alone, instead of an RS. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/time.h"
#include "log/log.h"
#include "server/ls/devices.h"
#include "server/ls/lsstore_priv.h"

struct loading {
	struct lsstore *s;
	struct rv_feed_record *records;
	size_t count;
};

static int work_load(struct rv_db_tx *tx, void *arg)
{
	struct loading *l = arg;

	struct ls_source *source = &l->s->sources[0]; /* a file is the only one that is not asked */

	return ls_apply_all(&l->s->store, tx, source->op, l->records, l->count, &source->applying,
			    rv_time_utc_us());
}

/* Blocking: an LS that runs alone has nothing else to say while its only source is read. */
static int load_file(struct lsstore *s, struct rv_diag *diag)
{
	struct rv_buf text = { .wipe = true };
	struct rv_arena arena = { 0 };
	struct loading l = { .s = s };
	int err = rv_buf_read_file(&text, s->file, LS_DEVICES_FILE_MAX);

	if (err != RV_OK)
		rv_diag_set(diag, err, "ls.devices-file", s->file, "cannot read %s (%s)", s->file,
			    rv_err_name(err));
	if (err == RV_OK)
		err = ls_devices_parse(rv_buf_str(&text), s->store.secret, &arena, &l.records,
				       &l.count, diag);
	s->sources[0].applying = s->sources[0].cursor;
	if (err == RV_OK)
		err = rv_db_run(s->store.db, work_load, &l);
	rv_buf_deinit(&text);
	rv_arena_wipe(&arena);
	if (err == RV_OK)
		s->sources[0].cursor = s->sources[0].applying;
	if (err == RV_OK)
		rv_log(RV_LOG_INFO, "ls.devices_file.loaded", RV_KS("file", s->file),
		       RV_KI("records", l.count));
	return err;
}

static bool file_changed(struct lsstore *s)
{
	struct stat st;

	if (stat(s->file, &st) != 0)
		return false;
	bool is_other = st.st_ino != s->file_stat.st_ino || st.st_size != s->file_stat.st_size ||
			st.st_mtim.tv_sec != s->file_stat.st_mtim.tv_sec ||
			st.st_mtim.tv_nsec != s->file_stat.st_mtim.tv_nsec;
	s->file_stat = st;
	return is_other;
}

void lsstore_look_at_file(struct lsstore *s)
{
	struct rv_diag diag = { 0 };
	struct rv_serve_stats stats;

	rv_serve_stats(s->serve, &stats);
	if (stats.open > 0) /* rv_db_run must not meet submitted work; the next tick will do */
		return;
	if (file_changed(s) && load_file(s, &diag) != RV_OK)
		rv_log(RV_LOG_ERROR, "ls.devices_file.refused", RV_KS("file", s->file),
		       RV_KI("line", diag.line), RV_KS("text", diag.text));
}

int lsstore_open_file(struct lsstore *s, const char *name, struct rv_diag *diag)
{
	int n = name[0] == '/'
			? snprintf(s->file, PATH_MAX, "%s", name)
			: snprintf(s->file, PATH_MAX, "%s/%s", rv_duty_state_dir(s->duty), name);

	if (n >= PATH_MAX)
		return rv_diag_set(diag, RV_ELIMIT, "ls.path", "ls.devices_file",
				   "the path is too long");
	file_changed(s);
	return load_file(s, diag);
}
