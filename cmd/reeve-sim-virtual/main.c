#include "sim/virtual/main.h"

int main(int argc, char **argv)
{
	return vw_main(argc, argv);
}
