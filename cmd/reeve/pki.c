#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "first.h"

static void report(const struct rv_pki_init_result *made, const char *state_dir)
{
	for (size_t i = 0; i < made->count; i++)
		printf("%s  %s/pki/%s\n",
		       made->files[i].is_new ? rv_tr("made", "作成") : rv_tr("kept", "既存"),
		       state_dir, made->files[i].name);
}

int rv_command_pki(int argc, char **argv)
{
	struct rv_pki_init_result made = { 0 };
	char state_dir[RV_CLI_PATH_MAX];
	struct rv_cli_conf source = { 0 };
	struct rv_diag diag = { 0 };
	struct rv_cli cli;
	int status = rv_cli_parse(argc, argv, RV_CLI_CONFIG | RV_CLI_STATE | RV_CLI_ADDRESS, &cli);

	if (status != RV_EXIT_OK)
		return status;
	if (cli.word == NULL || strcmp(cli.word, "init") != 0) {
		rv_cli_error("pki: %s: init",
			     rv_tr("say one of", "次のいずれかを指定してください"));
		return RV_EXIT_USAGE;
	}
	status = rv_cli_read_conf(&cli, false, &source);
	if (status == RV_EXIT_OK)
		status = rv_cli_state_dir(&cli, state_dir);
	if (status != RV_EXIT_OK)
		goto out;
	if (rv_first_pki(source.conf, state_dir, cli.addresses, &made, &diag) != RV_OK) {
		rv_cli_error_diag(&diag);
		status = RV_EXIT_FAILURE;
	}
	report(&made, state_dir);
out:
	rv_conf_free(source.conf);
	return status;
}
