#include "verify/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "proto/armsxml/message.h"
#include "proto/distid/distid.h"
#include "verify/answer.h"

enum { PORT_DEFAULT = 17443, PORT_LAST = 65535 - VERIFY_PLACES, SECONDS_MAX = 3600 };

#define DISTID_DEFAULT "0001-0000-C0DE-0091-0000-0000-0000-0001"

const char *verify_tr(const char *english, const char *japanese)
{
	return rv_lang_of_user() == RV_LANG_JA ? japanese : english;
}

void verify_error(const char *fmt, ...)
{
	va_list args;

	fputs("reeve verify-sa: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

/* -- the table ------------------------------------------------------------------------------ */

enum form { FLAG, PORT, SECONDS, WORD, ADDRESS, DISTID, KEY, NUMBERS, TLS };

struct item {
	const char *name, *value;
	const char *doc, *doc_ja;
	size_t at;
	enum form form;
};

#define AT(member) offsetof(struct verify_options, member)

static const struct item items[] = {
	{ "listen", "ADDRESS",
	  "where to listen: an address of this machine that the device "
	  "reaches (default 127.0.0.1)",
	  "待ち受けるアドレス。機器から到達できるもの(省略時127.0.0.1)", AT(listen), ADDRESS },
	{ "port", "N",
	  "of the first LS; the others use the seven behind it. 0: any free ones "
	  "(default 17443)",
	  "最初のLSのポート番号。続く7個も使う。0は空きポート(省略時17443)", AT(port), PORT },
	{ "kit", "DIR",
	  "write what the device needs there, and use it again next time: root "
	  "certificate, Initial-Config, id, key",
	  "機器に設定するもの(ルート証明書、Initial-Config、ID、キー)を書き出し、次回も使う",
	  AT(kit), WORD },
	{ "distid", "ID", "the device's distribution id (default " DISTID_DEFAULT ")",
	  "機器のDistribution ID(省略時" DISTID_DEFAULT ")", AT(distid), DISTID },
	{ "key", "KEY", "its LS-SA key (default: that of the kit, or a new one)",
	  "LS-SAキー(省略時はキットのもの、なければ新規作成)", AT(key), KEY },
	{ "device-command", "CMD", "shell command that is the device; run anew for each step",
	  "機器となるシェルコマンド。手順ごとに新しく実行する", AT(command), WORD },
	{ "launcher", NULL, "CMD only switches the device on: its end means nothing",
	  "CMDは機器の電源を入れるだけで、その終了に意味はない", AT(is_launcher), FLAG },
	{ "warm", NULL, "run CMD again only when the device does not come back by itself",
	  "機器が自分で戻らないときだけCMDを再実行する", AT(is_warm), FLAG },
	{ "quick", NULL, "leave out the steps that wait 20 s and more", "20秒以上待つ手順を省く",
	  AT(is_quick), FLAG },
	{ "only", "N,M-K", "these numbers only", "これらの番号だけを検査する", 0, NUMBERS },
	{ "list", NULL, "show the checklist and end", "検査項目を表示して終了する", AT(is_list),
	  FLAG },
	{ "json", "FILE", "write the result as JSON; - is the standard output",
	  "結果をJSONで書き出す。-は標準出力", AT(json), WORD },
	{ "report", "FILE", "write a report in Markdown, to be handed in",
	  "提出用の報告書をMarkdownで書き出す", AT(report), WORD },
	{ "slack", "S", "how late a device may be, seconds (default 5)",
	  "許容する遅れの秒数(省略時5)", AT(slack_us), SECONDS },
	{ "wait", "S", "how long to wait for the device in each step (default 300)",
	  "手順ごとに機器を待つ秒数(省略時300)", AT(wait_us), SECONDS },
	{ "tls", "V", "1.0: speak TLS 1.0 only, for devices that know no better",
	  "1.0を指定するとTLS 1.0だけを話す(それしか話せない機器用)", AT(is_old_tls), TLS },
};

static void print_help(void)
{
	printf("%s: reeve verify-sa [OPTION]...\n\n%s\n\n", verify_tr("usage", "使い方"),
	       verify_tr("Plays LS and RS for a foreign device, walks it through the checklist of "
			 "the ARMS protocol\nand prints what it passes and fails, by number.",
			 "LSとRSを演じ、他社の機器をARMSプロトコルの検査項目に沿って動かし、\n"
			 "合否を番号ごとに表示する。"));
	for (size_t i = 0; i < RV_ARRAY_LEN(items); i++) {
		char left[48];

		snprintf(left, sizeof(left), "--%s %s", items[i].name,
			 items[i].value != NULL ? items[i].value : "");
		printf("  %-20s %s\n", left, verify_tr(items[i].doc, items[i].doc_ja));
	}
	printf("\n%s\n", verify_tr("Exit status: 0 every MUST passed; 1 not every; 2 usage; 3 the "
				   "device never came; 4 failure.",
				   "終了コード: 0 MUSTにすべて合格、1 不合格あり、2 使い方の誤り、"
				   "3 機器が来ない、4 失敗。"));
}

/* -- values --------------------------------------------------------------------------------- */

static bool take_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	return rv_str_to_u64(rv_str(text), max, out) && *out >= min;
}

static bool take_address(const char *text, const char **out)
{
	unsigned char address[16];

	*out = text;
	return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static bool take_distid(const char *text, struct verify_options *out)
{
	struct rv_distid id;

	if (rv_distid_parse(text, strlen(text), &id, NULL) != RV_OK)
		return false;
	rv_distid_format(&id, out->distid_text);
	out->distid = out->distid_text;
	return true;
}

static bool take_key(const char *text, const char **out)
{
	*out = text;
	return text[0] != '\0' && strlen(text) <= RV_ARMSXML_KEY_MAX &&
	       rv_str_is_ascii(rv_str(text), NULL) && strchr(text, '\n') == NULL;
}

/* "17", "201-204" */
static bool select_range(struct rv_str text, struct verify_options *out)
{
	size_t dash = rv_str_find(text, '-');
	uint64_t from, to;

	if (!rv_str_to_u64(rv_str_sub(text, 0, dash), VERIFY_NUMBER_MAX, &from))
		return false;
	to = from;
	if (dash < text.len &&
	    !rv_str_to_u64(rv_str_sub(text, dash + 1, text.len), VERIFY_NUMBER_MAX, &to))
		return false;
	if (dash == text.len && verify_check_find((unsigned)from) == NULL)
		return false;
	for (uint64_t n = from; n <= to; n++)
		out->is_selected[n] = true;
	return from <= to;
}

static bool take_numbers(const char *text, struct verify_options *out)
{
	struct rv_str rest = rv_str(text);

	out->has_selection = true;
	do {
		size_t comma = rv_str_find(rest, ',');

		if (!select_range(rv_str_sub(rest, 0, comma), out))
			return false;
		rest = rv_str_sub(rest, comma + 1, rest.len);
	} while (rest.len > 0);
	return true;
}

static bool take(const struct item *item, const char *text, struct verify_options *out)
{
	void *at = (char *)out + item->at;
	uint64_t number;

	switch (item->form) {
	case FLAG:
		*(bool *)at = true;
		return true;
	case PORT:
		if (!take_number(text, 0, PORT_LAST, &number))
			return false;
		*(uint32_t *)at = (uint32_t)number;
		return true;
	case SECONDS:
		if (!take_number(text, 1, SECONDS_MAX, &number))
			return false;
		*(int64_t *)at = (int64_t)number * RV_US_PER_SEC;
		return true;
	case WORD:
		*(const char **)at = text;
		return text[0] != '\0';
	case ADDRESS:
		return take_address(text, at);
	case DISTID:
		return take_distid(text, out);
	case KEY:
		return take_key(text, at);
	case NUMBERS:
		return take_numbers(text, out);
	case TLS:
		*(bool *)at = true;
		return strcmp(text, "1.0") == 0;
	}
	return false;
}

static bool is_consistent(const struct verify_options *out)
{
	if ((out->is_launcher || out->is_warm) && out->command == NULL) {
		verify_error("%s", verify_tr("--launcher and --warm need --device-command",
					     "--launcherと--warmには--device-commandが必要です"));
		return false;
	}
	return true;
}

/* True: all were taken; false: *status. */
static bool take_all(int argc, char **argv, struct verify_options *out, enum verify_exit *status)
{
	struct option longs[RV_ARRAY_LEN(items) + 2] = { 0 };
	int got;

	for (size_t i = 0; i < RV_ARRAY_LEN(items); i++)
		longs[i] = (struct option){ items[i].name, items[i].value == NULL ? 0 : 1, NULL,
					    (int)(1000 + i) };
	longs[RV_ARRAY_LEN(items)] = (struct option){ "help", 0, NULL, 'h' };
	opterr = 0;
	while ((got = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		const struct item *item = got >= 1000 ? &items[got - 1000] : NULL;

		if (got == 'h') {
			print_help();
			*status = VERIFY_EXIT_PASSED;
			return false;
		}
		if (item == NULL) {
			verify_error(
				"%s: %s", argv[optind - 1],
				got == ':'
					? verify_tr("needs a value", "値が必要です")
					: verify_tr(
						  "no such option; see --help",
						  "そのようなオプションはありません(--help参照)"));
			return false;
		}
		if (!take(item, optarg, out)) {
			verify_error("--%s %s: %s", item->name, optarg,
				     verify_tr("not a value for it; see --help",
					       "値が正しくありません(--help参照)"));
			return false;
		}
	}
	return true;
}

bool verify_options_parse(int argc, char **argv, struct verify_options *out,
			  enum verify_exit *status)
{
	*out = (struct verify_options){ .listen = "127.0.0.1",
					.port = PORT_DEFAULT,
					.distid = DISTID_DEFAULT,
					.slack_us = 5 * RV_US_PER_SEC,
					.wait_us = 300 * RV_US_PER_SEC };
	*status = VERIFY_EXIT_USAGE;
	if (!take_all(argc, argv, out, status))
		return false;
	if (optind < argc) {
		verify_error("%s: %s", argv[optind], verify_tr("not expected", "余分な引数です"));
		return false;
	}
	return is_consistent(out);
}
