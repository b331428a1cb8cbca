#include "server/legacy/legacy.h"

int main(int argc, char **argv)
{
	return rv_legacy_main(argc, argv);
}
