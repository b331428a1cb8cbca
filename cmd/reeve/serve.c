#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/supervisor.h"
#include "cli.h"
#include "commands.h"
#include "duties.h"
#include "first.h"
#include "log/log.h"
#include "server/legacy/legacy.h"
#include "server/ls/ls.h"
#include "server/status/status.h"

static bool has_duty(const struct rv_duty_spec *const *duties, const char *name)
{
	for (; *duties != NULL; duties++) {
		if (strcmp((*duties)->name, name) == 0)
			return true;
	}
	return false;
}

/* NULL component: all of them. lsfeed has something to do only for RSs on other hosts. */
static void choose_duties(const struct rv_component *component, const struct rv_conf *conf,
			  const struct rv_duty_spec *out[static RV_DUTIES_MAX])
{
	const struct rv_conf_sec *status = rv_conf_get(conf, "status", NULL);
	bool has_operators = rv_conf_get(conf, "operator", NULL) != NULL;
	const char *const *addrs;
	const struct rv_duty_spec *legacy;
	size_t n = 0;

	for (size_t i = 0; i < rv_component_count; i++) {
		const struct rv_component *c = &rv_components[i];
		bool is_status = c->duties[0] == &rv_status_duty_spec;

		if (is_status ? rv_conf_list(status, "listen", &addrs) == 0
			      : component != NULL && c != component)
			continue;
		for (size_t j = 0; c->duties[j] != NULL; j++)
			if (c->duties[j] != &rv_lsfeed_duty_spec || has_operators)
				out[n++] = c->duties[j];
	}
	out[n] = NULL;
	legacy = rv_legacy_spec(conf, has_duty(out, "ls"), has_duty(out, "proxy"));
	if (legacy != NULL)
		out[n++] = legacy;
	out[n] = NULL;
}

/* The first address of http.listen as a URL; a wildcard is reached at this host. */
static void put_url(const struct rv_conf *conf, char *out, size_t size)
{
	const struct rv_conf_sec *http = rv_conf_get(conf, "http", NULL);
	const char *const *addrs;
	const char *port;

	if (http == NULL || rv_conf_list(http, "listen", &addrs) == 0) {
		snprintf(out, size, "-");
		return;
	}
	port = strrchr(addrs[0], ':');
	if (strncmp(addrs[0], "0.0.0.0:", 8) == 0 || strncmp(addrs[0], "[::]:", 5) == 0)
		snprintf(out, size, "https://localhost%s/api/v2", port);
	else
		snprintf(out, size, "https://%s/api/v2", addrs[0]);
}

/* The token of a first start, until it has been shown. */
struct first {
	const struct rv_conf *conf;
	const char *state_dir;
	char token[RV_FIRST_TOKEN_MAX]; /* "" = none to show */
};

static void show_token(struct first *first)
{
	const char *state_dir = first->state_dir;
	char url[256];

	if (first->token[0] == '\0')
		return;
	put_url(first->conf, url, sizeof(url));
	printf("\n"
	       "  %s %s\n"
	       "\n"
	       "    REST API   %s\n"
	       "    CA         %s/pki/http-ca.crt\n"
	       "    token      %s\n"
	       "\n"
	       "  %s\n"
	       "\n",
	       rv_tr("Reeve makes its first start in", "Reeveの初回起動:"), state_dir, url,
	       state_dir, first->token,
	       rv_tr("The token is shown this once; Reeve keeps only its SHA-256.",
		     "トークンを表示するのはこの一度だけです。ReeveはSHA-256のみを保存します。"));
	fflush(stdout);
	rv_wipe(first->token, sizeof(first->token));
}

/* Keys, certificates and the first token, where they are missing. */
static int prepare_first_start(const struct rv_component *component,
			       const struct rv_duty_spec *const *duties, struct first *first)
{
	const char *state_dir = first->state_dir;
	struct rv_pki_init_result made = { 0 };
	struct rv_diag diag = { 0 };
	char path[RV_CLI_PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/pki", state_dir);
	if (component == NULL && access(path, F_OK) != 0 &&
	    rv_first_pki_whole(first->conf, state_dir, &made, &diag) != RV_OK) {
		rv_cli_error_diag(&diag);
		return RV_EXIT_FAILURE;
	}
	if (!has_duty(duties, "rs") || !rv_first_needs_token(state_dir))
		return RV_EXIT_OK;
	if (rv_first_token(state_dir, first->token, &diag) != RV_OK) {
		first->token[0] = '\0';
		rv_cli_error_diag(&diag);
		return RV_EXIT_FAILURE;
	}
	return RV_EXIT_OK;
}

/* For what is said before the supervisor takes it over. */
static void init_log(const struct rv_conf *conf)
{
	const struct rv_conf_sec *sec = rv_conf_get(conf, "reeve", NULL);
	enum rv_log_level level = RV_LOG_INFO;
	int err = rv_log_level_parse(rv_str(rv_conf_str(sec, "log_level")), &level);

	rv_log_init("reeve", err == RV_OK ? level : RV_LOG_INFO,
		    strcmp(rv_conf_str(sec, "log_format"), "json") == 0 ? RV_LOG_JSON
									: RV_LOG_LOGFMT,
		    STDERR_FILENO);
}

/* What the supervisor's callbacks get. */
struct serving {
	const struct rv_cli *cli;
	const struct rv_cli_conf *source;
	struct first first;
};

static int read_conf_again(void *arg, struct rv_conf **out, struct rv_diag *diag)
{
	const struct serving *serving = arg;

	return rv_cli_reread_conf(serving->cli, serving->source, out, diag);
}

static void on_ready(void *arg)
{
	struct serving *serving = arg;

	show_token(&serving->first);
	rv_log(RV_LOG_INFO, "app.supervisor.ready");
}

enum { ARGS_MAX = 32 };

/* The command that follows this process, by the path it has now: the file there will be another. */
struct successor {
	char path[PATH_MAX];
	const char *argv[ARGS_MAX + 3]; /* argv[0] NULL: there is none */
};

static void plan_successor(int argc, char **argv, bool has_flag, struct successor *out)
{
	ssize_t n = readlink("/proc/self/exe", out->path, sizeof(out->path) - 1);
	size_t at = 0;

	if (n <= 0 || argc > ARGS_MAX)
		return;
	out->path[n] = '\0';
	out->argv[at++] = out->path;
	for (int i = 0; i < argc; i++)
		out->argv[at++] = argv[i];
	if (!has_flag)
		out->argv[at++] = "--take-over";
	out->argv[at] = NULL;
}

static int run(const struct rv_cli *cli, const struct rv_component *component,
	       const struct rv_cli_conf *source, const struct successor *successor)
{
	const struct rv_duty_spec *duties[RV_DUTIES_MAX], *known[RV_DUTIES_MAX];
	char state_dir[RV_CLI_PATH_MAX], libexec[RV_CLI_PATH_MAX];
	struct rv_supervisor_opt opt = {
		.duties = duties,
		.known = known,
		.conf = source->conf,
		.libexec_dir = libexec,
		.state_dir = state_dir,
		.join = cli->join,
		.take_over = cli->take_over,
		.upgrade_argv = successor->argv[0] != NULL ? successor->argv : NULL,
		.read_conf = read_conf_again,
		.on_ready = on_ready,
	};
	struct serving serving = { .cli = cli,
				   .source = source,
				   .first = { .conf = source->conf, .state_dir = state_dir } };
	struct first *first = &serving.first;
	struct rv_diag diag = { 0 };
	int status = rv_cli_state_dir(cli, state_dir);
	int err;

	choose_duties(component, source->conf, duties);
	if (status == RV_EXIT_OK)
		status = prepare_first_start(component, duties, first);
	if (status != RV_EXIT_OK)
		return status;
	rv_duties_all(known);
	rv_cli_libexec(cli, libexec);
	init_log(source->conf);
	opt.arg = &serving;
	err = rv_supervisor_run(&opt, &diag);
	/* Never ready, but rs has its store and so may have the token: it would be lost. Otherwise
	 * the next start makes another one. */
	if (!rv_first_needs_token(state_dir))
		show_token(first);
	rv_wipe(first->token, sizeof(first->token));
	if (err == RV_OK)
		return RV_EXIT_OK;
	rv_cli_error_diag(&diag);
	return err == RV_EINVALID || err == RV_ESYNTAX ? RV_EXIT_CONFIG : RV_EXIT_FAILURE;
}

int rv_command_serve(int argc, char **argv)
{
	const struct rv_component *component = rv_component_find(argv[0]); /* NULL for "serve" */
	struct rv_cli_conf source = { 0 };
	struct successor successor = { 0 };
	struct rv_cli cli;
	int status = rv_cli_parse(argc, argv,
				  RV_CLI_CONFIG | RV_CLI_STATE | RV_CLI_LIBEXEC | RV_CLI_JOIN |
					  RV_CLI_TAKE_OVER,
				  &cli);

	if (status != RV_EXIT_OK)
		return status;
	if (cli.word != NULL) {
		rv_cli_error("%s: %s: %s", argv[0], rv_tr("takes no argument", "引数は取りません"),
			     cli.word);
		return RV_EXIT_USAGE;
	}
	plan_successor(argc, argv, cli.take_over, &successor);
	status = rv_cli_read_conf(&cli, component != NULL, &source);
	if (status == RV_EXIT_OK)
		status = run(&cli, component, &source, &successor);
	rv_conf_free(source.conf);
	return status;
}
