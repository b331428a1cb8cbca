#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"

/* Returns only when it could not be started. */
static int become(char *name, char **argv)
{
	const struct rv_cli cli = { 0 };
	char libexec[RV_CLI_PATH_MAX], path[RV_CLI_PATH_MAX + 32];

	argv[0] = name;
	rv_cli_libexec(&cli, libexec);
	snprintf(path, sizeof(path), "%s/%s", libexec, name);
	execv(path, argv);
	rv_cli_error("%s: %s", path, strerror(errno));
	return RV_EXIT_FAILURE;
}

int rv_command_sim(int argc, char **argv)
{
	static char wire[] = "reeve-sim", virtual[] = "reeve-sim-virtual";

	/* A program of its own: there, servers are linked with a world instead of a system. */
	if (argc > 1 && strcmp(argv[1], "virtual") == 0)
		return become(virtual, argv + 1);
	return become(wire, argv);
}

int rv_command_verify_sa(int argc, char **argv)
{
	static char name[] = "reeve-verify-sa";

	(void)argc;
	return become(name, argv);
}
