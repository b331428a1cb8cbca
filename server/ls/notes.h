/* notes.h - callers turned away, on their way to the RS.
 *
 * One note per distribution id, the latest; at most LS_NOTES_MAX, the longest unheard gives way. A
 * note about the same id leaves at most every LS_NOTE_EVERY_US: a device that hammers costs the RS
 * nothing. While the RS is away notes stay here. Sans-I/O; time is a parameter.
 */
#ifndef RV_LS_NOTES_H
#define RV_LS_NOTES_H

#include "base/list.h"
#include "base/map.h"
#include "contract/rv_contract_types.h"

enum {
	LS_NOTES_MAX = 4096,
	LS_NOTE_EVERY_US = 10 * 1000 * 1000,
	LS_NOTE_TEXT_MAX = 64, /* as in contract/msg/rs.json */
	LS_NOTE_MAC_LEN = 32,
};

struct ls_note {
	struct rv_list link; /* oldest news first */
	char distid[40];
	char address[LS_NOTE_TEXT_MAX + 1];
	char description[LS_NOTE_TEXT_MAX + 1];
	uint8_t mac[LS_NOTE_MAC_LEN];
	enum rv_waiting_reason reason;
	int64_t at_us;   /* UTC, of the contact */
	int64_t sent_us; /* when a note of this id last left; 0 = never */
	bool is_pending;
};

struct ls_notes {
	struct rv_map map; /* by distid */
	struct rv_list list;
	uint64_t dropped; /* gave way before they left */
};

void ls_notes_init(struct ls_notes *notes, uint64_t seed);
void ls_notes_deinit(struct ls_notes *notes);

/* Remember a caller; texts are cut to their limits. Without memory the note is lost (and counted):
 * the device will call again. mac: LS_NOTE_MAC_LEN bytes. */
void ls_notes_put(struct ls_notes *notes, const struct rv_rs_waiting_note_in *note);
/* The next note that may leave at now_us, marked as sent; NULL if none. Valid until the next put.
 */
struct ls_note *ls_notes_next(struct ls_notes *notes, int64_t now_us);
/* It did not arrive: keep it for the next round. */
void ls_notes_keep(struct ls_notes *notes, struct rv_str distid);

#endif
