/* born.h - what a device is born with: burnt in by its vendor, the same for its whole life.
 *
 *   id         0001-0000-C0DE-0091-0000-0000-00A1-B2C3   distribution id
 *   key        printed-on-the-label-4711                 LS-SA key
 *   model      EdgeBox E1                                description, at most 32 characters
 *   firmware   2.4.1                                     likewise
 *   root       /rom/ls-root.crt                          file: root certificate of the LS
 *   initial    /rom/initial.conf                         file: Initial-Config, where the LS is
 *   driver     /rom/line-linux                           program that brings lines up (line.h)
 *   interface  wan0                                      what ifindex 0 means; the next ones 1, 2
 *   account    setup@maker.example                       embedded account: that of stage 1
 *   gateway    10.66.1.1                                 of static lines of stage 1
 *   line       dhcp                                      to the LS, in order of preference
 *   line       static 10.66.1.9/24                       likewise
 *   retry      60                                        s before stage 2 is tried again: 1 to 3600
 *
 * In the form of text.h. Required: id, key, root, initial, driver, an interface, a line; with a
 * static line, gateway. Lines of stage 1 that the Location-Config brings use the same account,
 * gateway and interfaces.
 */
#ifndef RV_DEVICE_AGENT_BORN_H
#define RV_DEVICE_AGENT_BORN_H

#include <libarms.h>

#include "device/agent/lineconf.h"

enum {
	AGENT_INTERFACES_MAX = 8,
	AGENT_PATH_SIZE = 200,
	AGENT_KEY_SIZE = 65,
	AGENT_RETRY_DEFAULT_S = 60,
	AGENT_RETRY_MAX_S = 3600,
};

struct agent_born {
	distribution_id_t id;
	char key[AGENT_KEY_SIZE];
	char model[ARMS_MAX_DESC_LEN + 1];
	char firmware[ARMS_MAX_VER_LEN + 1];
	char root[AGENT_PATH_SIZE];
	char initial[AGENT_PATH_SIZE];
	char driver[AGENT_PATH_SIZE];
	char interfaces[AGENT_INTERFACES_MAX][AGENT_INTERFACE_SIZE];
	int interface_count;
	char account[AGENT_ACCOUNT_SIZE];
	char gateway[AGENT_ADDRESS_SIZE];
	/* For arms_pull: line_conf points into `fixed` or `dhcp`, so this struct must stay where it
	 * was read. */
	arms_line_desc_t lines[ARMS_MAX_LINE + 1];
	arms_line_conf_static_t fixed[ARMS_MAX_LINE];
	arms_line_conf_dhcp_t dhcp; /* ifindex 0, as all of them */
	int line_count;
	unsigned retry_s;
};

/* 0; -1: *error names the line, 0 where something is missing; *out is not to be used then. */
int agent_born_parse(const char *text, size_t len, struct agent_born *out,
		     struct agent_error *error);

#endif
