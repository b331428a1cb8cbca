#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "cmd/ctl/ctl.h"
#include "duties.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *doc, *doc_ja;
};

static int command_help(int argc, char **argv);
static int command_version(int argc, char **argv);

#define PLACES "[--config FILE] [--state DIR] [--libexec DIR] [--join SOCKET] [--take-over]"

static const struct command commands[] = {
	{ "serve", rv_command_serve, PLACES, "everything in one go", "全機能を起動する" },
	{ "pki", rv_command_pki,
	  "VERB ... [--config FILE] [--state DIR]\n"
	  "  init [--address NAME]...            make the keys and certificates that are missing\n"
	  "  list                                what there is, and until when\n"
	  "  renew ls|rs|http|ls-rsa|rs-rsa      a new certificate; -rsa: for TLS 1.0, made if "
	  "missing\n"
	  "  request ls|rs|http                  a signing request, for a CA kept elsewhere\n"
	  "  sign FILE --ca FILE --ca-key FILE   sign such a request\n"
	  "  import ls|rs|http --certificate FILE [--key FILE]\n"
	  "  roll start|status|finish|abort      replace the RS CA; finish [--forced]\n",
	  "make, renew and replace keys and certificates", "鍵と証明書の作成、更新、入れ替え" },
	{ "key", rv_command_key, "list|rotate [--config FILE] [--state DIR]",
	  "show the master keys, or seal all secrets under a new one while everything runs",
	  "マスタ鍵の表示と更新(運用中にすべての秘密情報を新しい鍵で封じ直す)" },
	{ "conf", rv_command_conf, "check|dump|example|man [--config FILE]",
	  "check or show the configuration, its example and its manual",
	  "設定の検査と表示、設定例とマニュアルの出力" },
	{ "ctl", rv_ctl_main, "...",
	  "everything the REST API can do; has a help of its own: reeve ctl help",
	  "REST APIの全操作。説明はreeve ctl help" },
	{ "sim", rv_command_sim, "[run|register|scenarios|virtual] ...",
	  "a fleet of simulated devices; has a help of its own: reeve sim --help",
	  "多数の機器を演じる。説明はreeve sim --help" },
	{ "verify-sa", rv_command_verify_sa, "...",
	  "judge a foreign device by the checklist of the protocol; has a help of its own: reeve "
	  "verify-sa --help",
	  "他社の機器をプロトコルの検査項目で検査する。説明はreeve verify-sa --help" },
	{ "version", command_version, "", "print the version", "バージョンを表示する" },
	{ "help", command_help, "[COMMAND]", "this text", "この説明" },
};

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < RV_ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void print_help(FILE *to)
{
	fprintf(to, "%s: reeve COMMAND ...\n\n", rv_tr("usage", "使い方"));
	for (size_t i = 0; i < RV_ARRAY_LEN(commands); i++)
		fprintf(to, "  %-9s %s\n", commands[i].name,
			rv_tr(commands[i].doc, commands[i].doc_ja));
	fprintf(to, "\n%s\n",
		rv_tr("One component alone (reach the others by --join .../bus.sock):",
		      "コンポーネントの単独起動(他とは--join .../bus.sockで接続する):"));
	for (size_t i = 0; i < rv_component_count; i++)
		fprintf(to, "  %-9s %s\n", rv_components[i].name,
			rv_tr(rv_components[i].doc, rv_components[i].doc_ja));
	fprintf(to, "\n%s\n",
		rv_tr("reeve help COMMAND shows its options. Exit status: 0, 1 failure, 2 usage, "
		      "3 configuration.",
		      "reeve help COMMANDでオプションを表示する。終了コード: 0 正常、1 失敗、"
		      "2 使い方の誤り、3 設定の誤り。"));
}

static int print_help_of(const char *name)
{
	const struct command *command = find(name);
	const struct rv_component *component = rv_component_find(name);

	if (command != NULL)
		printf("%s: reeve %s %s\n%s\n", rv_tr("usage", "使い方"), command->name,
		       command->arguments, rv_tr(command->doc, command->doc_ja));
	else if (component != NULL)
		printf("%s: reeve %s %s\n%s\n", rv_tr("usage", "使い方"), component->name, PLACES,
		       rv_tr(component->doc, component->doc_ja));
	else {
		rv_cli_error("%s: %s", name,
			     rv_tr("no such command", "そのようなコマンドはありません"));
		return RV_EXIT_USAGE;
	}
	return RV_EXIT_OK;
}

static int command_help(int argc, char **argv)
{
	if (argc > 1)
		return print_help_of(argv[1]);
	print_help(stdout);
	return RV_EXIT_OK;
}

static int command_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("reeve %s\n", RV_VERSION);
	return RV_EXIT_OK;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool has_own_help(const struct command *command)
{
	return command->run == rv_ctl_main || command->run == rv_command_sim ||
	       command->run == rv_command_verify_sa;
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		print_help(stderr);
		return RV_EXIT_USAGE;
	}
	if (is_help(argv[1]))
		return command_help(1, argv);
	if (strcmp(argv[1], "--version") == 0)
		return command_version(1, argv);
	command = find(argv[1]);
	if (command == NULL && rv_component_find(argv[1]) == NULL) {
		rv_cli_error("%s: %s", argv[1],
			     rv_tr("no such command; reeve help lists them",
				   "そのようなコマンドはありません。reeve helpで一覧を表示します"));
		return RV_EXIT_USAGE;
	}
	if (argc > 2 && is_help(argv[2]) && (command == NULL || !has_own_help(command)))
		return print_help_of(argv[1]);
	return command != NULL ? command->run(argc - 1, argv + 1)
			       : rv_command_serve(argc - 1, argv + 1);
}
