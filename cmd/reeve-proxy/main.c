#include "server/proxy/proxy.h"

int main(int argc, char **argv)
{
	return rv_duty_main(argc, argv, &rv_proxy_code);
}
