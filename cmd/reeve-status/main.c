#include "server/status/status.h"

int main(int argc, char **argv)
{
	return rv_duty_main(argc, argv, &rv_status_code);
}
