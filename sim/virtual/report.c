#include "sim/virtual/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/time.h"

static double seconds(int64_t us)
{
	return (double)us / (double)RV_US_PER_SEC;
}

void vw_report_event(struct vw_report *report, uint64_t seed, int64_t at_us, uint32_t device,
		     enum sim_what what, int code)
{
	static const char *const names[SIM_WHATS] = {
		[SIM_STARTED] = "started", [SIM_UP] = "up",         [SIM_QUERIED] = "queried",
		[SIM_REFUSED] = "refused", [SIM_FAILED] = "failed", [SIM_WAITS] = "waits",
		[SIM_ENDED] = "ended",     [SIM_CUT] = "cut",       [SIM_RESUMED] = "resumed",
	};

	fprintf(report->out,
		"{\"at\":%.6f,\"event\":\"%s\",\"seed\":%" PRIu64 ",\"device\":%u,\"code\":%d}\n",
		seconds(at_us), names[what], seed, device, code);
}

/* What the one who played it cannot say himself. */
static void judge(struct vw_played *p, bool is_twice)
{
	struct vw_result *r = &p->result;

	if (p->signal != 0) {
		strcpy(r->invariant, "simulator");
		snprintf(r->complaint, sizeof(r->complaint), "it died by signal %d", p->signal);
	} else if (is_twice && p->second_hash != r->hash && r->invariant[0] == '\0') {
		strcpy(r->invariant, "replay");
		snprintf(r->complaint, sizeof(r->complaint),
			 "two runs of one seed differ: %016" PRIx64 " and %016" PRIx64, r->hash,
			 p->second_hash);
	}
}

static void print_failure(struct vw_report *report, const struct vw_played *p)
{
	struct rv_buf replay = { 0 };

	vw_options_replay(report->options, p->seed, &replay);
	fprintf(report->out, "%s %" PRIu64 ": %s %s (%.6f s): %s\nreplay: %.*s\n",
		sim_tr("seed", "シード"), p->seed, p->result.invariant,
		sim_tr("is broken", "の違反"), seconds(p->result.complained_us),
		p->result.complaint, RV_STR_ARG(rv_buf_str(&replay)));
	rv_buf_deinit(&replay);
}

static void key_str(struct rv_jsonw *w, const char *key, const char *text)
{
	rv_jsonw_key(w, key);
	rv_jsonw_str(w, rv_str(text));
}

static void key_number(struct rv_jsonw *w, const char *key, uint64_t number)
{
	rv_jsonw_key(w, key);
	rv_jsonw_u64(w, number);
}

static void key_ms(struct rv_jsonw *w, const char *key, int64_t us)
{
	rv_jsonw_key(w, key);
	rv_jsonw_i64(w, us < 0 ? -1 : us / RV_US_PER_MS);
}

static void print_line(struct vw_report *report, struct rv_jsonw *w, struct rv_buf *line)
{
	rv_jsonw_end_object(w);
	rv_buf_putc(line, '\n');
	fwrite(line->ptr, 1, line->len, report->out);
	rv_buf_deinit(line);
}

static void put_counts(struct rv_jsonw *w, const struct vw_result *r)
{
	const struct {
		const char *key;
		uint64_t number;
	} counts[] = {
		{ "up", r->up },
		{ "pulls", r->pulls },
		{ "attempts", r->attempts },
		{ "connections", r->connections },
		{ "orders", r->orders },
		{ "acknowledged", r->acknowledged },
		{ "unknown", r->unknown },
		{ "looks", r->looks },
		{ "crashes", r->crashes },
		{ "power_cuts", r->power_cuts },
		{ "fail_points", r->fail_points },
		{ "writes_dropped", r->dropped },
		{ "writes_torn", r->torn },
		{ "segments", r->segments },
		{ "segments_lost", r->lost },
		{ "cuts", r->cuts },
		{ "holes", r->holes },
		{ "events", r->events },
	};

	for (size_t i = 0; i < RV_ARRAY_LEN(counts); i++)
		key_number(w, counts[i].key, counts[i].number);
	key_ms(w, "first_up_ms", r->first_up_us);
	key_ms(w, "last_up_ms", r->last_up_us);
}

static void print_result(struct vw_report *report, const struct vw_played *p)
{
	const struct vw_result *r = &p->result;
	struct rv_buf line = { 0 }, replay = { 0 };
	struct rv_jsonw w;
	char hash[17];

	snprintf(hash, sizeof(hash), "%016" PRIx64, r->hash);
	vw_options_replay(report->options, p->seed, &replay);
	rv_jsonw_init(&w, &line);
	rv_jsonw_object(&w);
	key_str(&w, "event", "result");
	key_number(&w, "seed", p->seed);
	rv_jsonw_key(&w, "held");
	rv_jsonw_bool(&w, r->invariant[0] == '\0');
	key_str(&w, "hash", hash);
	key_str(&w, "invariant", r->invariant);
	key_str(&w, "complaint", r->complaint);
	key_ms(&w, "complained_ms", r->complained_us);
	rv_jsonw_key(&w, "replay");
	rv_jsonw_str(&w, rv_buf_str(&replay));
	key_ms(&w, "settled_ms", r->settled_us);
	key_ms(&w, "virtual_ms", r->end_us);
	key_ms(&w, "real_ms", p->took_us);
	put_counts(&w, r);
	print_line(report, &w, &line);
	rv_buf_deinit(&replay);
}

static void add(struct vw_report *report, const struct vw_played *p)
{
	struct vw_result *sum = &report->sum;
	const struct vw_result *r = &p->result;

	sum->events += r->events;
	sum->crashes += r->crashes;
	sum->power_cuts += r->power_cuts;
	sum->fail_points += r->fail_points;
	sum->dropped += r->dropped;
	sum->torn += r->torn;
	sum->connections += r->connections;
	sum->segments += r->segments;
	sum->lost += r->lost;
	sum->cuts += r->cuts;
	sum->holes += r->holes;
	sum->orders += r->orders;
	sum->acknowledged += r->acknowledged;
	sum->unknown += r->unknown;
	sum->looks += r->looks;
	sum->pulls += r->pulls;
	sum->attempts += r->attempts;
	sum->up += r->up;
	if (r->first_up_us >= 0 && (report->seeds == 1 || r->first_up_us < sum->first_up_us))
		sum->first_up_us = r->first_up_us;
	if (r->last_up_us > sum->last_up_us)
		sum->last_up_us = r->last_up_us;
	report->virtual_us += r->end_us;
	if (r->settled_us > report->slowest_us) {
		report->slowest_us = r->settled_us;
		report->slowest_seed = p->seed;
	}
}

void vw_report_take(struct vw_report *report, struct vw_played *p)
{
	judge(p, report->options->is_twice);
	report->seeds++;
	report->failed += p->result.invariant[0] != '\0';
	add(report, p);
	if (report->options->is_json)
		print_result(report, p);
	else if (p->result.invariant[0] != '\0')
		print_failure(report, p);
	fflush(report->out);
}

/* -- the end -------------------------------------------------------------------------------- */

static void print_table(const struct vw_report *report, int64_t took_us)
{
	const struct vw_result *s = &report->sum;
	FILE *out = report->out;

	fprintf(out, "%-14s %" PRIu64 ", %s %" PRIu64 "\n", sim_tr("seeds", "シード"),
		report->seeds, sim_tr("broken", "違反"), report->failed);
	fprintf(out, "%-14s %u / %" PRIu64 ", %s %.3f s, %s %.3f s\n",
		sim_tr("devices up", "起動した機器"), s->up,
		report->seeds * report->options->devices, sim_tr("first", "最短"),
		seconds(s->first_up_us), sim_tr("last", "最長"), seconds(s->last_up_us));
	fprintf(out, "%-14s %.3f s (%s %" PRIu64 ")\n", sim_tr("slowest calm", "最長の回復"),
		seconds(report->slowest_us), sim_tr("seed", "シード"), report->slowest_seed);
	fprintf(out, "%-14s %" PRIu64 ", %s %" PRIu64 "\n", sim_tr("pulls", "プル"), s->pulls,
		sim_tr("connections", "接続"), s->connections);
	fprintf(out, "%-14s %" PRIu64 ", %s %" PRIu64 ", %s %" PRIu64 ", %s %" PRIu64 "\n",
		sim_tr("orders", "操作"), s->orders, sim_tr("acknowledged", "完了"),
		s->acknowledged, sim_tr("unknown", "不明"), s->unknown, sim_tr("looks", "確認"),
		s->looks);
	fprintf(out, "%-14s %" PRIu64 ", %s %" PRIu64 ", %s %" PRIu64 "\n",
		sim_tr("crashes", "プロセス停止"), s->crashes, sim_tr("power cuts", "電源断"),
		s->power_cuts, sim_tr("fail points passed", "通過した障害点"), s->fail_points);
	fprintf(out, "%-14s %s %" PRIu64 ", %s %" PRIu64 "\n", sim_tr("writes", "書き込み"),
		sim_tr("dropped", "消失"), s->dropped, sim_tr("torn", "断片化"), s->torn);
	fprintf(out, "%-14s %" PRIu64 ", %s %" PRIu64 ", %s %" PRIu64 ", %s %" PRIu64 "\n",
		sim_tr("segments", "セグメント"), s->segments, sim_tr("lost", "消失"), s->lost,
		sim_tr("cuts", "切断"), s->cuts, sim_tr("holes", "不通の接続"), s->holes);
	fprintf(out, "%-14s %" PRIu64 ", %.0f/s; %s %.0f s, %s %.3f s\n",
		sim_tr("events", "イベント"), s->events,
		took_us > 0 ? (double)s->events / seconds(took_us) : 0,
		sim_tr("virtual", "仮想時間"), seconds(report->virtual_us),
		sim_tr("real", "実時間"), seconds(took_us));
}

static void print_json(struct vw_report *report, int64_t took_us)
{
	struct rv_buf line = { 0 };
	struct rv_jsonw w;

	rv_jsonw_init(&w, &line);
	rv_jsonw_object(&w);
	key_str(&w, "event", "summary");
	key_number(&w, "seeds", report->seeds);
	key_number(&w, "failed", report->failed);
	key_number(&w, "devices", report->options->devices * report->seeds);
	key_ms(&w, "slowest_ms", report->slowest_us);
	key_number(&w, "slowest_seed", report->slowest_seed);
	key_ms(&w, "virtual_ms", report->virtual_us);
	key_ms(&w, "real_ms", took_us);
	put_counts(&w, &report->sum);
	print_line(report, &w, &line);
}

void vw_report_end(struct vw_report *report, int64_t took_us)
{
	if (report->options->is_json)
		print_json(report, took_us);
	else
		print_table(report, took_us);
	fflush(report->out);
}
