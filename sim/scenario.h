/* scenario.h - what befalls a fleet, read from a small file; for both forms of the simulator.
 *
 *   scenario { title = "a town without power" }
 *   arrival { how = uniform; over = 30s }
 *   power_cut town { at = 60s; share = 40; off = 20s; back_within = 5s }
 *   loss mobile { share = 10; when = in-tls; how = stall }
 *
 * The syntax is that of reeve.conf (lib/conf): sections of items; those with a title may stand
 * several times. All items, ranges and defaults are in one table (scenario.c), from which man page
 * and messages come. Times count from the start of the run. Shares are percents.
 *
 * A share takes the same devices for the same seed and title, whatever else the file says; titles
 * choose independently of each other. What becomes of one device is computed from the scenario when
 * it is asked for (plan.h): nothing is kept per device.
 *
 * The wire form can do to real servers only what devices and networks do; sections that need the
 * servers' side of it, or packets, are for the virtual form and refused by name elsewhere.
 *
 * Pure, but for the lexer of lib/conf: one at a time.
 */
#ifndef RV_SIM_SCENARIO_H
#define RV_SIM_SCENARIO_H

#include "base/buf.h"
#include "base/diag.h"
#include "sim/arrival.h"

enum sim_form { SIM_FORM_WIRE, SIM_FORM_VIRTUAL };

enum {
	SIM_NAME_MAX = 31,  /* bytes of a section's title */
	SIM_TITLE_MAX = 95, /* bytes of the scenario's */
	SIM_TEXT_MAX = 63,  /* bytes of a version, of a fail point's name */
	SIM_EACH_MAX = 16,  /* sections of one kind */
	SIM_SCENARIO_BYTES_MAX = 65536,
	SIM_TIMES_MAX = 1000,
	SIM_CLOCK_DAYS_MAX = 36500,
	SIM_FIRMWARE_NONE = 0xff, /* the one that no section describes: version 1.0 */
};

enum sim_tls { SIM_TLS_ANY, SIM_TLS_12, SIM_TLS_13 };

/* Devices without power: each in a window after `at_us`, all again after `every_us`. */
struct sim_power_cut {
	char name[SIM_NAME_MAX + 1];
	unsigned share; /* percent of the devices; so below */
	int64_t at_us;
	int64_t within_us;      /* 0: together; else each at its own moment of that time */
	int64_t off_us;         /* at least so long */
	int64_t back_within_us; /* and up to that much longer */
	int64_t every_us;       /* when times > 1: > 0, >= within_us */
	unsigned times;         /* >= 1 */
	bool keeps_state;       /* the state cache survives: the device asks its RS first */
};

/* Each device has one: the sections share the fleet in their order, the rest is 1.0. */
struct sim_firmware {
	char name[SIM_NAME_MAX + 1];
	char version[SIM_TEXT_MAX + 1];
	unsigned share;  /* 0: nobody at the start; all together at most 100 */
	unsigned refuse; /* percent of configs that it does not take */
	enum sim_tls tls;
	/* In the middle of the run: writes the other one, boots it. */
	unsigned upgrade_to; /* index; SIM_FIRMWARE_NONE: stays */
	int64_t upgrade_at_us, upgrade_within_us, upgrade_takes_us;
};

/* Time to apply a config: between the two, each time drawn anew. */
struct sim_flash {
	char name[SIM_NAME_MAX + 1];
	unsigned share;
	int64_t apply_us, apply_max_us;
};

struct sim_clock {
	char name[SIM_NAME_MAX + 1];
	unsigned share;
	int days; /* wrong by so many, before or after */
};

enum sim_loss_when { SIM_LOSS_BEFORE_TLS, SIM_LOSS_IN_TLS, SIM_LOSS_AFTER_REQUEST };
enum sim_server { SIM_SERVER_ANY, SIM_SERVER_LS, SIM_SERVER_RS };

/* Connections that end, or that nothing passes any more until somebody gives up. */
struct sim_loss {
	char name[SIM_NAME_MAX + 1];
	unsigned share; /* of connections */
	enum sim_loss_when when;
	bool is_stall;
	enum sim_server to;
	int64_t from_us, until_us; /* INT64_MAX: to the end */
};

/* -- virtual form only ---------------------------------------------------------------------- */

struct sim_network { /* of every packet; all-zero: a perfect one */
	int64_t delay_us, jitter_us;
	unsigned drop, duplicate, reorder; /* percent */
};

enum sim_side {
	SIM_SIDE_LS,     /* between devices and the LS */
	SIM_SIDE_RS,     /* between devices and the proxies */
	SIM_SIDE_BOTH,   /* both of them */
	SIM_SIDE_STORES, /* between edges and stores; share does not count */
};

struct sim_partition { /* no packet passes, in either direction */
	char name[SIM_NAME_MAX + 1];
	unsigned share;
	enum sim_side side;
	int64_t at_us, lasts_us;
};

struct sim_rebind { /* a NAT forgets its mappings: those behind it have another address and port */
	char name[SIM_NAME_MAX + 1];
	unsigned share;
	int64_t at_us, every_us; /* every_us 0: once */
};

enum sim_duty { SIM_DUTY_LS, SIM_DUTY_LSSTORE, SIM_DUTY_PROXY, SIM_DUTY_RS, SIM_DUTIES };

/* A server dies: at a time, or when it passes a fail point for the nth time after it. */
struct sim_crash {
	char name[SIM_NAME_MAX + 1];
	enum sim_duty duty;
	char point[SIM_TEXT_MAX + 1]; /* "": at once */
	unsigned nth;                 /* >= 1 */
	int64_t at_us, down_us;
	int64_t every_us;
	unsigned times;
	bool drops_unsynced; /* as by a power cut: what was written but not synced is gone */
};

/* -- all of it ------------------------------------------------------------------------------ */

struct sim_scenario { /* all-zero but for firmware names: nothing happens, all arrive at once */
	char title[SIM_TITLE_MAX + 1], title_ja[SIM_TITLE_MAX + 1]; /* "": none */
	int64_t duration_us; /* 0: until all are up and nothing is left to come */
	int64_t repeat_us;   /* 0: a device that is up stays so; else it pulls again */
	bool does_query;     /* asks for the push method, too */
	struct sim_arrival arrival;
	struct sim_power_cut cuts[SIM_EACH_MAX];
	struct sim_firmware firmwares[SIM_EACH_MAX];
	struct sim_flash flashes[SIM_EACH_MAX];
	struct sim_clock clocks[SIM_EACH_MAX];
	struct sim_loss losses[SIM_EACH_MAX];
	struct sim_network network;
	struct sim_partition partitions[SIM_EACH_MAX];
	struct sim_rebind rebinds[SIM_EACH_MAX];
	struct sim_crash crashes[SIM_EACH_MAX];
	size_t cut_count, firmware_count, flash_count, clock_count, loss_count;
	size_t partition_count, rebind_count, crash_count;
	bool has_network;
};

/* `name` is the file's, for messages. Untrusted. RV_ESYNTAX, RV_EINVALID, RV_ELIMIT with *diag:
 * file, line, the item, what it may be; -ENOMEM. *out untouched then. */
int sim_scenario_parse(struct rv_str text, const char *name, struct sim_scenario *out,
		       struct rv_diag *diag) RV_MUSTCHECK;
/* A file; or, where `what` has no slash and no such file exists, the shipped scenario of that name.
 * As above; RV_ENOTFOUND with *diag naming the shipped ones; errno codes. */
int sim_scenario_load(const char *what, struct sim_scenario *out,
		      struct rv_diag *diag) RV_MUSTCHECK;

/* RV_OK: that form can play it. RV_EINVALID: *diag names the section that it cannot. */
int sim_scenario_suits(const struct sim_scenario *scenario, enum sim_form form,
		       struct rv_diag *diag) RV_MUSTCHECK;

/* The shipped ones, in order of name; NULL beyond the last. */
struct sim_shipped {
	const char *name, *text;
};
const struct sim_shipped *sim_scenario_shipped(size_t i);

/* reeve-scenario(5): sections and items from the table that also judges files. */
void sim_scenario_man(struct rv_buf *out);

#endif
