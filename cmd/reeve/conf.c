#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "duties.h"

static int print(struct rv_buf *text)
{
	int status = RV_EXIT_OK;

	if (text->err != RV_OK || fwrite(text->ptr, 1, text->len, stdout) != text->len ||
	    fflush(stdout) != 0) {
		rv_cli_error("%s", rv_tr("cannot write to standard output", "標準出力に書けない"));
		status = RV_EXIT_FAILURE;
	}
	rv_buf_deinit(text);
	return status;
}

static int check_or_dump(const struct rv_cli *cli, bool is_dump)
{
	struct rv_cli_conf source = { 0 };
	struct rv_buf text = { 0 };
	int status = rv_cli_read_conf(cli, false, &source);

	if (status != RV_EXIT_OK)
		return status;
	if (is_dump)
		rv_conf_dump(source.conf, &text);
	else
		rv_buf_puts(&text, rv_tr("the configuration is valid\n", "設定は正しい\n"));
	rv_conf_free(source.conf);
	return print(&text);
}

int rv_command_conf(int argc, char **argv)
{
	struct rv_conf_section schema[RV_SECTIONS_MAX];
	struct rv_buf text = { 0 };
	struct rv_cli cli;
	int status = rv_cli_parse(argc, argv, RV_CLI_CONFIG, &cli);
	size_t n = rv_duties_schema(schema);

	if (status != RV_EXIT_OK)
		return status;
	if (cli.word != NULL && strcmp(cli.word, "check") == 0)
		return check_or_dump(&cli, false);
	if (cli.word != NULL && strcmp(cli.word, "dump") == 0)
		return check_or_dump(&cli, true);
	if (cli.word != NULL && strcmp(cli.word, "example") == 0)
		rv_conf_example(schema, n, &text);
	else if (cli.word != NULL && strcmp(cli.word, "man") == 0)
		rv_conf_man(schema, n, &text);
	else {
		rv_cli_error("conf: %s: check, dump, example, man",
			     rv_tr("say one of", "次のいずれかを指定すること"));
		return RV_EXIT_USAGE;
	}
	return print(&text);
}
