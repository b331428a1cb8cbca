#include "server/ls/notes.h"

#include <stdlib.h>
#include <string.h>

static struct rv_str key_of(const void *item)
{
	return rv_str(((const struct ls_note *)item)->distid);
}

void ls_notes_init(struct ls_notes *notes, uint64_t seed)
{
	*notes = (struct ls_notes){ 0 };
	rv_map_init(&notes->map, key_of, seed);
	rv_list_init(&notes->list);
}

static void drop(struct ls_notes *notes, struct ls_note *note)
{
	rv_list_del(&note->link);
	rv_map_del(&notes->map, rv_str(note->distid));
	free(note);
}

void ls_notes_deinit(struct ls_notes *notes)
{
	while (!rv_list_is_empty(&notes->list))
		drop(notes, RV_CONTAINER_OF(notes->list.next, struct ls_note, link));
	rv_map_deinit(&notes->map);
}

static struct ls_note *add(struct ls_notes *notes, struct rv_str distid)
{
	struct ls_note *note;

	if (notes->map.count >= LS_NOTES_MAX) {
		note = RV_CONTAINER_OF(notes->list.next, struct ls_note, link);
		notes->dropped += note->is_pending;
		drop(notes, note);
	}
	note = calloc(1, sizeof(*note));
	if (note == NULL || !rv_str_copy(distid, note->distid, sizeof(note->distid)) ||
	    rv_map_put(&notes->map, note) != 0) {
		free(note);
		return NULL;
	}
	rv_list_add_tail(&notes->list, &note->link);
	return note;
}

static void cut(struct rv_str s, char out[static LS_NOTE_TEXT_MAX + 1])
{
	if (!rv_str_copy(rv_str_sub(s, 0, LS_NOTE_TEXT_MAX), out, LS_NOTE_TEXT_MAX + 1))
		out[0] = '\0';
}

void ls_notes_put(struct ls_notes *notes, const struct rv_rs_waiting_note_in *in)
{
	struct ls_note *note = rv_map_get(&notes->map, in->distid);

	if (note == NULL)
		note = add(notes, in->distid);
	if (note == NULL) {
		notes->dropped++;
		return;
	}
	cut(in->address, note->address);
	cut(in->description, note->description);
	if (in->key_mac.len == LS_NOTE_MAC_LEN)
		memcpy(note->mac, in->key_mac.ptr, LS_NOTE_MAC_LEN);
	note->reason = in->reason;
	note->at_us = in->at;
	note->is_pending = true;
	rv_list_del(&note->link);
	rv_list_add_tail(&notes->list, &note->link);
}

struct ls_note *ls_notes_next(struct ls_notes *notes, int64_t now_us)
{
	struct rv_list *it, *next;

	for (it = notes->list.next; it != &notes->list; it = next) {
		struct ls_note *note = RV_CONTAINER_OF(it, struct ls_note, link);

		next = it->next;
		if (note->sent_us != 0 && now_us < note->sent_us + LS_NOTE_EVERY_US &&
		    now_us >= note->sent_us)
			continue;
		if (note->is_pending) {
			note->is_pending = false;
			note->sent_us = now_us;
			return note;
		}
		drop(notes, note);
	}
	return NULL;
}

void ls_notes_keep(struct ls_notes *notes, struct rv_str distid)
{
	struct ls_note *note = rv_map_get(&notes->map, distid);

	if (note == NULL)
		return;
	note->is_pending = true;
	note->sent_us = 0;
}
