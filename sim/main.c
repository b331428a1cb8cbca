#include "sim/sim.h"

int rv_sim_main(int argc, char **argv)
{
	struct sim_options options;
	enum sim_exit status;

	if (!sim_options_parse(argc, argv, &options, &status))
		return (int)status;
	return (int)(options.is_register ? sim_register(&options) : sim_run(&options));
}
