/* What is said of a run: lines of JSON, a table, the words of a picture. */
#include <inttypes.h>

#include "base/jsonw.h"
#include "base/time.h"
#include "sim/persona.h"
#include "sim/picture.h"
#include "sim/report.h"

enum { TITLE_MAX = SIM_TITLE_MAX + 64 };

static const char *const what_names[SIM_WHATS] = {
	[SIM_STARTED] = "started", [SIM_UP] = "up",           [SIM_QUERIED] = "queried",
	[SIM_REFUSED] = "refused", [SIM_FAILED] = "failed",   [SIM_WAITS] = "waits",
	[SIM_ENDED] = "ended",     [SIM_CUT] = "cut",         [SIM_RESUMED] = "resumed",
	[SIM_ASKS] = "asks",       [SIM_APPLIES] = "applies", [SIM_UPGRADED] = "upgraded",
	[SIM_LOST] = "lost",
};
static const char *const failure_names[SIM_FAILURES] = {
	[SIM_FAIL_CONNECT] = "connect", [SIM_FAIL_CLOSED] = "closed before TLS",
	[SIM_FAIL_TLS] = "TLS",         [SIM_FAIL_CUT] = "cut off",
	[SIM_FAIL_TIMEOUT] = "timeout", [SIM_FAIL_HTTP] = "HTTP",
	[SIM_FAIL_CONFIG] = "config",   [SIM_FAIL_REFUSED] = "config refused",
	[SIM_FAIL_LOST] = "lost",       [SIM_FAIL_OTHER] = "other",
};
static const char *const phase_names[] = { "LS", "RS", "query" };

static double seconds(int64_t us)
{
	return (double)us / (double)RV_US_PER_SEC;
}

/* -- JSON ----------------------------------------------------------------------------------- */

/* ,"key":"text" whatever the text is. */
static void put_json(FILE *out, const char *key, const char *text)
{
	struct rv_buf buf = { 0 };
	struct rv_jsonw w;

	rv_jsonw_init(&w, &buf);
	rv_jsonw_str(&w, rv_str(text));
	fprintf(out, ",\"%s\":%.*s", key, RV_STR_ARG(rv_buf_str(&buf)));
	rv_buf_deinit(&buf);
}

static void put_states(FILE *out, const uint32_t states[SIM_STATES])
{
	for (size_t i = 0; i < SIM_STATES; i++)
		fprintf(out, "%s\"%s\":%" PRIu32, i > 0 ? "," : ",\"states\":{",
			sim_state_word((enum sim_state)i), states[i]);
	fputc('}', out);
}

void sim_report_event(struct sim_report *report, const struct sim_record *r)
{
	const struct sim_scenario *s = &report->options->scenario;
	FILE *out = report->json;
	struct sim_persona persona;

	if (out == NULL || report->options->is_quiet)
		return;
	sim_persona_make(report->options->seed, r->device, &persona);
	fprintf(out, "{\"at\":%.3f,\"event\":\"%s\",\"device\":\"%s\"", seconds(r->at_us),
		what_names[r->what], persona.distid);
	if (r->what == SIM_UP || r->what == SIM_QUERIED || r->what == SIM_WAITS ||
	    r->what == SIM_APPLIES)
		fprintf(out, ",\"took\":%.3f", seconds(r->took_us));
	if (r->what == SIM_REFUSED || r->what == SIM_FAILED || r->what == SIM_WAITS ||
	    r->what == SIM_ASKS || r->what == SIM_LOST)
		fprintf(out, ",\"phase\":\"%s\"", phase_names[r->phase]);
	if (r->what == SIM_REFUSED || r->what == SIM_ENDED)
		fprintf(out, ",\"code\":%d", r->code);
	if (r->what == SIM_FAILED)
		fprintf(out, ",\"kind\":\"%s\"", failure_names[r->code]);
	if (r->what == SIM_CUT)
		put_json(out, "power_cut", s->cuts[r->code].name);
	if (r->what == SIM_UPGRADED)
		put_json(out, "firmware", s->firmwares[r->code].name);
	if (r->what == SIM_LOST)
		put_json(out, "loss", s->losses[r->code].name);
	fputs("}\n", out);
}

void sim_report_second(struct sim_report *report, int64_t at_us)
{
	const uint32_t *now = report->series.now;

	if (report->json == NULL || report->options->is_quiet)
		return;
	fprintf(report->json,
		"{\"at\":%.3f,\"event\":\"second\",\"on\":%" PRIu32 ",\"up\":%" PRIu32
		",\"pulls\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"failed\":%" PRIu64,
		seconds(at_us), report->options->devices - now[SIM_STATE_OFF], now[SIM_STATE_UP],
		report->counts[SIM_UP], report->counts[SIM_REFUSED], report->counts[SIM_FAILED]);
	put_states(report->json, now);
	fputs("}\n", report->json);
	fflush(report->json);
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
	else if (r->what == SIM_ASKS)
		fprintf(out, " %s", phase_names[r->phase]);
	else if (r->what == SIM_ENDED)
		fprintf(out, ", code %d", r->code);
}

static void put_counts(struct sim_report *report)
{
	FILE *out = report->json;

	fputs(",\"refused\":{", out);
	for (size_t i = 0; i < report->code_count; i++)
		fprintf(out, "%s\"%d\":%" PRIu64, i > 0 ? "," : "", report->codes[i].code,
			report->codes[i].count);
	fputs("},\"failed\":{", out);
	for (size_t i = 0; i < SIM_FAILURES; i++)
		fprintf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", failure_names[i],
			report->failures[i]);
	fprintf(out,
		"},\"power_cuts\":%" PRIu64 ",\"upgrades\":%" PRIu64 ",\"lost\":%" PRIu64
		",\"asked\":%" PRIu64,
		report->counts[SIM_CUT], report->counts[SIM_UPGRADED], report->counts[SIM_LOST],
		report->counts[SIM_ASKS]);
}

static void print_json(struct sim_report *report, int64_t at_us)
{
	const struct sim_options *o = report->options;
	struct sim_persona persona;
	FILE *out = report->json;

	sim_persona_make(o->seed, report->slowest, &persona);
	fprintf(out,
		"{\"at\":%.3f,\"event\":\"summary\",\"devices\":%u,\"up\":%u,\"all_up\":%s,"
		"\"last_up_at\":%.3f,\"pulls\":%" PRIu64 ",\"first\":%.3f,\"median\":%.3f,"
		"\"p99\":%.3f,\"last\":%.3f,\"attempts_failed\":%" PRIu64 ",\"waits\":%" PRIu64
		",\"ended\":%" PRIu64 ",\"seed\":%" PRIu64,
		seconds(at_us), o->devices, sim_report_up(report),
		sim_report_is_done(report) ? "true" : "false", seconds(report->last_up_us),
		report->counts[SIM_UP], seconds(sim_times_quantile(&report->times, 0)),
		seconds(sim_times_quantile(&report->times, 500)),
		seconds(sim_times_quantile(&report->times, 990)),
		seconds(sim_times_quantile(&report->times, 1000)),
		report->counts[SIM_FAILED] + report->counts[SIM_REFUSED], report->counts[SIM_WAITS],
		report->counts[SIM_ENDED], o->seed);
	put_json(out, "scenario", o->scenario.title);
	put_states(out, report->series.now);
	put_counts(report);
	fprintf(out, ",\"slowest\":\"%s\",\"history\":[", persona.distid);
	for (size_t i = 0; i < report->history_count; i++) {
		fputs(i > 0 ? ",\"" : "\"", out);
		print_past(out, &report->history[i]);
		fputc('"', out);
	}
	fputs("]}\n", out);
	fflush(out);
}

/* -- the table ------------------------------------------------------------------------------ */

static void print_slowest(struct sim_report *report)
{
	struct sim_persona persona;
	FILE *out = report->table;

	if (report->slowest_us < 0)
		return;
	sim_persona_make(report->options->seed, report->slowest, &persona);
	fprintf(out, "%-12s %s", sim_tr("slowest", "最も遅い機器"), persona.distid);
	if (report->slowest_us == INT64_MAX)
		fprintf(out, "  %s\n", sim_tr("not up", "未起動"));
	else
		fprintf(out, "  %.3f s\n", seconds(report->slowest_us));
	for (size_t i = 0; i < report->history_count; i++) {
		fputs("    ", out);
		print_past(out, &report->history[i]);
		fputc('\n', out);
	}
}

static const char *title_of(const struct sim_scenario *scenario)
{
	if (scenario->title[0] == '\0')
		return sim_tr("a fleet", "機器群");
	return scenario->title_ja[0] != '\0' ? sim_tr(scenario->title, scenario->title_ja)
					     : scenario->title;
}

/* The scenario's share of it; lines only for what there was. */
static void print_events(const struct sim_report *report)
{
	const struct {
		const char *name;
		enum sim_what what;
	} lines[] = {
		{ sim_tr("power cuts", "電源断"), SIM_CUT },
		{ sim_tr("upgrades", "更新"), SIM_UPGRADED },
		{ sim_tr("lost", "通信断"), SIM_LOST },
	};
	FILE *out = report->table;

	for (size_t i = 0; i < RV_ARRAY_LEN(lines); i++)
		if (report->counts[lines[i].what] > 0)
			fprintf(out, "%-12s %" PRIu64 "\n", lines[i].name,
				report->counts[lines[i].what]);
}

static void print_states(const struct sim_report *report)
{
	const uint32_t *now = report->series.now;

	if (now[SIM_STATE_UP] == report->options->devices)
		return;
	fprintf(report->table, "%-12s", sim_tr("the others", "その他"));
	for (size_t i = 0, n = 0; i < SIM_STATES; i++)
		if (i != SIM_STATE_UP && now[i] > 0)
			fprintf(report->table, "%s %s %" PRIu32, n++ > 0 ? "," : "",
				sim_state_text((enum sim_state)i, sim_is_ja()), now[i]);
	fputc('\n', report->table);
}

static void print_times(struct sim_report *report)
{
	if (report->times.count == 0)
		return;
	fprintf(report->table, "%-12s %s %.3f s, %s %.3f s, p99 %.3f s, %s %.3f s; %s %.3f s\n",
		sim_tr("time to up", "起動時間"), sim_tr("first", "最短"),
		seconds(sim_times_quantile(&report->times, 0)), sim_tr("median", "中央値"),
		seconds(sim_times_quantile(&report->times, 500)),
		seconds(sim_times_quantile(&report->times, 990)), sim_tr("last", "最長"),
		seconds(sim_times_quantile(&report->times, 1000)), sim_tr("all by", "全台完了"),
		seconds(report->last_up_us));
}

static void print_table(struct sim_report *report, int64_t at_us)
{
	const struct sim_options *o = report->options;
	FILE *out = report->table;

	fprintf(out, "%-12s %s, %s %" PRIu64 "\n", sim_tr("scenario", "シナリオ"),
		title_of(&o->scenario), sim_tr("seed", "シード"), o->seed);
	fprintf(out, "%-12s %u / %u  (%.3f s)\n", sim_tr("devices up", "起動した機器"),
		sim_report_up(report), o->devices, seconds(at_us));
	print_states(report);
	print_times(report);
	fprintf(out, "%-12s %" PRIu64 ", %s %" PRIu64 "\n", sim_tr("pulls", "プル"),
		report->counts[SIM_UP], sim_tr("waits for a next round", "次の試行までの待ち"),
		report->counts[SIM_WAITS]);
	print_events(report);
	for (size_t i = 0; i < report->code_count; i++)
		fprintf(out, "%-12s %d: %" PRIu64 "\n", i == 0 ? sim_tr("refused", "拒否") : "",
			report->codes[i].code, report->codes[i].count);
	for (size_t i = 0; i < SIM_FAILURES; i++) {
		if (report->failures[i] > 0)
			fprintf(out, "%-12s %s: %" PRIu64 "\n", sim_tr("failed", "失敗"),
				failure_names[i], report->failures[i]);
	}
	print_slowest(report);
	fflush(out);
}

void sim_report_summary(struct sim_report *report, int64_t at_us)
{
	if (report->json != NULL)
		print_json(report, at_us);
	if (report->table != NULL)
		print_table(report, at_us);
}

/* -- the picture ---------------------------------------------------------------------------- */

void sim_report_picture(struct sim_report *report, int64_t at_us, struct rv_buf *out)
{
	const struct sim_options *o = report->options;
	struct sim_mark marks[SIM_MARKS_MAX];
	char title[TITLE_MAX], subtitle[TITLE_MAX];
	struct sim_picture picture = { .title = title,
				       .subtitle = subtitle,
				       .series = &report->series,
				       .marks = marks,
				       .mark_count = sim_picture_marks(&o->scenario, marks),
				       .is_ja = sim_is_ja() };

	sim_series_advance(&report->series, at_us);
	snprintf(title, sizeof(title), "%s — %s %" PRIu64, title_of(&o->scenario),
		 sim_tr("seed", "シード"), o->seed);
	snprintf(subtitle, sizeof(subtitle), "%s %" PRIu32 " / %" PRIu32 "  (%.1f s)",
		 sim_tr("devices up:", "起動した機器:"), sim_report_up(report), o->devices,
		 seconds(at_us));
	sim_picture_put(&picture, out);
}
