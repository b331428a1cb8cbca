/* What parses keeps its limits, and formats back to the same address. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/armshttp/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_str text = rv_strn(data, size);
	char authority[RV_ARMSHTTP_AUTHORITY_SIZE];
	char again[RV_ARMSHTTP_URL_MAX + 1];
	struct rv_armshttp_url url;
	struct rv_armshttp_url back;
	struct rv_diag diag = { 0 };

	if (rv_armshttp_url_parse(text, RV_ARMSHTTP_URL_MAX, &url, &diag) != RV_OK) {
		assert(diag.key != NULL && diag.column <= size + 1);
		assert(rv_armshttp_url_parse_for_device(text, RV_ARMSHTTP_URL_MAX, &back, NULL) <
		       0);
		return 0;
	}
	assert(url.port > 0 && url.path[0] == '/' && strlen(url.path) <= 1 + RV_ARMSHTTP_PATH_MAX);
	rv_armshttp_url_format_connect(&url, authority);
	snprintf(again, sizeof(again), "https://%s%s", authority, url.path);
	assert(rv_armshttp_url_parse_for_device(rv_str(again), RV_ARMSHTTP_URL_MAX, &back, NULL) ==
	       RV_OK);
	assert(memcmp(url.address, back.address, sizeof(url.address)) == 0);
	assert(url.port == back.port && strcmp(url.path, back.path) == 0);
	rv_armshttp_url_format_host(&url, authority);
	return 0;
}
