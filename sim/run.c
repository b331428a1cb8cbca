/* The process that started the others: reads their records, judges when all is over. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "sim/fleet.h"
#include "sim/report.h"
#include "sim/sim.h"

enum { ANCHOR_MAX = 65536, RECORDS_AT_ONCE = 1024 };

struct child {
	pid_t pid;
	int fd; /* -1: it has ended */
	/* Of a record that came in two parts. */
	char rest[sizeof(struct sim_record)];
	size_t rest_len;
};

struct run {
	const struct sim_options *options;
	struct rv_buf anchor;
	int64_t *arrival_us;
	FILE *json; /* --json=FILE; NULL: none */
	int64_t start_us;
	struct child children[SIM_PROCESSES_MAX];
	unsigned count;
	struct sim_report report;
	bool is_broken; /* a process failed */
};

static volatile sig_atomic_t is_interrupted;

static void on_signal(int number)
{
	(void)number;
	is_interrupted = 1;
}

static int64_t elapsed_us(const struct run *run)
{
	return rv_time_boot_us() - run->start_us;
}

/* -- children ------------------------------------------------------------------------------- */

static bool start_child(struct run *run, unsigned i)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		struct sim_fleet_opt opt = { .options = run->options,
					     .ls_anchor = rv_buf_str(&run->anchor),
					     .arrival_us = run->arrival_us,
					     .process = i,
					     .processes = run->options->processes,
					     .start_us = run->start_us,
					     .out_fd = fds[1] };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGINT, SIG_IGN); /* the terminal tells all; it is the parent that ends us */
		close(fds[0]);
		_exit(sim_fleet_run(&opt));
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return false;
	}
	run->children[run->count++] = (struct child){ .pid = pid, .fd = fds[0] };
	return true;
}

static void take_bytes(struct run *run, struct child *child, const char *bytes, size_t len)
{
	struct sim_record record;

	while (child->rest_len + len >= sizeof(record)) {
		size_t more = sizeof(record) - child->rest_len;

		memcpy(&record, child->rest, child->rest_len);
		memcpy((char *)&record + child->rest_len, bytes, more);
		child->rest_len = 0;
		bytes += more;
		len -= more;
		sim_report_take(&run->report, &record);
	}
	memcpy(child->rest + child->rest_len, bytes, len);
	child->rest_len += len;
}

static void read_child(struct run *run, struct child *child)
{
	char buf[RECORDS_AT_ONCE * sizeof(struct sim_record)];
	ssize_t n = read(child->fd, buf, sizeof(buf));

	if (n > 0) {
		take_bytes(run, child, buf, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		close(child->fd);
		child->fd = -1;
	}
}

/* Wait for records until the time given at the latest. True: at least one process still runs. */
static bool read_children(struct run *run, int64_t until_us)
{
	struct pollfd fds[SIM_PROCESSES_MAX];
	int64_t wait_us = until_us - elapsed_us(run);
	unsigned open = 0;

	for (unsigned i = 0; i < run->count; i++) {
		fds[i] = (struct pollfd){ .fd = run->children[i].fd, .events = POLLIN };
		open += run->children[i].fd >= 0;
	}
	if (open == 0)
		return false;
	if (poll(fds, run->count, wait_us <= 0 ? 0 : (int)(wait_us / RV_US_PER_MS) + 1) <= 0)
		return true;
	for (unsigned i = 0; i < run->count; i++) {
		if (fds[i].revents != 0)
			read_child(run, &run->children[i]);
	}
	return true;
}

static void stop_children(struct run *run)
{
	for (unsigned i = 0; i < run->count; i++)
		kill(run->children[i].pid, SIGTERM);
	while (read_children(run, INT64_MAX / 2))
		; /* their last words: the slowest device */
	for (unsigned i = 0; i < run->count; i++) {
		int status = 0;

		while (waitpid(run->children[i].pid, &status, 0) < 0 && errno == EINTR)
			;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != SIM_EXIT_OK)
			run->is_broken = true;
	}
}

/* -- the run -------------------------------------------------------------------------------- */

static bool is_over(const struct run *run)
{
	const struct sim_options *o = run->options;

	if (is_interrupted || run->report.is_broken)
		return true;
	if (o->scenario.duration_us > 0 && elapsed_us(run) >= o->scenario.duration_us)
		return true;
	return (o->scenario.duration_us == 0 || o->is_until_up) && sim_report_is_done(&run->report);
}

static void watch(struct run *run)
{
	int64_t second_us = RV_US_PER_SEC;

	while (!is_over(run)) {
		int64_t until_us = second_us;

		if (run->options->scenario.duration_us > 0 &&
		    run->options->scenario.duration_us < until_us)
			until_us = run->options->scenario.duration_us;
		if (!read_children(run, until_us))
			return; /* they ended before they were told to */
		if (elapsed_us(run) < second_us)
			continue;
		sim_report_second(&run->report, second_us);
		second_us += RV_US_PER_SEC;
	}
}

static bool open_json(struct run *run)
{
	const char *path = run->options->json_path;

	if (path == NULL)
		return true;
	run->json = fopen(path, "we");
	if (run->json == NULL)
		sim_error("%s: %s", path, strerror(errno));
	return run->json != NULL;
}

static bool prepare(struct run *run)
{
	const struct sim_options *o = run->options;
	bool is_json_only = o->is_json && o->json_path == NULL;
	int err = rv_buf_read_file(&run->anchor, o->ls_root, ANCHOR_MAX);

	if (err != RV_OK) {
		sim_error("%s: %s", o->ls_root, rv_err_name(err));
		return false;
	}
	if (!open_json(run))
		return false;
	run->arrival_us = calloc(o->devices, sizeof(*run->arrival_us));
	if (run->arrival_us == NULL ||
	    sim_report_init(&run->report, o, is_json_only ? NULL : stdout,
			    is_json_only ? stdout : run->json) != RV_OK) {
		sim_error("%s", rv_err_name(-ENOMEM));
		return false;
	}
	sim_arrival_fill(&o->scenario.arrival, o->seed, run->arrival_us, o->devices);
	return true;
}

static void draw(struct run *run, int64_t end_us)
{
	const char *path = run->options->svg_path;
	struct rv_buf svg = { 0 };
	FILE *out;
	bool is_written;

	if (path == NULL)
		return;
	sim_report_picture(&run->report, end_us, &svg);
	out = svg.err == RV_OK ? fopen(path, "we") : NULL;
	is_written = out != NULL && fwrite(svg.ptr, 1, svg.len, out) == svg.len;
	if (out != NULL)
		is_written = fclose(out) == 0 && is_written;
	if (!is_written) {
		sim_error("%s: %s", path, strerror(errno));
		run->is_broken = true;
	}
	rv_buf_deinit(&svg);
}

static void play(struct run *run)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	run->start_us = rv_time_boot_us();
	for (unsigned i = 0; i < run->options->processes; i++) {
		if (!start_child(run, i)) {
			sim_error("%s", strerror(errno));
			run->is_broken = true;
		}
	}
	if (!run->is_broken)
		watch(run);
	int64_t end_us = elapsed_us(run);
	stop_children(run);
	sim_report_summary(&run->report, end_us);
	draw(run, end_us);
}

enum sim_exit sim_run(const struct sim_options *options)
{
	struct run *run = calloc(1, sizeof(*run));
	enum sim_exit status = SIM_EXIT_FAILURE;

	if (run == NULL)
		return status;
	run->options = options;
	if (prepare(run)) {
		play(run);
		if (!run->is_broken && !run->report.is_broken)
			status = sim_report_is_done(&run->report) ? SIM_EXIT_OK : SIM_EXIT_NOT_UP;
		sim_report_deinit(&run->report);
	}
	if (run->json != NULL && fclose(run->json) != 0) {
		sim_error("%s: %s", options->json_path, strerror(errno));
		status = SIM_EXIT_FAILURE;
	}
	free(run->arrival_us);
	rv_buf_deinit(&run->anchor);
	free(run);
	return status;
}
