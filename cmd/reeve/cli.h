/* cli.h - what the subcommands of `reeve` share: options, places, messages.
 *
 * Exit codes of all: enum rv_exit (app/duty.h). Messages are one line on stderr, "reeve: ...".
 * Texts are in the language of LC_ALL, LC_MESSAGES or LANG: Japanese for "ja...", else English.
 */
#ifndef RV_CMD_REEVE_CLI_H
#define RV_CMD_REEVE_CLI_H

#include <stdbool.h>

#include "duties.h"

enum { RV_CLI_NAMES_MAX = 32, RV_CLI_PATH_MAX = 4096 };

/* Which options a subcommand takes. */
enum rv_cli_option {
	RV_CLI_CONFIG = 1 << 0,    /* --config FILE */
	RV_CLI_STATE = 1 << 1,     /* --state DIR */
	RV_CLI_LIBEXEC = 1 << 2,   /* --libexec DIR */
	RV_CLI_JOIN = 1 << 3,      /* --join SOCKET */
	RV_CLI_ADDRESS = 1 << 4,   /* --address NAME, repeatable */
	RV_CLI_PEM = 1 << 5,       /* --certificate, --key, --ca, --ca-key: each a FILE */
	RV_CLI_FORCED = 1 << 6,    /* --forced */
	RV_CLI_WORDS = 1 << 7,     /* no option: up to two words behind the first */
	RV_CLI_TAKE_OVER = 1 << 8, /* --take-over */
};

struct rv_cli {
	const char *config; /* NULL = not given; so below */
	const char *state;
	const char *libexec;
	const char *join;
	const char *addresses[RV_CLI_NAMES_MAX + 1]; /* NULL-terminated */
	size_t address_count;
	const char *word;    /* the one argument that is no option; NULL = none */
	const char *more[2]; /* RV_CLI_WORDS: the next ones; NULL = none */
	const char *certificate, *key, *ca, *ca_key;
	bool is_forced;
	bool take_over;
};

/* argv[0] is the subcommand. Returns RV_EXIT_OK; or RV_EXIT_USAGE after a message. "--help" is not
 * handled here but before. */
int rv_cli_parse(int argc, char **argv, unsigned allowed, struct rv_cli *out) RV_MUSTCHECK;

/* The text in the user's language. */
const char *rv_tr(const char *english, const char *japanese);

void rv_cli_error(const char *fmt, ...) RV_PRINTF(1, 2);
/* diag's text, behind its place unless the text names that itself; in Japanese the catalogue's
 * sentence stands before both. */
void rv_cli_error_diag(const struct rv_diag *diag);

/* A configuration and the schema that it points into; conf is freed by the caller. */
struct rv_cli_conf {
	struct rv_conf_section schema[RV_SECTIONS_MAX];
	size_t schema_count;
	struct rv_conf_item status_listen; /* without default, for a component alone */
	struct rv_conf *conf;
};

/* --config, else /etc/reeve/reeve.conf if there is one, else nothing but defaults. is_alone: a
 * component by itself, for which status.listen has no default. RV_EXIT_CONFIG after a message. */
int rv_cli_read_conf(const struct rv_cli *cli, bool is_alone, struct rv_cli_conf *out) RV_MUSTCHECK;

/* The same file as it is now, by the schema of `like`. Errors of rv_conf_parse or errno codes, with
 * diag, whose text begins with the file's name. */
int rv_cli_reread_conf(const struct rv_cli *cli, const struct rv_cli_conf *like,
		       struct rv_conf **out, struct rv_diag *diag) RV_MUSTCHECK;

/* The state directory, absolute, made with 0700 if missing: --state, else /var/lib/reeve for root,
 * else $XDG_STATE_HOME/reeve or ~/.local/state/reeve. RV_EXIT_FAILURE after a message: it cannot be
 * made, or others may write in it. */
int rv_cli_state_dir(const struct rv_cli *cli, char out[static RV_CLI_PATH_MAX]) RV_MUSTCHECK;

/* Where the duties' executables are: --libexec, $REEVE_LIBEXEC, beside `reeve` itself (a build
 * tree), else as configured when it was built. */
void rv_cli_libexec(const struct rv_cli *cli, char out[static RV_CLI_PATH_MAX]);

#endif
