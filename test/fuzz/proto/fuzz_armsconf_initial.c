/* What is read keeps its limits and points into the input. */
#include <assert.h>

#include "proto/armsconf/initial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct rv_str s, const uint8_t *data, size_t size)
{
	const char *begin = (const char *)data;

	assert(s.len == 0 || (s.ptr >= begin && s.ptr + s.len <= begin + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_armsconf_initial conf;
	struct rv_diag diag = { 0 };

	if (rv_armsconf_initial_parse(rv_strn(data, size), &conf, &diag) != RV_OK) {
		assert(diag.key != NULL && diag.line > 0);
		return 0;
	}
	assert(conf.url_count >= 1 && conf.url_count <= RV_ARMSCONF_LS_URLS_MAX);
	assert(conf.interval <= RV_ARMSCONF_RETRY_BASE_MAX &&
	       conf.max <= RV_ARMSCONF_RETRY_BASE_MAX);
	for (size_t i = 0; i < conf.url_count; i++) {
		assert(conf.urls[i].len > 0 && conf.urls[i].len <= RV_ARMSCONF_INITIAL_LINE_MAX);
		check_inside(conf.urls[i], data, size);
	}
	check_inside(conf.pppoe_password, data, size);
	check_inside(conf.pppoe_ipv6_password, data, size);
	check_inside(conf.mobile_password, data, size);
	return 0;
}
