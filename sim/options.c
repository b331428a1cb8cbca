#include "sim/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "contract/texts.h"
#include "sim/persona.h"

enum { DEVICES_DEFAULT = 100, SECONDS_MAX = 7 * 86400 };

bool sim_is_ja(void)
{
	return rv_lang_of_user() == RV_LANG_JA;
}

const char *sim_tr(const char *english, const char *japanese)
{
	return sim_is_ja() ? japanese : english;
}

void sim_error(const char *fmt, ...)
{
	va_list args;

	fputs("reeve sim: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

/* -- the table ------------------------------------------------------------------------------ */

enum form { FLAG, COUNT, SECONDS, WORD, ARRIVAL, TLS, BIG, SCENARIO, JSON };
enum of { RUN = 1, REGISTER = 2, BOTH = 3 };

struct item {
	const char *name, *value;
	const char *doc, *doc_ja;
	size_t at;
	enum form form;
	enum of of;
	uint64_t min, max;
};

#define AT(member) offsetof(struct sim_options, member)

static const struct item items[] = {
	{ "devices", "N", "how many (default 100)", "台数(省略時100)", AT(devices), COUNT, BOTH, 1,
	  SIM_DEVICES_MAX },
	{ "first", "N", "number of the first one (default 0)", "先頭の番号(省略時0)", AT(first),
	  COUNT, BOTH, 0, SIM_DEVICES_MAX },
	{ "seed", "N", "whose devices: ids, keys and configs follow from it (default 1)",
	  "IDやキー、コンフィグを決めるシード(省略時1)", AT(seed), BIG, BOTH, 0, UINT32_MAX },
	{ "state", "DIR",
	  "state directory of the Reeve under test: its root certificate, its store",
	  "対象のReeveの状態ディレクトリ(ルート証明書とデータベース)", 0, WORD, BOTH, 0, 0 },
	{ "ls", "URL", "Location Server (default https://127.0.0.1:7443/)",
	  "ロケーションサーバのURL(省略時https://127.0.0.1:7443/)", AT(ls_url), WORD, RUN, 0, 0 },
	{ "ls-root", "FILE", "its root certificate (default DIR/pki/ls-root.crt)",
	  "そのルート証明書(省略時DIR/pki/ls-root.crt)", AT(ls_root), WORD, RUN, 0, 0 },
	{ "interval", "N",
	  "the Initial-Config's: rounds to the LS are 20 x N seconds apart "
	  "(default 1)",
	  "Initial-Configの間隔。LSへの再試行は20×N秒おき(省略時1)", AT(interval), COUNT, RUN, 1,
	  1000 },
	{ "rounds", "N", "likewise: 500 x N rounds (default 3)",
	  "同じく再試行回数。500×N回(省略時3)", AT(rounds), COUNT, RUN, 0, 1000 },
	{ "scenario", "S", "a file, or the name of a shipped scenario: reeve sim scenarios",
	  "シナリオのファイルか、同梱シナリオの名前(reeve sim scenariosで一覧)", AT(scenario_name),
	  SCENARIO, RUN, 0, 0 },
	{ "arrival", "HOW",
	  "at-once, uniform:SECONDS, poisson:PER-SECOND or waves:N:SECONDS (default at-once)",
	  "電源投入: at-once、uniform:秒、poisson:毎秒の台数、waves:回数:秒(省略時at-once)",
	  AT(scenario.arrival), ARRIVAL, RUN, 0, 0 },
	{ "power-cut", "S", "after S seconds all of them boot again", "S秒後に全台を再起動する",
	  AT(power_cut_us), SECONDS, RUN, 1, SECONDS_MAX },
	{ "repeat", "S", "each pulls again S seconds after a pull (needs --duration)",
	  "プルのS秒後に再びプルする(--durationが必要)", AT(scenario.repeat_us), SECONDS, RUN, 1,
	  SECONDS_MAX },
	{ "query", NULL, "after a pull ask for the push method, as real devices do",
	  "実機と同様に、プルの後でプッシュ方式を問い合わせる", AT(scenario.does_query), FLAG, RUN,
	  0, 0 },
	{ "tls", "V", "1.2 or 1.3 only (default: the best that both know)",
	  "TLSの版を1.2または1.3に限る", AT(tls), TLS, RUN, 0, 0 },
	{ "resume", NULL, "resume TLS 1.2 sessions while the power lasts",
	  "電源が入っている間、TLS 1.2のセッションを再開する", AT(does_resume), FLAG, RUN, 0, 0 },
	{ "processes", "N", "to share them among (default: one per core)",
	  "プロセス数(省略時はコア数)", AT(processes), COUNT, RUN, 1, SIM_PROCESSES_MAX },
	{ "sources", "N",
	  "source addresses 127.0.0.1 to N, for servers on loopback; 0: leave it to "
	  "the kernel (default 16)",
	  "送信元アドレスを127.0.0.1からNまで使う(ループバック宛のみ)。0はカーネル任せ(省略時16)",
	  AT(sources), COUNT, RUN, 0, SIM_SOURCES_MAX },
	{ "duration", "S", "end after S seconds (default: when all are up)",
	  "S秒で終了する(省略時は全台の起動まで)", AT(scenario.duration_us), SECONDS, RUN, 1,
	  SECONDS_MAX },
	{ "until-up", NULL, "end when all are up, even before --duration",
	  "--durationの前でも全台が起動したら終了する", AT(is_until_up), FLAG, RUN, 0, 0 },
	{ "json", "[=FILE]",
	  "JSON lines: every event, one line per second, the summary; without FILE instead "
	  "of the table",
	  "JSON Lines(イベント、毎秒の集計、結果)。FILEがなければ表の代わりに出力する",
	  AT(json_path), JSON, RUN, 0, 0 },
	{ "svg", "FILE", "a picture of the run: devices by state over time",
	  "機器の状態の推移を図(SVG)にする", AT(svg_path), WORD, RUN, 0, 0 },
	{ "quiet", NULL, "of the JSON lines the summary only", "JSON Linesのうち結果だけを出力する",
	  AT(is_quiet), FLAG, RUN, 0, 0 },
	{ "store", "URL",
	  "where: sqlite:/path/rs.db while no rs runs (fast), or unix:/path/bus.sock "
	  "(default: sqlite:DIR/rs.db)",
	  "登録先: rs停止中はsqlite:/path/rs.db、稼働中はunix:/path/bus.sock"
	  "(省略時sqlite:DIR/rs.db)",
	  AT(store), WORD, REGISTER, 0, 0 },
	{ "modules", "N", "modules in the startup config (default 3)", "モジュール数(省略時3)",
	  AT(modules), COUNT, REGISTER, 1, 64 },
	{ "bytes", "N", "of config in each (default 1365)", "モジュールごとのバイト数(省略時1365)",
	  AT(bytes), COUNT, REGISTER, SIM_CONFIG_MIN, SIM_CONFIG_MAX },
};

static void print_help(enum of of)
{
	printf("%s: reeve sim %s[OPTION]...\n\n%s\n\n", sim_tr("usage", "使い方"),
	       of == REGISTER ? "register " : "",
	       of == REGISTER
		       ? sim_tr("Register the devices that reeve sim will be, each with a startup "
				"config.",
				"reeve simが演じる機器を、起動時コンフィグとともに登録する。")
		       : sim_tr("A fleet of devices: the real device library over real TLS and "
				"sockets. They must be\nregistered first: reeve sim register.",
				"多数の機器を演じる。実際の機器ライブラリをTLSとソケットの上で動か"
				"す。\n"
				"機器は先にreeve sim registerで登録しておく。"));
	for (size_t i = 0; i < RV_ARRAY_LEN(items); i++) {
		char left[40];

		if ((items[i].of & of) == 0)
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", items[i].name,
			 items[i].form == JSON ? "" : " ",
			 items[i].value != NULL ? items[i].value : "");
		printf("  %-16s %s\n", left, sim_tr(items[i].doc, items[i].doc_ja));
	}
	printf("\n%s\n",
	       of == REGISTER
		       ? sim_tr("Exit status: 0; 2 usage; 3 failure.",
				"終了コード: 0 正常、2 使い方の誤り、3 失敗。")
		       : sim_tr("Exit status: 0 all came up; 1 not all did; 2 usage; 3 "
				"failure.",
				"終了コード: 0 全台が起動、1 起動しない機器がある、2 使い方の誤り、"
				"3 失敗。"));
}

/* -- values --------------------------------------------------------------------------------- */

static bool take_tls(const char *text, enum sim_tls *out)
{
	if (strcmp(text, "1.2") == 0)
		*out = SIM_TLS_12;
	else if (strcmp(text, "1.3") == 0)
		*out = SIM_TLS_13;
	else
		return false;
	return true;
}

static bool take_number(const struct item *item, const char *text, void *at)
{
	uint64_t number = 0;

	if (!rv_str_to_u64(rv_str(text), item->max, &number) || number < item->min)
		return false;
	if (item->form == SECONDS)
		*(int64_t *)at = (int64_t)number * RV_US_PER_SEC;
	else if (item->form == BIG)
		*(uint64_t *)at = number;
	else
		*(uint32_t *)at = (uint32_t)number;
	return true;
}

static bool take(const struct item *item, const char *text, struct sim_options *out,
		 const char **state)
{
	void *at = (char *)out + item->at;

	switch (item->form) {
	case FLAG:
		*(bool *)at = true;
		return true;
	case COUNT:
	case SECONDS:
	case BIG:
		return take_number(item, text, at);
	case ARRIVAL:
		return sim_arrival_parse(rv_str(text), at) == RV_OK;
	case TLS:
		return take_tls(text, at);
	case JSON:
		out->is_json = true;
		out->json_path = text;
		return true;
	case SCENARIO: /* taken before all others */
		return true;
	case WORD:
		break;
	}
	if (strcmp(item->name, "state") == 0)
		*state = text;
	else if (item->at == AT(ls_root))
		return rv_str_copy(rv_str(text), out->ls_root, sizeof(out->ls_root));
	else
		*(const char **)at = text;
	return true;
}

/* What follows from --state, where it was not said itself. */
static bool complete(struct sim_options *out, const char *state)
{
	char real[SIM_PATH_MAX];

	if (state != NULL && realpath(state, real) == NULL) {
		sim_error("%s: %s", state, sim_tr("no such directory", "ディレクトリがありません"));
		return false;
	}
	if (out->is_register && out->store == NULL && state != NULL) {
		snprintf(out->store_path, sizeof(out->store_path), "sqlite:%.4000s/rs.db", real);
		out->store = out->store_path;
	}
	if (!out->is_register && out->ls_root[0] == '\0' && state != NULL)
		snprintf(out->ls_root, sizeof(out->ls_root), "%.4000s/pki/ls-root.crt", real);
	if (out->is_register ? out->store != NULL : out->ls_root[0] != '\0')
		return true;
	sim_error("%s", out->is_register ? sim_tr("give --state DIR or --store URL",
						  "--state DIRか--store URLを指定してください")
					 : sim_tr("give --state DIR or --ls-root FILE",
						  "--state DIRか--ls-root FILEを指定してください"));
	return false;
}

/* The one that the command line adds to those of the scenario. */
static bool add_power_cut(struct sim_options *out)
{
	struct sim_scenario *s = &out->scenario;
	struct sim_power_cut cut = {
		.name = "power-cut", .share = 100, .at_us = out->power_cut_us, .times = 1
	};

	if (out->power_cut_us == 0)
		return true;
	if (s->cut_count == SIM_EACH_MAX) {
		sim_error("--power-cut: %s", sim_tr("the scenario has as many as can be",
						    "シナリオの電源断が上限に達しています"));
		return false;
	}
	s->cuts[s->cut_count++] = cut;
	return true;
}

static bool is_consistent(struct sim_options *out)
{
	const struct sim_scenario *s = &out->scenario;
	struct rv_diag diag = { 0 };

	if (sim_scenario_suits(s, SIM_FORM_WIRE, &diag) != RV_OK) {
		sim_error("%s: %s", out->scenario_name, diag.text);
		return false;
	}
	if (s->repeat_us > 0 && s->duration_us == 0) {
		sim_error("%s",
			  sim_tr("--repeat needs --duration", "--repeatには--durationが必要です"));
		return false;
	}
	if (out->power_cut_us > 0 && s->duration_us > 0 && s->duration_us <= out->power_cut_us) {
		sim_error("%s", sim_tr("the power cut comes after the end",
				       "終了後に電源断が指定されています"));
		return false;
	}
	return add_power_cut(out);
}

/* -- the command line ----------------------------------------------------------------------- */

static void fill_longs(struct option *longs)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(items); i++)
		longs[i] = (struct option){ items[i].name,
					    items[i].form == FLAG   ? no_argument
					    : items[i].form == JSON ? optional_argument
								    : required_argument,
					    NULL, (int)(1000 + i) };
	longs[RV_ARRAY_LEN(items)] = (struct option){ "help", 0, NULL, 'h' };
}

/* Whatever stands where: what the other options say counts above the scenario. */
static bool take_scenario(int argc, char **argv, const struct option *longs,
			  struct sim_options *out)
{
	struct rv_diag diag = { 0 };
	int got;

	optind = 0;
	while ((got = getopt_long(argc, argv, ":h", longs, NULL)) != -1)
		if (got >= 1000 && items[got - 1000].form == SCENARIO)
			out->scenario_name = optarg;
	optind = 0;
	if (out->scenario_name == NULL ||
	    sim_scenario_load(out->scenario_name, &out->scenario, &diag) == RV_OK)
		return true;
	sim_error("%s", diag.text);
	return false;
}

static bool take_option(int got, char **argv, enum of of, struct sim_options *out,
			const char **state)
{
	const struct item *item = got >= 1000 ? &items[got - 1000] : NULL;

	if (item == NULL || (item->of & of) == 0) {
		sim_error("%s: %s", argv[optind - 1],
			  got == ':' ? sim_tr("needs a value", "値が必要です")
				     : sim_tr("no such option here; see --help",
					      "ここにそのオプションはありません(--help参照)"));
		return false;
	}
	if (!take(item, optarg, out, state)) {
		sim_error("--%s %s: %s", item->name, optarg,
			  sim_tr("not a value for it; see --help",
				 "値が正しくありません(--help参照)"));
		return false;
	}
	return true;
}

static const struct sim_options defaults = { .devices = DEVICES_DEFAULT,
					     .seed = 1,
					     .ls_url = "https://127.0.0.1:7443/",
					     .interval = 1,
					     .rounds = 3,
					     .sources = 16,
					     .modules = 3,
					     .bytes = 1365 };

bool sim_options_parse(int argc, char **argv, struct sim_options *out, enum sim_exit *status)
{
	struct option longs[RV_ARRAY_LEN(items) + 2] = { 0 };
	bool is_register = argc > 1 && strcmp(argv[1], "register") == 0;
	bool has_word = is_register || (argc > 1 && strcmp(argv[1], "run") == 0);
	enum of of = is_register ? REGISTER : RUN;
	const char *state = NULL;
	int got;

	*out = defaults;
	out->is_register = is_register;
	out->processes = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	argc -= has_word;
	argv += has_word;
	opterr = 0;
	*status = SIM_EXIT_USAGE;
	fill_longs(longs);
	if (!take_scenario(argc, argv, longs, out))
		return false;
	while ((got = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (got == 'h') {
			print_help(of);
			*status = SIM_EXIT_OK;
			return false;
		}
		if (!take_option(got, argv, of, out, &state))
			return false;
	}
	if (optind < argc) {
		sim_error("%s: %s", argv[optind], sim_tr("not expected", "余分な引数です"));
		return false;
	}
	return complete(out, state) && is_consistent(out);
}
