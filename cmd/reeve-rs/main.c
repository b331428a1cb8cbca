#include "server/rs/rs.h"

int main(int argc, char **argv)
{
	return rv_duty_main(argc, argv, &rv_rs_code);
}
