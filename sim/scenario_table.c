/* Every section and item of a scenario: what the parser takes, and what the man page says. */
#include "base/time.h"
#include "sim/scenario_priv.h"

#define LONGEST ((int64_t)SIM_ARRIVAL_SECONDS_MAX * RV_US_PER_SEC)

#define TIME(n, d, low, en, ja)                                                                    \
	{                                                                                          \
		.name = n, .type = RV_CONF_DURATION, .reload = RV_CONF_ONCE, .def = d, .min = low, \
		.max = LONGEST, .doc = en, .doc_ja = ja                                            \
	}
#define NUMBER(n, d, low, high, u, en, ja)                                                         \
	{                                                                                          \
		.name = n, .type = RV_CONF_INT, .reload = RV_CONF_ONCE, .def = d, .min = low,      \
		.max = high, .unit = u, .doc = en, .doc_ja = ja                                    \
	}
#define PERCENT(n, d, low, en, ja) NUMBER(n, d, low, 100, "%", en, ja)
#define TEXT(n, d, en, ja)                                                                         \
	{                                                                                          \
		.name = n, .type = RV_CONF_STR, .reload = RV_CONF_ONCE, .def = d, .doc = en,       \
		.doc_ja = ja                                                                       \
	}
#define WORD(n, d, words, en, ja)                                                                  \
	{                                                                                          \
		.name = n, .type = RV_CONF_ENUM, .reload = RV_CONF_ONCE, .def = d,                 \
		.choices = words, .doc = en, .doc_ja = ja                                          \
	}
#define FLAG(n, d, en, ja)                                                                         \
	{                                                                                          \
		.name = n, .type = RV_CONF_BOOL, .reload = RV_CONF_ONCE, .def = d, .doc = en,      \
		.doc_ja = ja                                                                       \
	}
#define SHARE PERCENT("share", "100", 1, "Of the devices.", "対象とする機器の割合。")

static const struct rv_conf_item scenario_items[] = {
	TEXT("title", "", "Of the picture and the summary.", "図と集計の題名。"),
	TEXT("title_ja", "", "The same in Japanese.", "題名の日本語。"),
	TIME("duration", "0s", 0,
	     "End of the run; 0s: when all are up and nothing is left to come.",
	     "実行時間。0sなら、全台が起動し予定がなくなるまで。"),
	TIME("repeat", "0s", 0, "A device that is up pulls again after that time; 0s: it stays up.",
	     "起動した機器が再びプルするまでの時間。0sなら再びプルしない。"),
	FLAG("query", "off", "After a pull ask for the push method, as real devices do.",
	     "実機と同様に、プルの後でプッシュ方式を問い合わせる。"),
};

static const char *const arrivals[] = { "at-once", "uniform", "poisson", "waves", NULL };
static const struct rv_conf_item arrival_items[] = {
	WORD("how", "at-once", arrivals,
	     "All at the start; each at its own moment; as independent people; in groups.",
	     "一斉、均等、ポアソン過程、波状のいずれか。"),
	TIME("over", "60s", 1000, "uniform, waves: until the last one.",
	     "uniform、waves: 最後の機器までの時間。"),
	NUMBER("rate", "10", 1, SIM_ARRIVAL_RATE_MAX, "per second", "poisson: devices on average.",
	       "poisson: 平均の台数。"),
	NUMBER("waves", "4", 1, SIM_ARRIVAL_WAVES_MAX, NULL, "waves: groups.", "waves: 波の数。"),
};

static const struct rv_conf_item cut_items[] = {
	TIME("at", NULL, 0, "When.", "時刻(開始からの時間)。"),
	SHARE,
	TIME("within", "0s", 0, "Each device at its own moment of that time; 0s: together.",
	     "この時間内のばらばらの時点で電源が切れる。0sなら一斉。"),
	TIME("off", "10s", 0, "Without power for at least so long.",
	     "電源が切れている最短の時間。"),
	TIME("back_within", "0s", 0, "And for up to that much longer.",
	     "さらにこの時間までばらつく。"),
	TIME("every", "0s", 0,
	     "Again after so long; when times is above 1 more than 0s, and not less than within.",
	     "次の電源断までの時間。timesが2以上なら0sより大きく、within以上。"),
	NUMBER("times", "1", 1, SIM_TIMES_MAX, NULL, "How often in all.", "全部で何回か。"),
	FLAG("keeps_state", "off",
	     "The state cache survives: the device asks its RS before the LS.",
	     "状態キャッシュが残り、LSより先にRSへ問い合わせる。"),
};

static const char *const versions[] = { "any", "1.2", "1.3", NULL };
static const struct rv_conf_item firmware_items[] = {
	TEXT("version", NULL, "What the device tells the servers (1 to 63 bytes).",
	     "サーバに伝える版(1から63バイト)。"),
	PERCENT("share", "0", 0,
		"Of the devices, at the start; all firmwares together at most 100; the rest is "
		"1.0.",
		"開始時にこの版である機器の割合。合計は100まで、残りは1.0。"),
	PERCENT("refuse", "0", 0, "Of the configs that it does not take.",
		"受け付けないコンフィグの割合。"),
	WORD("tls", "any", versions, "What its TLS can do.", "使えるTLSの版。"),
	TEXT("upgrade_to", "", "The firmware, by its title, that it is to run later.",
	     "後に更新するファームウェアの名前。"),
	TIME("upgrade_at", "60s", 0, "When.", "更新の時刻。"),
	TIME("upgrade_within", "0s", 0, "Each device at its own moment of that time; 0s: together.",
	     "この時間内のばらばらの時点で更新する。0sなら一斉。"),
	TIME("upgrade_takes", "30s", 0, "To write it and to boot.",
	     "書き込みと再起動にかかる時間。"),
};

static const struct rv_conf_item flash_items[] = {
	SHARE,
	TIME("apply", "5s", 0, "Time to apply a config, at least.",
	     "コンフィグの適用にかかる最短の時間。"),
	TIME("apply_max", "0s", 0, "At most; 0s: always the same.", "最長の時間。0sなら一定。"),
};

static const struct rv_conf_item clock_items[] = {
	SHARE,
	NUMBER("days", NULL, -SIM_CLOCK_DAYS_MAX, SIM_CLOCK_DAYS_MAX, "days",
	       "Its clock is ahead by so many; below 0: behind.", "時計の進み。負なら遅れ。"),
};

static const char *const moments[] = { "before-tls", "in-tls", "after-request", NULL };
static const char *const ways[] = { "cut", "stall", NULL };
static const char *const servers[] = { "any", "ls", "rs", NULL };
static const struct rv_conf_item loss_items[] = {
	PERCENT("share", "10", 1, "Of the connections.", "対象とする接続の割合。"),
	WORD("when", "in-tls", moments, "How far the connection came.",
	     "接続がどこまで進んだところか。"),
	WORD("how", "cut", ways, "It ends, or nothing passes any more.", "切断、または無通信。"),
	WORD("to", "any", servers, "Which server it was for.", "接続先のサーバ。"),
	TIME("from", "0s", 0, "From when on.", "開始の時刻。"),
	TIME("until", "0s", 0, "Until when; 0s: to the end.", "終わりの時刻。0sなら最後まで。"),
};

static const struct rv_conf_item network_items[] = {
	TIME("delay", "10ms", 0, "Of each packet, one way (virtual form).",
	     "片道の遅延(仮想形のみ)。"),
	TIME("jitter", "0s", 0, "Up to that much more.", "遅延のばらつき。"),
	PERCENT("drop", "0", 0, "Packets lost.", "失われるパケットの割合。"),
	PERCENT("duplicate", "0", 0, "Packets that arrive twice.", "二重に届くパケットの割合。"),
	PERCENT("reorder", "0", 0, "Packets that are overtaken.", "追い越されるパケットの割合。"),
};

static const char *const sides[] = { "ls", "rs", "both", "stores", NULL };
static const struct rv_conf_item partition_items[] = {
	SHARE,
	WORD("side", "both", sides,
	     "No packet passes between devices and LS, devices and proxies, both, or servers and "
	     "their stores.",
	     "機器とLS、機器とプロキシ、その両方、サーバとストアのどの間が途切れるか。"),
	TIME("at", NULL, 0, "When.", "時刻。"),
	TIME("lasts", "30s", 1000, "How long.", "続く時間。"),
};

static const struct rv_conf_item rebind_items[] = {
	SHARE,
	TIME("at", NULL, 0, "When the NAT forgets its mappings.", "NATが対応表を失う時刻。"),
	TIME("every", "0s", 0, "Again after so long; 0s: once.", "次までの時間。0sなら1回。"),
};

static const char *const duties[] = { "ls", "lsstore", "proxy", "rs", NULL };
static const char *const syncs[] = { "keep", "drop", NULL };
static const struct rv_conf_item crash_items[] = {
	WORD("duty", NULL, duties, "Which server process.", "どのサーバプロセスか。"),
	TIME("at", NULL, 0, "When, or from when on it dies at the point.",
	     "時刻。pointがあればその時刻以降。"),
	TEXT("point", "", "At this fail point; none: at that time.",
	     "障害点の名前。空ならその時刻に落ちる。"),
	NUMBER("nth", "1", 1, 1000000, NULL, "The nth time that it is passed.", "通過の何回目か。"),
	TIME("down", "1s", 0, "Until it runs again.", "復帰までの時間。"),
	TIME("every", "0s", 0, "Again after so long; more than 0s when times is above 1.",
	     "次までの時間。timesが2以上なら0sより大きく。"),
	NUMBER("times", "1", 1, SIM_TIMES_MAX, NULL, "How often in all.", "全部で何回か。"),
	WORD("unsynced", "keep", syncs,
	     "What its store had written but not synced: drop, as by a power cut.",
	     "ストアが同期前に書いたもの。dropなら停電のように失われる。"),
};

#define SECTION(n, list, repeats, en, ja)                                                          \
	{                                                                                          \
		.name = n, .doc = en, .doc_ja = ja, .items = list,                                 \
		.item_count = RV_ARRAY_LEN(list), .may_repeat = repeats                            \
	}

const struct rv_conf_section sim_scenario_table[SIM_SECTIONS] = {
	SECTION("scenario", scenario_items, false, "The run as a whole.", "実行全体。"),
	SECTION("arrival", arrival_items, false, "When the devices are switched on.",
		"機器の電源を入れる時刻。"),
	SECTION("power_cut", cut_items, true, "Devices lose their power and boot again.",
		"機器の電源が切れ、再び起動する。"),
	SECTION("firmware", firmware_items, true,
		"Devices with firmware of their own, which may be upgraded in the middle.",
		"独自のファームウェアの機器。途中で更新できる。"),
	SECTION("flash", flash_items, true, "Devices that are slow to apply a config.",
		"コンフィグの適用が遅い機器。"),
	SECTION("clock", clock_items, true, "Devices whose clock is wrong.",
		"時計が狂っている機器。"),
	SECTION("loss", loss_items, true, "Connections that break or stall.",
		"途切れる、または止まる接続。"),
	SECTION("network", network_items, false, "The packets of the virtual form.",
		"仮想形のパケット。"),
	SECTION("partition", partition_items, true,
		"Nothing passes for a while; virtual form only.",
		"しばらく通信が途切れる。仮想形のみ。"),
	SECTION("rebind", rebind_items, true,
		"Devices behind a NAT get another address and port; virtual form only.",
		"NATの内側の機器のアドレスとポートが変わる。仮想形のみ。"),
	SECTION("crash", crash_items, true, "A server dies and comes back; virtual form only.",
		"サーバが落ちて復帰する。仮想形のみ。"),
};

/* -- reeve-scenario(5) ---------------------------------------------------------------------- */

static const char man_head[] =
	".\\\" Made by `reeve sim scenarios --man`; do not edit.\n"
	".TH REEVE-SCENARIO 5 \"\" \"Reeve\"\n"
	".SH NAME\n"
	"reeve-scenario \\- what befalls a simulated fleet\n"
	".SH DESCRIPTION\n"
	"A scenario is a small file for\n"
	".BR \"reeve sim \\-\\-scenario\" :\n"
	"sections of items, in the syntax of\n"
	".BR reeve.conf (5).\n"
	"A section with a NAME may stand up to 16 times; the name is what pictures and messages "
	"call it.\n"
	"Times count from the start of the run. A share is drawn per device from seed and name, so "
	"the same\n"
	"seed means the same devices, and a larger share has all those of a smaller one.\n"
	"Unknown items and values out of range are refused with file, line and what is allowed.\n"
	".PP\n"
	"The\n"
	".I wire\n"
	"form plays real devices against real servers; the\n"
	".I virtual\n"
	"form has both in one process and can do more to them.\n"
	"Sections that the wire form cannot play are refused by name.\n"
	".PP\n"
	".EX\n"
	"scenario {\n"
	"    title = \"a town without power\"\n"
	"}\n"
	"arrival {\n"
	"    how = uniform\n"
	"    over = 30s\n"
	"}\n"
	"power_cut town {\n"
	"    at = 60s\n"
	"    share = 40\n"
	"    off = 20s\n"
	"    back_within = 5s\n"
	"}\n"
	".EE\n"
	".SH SECTIONS\n";

static const char man_tail[] = ".SH SEE ALSO\n"
			       ".BR reeve\\-sim (1),\n"
			       ".BR reeve.conf (5)\n";

void sim_scenario_man(struct rv_buf *out)
{
	rv_buf_puts(out, man_head);
	rv_conf_man(sim_scenario_table, SIM_SECTIONS, out);
	rv_buf_puts(out, man_tail);
}
