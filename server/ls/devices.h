/* devices.h - the devices file: what a Location Server that runs alone knows. JSON lines.
 *
 *   {"kind":"location","name":"default","ll_timeout":30,"rs_retry_max":5,"rs_retry_interval":60,
 *    "entries":[{"url":"https://192.0.2.10:8443/arms","md_config":"line-dhcp {\n ifindex
 * 0;\n};\n..."}]}
 *   {"kind":"device","distid":"0001-...","ls_key":"...","rs_key":"...","location":"default"}
 *
 * One record per line (shown broken here), the same as those of the feed `rs.feed`; empty lines and
 * lines that begin with '#' are skipped. Of a device "is_enabled" may be left out (true); of a
 * location ll_timeout (30), rs_retry_max (5), rs_retry_interval (60). Instead of "ls_key" stands
 * "ls_key_mac" (64 hex digits) in files written by an RS of the same installation. The file is the
 * whole truth: what is not in it is unknown. An unknown or missing field, a wrong type, a
 * duplicate, a value out of its limits, an md_config that a device could not read: the file is
 * refused with the line's number.
 */
#ifndef RV_LS_DEVICES_H
#define RV_LS_DEVICES_H

#include "base/arena.h"
#include "base/diag.h"
#include "contract/rv_contract_types.h"
#include "secret/secret.h"

enum {
	LS_DEVICES_FILE_MAX = 256 * 1024 * 1024, /* bytes */
	LS_DEVICES_LINE_MAX = 64 * 1024,
	LS_DEVICES_MAX = 1000000, /* records */
};

/* RV_ESYNTAX, RV_EINVALID or RV_ELIMIT with diag->line; *out untouched then. Records are in the
 * arena. secret: for the MACs of ls_key. */
int ls_devices_parse(struct rv_str text, const struct rv_secret *secret, struct rv_arena *arena,
		     struct rv_feed_record **out, size_t *count, struct rv_diag *diag) RV_MUSTCHECK;

#endif
