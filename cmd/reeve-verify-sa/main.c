#include "verify/verify.h"

int main(int argc, char **argv)
{
	return rv_verify_main(argc, argv);
}
