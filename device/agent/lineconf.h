/* lineconf.h - what a line is to be: the text of module 1 of the Service-Config.
 *
 *   line       dhcp                    or static; this device has no other
 *   interface  wan0                    default: the first that the device was born with
 *   account    branch-7@isp.example    dhcp: sent as client identifier (RFC 2132, 9.14), required;
 *                                      static: only shown
 *   address    203.0.113.7/24          static
 *   gateway    203.0.113.1             static; of the same family
 *   wait       30                      seconds it may take to come up, 1 to 300
 *
 * Each at most once, in any order, in the form of text.h. What is a line's by its type is required
 * of it and refused of others. ARMS leaves the content of a module to its vendor (spec
 * arms-protocol.md 7.1): this format is this device's own. Pure, any thread.
 */
#ifndef RV_DEVICE_AGENT_LINECONF_H
#define RV_DEVICE_AGENT_LINECONF_H

#include "device/agent/text.h"

enum {
	AGENT_INTERFACE_SIZE = 16, /* with the final NUL, as Linux has it */
	AGENT_ACCOUNT_SIZE = 128,
	AGENT_ADDRESS_SIZE = 48,
	AGENT_WAIT_DEFAULT_S = 30,
	AGENT_WAIT_MAX_S = 300,
};

struct agent_lineconf {
	int type; /* ARMS_LINE_DHCP or ARMS_LINE_STATIC of libarms.h */
	char interface[AGENT_INTERFACE_SIZE];
	char account[AGENT_ACCOUNT_SIZE]; /* these may be empty */
	char address[AGENT_ADDRESS_SIZE];
	char gateway[AGENT_ADDRESS_SIZE];
	unsigned wait_s;
};

/* Read the text; `interface` is the default. All bytes of *out are set: two can be compared by
 * memcmp. -1, *out untouched: *error names the line, 0 where something is missing. */
int agent_lineconf_parse(const char *text, size_t len, const char *interface,
			 struct agent_lineconf *out, struct agent_error *error);

/* "dhcp", "static", "pppoe": the words for enum arms_line_types, and back; "?" and ARMS_LINE_NONE
 * for what is none. */
const char *agent_line_word(int type);
int agent_line_type(struct agent_piece word);

/* Single values, each checked for what a driver may safely be handed: none begins with '-'.
 * 0; -1, `out` untouched: it is no such thing. */
int agent_read_interface(struct agent_piece value, char out[static AGENT_INTERFACE_SIZE]);
int agent_read_account(struct agent_piece value, char out[static AGENT_ACCOUNT_SIZE]);
/* ADDRESS/BITS; "/32" or "/128" may be left out and is written then. */
int agent_read_network(struct agent_piece value, char out[static AGENT_ADDRESS_SIZE]);
int agent_read_address(struct agent_piece value, char out[static AGENT_ADDRESS_SIZE]);

#endif
