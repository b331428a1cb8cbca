#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "server/status/report.h"
#include "server/status/status.h"
#include "server/status/status_priv.h"

/* A report whose answers are being collected: of two questions to everybody. */
struct inquiry {
	struct status *status;
	struct rv_ops_call *call;
	struct rv_report report;
	unsigned pending;
	int err; /* of the questions themselves */
};

static void finish(struct inquiry *inquiry)
{
	const struct rv_system_status_out *out;
	struct rv_diag diag;
	int err = inquiry->err;

	if (err == RV_OK)
		err = rv_report_finish(&inquiry->report, &out);
	if (err == RV_OK) {
		rv_ops_reply(inquiry->call, out);
	} else {
		rv_diag_set(&diag, err, "op.failed", "", "the duties cannot be asked (%s)",
			    rv_err_name(err));
		rv_ops_refuse(inquiry->call, err, &diag);
	}
	status_page_ended(inquiry->status);
	free(inquiry);
}

static void finish_if_complete(struct inquiry *inquiry)
{
	if (--inquiry->pending == 0)
		finish(inquiry);
}

static void on_health(void *arg, const struct rv_ask_answer *answers, size_t n)
{
	struct inquiry *inquiry = arg;

	for (size_t i = 0; i < n; i++)
		rv_report_health(&inquiry->report, i, answers[i].status,
				 rv_buf_str(&answers[i].body));
	finish_if_complete(inquiry);
}

/* We are not asked over the bus. */
static void put_own(struct inquiry *inquiry, size_t i)
{
	struct rv_buf text = { 0 };

	rv_duty_metrics(inquiry->status->duty, &text);
	if (text.err == RV_OK)
		rv_report_metrics(&inquiry->report, i, rv_buf_str(&text));
	rv_buf_deinit(&text);
}

static void on_metrics(void *arg, const struct rv_ask_answer *answers, size_t n)
{
	struct inquiry *inquiry = arg;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(answers[i].duty.name, rv_status_duty_spec.name) == 0)
			put_own(inquiry, i);
		else if (answers[i].status == RV_OK)
			rv_report_metrics(&inquiry->report, i, rv_buf_str(&answers[i].body));
	}
	finish_if_complete(inquiry);
}

/* Both at once: one that hangs costs its time once. */
static void ask(struct inquiry *inquiry, const struct rv_duty_info *list, size_t n)
{
	struct rv_duty *duty = inquiry->status->duty;

	inquiry->pending = 3; /* the third is this function */
	inquiry->err = rv_ask_all(duty, "duty.health", list, n, on_health, inquiry);
	if (inquiry->err != RV_OK) {
		inquiry->pending -= 2;
	} else {
		inquiry->err = rv_ask_all(duty, "duty.metrics", list, n, on_metrics, inquiry);
		inquiry->pending -= inquiry->err != RV_OK;
	}
	finish_if_complete(inquiry);
}

void status_on_op(void *arg, struct rv_ops_call *call, const struct rv_contract_op *op,
		  const void *in)
{
	struct status *status = arg;
	size_t n = status->roster_count;
	struct rv_duty_info *list = rv_arena_array(rv_ops_arena(call), n + 1, sizeof(*list));
	struct inquiry *inquiry = NULL;
	struct rv_diag diag;

	(void)op; /* there is one */
	(void)in;
	if (list != NULL && !status->is_stopping)
		inquiry = calloc(1, sizeof(*inquiry));
	if (inquiry == NULL) {
		rv_diag_set(&diag, RV_ECLOSED, "op.failed", "", "status is stopping, or full");
		rv_ops_refuse(call, RV_ECLOSED, &diag);
		return;
	}
	memcpy(list, status->roster, n * sizeof(*list));
	inquiry->status = status;
	inquiry->call = call;
	rv_report_init(&inquiry->report, rv_ops_arena(call), rv_time_utc_us(), list, n);
	status->open_pages++;
	ask(inquiry, list, n);
}
