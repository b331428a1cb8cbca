/* boot.h - two-stage boot: the life of a device on libarms.
 *
 *          embedded account                            account of the ISP
 *   +--------------------------------+         +--------------------------------+
 *   | stage 1: a line that reaches   | config  | stage 2: the line that module  |
 *   | only LS, RS and heartbeat      | ------> | 1 of the Service-Config names  |
 *   |   arms_pull                    |         |   arms_push_method_query       |
 *   +--------------------------------+ <------ |   arms_event_loop              |
 *                 ^    |     did not come up,  +--------------------------------+
 *                 +----+     does not reach the RS, was lost
 *              pull again
 *
 * Stage 1 belongs to the library: it asks for a line before each attempt and gives it back after
 * it (spec libarms-api.md 9.2). Stage 2 is the program's: it counts as up once the RS has answered
 * the push method query over it, which is also how the RS learns that the config runs. When it does
 * not get there, the device is back in stage 1: the next pull gives the reason to the RS, and
 * stage 2 is tried again with whatever config that pull brings. Pulls while stage 2 is up go over
 * it; when one of them fails, the device returns to stage 1.
 *
 * Everything lives in memory: nothing is written to a file.
 */
#ifndef RV_DEVICE_AGENT_BOOT_H
#define RV_DEVICE_AGENT_BOOT_H

#include "device/agent/born.h"

enum {
	AGENT_LINE_MODULE = 1,   /* id of the module that says what the line of stage 2 is */
	AGENT_PAUSE_MAX_S = 900, /* however often stage 2 has failed */
};

/* Run until the servers want a restart (0), or it is pointless to go on (1). `root` and `initial`
 * are the contents of the two files of *born, which stays the caller's. With is_verbose what the
 * library logs is printed, too. SIGHUP, which stays blocked, makes a device in service pull again.
 */
int agent_boot(struct agent_born *born, const char *root, const char *initial, bool is_verbose);

/* ms to wait before stage 2 is tried again: retry_s, doubled with each failure after the first, at
 * most AGENT_PAUSE_MAX_S or retry_s if that is more; of this between half and all, by `dice`, so
 * that a fleet whose ISP had an outage does not come back in step. */
long agent_pause_ms(unsigned retry_s, unsigned failures, unsigned dice);

#endif
