/* roll.h - the RS CA rolls over: from one trust anchor of devices to another, none left behind.
 *
 *   ca.certificate:  [old]            [new, old]                          [new]
 *                      |---- prepare ----> overlap ---- finish ------------> |
 *                                           |  ^
 *                                         abort: [old, new], and on from there
 *
 * A device trusts exactly one root for all its RS, and takes it from the LS together with the RS
 * URLs (spec/arms-protocol.md 1.6, 2.4). So the URLs tell which root a device holds: since the
 * first roll-over each carries the tag of the root handed out beside it, "?anchor=1a2b3c4d", the
 * first eight hex digits of its SHA-256. The device sends the path verbatim with each pull (spec
 * 2.1). That proves more than the LS could report: it comes back with the pull that worked.
 *
 * A device counts as done when a pull with the new tag was answered with a certificate of the new
 * CA (or one from outside, or none): after that nothing of the old CA is needed for it. The state
 * is in the store; which CA is the anchor, and that the old one is still accepted, is in the file
 * ca.certificate, so a restart at any point goes on.
 */
#ifndef RV_RS_ROLL_H
#define RV_RS_ROLL_H

#include "server/rs/core.h"

/* At start: compare the anchor of the file with that of the store. Another one begins a roll-over
 * (ends the one that is open as replaced), makes every certificate of ours due, and
 * *has_changed: Location-Configs are another text now. */
int rs_roll_note(struct rs_ctx *ctx, bool *has_changed) RV_MUSTCHECK;

/* The URL as it is handed out beside `anchor_pem`, in the arena. RV_ELIMIT with *diag: longer than
 * a device takes (spec 2.1). */
int rs_roll_tag_url(struct rs_ctx *ctx, struct rv_str url, struct rv_str anchor_pem,
		    struct rv_str *out, struct rv_diag *diag) RV_MUSTCHECK;

/* The tag in the path of a request; without one "". What a device may send is any text: only eight
 * lower-case hex digits behind "?anchor=" at its end are a tag. */
void rs_roll_tag_of(struct rv_str path, char out[static RS_TAG_LEN + 1]);

/* Does a certificate made by the CA with that SHA-256 (hex) count as of the current CA? */
bool rs_roll_is_current(const struct rv_rs *rs, struct rv_str ca);

#endif
