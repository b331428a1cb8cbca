#include "sim/report.h"

#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "sim/persona.h"

enum sim_state { OFF, ON, UP };

static const char *const what_names[SIM_WHATS] = { "started", "up",    "queried", "refused",
						   "failed",  "waits", "ended",   "cut",
						   "resumed", "asks",  "applies", "upgraded",
						   "lost" };
static const char *const failure_names[SIM_FAILURES] = {
	[SIM_FAIL_CONNECT] = "connect", [SIM_FAIL_CLOSED] = "closed before TLS",
	[SIM_FAIL_TLS] = "TLS",         [SIM_FAIL_CUT] = "cut off",
	[SIM_FAIL_TIMEOUT] = "timeout", [SIM_FAIL_HTTP] = "HTTP",
	[SIM_FAIL_CONFIG] = "config",   [SIM_FAIL_OTHER] = "other",
};
static const char *const phase_names[] = { "LS", "RS", "query" };

static double seconds(int64_t us)
{
	return (double)us / (double)RV_US_PER_SEC;
}

int sim_report_init(struct sim_report *report, const struct sim_options *options, FILE *out)
{
	*report = (struct sim_report){
		.options = options, .out = out, .last_up_us = -1, .slowest_us = -1
	};
	report->state = calloc(options->devices, sizeof(*report->state));
	return report->state != NULL ? RV_OK : -ENOMEM;
}

void sim_report_deinit(struct sim_report *report)
{
	free(report->state);
	sim_times_deinit(&report->times);
	*report = (struct sim_report){ 0 };
}

/* -- counting ------------------------------------------------------------------------------- */

static void count_code(struct sim_report *report, int code)
{
	size_t i = 0;

	while (i < report->code_count && report->codes[i].code != code)
		i++;
	if (i == SIM_CODES_MAX)
		i--;
	else if (i == report->code_count)
		report->codes[report->code_count++].code = code;
	report->codes[i].count++;
}

static void move(struct sim_report *report, uint32_t index, enum sim_state state)
{
	report->on -= report->state[index] != OFF;
	report->up -= report->state[index] == UP;
	report->state[index] = (uint8_t)state;
	report->on += state != OFF;
	report->up += state == UP;
}

static void take_history(struct sim_report *report, const struct sim_record *record)
{
	if (record->device != report->slowest || report->slowest_us < 0) {
		if (record->took_us <= report->slowest_us)
			return;
		report->slowest = record->device;
		report->slowest_us = record->took_us;
		report->history_count = 0;
	}
	if (report->history_count < SIM_HISTORY)
		report->history[report->history_count++] = *record;
}

/* "event":... without the braces; also one line of the slowest's history. */
static void print_event(struct sim_report *report, const struct sim_record *r)
{
	struct sim_persona persona;

	sim_persona_make(report->options->seed, r->device, &persona);
	fprintf(report->out, "{\"at\":%.3f,\"event\":\"%s\",\"device\":\"%s\"", seconds(r->at_us),
		what_names[r->what], persona.distid);
	if (r->what == SIM_UP || r->what == SIM_QUERIED || r->what == SIM_WAITS)
		fprintf(report->out, ",\"took\":%.3f", seconds(r->took_us));
	if (r->what == SIM_REFUSED || r->what == SIM_FAILED || r->what == SIM_WAITS)
		fprintf(report->out, ",\"phase\":\"%s\"", phase_names[r->phase]);
	if (r->what == SIM_REFUSED || r->what == SIM_ENDED)
		fprintf(report->out, ",\"code\":%d", r->code);
	if (r->what == SIM_FAILED)
		fprintf(report->out, ",\"kind\":\"%s\"", failure_names[r->code]);
	fputs("}\n", report->out);
}

void sim_report_take(struct sim_report *report, const struct sim_record *r)
{
	uint32_t index = r->device - report->options->first;

	if (r->is_history) {
		take_history(report, r);
		return;
	}
	report->counts[r->what]++;
	switch (r->what) {
	case SIM_STARTED:
		move(report, index, ON);
		break;
	case SIM_UP:
		move(report, index, UP);
		report->last_up_us = r->at_us;
		if (sim_times_put(&report->times, r->took_us) != RV_OK)
			report->is_broken = true;
		break;
	case SIM_CUT:
		move(report, index, OFF);
		break;
	case SIM_REFUSED:
		count_code(report, r->code);
		break;
	case SIM_FAILED:
		report->failures[r->code]++;
		break;
	default:
		break;
	}
	if (report->options->is_json && !report->options->is_quiet)
		print_event(report, r);
}

bool sim_report_is_done(const struct sim_report *report)
{
	const struct sim_options *o = report->options;

	return report->up == o->devices &&
	       (o->power_cut_us == 0 || report->counts[SIM_CUT] == o->devices);
}

/* -- printing ------------------------------------------------------------------------------- */

void sim_report_second(struct sim_report *report, int64_t at_us)
{
	if (!report->options->is_json || report->options->is_quiet)
		return;
	fprintf(report->out,
		"{\"at\":%.3f,\"event\":\"second\",\"on\":%u,\"up\":%u,\"pulls\":%llu,"
		"\"refused\":%llu,\"failed\":%llu}\n",
		seconds(at_us), report->on, report->up, (unsigned long long)report->counts[SIM_UP],
		(unsigned long long)report->counts[SIM_REFUSED],
		(unsigned long long)report->counts[SIM_FAILED]);
	fflush(report->out);
}

static void print_past(FILE *out, const struct sim_record *r)
{
	fprintf(out, "%.3f s  %s", seconds(r->at_us), what_names[r->what]);
	if (r->what == SIM_REFUSED)
		fprintf(out, " by %s, code %d", phase_names[r->phase], r->code);
	else if (r->what == SIM_FAILED)
		fprintf(out, " at %s: %s", phase_names[r->phase], failure_names[r->code]);
	else if (r->what == SIM_WAITS)
		fprintf(out, " for its next round to %s", phase_names[r->phase]);
	else if (r->what == SIM_ENDED)
		fprintf(out, ", code %d", r->code);
}

static void print_json(struct sim_report *report, int64_t at_us)
{
	struct sim_persona persona;

	sim_persona_make(report->options->seed, report->slowest, &persona);
	fprintf(report->out,
		"{\"at\":%.3f,\"event\":\"summary\",\"devices\":%u,\"up\":%u,\"all_up\":%s,"
		"\"last_up_at\":%.3f,\"pulls\":%llu,\"first\":%.3f,\"median\":%.3f,\"p99\":%.3f,"
		"\"last\":%.3f,\"attempts_failed\":%llu,\"waits\":%llu,\"ended\":%llu,\"refused\":"
		"{",
		seconds(at_us), report->options->devices, report->up,
		sim_report_is_done(report) ? "true" : "false", seconds(report->last_up_us),
		(unsigned long long)report->counts[SIM_UP],
		seconds(sim_times_quantile(&report->times, 0)),
		seconds(sim_times_quantile(&report->times, 500)),
		seconds(sim_times_quantile(&report->times, 990)),
		seconds(sim_times_quantile(&report->times, 1000)),
		(unsigned long long)(report->counts[SIM_FAILED] + report->counts[SIM_REFUSED]),
		(unsigned long long)report->counts[SIM_WAITS],
		(unsigned long long)report->counts[SIM_ENDED]);
	for (size_t i = 0; i < report->code_count; i++)
		fprintf(report->out, "%s\"%d\":%llu", i > 0 ? "," : "", report->codes[i].code,
			(unsigned long long)report->codes[i].count);
	fputs("},\"failed\":{", report->out);
	for (size_t i = 0; i < SIM_FAILURES; i++)
		fprintf(report->out, "%s\"%s\":%llu", i > 0 ? "," : "", failure_names[i],
			(unsigned long long)report->failures[i]);
	fprintf(report->out, "},\"slowest\":\"%s\",\"history\":[", persona.distid);
	for (size_t i = 0; i < report->history_count; i++) {
		fputs(i > 0 ? ",\"" : "\"", report->out);
		print_past(report->out, &report->history[i]);
		fputc('"', report->out);
	}
	fputs("]}\n", report->out);
}

static void print_slowest(struct sim_report *report)
{
	struct sim_persona persona;

	if (report->slowest_us < 0)
		return;
	sim_persona_make(report->options->seed, report->slowest, &persona);
	fprintf(report->out, "%-12s %s", sim_tr("slowest", "最も遅い機器"), persona.distid);
	if (report->slowest_us == INT64_MAX)
		fprintf(report->out, "  %s\n", sim_tr("not up", "未起動"));
	else
		fprintf(report->out, "  %.3f s\n", seconds(report->slowest_us));
	for (size_t i = 0; i < report->history_count; i++) {
		fputs("    ", report->out);
		print_past(report->out, &report->history[i]);
		fputc('\n', report->out);
	}
}

static void print_table(struct sim_report *report, int64_t at_us)
{
	FILE *out = report->out;

	fprintf(out, "%-12s %u / %u  (%.3f s)\n", sim_tr("devices up", "起動した機器"), report->up,
		report->options->devices, seconds(at_us));
	if (report->times.count > 0)
		fprintf(out, "%-12s %s %.3f s, %s %.3f s, p99 %.3f s, %s %.3f s; %s %.3f s\n",
			sim_tr("time to up", "起動時間"), sim_tr("first", "最短"),
			seconds(sim_times_quantile(&report->times, 0)), sim_tr("median", "中央値"),
			seconds(sim_times_quantile(&report->times, 500)),
			seconds(sim_times_quantile(&report->times, 990)), sim_tr("last", "最長"),
			seconds(sim_times_quantile(&report->times, 1000)),
			sim_tr("all by", "全台完了"), seconds(report->last_up_us));
	fprintf(out, "%-12s %llu, %s %llu\n", sim_tr("pulls", "プル"),
		(unsigned long long)report->counts[SIM_UP],
		sim_tr("waits for a next round", "次の試行までの待ち"),
		(unsigned long long)report->counts[SIM_WAITS]);
	for (size_t i = 0; i < report->code_count; i++)
		fprintf(out, "%-12s %d: %llu\n", i == 0 ? sim_tr("refused", "拒否") : "",
			report->codes[i].code, (unsigned long long)report->codes[i].count);
	for (size_t i = 0; i < SIM_FAILURES; i++) {
		if (report->failures[i] > 0)
			fprintf(out, "%-12s %s: %llu\n", sim_tr("failed", "失敗"), failure_names[i],
				(unsigned long long)report->failures[i]);
	}
	print_slowest(report);
}

void sim_report_summary(struct sim_report *report, int64_t at_us)
{
	if (report->options->is_json)
		print_json(report, at_us);
	else
		print_table(report, at_us);
	fflush(report->out);
}
