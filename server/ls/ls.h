/* ls.h - Location Server: tells each device which RS is its own. Duties ls (edge) and lsstore.
 *
 *   device --TLS, rs-solicitation--> ls (N workers) --ls.solicit--> lsstore ==> ls.db
 *   rs --rs.feed, doorbell rs.changed--> lsstore --rs.waiting-note--> rs
 *
 * The edge parses what strangers send and holds nothing. lsstore keeps a copy of what rs says of
 * devices and Location-Configs, current within five seconds of any outage; alone, it reads the same
 * records from a file of JSON lines (devices.h).
 */
#ifndef RV_LS_LS_H
#define RV_LS_LS_H

#include "app/duty.h"

/* ls_spec_dep: tables only; the code is in ls_edge_dep and lsstore_dep. */
extern const struct rv_duty_spec rv_ls_duty_spec, rv_lsstore_duty_spec, rv_lsfeed_duty_spec;
extern const struct rv_conf_section rv_ls_sections[];
extern const size_t rv_ls_section_count;

/* Its messages, for the process that serves devices of TLS 1.0 (ls_edge_dep). */
struct rv_edge_opt;
extern const struct rv_edge_opt rv_ls_edge;

extern const struct rv_duty_code rv_ls_code;      /* ls_edge_dep */
extern const struct rv_duty_code rv_lsstore_code; /* lsstore_dep */
extern const struct rv_duty_code rv_lsfeed_code;  /* lsfeed_dep */

#endif
