#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"

int rv_command_sim(int argc, char **argv)
{
	const struct rv_cli cli = { 0 };
	char libexec[RV_CLI_PATH_MAX], path[RV_CLI_PATH_MAX + 16];
	static char name[] = "reeve-sim";

	(void)argc;
	argv[0] = name;
	rv_cli_libexec(&cli, libexec);
	snprintf(path, sizeof(path), "%s/reeve-sim", libexec);
	execv(path, argv);
	rv_cli_error("%s: %s", path, strerror(errno));
	return RV_EXIT_FAILURE;
}
