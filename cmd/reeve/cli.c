#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/texts.h"

#define SYSTEM_CONFIG "/etc/reeve/reeve.conf"
#define SYSTEM_STATE  "/var/lib/reeve"

enum { CONFIG_MAX = 1024 * 1024 };

const char *rv_tr(const char *english, const char *japanese)
{
	return rv_lang_of_user() == RV_LANG_JA ? japanese : english;
}

void rv_cli_error(const char *fmt, ...)
{
	va_list args;

	fputs("reeve: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void rv_cli_error_diag(const struct rv_diag *diag)
{
	char key[64];
	bool has_place = diag->where[0] != '\0' && strstr(diag->text, diag->where) == NULL;
	const char *place = has_place ? diag->where : "", *colon = has_place ? ": " : "";
	const char *sentence = NULL;

	snprintf(key, sizeof(key), "error:%s", diag->key != NULL ? diag->key : "");
	if (rv_lang_of_user() == RV_LANG_JA) /* the detail is English: a sentence goes before it */
		sentence = rv_text(RV_LANG_JA, key);
	if (sentence != NULL)
		rv_cli_error("%s: %s%s%s", sentence, place, colon, diag->text);
	else
		rv_cli_error("%s%s%s", place, colon, diag->text);
}

/* The files of RV_CLI_PEM: that bit and which of them. */
enum {
	OPTION_CERTIFICATE = RV_CLI_PEM | 1 << 16,
	OPTION_KEY = RV_CLI_PEM | 2 << 16,
	OPTION_CA = RV_CLI_PEM | 3 << 16,
	OPTION_CA_KEY = RV_CLI_PEM | 4 << 16,
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, RV_CLI_CONFIG },
	{ "state", required_argument, NULL, RV_CLI_STATE },
	{ "libexec", required_argument, NULL, RV_CLI_LIBEXEC },
	{ "join", required_argument, NULL, RV_CLI_JOIN },
	{ "address", required_argument, NULL, RV_CLI_ADDRESS },
	{ "certificate", required_argument, NULL, OPTION_CERTIFICATE },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "ca", required_argument, NULL, OPTION_CA },
	{ "ca-key", required_argument, NULL, OPTION_CA_KEY },
	{ "forced", no_argument, NULL, RV_CLI_FORCED },
	{ "take-over", no_argument, NULL, RV_CLI_TAKE_OVER },
	{ 0 },
};

static bool take_option(int option, struct rv_cli *out)
{
	switch (option) {
	case RV_CLI_CONFIG:
		out->config = optarg;
		return true;
	case RV_CLI_STATE:
		out->state = optarg;
		return true;
	case RV_CLI_LIBEXEC:
		out->libexec = optarg;
		return true;
	case RV_CLI_JOIN:
		out->join = optarg;
		return true;
	case RV_CLI_TAKE_OVER:
		out->take_over = true;
		return true;
	case RV_CLI_ADDRESS:
		if (out->address_count == RV_CLI_NAMES_MAX)
			return false;
		out->addresses[out->address_count++] = optarg;
		return true;
	case OPTION_CERTIFICATE:
		out->certificate = optarg;
		return true;
	case OPTION_KEY:
		out->key = optarg;
		return true;
	case OPTION_CA:
		out->ca = optarg;
		return true;
	case OPTION_CA_KEY:
		out->ca_key = optarg;
		return true;
	case RV_CLI_FORCED:
		out->is_forced = true;
		return true;
	default:
		return false;
	}
}

static int usage_error(const char *command, const char *english, const char *japanese,
		       const char *what)
{
	rv_cli_error("%s: %s: %s", command, rv_tr(english, japanese), what);
	return RV_EXIT_USAGE;
}

/* What getopt_long() could not use: a word, or one letter of one. */
static int option_error(char **argv, int returned)
{
	const char letter[] = { '-', (char)optopt, '\0' };

	if (returned == ':')
		return usage_error(argv[0], "needs a value", "値が必要です", argv[optind - 1]);
	return usage_error(argv[0], "not an option", "そのようなオプションはありません",
			   optopt != 0 ? letter : argv[optind - 1]);
}

int rv_cli_parse(int argc, char **argv, unsigned allowed, struct rv_cli *out)
{
	struct rv_cli cli = { 0 };
	int option, index = 0;
	char name[16];

	opterr = 0;
	optind = 0; /* anew: glibc's way to parse another vector */
	while ((option = getopt_long(argc, argv, ":", long_options, &index)) != -1) {
		if (option == '?' || option == ':')
			return option_error(argv, option);
		snprintf(name, sizeof(name), "--%s", long_options[index].name);
		if (!(allowed & (unsigned)option))
			return usage_error(argv[0], "not an option here",
					   "ここでは使えないオプションです", name);
		if (!take_option(option, &cli))
			return usage_error(argv[0], "too many of them", "指定が多すぎます", name);
	}
	if (optind < argc)
		cli.word = argv[optind++];
	for (size_t i = 0; i < RV_ARRAY_LEN(cli.more) && (allowed & RV_CLI_WORDS) && optind < argc;
	     i++)
		cli.more[i] = argv[optind++];
	if (optind < argc)
		return usage_error(argv[0], "one argument too many", "余分な引数です",
				   argv[optind]);
	*out = cli;
	return RV_EXIT_OK;
}

/* For a component alone: the pages of status are its own only when asked for. */
static void drop_status_default(struct rv_cli_conf *out)
{
	for (size_t i = 0; i < out->schema_count; i++) {
		struct rv_conf_section *section = &out->schema[i];

		if (strcmp(section->name, "status") != 0)
			continue;
		out->status_listen = section->items[0];
		out->status_listen.def = "{}";
		section->items = &out->status_listen;
	}
}

/* The file to read; NULL = none, only defaults. */
static const char *choose_path(const struct rv_cli *cli)
{
	if (cli->config != NULL || access(SYSTEM_CONFIG, F_OK) != 0)
		return cli->config;
	return SYSTEM_CONFIG;
}

int rv_cli_reread_conf(const struct rv_cli *cli, const struct rv_cli_conf *like,
		       struct rv_conf **out, struct rv_diag *diag)
{
	const char *path = choose_path(cli);
	struct rv_buf text = { .wipe = true };
	int err = RV_OK;

	if (path != NULL)
		err = rv_buf_read_file(&text, path, CONFIG_MAX);
	if (err != RV_OK)
		rv_diag_set(diag, err, "conf.file", NULL, "%s: %s", path,
			    err > -1000 ? strerror(-err) : rv_err_name(err));
	else
		err = rv_conf_parse(like->schema, like->schema_count, rv_buf_str(&text),
				    path != NULL ? path : "defaults", out, diag);
	rv_buf_deinit(&text);
	return err;
}

int rv_cli_read_conf(const struct rv_cli *cli, bool is_alone, struct rv_cli_conf *out)
{
	struct rv_diag diag = { 0 };

	out->conf = NULL;
	out->schema_count = rv_duties_schema(out->schema);
	if (is_alone)
		drop_status_default(out);
	if (rv_cli_reread_conf(cli, out, &out->conf, &diag) == RV_OK)
		return RV_EXIT_OK;
	rv_cli_error("%s", diag.text); /* it begins with file:line */
	return RV_EXIT_CONFIG;
}

/* The directory's path as it will be; false when nobody says where it could be. */
static bool choose_state_dir(const struct rv_cli *cli, char *out, size_t size)
{
	const char *base = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int n;

	if (cli->state != NULL)
		n = snprintf(out, size, "%s", cli->state);
	else if (geteuid() == 0)
		n = snprintf(out, size, "%s", SYSTEM_STATE);
	else if (base != NULL && base[0] == '/')
		n = snprintf(out, size, "%s/reeve", base);
	else if (home != NULL && home[0] == '/')
		n = snprintf(out, size, "%s/.local/state/reeve", home);
	else
		return false;
	return n > 0 && (size_t)n < size;
}

/* Like mkdir -p, all that is missing with 0700. */
static int make_dirs(char *path)
{
	for (char *slash = path + 1;; slash++) {
		char kept = *slash;

		if (kept != '/' && kept != '\0')
			continue;
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return rv_err_from_errno();
		*slash = kept;
		if (kept == '\0')
			return RV_OK;
	}
}

/* Ours alone; or root's, where the service's group makes files but touches none of others
 * (sandbox/sandbox.h). */
static bool is_private(const struct stat *st)
{
	bool is_shared = (st->st_mode & S_IWGRP) != 0 && !(st->st_mode & S_ISVTX);

	if (!S_ISDIR(st->st_mode) || is_shared || (st->st_mode & S_IWOTH))
		return false;
	if (st->st_mode & S_IWGRP)
		return st->st_uid == 0 && geteuid() == 0;
	return st->st_uid == geteuid() || st->st_uid == 0;
}

int rv_cli_state_dir(const struct rv_cli *cli, char out[static RV_CLI_PATH_MAX])
{
	char path[PATH_MAX];
	char real[PATH_MAX];
	struct stat st;

	if (!choose_state_dir(cli, path, sizeof(path)) || path[0] == '\0') {
		rv_cli_error(
			"%s",
			rv_tr("no state directory: give --state DIR",
			      "状態ディレクトリを決められません。--state DIRを指定してください"));
		return RV_EXIT_FAILURE;
	}
	if (make_dirs(path) != RV_OK || realpath(path, real) == NULL || stat(real, &st) != 0) {
		rv_cli_error("%s: %s", path, strerror(errno));
		return RV_EXIT_FAILURE;
	}
	if (!is_private(&st)) {
		rv_cli_error(
			"%s: %s", real,
			rv_tr("must be a directory that belongs to you, and in which nobody else "
			      "may write",
			      "自分が所有し、他のユーザが書き込めないディレクトリでなければなりませ"
			      "ん"));
		return RV_EXIT_FAILURE;
	}
	snprintf(out, RV_CLI_PATH_MAX, "%s", real);
	return RV_EXIT_OK;
}

/* The directory of this executable, if a duty lies beside it. */
static bool find_beside(char *out, size_t size)
{
	char exe[PATH_MAX], probe[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	if (n <= 0)
		return false;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	snprintf(probe, sizeof(probe), "%s/reeve-status", exe);
	return access(probe, X_OK) == 0 && (size_t)snprintf(out, size, "%s", exe) < size;
}

void rv_cli_libexec(const struct rv_cli *cli, char out[static RV_CLI_PATH_MAX])
{
	const char *named = cli->libexec != NULL ? cli->libexec : getenv("REEVE_LIBEXEC");

	if (named != NULL && named[0] != '\0')
		snprintf(out, RV_CLI_PATH_MAX, "%s", named);
	else if (!find_beside(out, RV_CLI_PATH_MAX))
		snprintf(out, RV_CLI_PATH_MAX, "%s", RV_LIBEXEC_DIR);
}
