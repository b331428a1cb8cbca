/* What is read keeps its limits; what can be rendered again is read back the same. */
#include <assert.h>
#include <string.h>

#include "proto/armsconf/location.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct rv_armsconf_location *loc)
{
	struct rv_armsconf_location back;
	struct rv_buf out = { 0 };

	if (rv_armsconf_location_render(loc->lines, loc->line_count,
					rv_strn(loc->certificate, loc->certificate_len), &out,
					NULL) != RV_OK) {
		assert(out.len == 0);
		return;
	}
	assert(out.len <= RV_ARMSCONF_LOCATION_MAX);
	assert(rv_armsconf_location_parse(rv_buf_str(&out), &back, NULL) == RV_OK);
	assert(back.line_count == loc->line_count);
	for (size_t i = 0; i < back.line_count; i++) {
		assert(back.lines[i].kind == loc->lines[i].kind);
		assert(back.lines[i].ifindex == loc->lines[i].ifindex);
		assert(rv_str_eq(back.lines[i].account, loc->lines[i].account));
		assert(rv_str_eq(back.lines[i].password, loc->lines[i].password));
		assert(rv_str_eq(back.lines[i].ipaddress, loc->lines[i].ipaddress));
	}
	assert(strcmp(back.certificate, loc->certificate) == 0);
	rv_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rv_armsconf_location loc;
	struct rv_diag diag = { 0 };

	if (rv_armsconf_location_parse(rv_strn(data, size), &loc, &diag) != RV_OK) {
		assert(diag.key != NULL && diag.line > 0 && diag.column > 0);
		return 0;
	}
	assert(loc.line_count <= RV_ARMSCONF_LINES_MAX);
	assert(strlen(loc.certificate) == loc.certificate_len);
	check_again(&loc);
	return 0;
}
