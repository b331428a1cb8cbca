/* texts.h - the message catalogue: every text for people, in English and Japanese.
 *
 *   texts/errors.json   key of struct rv_diag or name of an error code -> one sentence
 *   texts/fields.json   name of a field ("ls_key", or "config.set.kind") -> heading, help
 *   texts/words.json    value of an enum ("device_state.new") -> the word shown
 *   texts/ctl.json      what `reeve ctl` says itself
 *   texts/verify.json   the checklist of `reeve verify-sa`, by number
 *
 * {1} and {2} in a text stand for arguments. A text that lacks a language ends the build. Words are
 * those of doc/terms.md. Pure.
 */
#ifndef RV_CONTRACT_TEXTS_H
#define RV_CONTRACT_TEXTS_H

#include "base/buf.h"

enum rv_lang { RV_LANG_EN, RV_LANG_JA, RV_LANG_COUNT };

struct rv_text {
	const char *key;
	const char *text[RV_LANG_COUNT];
};

/* Sorted by key. */
extern const struct rv_text rv_texts[];
extern const size_t rv_text_count;

/* The language of a locale name ("ja_JP.UTF-8"); English for anything unknown, also NULL. */
enum rv_lang rv_lang_of(const char *locale);
/* The user's: that of the first of LC_ALL, LC_MESSAGES, LANG that is set and not empty. */
enum rv_lang rv_lang_of_user(void);

/* The language an Accept-Language header asks for (RFC 9110 12.5.4); English unless Japanese has
 * the higher quality, or the same and stands first. Untrusted; never fails. */
enum rv_lang rv_lang_accepted(struct rv_str header);

/* NULL when the catalogue has no such key. */
const char *rv_text(enum rv_lang lang, const char *key);

/* Append the text with its arguments put in; unused ones may be NULL. An unknown key is written
 * itself: better an odd word than nothing. */
void rv_text_put(struct rv_buf *out, enum rv_lang lang, const char *key, const char *arg1,
		 const char *arg2);

#endif
