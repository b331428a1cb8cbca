/* SIGHUP: the configuration is read again, and each duty gets what has changed for it. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/supervisor_priv.h"
#include "base/time.h"
#include "log/log.h"

enum { ANSWER_WAIT_MS = 30000, CHANGES_MAX = 64, NAME_MAX_LEN = 96 };

/* One reading. Items are told once, however many duties have them. */
struct run {
	struct rv_sv *sv;
	struct rv_conf *given, *next; /* the file; what the supervisor goes on with */
	const char *const *sections;  /* that whoever is looked at has */
	char *pending;                /* RV_DUTY_NOTE_MAX: items that wait for a start */
	bool is_log_changed;
	char live[CHANGES_MAX][NAME_MAX_LEN];
	char later[CHANGES_MAX][NAME_MAX_LEN];
	size_t live_count, later_count;
};

static void add_name(char names[][NAME_MAX_LEN], size_t *count, const char *name)
{
	for (size_t i = 0; i < *count; i++) {
		if (strcmp(names[i], name) == 0)
			return;
	}
	if (*count < CHANGES_MAX)
		snprintf(names[(*count)++], NAME_MAX_LEN, "%s", name);
}

static bool is_among(const char *const *names, const char *name)
{
	for (; names != NULL && *names != NULL; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

static void note_pending(char *pending, const char *name)
{
	size_t len = strlen(pending);

	snprintf(pending + len, RV_DUTY_NOTE_MAX - len, "%s%s",
		 len == 0 ? RV_DUTY_RESTART_NOTE : ", ", name);
}

static void on_change(void *arg, const struct rv_conf_sec *sec, const struct rv_conf_item *item)
{
	struct run *run = arg;
	char name[NAME_MAX_LEN];

	if (!is_among(run->sections, rv_conf_section_name(sec)))
		return;
	snprintf(name, sizeof(name), "%s%s%s", rv_conf_section_name(sec), item != NULL ? "." : "",
		 item != NULL ? item->name : "");
	if (item != NULL && item->reload == RV_CONF_LIVE) {
		add_name(run->live, &run->live_count, name);
		return;
	}
	add_name(run->later, &run->later_count, name);
	if (run->pending != NULL)
		note_pending(run->pending, name);
}

static int read_back(int fd, struct rv_buf *out)
{
	struct stat st;
	char *room;

	if (fstat(fd, &st) != 0)
		return rv_err_from_errno();
	room = rv_buf_reserve(out, (size_t)st.st_size);
	if (room == NULL)
		return out->err;
	if (pread(fd, room, (size_t)st.st_size, 0) != st.st_size)
		return RV_ECORRUPT;
	rv_buf_commit(out, (size_t)st.st_size);
	return RV_OK;
}

/* What this duty has, with the live items of the file; *out_fd stays -1 when that is the same. */
static int prepare_child(struct run *run, struct rv_sv_child *child, int *out_fd, char *pending)
{
	struct rv_buf before = { .wipe = true }, after = { .wipe = true };
	struct rv_conf *running = NULL, *merged = NULL;
	int err = read_back(child->conf_fd, &before);

	run->sections = child->spec->sections;
	run->pending = pending;
	if (err == RV_OK)
		err = rv_conf_unpack_like(run->sv->conf, rv_buf_str(&before), &running);
	if (err == RV_OK)
		err = rv_conf_merge(running, run->given, on_change, run, &merged);
	if (err == RV_OK)
		err = rv_sv_child_pack(child, merged, &after);
	if (err == RV_OK &&
	    (run->is_log_changed || !rv_str_eq(rv_buf_str(&before), rv_buf_str(&after))))
		err = rv_sv_seal(rv_buf_str(&after), out_fd);
	rv_conf_free(running);
	rv_conf_free(merged);
	rv_buf_deinit(&before);
	rv_buf_deinit(&after);
	return err;
}

static bool is_log_same(const struct rv_conf *a, const struct rv_conf *b)
{
	const struct rv_conf_sec *x = rv_conf_get(a, "reeve", NULL);
	const struct rv_conf_sec *y = rv_conf_get(b, "reeve", NULL);

	return strcmp(rv_conf_str(x, "log_level"), rv_conf_str(y, "log_level")) == 0 &&
	       strcmp(rv_conf_str(x, "log_format"), rv_conf_str(y, "log_format")) == 0;
}

/* Everything that can fail, before anything is changed. fds and pending: one for each child. */
static int prepare(struct run *run, int *fds, char (*pending)[RV_DUTY_NOTE_MAX],
		   struct rv_diag *diag)
{
	static const char *const own[] = { "reeve", NULL };
	struct rv_sv *sv = run->sv;
	int err = sv->opt->read_conf(sv->opt->arg, &run->given, diag);

	for (size_t i = 0; err == RV_OK && i < sv->child_count; i++)
		err = rv_conf_files_read(run->given, sv->children[i].spec->files,
					 sv->opt->state_dir, diag);
	run->sections = own;
	if (err == RV_OK)
		err = rv_conf_merge(sv->conf, run->given, on_change, run, &run->next);
	if (err == RV_OK)
		run->is_log_changed = !is_log_same(sv->conf, run->next);
	for (size_t i = 0; err == RV_OK && i < sv->child_count; i++)
		err = prepare_child(run, &sv->children[i], &fds[i], pending[i]);
	return err;
}

static void finish(struct rv_sv *sv)
{
	if (sv->reload.waiting > 0)
		return;
	uv_timer_stop(&sv->reload.timer);
	rv_notify("READY=1");
	rv_log(RV_LOG_INFO, "app.reload.done", RV_KI("refused", sv->reload.refused));
	if (sv->reload.is_again) {
		sv->reload.is_again = false;
		rv_sv_reload(sv);
	}
}

static void settle(struct rv_sv_child *child, bool is_taken)
{
	assert(child->next_conf_fd >= 0);
	close(is_taken ? child->conf_fd : child->next_conf_fd);
	if (is_taken)
		child->conf_fd = child->next_conf_fd;
	child->next_conf_fd = -1;
	child->sv->reload.waiting--;
	child->sv->reload.refused += !is_taken;
}

void rv_sv_reload_answered(struct rv_sv_child *child, int status, const char *reason)
{
	if (child->next_conf_fd < 0)
		return;
	if (status != RV_OK)
		rv_log(RV_LOG_ERROR, "app.reload.refused", RV_KS("child", child->spec->name),
		       RV_KI("instance", child->instance), RV_KS("reason", reason));
	settle(child, status == RV_OK);
	finish(child->sv);
}

static void on_late(uv_timer_t *timer)
{
	struct rv_sv *sv = timer->data;

	for (size_t i = 0; i < sv->child_count; i++)
		rv_sv_reload_answered(&sv->children[i], RV_ETIMEOUT, "did not answer in time");
}

static void give(struct run *run, struct rv_sv_child *child, int fd)
{
	const struct rv_conf_sec *sec = rv_conf_get(run->sv->conf, "reeve", NULL);
	struct rv_control_msg msg = { .kind = RV_CONTROL_RELOAD, .fds = { fd }, .fd_count = 1 };
	struct rv_buf body = { 0 };
	int err;

	child->next_conf_fd = fd;
	run->sv->reload.waiting++;
	if (child->control ==
	    NULL) { /* it is about to be started again, and will look at it then */
		settle(child, true);
		return;
	}
	rv_buf_puts(&body, rv_conf_str(sec, "log_level"));
	rv_buf_putc(&body, '\0');
	rv_buf_puts(&body, rv_conf_str(sec, "log_format"));
	msg.body = rv_buf_str(&body);
	err = body.err != RV_OK ? body.err : rv_control_chan_send(child->control, &msg);
	rv_buf_deinit(&body);
	if (err != RV_OK) {
		rv_log(RV_LOG_ERROR, "app.reload.refused", RV_KS("child", child->spec->name),
		       RV_KI("instance", child->instance), RV_KS("reason", rv_err_name(err)));
		settle(child, false);
	}
}

static void tell(const struct run *run)
{
	for (size_t i = 0; i < run->live_count; i++)
		rv_log(RV_LOG_INFO, "app.reload.changed", RV_KS("item", run->live[i]));
	for (size_t i = 0; i < run->later_count; i++)
		rv_log(RV_LOG_WARN, "app.reload.needs_restart", RV_KS("item", run->later[i]),
		       RV_KS("text", "takes effect at the next start"));
}

/* From here on nothing fails but single duties. */
static void commit(struct run *run, const int *fds, char (*pending)[RV_DUTY_NOTE_MAX])
{
	struct rv_sv *sv = run->sv;

	rv_conf_free(sv->conf);
	sv->conf = run->next;
	rv_sv_apply_settings(sv);
	tell(run);
	sv->reload.refused = 0;
	for (size_t i = 0; i < sv->child_count; i++) {
		memcpy(sv->children[i].pending, pending[i], RV_DUTY_NOTE_MAX);
		if (fds[i] >= 0)
			give(run, &sv->children[i], fds[i]);
	}
	rv_sv_roster_changed(sv);
	uv_timer_start(&sv->reload.timer, on_late, ANSWER_WAIT_MS, 0);
	finish(sv);
}

static void notify_reloading(void)
{
	struct timespec now;
	char text[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		 (int64_t)now.tv_sec * RV_US_PER_SEC + now.tv_nsec / 1000);
	rv_notify(text);
}

static void run_reload(struct rv_sv *sv, int *fds, char (*pending)[RV_DUTY_NOTE_MAX])
{
	struct run run = { .sv = sv };
	struct rv_diag diag = { 0 };
	int err = prepare(&run, fds, pending, &diag);

	rv_conf_free(run.given); /* wipes the files */
	if (err == RV_OK) {
		commit(&run, fds, pending);
		return;
	}
	rv_log(RV_LOG_ERROR, "app.reload.failed", RV_KS("where", diag.where),
	       RV_KS("reason", diag.text[0] != '\0' ? diag.text : rv_err_name(err)));
	rv_conf_free(run.next);
	for (size_t i = 0; i < sv->child_count; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	rv_notify("READY=1");
}

void rv_sv_reload(struct rv_sv *sv)
{
	int *fds;
	char(*pending)[RV_DUTY_NOTE_MAX];

	if (sv->is_stopping || sv->opt->read_conf == NULL)
		return;
	if (!sv->was_ready || sv->reload.waiting > 0) {
		sv->reload.is_again = true;
		return;
	}
	fds = malloc(sv->child_count * sizeof(*fds));
	pending = calloc(sv->child_count, sizeof(*pending));
	if (fds != NULL && pending != NULL) {
		memset(fds, 0xff, sv->child_count * sizeof(*fds)); /* -1 */
		notify_reloading();
		rv_log(RV_LOG_INFO, "app.reload.begun");
		run_reload(sv, fds, pending);
	}
	free(fds);
	free(pending);
}
