/* rv-test-again URL: one handle across the end and the new start of the server. Lists the devices,
 * prints the result, waits for a line on standard input, and so on until its end. */
#include <stdio.h>

#include "rsapi/rsapi.h"

int main(int argc, char **argv)
{
	struct rsapi_opt opt = { .url = argv[argc - 1], .timeout_ms = 10000 };
	struct rv_device_list_in in = { 0 };
	struct rv_device_list_out out;
	struct rsapi_error error = { 0 };
	struct rsapi *api = NULL;
	char line[16];

	if (rsapi_open(&opt, &api, &error) != RV_OK)
		return 1;
	do {
		int r = rsapi_device_list(api, &in, &out, &error);

		printf("%d %s\n", r, r == RV_OK ? "" : error.key);
		fflush(stdout);
	} while (fgets(line, sizeof(line), stdin) != NULL);
	rsapi_close(api);
	return 0;
}
