/* line.h - a line of the Location-Config as one text of the config file.
 *
 *   "dhcp"   "pppoe ifindex=0 account=user01@isp.example password=s3cret"
 *
 * The kind, then key=value words; values cannot hold blanks, as on the wire. Pure.
 */
#ifndef RV_RS_LINE_H
#define RV_RS_LINE_H

#include "base/diag.h"
#include "contract/rv_contract_types.h"

/* RV_EINVALID with diag: unknown kind or key, a number that is none. Strings of *out point into
 * `text`. Which values a kind needs is checked when the Location-Config is rendered. */
int rs_line_parse(struct rv_str text, struct rv_line *out, struct rv_diag *diag) RV_MUSTCHECK;

#endif
