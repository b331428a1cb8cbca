#include "sim/sim.h"

int main(int argc, char **argv)
{
	return rv_sim_main(argc, argv);
}
