#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "cli.h"
#include "cmd/ctl/ctl.h"
#include "commands.h"
#include "first.h"
#include "pki/csr.h"
#include "pki/rollover.h"

enum { PEM_MAX = 65536 };

static const int64_t day_us = 86400 * RV_US_PER_SEC;

/* What every verb is given. */
struct pki {
	const struct rv_cli *cli;
	const struct rv_conf *conf;
	char state_dir[RV_CLI_PATH_MAX];
	char dir[RV_CLI_PATH_MAX + 8]; /* <state>/pki */
	struct rv_diag diag;
};

static int finish(struct pki *p, int err)
{
	if (err == RV_OK)
		return RV_EXIT_OK;
	rv_cli_error_diag(&p->diag);
	return RV_EXIT_FAILURE;
}

static int usage(const char *what)
{
	rv_cli_error("pki: %s: %s", rv_tr("say one of", "次のいずれかを指定してください"), what);
	return RV_EXIT_USAGE;
}

static void say_reload(void)
{
	printf("%s\n",
	       rv_tr("Running processes see it once reeve is reloaded or restarted.",
		     "動作中のプロセスには、reeveの再読み込みまたは再起動の後に反映されます。"));
}

static bool is_server(const char *name)
{
	return name != NULL &&
	       (strcmp(name, "ls") == 0 || strcmp(name, "rs") == 0 || strcmp(name, "http") == 0);
}

static bool is_rsa(const char *name)
{
	return name != NULL && (strcmp(name, "ls-rsa") == 0 || strcmp(name, "rs-rsa") == 0);
}

/* The file that an option names; without the option nothing, which is_needed forbids. */
static int read_option(struct pki *p, const char *option, const char *path, bool is_needed,
		       struct rv_buf *out)
{
	int err = RV_OK;

	if (path != NULL)
		err = rv_buf_read_file(out, path, PEM_MAX);
	else if (is_needed)
		err = RV_EINVALID;
	if (err == RV_OK)
		return err;
	return rv_diag_set(&p->diag, err, "pki.init.file", option, "%s%s%s: %s", option,
			   path == NULL ? "" : " ", path == NULL ? "" : path,
			   path == NULL ? "is needed" : rv_err_name(err));
}

/* -- init, list ------------------------------------------------------------------------------ */

static void report(const struct rv_pki_init_result *made, const char *dir)
{
	for (size_t i = 0; i < made->count; i++)
		printf("%s  %s/%s\n",
		       made->files[i].is_new ? rv_tr("made", "作成") : rv_tr("kept", "既存"), dir,
		       made->files[i].name);
}

static int verb_init(struct pki *p)
{
	struct rv_pki_init_result made = { 0 };
	int err = rv_first_pki(p->conf, p->state_dir, p->cli->addresses, &made, &p->diag);
	int status = finish(p, err);

	report(&made, p->dir);
	return status;
}

static int list_file(struct pki *p, const char *name)
{
	char path[RV_CLI_PATH_MAX + 32], until[RV_TIME_TEXT_LEN + 1];
	struct rv_pki_info info = { .count = 1 };
	struct rv_buf text = { 0 };
	int64_t now_us = rv_time_utc_us();
	int err;

	snprintf(path, sizeof(path), "%s/%s.crt", p->dir, name);
	err = rv_buf_read_file(&text, path, PEM_MAX);
	if (err == -ENOENT)
		return RV_OK;
	if (err != RV_OK)
		rv_diag_set(&p->diag, err, "pki.init.file", path, "%s: %s", path, rv_err_name(err));
	for (size_t i = 0; i < info.count && err == RV_OK; i++) {
		err = rv_pki_inspect_at(rv_buf_str(&text), i, &info, &p->diag);
		if (err != RV_OK)
			break;
		rv_time_format(info.not_after_us, until);
		printf("%-8s %-9s %.10s %6lld  %.16s  %s\n", i == 0 ? name : "", info.key, until,
		       (long long)((info.not_after_us - now_us) / day_us), info.print,
		       info.subject);
	}
	rv_buf_deinit(&text);
	return err;
}

static int verb_list(struct pki *p)
{
	static const char *const names[] = { "ls-root", "ls",     "ls-rsa",  "rs-ca",
					     "rs",      "rs-rsa", "http-ca", "http" };
	int status = RV_EXIT_OK;

	printf("%-8s %-9s %-10s %6s  %-16s  %s\n", rv_tr("FILE", "ファイル"), rv_tr("KEY", "鍵"),
	       rv_tr("UNTIL", "期限"), rv_tr("DAYS", "日数"), "SHA-256",
	       rv_tr("SUBJECT", "サブジェクト"));
	for (size_t i = 0; i < RV_ARRAY_LEN(names); i++) {
		if (list_file(p, names[i]) != RV_OK)
			status = finish(p, RV_EINVALID);
	}
	return status;
}

/* -- servers --------------------------------------------------------------------------------- */

static int verb_renew(struct pki *p, const struct rv_pki_files *files)
{
	int err;

	if (!is_server(p->cli->more[0]) && !is_rsa(p->cli->more[0]))
		return usage("renew ls, rs, http, ls-rsa, rs-rsa");
	err = rv_pki_renew(files, p->cli->more[0], rv_time_utc_us(), &p->diag);
	if (err == RV_OK)
		say_reload();
	return finish(p, err);
}

static int verb_import(struct pki *p, const struct rv_pki_files *files)
{
	struct rv_buf chain = { 0 }, key = { .wipe = true };
	int err;

	if (!is_server(p->cli->more[0]))
		return usage("import ls, rs, http");
	err = read_option(p, "--certificate", p->cli->certificate, true, &chain);
	if (err == RV_OK)
		err = read_option(p, "--key", p->cli->key, false, &key);
	if (err == RV_OK)
		err = rv_pki_import(files, p->cli->more[0], rv_buf_str(&chain), rv_buf_str(&key),
				    rv_time_utc_us(), &p->diag);
	if (err == RV_OK)
		say_reload();
	rv_buf_deinit(&chain);
	rv_buf_deinit(&key);
	return finish(p, err);
}

static int print_pem(struct pki *p, int err, const struct rv_buf *text)
{
	if (err == RV_OK)
		fwrite(text->ptr, 1, text->len, stdout);
	return finish(p, err);
}

static int verb_request(struct pki *p, const struct rv_pki_files *files)
{
	struct rv_buf csr = { 0 };
	const char *name = p->cli->more[0];
	int err;

	if (!is_server(name))
		return usage("request ls, rs, http");
	err = rv_first_request(p->conf, files, name, p->cli->addresses, &csr, &p->diag);
	int status = print_pem(p, err, &csr);
	rv_buf_deinit(&csr);
	return status;
}

/* Where the CA's key is: needs no state directory. */
static int verb_sign(struct pki *p)
{
	struct rv_pki_request req = { .kind = RV_PKI_SERVER,
				      .now_us = rv_time_utc_us(),
				      .lifetime_us = RV_PKI_SERVER_DAYS * day_us };
	struct rv_buf csr = { 0 }, ca = { 0 }, key = { .wipe = true }, made = { 0 };
	int err = read_option(p, "sign", p->cli->more[0], true, &csr);

	if (err == RV_OK)
		err = read_option(p, "--ca", p->cli->ca, true, &ca);
	if (err == RV_OK)
		err = read_option(p, "--ca-key", p->cli->ca_key, true, &key);
	if (err == RV_OK)
		err = rv_pki_csr_issue(&req, rv_buf_str(&csr), rv_buf_str(&ca), rv_buf_str(&key),
				       &made, &p->diag);
	int status = print_pem(p, err, &made);
	rv_buf_deinit(&csr);
	rv_buf_deinit(&ca);
	rv_buf_deinit(&key);
	rv_buf_deinit(&made);
	return status;
}

/* -- roll ------------------------------------------------------------------------------------ */

/* An operation of the running rs, with the output of `reeve ctl`. */
static int ask_rs(const struct pki *p, const char *verb, bool is_forced)
{
	char program[] = "ctl", option[] = "--server", noun[] = "roll", forced[] = "--forced";
	char server[RV_CLI_PATH_MAX + 16], word[16];
	char *argv[] = { program, option, server, noun, word, is_forced ? forced : NULL, NULL };

	snprintf(server, sizeof(server), "unix:%s/bus.sock", p->state_dir);
	snprintf(word, sizeof(word), "%s", verb);
	return rv_ctl_main(is_forced ? 6 : 5, argv);
}

static int roll_finish(struct pki *p, const struct rv_pki_files *files)
{
	int status = ask_rs(p, "finish", p->cli->is_forced);

	if (status != RV_CTL_OK) {
		rv_cli_error("%s",
			     rv_tr("the files stay as they are; `reeve ctl roll left` lists the "
				   "devices, --forced leaves them behind",
				   "ファイルは変更していません。未完了の機器はreeve ctl roll "
				   "leftで確認できます(--forcedで強制)"));
		return status == RV_CTL_USAGE ? RV_EXIT_USAGE : RV_EXIT_FAILURE;
	}
	return finish(p, rv_pki_roll_finish(files, rv_time_utc_us(), &p->diag));
}

static int verb_roll(struct pki *p, const struct rv_pki_files *files)
{
	const char *what = p->cli->more[0] != NULL ? p->cli->more[0] : "";
	int status;

	if (strcmp(what, "status") == 0)
		return ask_rs(p, "status", false) == RV_CTL_OK ? RV_EXIT_OK : RV_EXIT_FAILURE;
	if (strcmp(what, "start") == 0)
		status = finish(p, rv_pki_roll_start(files, rv_time_utc_us(), &p->diag));
	else if (strcmp(what, "abort") == 0)
		status = finish(p, rv_pki_roll_abort(files, &p->diag));
	else if (strcmp(what, "finish") == 0)
		status = roll_finish(p, files);
	else
		return usage("roll start, status, finish, abort");
	if (status == RV_EXIT_OK)
		say_reload();
	return status;
}

/* -- dispatch -------------------------------------------------------------------------------- */

static const struct verb {
	const char *name;
	int (*run)(struct pki *p);
	int (*run_on_files)(struct pki *p, const struct rv_pki_files *files);
} verbs[] = {
	{ "init", verb_init, NULL },   { "list", verb_list, NULL },
	{ "renew", NULL, verb_renew }, { "request", NULL, verb_request },
	{ "sign", verb_sign, NULL },   { "import", NULL, verb_import },
	{ "roll", NULL, verb_roll },
};

static int run(struct pki *p, const struct verb *verb)
{
	struct rv_pki_files files = { .fd = -1 };
	int status;

	if (verb->run != NULL)
		return verb->run(p);
	if (rv_pki_files_open(p->dir, &files, &p->diag) == RV_OK)
		status = verb->run_on_files(p, &files);
	else
		status = finish(p, RV_EBUSY);
	rv_pki_files_close(&files);
	return status;
}

int rv_command_pki(int argc, char **argv)
{
	struct rv_cli_conf source = { 0 };
	const struct verb *verb = NULL;
	struct rv_cli cli;
	struct pki p = { .cli = &cli };
	int status = rv_cli_parse(argc, argv,
				  RV_CLI_CONFIG | RV_CLI_STATE | RV_CLI_ADDRESS | RV_CLI_PEM |
					  RV_CLI_FORCED | RV_CLI_WORDS,
				  &cli);

	if (status != RV_EXIT_OK)
		return status;
	for (size_t i = 0; i < RV_ARRAY_LEN(verbs) && cli.word != NULL; i++) {
		if (strcmp(cli.word, verbs[i].name) == 0)
			verb = &verbs[i];
	}
	if (verb == NULL)
		return usage("init, list, renew, request, sign, import, roll");
	status = rv_cli_read_conf(&cli, false, &source);
	if (status == RV_EXIT_OK)
		status = rv_cli_state_dir(&cli, p.state_dir);
	p.conf = source.conf;
	snprintf(p.dir, sizeof(p.dir), "%s/pki", p.state_dir);
	if (status == RV_EXIT_OK)
		status = run(&p, verb);
	rv_conf_free(source.conf);
	return status;
}
