/* diag.h - what is wrong, and where, in words for a person.
 *
 * Whoever knows most fills it; callers pass it on untouched. Texts are English;
 * `key` names the catalogue entry by which a UI shows the same in Japanese.
 */
#ifndef RV_BASE_DIAG_H
#define RV_BASE_DIAG_H

#include "base/err.h"

enum { RV_DIAG_TEXT_MAX = 320, RV_DIAG_WHERE_MAX = 96 };

struct rv_diag {
	const char *key;               /* static, e.g. "device.exists"; NULL when not set */
	char text[RV_DIAG_TEXT_MAX];   /* one sentence, no final newline; cut, never overrun */
	char where[RV_DIAG_WHERE_MAX]; /* field ("modules[2].id"), file, or "" */
	unsigned line;                 /* from 1; 0 = no line */
	unsigned column;               /* from 1; 0 = no column */
};

/* Fill (diag may be NULL) and return err, so that a caller can write
 * `return rv_diag_set(diag, RV_EINVALID, "device.distid", "distid", "...", ...);` */
int rv_diag_set(struct rv_diag *diag, int err, const char *key, const char *where, const char *fmt,
		...) RV_PRINTF(5, 6);

#endif
