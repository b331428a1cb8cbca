/* report.h - what became of a fleet: takes records, prints lines while it runs, a table at the end.
 *
 * Pure but for the streams given to it. JSON: one object per line, times in seconds since the
 * start; `event` is one of started, up, queried, refused, failed, waits, ended, cut, resumed,
 * second,
 * summary.
 */
#ifndef RV_SIM_REPORT_H
#define RV_SIM_REPORT_H

#include <stdio.h>

#include "sim/options.h"
#include "sim/record.h"
#include "sim/times.h"

enum { SIM_CODES_MAX = 32 };

struct sim_report {
	const struct sim_options *options;
	FILE *out;
	uint8_t *state; /* per device: enum sim_state */
	uint64_t counts[SIM_WHATS];
	uint64_t failures[SIM_FAILURES];
	struct {
		int code;
		uint64_t count;
	} codes[SIM_CODES_MAX]; /* of refusals; more kinds than fit count in the last */
	size_t code_count;
	uint32_t up;        /* devices up now */
	uint32_t on;        /* switched on */
	int64_t last_up_us; /* since the start of the run; -1: none */
	struct sim_times times;
	/* The slowest of all processes: -1 while none was told. */
	int64_t slowest_us;
	uint32_t slowest;
	struct sim_record history[SIM_HISTORY];
	size_t history_count;
	bool is_broken; /* out of memory */
};

int sim_report_init(struct sim_report *report, const struct sim_options *options,
		    FILE *out) RV_MUSTCHECK; /* -ENOMEM */
void sim_report_deinit(struct sim_report *report);

/* A record from a process; its device must be one of the run. */
void sim_report_take(struct sim_report *report, const struct sim_record *record);
/* All are up and, with a power cut, were switched on again. */
bool sim_report_is_done(const struct sim_report *report);
/* With --json only. */
void sim_report_second(struct sim_report *report, int64_t at_us);
void sim_report_summary(struct sim_report *report, int64_t at_us);

#endif
