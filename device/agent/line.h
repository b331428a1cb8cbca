/* line.h - a line that is up, or coming up: one process of the device's line driver.
 *
 *   driver TYPE INTERFACE ACCOUNT ADDRESS GATEWAY WAIT      "-" for what the line does not have
 *
 *   stdin    open as long as the line is wanted; its end means: take it down and exit. So the line
 *            goes down with the program, however that ends
 *   stdout   up ADDRESS      packets flow; ADDRESS is the device's own on this line
 *            refused TEXT    the other side does not accept the account
 *            failed TEXT     it did not come up
 *            down TEXT       it was up, and is not any more
 *            other lines are ignored; an end without a word of these counts as failed
 *
 *   NONE --start--> COMING --> UP --> LOST
 *     ^                +-----> REFUSED, FAILED
 *     +--stop-- from any
 *
 * Blocking as its functions say; one thread; nothing is written to a file.
 */
#ifndef RV_DEVICE_AGENT_LINE_H
#define RV_DEVICE_AGENT_LINE_H

#include <sys/types.h>

#include "device/agent/lineconf.h"

enum {
	AGENT_REASON_SIZE = 48,
	AGENT_WORDS_SIZE = 256, /* a longer line of a driver is no word of it */
	AGENT_STOP_MS = 5000,   /* what a driver has for taking the line down */
};

enum agent_line_state {
	AGENT_LINE_NONE,
	AGENT_LINE_COMING,
	AGENT_LINE_UP,
	AGENT_LINE_REFUSED,
	AGENT_LINE_FAILED,
	AGENT_LINE_LOST,
};

struct agent_line { /* all-zero: NONE */
	enum agent_line_state state;
	pid_t pid;  /* of the driver */
	int to;     /* its stdin; */
	int from;   /* its stdout: both only while state is not NONE */
	size_t len; /* in words */
	char words[AGENT_WORDS_SIZE];
	char address[AGENT_ADDRESS_SIZE]; /* when UP */
	char reason[AGENT_REASON_SIZE];   /* when REFUSED, FAILED or LOST: printable ASCII */
};

/* From NONE: have `driver` bring it up. COMING, or FAILED when no process can be had. */
void agent_line_start(struct agent_line *line, const char *driver,
		      const struct agent_lineconf *conf);

/* The state, after waiting `wait_ms` at most for COMING to end; 0: as it is. */
enum agent_line_state agent_line_look(struct agent_line *line, int wait_ms);

/* To NONE: the driver takes it down; after AGENT_STOP_MS it is killed. Waits for its end. */
void agent_line_stop(struct agent_line *line);

#endif
