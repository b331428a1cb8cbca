/* Seeds played one after the other, several processes side by side. */
#include "sim/virtual/main.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "log/log.h"
#include "sim/virtual/report.h"
#include "sim/virtual/view.h"

/* What a worker says: first which seed it plays, then how that ended. */
struct word {
	bool is_begun;
	int err; /* there is no temporary directory */
	struct vw_played played;
};

struct worker {
	pid_t pid;
	int fd;        /* its words; its end is the worker's; -1: it has ended */
	uint64_t next; /* seed it plays, or will play next */
	bool is_playing;
};

struct crew {
	const struct vw_options *options;
	struct vw_report report;
	struct worker workers[VW_JOBS_MAX];
	int err;
};

/* -- playing -------------------------------------------------------------------------------- */

struct telling {
	struct vw_report *report;
	struct vw_view *view; /* NULL: no picture */
	uint64_t seed;
};

static void tell(void *arg, int64_t at_us, const struct vw_device *device, enum sim_what what,
		 int code)
{
	struct telling *t = arg;

	if (t->view != NULL)
		vw_view_take(t->view, at_us, device, what, code);
	if (t->report->options->is_json)
		vw_report_event(t->report, t->seed, at_us, device->number, what, code);
}

/* telling: NULL: nobody is told while it runs. */
static int play(const struct vw_options *o, struct telling *telling, struct vw_played *out)
{
	struct vw_opt opt = { .seed = out->seed,
			      .devices = o->devices,
			      .storm_us = o->duration_s * RV_US_PER_SEC,
			      .faults = o->faults,
			      .scenario = o->scenario_name != NULL ? &o->scenario : NULL,
			      .sabotage = o->sabotage,
			      .trace = o->is_traced ? stdout : NULL,
			      .trace_who = o->trace_who };
	struct vw_result second;
	int64_t start_us = rv_time_boot_us();
	int err;

	if (telling != NULL) {
		opt.tell = tell;
		opt.arg = telling;
	}
	err = vw_run(&opt, &out->result);
	if (err == RV_OK && o->is_twice) {
		opt.tell = NULL;
		opt.trace = NULL;
		err = vw_run(&opt, &second);
		out->second_hash = second.hash;
	}
	out->took_us = rv_time_boot_us() - start_us;
	return err;
}

/* -- side by side --------------------------------------------------------------------------- */

static void work(const struct crew *crew, uint64_t first, int fd)
{
	const struct vw_options *o = crew->options;
	struct word word = { .is_begun = false };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint64_t s = first; word.err == RV_OK && s < o->seed + o->seeds; s += o->jobs) {
		word.played = (struct vw_played){ .seed = s };
		word.is_begun = true;
		if (write(fd, &word, sizeof(word)) != (ssize_t)sizeof(word))
			break;
		word.is_begun = false;
		word.err = play(o, NULL, &word.played);
		if (write(fd, &word, sizeof(word)) != (ssize_t)sizeof(word))
			break;
	}
	_exit(0);
}

static void start_worker(struct crew *crew, struct worker *worker)
{
	int fds[2];

	worker->is_playing = false;
	worker->fd = -1;
	if (pipe2(fds, O_CLOEXEC) != 0) {
		crew->err = rv_err_from_errno();
		return;
	}
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid == 0) {
		close(fds[0]);
		work(crew, worker->next, fds[1]);
	}
	close(fds[1]);
	if (worker->pid > 0) {
		worker->fd = fds[0];
		return;
	}
	crew->err = rv_err_from_errno();
	close(fds[0]);
}

static void take_word(struct crew *crew, struct worker *worker, struct word *word)
{
	worker->is_playing = word->is_begun;
	worker->next = word->played.seed + (word->is_begun ? 0 : crew->options->jobs);
	if (word->err != RV_OK)
		crew->err = word->err;
	else if (!word->is_begun)
		vw_report_take(&crew->report, &word->played);
}

/* It has ended. In the middle of a seed: that one is told, and another goes on behind it. */
static void bury_worker(struct crew *crew, struct worker *worker)
{
	const struct vw_options *o = crew->options;
	struct vw_played played = { .seed = worker->next, .result.settled_us = -1 };
	int status = 0;

	close(worker->fd);
	worker->fd = -1;
	waitpid(worker->pid, &status, 0);
	if (!worker->is_playing)
		return;
	played.signal = WIFSIGNALED(status) ? WTERMSIG(status) : SIGABRT;
	vw_report_take(&crew->report, &played);
	worker->next += o->jobs;
	if (crew->err == RV_OK && worker->next < o->seed + o->seeds)
		start_worker(crew, worker);
}

/* A word is less than a pipe's atomic write, so it comes whole. */
static void hear(struct crew *crew, struct worker *worker)
{
	struct word word;
	ssize_t n = read(worker->fd, &word, sizeof(word));

	if (n == (ssize_t)sizeof(word))
		take_word(crew, worker, &word);
	else
		bury_worker(crew, worker);
}

_Static_assert(sizeof(struct word) <= PIPE_BUF, "a word comes whole");

static int play_many(struct crew *crew)
{
	const struct vw_options *o = crew->options;
	struct pollfd fds[VW_JOBS_MAX];
	bool is_working = true;

	for (uint32_t i = 0; i < o->jobs; i++) {
		crew->workers[i] = (struct worker){ .fd = -1, .next = o->seed + i };
		if (i < o->seeds)
			start_worker(crew, &crew->workers[i]);
	}
	while (is_working) {
		is_working = false;
		for (uint32_t i = 0; i < o->jobs; i++) {
			fds[i] = (struct pollfd){ .fd = crew->workers[i].fd, .events = POLLIN };
			is_working |= fds[i].fd >= 0;
		}
		if (!is_working || poll(fds, o->jobs, -1) < 0)
			break;
		for (uint32_t i = 0; i < o->jobs; i++)
			if (fds[i].revents != 0)
				hear(crew, &crew->workers[i]);
	}
	return crew->err;
}

/* Here and now: what happens can be told as it does. */
static int play_one(struct crew *crew)
{
	const struct vw_options *o = crew->options;
	struct vw_played played = { .seed = o->seed };
	struct vw_view view = { .options = o };
	struct telling telling = { &crew->report, o->svg_path != NULL ? &view : NULL, o->seed };
	int err;

	vw_view_init(&view, o);
	err = play(o, &telling, &played);
	if (err == RV_OK && o->svg_path != NULL && !vw_view_draw(&view, &played.result))
		err = -EIO;
	if (err == RV_OK)
		vw_report_take(&crew->report, &played);
	vw_view_deinit(&view);
	return err;
}

int vw_main(int argc, char **argv)
{
	static struct crew crew;
	struct vw_options options;
	enum sim_exit status;
	int64_t start_us = rv_time_boot_us();
	int err;

	if (!vw_options_parse(argc, argv, &options, &status))
		return (int)status;
	rv_log_init("sim", RV_LOG_ERROR, RV_LOG_LOGFMT, -1); /* what fails here is meant to */
	crew.options = &options;
	crew.report = (struct vw_report){ .options = &options, .out = stdout };
	err = options.seeds == 1 ? play_one(&crew) : play_many(&crew);
	if (err != RV_OK) {
		sim_error("%s", rv_err_name(err));
		return SIM_EXIT_FAILURE;
	}
	vw_report_end(&crew.report, rv_time_boot_us() - start_us);
	return crew.report.failed > 0 ? SIM_EXIT_NOT_UP : SIM_EXIT_OK;
}
