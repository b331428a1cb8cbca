#include "sim/report.h"

#include <errno.h>
#include <stdlib.h>

#include "sim/plan.h"

static uint64_t count_planned(const struct sim_options *o)
{
	int64_t until_us = o->scenario.duration_us > 0 ? o->scenario.duration_us : INT64_MAX;
	uint64_t planned = 0;

	for (uint32_t i = 0; i < o->devices; i++) {
		struct sim_plan plan = { .scenario = &o->scenario,
					 .seed = o->seed,
					 .number = o->first + i };

		planned += sim_plan_count(&plan, until_us);
	}
	return planned;
}

int sim_report_init(struct sim_report *report, const struct sim_options *options, FILE *table,
		    FILE *json)
{
	uint8_t *state = calloc(options->devices, sizeof(*state));

	if (state == NULL)
		return -ENOMEM;
	*report = (struct sim_report){ .options = options,
				       .table = table,
				       .json = json,
				       .state = state,
				       .planned = count_planned(options),
				       .last_up_us = -1,
				       .slowest_us = -1 };
	sim_series_init(&report->series, options->devices);
	return RV_OK;
}

void sim_report_deinit(struct sim_report *report)
{
	free(report->state);
	sim_times_deinit(&report->times);
	*report = (struct sim_report){ 0 };
}

static void count_code(struct sim_report *report, int code)
{
	size_t i = 0;

	while (i < report->code_count && report->codes[i].code != code)
		i++;
	if (i == SIM_CODES_MAX)
		i--;
	else if (i == report->code_count)
		report->codes[report->code_count++].code = code;
	report->codes[i].count++;
}

static void take_history(struct sim_report *report, const struct sim_record *record)
{
	if (record->device != report->slowest || report->slowest_us < 0) {
		if (record->took_us <= report->slowest_us)
			return;
		report->slowest = record->device;
		report->slowest_us = record->took_us;
		report->history_count = 0;
	}
	if (report->history_count < SIM_HISTORY)
		report->history[report->history_count++] = *record;
}

static void move(struct sim_report *report, const struct sim_record *r)
{
	uint8_t *at = &report->state[r->device - report->options->first];
	enum sim_state from = (enum sim_state) * at, to = sim_state_after(from, r);

	if (to != from)
		sim_series_move(&report->series, r->at_us, from, to);
	*at = (uint8_t)to;
}

void sim_report_take(struct sim_report *report, const struct sim_record *r)
{
	if (r->is_history) {
		take_history(report, r);
		return;
	}
	report->counts[r->what]++;
	move(report, r);
	switch (r->what) {
	case SIM_UP:
		report->last_up_us = r->at_us;
		if (sim_times_put(&report->times, r->took_us) != RV_OK)
			report->is_broken = true;
		break;
	case SIM_REFUSED:
		count_code(report, r->code);
		break;
	case SIM_FAILED:
		report->failures[r->code]++;
		break;
	default:
		break;
	}
	sim_report_event(report, r);
}

uint32_t sim_report_up(const struct sim_report *report)
{
	return report->series.now[SIM_STATE_UP];
}

bool sim_report_is_done(const struct sim_report *report)
{
	return sim_report_up(report) == report->options->devices &&
	       report->counts[SIM_CUT] + report->counts[SIM_UPGRADED] >= report->planned;
}
