#include "duties.h"

int main(int argc, char **argv)
{
	return rv_duty_main(argc, argv, &RV_TEST_CODE); /* -DRV_TEST_CODE=rv_test_echo_code */
}
