#include "sim/virtual/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

/* -- words ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned bit;
} faults[] = {
	{ "kills", VW_KILLS }, { "power", VW_POWER },   { "lines", VW_LINES },
	{ "feed", VW_FEED },   { "disks", VW_DISKS },   { "clocks", VW_CLOCKS },
	{ "off", VW_OFF },     { "middle", VW_MIDDLE }, { "all", VW_ALL },
	{ "none", 0 },
};

static const char *const sabotages[VW_SABOTAGES] = {
	[VW_HONEST] = "nothing",         [VW_LYING_DISK] = "disk",   [VW_FORGOTTEN_ACK] = "create",
	[VW_FOREIGN_ANSWER] = "foreign", [VW_HALF_ANSWER] = "half",  [VW_WRONG_RS] = "wrong-rs",
	[VW_LAZY_DEVICE] = "lazy",       [VW_HAMMER] = "hammer",     [VW_STALE_ANSWER] = "stale",
	[VW_TRUSTING] = "trusting",      [VW_UNSEEDED] = "unseeded",
};

const char *vw_sabotage_name(enum vw_sabotage sabotage)
{
	return sabotages[sabotage];
}

/* "kills,lines" */
static bool take_faults(const char *text, unsigned *out)
{
	struct rv_str rest = rv_str(text);
	unsigned bits = 0;

	while (rest.len > 0) {
		size_t end = rv_str_find(rest, ','), i = 0;
		struct rv_str word = rv_str_sub(rest, 0, end);

		while (i < RV_ARRAY_LEN(faults) && !rv_str_is(word, faults[i].name))
			i++;
		if (i == RV_ARRAY_LEN(faults))
			return false;
		bits |= faults[i].bit;
		rest = rv_str_sub(rest, end + 1, rest.len);
	}
	*out = bits;
	return text[0] != '\0';
}

static bool take_sabotage(const char *text, enum vw_sabotage *out)
{
	for (unsigned i = 0; i < VW_SABOTAGES; i++) {
		if (strcmp(text, sabotages[i]) != 0)
			continue;
		*out = (enum vw_sabotage)i;
		return true;
	}
	return false;
}

/* -- the table ------------------------------------------------------------------------------ */

enum form { FLAG, NUMBER, BIG, FAULTS, SABOTAGE, TRACE, WORD };

struct item {
	const char *name, *value;
	const char *doc, *doc_ja;
	size_t at;
	enum form form;
	uint64_t min, max;
};

#define AT(member) offsetof(struct vw_options, member)

static const struct item items[] = {
	{ "seed", "N", "everything follows from it (default 1)", "全てを決めるシード(省略時1)",
	  AT(seed), BIG, 0, UINT64_MAX },
	{ "seeds", "N", "this many of them, one after the other (default 1)",
	  "続けて実行するシードの数(省略時1)", AT(seeds), BIG, 1, VW_SEEDS_MAX },
	{ "devices", "N", "registered devices (default 10)", "登録済み機器の台数(省略時10)",
	  AT(devices), NUMBER, 1, VW_DEVICES_MAX },
	{ "duration", "S", "virtual seconds in which things go wrong (default 600)",
	  "障害を起こす仮想時間の秒数(省略時600)", AT(duration_s), NUMBER, 1, VW_SECONDS_MAX },
	{ "faults", "LIST",
	  "of kills, power, lines, feed, disks, clocks, off, middle; all (default), none",
	  "kills、power、lines、feed、disks、clocks、off、middleをコンマ区切りで。"
	  "またはall(省略時)、none",
	  AT(faults), FAULTS, 0, 0 },
	{ "scenario", "S",
	  "a file, or the name of a shipped scenario; without --faults nothing else goes wrong",
	  "シナリオのファイルか同梱シナリオの名前。--faultsがなければ他の障害は起こさない",
	  AT(scenario_name), WORD, 0, 0 },
	{ "jobs", "N", "seeds at a time (default: one per core)", "並列数(省略時はコア数)",
	  AT(jobs), NUMBER, 1, VW_JOBS_MAX },
	{ "twice", NULL, "play each seed twice: both must be the same",
	  "各シードを2回実行し、同じであることを確かめる", AT(is_twice), FLAG, 0, 0 },
	{ "json", NULL, "JSON lines: what befalls each device, then the results",
	  "JSON Lines(機器のイベントと結果)で出力する", AT(is_json), FLAG, 0, 0 },
	{ "svg", "FILE", "a picture of the run (of one seed): devices by state over time",
	  "実行の図(機器の状態の推移。シード1つのとき)をSVGで書く", AT(svg_path), WORD, 0, 0 },
	{ "trace", "WHO",
	  "print all that happens to device.N, rs.0, proxy.1, ... or to all of them (all)",
	  "device.N、rs.0などに起きたことを全て表示する(全員はall)", AT(trace_who), TRACE, 0, 0 },
	{ "break", "WHAT",
	  "break something on purpose: disk, create, foreign, half, wrong-rs, lazy, hammer, "
	  "stale, trusting, unseeded",
	  "検査が働くことを示すため、わざと壊す: disk、create、foreign、half、wrong-rs、"
	  "lazy、hammer、stale、trusting、unseeded",
	  AT(sabotage), SABOTAGE, 0, 0 },
};

static void print_help(void)
{
	printf("%s: reeve sim virtual [OPTION]...\n\n%s\n\n", sim_tr("usage", "使い方"),
	       sim_tr("Devices and servers, the real ones, in one process under a virtual clock, "
		      "with\neverything that may go wrong. A seed that breaks an invariant is told "
		      "with the\ncommand that plays it again.",
		      "実際の機器とサーバのコードを仮想時間の上で一つのプロセスとして動かし、起こり"
		      "うる"
		      "障害を\nシードから起こす。不変条件を破ったシードは再現コマンドとともに表示す"
		      "る。"));
	for (size_t i = 0; i < RV_ARRAY_LEN(items); i++) {
		char left[40];

		snprintf(left, sizeof(left), "--%s %s", items[i].name,
			 items[i].value != NULL ? items[i].value : "");
		printf("  %-16s %s\n", left, sim_tr(items[i].doc, items[i].doc_ja));
	}
	printf("\n%s\n", sim_tr("Exit status: 0 all invariants held; 1 one was broken; 2 usage; 3 "
				"failure.",
				"終了コード: 0 正常、1 不変条件の違反、2 使い方の誤り、3 失敗。"));
}

static bool take(const struct item *item, const char *text, struct vw_options *out)
{
	void *at = (char *)out + item->at;
	uint64_t number = 0;

	switch (item->form) {
	case FLAG:
		*(bool *)at = true;
		return true;
	case FAULTS:
		return take_faults(text, at);
	case SABOTAGE:
		return take_sabotage(text, at);
	case TRACE:
		out->is_traced = true;
		out->trace_who = strcmp(text, "all") == 0 ? NULL : text;
		return true;
	case WORD:
		*(const char **)at = text;
		return true;
	case NUMBER:
	case BIG:
		break;
	}
	if (!rv_str_to_u64(rv_str(text), item->max, &number) || number < item->min)
		return false;
	if (item->form == BIG)
		*(uint64_t *)at = number;
	else
		*(uint32_t *)at = (uint32_t)number;
	return true;
}

/* What it says counts where the command line says nothing. */
static bool take_scenario(struct vw_options *o, bool has_faults, bool has_duration)
{
	struct rv_diag diag = { 0 };
	int err = sim_scenario_load(o->scenario_name, &o->scenario, &diag);

	if (err == RV_OK)
		err = sim_scenario_suits(&o->scenario, SIM_FORM_VIRTUAL, &diag);
	if (err != RV_OK) {
		sim_error("%s: %s", o->scenario_name, diag.text);
		return false;
	}
	if (!has_faults)
		o->faults = 0;
	if (!has_duration && o->scenario.duration_us > 0)
		o->duration_s = (uint32_t)((o->scenario.duration_us + RV_US_PER_SEC - 1) /
					   RV_US_PER_SEC);
	return true;
}

bool vw_options_parse(int argc, char **argv, struct vw_options *out, enum sim_exit *status)
{
	struct option longs[RV_ARRAY_LEN(items) + 2] = { 0 };
	bool has_faults = false, has_duration = false;
	int got;

	*out = (struct vw_options){ .seed = 1,
				    .seeds = 1,
				    .devices = 10,
				    .duration_s = 600,
				    .faults = VW_ALL,
				    .jobs = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN) };
	for (size_t i = 0; i < RV_ARRAY_LEN(items); i++)
		longs[i] = (struct option){ items[i].name, items[i].form == FLAG ? 0 : 1, NULL,
					    (int)(1000 + i) };
	longs[RV_ARRAY_LEN(items)] = (struct option){ "help", 0, NULL, 'h' };
	opterr = 0;
	*status = SIM_EXIT_USAGE;
	while ((got = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		const struct item *item = got >= 1000 ? &items[got - 1000] : NULL;

		if (got == 'h') {
			print_help();
			*status = SIM_EXIT_OK;
			return false;
		}
		if (item == NULL) {
			sim_error("%s: %s", argv[optind - 1],
				  got == ':'
					  ? sim_tr("needs a value", "値が必要です")
					  : sim_tr("no such option here; see --help",
						   "ここにそのオプションはありません(--help参照)"));
			return false;
		}
		has_faults |= item->form == FAULTS;
		has_duration |= item->at == AT(duration_s);
		if (!take(item, optarg, out)) {
			sim_error("--%s %s: %s", item->name, optarg,
				  sim_tr("not a value for it; see --help",
					 "値が正しくありません(--help参照)"));
			return false;
		}
	}
	if (optind < argc) {
		sim_error("%s: %s", argv[optind], sim_tr("not expected", "余分な引数です"));
		return false;
	}
	if (out->svg_path != NULL && out->seeds > 1) {
		sim_error("%s", sim_tr("--svg is of one seed", "--svgはシード1つのときだけです"));
		return false;
	}
	return out->scenario_name == NULL || take_scenario(out, has_faults, has_duration);
}

void vw_options_replay(const struct vw_options *o, uint64_t seed, struct rv_buf *out)
{
	const char *comma = "";

	rv_buf_printf(out, "reeve sim virtual --seed %" PRIu64 " --devices %u --duration %u", seed,
		      o->devices, o->duration_s);
	if (o->scenario_name != NULL)
		rv_buf_printf(out, " --scenario %s", o->scenario_name);
	if (o->faults != (o->scenario_name != NULL ? 0 : VW_ALL)) {
		rv_buf_puts(out, " --faults ");
		for (size_t i = 0; i < RV_ARRAY_LEN(faults); i++) {
			if ((faults[i].bit == VW_ALL && o->faults != VW_ALL) ||
			    (faults[i].bit & o->faults) != faults[i].bit ||
			    (faults[i].bit == 0 && o->faults != 0))
				continue;
			rv_buf_printf(out, "%s%s", comma, faults[i].name);
			comma = ",";
		}
	}
	if (o->sabotage != VW_HONEST)
		rv_buf_printf(out, " --break %s", sabotages[o->sabotage]);
	if (o->is_twice)
		rv_buf_puts(out, " --twice");
}
