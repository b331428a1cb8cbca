/* options.h - the command line of `reeve sim` and of `reeve sim register`. */
#ifndef RV_SIM_OPTIONS_H
#define RV_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/scenario.h"

enum {
	SIM_DEVICES_MAX = 1000000,
	SIM_PROCESSES_MAX = 64,
	SIM_SOURCES_MAX = 254,
	SIM_PATH_MAX = 4096,
};

enum sim_exit { SIM_EXIT_OK, SIM_EXIT_NOT_UP, SIM_EXIT_USAGE, SIM_EXIT_FAILURE };

struct sim_options {
	bool is_register; /* `register`, else a run */
	/* Both. */
	uint32_t devices, first; /* numbers first .. first + devices - 1 */
	uint64_t seed;
	/* A run. */
	unsigned processes;
	const char *ls_url;
	char ls_root[SIM_PATH_MAX];   /* path */
	uint32_t interval, rounds;    /* of the Initial-Config */
	const char *scenario_name;    /* NULL: none */
	struct sim_scenario scenario; /* what is played; the other options count above it */
	int64_t power_cut_us;         /* of the command line, in the scenario already; 0: none */
	bool does_resume;
	enum sim_tls tls;
	unsigned sources; /* source addresses 127.0.0.1 ..; 0: the kernel's choice */
	bool is_until_up; /* end when all are up, even with a duration */
	bool is_json;
	const char *json_path; /* NULL: instead of the table */
	const char *svg_path;  /* NULL: no picture */
	bool is_quiet;         /* JSON: the summary only */
	/* register */
	const char *store; /* URL of rsapi */
	char store_path[SIM_PATH_MAX];
	uint32_t modules;
	uint32_t bytes; /* of each module's config */
};

/* True: the run is to go on; false: *status is the exit code (help was shown, or a message). */
bool sim_options_parse(int argc, char **argv, struct sim_options *out, enum sim_exit *status);

bool sim_is_ja(void);
/* In the user's language: LC_ALL, LC_MESSAGES, LANG. */
const char *sim_tr(const char *english, const char *japanese);
void sim_error(const char *fmt, ...) RV_PRINTF(1, 2);

#endif
