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
		rv_cli_error("%s",
			     rv_tr("cannot write to standard output", "標準出力に書き込めません"));
		status = RV_EXIT_FAILURE;
	}
	rv_buf_deinit(text);
	return status;
}

static const char man_head[] =
	".\\\" Made by `reeve conf man`; do not edit.\n"
	".TH REEVE.CONF 5 \"\" \"Reeve " RV_VERSION "\"\n"
	".SH NAME\n"
	"reeve.conf \\- configuration of Reeve\n"
	".SH SYNOPSIS\n"
	".I /etc/reeve/reeve.conf\n"
	".SH DESCRIPTION\n"
	"One file for all components; each reads its own section and those it needs. Without\n"
	".B \\-\\-config\n"
	"this file is read if it is there. Every item has a default; a system for one machine "
	"needs\n"
	"none of them. Unknown items and values out of range are refused with the line\n"
	"they stand in.\n"
	".PP\n"
	".EX\n"
	"# Devices and operators reach us at 192.0.2.10.\n"
	"ls {\n"
	"    listen = {\"192.0.2.10:7443\"}\n"
	"}\n"
	"proxy {\n"
	"    listen = {\"192.0.2.10:8443\"}\n"
	"}\n"
	"rs {\n"
	"    pull_urls = {\"https://192.0.2.10:8443/arms\"}\n"
	"}\n"
	"http {\n"
	"    listen = {\"192.0.2.10:8080\"}\n"
	"}\n"
	".EE\n"
	".PP\n"
	"Certificates are made at the first start for the addresses in these lists, or before it "
	"by\n"
	".BR \"reeve pki init\" .\n"
	".B reeve conf example\n"
	"prints a file with every item,\n"
	".B reeve conf check\n"
	"checks one,\n"
	".B reeve conf dump\n"
	"prints all values in force; items that may hold secrets appear as ***.\n"
	".SH SECTIONS\n";

static const char man_tail[] = ".SH SEE ALSO\n"
			       ".BR reeve (1),\n"
			       ".BR reeve\\-ctl (1)\n";

/* reeve.conf(5), as it is installed (man/meson.build). */
static void put_man(const struct rv_conf_section *schema, size_t n, struct rv_buf *out)
{
	rv_buf_puts(out, man_head);
	rv_conf_man(schema, n, out);
	rv_buf_puts(out, man_tail);
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
		rv_buf_puts(&text,
			    rv_tr("the configuration is valid\n", "設定に誤りはありません\n"));
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
		put_man(schema, n, &text);
	else {
		rv_cli_error("conf: %s: check, dump, example, man",
			     rv_tr("say one of", "次のいずれかを指定してください"));
		return RV_EXIT_USAGE;
	}
	return print(&text);
}
