/* addr.h - a numeric address with its port, as people write it: "192.0.2.1:5115", "[::]:8443".
 *
 * No names, no resolver, no zone ("%eth0"): what is accepted here means the same on every host.
 */
#ifndef RV_BASE_ADDR_H
#define RV_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { RV_ADDR_HOST_MAX = 46 }; /* with the final NUL; INET6_ADDRSTRLEN */

struct rv_addr {
	bool is_v6;
	uint8_t bytes[16];           /* network order; of version 4 the first four */
	char host[RV_ADDR_HOST_MAX]; /* as written, without brackets */
	uint16_t port;               /* host order; may be 0 */
};

/* False, *out untouched: no port, a port above 65535, no number, version 6 without brackets. */
bool rv_addr_parse(struct rv_str text, struct rv_addr *out);

#endif
