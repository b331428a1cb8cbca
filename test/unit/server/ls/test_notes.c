/* Notes about callers turned away, on their way to the RS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "server/ls/notes.h"

enum { SECOND = 1000000 };

static void put(struct ls_notes *notes, const char *distid, enum rv_waiting_reason reason)
{
	static const char mac[LS_NOTE_MAC_LEN] = "0123456789abcdef0123456789abcde";
	struct rv_rs_waiting_note_in in = { .distid = rv_str(distid),
					    .reason = reason,
					    .address = RV_STR_LIT("192.0.2.1:1"),
					    .description = RV_STR_LIT("box"),
					    .key_mac = rv_strn(mac, sizeof(mac)),
					    .at = 5 };
	ls_notes_put(notes, &in);
}

static void a_note_leaves_once_and_the_same_device_again_only_later(void **state)
{
	struct ls_notes notes;

	(void)state;
	ls_notes_init(&notes, 1);
	put(&notes, "a", RV_WAITING_REASON_UNKNOWN);
	put(&notes, "b", RV_WAITING_REASON_UNKNOWN);
	struct ls_note *note = ls_notes_next(&notes, 100 * SECOND);
	assert_string_equal(note->distid, "a");
	assert_string_equal(note->address, "192.0.2.1:1");
	assert_int_equal(note->at_us, 5);
	assert_string_equal(ls_notes_next(&notes, 100 * SECOND)->distid, "b");
	assert_null(ls_notes_next(&notes, 100 * SECOND));
	put(&notes, "a", RV_WAITING_REASON_WRONG_KEY);
	assert_null(ls_notes_next(&notes, 109 * SECOND));
	note = ls_notes_next(&notes, 110 * SECOND);
	assert_string_equal(note->distid, "a");
	assert_int_equal(note->reason, RV_WAITING_REASON_WRONG_KEY); /* the latest news */
	assert_null(ls_notes_next(&notes, 200 * SECOND));
	assert_int_equal(notes.map.count, 0); /* what was told and is quiet is forgotten */
	ls_notes_deinit(&notes);
}

static void a_note_that_did_not_arrive_stays(void **state)
{
	struct ls_notes notes;

	(void)state;
	ls_notes_init(&notes, 1);
	put(&notes, "a", RV_WAITING_REASON_UNKNOWN);
	assert_non_null(ls_notes_next(&notes, SECOND));
	ls_notes_keep(&notes, RV_STR_LIT("a"));
	assert_string_equal(ls_notes_next(&notes, 2 * SECOND)->distid, "a");
	ls_notes_keep(&notes, RV_STR_LIT("nobody"));
	ls_notes_deinit(&notes);
}

static void a_full_list_gives_up_the_one_unheard_longest(void **state)
{
	struct ls_notes notes;
	char distid[40];

	(void)state;
	ls_notes_init(&notes, 1);
	for (unsigned i = 0; i < LS_NOTES_MAX; i++) {
		snprintf(distid, sizeof(distid), "%u", i);
		put(&notes, distid, RV_WAITING_REASON_UNKNOWN);
	}
	put(&notes, "0", RV_WAITING_REASON_UNKNOWN); /* heard again: now "1" is the oldest */
	put(&notes, "new", RV_WAITING_REASON_UNKNOWN);
	assert_int_equal(notes.map.count, LS_NOTES_MAX);
	assert_int_equal(notes.dropped, 1);
	assert_string_equal(ls_notes_next(&notes, SECOND)->distid, "2");
	ls_notes_deinit(&notes);
}

static void overlong_texts_are_cut(void **state)
{
	struct ls_notes notes;
	char text[200];
	struct rv_rs_waiting_note_in in = { .distid = RV_STR_LIT("a") };

	(void)state;
	memset(text, 'x', sizeof(text));
	in.description = rv_strn(text, sizeof(text));
	in.address = rv_strn(text, sizeof(text));
	ls_notes_init(&notes, 1);
	ls_notes_put(&notes, &in);
	assert_int_equal(strlen(ls_notes_next(&notes, SECOND)->description), LS_NOTE_TEXT_MAX);
	in.distid = rv_strn(text, sizeof(text)); /* no distribution id at all: not remembered */
	ls_notes_put(&notes, &in);
	assert_int_equal(notes.dropped, 1);
	ls_notes_deinit(&notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_note_leaves_once_and_the_same_device_again_only_later),
		cmocka_unit_test(a_note_that_did_not_arrive_stays),
		cmocka_unit_test(a_full_list_gives_up_the_one_unheard_longest),
		cmocka_unit_test(overlong_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
