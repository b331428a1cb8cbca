#include "server/http/http.h"

int main(int argc, char **argv)
{
	return rv_duty_main(argc, argv, &rv_http_code);
}
