/* report.h - what became of a fleet: takes records, prints lines while it runs, a table at the end.
 *
 * Pure but for the streams given to it. JSON: one object per line, times in seconds since the
 * start; `event` is the name of a record's kind (record.h), `second` or `summary`. All fields are
 * in reeve-sim(1).
 */
#ifndef RV_SIM_REPORT_H
#define RV_SIM_REPORT_H

#include <stdio.h>

#include "sim/options.h"
#include "sim/record.h"
#include "sim/series.h"
#include "sim/times.h"

enum { SIM_CODES_MAX = 32 };

struct sim_report {
	const struct sim_options *options;
	FILE *table; /* NULL: none is wanted; so below */
	FILE *json;
	uint8_t *state; /* per device: enum sim_state */
	struct sim_series series;
	uint64_t planned; /* power cuts and upgrades that are to come */
	uint64_t counts[SIM_WHATS];
	uint64_t failures[SIM_FAILURES];
	struct {
		int code;
		uint64_t count;
	} codes[SIM_CODES_MAX]; /* of refusals; more kinds than fit count in the last */
	size_t code_count;
	int64_t last_up_us; /* since the start of the run; -1: none */
	struct sim_times times;
	/* The slowest of all processes: -1 while none was told. */
	int64_t slowest_us;
	uint32_t slowest;
	struct sim_record history[SIM_HISTORY];
	size_t history_count;
	bool is_broken; /* out of memory */
};

/* What the scenario plans until its end is to come. -ENOMEM. */
int sim_report_init(struct sim_report *report, const struct sim_options *options, FILE *table,
		    FILE *json) RV_MUSTCHECK;
void sim_report_deinit(struct sim_report *report);

/* A record from a process; its device must be one of the run. */
void sim_report_take(struct sim_report *report, const struct sim_record *record);
uint32_t sim_report_up(const struct sim_report *report); /* devices that are up now */
/* All are up, and nothing of the scenario is left to come. */
bool sim_report_is_done(const struct sim_report *report);

/* ---- summary.c ---- */

void sim_report_second(struct sim_report *report, int64_t at_us);                  /* JSON only */
void sim_report_event(struct sim_report *report, const struct sim_record *record); /* likewise */
void sim_report_summary(struct sim_report *report, int64_t at_us);
/* The run as a picture, appended: what was played, and how it ended. */
void sim_report_picture(struct sim_report *report, int64_t at_us, struct rv_buf *out);

#endif
