#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/control_priv.h"
#include "app/duty_priv.h"
#include "app/roster_priv.h"
#include "app/start_priv.h"
#include "app/supervisor.h"
#include "tls/prepare.h"

enum {
	ORPHAN_S = 5, /* an orphan that does not end in time is ended by SIGALRM */
	HEAP_KEPT = 4 * 1024 * 1024,
	HEAP_STEP = 256 * 1024,
};

uv_loop_t *rv_duty_loop(struct rv_duty *duty)
{
	return &duty->loop;
}

struct rv_bus *rv_duty_bus(struct rv_duty *duty)
{
	return duty->bus;
}

struct rv_conf *rv_duty_conf(struct rv_duty *duty)
{
	return duty->conf;
}

unsigned rv_duty_instance(const struct rv_duty *duty)
{
	return duty->instance;
}

unsigned rv_duty_worker(const struct rv_duty *duty)
{
	return duty->instance % RV_SUPERVISOR_WORKERS_MAX;
}

const char *rv_duty_state_dir(const struct rv_duty *duty)
{
	return duty->state_dir;
}

size_t rv_duty_listeners(const struct rv_duty *duty, const int **out_fds)
{
	*out_fds = duty->listeners;
	return duty->listener_count;
}

struct rv_tls_tickets *rv_duty_tickets(const struct rv_duty *duty)
{
	assert(duty->tickets != NULL);
	return duty->tickets;
}

int rv_duty_handover(struct rv_duty *duty, int fd, const char *label)
{
	assert(duty->code->spec->hands_to != NULL);
	return rv_handover_give(&duty->handover, fd, label);
}

void rv_duty_on_socket(struct rv_duty *duty, rv_duty_socket_fn fn, void *arg)
{
	duty->handover.fn = fn;
	duty->handover.arg = arg;
}

void rv_duty_on_roster(struct rv_duty *duty, rv_duty_roster_fn fn, void *arg)
{
	assert(duty->code->spec->watches_all);
	duty->roster_fn = fn;
	duty->roster_arg = arg;
}

void rv_duty_stopped(struct rv_duty *duty)
{
	duty->is_stopping = true;
	duty->has_stopped = true;
	uv_stop(&duty->loop);
}

static void begin_stop(struct rv_duty *duty)
{
	if (duty->is_stopping)
		return;
	duty->is_stopping = true;
	duty->code->stop(duty->state);
}

void rv_duty_metrics(struct rv_duty *duty, struct rv_buf *out)
{
	struct rv_bus_stats s;

	rv_process_metrics(&duty->process, out);
	rv_bus_stats(duty->bus, &s);
	rv_buf_printf(
		out,
		"# HELP reeve_bus_frames_total Frames on the bus, by direction.\n"
		"# TYPE reeve_bus_frames_total counter\n"
		"reeve_bus_frames_total{direction=\"in\"} %" PRIu64 "\n"
		"reeve_bus_frames_total{direction=\"out\"} %" PRIu64 "\n"
		"# HELP reeve_bus_requests_total Requests made.\n"
		"# TYPE reeve_bus_requests_total counter\n"
		"reeve_bus_requests_total %" PRIu64 "\n"
		"# HELP reeve_bus_timeouts_total Requests whose deadline passed.\n"
		"# TYPE reeve_bus_timeouts_total counter\n"
		"reeve_bus_timeouts_total %" PRIu64 "\n"
		"# HELP reeve_bus_refused_total Requests and events refused, a queue was full.\n"
		"# TYPE reeve_bus_refused_total counter\n"
		"reeve_bus_refused_total %" PRIu64 "\n"
		"# HELP reeve_bus_links Links that are up.\n"
		"# TYPE reeve_bus_links gauge\n"
		"reeve_bus_links %" PRIu64 "\n"
		"# HELP reeve_sandbox_on Rights were given up.\n"
		"# TYPE reeve_sandbox_on gauge\n"
		"reeve_sandbox_on %d\n"
		"# HELP reeve_sandbox_uid_dropped The process gave up the uid it was started "
		"with.\n"
		"# TYPE reeve_sandbox_uid_dropped gauge\n"
		"reeve_sandbox_uid_dropped %d\n"
		"# HELP reeve_sandbox_landlock_abi Version of Landlock in force; 0: none.\n"
		"# TYPE reeve_sandbox_landlock_abi gauge\n"
		"reeve_sandbox_landlock_abi %d\n"
		"# HELP reeve_log_dropped_total Log lines left out by the rate limit.\n"
		"# TYPE reeve_log_dropped_total counter\n"
		"reeve_log_dropped_total %" PRIu64 "\n",
		s.frames_in, s.frames_out, s.requests, s.timeouts, s.refused + s.dropped_events,
		s.links, duty->sandbox.is_on, duty->sandbox.has_dropped_uid,
		duty->sandbox.landlock_abi, rv_log_dropped());
	if (duty->code->metrics != NULL && !duty->is_stopping)
		duty->code->metrics(duty->state, out);
}

static void serve_metrics(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	struct rv_duty *duty = arg;
	struct rv_buf text = { .max = RV_BUS_BODY_MAX };

	(void)body;
	rv_duty_metrics(duty, &text);
	rv_bus_reply(call, text.err, text.err == RV_OK ? rv_buf_str(&text) : rv_str(NULL));
	rv_buf_deinit(&text);
}

static void serve_health(void *arg, struct rv_bus_call *call, struct rv_str body)
{
	struct rv_duty *duty = arg;
	const char *reason = NULL;

	(void)body;
	if (duty->is_stopping)
		reason = "is stopping";
	else if (duty->code->not_ready != NULL)
		reason = duty->code->not_ready(duty->state);
	rv_bus_reply(call, RV_OK, rv_str_sub(rv_str(reason), 0, RV_DUTY_REASON_MAX));
}

static void take_link(struct rv_duty *duty, struct rv_control_msg *msg)
{
	int err;

	if (msg->fd_count != 1 || msg->peer.name[0] == '\0')
		return;
	err = rv_bus_attach_limited(duty->bus, msg->peer.name, msg->peer.instance, msg->fds[0],
				    msg->body);
	msg->fds[0] = -1;
	if (err != RV_OK)
		rv_log(RV_LOG_ERROR, "app.link.failed", RV_KS("peer", msg->peer.name),
		       RV_KI("instance", msg->peer.instance), RV_KS("error", rv_err_name(err)));
}

static void take_roster(struct rv_duty *duty, const struct rv_control_msg *msg)
{
	size_t n;

	if (duty->roster_fn == NULL || duty->is_stopping)
		return;
	if (rv_roster_decode(msg->body, duty->roster, RV_DUTY_ROSTER_MAX, &n) == RV_OK)
		duty->roster_fn(duty->roster_arg, duty->roster, n);
}

static void take_tickets(struct rv_duty *duty, struct rv_str keys)
{
	int err = rv_duty_set_tickets(duty, keys);

	if (err != RV_OK)
		rv_log(RV_LOG_ERROR, "app.tickets.refused", RV_KS("error", rv_err_name(err)));
}

/* Status 0: we give; 1: we take. */
static void take_line(struct rv_duty *duty, struct rv_control_msg *msg)
{
	if (msg->fd_count != 1)
		return;
	if (msg->status == 0)
		rv_handover_add_taker(&duty->handover, msg->fds[0]);
	else
		rv_handover_add_source(&duty->handover, &duty->loop, msg->fds[0]);
	msg->fds[0] = -1;
}

static void describe(int err, const struct rv_diag *diag, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s", diag->where, diag->where[0] != '\0' ? ": " : "",
		 diag->text[0] != '\0' ? diag->text : rv_err_name(err));
}

static void begin_drain(struct rv_duty *duty)
{
	if (duty->code->drain == NULL)
		begin_stop(duty);
	else if (!duty->is_stopping)
		duty->code->drain(duty->state);
}

/* -- reload --------------------------------------------------------------------------------- */

static int switch_conf(struct rv_duty *duty, int fd, struct rv_diag *diag)
{
	struct rv_conf *conf = NULL;
	int err = rv_duty_read_conf(duty, fd, &conf);

	if (err != RV_OK)
		return err;
	if (duty->code->reload != NULL)
		err = duty->code->reload(duty->state, conf, diag);
	if (err != RV_OK || duty->code->reload == NULL) { /* it may point into what it has */
		rv_conf_free(conf);
		return err;
	}
	rv_conf_free(duty->conf);
	duty->conf = conf;
	return RV_OK;
}

static void take_reload(struct rv_duty *duty, const struct rv_control_msg *msg)
{
	struct rv_control_msg answer = { .kind = RV_CONTROL_RELOADED };
	char text[RV_DIAG_TEXT_MAX + RV_DIAG_WHERE_MAX + 4];
	struct rv_diag diag = { 0 };
	struct rv_start start;

	if (duty->is_stopping)
		return;
	answer.status = msg->fd_count == 1 ? switch_conf(duty, msg->fds[0], &diag) : RV_ESYNTAX;
	if (answer.status == RV_OK)
		answer.status = rv_start_decode_log(msg->body, &start);
	if (answer.status == RV_OK) {
		rv_duty_take_log_settings(duty, &start);
		rv_duty_init_log(duty);
	} else {
		describe(answer.status, &diag, text, sizeof(text));
		answer.body = rv_str(text);
	}
	if (rv_control_chan_send(duty->control, &answer) != RV_OK)
		rv_log(RV_LOG_ERROR, "app.reload.unanswered");
}

static void on_control(void *arg, struct rv_control_msg *msg)
{
	struct rv_duty *duty = arg;

	if (msg->kind == RV_CONTROL_LINK)
		take_link(duty, msg);
	else if (msg->kind == RV_CONTROL_ROSTER)
		take_roster(duty, msg);
	else if (msg->kind == RV_CONTROL_TICKETS)
		take_tickets(duty, msg->body);
	else if (msg->kind == RV_CONTROL_LINE)
		take_line(duty, msg);
	else if (msg->kind == RV_CONTROL_RELOAD)
		take_reload(duty, msg);
	else if (msg->kind == RV_CONTROL_STOP)
		begin_stop(duty);
	else if (msg->kind == RV_CONTROL_DRAIN)
		begin_drain(duty);
}

/* PR_SET_PDEATHSIG has killed us before this is seen, unless the kernel forgot it when the uid
 * changed. */
static void on_control_end(void *arg, int reason)
{
	struct rv_duty *duty = arg;

	rv_log(RV_LOG_ERROR, "app.supervisor.lost", RV_KS("error", rv_err_name(reason)));
	alarm(ORPHAN_S);
	begin_stop(duty);
}

static const struct rv_control_chan_callbacks control_callbacks = { on_control, on_control_end };

static int open_loop(struct rv_duty *duty, int control_fd)
{
	int err = uv_loop_init(&duty->loop);

	assert(err == 0); /* out of memory or descriptors at start-up */
	err = rv_bus_new(&duty->loop, duty->code->spec->name, duty->instance, &duty->bus);
	if (err == RV_OK)
		err = rv_bus_serve(duty->bus, "duty.metrics", serve_metrics, duty);
	if (err == RV_OK)
		err = rv_bus_serve(duty->bus, "duty.health", serve_health, duty);
	if (err != RV_OK)
		return err;
	rv_process_init(&duty->process);
	rv_process_listeners(&duty->process, duty->listeners, duty->listener_count);
	return rv_control_chan_new(&duty->loop, control_fd, &control_callbacks, duty,
				   &duty->control);
}

static void report_failure(struct rv_duty *duty, int err, const struct rv_diag *diag)
{
	char text[RV_DIAG_TEXT_MAX + RV_DIAG_WHERE_MAX + 4];
	struct rv_control_msg msg = { .kind = RV_CONTROL_FAILED, .status = err };

	describe(err, diag, text, sizeof(text));
	msg.body = rv_str(text);
	if (rv_control_chan_send(duty->control, &msg) != RV_OK)
		rv_log(RV_LOG_ERROR, "app.duty.refused", RV_KS("error", text));
}

/* All rights but those of the table are given up, before anything can make a thread. */
static int enter_sandbox(struct rv_duty *duty, struct rv_diag *diag)
{
	const struct rv_rights_place place = { duty->code->spec, duty->conf, duty->state_dir };
	int err;

	rv_tls_prepare();
	err = rv_rights_enter(&place, &duty->user, &duty->state_dir, &duty->sandbox, diag);
	if (err != RV_OK)
		return err;
	/* The kernel forgets it when the uid changes; who died meanwhile is seen at the control
	 * socket. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return RV_OK;
}

/* start(), then the loop until rv_duty_stopped(). */
static int run(struct rv_duty *duty)
{
	struct rv_diag diag = { 0 };
	const struct rv_control_msg ready = { .kind = RV_CONTROL_READY };
	int err = enter_sandbox(duty, &diag);

	if (err == RV_OK)
		err = duty->code->start(duty, &duty->state, &diag);
	if (err != RV_OK) {
		report_failure(duty, err, &diag);
		return err == RV_EINVALID || err == RV_ESYNTAX ? RV_EXIT_CONFIG : RV_EXIT_FAILURE;
	}
	err = rv_control_chan_send(duty->control, &ready);
	if (err != RV_OK)
		return RV_EXIT_FAILURE; /* the supervisor is gone */
	if (!duty->has_stopped)
		uv_run(&duty->loop, UV_RUN_DEFAULT);
	/* The control channel keeps the loop alive, unless the supervisor is lost. */
	return duty->has_stopped ? RV_EXIT_OK : RV_EXIT_FAILURE;
}

static void close_loop(struct rv_duty *duty)
{
	rv_bus_free(duty->bus);
	rv_control_chan_free(duty->control);
	rv_handover_close(&duty->handover);
	rv_process_deinit(&duty->process);
	/* A handle that the duty forgot would keep a full run from ending. */
	for (int i = 0; i < 8 && uv_run(&duty->loop, UV_RUN_NOWAIT) != 0; i++)
		continue;
	if (uv_loop_close(&duty->loop) != 0)
		rv_log(RV_LOG_WARN, "app.loop.left-open");
}

int rv_duty_main(int argc, char **argv, const struct rv_duty_code *code)
{
	struct rv_duty duty = { .code = code };
	int control_fd = rv_duty_parse_args(argc, argv);
	int status = RV_EXIT_FAILURE;
	int err;

	if (control_fd < 0) {
		fprintf(stderr, "%s: a part of reeve, started by `reeve serve`; see reeve(8)\n",
			argc > 0 ? argv[0] : code->spec->name);
		return RV_EXIT_USAGE;
	}
	/* Connections come and go by the thousand: memory at the top of the heap is kept for the
	 * next ones instead of being given to the kernel, and taken from it, each time. */
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
	mallopt(M_TOP_PAD, HEAP_STEP);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk, not the end */
	err = rv_duty_take_start(&duty, control_fd);
	if (err != RV_OK) {
		if (err != RV_ECLOSED) /* it died before the line above: nothing to tell anybody */
			rv_log(RV_LOG_ERROR, "app.duty.misfed", RV_KS("duty", code->spec->name),
			       RV_KS("error", rv_err_name(err)));
		return RV_EXIT_FAILURE;
	}
	err = open_loop(&duty, control_fd);
	if (err != RV_OK) {
		rv_log(RV_LOG_ERROR, "app.loop.failed", RV_KS("error", rv_err_name(err)));
		return RV_EXIT_FAILURE;
	}
	status = run(&duty);
	close_loop(&duty);
	if (status == RV_EXIT_OK && code->free != NULL)
		code->free(duty.state);
	rv_tls_tickets_unref(duty.tickets);
	rv_conf_free(duty.conf);
	free(duty.state_dir);
	return status;
}
