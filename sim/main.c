#include "sim/sim.h"

#include <string.h>

int rv_sim_main(int argc, char **argv)
{
	struct sim_options options;
	enum sim_exit status;

	if (argc > 1 && strcmp(argv[1], "scenarios") == 0)
		return (int)sim_scenarios(argc - 1, argv + 1);
	if (!sim_options_parse(argc, argv, &options, &status))
		return (int)status;
	return (int)(options.is_register ? sim_register(&options) : sim_run(&options));
}
