/* A scenario that is read keeps its ranges, and what it has in store for a device comes in order
 * and ends; one that is not read leaves everything alone and says why. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "sim/picture.h"
#include "sim/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEVICES = 4 };

static void check_ranges(const struct sim_scenario *s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s->cut_count; i++)
		assert(s->cuts[i].share <= 100 && s->cuts[i].times >= 1 &&
		       (s->cuts[i].times == 1 || s->cuts[i].every_us > 0));
	for (size_t i = 0; i < s->firmware_count; i++) {
		sum += s->firmwares[i].share;
		assert(s->firmwares[i].upgrade_to == SIM_FIRMWARE_NONE ||
		       s->firmwares[i].upgrade_to < s->firmware_count);
	}
	assert(sum <= 100);
	for (size_t i = 0; i < s->flash_count; i++)
		assert(s->flashes[i].apply_us <= s->flashes[i].apply_max_us);
	for (size_t i = 0; i < s->loss_count; i++)
		assert(s->losses[i].from_us < s->losses[i].until_us);
}

static void check_device(const struct sim_scenario *s, uint32_t number)
{
	struct sim_plan plan = { .scenario = s, .seed = 1, .number = number };
	unsigned firmware = sim_plan_firmware(&plan), count = 0;
	struct sim_plan_event event = { .at_us = -1 };
	int64_t last_us = -1;

	while (sim_plan_next(&plan, firmware, event.at_us, &event)) {
		assert(event.at_us > last_us && event.off_us >= 0);
		last_us = event.at_us;
		if (event.kind == SIM_PLAN_UPGRADE)
			firmware = event.index;
		assert(++count <= SIM_EACH_MAX * (SIM_TIMES_MAX + 1));
	}
	assert(sim_plan_count(&plan, INT64_MAX) == count);
	assert(sim_plan_version(s, firmware)[0] != '\0');
	assert(sim_plan_apply_us(&plan, number) >= 0);
	assert(sim_plan_loss(&plan, number, number, true) < (int)s->loss_count);
}

static void check_picture(const struct sim_scenario *s)
{
	struct sim_mark marks[SIM_MARKS_MAX];
	size_t count = sim_picture_marks(s, marks);

	for (size_t i = 1; i < count; i++)
		assert(marks[i - 1].at_us <= marks[i].at_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sim_scenario scenario, before;
	struct rv_diag diag = { 0 };
	int err;

	memset(&scenario, 0x5a, sizeof(scenario));
	before = scenario;
	err = sim_scenario_parse(rv_strn(data, size), "fuzz", &scenario, &diag);
	if (err != RV_OK) {
		assert(diag.key != NULL && diag.text[0] != '\0');
		assert(memcmp(&scenario, &before, sizeof(scenario)) == 0);
		return 0;
	}
	check_ranges(&scenario);
	for (uint32_t i = 0; i < DEVICES; i++)
		check_device(&scenario, i);
	check_picture(&scenario);
	return 0;
}
