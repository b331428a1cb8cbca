#include "sim/plan.h"

#include <assert.h>
#include <string.h>

#include "base/siphash.h"

/* What a draw is for: draws of different uses have nothing to do with each other. */
enum use { USE_SHARE, USE_MOMENT, USE_OFF, USE_FIRMWARE, USE_REFUSE, USE_APPLY, USE_LOSS };

static uint64_t draw(const struct sim_plan *plan, enum use use, const char *title, uint32_t nth)
{
	return rv_siphash(plan->seed ^ (uint64_t)use << 56, (uint64_t)plan->number << 32 | nth,
			  rv_str(title));
}

static int64_t below(uint64_t drawn, int64_t span_us)
{
	return span_us > 0 ? (int64_t)(drawn % (uint64_t)span_us) : 0;
}

bool sim_plan_is_in(const struct sim_plan *plan, const char *title, unsigned share)
{
	return draw(plan, USE_SHARE, title, 0) % 100 < share;
}

int64_t sim_plan_moment(const struct sim_plan *plan, const char *title, uint32_t nth,
			int64_t span_us)
{
	return below(draw(plan, USE_MOMENT, title, nth), span_us);
}

/* -- events --------------------------------------------------------------------------------- */

/* Is it after `after_us`, and before the best so far? Then it is the best. */
static void consider(struct sim_plan_event *best, int64_t after_us,
		     const struct sim_plan_event *event)
{
	if (event->at_us > after_us && event->at_us < best->at_us)
		*best = *event;
}

static void consider_cut(const struct sim_plan *plan, unsigned i, int64_t after_us,
			 struct sim_plan_event *best)
{
	const struct sim_power_cut *cut = &plan->scenario->cuts[i];
	uint32_t nth = 0;

	if (!sim_plan_is_in(plan, cut->name, cut->share))
		return;
	if (cut->times > 1 && after_us > cut->at_us + cut->within_us) {
		int64_t past = (after_us - cut->at_us - cut->within_us) / cut->every_us;

		nth = past < cut->times ? (uint32_t)past : cut->times;
	}
	for (; nth < cut->times; nth++) {
		int64_t from_us = cut->at_us + (int64_t)nth * cut->every_us;
		struct sim_plan_event event = { .kind = SIM_PLAN_CUT,
						.keeps_state = cut->keeps_state,
						.index = (uint8_t)i };

		if (from_us >= best->at_us)
			return;
		event.at_us = from_us + sim_plan_moment(plan, cut->name, nth, cut->within_us);
		event.off_us = cut->off_us +
			       below(draw(plan, USE_OFF, cut->name, nth), cut->back_within_us);
		consider(best, after_us, &event);
	}
}

static void consider_upgrade(const struct sim_plan *plan, unsigned firmware, int64_t after_us,
			     struct sim_plan_event *best)
{
	const struct sim_firmware *f = &plan->scenario->firmwares[firmware];
	struct sim_plan_event event = { .kind = SIM_PLAN_UPGRADE };

	if (f->upgrade_to == SIM_FIRMWARE_NONE)
		return;
	event.at_us = f->upgrade_at_us + sim_plan_moment(plan, f->name, 0, f->upgrade_within_us);
	event.off_us = f->upgrade_takes_us;
	event.index = (uint8_t)f->upgrade_to;
	consider(best, after_us, &event);
}

bool sim_plan_next(const struct sim_plan *plan, unsigned firmware, int64_t after_us,
		   struct sim_plan_event *out)
{
	struct sim_plan_event best = { .at_us = INT64_MAX };

	for (unsigned i = 0; i < plan->scenario->cut_count; i++)
		consider_cut(plan, i, after_us, &best);
	if (firmware != SIM_FIRMWARE_NONE)
		consider_upgrade(plan, firmware, after_us, &best);
	if (best.at_us == INT64_MAX)
		return false;
	*out = best;
	return true;
}

uint32_t sim_plan_count(const struct sim_plan *plan, int64_t until_us)
{
	unsigned firmware = sim_plan_firmware(plan);
	struct sim_plan_event event = { .at_us = -1 };
	uint32_t count = 0;

	while (sim_plan_next(plan, firmware, event.at_us, &event) && event.at_us <= until_us) {
		if (event.kind == SIM_PLAN_UPGRADE)
			firmware = event.index;
		count++;
	}
	return count;
}

/* -- what a device is ----------------------------------------------------------------------- */

unsigned sim_plan_firmware(const struct sim_plan *plan)
{
	const struct sim_scenario *s = plan->scenario;
	unsigned drawn = (unsigned)(draw(plan, USE_FIRMWARE, "", 0) % 100), sum = 0;

	for (unsigned i = 0; i < s->firmware_count; i++) {
		sum += s->firmwares[i].share;
		if (drawn < sum)
			return i;
	}
	return SIM_FIRMWARE_NONE;
}

static const struct sim_firmware *firmware_of(const struct sim_scenario *scenario,
					      unsigned firmware)
{
	assert(firmware == SIM_FIRMWARE_NONE || firmware < scenario->firmware_count);
	return firmware == SIM_FIRMWARE_NONE ? NULL : &scenario->firmwares[firmware];
}

const char *sim_plan_version(const struct sim_scenario *scenario, unsigned firmware)
{
	const struct sim_firmware *f = firmware_of(scenario, firmware);

	return f != NULL ? f->version : "1.0";
}

enum sim_tls sim_plan_tls(const struct sim_scenario *scenario, unsigned firmware)
{
	const struct sim_firmware *f = firmware_of(scenario, firmware);

	return f != NULL ? f->tls : SIM_TLS_ANY;
}

int64_t sim_plan_apply_us(const struct sim_plan *plan, uint32_t nth)
{
	const struct sim_scenario *s = plan->scenario;

	for (size_t i = 0; i < s->flash_count; i++) {
		const struct sim_flash *f = &s->flashes[i];

		if (sim_plan_is_in(plan, f->name, f->share))
			return f->apply_us + below(draw(plan, USE_APPLY, f->name, nth),
						   f->apply_max_us - f->apply_us + 1);
	}
	return 0;
}

bool sim_plan_refuses(const struct sim_plan *plan, unsigned firmware, uint32_t nth)
{
	const struct sim_firmware *f = firmware_of(plan->scenario, firmware);

	return f != NULL && draw(plan, USE_REFUSE, f->name, nth) % 100 < f->refuse;
}

int sim_plan_clock_days(const struct sim_plan *plan)
{
	const struct sim_scenario *s = plan->scenario;

	for (size_t i = 0; i < s->clock_count; i++)
		if (sim_plan_is_in(plan, s->clocks[i].name, s->clocks[i].share))
			return s->clocks[i].days;
	return 0;
}

int sim_plan_loss(const struct sim_plan *plan, uint32_t nth, int64_t now_us, bool is_ls)
{
	const struct sim_scenario *s = plan->scenario;

	for (size_t i = 0; i < s->loss_count; i++) {
		const struct sim_loss *loss = &s->losses[i];

		if (now_us < loss->from_us || now_us >= loss->until_us ||
		    loss->to == (is_ls ? SIM_SERVER_RS : SIM_SERVER_LS))
			continue;
		if (draw(plan, USE_LOSS, loss->name, nth) % 100 < loss->share)
			return (int)i;
	}
	return -1;
}
