#include "server/ls/ls.h"

int main(int argc, char **argv)
{
	return rv_duty_main(argc, argv, &rv_lsfeed_code);
}
