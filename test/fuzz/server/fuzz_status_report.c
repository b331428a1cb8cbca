#include <assert.h>

#include "contract/rv_contract.h"
#include "server/status/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A duty may say what it likes, as metrics and as its reason: what comes of it is within the
 * contract. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rv_duty_info list[] = {
		{ .name = "rs", .run = RV_DUTY_READY, .pid = 1, .started_us = 1 },
		{ .name = "status", .run = RV_DUTY_READY, .pid = 2, .started_us = 1 },
		{ .name = "lsstore", .run = RV_DUTY_READY, .pid = 3, .started_us = 1 },
	};
	struct rv_arena arena = { .max = 4 * 1024 * 1024 };
	struct rv_str text = rv_strn(data, size);
	const struct rv_system_status_out *out;
	struct rv_report report;

	rv_report_init(&report, &arena, INT64_C(1795369721000000), list, RV_ARRAY_LEN(list));
	for (size_t i = 0; i < RV_ARRAY_LEN(list); i++) {
		rv_report_metrics(&report, i, text);
		rv_report_health(&report, i, RV_OK, text);
	}
	if (rv_report_finish(&report, &out) == RV_OK)
		assert(rv_system_status_out_check(out, NULL) == RV_OK);
	rv_arena_deinit(&arena);
	return 0;
}
