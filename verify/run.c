/* All steps of a run: the loop around core, connections and device. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "verify/device.h"
#include "verify/places.h"
#include "verify/report.h"
#include "verify/verify.h"

enum { ABSENT_MAX = 3 /* in a row: it does not come any more */ };

static const char rs_key[] = "verify-rs-key-1", other_rs_key[] = "verify-rs-key-2";

struct run {
	const struct verify_options *options;
	FILE *say; /* progress and the table */
	uv_loop_t loop;
	uv_timer_t deadline, over;
	uv_signal_t signals[2];
	struct verify_kit kit;
	struct verify_world world;
	struct verify_places places;
	struct verify_device device;
	struct verify_board board;
	struct verify_core core;
	size_t index; /* of the step that comes next */
	struct verify_step step;
	int64_t begun_us;
	unsigned played, absent;
	bool is_waiting_for_end; /* of the device, to switch it on anew */
	bool is_over;            /* of the step, told to the loop */
	bool is_finished, is_failed;
};

static void start_step(struct run *run);

/* -- which steps ----------------------------------------------------------------------------- */

static bool has_selected(const struct verify_options *options, const struct verify_step *step)
{
	for (size_t i = 0; i < VERIFY_NUMBERS_MAX; i++) {
		if (step->numbers[i] != 0 && verify_is_selected(options, step->numbers[i]))
			return true;
	}
	return false;
}

/* A selected number that no step is about: it is judged with every request. */
static bool needs_any_step(const struct verify_options *options)
{
	struct verify_step step;

	for (size_t i = 0; i < verify_check_count; i++) {
		bool is_of_step = false;

		for (size_t k = 0; k < verify_plan_count() && !is_of_step; k++) {
			verify_plan_step(k, &step);
			is_of_step = verify_step_judges(&step, verify_checks[i].number);
		}
		if (!is_of_step && verify_is_selected(options, verify_checks[i].number))
			return true;
	}
	return false;
}

static bool is_wanted(const struct verify_options *options, size_t index, struct verify_step *step)
{
	verify_plan_step(index, step);
	if (options->is_quick && step->seconds > 0)
		return false;
	return has_selected(options, step) || (index == 0 && needs_any_step(options));
}

/* -- steps ----------------------------------------------------------------------------------- */

static void finish(struct run *run)
{
	if (run->is_finished)
		return;
	run->is_finished = true;
	verify_places_close(&run->places);
	uv_close((uv_handle_t *)&run->deadline, NULL);
	uv_close((uv_handle_t *)&run->over, NULL);
	verify_device_stop(&run->device);
}

static void on_deadline(uv_timer_t *timer);
static void on_over(uv_timer_t *timer);

/* After every event: is the step over, and if not, until when is there time? */
static void look(struct run *run)
{
	int64_t wait_us = run->core.deadline_us - rv_time_boot_us();

	if (run->is_finished)
		return;
	if (run->core.outcome != VERIFY_RUNNING) {
		if (!run->is_over && !run->is_waiting_for_end)
			uv_timer_start(&run->over, on_over, 0, 0);
		run->is_over = true;
		uv_timer_stop(&run->deadline);
		return;
	}
	wait_us = wait_us > 0 ? wait_us : 0;
	uv_timer_start(&run->deadline, on_deadline, (uint64_t)(wait_us / RV_US_PER_MS) + 1, 0);
}

static void on_deadline(uv_timer_t *timer)
{
	struct run *run = timer->data;

	verify_core_tick(&run->core, rv_time_boot_us());
	look(run);
}

static const char *outcome_word(enum verify_outcome outcome)
{
	switch (outcome) {
	case VERIFY_KEPT:
		return verify_tr("as wanted", "期待どおり");
	case VERIFY_BROKEN:
		return verify_tr("NOT as wanted", "期待と異なる");
	case VERIFY_ABSENT:
		return verify_tr("the device did not come", "機器が来なかった");
	case VERIFY_SKIPPED:
		return verify_tr("left out", "省略");
	default:
		return verify_tr("not judged", "判定なし");
	}
}

static void on_over(uv_timer_t *timer)
{
	struct run *run = timer->data;
	const struct verify_core *core = &run->core;
	double took = (double)(rv_time_boot_us() - run->begun_us) / RV_US_PER_SEC;

	fprintf(run->say, "%3u  %-32s %s (%.1f s)%s%s\n", run->played, run->step.name,
		outcome_word(core->outcome), took, core->note[0] != '\0' ? ": " : "", core->note);
	fflush(run->say);
	run->absent = core->outcome == VERIFY_ABSENT ? run->absent + 1 : 0;
	if (run->absent == ABSENT_MAX || (run->absent > 0 && !core->has_come))
		finish(run);
	else
		start_step(run);
}

static void begin(struct run *run, bool is_cold)
{
	run->is_over = false;
	run->begun_us = rv_time_boot_us();
	verify_places_set(&run->places, &run->kit, &run->step);
	verify_core_begin(&run->core, &run->step, is_cold, run->begun_us);
	look(run);
}

/* Nothing of the device runs any more. */
static void switch_on(struct run *run)
{
	verify_places_clear(&run->places);
	if (!verify_device_start(&run->device, run->step.name)) {
		run->is_failed = true;
		finish(run);
		return;
	}
	begin(run, true);
}

static void start_step(struct run *run)
{
	bool is_warm = run->options->command == NULL ||
		       (run->options->is_warm && run->absent == 0 && run->device.is_running);

	while (run->index < verify_plan_count() && !is_wanted(run->options, run->index, &run->step))
		run->index++;
	if (run->index == verify_plan_count()) {
		finish(run);
		return;
	}
	run->index++;
	run->played++;
	if (is_warm) {
		begin(run, false);
	} else if (run->device.is_running) {
		run->is_waiting_for_end = true;
		verify_device_stop(&run->device);
	} else {
		switch_on(run);
	}
}

/* -- events ---------------------------------------------------------------------------------- */

static void on_request(void *arg, struct verify_conn *conn)
{
	struct run *run = arg;
	struct verify_delivery delivery = { 0 };
	struct verify_arrival arrival;

	verify_conn_arrival(conn, &arrival);
	if (verify_core_request(&run->core, &arrival, rv_time_boot_us(), &delivery) != RV_OK) {
		verify_error("%s: %s", run->step.name,
			     verify_tr("the answer could not be made", "応答を作成できません"));
		rv_buf_deinit(&delivery.bytes);
		verify_conn_close(conn);
	} else {
		verify_conn_answer(conn, &delivery);
	}
	look(run);
}

static void on_refused(void *arg, struct verify_conn *conn, const char *why)
{
	struct run *run = arg;
	struct verify_arrival arrival;

	verify_conn_arrival(conn, &arrival);
	if (verify_conn_era(conn) == run->places.era)
		verify_core_refused(&run->core, arrival.place, why);
	look(run);
}

static void on_plain(void *arg, struct verify_conn *conn)
{
	struct run *run = arg;
	struct verify_arrival arrival;

	verify_conn_arrival(conn, &arrival);
	verify_core_plain(&run->core, arrival.place);
	look(run);
}

static void on_extra(void *arg, struct verify_conn *conn)
{
	struct run *run = arg;
	struct verify_arrival arrival;

	verify_conn_arrival(conn, &arrival);
	verify_core_extra(&run->core, arrival.place);
}

static void on_device_ended(void *arg, const char *how, bool is_killed)
{
	struct run *run = arg;

	if (run->is_finished)
		return;
	if (run->is_waiting_for_end) {
		run->is_waiting_for_end = false;
		switch_on(run);
	} else if (!is_killed && !run->options->is_launcher) {
		verify_core_ended(&run->core, how);
		look(run);
	}
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	finish(handle->data);
}

/* -- the whole ------------------------------------------------------------------------------- */

static void tell_places(struct run *run)
{
	const struct verify_kit *kit = &run->kit;
	unsigned steps = 0, waits_s = 0;

	fprintf(run->say, "%s\n", verify_tr("The device needs:", "機器に設定するもの:"));
	fprintf(run->say, "  LS              %s\n                  %s\n",
		run->world.urls[VERIFY_LS1], run->world.urls[VERIFY_LS2]);
	fprintf(run->say, "  distribution id %s\n  LS-SA key       %s\n", run->options->distid,
		kit->ls_key);
	fprintf(run->say, "  LS root         %s/ls-root.crt\n  Initial-Config  %s/initial.conf\n",
		kit->path, kit->path);
	if (run->options->command == NULL)
		fprintf(run->say, "%.*s", RV_STR_ARG(rv_buf_str(&kit->ls_root)));
	for (size_t i = 0; i < verify_plan_count(); i++) {
		struct verify_step step;

		if (is_wanted(run->options, i, &step)) {
			steps++;
			waits_s += step.seconds;
		}
	}
	fprintf(run->say, "%s: %u; %s: %u s\n", verify_tr("Steps", "手順"), steps,
		verify_tr("the long waits of the protocol take", "プロトコルの長い待ち時間の合計"),
		waits_s);
	if (run->options->command == NULL)
		fprintf(run->say, "%s\n",
			verify_tr(
				"Switch the device on now, and again whenever it has stopped.",
				"機器の電源を入れてください。停止したときは再び入れてください。"));
	fflush(run->say);
}

static bool open_loop(struct run *run)
{
	static const int numbers[] = { SIGINT, SIGTERM };

	if (uv_loop_init(&run->loop) != 0) {
		verify_error("%s", strerror(ENOMEM));
		return false;
	}
	uv_timer_init(&run->loop, &run->deadline);
	uv_timer_init(&run->loop, &run->over);
	run->deadline.data = run->over.data = run;
	for (size_t i = 0; i < RV_ARRAY_LEN(numbers); i++) {
		uv_signal_init(&run->loop, &run->signals[i]);
		run->signals[i].data = run;
		uv_signal_start(&run->signals[i], on_signal, numbers[i]);
		/* They stay until the device has ended: a second one must not leave it behind. */
		uv_unref((uv_handle_t *)&run->signals[i]);
	}
	run->places.events = (struct verify_conn_events){ .request = on_request,
							  .refused = on_refused,
							  .plain = on_plain,
							  .extra = on_extra,
							  .arg = run };
	return true;
}

static bool set_up(struct run *run)
{
	const struct verify_options *options = run->options;
	struct verify_world *world = &run->world;

	if (!verify_kit_open(&run->kit, options) ||
	    !verify_places_open(&run->places, &run->loop, options, world) ||
	    !verify_kit_finish(&run->kit, options, world) ||
	    !verify_device_init(&run->device, &run->loop, options->command, &run->kit))
		return false;
	world->rs_key = rs_key;
	world->other_rs_key = other_rs_key;
	world->rs_ca = rv_buf_str(&run->kit.rs_ca);
	world->foreign_ca = rv_buf_str(&run->kit.foreign_ca);
	world->sa_certificate = rv_buf_str(&run->kit.sa_certificate);
	world->sa_key = rv_buf_str(&run->kit.sa_key);
	run->device.ended = on_device_ended;
	run->device.arg = run;
	verify_device_set_environment(options, &run->kit, world);
	verify_core_init(&run->core,
			 &(struct verify_core_opt){ .world = world,
						    .distid = options->distid,
						    .ls_key = run->kit.ls_key,
						    .slack_us = options->slack_us,
						    .wait_us = options->wait_us },
			 &run->board);
	return true;
}

/* "-" is the standard output. False after a message. */
static bool write_file(const char *path, struct rv_str text)
{
	FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	bool is_ok = out != NULL && fwrite(text.ptr, 1, text.len, out) == text.len;

	if (out != NULL && (out == stdout ? fflush(out) : fclose(out)) != 0)
		is_ok = false;
	if (!is_ok)
		verify_error("%s: %s", path, strerror(errno));
	return is_ok;
}

static bool write_markdown(const struct run *run)
{
	char date[RV_TIME_TEXT_LEN + 1];
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);
	bool is_ok;

	if (memory == NULL) {
		verify_error("%s", strerror(errno));
		return false;
	}
	rv_time_format(rv_time_utc_us(), date);
	verify_report_markdown(memory, &run->board, run->options, date);
	fclose(memory);
	is_ok = write_file(run->options->report, rv_strn(text, len));
	free(text);
	return is_ok;
}

static bool write_json(const struct run *run)
{
	struct rv_buf json = { 0 };
	bool is_ok;

	verify_report_json(&json, &run->board, run->options);
	is_ok = json.err == RV_OK && write_file(run->options->json, rv_buf_str(&json));
	rv_buf_deinit(&json);
	return is_ok;
}

static enum verify_exit report(struct run *run)
{
	struct verify_sum sum;

	if (!run->core.has_come && run->board.findings[5].verdict != VERIFY_FAILED) {
		verify_error("%s",
			     verify_tr("the device never came", "機器が一度も来ませんでした"));
		return VERIFY_EXIT_NEVER;
	}
	fputc('\n', run->say);
	verify_report_text(run->say, &run->board, run->options);
	if ((run->options->report != NULL && !write_markdown(run)) ||
	    (run->options->json != NULL && !write_json(run)))
		return VERIFY_EXIT_FAILURE;
	verify_sum(&run->board, run->options, &sum);
	return verify_sum_exit(&sum);
}

static void play(struct run *run)
{
	tell_places(run);
	start_step(run);
	uv_run(&run->loop, UV_RUN_DEFAULT);
	verify_device_deinit(&run->device);
}

enum verify_exit verify_run(const struct verify_options *options)
{
	static struct run run;
	enum verify_exit status = VERIFY_EXIT_FAILURE;

	run = (struct run){ .options = options, .device.log_fd = -1 };
	run.say = options->json != NULL && strcmp(options->json, "-") == 0 ? stderr : stdout;
	signal(SIGPIPE, SIG_IGN);
	if (!open_loop(&run))
		return status;
	if (set_up(&run)) {
		play(&run);
		if (!run.is_failed)
			status = report(&run);
	} else {
		finish(&run);
		verify_device_deinit(&run.device);
	}
	for (size_t i = 0; i < RV_ARRAY_LEN(run.signals); i++)
		uv_close((uv_handle_t *)&run.signals[i], NULL);
	uv_run(&run.loop, UV_RUN_DEFAULT); /* what was closed */
	uv_loop_close(&run.loop);
	verify_kit_close(&run.kit);
	return status;
}
