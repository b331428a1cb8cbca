/* rv-test-fill URL N: registers N devices with consecutive serials. */
#include <stdio.h>
#include <stdlib.h>

#include "rsapi/rsapi.h"

int main(int argc, char **argv)
{
	struct rsapi_opt opt = { .url = argc == 3 ? argv[1] : "" };
	struct rsapi_error error = { 0 };
	struct rsapi *api = NULL;
	int r = rsapi_open(&opt, &api, &error);

	for (int i = 0; r == RV_OK && i < atoi(argv[2]); i++) {
		char distid[64];
		struct rv_device_create_out out;

		snprintf(distid, sizeof(distid), "0000-0000-00E0-0001-0000-0000-0000-%04X", i);
		struct rv_device_create_in in = { .distid = rsapi_str(distid),
						  .ls_key = rsapi_str("k") };
		r = rsapi_device_create(api, &in, &out, &error);
	}
	if (r != RV_OK)
		fprintf(stderr, "%s: %s\n", error.key, error.text);
	rsapi_close(api);
	return r != RV_OK;
}
