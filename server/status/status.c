#include "server/status/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log/log.h"
#include "server/status/merge.h"
#include "server/status/status_priv.h"

static const char text_type[] = "text/plain; charset=utf-8";

/* A page whose answers are being collected. */
struct page {
	struct status *status;
	struct rv_status_conn *conn;
};

static void put_roster_metrics(const struct status *status, struct rv_buf *out)
{
	rv_buf_puts(out, "# HELP reeve_up The supervisor and status are alive.\n"
			 "# TYPE reeve_up gauge\n"
			 "reeve_up 1\n"
			 "# HELP reeve_duty_up 1 when the process runs and has reported ready.\n"
			 "# TYPE reeve_duty_up gauge\n");
	for (size_t i = 0; i < status->roster_count; i++)
		rv_buf_printf(out, "reeve_duty_up{duty=\"%s\",instance=\"%u\"} %d\n",
			      status->roster[i].name, status->roster[i].instance,
			      status->roster[i].run == RV_DUTY_READY);
	rv_buf_puts(out, "# HELP reeve_duty_needs_restart 1: settings changed, and wait for a "
			 "start.\n"
			 "# TYPE reeve_duty_needs_restart gauge\n");
	for (size_t i = 0; i < status->roster_count; i++)
		rv_buf_printf(out, "reeve_duty_needs_restart{duty=\"%s\",instance=\"%u\"} %d\n",
			      status->roster[i].name, status->roster[i].instance,
			      status->roster[i].run == RV_DUTY_READY &&
				      status->roster[i].note[0] != '\0');
	rv_buf_puts(out, "# HELP reeve_duty_restarts_total Starts after the first.\n"
			 "# TYPE reeve_duty_restarts_total counter\n");
	for (size_t i = 0; i < status->roster_count; i++)
		rv_buf_printf(
			out, "reeve_duty_restarts_total{duty=\"%s\",instance=\"%u\"} %" PRIu64 "\n",
			status->roster[i].name, status->roster[i].instance,
			status->roster[i].restarts);
}

/* The roster's own figures, ours, and everybody's. */
static int merge_all(struct status *status, const struct rv_ask_answer *answers, size_t n,
		     struct rv_buf *out)
{
	struct rv_buf own = { 0 };
	struct rv_merge merge;
	int err;

	rv_merge_init(&merge);
	put_roster_metrics(status, &own);
	rv_merge_add(&merge, rv_buf_str(&own), NULL, 0);
	rv_buf_clear(&own);
	rv_duty_metrics(status->duty, &own);
	rv_merge_add(&merge, rv_buf_str(&own), rv_status_duty_spec.name,
		     rv_duty_instance(status->duty));
	for (size_t i = 0; i < n; i++) {
		if (answers[i].status == RV_OK)
			rv_merge_add(&merge, rv_buf_str(&answers[i].body), answers[i].duty.name,
				     answers[i].duty.instance);
	}
	rv_merge_write(&merge, out);
	status->malformed_lines += merge.malformed;
	err = own.err != RV_OK ? own.err : merge.err;
	rv_merge_deinit(&merge);
	rv_buf_deinit(&own);
	return err;
}

static void finish_if_idle(struct status *status)
{
	if (status->is_stopping && status->open_pages == 0)
		rv_duty_stopped(status->duty);
}

void status_page_ended(struct status *status)
{
	status->pages++;
	status->open_pages--;
	finish_if_idle(status);
}

static void reply(struct page *page, int code, const char *type, struct rv_str body)
{
	rv_status_reply(page->conn, code, type, body);
	status_page_ended(page->status);
	free(page);
}

static void on_metrics(void *arg, const struct rv_ask_answer *answers, size_t n)
{
	struct page *page = arg;
	struct rv_buf text = { 0 };
	int err = merge_all(page->status, answers, n, &text);

	if (err == RV_OK && text.err == RV_OK) {
		reply(page, 200, "text/plain; version=0.0.4; charset=utf-8", rv_buf_str(&text));
	} else {
		rv_log(RV_LOG_ERROR, "status.metrics.failed", RV_KS("error", rv_err_name(err)));
		reply(page, 500, text_type,
		      RV_STR_LIT("the metrics are larger than can be merged\n"));
	}
	rv_buf_deinit(&text);
}

/* True when it is ready; otherwise one line is appended, and when changes of the configuration wait
 * for its next start. */
static bool put_readiness(const struct rv_ask_answer *answer, struct rv_buf *out)
{
	const struct rv_duty_info *duty = &answer->duty;
	struct rv_str reason = rv_str_sub(rv_buf_str(&answer->body), 0, RV_DUTY_REASON_MAX);

	if (duty->run == RV_DUTY_READY && answer->status == RV_OK && reason.len == 0) {
		if (duty->note[0] != '\0')
			rv_buf_printf(out, "%s.%u: %s\n", duty->name, duty->instance, duty->note);
		return true;
	}
	rv_buf_printf(out, "%s.%u: ", duty->name, duty->instance);
	if (duty->run == RV_DUTY_WAITING)
		rv_buf_printf(out, "waits to be restarted: %s, %" PRIu64 " restarts\n", duty->note,
			      duty->restarts);
	else if (duty->run == RV_DUTY_STARTING)
		rv_buf_printf(out, "is starting, %" PRIu64 " restarts\n", duty->restarts);
	else if (duty->run == RV_DUTY_STOPPING)
		rv_buf_puts(out, "is stopping\n");
	else if (answer->status != RV_OK)
		rv_buf_printf(out, "does not answer: %s\n", rv_err_name(answer->status));
	else
		rv_buf_printf(out, "%.*s\n", RV_STR_ARG(reason));
	return false;
}

static void on_health(void *arg, const struct rv_ask_answer *answers, size_t n)
{
	struct page *page = arg;
	struct rv_buf text = { 0 };
	bool is_ready = n > 0;

	for (size_t i = 0; i < n; i++)
		is_ready &= put_readiness(&answers[i], &text);
	if (n == 0)
		rv_buf_puts(&text, "reeve: is starting\n");
	if (is_ready)
		rv_buf_puts(&text, "ready\n");
	reply(page, is_ready ? 200 : 503, text_type, rv_buf_str(&text));
	rv_buf_deinit(&text);
}

static void ask_everybody(struct status *status, struct rv_status_conn *conn, const char *method,
			  rv_ask_fn fn)
{
	struct page *page = calloc(1, sizeof(*page));

	if (page != NULL) {
		*page = (struct page){ status, conn };
		if (rv_ask_all(status->duty, method, status->roster, status->roster_count, fn,
			       page) == RV_OK) {
			status->open_pages++;
			return;
		}
		free(page);
	}
	rv_status_reply(conn, 503, text_type, RV_STR_LIT("out of memory\n"));
}

static void on_page(void *arg, struct rv_status_conn *conn, struct rv_str path)
{
	struct status *status = arg;

	if (rv_str_is(path, "/metrics"))
		ask_everybody(status, conn, "duty.metrics", on_metrics);
	else if (rv_str_is(path, "/readyz"))
		ask_everybody(status, conn, "duty.health", on_health);
	else if (rv_str_is(path, "/healthz"))
		rv_status_reply(conn, 200, text_type, RV_STR_LIT("ok\n"));
	else
		rv_status_reply(conn, 404, text_type,
				RV_STR_LIT("here are /metrics, /healthz and /readyz\n"));
}

static void on_roster(void *arg, const struct rv_duty_info *list, size_t n)
{
	struct status *status = arg;

	memcpy(status->roster, list, n * sizeof(*list));
	status->roster_count = n;
}

static int start(struct rv_duty *duty, void **out, struct rv_diag *diag)
{
	struct status *status = calloc(1, sizeof(*status));
	const int *fds;
	size_t n = rv_duty_listeners(duty, &fds);
	int err;

	if (status == NULL)
		return -ENOMEM;
	status->duty = duty;
	err = rv_ops_new(rv_duty_bus(duty), rv_status_duty_spec.name, status_on_op, status,
			 &status->ops);
	if (err == RV_OK)
		err = rv_status_server_new(rv_duty_loop(duty), fds, n, on_page, status,
					   &status->server);
	if (err != RV_OK) {
		rv_ops_free(status->ops);
		free(status);
		return rv_diag_set(diag, err, "status.listen", "status.listen", "%s",
				   uv_strerror(err));
	}
	rv_duty_on_roster(duty, on_roster, status);
	*out = status;
	return RV_OK;
}

static void stop(void *state)
{
	struct status *status = state;

	rv_status_server_free(status->server);
	status->is_stopping = true;
	finish_if_idle(status);
}

static void free_state(void *state)
{
	struct status *status = state;

	rv_ops_free(status->ops);
	free(status);
}

static void metrics(void *state, struct rv_buf *out)
{
	const struct status *status = state;

	rv_buf_printf(
		out,
		"# HELP reeve_status_pages_total Pages and status reports answered.\n"
		"# TYPE reeve_status_pages_total counter\n"
		"reeve_status_pages_total %" PRIu64 "\n"
		"# HELP reeve_status_malformed_lines_total Lines of duties' metrics left out.\n"
		"# TYPE reeve_status_malformed_lines_total counter\n"
		"reeve_status_malformed_lines_total %" PRIu64 "\n",
		status->pages, status->malformed_lines);
}

const struct rv_duty_code rv_status_code = {
	.spec = &rv_status_duty_spec,
	.schema = rv_status_sections,
	.schema_count = 1,
	.start = start,
	.stop = stop,
	.free = free_state,
	.metrics = metrics,
};
